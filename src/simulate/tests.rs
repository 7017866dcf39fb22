//! The simulator as a whole, against the contracts of the library.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ReferenceTexts, SimulationFormat, SimulationRequest, SimulationSummary, simulate};
use crate::diagnostics::Diagnostics;
use crate::library::contract::{TableContract, read_contract};

const REFERENCE: ReferenceTexts<'static> = ReferenceTexts {
    regions: include_str!("../../queries/reference/regions.csv"),
    townships: include_str!("../../queries/reference/townships.csv"),
    adjacency: include_str!("../../queries/reference/region_adjacency.csv"),
    work_calendar: include_str!("../../queries/reference/work_calendar.csv"),
};

/// The library's contracts; empty while it has none.
fn contracts() -> BTreeMap<String, TableContract> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/tables");
    let mut contracts = BTreeMap::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let text = std::fs::read_to_string(&path).expect("a contract is readable text");
        let mut diagnostics = Diagnostics::default();
        if let Some(contract) = read_contract(&name, &name, &text, &mut diagnostics) {
            contracts.insert(name, contract);
        }
    }
    contracts
}

fn request(format: SimulationFormat) -> SimulationRequest {
    SimulationRequest {
        units: 40,
        months: 24,
        cases: 3_600,
        seed: 2026,
        as_of: jiff::civil::date(2026, 6, 30),
        format,
        province: "330000".to_owned(),
        night: None,
    }
}

fn run(request: &SimulationRequest, out: &Path) -> SimulationSummary {
    simulate(request, &contracts(), &REFERENCE, out, &|_| ()).expect("the request can be met")
}

/// Not a check: leaves a province where `KAOHE_SIMULATE_OUT` says, for eyes and other tools.
#[test]
#[ignore = "writes a province to look at"]
fn a_province_to_look_at() {
    let out = std::path::PathBuf::from(option_env!("KAOHE_SIMULATE_OUT").unwrap_or("/tmp/kaohe-province"));
    for (format, folder) in [(SimulationFormat::Offices, "offices"), (SimulationFormat::Parquet, "parquet")] {
        let summary = run(&request(format), &out.join(folder));
        println!("{summary:#?}");
    }
}
