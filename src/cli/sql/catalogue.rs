//! What can be read: relations with their columns, functions, clocks.
//!
//! In: the session and the library. Out: [`Catalogue`], from which completion, `\d` and hints take their names. Never here:
//! rows.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;

use crate::library::Library;

/// Everything that SQL can name.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    pub relations: Vec<Relation>,
    pub functions: Vec<String>,
    pub clocks: Vec<String>,
    pub parameters: Vec<String>,
}

/// A table or view.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// As SQL writes it: with its schema unless that is the default one.
    pub name: String,
    pub kind: RelationKind,
    /// Chinese title, where the library has one.
    pub title: String,
    pub columns: Vec<RelationColumn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RelationKind {
    Source,
    Population,
    Result,
}

impl RelationKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "源表",
            Self::Population => "口径",
            Self::Result => "结果表",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct RelationColumn {
    pub name: String,
    pub kind: String,
    pub meaning: String,
}

impl Catalogue {
    pub async fn read(context: &SessionContext, library: &Library) -> Self {
        let mut catalogue = Self {
            relations: relations(context, library).await,
            functions: functions(context),
            clocks: library.clocks.keys().cloned().collect(),
            parameters: library.parameters.keys().cloned().collect(),
        };
        catalogue.relations.sort_by(|left, right| (left.kind, &left.name).cmp(&(right.kind, &right.name)));
        catalogue
    }

    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name.eq_ignore_ascii_case(name))
    }
}

async fn relations(context: &SessionContext, library: &Library) -> Vec<Relation> {
    let mut found = Vec::new();
    let (own_catalog, own_schema) = {
        let state = context.state();
        let options = &state.config().options().catalog;
        (options.default_catalog.clone(), options.default_schema.clone())
    };
    for catalog_name in context.catalog_names() {
        let Some(catalog) = context.catalog(&catalog_name) else { continue };
        for schema_name in catalog.schema_names().into_iter().filter(|name| name != "information_schema") {
            let Some(schema) = catalog.schema(&schema_name) else { continue };
            for table in schema.table_names() {
                let Ok(Some(provider)) = schema.table(&table).await else { continue };
                let name = match (catalog_name == own_catalog, schema_name == own_schema) {
                    (true, true) => table.clone(),
                    (true, false) => format!("{schema_name}.{table}"),
                    _ => format!("{catalog_name}.{schema_name}.{table}"),
                };
                let contract = library.tables.get(&name);
                let population = library.populations.get(&name);
                let schema_of = provider.schema();
                let columns = schema_of.fields().iter().map(|field| RelationColumn {
                    name: field.name().clone(),
                    kind: type_word(field.data_type()),
                    meaning: contract
                        .and_then(|contract| contract.column(field.name()))
                        .map_or_else(String::new, |column| column.meaning.clone()),
                });
                let kind = match (contract, population) {
                    (Some(_), _) => RelationKind::Source,
                    (_, Some(_)) => RelationKind::Population,
                    _ => RelationKind::Result,
                };
                let title =
                    contract.map(|contract| contract.title.clone()).or_else(|| population.map(|population| population.title.clone()));
                found.push(Relation { columns: columns.collect(), name, kind, title: title.unwrap_or_default() });
            }
        }
    }
    found
}

fn functions(context: &SessionContext) -> Vec<String> {
    let state = context.state();
    let all = state.scalar_functions().keys().chain(state.aggregate_functions().keys()).chain(state.window_functions().keys());
    all.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The word of a contract where it has one.
fn type_word(kind: &DataType) -> String {
    match kind {
        DataType::Dictionary(_, value) => type_word(value),
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, Some(_)) => "instant".to_owned(),
        DataType::Int64 => "integer".to_owned(),
        DataType::Float64 => "float".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Boolean => "boolean".to_owned(),
        DataType::List(item) => format!("list of {}", type_word(item.data_type())),
        other => other.to_string().to_ascii_lowercase(),
    }
}
