//! What a composite index of a region is made of, for `kaohe explain`.
//!
//! In: result tables of the run, the session over the lake at the run's versions. Out: the parts, and for synergy the duties that the
//! region's own side missed. Never here: the other side's records; figures that the run does not have.

use std::collections::BTreeMap;

use datafusion::prelude::SessionContext;
use rust_decimal::Decimal;
use serde::Serialize;

use super::records::{Part, Record, Records, SHOWN, Section};
use super::results::{ValueRow, exact, exact_or_null};
use super::{ExplainInput, Explained};
use crate::error::Result;
use crate::indices::synergy::{SynergyParameters, SynergyTables, Transaction, missed, missed_by, part_title};
use crate::indices::tables::{Burden, SynergyPair, SynergyRegion};
use crate::indices::{extract, previous};
use crate::library::scheme::composites::{BURDEN, SYNERGY};
use crate::scoring::regional::{SYNERGY_DOMAIN, upwards};

/// Why a held index has no records.
const HELD: &str = "数据来源未到，沿用上次结果，本次没有对应的记录";

/// Parts of an index of one region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompositeParts {
    /// Division code, or `province`.
    pub region: String,
    /// What the index rests on, or why there is none.
    pub says: String,
    /// Parts.
    pub parts: Vec<PartRow>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartRow {
    /// Neighbour's division code, or the quarter.
    pub of: String,
    /// Part in words.
    pub part: String,
    /// Done in time (for K the distance δ); none for burden.
    #[serde(serialize_with = "exact_or_null")]
    pub numerator: Option<Decimal>,
    /// Due (for K the penalties compared, for burden the firms).
    #[serde(serialize_with = "exact")]
    pub denominator: Decimal,
    /// 0 to 1, or the index.
    #[serde(serialize_with = "exact_or_null")]
    pub value: Option<Decimal>,
    /// What else to know.
    pub note: String,
}

/// Adds parts and records to an index of the unit's region.
pub(super) async fn with_parts(
    context: &SessionContext,
    input: &ExplainInput<'_>,
    region: Option<&String>,
    mut explained: Explained,
) -> Result<Explained> {
    let Some(region) = region else { return Ok(explained) };
    let codes = upwards(region);
    if explained.value.indicator == BURDEN {
        explained.composite = burden_parts(&codes, &previous::burden(context, input.tables).await?.rows);
    } else if explained.value.indicator == SYNERGY {
        let SynergyTables { pairs, regions, .. } = previous::synergy(context, input.tables).await?;
        let row_of = |code: &String| regions.iter().find(|row| row.region == *code && row.domain == SYNERGY_DOMAIN);
        let Some(row) = codes.iter().find_map(row_of) else { return Ok(explained) };
        explained.composite = Some(synergy_parts(row, &pairs));
        match own_missed(context, input, &explained.value, &row.region, &pairs).await? {
            Some(records) => (explained.records, explained.why_no_records) = (Some(records), None),
            None => explained.why_no_records = Some(HELD.to_owned()),
        }
    }
    Ok(explained)
}

fn synergy_parts(row: &SynergyRegion, pairs: &[SynergyPair]) -> CompositeParts {
    let own = pairs.iter().filter(|pair| pair.bordering && pair.region == row.region && pair.domain == row.domain);
    let note = |pair: &SynergyPair| match (pair.part, pair.median_days) {
        _ if pair.cross_province => "跨省，只展示".to_owned(),
        _ if !pair.scored => "往来过少，不计入".to_owned(),
        _ if pair.report_only => "样本不足，只展示".to_owned(),
        ('T', days) => [days.map(|days| format!("中位 {days} 天")), (pair.unsent > 0).then(|| format!("始终未移送 {} 件", pair.unsent))]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("，"),
        _ => String::new(),
    };
    let part = |pair: &SynergyPair| PartRow {
        of: pair.neighbour.clone(),
        part: format!("{} {}", pair.part, part_title(pair.part)),
        numerator: Some(pair.numerator),
        denominator: pair.denominator,
        value: pair.value,
        note: note(pair),
    };
    let says = match row.reason.as_deref() {
        Some("isolated") => "没有指数：没有相邻区域".to_owned(),
        Some(_) => "没有指数：往来事项过少".to_owned(),
        None => format!("计入邻区 {} 个（共 {} 个），到期事项 {} 件", row.neighbours_scored, row.neighbours, row.due_scored),
    };
    CompositeParts { region: row.region.clone(), says, parts: own.map(part).collect() }
}

/// The last quarter of the nearest scope with an index.
fn burden_parts(codes: &[String], burden: &[Burden]) -> Option<CompositeParts> {
    let last = |scope: &str| burden.iter().filter(|row| row.scope == scope && row.index.is_some()).map(|row| row.quarter.as_str()).max();
    let (scope, quarter) = codes.iter().map(String::as_str).chain(["province"]).find_map(|scope| Some((scope, last(scope)?)))?;
    let part = |row: &Burden| PartRow {
        of: row.quarter.clone(),
        part: match row.component.as_str() {
            "index" => "综合指数",
            "visits" => "检查次数（样本自报）",
            "register" => "检查次数（检查登记）",
            "hours" => "配合工时",
            "cost" => "额外支出",
            _ => "法定安全投入（不计入）",
        }
        .to_owned(),
        numerator: None,
        denominator: Decimal::from(row.firms),
        value: row.index,
        note: [
            row.interval.map(|(low, high)| format!("95% 区间 {}–{}", low.round_dp(1), high.round_dp(1))),
            row.contribution.map(|points| format!("使指数变动 {} 点", points.round_dp(2))),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("，"),
    };
    let parts = burden.iter().filter(|row| row.scope == scope && row.quarter == quarter).map(part).collect();
    Some(CompositeParts { region: scope.to_owned(), says: format!("{quarter}，基期 = 100"), parts })
}

/// What the region's own side missed; `None` when the figure is that of an earlier run.
async fn own_missed(
    context: &SessionContext,
    input: &ExplainInput<'_>,
    value: &ValueRow,
    region: &str,
    pairs: &[SynergyPair],
) -> Result<Option<Records>> {
    if value.status == "held" {
        return Ok(None);
    }
    let until = input.period.last.last_day().min(input.as_of);
    let parameters = SynergyParameters::of(input.library, input.period.first.first_day(), until);
    let missed = missed(&extract::synergy_rows(context, &parameters).await?, &parameters);
    let own = missed_by(region, SYNERGY_DOMAIN, &missed, pairs);
    let shown = if input.all { own.len() } else { SHOWN };
    let records = own.iter().take(shown).map(|row| record(row)).collect();
    let section = Section { part: Part::Against, total: own.len() as i64, records };
    let sections = if own.is_empty() { Vec::new() } else { vec![section] };
    Ok(Some(Records { sections, counted: None, has_numerator: true, missing: Vec::new() }))
}

fn record(row: &Transaction) -> Record {
    let facts = [
        ("part", part_title(row.part).to_owned()),
        ("neighbour", row.neighbour.clone()),
        ("begun_on", row.begun_on.to_string()),
        ("done_on", row.done_on.map(|day| day.to_string()).unwrap_or_default()),
    ];
    Record {
        record_id: row.origin.record_id.clone(),
        unit: row.origin.unit.clone(),
        due: row.due_on.to_string(),
        excluded_because: String::new(),
        facts: facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect::<BTreeMap<_, _>>(),
        source_file: row.origin.source_file.clone(),
        source_line: row.origin.source_line,
        as_sent: None,
        batch_id: row.origin.batch_id.clone(),
    }
}
