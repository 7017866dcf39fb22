//! The scheme's text → [`Scheme`], key by key.
//!
//! In: the TOML table. Out: typed values and diagnostics about keys and types. Never here: rules that need more than one key's
//! value (those are in `rules`).

use std::collections::BTreeMap;
use std::ops::Range;

use rust_decimal::Decimal;

use super::method::{Transform, read_method, read_relative, read_transform};
use super::{
    Absent, Attribution, Curve, Dynamic, Exclusion, Grade, IntervalKind, MinimumN, Node, Nothing, Object, PeerKey, Perception, RankBasis,
    Rounding, Scheme, ScoreFrom, Scored, Steps, TOTAL, Ties, Uncertainty, Veto, Weights, decimal,
};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section};
use crate::library::indicator::Better;
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
    if total <= Decimal::ZERO || total > Decimal::from(10_000) {
        diagnostics.error("total-range", section.file(), Some(0..0), format!("`total` is {total}, not above 0 and at most 10000"));
    }
    let objects = [("unit_domain", Object::UnitDomain), ("unit", Object::Unit)];
    let object = section.word("object", &objects, diagnostics).unwrap_or(Object::UnitDomain);
    let words = [("points", Weights::Points), ("relative", Weights::Relative)];
    let weights = section.word("weights", &words, diagnostics).unwrap_or(Weights::Points);
    let method = read_method(section, diagnostics);
    let steps = if weights == Weights::Points { Steps::Rounded } else { Steps::Exact };
    let usual = Rounding { decimals: 2, basis: RankBasis::Rounded, ties: Ties::Competition, steps };
    let rounding = section.section("rounding", diagnostics, |section, diagnostics| read_rounding(usual, section, diagnostics));
    let uncertainty = section.section("uncertainty", diagnostics, read_uncertainty);
    let empty_class_score = (weights == Weights::Points).then(|| Decimal::from(80));
    let usual_nothing = Nothing { owed_and_absent: Absent::Hold, empty_class_score };
    let nothing = section.section("nothing", diagnostics, |section, diagnostics| read_nothing(usual_nothing, section, diagnostics));
    let peer_group = section.section("peer_group", diagnostics, read_peer_group);
    let usual_group = PeerGroup { by: vec![PeerKey::Domain, PeerKey::Tier, PeerKey::SizeClass], minimum_units: 3, allow: None, span: None };
    let peer_group = peer_group.unwrap_or(usual_group);
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
    let exclusions = section.sections("exclude", diagnostics, read_exclusion);
    let nodes = section.sections("node", diagnostics, |section, diagnostics| read_node(weights, section, diagnostics));
    let indicators = section.sections("indicator", diagnostics, |section, diagnostics| read_scored(weights, section, diagnostics));
    Some(Scheme {
        name: name.to_owned(),
        file: section.file().to_owned(),
        text: text.to_owned(),
        title: title?.value,
        year: i16::try_from(year?.value).unwrap_or_default(),
        published_on,
        total,
        weights,
        method,
        object,
        rounding: rounding.unwrap_or(usual),
        uncertainty: uncertainty.unwrap_or(Uncertainty::USUAL),
        nothing: nothing.unwrap_or(usual_nothing),
        peer_group: peer_group.by,
        peer_group_allow: peer_group.allow,
        peer_group_span: peer_group.span,
        exclusions,
        minimum_units: peer_group.minimum_units,
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

pub(super) fn amount(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Decimal> {
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

fn read_rounding(usual: Rounding, section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Rounding> {
    let decimals = section.integer("decimals", diagnostics);
    section.word("mode", &[("half_up", ())], diagnostics);
    let ties = [("competition", Ties::Competition), ("dense", Ties::Dense), ("worst", Ties::Worst)];
    let ties = section.word("ties", &ties, diagnostics).unwrap_or(usual.ties);
    let bases = [("rounded", RankBasis::Rounded), ("unrounded", RankBasis::Unrounded)];
    let basis = section.word("rank_basis", &bases, diagnostics).unwrap_or(usual.basis);
    let steps = section.word("steps", &[("rounded", Steps::Rounded), ("exact", Steps::Exact)], diagnostics).unwrap_or(usual.steps);
    let decimals = match decimals {
        Some(placed) if !(0..=4).contains(&placed.value) => {
            diagnostics.error("rounding-range", section.file(), Some(placed.span), "scores have 0 to 4 decimals");
            usual.decimals
        }
        Some(placed) => placed.value as u32,
        None => usual.decimals,
    };
    Some(Rounding { decimals, basis, ties, steps })
}

fn read_nothing(usual: Nothing, section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Nothing> {
    section.word("not_applicable", &[("move_weight", ())], diagnostics);
    section.word("nothing_due", &[("move_weight", ())], diagnostics);
    let absent = section.word("owed_and_absent", &[("hold", Absent::Hold), ("zero", Absent::Zero)], diagnostics);
    let empty_class_score = amount(section, "empty_class_score", diagnostics).or(usual.empty_class_score);
    Some(Nothing { owed_and_absent: absent.unwrap_or(usual.owed_and_absent), empty_class_score })
}

/// A whole number from 0 on.
fn not_negative(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<i64> {
    let placed = section.integer(key, diagnostics)?;
    if placed.value < 0 {
        diagnostics.error("below-zero", section.file(), Some(placed.span), format!("`{key}` is {}, expected 0 or more", placed.value));
        return None;
    }
    Some(placed.value)
}

impl Uncertainty {
    /// 20 000 draws, 95 %.
    const USUAL: Self =
        Self { draws: 20_000, seed: 1, confidence: Decimal::from_parts(95, 0, 0, false, 2), interval: IntervalKind::Wilson };
}

fn read_uncertainty(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Uncertainty> {
    let usual = Uncertainty::USUAL;
    let draws = section.integer("draws", diagnostics).map_or(i64::from(usual.draws), |placed| placed.value);
    let seed = not_negative(section, "seed", diagnostics).map_or(usual.seed, i64::unsigned_abs);
    let confidence = amount(section, "confidence", diagnostics).unwrap_or(usual.confidence);
    let file = section.file();
    let Some(draws) = u32::try_from(draws).ok().filter(|draws| *draws == 0 || (1_000..=1_000_000).contains(draws)) else {
        diagnostics
            .error("draws-range", file, Some(section.span()), format!("`draws` is {draws}"))
            .hint("1 000 to 1 000 000 draws, or 0 for none; 20 000 find an interval of ranks to a place");
        return None;
    };
    if confidence <= Decimal::new(5, 1) || confidence >= Decimal::ONE {
        diagnostics.error("confidence-range", file, Some(section.span()), format!("`confidence` is {confidence}, not between 0.5 and 1"));
        return None;
    }
    let kinds = [("wilson", IntervalKind::Wilson), ("exact", IntervalKind::Exact)];
    let interval = section.word("interval", &kinds, diagnostics).unwrap_or_default();
    Some(Uncertainty { draws, seed, confidence, interval })
}

/// `[peer_group]`.
struct PeerGroup {
    by: Vec<PeerKey>,
    minimum_units: u32,
    allow: Option<String>,
    span: Option<Range<usize>>,
}

fn read_peer_group(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<PeerGroup> {
    let words = [("domain", PeerKey::Domain), ("tier", PeerKey::Tier), ("size_class", PeerKey::SizeClass)];
    let mut by = Vec::new();
    for placed in section.texts("by", diagnostics) {
        match words.iter().find(|(word, _)| *word == placed.value) {
            Some((_, key)) => by.push(*key),
            None => unknown_word(&placed, &words.map(|(word, _)| word), section.file(), diagnostics),
        }
    }
    let minimum_units = not_negative(section, "minimum_units", diagnostics).and_then(|number| u32::try_from(number).ok()).unwrap_or(3);
    let allow = section.text("allow", diagnostics).map(|allow| allow.value).filter(|allow| !allow.trim().is_empty());
    Some(PeerGroup { by, minimum_units, allow, span: Some(section.span()) })
}

impl MinimumN {
    /// 10 cases, 30 answers, 5 answers of a survey, 15 score points, half of the total.
    pub(crate) fn usual() -> Self {
        Self { rate: 10, value: 30, confidential: 5, half_width: Decimal::from(15), rank_share: Decimal::new(5, 1) }
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
        rate: not_negative(section, "rate", diagnostics).unwrap_or(usual.rate),
        value: not_negative(section, "value", diagnostics).unwrap_or(usual.value),
        confidential: not_negative(section, "confidential", diagnostics).unwrap_or(usual.confidential),
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

fn read_exclusion(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Exclusion> {
    let unit = section.required_text("unit", diagnostics);
    let domain = section.text("domain", diagnostics).map(|domain| domain.value);
    let because = section.required_text("because", diagnostics);
    if because.as_ref().is_some_and(|because| because.value.trim().is_empty()) {
        let message = "who is kept out of a ranking is told why: `because` is empty";
        diagnostics.error("exclusion-reason", section.file(), Some(section.span()), message);
    }
    Some(Exclusion { unit: unit?.value, domain, because: because?.value })
}

/// What a node or an indicator weighs: `points`, or `weight` (1 where it is not said) in a scheme of relative weights.
fn read_weight(weights: Weights, section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Placed<Decimal>> {
    let (key, other) = if weights == Weights::Points { ("points", "weight") } else { ("weight", "points") };
    let file = section.file();
    if let Some(wrong) = section.number(other, diagnostics) {
        let says = if weights == Weights::Points { "the children's points add up to their parent's" } else { "weights = \"relative\"" };
        diagnostics
            .error("weight-key", file, Some(wrong.span), format!("`{other}`, where {says}"))
            .hint(format!("{key} = {}", wrong.value));
    }
    let placed = section.number(key, diagnostics);
    match (placed, weights) {
        (Some(placed), _) => Some(Placed { value: decimal(&placed, file, diagnostics)?, span: placed.span }),
        (None, Weights::Relative) => Some(Placed { value: Decimal::ONE, span: section.span() }),
        (None, Weights::Points) => None,
    }
}

fn read_node(weights: Weights, section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let id = section.required_text("id", diagnostics);
    let parent = section.required_text("parent", diagnostics);
    let title = section.required_text("title", diagnostics);
    let points = read_weight(weights, section, diagnostics);
    if points.is_none() {
        diagnostics.error("missing-key", section.file(), Some(section.span()), "a node needs the key `points`, a number");
    }
    let method = read_method(section, diagnostics);
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
    Some(Node {
        id: id?.value,
        parent: parent.value,
        title: title?.value,
        points: points.value,
        alternatives,
        domains,
        tiers,
        method,
        span: points.span,
    })
}

/// The points [[worst, 0], [best, 100]] that `goalposts = [worst, best]` stands for.
fn read_goalposts(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Vec<Placed<(String, String)>> {
    let numbers = section.numbers("goalposts", diagnostics);
    let ends = [(0, "0"), (1, "100")];
    match numbers.as_slice() {
        [] => Vec::new(),
        [worst, best] => {
            let mut points: Vec<_> = ends
                .map(|(place, score)| Placed {
                    value: ([worst, best][place].value.clone(), score.to_owned()),
                    span: numbers[place].span.clone(),
                })
                .into();
            let number = |text: &str| Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok();
            if number(&worst.value) > number(&best.value) {
                points.reverse();
            }
            points
        }
        [first, .., last] => {
            diagnostics
                .error(
                    "goalposts",
                    section.file(),
                    Some(first.span.start..last.span.end),
                    "goalposts are two numbers: what earns 0, and what earns 100",
                )
                .hint("goalposts = [20, 85]; lower is better: goalposts = [85, 20]");
            Vec::new()
        }
        [only] => {
            diagnostics
                .error("goalposts", section.file(), Some(only.span.clone()), "goalposts are two numbers: what earns 0, and what earns 100")
                .hint("goalposts = [20, 85]");
            Vec::new()
        }
    }
}

fn read_scored(weights: Weights, section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Scored> {
    let file = section.file();
    let id = section.required_text("id", diagnostics);
    let node = section.required_text("node", diagnostics);
    let report_only = section.boolean("report_only", diagnostics).unwrap_or(false);
    let points = read_weight(if report_only { Weights::Points } else { weights }, section, diagnostics).map(|points| points.value);
    let target = amount(section, "target", diagnostics);
    let better = [("higher", Better::Higher), ("lower", Better::Lower), ("band", Better::Band)];
    let better = section.word("better", &better, diagnostics);
    let goalposts = read_goalposts(section, diagnostics);
    let placed = section.points("curve", diagnostics);
    let transform = read_transform(section, diagnostics);
    let relative = read_relative(section, diagnostics);
    let words = [("own", ScoreFrom::Own), ("shrunk", ScoreFrom::Shrunk)];
    let score_from = section.word("score_from", &words, diagnostics).unwrap_or_default();
    if usize::from(!placed.is_empty()) + usize::from(!goalposts.is_empty()) + usize::from(relative.is_some()) > 1 {
        diagnostics
            .error("scored-twice", file, Some(section.span()), "a value becomes a score in one way")
            .hint("one of `curve`, `goalposts` and `normalise`");
    }
    let placed = if placed.is_empty() { goalposts } else { placed };
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
    let curve = match curve.map(|curve| curve.over(transform)) {
        Some(None) => {
            diagnostics
                .error("curve-domain", file, Some(span.clone()), format!("a point of the curve of `{}` can't be transformed", id.value))
                .hint("log: values above 0; square_root: from 0 on; logit: between 0 and 1");
            None
        }
        curve => curve.flatten(),
    };
    if report_only && (points.is_some_and(|points| !points.is_zero()) || !placed.is_empty() || relative.is_some()) {
        diagnostics
            .error(
                "report-only-scored",
                file,
                Some(span.clone()),
                format!("`{}` is only reported: it has no points and no curve", id.value),
            )
            .hint("take `report_only` away, or `points` and `curve`");
    }
    if !report_only && placed.is_empty() && relative.is_none() {
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
        relative,
        transform: if placed.is_empty() { transform } else { Transform::None },
        better,
        score_from,
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
