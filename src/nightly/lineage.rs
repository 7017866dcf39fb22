//! The run as OpenLineage tells it (spec 2-0-2): one START, one COMPLETE or FAIL, a JSON object a line.
//!
//! In: the run's name and times, what it read and wrote. Out: `lineage.jsonl`, to be posted line by line to a collector. Never here: the posting; the data.
//!
//! A run that was killed or stopped has its START alone: OpenLineage knows that nothing came of it.

use std::path::Path;

use serde_json::{Value, json};

use super::journal::{RunResults, RunStatus};
use super::{Purpose, Request};
use crate::error::{Context, Kind, Result};
use crate::lake::replace_file;

const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const VERSION_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";
const NOMINAL_TIME: &str = "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet";
const ERROR_MESSAGE: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";

/// The events of one run.
pub struct Lineage {
    producer: String,
    run: Value,
    job: Value,
    start: Value,
}

/// OpenLineage names a run by a UUID: of the run's own name, so that whoever has one finds the other.
fn run_id(run: &str) -> String {
    let mut bytes: [u8; 16] = blake3::hash(run.as_bytes()).as_bytes()[..16].try_into().expect("sixteen of thirty-two bytes");
    // A UUID of version 8: made by the application's own rule (RFC 9562).
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Lineage {
    /// Of a run that begins.
    pub fn of(request: &Request<'_>, at: &str) -> Self {
        let producer = format!("urn:kaohe:{}", request.engine);
        let nominal =
            json!({"_producer": producer, "_schemaURL": NOMINAL_TIME, "nominalStartTime": format!("{}T23:59:59+08:00", request.as_of)});
        let run = json!({"runId": run_id(&request.run.0), "facets": {"nominalTime": nominal}});
        let name = match request.purpose {
            Purpose::Publish => "run",
            Purpose::OnlyLoad => "load",
            Purpose::PastDay(_) => "backfill",
        };
        let job = json!({"namespace": format!("kaohe://{}", request.project.name), "name": name});
        let mut lineage = Self { producer, run, job, start: Value::Null };
        lineage.start = lineage.event("START", at, &[], &[]);
        lineage
    }

    /// Tells that it begins.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn start(&self, folder: &Path) -> Result<()> {
        self.write(folder, None)
    }

    /// Tells how it ended: a run that was kept back has failed, for whoever waits for its tables. A load reads sources and writes the lake, a past day reads the
    /// lake, a night does both.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn end(&self, request: &Request<'_>, results: &RunResults, at: &str, folder: &Path) -> Result<()> {
        if results.status == RunStatus::KeptBack {
            return self.fail(at, results.error.as_deref().unwrap_or_default(), folder);
        }
        let file = |path: &Path| {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            json!({"namespace": "file", "name": whole.to_string_lossy()})
        };
        let lake = results.tables.iter().filter(|(_, result)| result.held.is_none()).map(|(table, result)| {
            let mut dataset = file(&request.out.join("lake").join(table));
            dataset["facets"] =
                json!({"version": {"_producer": self.producer, "_schemaURL": VERSION_FACET, "datasetVersion": result.version.to_string()}});
            dataset
        });
        let sources = request.project.sources.iter().map(|source| match (&source.database, &source.remote) {
            (Some(database), _) => json!({"namespace": format!("database:{}", database.variable), "name": source.path}),
            (_, Some(remote)) => json!({"namespace": remote.prefix.to_string(), "name": source.path}),
            _ => file(&source.root.join(&source.path)),
        });
        let tables = results.table_hashes.keys().map(|table| file(&folder.join("tables").join(format!("{table}.parquet"))));
        let (inputs, outputs): (Vec<_>, Vec<_>) = match request.purpose {
            Purpose::PastDay(_) => (lake.collect(), tables.collect()),
            Purpose::Publish | Purpose::OnlyLoad => (sources.collect(), lake.chain(tables).collect()),
        };
        self.write(folder, Some(&self.event("COMPLETE", at, &inputs, &outputs)))
    }

    /// Tells that it stopped on an error.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn fail(&self, at: &str, says: &str, folder: &Path) -> Result<()> {
        let mut event = self.event("FAIL", at, &[], &[]);
        event["run"]["facets"]["errorMessage"] =
            json!({"_producer": self.producer, "_schemaURL": ERROR_MESSAGE, "message": says, "programmingLanguage": "Rust"});
        self.write(folder, Some(&event))
    }

    fn event(&self, kind: &str, at: &str, inputs: &[Value], outputs: &[Value]) -> Value {
        json!({
            "eventType": kind, "eventTime": at, "producer": self.producer, "schemaURL": SCHEMA,
            "run": self.run, "job": self.job, "inputs": inputs, "outputs": outputs,
        })
    }

    fn write(&self, folder: &Path, last: Option<&Value>) -> Result<()> {
        let lines: String = std::iter::once(&self.start).chain(last).map(|event| format!("{event}\n")).collect();
        replace_file(&folder.join("lineage.jsonl"), lines.as_bytes()).context(Kind::Environment, || "writing the lineage")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_uuid_and_another_run_another() {
        let one = run_id("20260630T010203-ab12");
        assert_eq!(one, run_id("20260630T010203-ab12"));
        assert_ne!(one, run_id("20260630T010203-ab13"));
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(one.as_bytes()[14] == b'8' && b"89ab".contains(&one.as_bytes()[19]), "{one}");
    }
}
