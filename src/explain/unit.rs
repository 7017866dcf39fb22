//! The unit that is asked about, from the source table `units` as of the date.
//!
//! In: an identifier or a name. Out: identifier, name, tier, region, and the units below. Never here: scores.

use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use crate::compute::units::{Hierarchy, read_units};
use crate::error::{Context, Kind, Result};

/// A unit with its place in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assessed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) tier: String,
    pub(super) region: Option<String>,
    /// The unit itself first, then everything below it, those that have ended among them.
    pub(super) with_descendants: Vec<String>,
}

impl Assessed {
    /// The unit of that identifier, else the one of that name; `None` when `units` has neither on the date.
    pub(super) async fn find(context: &SessionContext, wanted: &str, as_of: Date) -> Result<Option<Self>> {
        let what = || "reading `units`";
        let units = read_units(context, as_of).await.context(Kind::Query, what)?;
        let Some(own) = units.iter().find(|unit| unit.id.0 == wanted).or_else(|| units.iter().find(|unit| unit.name == wanted)) else {
            return Ok(None);
        };
        let hierarchy = Hierarchy::read(context, as_of).await.context(Kind::Query, what)?;
        Ok(Some(Self {
            id: own.id.0.clone(),
            name: own.name.clone(),
            tier: own.tier.clone(),
            region: Some(own.region.clone()).filter(|region| !region.is_empty()),
            with_descendants: hierarchy.with_descendants(&own.id.0),
        }))
    }
}
