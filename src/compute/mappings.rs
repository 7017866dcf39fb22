//! Mapping SQL, judged without the file that it will shape, and queries of databases, judged without the database.
//!
//! In: the sources of a project. Out: diagnostics for SQL that is no single SELECT, and for a mapping that reads anything but `source`. Never here:
//! columns, which the file alone knows; running it (see [`crate::ingest`]).

use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::check::describe;
use crate::diagnostics::Diagnostics;
use crate::ingest::SEES_ITS_FILE;
use crate::project::{Project, Selection};

/// The one table that a mapping sees.
const SOURCE: &str = "source";

/// Reports the mappings of the project that can't run on any file, and queries that no database answers.
pub fn check(project: &Project, diagnostics: &mut Diagnostics) {
    let state = SessionContext::new().state();
    let dialect = state.config().options().sql_parser.dialect;
    for mapping in project.sources.iter().filter_map(|source| source.mapping.as_ref()) {
        let (file, sql) = (&mapping.file, &mapping.sql);
        diagnostics.remember(file, sql);
        let statement = match state.sql_to_statement(sql, &dialect) {
            Ok(statement) => statement,
            Err(error) => {
                describe(&error, file, sql, 0, &[SOURCE], diagnostics);
                continue;
            }
        };
        if !matches!(&statement, Statement::Statement(inner) if matches!(inner.as_ref(), ast::Statement::Query(_))) {
            diagnostics.error("mapping-form", file, None, "a mapping is one SELECT over the table `source`");
            continue;
        }
        let references = match state.resolve_table_references(&statement) {
            Ok(references) => references,
            Err(error) => {
                describe(&error, file, sql, 0, &[SOURCE], diagnostics);
                continue;
            }
        };
        for other in references.iter().filter(|reference| reference.table() != SOURCE) {
            let place = sql.find(other.table()).map(|start| start..start + other.table().len());
            diagnostics.error("mapping-table", file, place, format!("a mapping can't read `{other}`")).hint(SEES_ITS_FILE);
        }
    }
    for database in project.sources.iter().filter_map(|source| source.database.as_ref()) {
        let Selection::Query { file, sql } = &database.selection else { continue };
        diagnostics.remember(file, sql);
        // A database knows more SQL than this parser: what it can't read is for the server to judge.
        let is_other = Parser::parse_sql(&PostgreSqlDialect {}, sql)
            .is_ok_and(|statements| !matches!(statements.as_slice(), [ast::Statement::Query(_)]));
        if is_other {
            diagnostics.error("query-form", file, None, "a query is one SELECT, which the database answers");
        }
    }
}
