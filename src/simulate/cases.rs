//! What happened in each case, from the first day to the last, whether or not the extract can know it yet.
//!
//! In: a unit, a month, its stream of draws. Out: [`Case`]s. The draws never depend on the horizon, so that a later night tells the
//! same story and only more of it. Never here: rows, files.

use crate::calendar::shanghai_day;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::{Stream, share_of};
use crate::simulate::firms::Firm;
use crate::simulate::items::{ECO, EMERGENCY, ITEMS, Item, MARKET, TRANSPORT, URBAN, items_of};
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

/// What hashes are drawn for.
const COMPLEX: u64 = 31;
const DISCUSSED: u64 = 32;
const HEARD: u64 = 33;
const LEFT: u64 = 34;
const UNDATED: u64 = 35;

/// Share of penalties under the food law that confiscate something; the logarithm of its worth in yuan, and its deviation.
const TAKEN: f64 = 0.8;
const WORTH: (f64, f64) = (7.0, 1.6);

/// How an act came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Lead,
    Inspection,
    Device,
    Patrol,
}

/// A time during which the limit stands still.
pub(super) struct Suspension {
    pub from: i32,
    pub to: Option<i32>,
    pub kind: &'static str,
}

/// One case.
pub(super) struct Case {
    pub id: String,
    /// Number inside the unit and month.
    pub number: usize,
    pub domain: usize,
    pub item: &'static Item,
    pub item_missing: bool,
    pub county: usize,
    pub place_county: usize,
    /// Taken on beyond the province's border: which of [`World::strangers`].
    pub across: Option<usize>,
    pub firm: Option<Firm>,
    pub origin: Origin,
    pub procedure: &'static str,
    pub received_at: i64,
    pub found_at: i64,
    pub filed: Option<i32>,
    pub investigated: Option<i32>,
    pub notice: Option<i32>,
    pub reviewed: Option<i32>,
    pub discussed: Option<i32>,
    pub decided: Option<i32>,
    pub delivered: Option<i32>,
    pub closed: Option<i32>,
    /// The day on which it was handed on or withdrawn.
    pub left: Option<i32>,
    pub outcome: &'static str,
    pub penalties: Vec<&'static str>,
    pub fine: Option<i64>,
    pub confiscated: Option<i64>,
    pub severity: &'static str,
    pub extension: Option<i64>,
    pub suspensions: Vec<Suspension>,
    pub hearing: Option<i32>,
    pub damage: Option<bool>,
    pub device: Option<u32>,
    pub device_reviewed: Option<i64>,
    pub officers: Vec<u32>,
    pub education: bool,
    pub corrected_early: bool,
    /// Days between an event and its entry.
    pub entry_delay: i32,
    /// Planted: entered at the year's end, this day.
    pub backfilled_on: Option<i32>,
    /// Planted patterns that this case is part of.
    pub planted: Vec<(&'static str, String)>,
    /// A number of its own, for whatever hangs on the case.
    pub salt: u64,
}

impl Case {
    /// The day that partitions the case: filed, else found, else decided.
    pub fn opened(&self) -> i32 {
        self.filed.unwrap_or_else(|| shanghai_day(self.found_at))
    }

    /// Makes it a case of the simple procedure that was begun and decided on the day, whatever it was.
    pub fn take_on_the_spot(&mut self, day: i32, closed: i32) {
        self.procedure = "simple";
        (self.filed, self.investigated, self.notice, self.reviewed, self.discussed, self.hearing) = (None, None, None, None, None, None);
        (self.decided, self.delivered, self.closed) = (Some(day), Some(day), Some(closed));
        (self.device, self.device_reviewed, self.extension, self.left) = (None, None, None, None);
        self.found_at = self.received_at;
        self.suspensions.clear();
    }

    /// Whether it ended with a penalty.
    pub fn is_penalty(&self) -> bool {
        self.outcome == "penalty"
    }

    /// Whether it left the unit without a decision on the matter: handed on, or withdrawn.
    pub fn has_left(&self) -> bool {
        matches!(self.outcome, "transferred" | "withdrawn")
    }

    /// A penalty that calls for a hearing on request, a legal review and a discussion: of one hundred thousand yuan against an
    /// organisation, of ten thousand against a person or a sole trader.
    pub fn is_major(&self) -> bool {
        let from = if self.party_kind() == "org" { 10_000_000 } else { 1_000_000 };
        self.is_penalty() && [self.fine, self.confiscated].into_iter().flatten().any(|amount| amount >= from)
    }

    /// Party kind code.
    pub fn party_kind(&self) -> &'static str {
        match &self.firm {
            Some(firm) if firm.individual => "individual_business",
            Some(_) => "org",
            None => "person",
        }
    }
}

impl World {
    /// How many cases chance gives the unit in the month: the first draw of [`World::cases_of`].
    pub fn count_of_cases(&self, unit: &Unit, month: Month, expected: f64) -> usize {
        Stream::new(self.seed, "cases", &[unit.index as u64, month.to_epoch_days() as u64]).poisson(expected)
    }

    /// The cases that the unit came to know of in the month.
    pub fn cases_of(&self, unit: &Unit, month: Month, expected: f64) -> Vec<Case> {
        let mut stream = Stream::new(self.seed, "cases", &[unit.index as u64, month.to_epoch_days() as u64]);
        let count = stream.poisson(expected);
        let mut cases: Vec<Case> = Vec::with_capacity(count + 8);
        if let Some(quota) = unit.quota {
            let monthly = quota as usize + usize::from(month.month % 3 == 0);
            for number in 0..monthly {
                let mut case = self.case(unit, month, number, &mut stream);
                self.make_quota(unit, &mut case, &mut stream);
                self.send_to_notorious(&mut case);
                cases.push(case);
            }
        }
        let ordinary = if unit.quota.is_some() { count / 3 } else { count };
        for _ in 0..ordinary {
            let number = cases.len();
            let mut case = self.case(unit, month, number, &mut stream);
            if unit.quota.is_some() && case.fine.is_some() {
                // Under a quota nearly every fine is the quota's.
                (case.fine, case.penalties) = (None, vec!["warning"]);
            }
            self.send_to_notorious(&mut case);
            if unit.backdates {
                self.make_backdated(unit, &mut case, &mut stream);
            }
            if unit.backfills {
                self.make_backfilled(unit, &mut case, &mut stream);
            }
            cases.push(case);
        }
        if unit.splits {
            self.add_split(unit, month, &mut cases, &mut stream);
        }
        if unit.quota.is_some() {
            self.add_dropped(unit, month, &mut cases);
        }
        self.add_across(unit, month, &mut cases);
        cases
    }

    /// One firm of a county is penalised for its dangers again and again; another, in a small province, for small things.
    fn send_to_notorious(&self, case: &mut Case) {
        let one_in = if self.small { 4 } else { 500 };
        if case.domain == EMERGENCY && case.salt % one_in == 3 {
            case.firm = self.notorious_firm(case.county).or(case.firm.take());
        } else if case.domain == EMERGENCY && case.salt % 4 == 1 {
            case.firm = self.careless_firm(case.county).or(case.firm.take());
        }
    }

    /// A case that was begun on the spot and came to nothing: now and then, where a quota leaves hardly any other.
    fn add_dropped(&self, unit: &Unit, month: Month, cases: &mut Vec<Case>) {
        let mut stream = Stream::new(self.seed, "dropped", &[unit.index as u64, month.to_epoch_days() as u64]);
        let (happens, domain) = (stream.chance(self.rare(0.08)), unit.domains[stream.below(unit.domains.len())].0);
        // In turn, so that even a small province has each.
        let outcome = ["withdrawn", "transferred", "no_fact"][(unit.index + month.month as usize + 1) % 3];
        if !happens {
            return;
        }
        let mut drawn = (0..12).map(|_| self.case(unit, month, cases.len(), &mut stream));
        let Some(mut case) = drawn.find(|case| case.domain == domain) else { return };
        let day = shanghai_day(case.received_at);
        case.take_on_the_spot(day, self.days.plus_working(day, 3));
        (case.origin, case.outcome, case.penalties, case.fine, case.confiscated) = (Origin::Patrol, outcome, Vec::new(), None, None);
        if case.has_left() {
            (case.decided, case.delivered, case.left) = (None, None, case.closed);
        }
        cases.push(case);
    }

    /// Officers of both sides of a province's border now and then look for the same on the same day. What they find beyond it is a case
    /// of the neighbour's division, taken on with that of their own side.
    fn add_across(&self, unit: &Unit, month: Month, cases: &mut Vec<Case>) {
        let beyond = self.strangers.iter().position(|(county, _)| unit.tier == Tier::County && unit.county == Some(*county));
        let mut stream = Stream::new(self.seed, "across", &[unit.index as u64, month.to_epoch_days() as u64]);
        let (Some(stranger), true) = (beyond, stream.chance(self.rare(0.12))) else { return };
        let mut case = self.case(unit, month, cases.len(), &mut stream);
        let is_usual = |case: &&Case| case.planted.is_empty() && case.suspensions.is_empty() && case.device.is_none() && !case.item_missing;
        let ended = |case: &&Case| case.is_penalty() && case.decided.is_some() && self.names_band(case);
        let Some(own) = cases.iter().filter(is_usual).find(ended) else { return };
        (case.domain, case.item, case.item_missing, case.severity, case.procedure) =
            (own.domain, own.item, false, own.severity, own.procedure);
        (case.county, case.place_county, case.across, case.origin) = (own.county, own.county, Some(stranger), Origin::Patrol);
        // One firm of the county, another of its lorries or sites.
        case.firm = own.firm.as_ref().map(|firm| self.firm(own.county, firm.index % self.firms_per_county + 1));
        (case.outcome, case.penalties, case.fine, case.confiscated) = ("penalty", vec!["fine"], own.fine, None);
        (case.received_at, case.found_at, case.damage) = (own.received_at, own.found_at, own.damage);
        (case.filed, case.investigated, case.notice, case.reviewed) = (own.filed, own.investigated, own.notice, own.reviewed);
        (case.discussed, case.decided, case.delivered, case.closed) = (own.discussed, own.decided, own.delivered, own.closed);
        (case.device, case.device_reviewed, case.extension, case.hearing, case.left) = (None, None, own.extension, None, None);
        case.suspensions.clear();
        cases.push(case);
    }

    /// One honest case.
    pub fn case(&self, unit: &Unit, month: Month, number: usize, stream: &mut Stream) -> Case {
        let domain = unit.domains[stream.weighted(&unit.domains.iter().map(|(_, weight)| *weight).collect::<Vec<_>>())].0;
        let (item, item_missing) = draw_item(unit, domain, stream);
        let county = self.county_for(unit, stream);
        let firm = self.party_of(item, county, stream);
        let origin = draw_origin(unit, item, stream);
        let procedure = draw_procedure(item, origin, stream);
        let day = self.days.act_day(month, 0.08, stream);
        let received_at = self.days.office_hour(day, stream);
        let mut case = Case {
            id: format!("{}{:02}{:02}{number:05}", unit.id, month.year % 100, month.month),
            number,
            domain,
            item,
            item_missing,
            county,
            place_county: if stream.chance(self.rare(0.045)) { self.neighbour_of(county, stream) } else { county },
            across: None,
            firm,
            origin,
            procedure,
            received_at,
            found_at: received_at,
            filed: None,
            investigated: None,
            notice: None,
            reviewed: None,
            discussed: None,
            decided: None,
            delivered: None,
            closed: None,
            left: None,
            outcome: "penalty",
            penalties: Vec::new(),
            fine: None,
            confiscated: None,
            severity: "一般",
            extension: None,
            suspensions: Vec::new(),
            hearing: None,
            damage: None,
            device: None,
            device_reviewed: None,
            officers: self.draw_officers(unit, stream),
            education: false,
            corrected_early: stream.chance(0.3),
            entry_delay: if stream.chance(0.85) { stream.between(0, 2) } else { stream.between(3, 25) },
            backfilled_on: None,
            planted: Vec::new(),
            salt: (stream.between(0, i32::MAX - 1)) as u64,
        };
        draw_device(&mut case, unit, stream);
        draw_result(&mut case, unit, stream);
        if self.honest {
            self.confiscate(&mut case);
        }
        if procedure == "simple" {
            self.run_simple(&mut case, unit, day, stream)
        } else {
            self.run_ordinary(&mut case, unit, day, stream)
        }
        case
    }

    /// What is taken away with the fine is worth what it is worth: little for most, a thousand times as much for a few; the food law takes
    /// it from nearly everybody. Where some cheat while cases are drawn, as in the sample province, sums stay small and rare.
    fn confiscate(&self, case: &mut Case) {
        let mut stream = Stream::about(self.seed, "confiscated", &case.id);
        let (taken, yuan) = (stream.chance(TAKEN), (WORTH.0 + WORTH.1 * stream.normal()).exp());
        if taken && case.item.food && case.fine.is_some() && case.confiscated.is_none() && case.procedure != "simple" {
            case.penalties.push("confiscate_gains");
            case.confiscated = Some(0);
        }
        case.confiscated = case.confiscated.map(|_| ((yuan * 10.0).round() as i64 * 10).max(500));
    }

    fn run_simple(&self, case: &mut Case, unit: &Unit, day: i32, stream: &mut Stream) {
        let decided = if case.origin == Origin::Device { self.days.plus_working(day, stream.between(1, 4)) } else { day };
        case.decided = Some(decided);
        case.filed = stream.chance(0.3).then_some(day);
        case.delivered = Some(if stream.chance(World::odds(unit, 0.70, 0.96)) { decided } else { decided + stream.between(1, 6) });
        case.closed = Some(self.days.plus_working(decided, stream.between(0, 9)));
        case.entry_delay = case.entry_delay.min(6);
        let forgotten = stream.chance(self.rare(0.012));
        if forgotten || case.has_left() {
            (case.decided, case.delivered) = (None, None);
            case.left = case.closed.filter(|_| case.has_left());
        }
    }

    fn run_ordinary(&self, case: &mut Case, unit: &Unit, day: i32, stream: &mut Stream) {
        let food = case.item.food && case.domain == MARKET;
        let limit = if food { 7 } else { 15 };
        let filed = self.days.lag_working(day, limit, World::odds(unit, 0.48, 0.92), stream);
        let found = self.days.plus_working(day, stream.between(0, 3)).min(filed);
        let found_at = self.days.office_hour(found, stream);
        if case.origin == Origin::Lead {
            case.found_at = found_at.max(case.received_at);
        }
        case.filed = (!stream.chance(0.008)).then_some(filed);
        let legal = if case.domain == EMERGENCY && filed < 20_485 { 30 } else { 90 };
        let mut extra = 0;
        if stream.chance(0.09) {
            case.extension = Some(30);
            extra = stream.between(0, 30);
        }
        let (in_law, in_target) = (stream.chance(World::odds(unit, 0.70, 0.99)), stream.chance(World::odds(unit, 0.45, 0.96)));
        let lag = match (food, in_target, in_law) {
            (true, true, _) => Days::lag(30, 1.0, stream),
            (_, _, true) => Days::lag(legal, 1.0, stream) + extra,
            _ => Days::lag(legal, 0.0, stream) + extra,
        };
        let quick = case.procedure == "quick";
        let lag = self.suspend(case, filed, lag.max(if quick { 8 } else { 17 }), stream);
        let never = stream.chance(World::odds(unit, 0.08, 0.006));
        let decided = self.days.working(filed + lag);
        let decided = if decided > filed + lag && lag >= legal { filed + lag } else { decided };
        case.investigated = Some(filed + (lag * 7) / 10);
        // Five working days lie between the notice and the decision, whatever the holidays.
        case.notice = Some(self.days.worked_before(decided - if quick { 7 } else { 12 + (case.salt % 3) as i32 }).max(filed + 1));
        let major = case.is_major() || self.is_complex(case) || case.hearing.is_some();
        let reviewed = stream.chance(if major { World::odds(unit, 0.72, 0.99) } else { 0.14 });
        case.reviewed = reviewed.then_some(self.days.worked_before(decided - 2));
        let discussed = share_of(self.seed, DISCUSSED, case.salt) < if major { World::odds(unit, 0.66, 0.985) } else { 0.01 };
        case.discussed = discussed.then_some(self.days.worked_before(decided - 1));
        // Few of those who may ask for a hearing do.
        let heard = case.hearing.is_some() || (case.is_major() && share_of(self.seed, HEARD, case.salt) < 0.09);
        case.hearing = heard.then_some(self.days.worked_before(decided - 4));
        if never {
            (case.notice, case.reviewed, case.discussed, case.hearing) = (None, None, None, None);
            return;
        }
        if case.has_left() {
            // The decision to withdraw is mostly noted, that to hand on seldom.
            let noted = share_of(self.seed, LEFT, case.salt) < if case.outcome == "withdrawn" { 0.85 } else { 0.3 };
            (case.left, case.decided) = (Some(decided), noted.then_some(decided));
            case.closed = Some(self.days.plus_working(decided, (case.salt % 21) as i32));
            return;
        }
        case.decided = (case.outcome != "guided" || stream.chance(0.9)).then_some(decided);
        // Who is let go is sometimes told so and nothing is signed.
        if case.outcome == "no_penalty" && share_of(self.seed, UNDATED, case.salt) < self.rare(0.015) {
            case.decided = None;
        }
        let delivered = self.days.lag_working(decided, 7, World::odds(unit, 0.55, 0.95), stream);
        case.delivered = case.decided.map(|_| delivered);
        case.closed = Some(self.days.plus_working(delivered, stream.between(1, 22)));
    }

    /// Whether the case counts as complex, whatever it costs the party.
    pub fn is_complex(&self, case: &Case) -> bool {
        case.procedure == "ordinary" && share_of(self.seed, COMPLEX, case.salt) < self.rare(0.015)
    }

    /// Adds suspensions, some of them overlapping or without an end; returns the lag with the days that they excuse.
    fn suspend(&self, case: &mut Case, filed: i32, lag: i32, stream: &mut Stream) -> i32 {
        if !stream.chance(0.11) {
            return lag;
        }
        let kind = if case.item.food {
            "testing"
        } else {
            stream.choose(&[("hearing", 2.0), ("appraisal", 2.0), ("publication", 1.0), ("pending_other", 0.5), ("party_missing", 0.5)])
        };
        let (from, length) = (filed + stream.between(2, 15), stream.between(7, 30));
        let open_ended = stream.chance(0.12);
        case.suspensions.push(Suspension { from, to: (!open_ended).then_some(from + length - 1), kind });
        if kind == "hearing" {
            case.hearing = Some(from + length - 2);
        }
        let mut days = length;
        if stream.chance(0.3) {
            let second = from + stream.between(1, length);
            let end = second + stream.between(5, 20);
            case.suspensions.push(Suspension { from: second, to: Some(end), kind: "publication" });
            days = days.max(end - from + 1);
        }
        lag + if stream.chance(0.8) { days } else { days / 2 }
    }

    /// A person (`None`) or one of the county's enterprises.
    fn party_of(&self, item: &Item, county: usize, stream: &mut Stream) -> Option<Firm> {
        let person = match item.domain {
            MARKET => 0.04,
            URBAN => 0.62,
            ECO => {
                if item.township {
                    0.8
                } else {
                    0.02
                }
            }
            TRANSPORT => 0.35,
            _ => 0.08,
        };
        let is_person = stream.chance(person);
        let mut nth = self.firm_number(stream.unit());
        for _ in 0..6 {
            let another = stream.below(self.firms_per_county as usize) as u64;
            if item.food && !self.sells_food(county, nth) {
                nth = another;
            }
        }
        (!is_person).then(|| self.firm(county, nth))
    }

    /// A county beside the county, or itself where it has none.
    pub fn neighbour_of(&self, county: usize, stream: &mut Stream) -> usize {
        let near: Vec<usize> =
            self.borders.iter().filter_map(|(a, b, _)| if *a == county { Some(*b) } else { (*b == county).then_some(*a) }).collect();
        let index = stream.below(near.len());
        near.get(index).copied().unwrap_or(county)
    }

    /// Officers on the act: two or three, sometimes one.
    pub fn draw_officers(&self, unit: &Unit, stream: &mut Stream) -> Vec<u32> {
        let count = if stream.chance(World::odds(unit, 0.92, 0.99)) { 2 + u32::from(stream.chance(0.2)) } else { 1 };
        let first = stream.between(0, unit.officers as i32 - 1) as u32;
        let step = 1 + stream.between(0, 2) as u32;
        (0..count).map(|nth| (first + nth * step) % unit.officers).collect()
    }
}

/// Devices that each unit owns.
pub(super) const DEVICES_PER_UNIT: u32 = 6;

fn draw_item(unit: &Unit, domain: usize, stream: &mut Stream) -> (&'static Item, bool) {
    let mut items = items_of(domain);
    let off_list = stream.chance(World::odds(unit, 0.24, 0.04));
    if unit.tier == Tier::Township {
        let listed: Vec<_> = items.iter().copied().filter(|(index, _)| ITEMS[*index].township != off_list).collect();
        if !listed.is_empty() {
            items = listed;
        }
    }
    let weights: Vec<f64> = items.iter().map(|(_, weight)| *weight).collect();
    let item = &ITEMS[items[stream.weighted(&weights)].0];
    (item, stream.chance(World::odds(unit, 0.06, 0.004)))
}

fn draw_origin(unit: &Unit, item: &Item, stream: &mut Stream) -> Origin {
    let device = if item.offsite { World::odds(unit, 0.38, 0.88) * if item.domain == URBAN { 1.0 } else { 0.5 } } else { 0.0 };
    if stream.chance(device) {
        return Origin::Device;
    }
    let lead = if item.food {
        0.62
    } else if item.domain == ECO {
        0.5
    } else {
        0.28
    };
    [Origin::Lead, Origin::Inspection, Origin::Patrol][stream.weighted(&[lead, 0.35, if item.domain == URBAN { 0.4 } else { 0.1 }])]
}

fn draw_procedure(item: &Item, origin: Origin, stream: &mut Stream) -> &'static str {
    let simple = item.simple * if origin == Origin::Lead { 0.35 } else { 1.0 };
    match stream.unit() {
        share if share < simple => "simple",
        share if share < simple + 0.06 => "quick",
        _ => "ordinary",
    }
}

fn draw_device(case: &mut Case, unit: &Unit, stream: &mut Stream) {
    if case.origin == Origin::Device {
        case.device = Some(stream.between(0, DEVICES_PER_UNIT as i32 - 1) as u32);
        let review = case.found_at + i64::from(stream.between(1, 90)) * HOUR;
        case.device_reviewed = stream.chance(World::odds(unit, 0.6, 0.97)).then_some(review);
    }
}

fn draw_result(case: &mut Case, unit: &Unit, stream: &mut Stream) {
    let simple = case.procedure == "simple";
    let outcomes =
        [("penalty", 0.74), ("no_penalty", 0.11), ("guided", 0.07), ("no_fact", 0.03), ("transferred", 0.025), ("withdrawn", 0.025)];
    // On the spot hardly anything is left open.
    let weights = outcomes.map(|(_, weight)| if simple && weight < 0.05 { weight * 0.6 } else { weight });
    case.outcome = outcomes[stream.weighted(&weights)].0;
    // What a scale reports is at times nobody's: the plate can't be read.
    if case.is_overload() && case.device.is_some() && case.salt % 6 == 2 {
        case.outcome = "no_fact";
    }
    let warning = stream.chance(if simple { 0.3 } else { 0.12 });
    let heavy = stream.unit();
    case.severity = if heavy < 0.35 {
        "较轻"
    } else if heavy < 0.85 {
        "一般"
    } else {
        "较重"
    };
    let position = stream.unit() * if case.outcome == "penalty" { 1.0 } else { 0.0 };
    let (low, high) = (f64::from(case.item.fine.0), f64::from(case.item.fine.1));
    let mut fine = low + (high - low) * position * position * if heavy > 0.85 { 1.3 } else { 0.8 };
    if simple {
        let cap = if case.party_kind() == "org" { 3_000.0 } else { 200.0 };
        let over = stream.chance(World::odds(unit, 0.10, 0.005));
        fine = if over { cap * 1.5 + 100.0 } else { fine.min(cap) };
    }
    let step = if fine < 1_000.0 {
        50.0
    } else if fine < 20_000.0 {
        500.0
    } else {
        1_000.0
    };
    let cents = ((fine / step).round() * step * 100.0) as i64;
    let damage = stream.unit();
    if case.domain == ECO {
        case.damage = if damage < 0.45 {
            Some(true)
        } else if damage < 0.93 {
            Some(false)
        } else {
            None
        };
    }
    let educated = stream.chance(World::odds(unit, 0.6, 0.98));
    let gains = stream.chance(if case.item.food { 0.35 } else { 0.04 });
    let gain_cents = i64::from(stream.between(80, 4_000)) * 100;
    match case.outcome {
        "penalty" if warning => case.penalties.push("warning"),
        "penalty" => {
            case.penalties.push("fine");
            case.fine = Some(cents.max(5_000));
            if gains && !simple {
                case.penalties.push("confiscate_gains");
                case.confiscated = Some(gain_cents);
            }
        }
        "no_penalty" => case.education = educated,
        _ => {}
    }
}
