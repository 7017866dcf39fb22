//! Synergy between regions and the burden on enterprises (catalogue of indicators, C1 and C2).
//!
//! In: a session with pinned tables and populations. Out: rows of [`tables`]. Never here: scores of units.
//!
//! Each index is a pure function on plain rows ([`synergy::synergy`], [`burden::burden`]); `extract` gets the rows out of the
//! session by SQL and decides nothing; [`indices`] puts them together, with the amounts that the library has in force.

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use rust_decimal::Decimal;

use self::burden::{BurdenParameters, BurdenTables};
use self::synergy::{SynergyParameters, SynergyRows, SynergyTables};
use crate::error::Result;
use crate::library::Library;

pub mod amounts;
pub mod bootstrap;
pub mod burden;
pub mod extract;
pub mod previous;
pub mod synergy;
pub mod tables;

/// Rows of all result tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Indices {
    /// Parts, sides and regions.
    pub synergy: SynergyTables,
    /// The index, visits, caps and power.
    pub burden: BurdenTables,
    /// Duties across borders that were not done in time: the records behind the sides' figures.
    pub missed: Vec<synergy::Transaction>,
}

/// Which of the two has what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// [`extract::SYNERGY_POPULATIONS`] stand in the session; without them synergy has no rows.
    pub synergy: bool,
    /// So do [`extract::BURDEN_POPULATIONS`]; without them burden has none.
    pub burden: bool,
}

/// Both indices over a session: synergy of the deadlines and patrols from `from` to `until` (the period's end, or the as-of date
/// while the period runs), burden of every quarter up to it. Populations stand in the session at the as-of moment.
///
/// # Errors
/// A population or table that the session does not have, or a failed read.
pub async fn indices(
    session: &SessionContext,
    library: &Library,
    from: Date,
    until: Date,
    seed: u64,
    standing: Standing,
) -> Result<Indices> {
    let parameters = SynergyParameters::of(library, from, until).with_seed(seed);
    let rows = if standing.synergy { extract::synergy_rows(session, &parameters).await? } else { SynergyRows::default() };
    let mut found =
        Indices { synergy: synergy::synergy(&rows, &parameters), missed: synergy::missed(&rows, &parameters), ..Indices::default() };
    if standing.burden {
        let panel = extract::panel_rows(session, until).await?;
        let (register, caps) = (extract::register_rows(session, until).await?, extract::cap_rows(session, until).await?);
        found.burden = burden::burden(&panel, &register, &caps, &BurdenParameters::of(library, until, seed));
    }
    Ok(found)
}

/// An amount of `parameters.toml` in force on a day, for every domain.
fn amount(library: &Library, name: &str, on: Date) -> Option<Decimal> {
    library.parameters.get(name)?.amount_on(None, on)
}
