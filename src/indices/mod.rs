//! Synergy between regions and the burden on enterprises (catalogue of indicators, C1 and C2).
//!
//! In: a session with pinned tables and populations. Out: rows of [`tables`]. Never here: scores of units.
//!
//! Each index is a pure function on plain rows ([`synergy::synergy`], [`burden::burden`]); `extract` gets the rows out of the
//! session by SQL and decides nothing; [`indices`] puts them together, with the amounts that the library has in force.

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use rust_decimal::Decimal;

use self::synergy::SynergyRows;
use crate::error::Result;
use crate::library::Library;

pub mod bootstrap;
pub mod burden;
pub mod extract;
pub mod previous;
pub mod synergy;
pub mod tables;

/// Rows of the three result tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Indices {
    /// One part of one side of a border.
    pub synergy_pairs: Vec<tables::SynergyPair>,
    /// One region's own side.
    pub synergy_regions: Vec<tables::SynergyRegion>,
    /// Burden by scope, quarter and component.
    pub burden: Vec<tables::Burden>,
    /// Duties across borders that were not done in time: the records behind the sides' figures.
    pub missed: Vec<synergy::Transaction>,
}

/// Both indices over a session: synergy of the deadlines and patrols from `from` to `until` (the period's end, or the as-of date
/// while the period runs), burden of every quarter up to it. For synergy [`extract::SYNERGY_POPULATIONS`] stand in the session at the as-of
/// moment; without them (`with_synergy` false) it has no rows.
///
/// # Errors
/// A population or table that the session does not have, or a failed read.
pub async fn indices(
    session: &SessionContext,
    library: &Library,
    from: Date,
    until: Date,
    seed: u64,
    with_synergy: bool,
) -> Result<Indices> {
    let parameters = synergy::SynergyParameters::of(library, from, until);
    let rows = if with_synergy { extract::synergy_rows(session, &parameters).await? } else { SynergyRows::default() };
    let (synergy_pairs, synergy_regions) = synergy::synergy(&rows, &parameters)?;
    let missed = synergy::missed(&rows, &parameters);
    let panel = extract::panel_rows(session, until).await?;
    let burden = burden::burden(&panel, &burden::BurdenParameters::of(library, until, seed));
    Ok(Indices { synergy_pairs, synergy_regions, burden, missed })
}

/// An amount of `parameters.toml` in force on a day, for every domain.
fn amount(library: &Library, name: &str, on: Date) -> Option<Decimal> {
    library.parameters.get(name)?.amount_on(None, on)
}
