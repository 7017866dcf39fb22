//! The run as OpenLineage tells it (spec 2-0-2): one START, one COMPLETE or FAIL, a JSON object a line.
//!
//! In: the run's name and times, what it read and wrote. Out: `lineage.jsonl`, to be posted line by line to a collector. Never here: the posting; the data.
//!
//! A run that was killed or stopped has its START alone: OpenLineage knows that nothing came of it.

use std::path::Path;

use serde_json::{Value, json};

use super::Request;
use super::journal::Manifest;
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
    /// A run begins.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn start(request: &Request<'_>, at: &str, folder: &Path) -> Result<Self> {
        let producer = format!("urn:kaohe:{}", request.engine);
        let nominal =
            json!({"_producer": producer, "_schemaURL": NOMINAL_TIME, "nominalStartTime": format!("{}T23:59:59+08:00", request.as_of)});
        let run = json!({"runId": run_id(&request.run.0), "facets": {"nominalTime": nominal}});
        let job = json!({"namespace": format!("kaohe://{}", request.project.name), "name": "nightly"});
        let mut lineage = Self { producer, run, job, start: Value::Null };
        lineage.start = lineage.event("START", at, &[], &[]);
        lineage.write(folder, None)?;
        Ok(lineage)
    }

    /// It ended well: what it read, at which versions, and the result tables that it wrote.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn complete(&self, at: &str, manifest: &Manifest, out: &Path, tables: &[String], folder: &Path) -> Result<()> {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned();
        let inputs = manifest.lake_versions.iter().map(|(table, version)| {
            let facet = json!({"_producer": self.producer, "_schemaURL": VERSION_FACET, "datasetVersion": version.to_string()});
            json!({"namespace": "file", "name": whole(&out.join("lake").join(table)), "facets": {"version": facet}})
        });
        let outputs =
            tables.iter().map(|table| json!({"namespace": "file", "name": whole(&folder.join("tables").join(format!("{table}.parquet")))}));
        let event = self.event("COMPLETE", at, &inputs.collect::<Vec<_>>(), &outputs.collect::<Vec<_>>());
        self.write(folder, Some(&event))
    }

    /// It stopped on an error.
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
