//! `queries/` → contracts, populations, indicators, samples, detectors, clocks, schemes; no engine, no data.
//!
//! In: the files embedded in the binary, overlaid file by file by a project's own `queries/`. Out: [`Library`] and diagnostics
//! about everything that is wrong with the text. Never here: planning SQL, reading data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rust_embed::RustEmbed;

use crate::calendar::{Clock, Parameter, WorkCalendar};
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Kind, Result};
use crate::terms::IndicatorId;

pub mod at_freeze;
pub mod clocks;
pub mod contract;
pub mod detector;
pub mod indicator;
pub mod sample;
pub mod scheme;

use contract::TableContract;
use detector::Detector;
use indicator::{Indicator, Population};
use sample::Sample;
use scheme::Scheme;
use scheme::composites::parts_of;

/// In a development build the folder is read at run time, so that an edit needs no rebuild; in a release it is in the binary.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/queries"]
struct Shipped;

/// Everything that people edit, parsed.
#[derive(Debug, Clone)]
pub struct Library {
    /// Source tables by name.
    pub tables: BTreeMap<String, TableContract>,
    /// Populations by name.
    pub populations: BTreeMap<String, Population>,
    /// Indicators by id.
    pub indicators: BTreeMap<IndicatorId, Indicator>,
    /// Samples that are drawn, by name.
    pub samples: BTreeMap<String, Sample>,
    /// Detectors of patterns by name.
    pub detectors: BTreeMap<String, Detector>,
    /// Clocks by name.
    pub clocks: BTreeMap<String, Clock>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Working days.
    pub calendar: WorkCalendar,
    /// Texts by path under `queries/`: what was read, after the overlay.
    pub files: BTreeMap<String, String>,
}

/// Texts of `queries/` by path, the project's own files over the shipped ones.
///
/// # Errors
/// A folder or file of the project's `queries/` that can't be read.
pub fn texts(overlay: Option<&Path>) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for path in Shipped::iter() {
        if let Some(file) = Shipped::get(&path) {
            files.insert(path.to_string(), String::from_utf8_lossy(&file.data).into_owned());
        }
    }
    files.extend(overlay.map(texts_below).transpose()?.unwrap_or_default());
    Ok(files)
}

/// Whether the library has a file of this path below `queries/`.
pub fn is_shipped(path: &str) -> bool {
    Shipped::get(path).is_some()
}

/// Texts of the files in and below a folder by path; none where there is no folder.
///
/// # Errors
/// A folder or file that can't be read.
pub fn texts_below(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if folder.is_dir() {
        collect(folder, folder, &mut files)?;
    }
    Ok(files)
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).context(Kind::Environment, || format!("reading {}", folder.display()))? {
        let path = entry.context(Kind::Environment, || format!("reading {}", folder.display()))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let text = std::fs::read_to_string(&path).context(Kind::Configuration, || format!("reading {} as UTF-8", path.display()))?;
            files.insert(relative.to_string_lossy().replace('\\', "/"), text);
        }
    }
    Ok(())
}

impl Library {
    /// Reads the library of a project (`overlay` = its `queries/`), with every diagnostic at once.
    ///
    /// # Errors
    /// A file that can't be read, or a work calendar that is not one.
    pub fn read(overlay: Option<&Path>) -> Result<(Self, Diagnostics)> {
        Self::from_texts(texts(overlay)?)
    }

    /// Reads the library from texts by path under `queries/`.
    ///
    /// # Errors
    /// A work calendar that is missing or not one.
    pub fn from_texts(files: BTreeMap<String, String>) -> Result<(Self, Diagnostics)> {
        let mut diagnostics = Diagnostics::default();
        let calendar = files.get("reference/work_calendar.csv").map_or("", String::as_str);
        let calendar = WorkCalendar::from_csv(calendar).context(Kind::Configuration, || "queries/reference/work_calendar.csv")?;
        let mut library = Self {
            tables: BTreeMap::new(),
            populations: BTreeMap::new(),
            indicators: BTreeMap::new(),
            samples: BTreeMap::new(),
            detectors: BTreeMap::new(),
            clocks: BTreeMap::new(),
            parameters: BTreeMap::new(),
            calendar,
            files,
        };
        library.read_files(&mut diagnostics);
        library.report_name_clashes(&mut diagnostics);
        library.report_references(&mut diagnostics);
        Ok((library, diagnostics))
    }

    fn read_files(&mut self, diagnostics: &mut Diagnostics) {
        for (path, text) in &self.files {
            let file = format!("queries/{path}");
            let parts: Vec<&str> = path.split('/').collect();
            match parts.as_slice() {
                ["tables", name] if name.ends_with(".toml") => {
                    let name = name.trim_end_matches(".toml");
                    self.tables.extend(contract::read_contract(name, &file, text, diagnostics).map(|table| (name.to_owned(), table)));
                }
                ["populations", name] if name.ends_with(".sql") => {
                    let name = name.trim_end_matches(".sql");
                    self.populations
                        .extend(indicator::read_population(name, &file, text, diagnostics).map(|found| (name.to_owned(), found)));
                }
                ["indicators", namespace, name] if name.ends_with(".sql") => {
                    let id = format!("{namespace}.{}", name.trim_end_matches(".sql"));
                    let found = indicator::read_indicator(&id, &file, text, diagnostics);
                    let found = found.unwrap_or_else(|| Indicator::unreadable(&id, &file, text));
                    self.indicators.insert(found.id.clone(), found);
                }
                ["samples", name] if name.ends_with(".sql") => {
                    let name = name.trim_end_matches(".sql");
                    self.samples.extend(sample::read_sample(name, &file, text, diagnostics).map(|found| (name.to_owned(), found)));
                }
                ["clocks.toml"] => self.clocks = clocks::read_clocks(&file, text, diagnostics),
                ["parameters.toml"] => self.parameters = clocks::read_parameters(&file, text, diagnostics),
                ["schemes", name] if name.ends_with(".toml") => {}
                ["findings", name] if name.ends_with(".sql") => {
                    let name = name.trim_end_matches(".sql");
                    self.detectors.extend(detector::read_detector(name, &file, text, diagnostics).map(|found| (name.to_owned(), found)));
                }
                ["reference", ..] | [.., "README.md" | "README.zh-CN.md"] => {}
                _ => {
                    diagnostics
                        .warning("stray-file", &file, None, "nothing reads this file")
                        .hint("tables/<table>.toml, populations/<name>.sql, indicators/<namespace>/<name>.sql, samples/<name>.sql, findings/<name>.sql, clocks.toml, parameters.toml, schemes/<year>.toml");
                }
            }
        }
    }

    fn report_name_clashes(&self, diagnostics: &mut Diagnostics) {
        for (name, population) in &self.populations {
            if self.tables.contains_key(name) {
                diagnostics.error("name-clash", &population.file, None, format!("`{name}` is both a source table and a population"));
            }
        }
        for (id, indicator) in &self.indicators {
            let lower = id.0.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.');
            if !lower {
                diagnostics.error("indicator-name", &indicator.file, None, format!("`{id}` must be lower-case letters, digits and `_`"));
            }
        }
    }

    fn report_references(&self, diagnostics: &mut Diagnostics) {
        for contract in self.tables.values() {
            for reference in &contract.references {
                let here = contract.column(&reference.column).is_some();
                let there = self.tables.get(&reference.table).is_some_and(|table| table.column(&reference.target).is_some());
                if !here || !there {
                    diagnostics.error(
                        "unknown-reference",
                        &contract.file,
                        None,
                        format!(
                            "the reference {} -> {}.{} names a column that does not exist",
                            reference.column, reference.table, reference.target
                        ),
                    );
                }
            }
        }
        for indicator in self.indicators.values() {
            if let Some(companion) = &indicator.companion
                && !self.indicators.contains_key(companion)
            {
                let span = indicator.text.find(&companion.0).map(|start| start..start + companion.0.len());
                diagnostics
                    .error("unknown-indicator", &indicator.file, span, format!("the companion `{companion}` does not exist"))
                    .hint_nearest(&companion.0, self.indicators.keys().map(|id| id.0.as_str()));
            }
        }
    }

    /// Leaves out the indicators that the scheme neither scores nor shows, but for the parts and the companions of those that it does;
    /// how many. The files of all stay in [`Self::files`].
    pub fn keep_of_scheme(&mut self, scheme: &Scheme) -> usize {
        let mut kept: BTreeSet<IndicatorId> = scheme.indicators.iter().map(|scored| scored.id.clone()).collect();
        kept.extend(scheme.indicators.iter().flat_map(|scored| parts_of(&scored.id.0)).map(|part| IndicatorId::from(*part)));
        let companions: Vec<_> = kept.iter().filter_map(|id| self.indicators.get(id)?.companion.clone()).collect();
        kept.extend(companions);
        let before = self.indicators.len();
        self.indicators.retain(|id, _| kept.contains(id));
        before - self.indicators.len()
    }

    /// The text of the scheme of that name, with its file.
    pub fn scheme_text(&self, name: &str) -> Option<(String, &str)> {
        let path = format!("schemes/{name}.toml");
        self.files.get(&path).map(|text| (format!("queries/{path}"), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_scheme_stay_its_indicators_with_the_parts_of_wholes_and_what_caps_them() {
        let (mut library, _) = Library::read(None).expect("the library reads");
        let (file, text) = library.scheme_text("2026").expect("a scheme is shipped");
        let mut scheme = scheme::read_scheme("2026", &file, text, &library.indicators, &mut Diagnostics::default()).expect("it reads");
        scheme.indicators.retain(|scored| ["eco.cross_region_synergy", "hazard.closure_rate"].contains(&scored.id.0.as_str()));
        let all = library.indicators.len();
        let left_out = library.keep_of_scheme(&scheme);
        let kept: Vec<&str> = library.indicators.keys().map(|id| id.0.as_str()).collect();
        assert_eq!(
            kept,
            [
                "hazard.closure_rate",
                "synergy.assistance_response",
                "synergy.joint_patrol_frequency",
                "synergy.lead_transfer_timeliness",
                "synergy.penalty_parity",
                "synergy.transfer_acceptance",
                "synergy.transfer_outcome_feedback",
                "synergy.two_sided_match",
            ]
        );
        assert_eq!(left_out, all - kept.len());
    }
}
