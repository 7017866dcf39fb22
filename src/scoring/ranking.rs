//! Ranks and grades inside peer groups.
//!
//! In: totals of assessed objects. Out: one [`Rank`] an object. Never here: comparisons across peer groups.
//!
//! Equal scores share a rank, by default the best of their places ("1,2,2,4"). Who is excluded is shown and not ranked. A grade with a quota goes to the places that the quota
//! allows, rounded down, ties included; who falls out gets the next grade. Vetoes cap what is left.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, DataType, IntoLazy, PolarsResult, RankMethod, RankOptions, col};
use rust_decimal::Decimal;

use super::grade_cap;
use super::objects::Assessed;
use super::tables::Rank;
use super::tree::ObjectResult;
use crate::error::{Context, Kind, Result};
use crate::library::scheme::{RankBasis, Scheme, Ties};

/// Decimals that the order sees: enough for every exact total.
const ORDER_DECIMALS: u32 = 14;

/// Places of one kind of competition: by object, rank and number of competitors in its group.
type Places = BTreeMap<usize, (u32, u32)>;

/// Ranks every object; `objects` and `results` run in step.
pub(super) fn rank(scheme: &Scheme, objects: &[Assessed<'_>], results: Vec<ObjectResult>) -> Result<Vec<Rank>> {
    let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
    for object in objects {
        let next = groups.len() as u32;
        groups.entry(&object.peer_group).or_insert(next);
    }
    let basis = |result: &ObjectResult| match scheme.rounding.basis {
        RankBasis::Rounded => result.total,
        RankBasis::Unrounded => result.exact,
    };
    let enters = |row: usize, result: &ObjectResult, all: bool| {
        let minimum = &scheme.minimum_n;
        let is_solid = result.solid_share >= minimum.rank_share && result.half_width <= minimum.half_width;
        exclusion(scheme, &objects[row]).is_none() && (all || is_solid)
    };
    let competition = |all: bool, ties: Ties| {
        let rows = results.iter().enumerate().filter(|(row, result)| enters(*row, result, all));
        let rows = rows.filter_map(|(row, result)| Some((row, groups[objects[row].peer_group.as_str()], basis(result)?)));
        places(rows.collect(), ties)
    };
    let everyone = competition(true, Ties::Competition).context(Kind::Bug, || "placing everyone for the quota")?;
    let ranked = competition(false, scheme.rounding.ties).context(Kind::Bug, || "ranking")?;
    // A unit without a rank still says how many are ranked in its group.
    let sizes: BTreeMap<&str, u32> =
        ranked.iter().map(|(row, (_, competitors))| (objects[*row].peer_group.as_str(), *competitors)).collect();
    let mut members: BTreeMap<&str, u32> = BTreeMap::new();
    for object in objects {
        *members.entry(&object.peer_group).or_default() += 1;
    }
    let one = |(row, (object, result)): (usize, (&Assessed<'_>, ObjectResult))| {
        let group = object.peer_group.as_str();
        let size = GroupSize { members: members[group], competitors: sizes.get(group).copied().unwrap_or(0) };
        one(scheme, object, result, everyone.get(&row).copied(), ranked.get(&row).map(|(rank, _)| *rank), size)
    };
    Ok(objects.iter().zip(results).enumerate().map(one).collect())
}

/// How many objects a peer group has, and how many of them have enough cases to be ranked.
#[derive(Clone, Copy)]
struct GroupSize {
    members: u32,
    competitors: u32,
}

/// Why the scheme keeps an object out of the ranking, if it does.
fn exclusion<'a>(scheme: &'a Scheme, object: &Assessed<'_>) -> Option<&'a str> {
    let is_it = |exclusion: &&crate::library::scheme::Exclusion| {
        exclusion.unit == object.unit.id.0 && exclusion.domain.as_ref().is_none_or(|domain| *domain == object.domain)
    };
    scheme.exclusions.iter().find(is_it).map(|exclusion| exclusion.because.as_str())
}

/// Ranks inside groups: rows of (object, group, score).
fn places(rows: Vec<(usize, u32, Decimal)>, ties: Ties) -> PolarsResult<Places> {
    if rows.is_empty() {
        return Ok(Places::new());
    }
    let mut distinct: Vec<Decimal> = rows.iter().map(|row| row.2.round_dp(ORDER_DECIMALS)).collect();
    distinct.sort();
    distinct.dedup();
    let order = |score: &Decimal| distinct.partition_point(|other| *other < score.round_dp(ORDER_DECIMALS)) as u64;
    let frame = DataFrame::new_infer_height(vec![
        Column::new("object".into(), rows.iter().map(|row| row.0 as u64).collect::<Vec<_>>()),
        Column::new("group".into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()),
        Column::new("score".into(), rows.iter().map(|row| order(&row.2)).collect::<Vec<_>>()),
    ])?;
    let method = match ties {
        Ties::Competition => RankMethod::Min,
        Ties::Dense => RankMethod::Dense,
        Ties::Worst => RankMethod::Max,
    };
    let competition = RankOptions { method, descending: true };
    let ranked = frame
        .lazy()
        .with_columns([
            col("score").rank(competition, None).over([col("group")])?.cast(DataType::UInt32).alias("rank"),
            col("score").count().over([col("group")])?.cast(DataType::UInt32).alias("competitors"),
        ])
        .collect()?;
    let (object, rank, competitors) =
        (ranked.column("object")?.u64()?, ranked.column("rank")?.u32()?, ranked.column("competitors")?.u32()?);
    let rows = (0..ranked.height()).filter_map(|row| Some((object.get(row)? as usize, (rank.get(row)?, competitors.get(row)?))));
    Ok(rows.collect())
}

fn one(
    scheme: &Scheme,
    object: &Assessed<'_>,
    result: ObjectResult,
    place: Option<(u32, u32)>,
    rank: Option<u32>,
    GroupSize { members, competitors }: GroupSize,
) -> Rank {
    let withheld = match (result.total, rank) {
        (None, _) if result.lacks => Some("too_little_available"),
        (None, _) => Some("nothing_scored"),
        (Some(_), None) if exclusion(scheme, object).is_some() => Some("excluded"),
        (Some(_), None) if result.solid_share < scheme.minimum_n.rank_share => Some("too_few_cases"),
        (Some(_), None) => Some("interval_too_wide"),
        (Some(_), Some(_)) if members < scheme.minimum_units => Some("peer_group_too_small"),
        (Some(_), Some(_)) if competitors < scheme.minimum_units => Some("too_few_ranked"),
        _ => None,
    };
    let by_score = result.total.and_then(|total| scheme.grade_of(total));
    let vetoes = vetoes(scheme, object);
    let cap = vetoes.iter().map(|(_, cap)| *cap).max();
    let grade = by_score.map(|grade| under_quota(scheme, grade, place)).map(|grade| cap.map_or(grade, |cap| grade.max(cap)));
    let name = |grade: Option<usize>| grade.map(|grade| scheme.grades[grade].name.clone());
    let mut codes: Vec<String> = vetoes.into_iter().map(|(code, _)| code).collect();
    codes.sort();
    codes.dedup();
    Rank {
        unit: object.unit.id.clone(),
        domain: object.domain.clone(),
        peer_group: object.peer_group.clone(),
        total: result.total,
        tree_total: result.tree_total,
        bonus: result.bonus,
        deduction: result.deduction,
        score_grade: name(by_score),
        grade: name(grade),
        vetoes: codes,
        veto_cap: name(cap),
        solid_share: result.solid_share,
        half_width: result.half_width,
        rank: rank.filter(|_| withheld.is_none()),
        ranked_units: if competitors < scheme.minimum_units { 0 } else { competitors },
        uncertainty: None,
        unswitched: None,
        withheld: withheld.map(str::to_owned),
    }
}

/// The first grade from `grade` on whose quota has room for the place.
fn under_quota(scheme: &Scheme, grade: usize, place: Option<(u32, u32)>) -> usize {
    let last = scheme.grades.len() - 1;
    let Some((rank, competitors)) = place else { return grade };
    let has_room = |grade: &usize| {
        let quota = scheme.grades[*grade].quota;
        *grade == last || quota.is_none_or(|quota| Decimal::from(rank) <= (quota * Decimal::from(competitors)).floor())
    };
    (grade..=last).find(has_room).unwrap_or(last)
}

/// Codes of the vetoes with the best grade that each leaves.
fn vetoes(scheme: &Scheme, object: &Assessed<'_>) -> Vec<(String, usize)> {
    object.events.iter().filter_map(|event| Some((event.code.clone(), grade_cap(scheme, event)?))).collect()
}
