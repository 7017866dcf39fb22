//! The scheme's text → [`Scheme`], key by key.
//!
//! In: the TOML table. Out: typed values and diagnostics about keys and types. Never here: rules that need more than one key's
//! value (those are in `rules`).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    Absent, Attribution, Curve, Dynamic, Grade, MinimumN, Node, Nothing, Object, PeerKey, Perception, RankBasis, Rounding, Scheme, Scored,
    TOTAL, Veto, decimal,
};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section};
use crate::terms::{DOMAINS, IndicatorId};

const TIERS: [&str; 4] = ["province", "city", "county", "township"];

/// Reads every key; rules come later.
pub(super) fn read(name: &str, text: &str, section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Scheme> {
    let title = section.required_text("title", diagnostics);
    let year = section.integer("year", diagnostics);
    if year.is_none() {
        diagnostics.error("missing-key", section.file(), Some(0..0), "a scheme needs the key `year`, a whole number");
    }
    let published_on = section.date("published_on", diagnostics);
    let total = amount(section, "total", diagnostics).unwrap_or(Decimal::ONE_HUNDRED);
    let objects = [("unit_domain", Object::UnitDomain), ("unit", Object::Unit)];
    let object = section.word("object", &objects, diagnostics).unwrap_or(Object::UnitDomain);
    let rounding = section.section("rounding", diagnostics, read_rounding);
    let nothing = section.section("nothing", diagnostics, read_nothing);
    let peer_group = section.section("peer_group", diagnostics, read_peer_group);
    let (peer_group, minimum_units) = peer_group.unwrap_or((vec![PeerKey::Domain, PeerKey::Tier, PeerKey::SizeClass], 3));
    let minimum_n = section.section("minimum_n", diagnostics, read_minimum_n).unwrap_or_else(MinimumN::usual);
    let scope = section.section("scope", diagnostics, |section, diagnostics| {
        let words = [("own", false), ("subtree", true)];
        Some(TIERS.into_iter().filter(|tier| section.word(tier, &words, diagnostics) == Some(true)).map(str::to_owned).collect())
    });
    let perception = section.section("perception", diagnostics, read_perception);
    let caps = section.section("caps", diagnostics, |section, diagnostics| {
        Some((amount(section, "bonus", diagnostics), amount(section, "deduction", diagnostics)))
    });
    let (bonus_cap, deduction_cap) = caps.unwrap_or_default();
    let grades = section.sections("grade", diagnostics, |section, diagnostics| {
        let name = section.required_text("name", diagnostics);
        let from = required_amount(section, "from", diagnostics);
        let quota = amount(section, "quota", diagnostics);
        Some(Grade { name: name?.value, from: from?, quota })
    });
    let vetoes = section.sections("veto", diagnostics, |section, diagnostics| {
        let code = section.required_text("code", diagnostics);
        let title = section.required_text("title", diagnostics);
        let cap_grade = section.required_text("cap_grade", diagnostics);
        let basis = section.required_text("basis", diagnostics);
        Some(Veto { code: code?.value, title: title?.value, cap_grade: cap_grade?.value, basis: basis?.value })
    });
    let regional = section.section("regional", diagnostics, read_regional).unwrap_or_default();
    let nodes = section.sections("node", diagnostics, read_node);
    let indicators = section.sections("indicator", diagnostics, read_scored);
    Some(Scheme {
        name: name.to_owned(),
        file: section.file().to_owned(),
        text: text.to_owned(),
        title: title?.value,
        year: i16::try_from(year?.value).unwrap_or_default(),
        published_on,
        total,
        object,
        rounding: rounding.unwrap_or(Rounding { decimals: 2, basis: RankBasis::Rounded }),
        nothing: nothing.unwrap_or(Nothing { owed_and_absent: Absent::Hold, empty_class_score: Decimal::from(80) }),
        peer_group,
        minimum_units,
        minimum_n,
        subtree_tiers: scope.unwrap_or_default(),
        perception,
        bonus_cap: bonus_cap.unwrap_or_default(),
        deduction_cap: deduction_cap.unwrap_or_default(),
        grades,
        vetoes,
        regional,
        nodes,
        indicators,
    })
}

fn amount(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Decimal> {
    let placed = section.number(key, diagnostics)?;
    decimal(&placed, section.file(), diagnostics)
}

fn required_amount(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Decimal> {
    let placed = section.required_number(key, diagnostics)?;
    decimal(&placed, section.file(), diagnostics)
}

fn read_perception(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Perception> {
    let mode = section.required_text("mode", diagnostics)?;
    match (mode.value.as_str(), mode.value.strip_prefix("inside_")) {
        ("renormalised", _) => Some(Perception::Renormalised),
        ("separate", _) => Some(Perception::Separate),
        (_, Some(class)) => Some(Perception::Inside(class.to_owned())),
        (other, None) => {
            let message = format!("`mode` of [perception] is `{other}`");
            diagnostics
                .error("unknown-word", section.file(), Some(mode.span), message)
                .hint("`inside_` and a class (inside_dynamic), `renormalised` or `separate`");
            None
        }
    }
}

fn read_rounding(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Rounding> {
    let decimals = section.integer("decimals", diagnostics);
    section.word("mode", &[("half_up", ())], diagnostics);
    section.word("ties", &[("competition", ())], diagnostics);
    let bases = [("rounded", RankBasis::Rounded), ("unrounded", RankBasis::Unrounded)];
    let basis = section.word("rank_basis", &bases, diagnostics).unwrap_or(RankBasis::Rounded);
    let decimals = match decimals {
        Some(placed) if !(0..=4).contains(&placed.value) => {
            diagnostics.error("rounding-range", section.file(), Some(placed.span), "scores have 0 to 4 decimals");
            2
        }
        Some(placed) => placed.value as u32,
        None => 2,
    };
    Some(Rounding { decimals, basis })
}

fn read_nothing(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Nothing> {
    section.word("not_applicable", &[("move_weight", ())], diagnostics);
    section.word("nothing_due", &[("move_weight", ())], diagnostics);
    let absent = section.word("owed_and_absent", &[("hold", Absent::Hold), ("zero", Absent::Zero)], diagnostics);
    let empty_class_score = amount(section, "empty_class_score", diagnostics).unwrap_or_else(|| Decimal::from(80));
    Some(Nothing { owed_and_absent: absent.unwrap_or(Absent::Hold), empty_class_score })
}

fn read_peer_group(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<(Vec<PeerKey>, u32)> {
    let words = [("domain", PeerKey::Domain), ("tier", PeerKey::Tier), ("size_class", PeerKey::SizeClass)];
    let mut keys = Vec::new();
    for placed in section.texts("by", diagnostics) {
        match words.iter().find(|(word, _)| *word == placed.value) {
            Some((_, key)) => keys.push(*key),
            None => unknown_word(&placed, &words.map(|(word, _)| word), section.file(), diagnostics),
        }
    }
    let minimum_units = section.integer("minimum_units", diagnostics).and_then(|placed| u32::try_from(placed.value).ok()).unwrap_or(3);
    if !keys.contains(&PeerKey::Tier) || !keys.contains(&PeerKey::Domain) {
        diagnostics
            .error("peer-group-too-wide", section.file(), Some(section.span()), "a peer group never crosses domains or tiers")
            .hint("by = [\"domain\", \"tier\", \"size_class\"]");
    }
    Some((keys, minimum_units))
}

impl MinimumN {
    /// 10 cases, 30 answers, 15 score points, half of the total.
    pub(crate) fn usual() -> Self {
        Self { rate: 10, value: 30, half_width: Decimal::from(15), rank_share: Decimal::new(5, 1) }
    }
}

fn read_minimum_n(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<MinimumN> {
    let usual = MinimumN::usual();
    let rank_share = amount(section, "rank_share", diagnostics).unwrap_or(usual.rank_share);
    if rank_share < Decimal::ZERO || rank_share > Decimal::ONE {
        diagnostics
            .error("rank-share", section.file(), Some(section.span()), format!("`rank_share` is {rank_share}, not a share from 0 to 1"))
            .hint("0.5 = half of the total's points must rest on enough cases for a rank");
    }
    Some(MinimumN {
        rate: section.integer("rate", diagnostics).map_or(usual.rate, |placed| placed.value),
        value: section.integer("value", diagnostics).map_or(usual.value, |placed| placed.value),
        half_width: amount(section, "half_width", diagnostics).unwrap_or(usual.half_width),
        rank_share,
    })
}

fn read_regional(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<BTreeMap<&'static str, Attribution>> {
    let words = [("none", Attribution::None), ("lead_unit", Attribution::LeadUnit), ("all_units_in_domain", Attribution::AllUnitsInDomain)];
    let mut regional = BTreeMap::new();
    for family in super::composites::FAMILIES {
        let attribution =
            section.section(family, diagnostics, |section, diagnostics| section.required_word("attribution", &words, diagnostics));
        regional.extend(attribution.map(|attribution| (family, attribution)));
    }
    Some(regional)
}

fn unknown_word(placed: &Placed<String>, known: &[&str], file: &str, diagnostics: &mut Diagnostics) {
    diagnostics
        .error("unknown-word", file, Some(placed.span.clone()), format!("`{}` is none of {}", placed.value, known.join(", ")))
        .hint_nearest(&placed.value, known.iter().copied());
}

fn closed(section: &mut Section<'_>, key: &'static str, known: &[&str], diagnostics: &mut Diagnostics) -> Vec<String> {
    let texts = section.texts(key, diagnostics);
    for placed in texts.iter().filter(|placed| !known.contains(&placed.value.as_str())) {
        unknown_word(placed, known, section.file(), diagnostics);
    }
    texts.into_iter().map(|placed| placed.value).collect()
}

fn read_node(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let id = section.required_text("id", diagnostics);
    let parent = section.required_text("parent", diagnostics);
    let title = section.required_text("title", diagnostics);
    let points = section.required_number("points", diagnostics);
    let alternatives = section.boolean("alternatives", diagnostics).unwrap_or(false);
    let domains = closed(section, "domains", &DOMAINS, diagnostics);
    let tiers = closed(section, "tiers", &TIERS, diagnostics);
    let is_class = section.word("kind", &[("class", true), ("group", false)], diagnostics);
    let (parent, points) = (parent?, points?);
    let on_total = parent.value == TOTAL;
    if is_class.is_some_and(|is_class| is_class != on_total) {
        diagnostics
            .error("class-place", section.file(), Some(parent.span), "exactly the classes hang on `total`")
            .hint("kind = \"class\" goes with parent = \"total\", kind = \"group\" with every other parent");
    }
    let value = decimal(&points, section.file(), diagnostics)?;
    Some(Node { id: id?.value, parent: parent.value, title: title?.value, points: value, alternatives, domains, tiers, span: points.span })
}

fn read_scored(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Scored> {
    let file = section.file();
    let id = section.required_text("id", diagnostics);
    let node = section.required_text("node", diagnostics);
    let report_only = section.boolean("report_only", diagnostics).unwrap_or(false);
    let points = amount(section, "points", diagnostics);
    let target = amount(section, "target", diagnostics);
    let placed = section.points("curve", diagnostics);
    let dynamic = section.section("dynamic", diagnostics, read_dynamic);
    let (id, node) = (id?, node?);
    let mut points_of_curve = Vec::new();
    for point in &placed {
        let number = |text: &String| Placed { value: text.clone(), span: point.span.clone() };
        points_of_curve.push((decimal(&number(&point.value.0), file, diagnostics)?, decimal(&number(&point.value.1), file, diagnostics)?));
    }
    let curve = if placed.is_empty() { None } else { Curve::new(points_of_curve) };
    if let (None, [first, .., last]) = (&curve, placed.as_slice()) {
        diagnostics.error(
            "curve-order",
            file,
            Some(first.span.start..last.span.end),
            format!("the values of the curve of `{}` must ascend", id.value),
        );
    } else if let [only] = placed.as_slice() {
        diagnostics.error("curve-short", file, Some(only.span.clone()), format!("the curve of `{}` needs at least two points", id.value));
    }
    let span = id.span;
    if report_only && (points.is_some_and(|points| !points.is_zero()) || !placed.is_empty()) {
        diagnostics
            .error(
                "report-only-scored",
                file,
                Some(span.clone()),
                format!("`{}` is only reported: it has no points and no curve", id.value),
            )
            .hint("take `report_only` away, or `points` and `curve`");
    }
    if !report_only && placed.is_empty() {
        diagnostics
            .error("curve-missing", file, Some(span.clone()), format!("`{}` is scored without a curve", id.value))
            .hint("curve = [[value, 0], [value, 100]], or report_only = true");
    }
    if !report_only && points.is_none_or(|points| points <= Decimal::ZERO) {
        diagnostics
            .error("points-missing", file, Some(span.clone()), format!("`{}` is scored without points", id.value))
            .hint("points = …, or report_only = true");
    }
    Some(Scored {
        id: IndicatorId(id.value),
        node: node.value,
        points: points.unwrap_or_default(),
        target,
        curve,
        dynamic,
        report_only,
        span,
    })
}

fn read_dynamic(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Dynamic> {
    let regions = section.texts("regions", diagnostics).into_iter().map(|placed| placed.value).collect::<Vec<_>>();
    let from = section.date("from", diagnostics);
    let until = section.date("until", diagnostics);
    let announced = section.date("announced", diagnostics);
    let event = section.text("event", diagnostics);
    let corrects = section.text("corrects", diagnostics).map(|corrects| corrects.value).filter(|corrects| !corrects.trim().is_empty());
    let file = section.file();
    if event.as_ref().is_none_or(|event| event.value.trim().is_empty()) {
        diagnostics
            .error("dynamic-event", file, Some(section.span()), "a dynamic indicator names the event that switched it on")
            .hint("event = \"浙…〔2026〕…号 …\"");
    }
    if from.is_none() {
        diagnostics.error("missing-key", file, Some(section.span()), "`dynamic` needs the key `from`, its first day");
    }
    if regions.is_empty() {
        diagnostics.error("missing-key", file, Some(section.span()), "`dynamic` needs the key `regions`, division codes");
    }
    if announced.is_none() {
        diagnostics
            .error("missing-key", file, Some(section.span()), "`dynamic` needs the key `announced`, the day on which the units were told")
            .hint("announced = 2026-02-20");
    }
    let (from, announced) = (from?, announced?);
    if until.is_some_and(|until| until < from) {
        diagnostics.error("dynamic-dates", file, Some(section.span()), "`until` lies before `from`");
    }
    Some(Dynamic { regions, from, until, announced, event: event.map(|event| event.value).unwrap_or_default(), corrects })
}
