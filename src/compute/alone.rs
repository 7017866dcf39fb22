//! Which indicators are answered by a query of their own, and whether their files say why.
//!
//! In: the library, a session with its tables. Out: each indicator that is not counted together with others, with the reason; a warning where
//! its header gives none, or gives one without need. Never here: rows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use datafusion::prelude::SessionContext;

use super::due_soon;
use super::fused::fuse;
use super::populations::names_read;
use super::run::{SOME_DAY, moment_of, moving};
use super::shared::SharedPopulations;
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Kind, Result};
use crate::functions::parse_bound;
use crate::library::Library;
use crate::library::indicator::{Window, span_of_word};
use crate::terms::IndicatorId;

/// Indicators that are answered alone, with the reason. One that does not plan is in neither: that is said elsewhere.
pub async fn answered_alone(context: &SessionContext, library: &Library) -> BTreeMap<IndicatorId, String> {
    let nothing = || 0.0;
    let mut shared = SharedPopulations::new(context, library, PathBuf::new(), &nothing);
    let moment = moment_of(Window::Flow, SOME_DAY);
    let names: Vec<String> = library.indicators.values().flat_map(|one| names_read(context, &one.sql).unwrap_or_default()).collect();
    shared.stand_at(moment, names).await;
    let soon = due_soon::last_day(library, SOME_DAY);
    let (mut ids, mut queries) = (Vec::new(), Vec::new());
    for indicator in library.indicators.values().filter(|indicator| !indicator.sql.is_empty()) {
        let Ok(statement) = parse_bound(context, &indicator.sql, moment) else { continue };
        let Ok(plan) = context.state().statement_to_plan(statement).await else { continue };
        let Ok(plan) = due_soon::counted(plan, soon) else { continue };
        ids.push(indicator.id.clone());
        queries.push(plan);
    }
    let fusion = fuse(&context.state(), &queries, &moving(moment, soon), &|node| shared.is_made(node)).await;
    fusion.alone.into_iter().map(|(place, reason)| (ids[place].clone(), reason.to_string())).collect()
}

/// Warns of headers that do not say why, or say it of what is counted together with others. `context` is the session of
/// [`super::check::check`].
///
/// # Errors
/// Only a planner that can't be started.
pub fn check(context: &SessionContext, library: &Library, diagnostics: &mut Diagnostics) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context(Kind::Environment, || "starting the planner")?;
    let alone = runtime.block_on(answered_alone(context, library));
    for indicator in library.indicators.values() {
        match (alone.get(&indicator.id), &indicator.alone) {
            (Some(reason), None) => {
                let span = span_of_word(&indicator.text, indicator.sql_offset, "SELECT");
                let message = format!("`{}` is answered by a query of its own: {reason}", indicator.id);
                diagnostics
                    .warning("answered-alone", &indicator.file, span, message)
                    .hint("count with `count(…) FILTER` and `sum(…)`, or say in the header why not: `alone = \"…\"`");
            }
            (None, Some(_)) => {
                let span = span_of_word(&indicator.text, 0, "alone");
                let message = format!("`{}` is counted together with others, so that `alone` has nothing to explain", indicator.id);
                diagnostics.warning("needless-alone", &indicator.file, span, message).hint("remove the key");
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::check::unchecked_session;

    #[test]
    fn what_is_answered_alone_says_why_and_nothing_else_does() {
        let (mut library, mut diagnostics) = Library::read(None).expect("the shipped library reads");
        let id = |id: &str| IndicatorId::from(id);
        library.indicators.get_mut(&id("hazard.closure_rate")).expect("an indicator").alone = Some("x".to_owned());
        library.indicators.get_mut(&id("procedure.case_days_median")).expect("an indicator").alone = None;
        check(&unchecked_session(&library), &library, &mut diagnostics).expect("looked at");
        let said: Vec<(&str, &str)> = diagnostics.sorted().into_iter().map(|item| (item.name, item.message.as_str())).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[0].0, "needless-alone");
        assert!(said[1].0 == "answered-alone" && said[1].1.contains("`median` is neither a count nor a sum"), "{said:?}");
    }
}
