//! A session in which rows stand where they count.
//!
//! In: the lake at a snapshot, the library, the as-of date. Out: a session with functions and pinned tables, who answers for whom, who is below
//! whom, and the counts of earlier runs that fit. Never here: indicators.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use super::attribution::Attribution;
use super::fused::reuse::Reuse;
use super::run::{ANCESTORS, moment_of};
use super::units::Hierarchy;
use crate::error::{Context, Kind, Result};
use crate::functions::{self, Clocks};
use crate::lake::{Lake, Snapshot, TableShape};
use crate::library::Library;
use crate::library::indicator::Window;

/// How much the session may take.
pub struct Limits<'a> {
    /// Bytes of the whole process.
    pub memory: Option<usize>,
    /// Where what does not fit goes.
    pub spill: &'a Path,
    /// Cores.
    pub partitions: usize,
}

/// The session with what was read of its registry.
pub struct CountingSession {
    /// The session.
    pub context: SessionContext,
    /// Who answers for whom.
    pub attribution: Attribution,
    /// Who is below whom.
    pub hierarchy: Hierarchy,
}

impl CountingSession {
    /// Opens a session on the tables of `shapes`.
    ///
    /// # Errors
    /// A lake that has lost a file; a registry that can't be read.
    pub async fn open(
        lake: &Lake,
        snapshot: &Snapshot,
        library: &Library,
        shapes: &[TableShape],
        as_of: Date,
        limits: &Limits<'_>,
    ) -> Result<Self> {
        let context = crate::lake::session_of_a_run(limits.memory, limits.spill, limits.partitions)?;
        functions::register(&context, &Clocks::of(library));
        lake.register(&context, snapshot, shapes)?;
        crate::lake::register_no_freeze(&context, library)?;
        let counting = || "putting rows where they count";
        let attribution = Attribution::settle(&context, library, as_of).await.context(Kind::Query, counting)?;
        let hierarchy = Hierarchy::read(&context, as_of).await.context(Kind::Query, || "reading `units`")?;
        Ok(Self { context, attribution, hierarchy })
    }

    /// The counts of earlier runs, under everything that decides about figures and stands in no plan.
    pub fn reuse(&self, folder: PathBuf, snapshot: &Snapshot, library: &Library, as_of: Date) -> Reuse {
        let digest = |text: String| blake3::hash(text.as_bytes()).to_hex().to_string();
        let lists = functions::reference_digest(&Clocks::of(library));
        let mut beside: BTreeMap<String, String> =
            functions::REFERENCE_TABLES.iter().map(|name| ((*name).to_owned(), lists.clone())).collect();
        beside.insert(ANCESTORS.to_owned(), digest(format!("{:?}", self.hierarchy)));
        let now = moment_of(Window::Flow, as_of).as_of;
        Reuse::new(folder, snapshot, digest(format!("{:?}", self.attribution)), beside, now).knows(library.tables.keys())
    }
}
