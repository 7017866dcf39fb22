//! Indicators that are made of others.
//!
//! In: nothing. Out: the two composites that have no SQL file, because `indices` computes them, and the parts of every whole,
//! so that a scheme can't weigh both. Never here: computation.

use crate::library::indicator::Better;
use crate::terms::DOMAINS;

/// A composite that `indices` computes: a regional value without an SQL file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composite {
    /// Identifier, as schemes write it.
    pub id: &'static str,
    /// Chinese title.
    pub title: &'static str,
    /// Which way is good.
    pub better: Better,
    /// Domains it applies to.
    pub domains: &'static [&'static str],
    /// Tiers it applies to.
    pub tiers: &'static [&'static str],
    /// Its family under `[regional]`.
    pub family: &'static str,
}

/// Synergy of a region in the domain eco (catalogue of indicators, C1).
pub const SYNERGY: &str = "eco.cross_region_synergy";
/// Burden index of a city or the province (catalogue of indicators, C2).
pub const BURDEN: &str = "burden.enterprise_burden_index";

/// Families of regional values; `survey` is every SQL indicator of shape "region".
pub const FAMILIES: [&str; 3] = ["synergy", "burden", "survey"];

/// All composites.
pub const COMPOSITES: [Composite; 2] = [
    Composite {
        id: SYNERGY,
        title: "跨区域执法协同效率",
        better: Better::Higher,
        domains: &["eco"],
        tiers: &["province", "city", "county"],
        family: "synergy",
    },
    Composite {
        id: BURDEN,
        title: "企业执法负担指数",
        better: Better::Lower,
        domains: &DOMAINS,
        tiers: &["province", "city", "county", "township"],
        family: "burden",
    },
];

/// The composite of that id.
pub fn composite(id: &str) -> Option<&'static Composite> {
    COMPOSITES.iter().find(|composite| composite.id == id)
}

/// Wholes with their parts.
const PARTS: [(&str, &[&str]); 4] = [
    (
        SYNERGY,
        &[
            "synergy.joint_patrol_frequency",
            "synergy.lead_transfer_timeliness",
            "synergy.transfer_acceptance",
            "synergy.transfer_outcome_feedback",
            "synergy.assistance_response",
            "synergy.penalty_parity",
        ],
    ),
    (BURDEN, &["burden.visits_per_firm", "burden.hours_per_firm", "burden.extra_cost_ratio"]),
    ("perception.survey_mean_score", &["perception.survey_transparency", "perception.survey_basis_clear", "perception.survey_guidance"]),
    (
        "procedure.compliance",
        &[
            "procedure.filing_timeliness",
            "procedure.investigation_timeliness",
            "procedure.hearing_compliance",
            "procedure.decision_timeliness",
            "procedure.delivery_timeliness",
            "procedure.document_standard_rate",
        ],
    ),
];

/// The parts of a whole; none for an indicator that is not one.
pub fn parts_of(id: &str) -> &'static [&'static str] {
    PARTS.iter().find(|(whole, _)| *whole == id).map_or(&[], |(_, parts)| parts)
}
