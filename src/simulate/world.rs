//! The province: divisions, units with their skill, officers, devices.
//!
//! In: the request and the reference texts. Out: one [`World`] that all months share; it is small, whatever the number of cases.
//! Never here: acts, rows, files. Divisions and neighbours are real; units, their skill and their officers are invented.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::calendar::WorkCalendar;
use crate::error::{Error, Kind, Result};
use crate::simulate::SimulationFormat;
use crate::simulate::days::Days;
use crate::simulate::draw::Stream;
use crate::simulate::items::{ECO, EMERGENCY, MARKET, TRANSPORT, URBAN};
use crate::simulate::{Planting, ReferenceTexts, SimulationRequest};
use crate::terms::{Month, epoch_days};

/// A county with its townships (code, name).
pub(super) struct County {
    pub code: String,
    pub name: String,
    /// Index of its city.
    pub city: usize,
    pub towns: Vec<(String, String)>,
}

/// A city.
pub(super) struct City {
    pub code: String,
    pub name: String,
}

/// Tier of a unit, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    Province,
    City,
    County,
    Township,
}

impl Tier {
    /// Its code in the contracts.
    pub fn code(self) -> &'static str {
        ["province", "city", "county", "township"][self as usize]
    }
}

/// An enforcement unit.
pub(super) struct Unit {
    pub id: String,
    pub name: String,
    pub tier: Tier,
    pub region: String,
    pub city: Option<usize>,
    pub county: Option<usize>,
    pub parent: Option<usize>,
    /// Domain indices with the share of each in its acts.
    pub domains: Vec<(usize, f64)>,
    /// How well it works: 0.05 (badly) to 0.95.
    pub skill: f64,
    /// Its share of all cases.
    pub weight: f64,
    pub officers: u32,
    /// Its place in the province's list: the name of its streams.
    pub index: usize,
    /// Cases a month that a quota demands of it, planted.
    pub quota: Option<u32>,
    /// Other planted patterns.
    pub backdates: bool,
    pub backfills: bool,
    pub splits: bool,
    /// Sends the platform nothing at all.
    pub silent: bool,
}

/// The province.
pub(super) struct World {
    pub seed: u64,
    pub province: (String, String),
    pub cities: Vec<City>,
    pub counties: Vec<County>,
    pub units: Vec<Unit>,
    /// Pairs of counties with the shared border in kilometres.
    pub borders: Vec<(usize, usize, f64)>,
    /// Counties with the code of a neighbour in another province.
    pub strangers: Vec<(usize, String)>,
    /// County offices by county and domain.
    pub offices: BTreeMap<(usize, usize), Vec<usize>>,
    /// All units' weights together.
    pub total_weight: f64,
    pub firms_per_county: u64,
    pub days: Days,
    /// Months that acts are generated for, oldest first, with the cases expected in each.
    pub months: Vec<(Month, f64)>,
    /// A small province: a thin past, fewer columns of record keeping, so that its files stay small.
    pub small: bool,
    /// Offices send files of their own making.
    pub from_offices: bool,
    /// Nobody cheats while cases are drawn.
    pub honest: bool,
    /// How much commoner rare events are than in life, so that a small province shows them too.
    pub boost: f64,
    pub night: u32,
    /// Months asked for; later nights may add to them.
    pub asked: usize,
    /// Share of ordinary files that are not on paper alone, in a large province: there most of them, so that documents stay about as many
    /// as cases, and their rate low. `None` leaves it to the office's care.
    pub scanned: Option<f64>,
}

/// Kinds of county and city offices: suffix of the id, name, domains, weight of its cases.
type Office = (&'static str, &'static str, &'static [(usize, f64)], f64);
const OFFICES_FEW: [Office; 3] = [
    ("SJ", "市场监督管理局", &[(MARKET, 1.0)], 1.4),
    ("ZF", "综合行政执法局", &[(URBAN, 0.8), (TRANSPORT, 0.2)], 1.4),
    ("ST", "生态环境分局", &[(ECO, 1.0)], 1.0),
];
const OFFICES_MANY: [Office; 5] = [
    ("SJ", "市场监督管理局", &[(MARKET, 1.0)], 1.4),
    ("ZF", "综合行政执法局", &[(URBAN, 0.85), (EMERGENCY, 0.15)], 1.5),
    ("ST", "生态环境分局", &[(ECO, 1.0)], 0.6),
    ("JT", "交通运输局", &[(TRANSPORT, 1.0)], 0.8),
    ("YJ", "应急管理局", &[(EMERGENCY, 1.0)], 0.5),
];

/// A unit whose name changed while the province was sending.
pub(super) struct Renamed {
    pub unit: usize,
    /// What it was called before.
    pub former: String,
    /// First day of the new name, as days since 1970.
    pub on: i32,
}

/// How many of the months asked for were sent under the new name.
const MONTHS_SINCE_RENAMING: usize = 3;

/// Months of at most so much are a province's thin past: nobody is asked about them, and no patrols were held.
pub(super) const THIN: f64 = 0.3;

impl World {
    /// The unit whose name changed; a province of few months has none.
    pub fn renamed(&self) -> Option<Renamed> {
        let first = self.asked.checked_sub(MONTHS_SINCE_RENAMING).filter(|first| *first > 0)?;
        let unit = self.units.iter().rev().filter(|unit| unit.tier == Tier::County && !unit.silent).nth(1)?;
        let on = epoch_days(self.months.get(first)?.0.first_day());
        Some(Renamed { unit: unit.index, former: format!("{}Y", unit.id), on })
    }

    /// Builds the province of the request.
    ///
    /// # Errors
    /// A province code that the reference does not have, a calendar that does not read, a request for no units or months.
    pub fn new(request: &SimulationRequest, texts: &ReferenceTexts<'_>) -> Result<Self> {
        if request.units < 8 || request.months == 0 {
            return Err(Error::new(Kind::Configuration, "a province needs at least 8 units and 1 month"));
        }
        let bug = |error: String| Error::new(Kind::Configuration, error).while_doing("reading the work calendar");
        let calendar = WorkCalendar::from_csv(texts.work_calendar).map_err(bug)?;
        let night = request.night.unwrap_or(0);
        let days = Days::new(calendar, epoch_days(request.as_of) + night as i32);
        let few = request.units < 150;
        let offices: &[Office] = if few { &OFFICES_FEW } else { &OFFICES_MANY };
        let mut world = Self {
            seed: request.seed,
            province: (request.province.clone(), String::new()),
            cities: Vec::new(),
            counties: Vec::new(),
            units: Vec::new(),
            borders: Vec::new(),
            strangers: Vec::new(),
            offices: BTreeMap::new(),
            total_weight: 0.0,
            firms_per_county: 0,
            months: Vec::new(),
            small: request.cases < 200_000,
            from_offices: request.format == SimulationFormat::Offices,
            honest: request.plant != Planting::Usual,
            boost: 1.0,
            night,
            asked: request.months,
            scanned: (request.cases >= 200_000).then_some(0.22),
            days,
        };
        world.choose_divisions(request.units, offices.len(), texts)?;
        world.found_units(request.units, offices);
        if !world.honest {
            world.plant();
        }
        world.silence();
        world.offices = crate::simulate::leads::offices(&world.units);
        world.total_weight = world.units.iter().map(|unit| unit.weight).sum();
        world.months = world.plan_months(request);
        // With few firms everybody is visited again and again by chance; where nobody may look like that, there are more of them.
        let cases_per_firm = if world.honest { 1 } else { 4 };
        world.firms_per_county = (request.cases / world.counties.len() as u64 / cases_per_firm).clamp(60, 400_000);
        // Of the months asked for: a night that opens a further month must not draw the months before it anew.
        let per_half_year = request.cases as f64 / world.units.len() as f64 / request.months as f64 * 6.0;
        world.boost = (60.0 / per_half_year).clamp(1.0, 2.5);
        Ok(world)
    }

    fn choose_divisions(&mut self, units: usize, offices: usize, texts: &ReferenceTexts<'_>) -> Result<()> {
        let regions: Vec<Vec<&str>> = rows(texts.regions);
        let inside = |code: &str| code[..2] == self.province.0[..2];
        self.province.1 = match regions.iter().find(|row| row[0] == self.province.0 && row[2] == "1") {
            Some(row) => row[1].to_owned(),
            None => {
                let message = format!("`{}` is no province in the reference", self.province.0);
                return Err(Error::new(Kind::Configuration, message).with_hint("write the six digits of a province, as 330000"));
            }
        };
        let real = |row: &&Vec<&str>| row.get(4) != Some(&"virtual");
        let all: BTreeMap<&str, (&str, &str)> =
            regions.iter().filter(|row| row[2] == "3" && inside(row[0])).filter(real).map(|row| (row[0], (row[1], row[3]))).collect();
        let mut neighbours: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
        let adjacency = rows(texts.adjacency);
        for row in adjacency.iter().filter(|row| all.contains_key(row[0]) && all.contains_key(row[2])) {
            let kilometres = row[5].parse().unwrap_or(1.0);
            neighbours.entry(row[0]).or_default().push((row[2], kilometres));
            neighbours.entry(row[2]).or_default().push((row[0], kilometres));
        }
        let per_county = offices as f64 * 1.15 + if units < 150 { 3.0 } else { 3.5 };
        let wanted = ((units as f64 / per_county).round() as usize).clamp(2, all.len());
        let cities = wanted.div_ceil(8).max(if wanted >= 4 { 2 } else { 1 });
        let chosen = grow(&all, &neighbours, wanted, cities);
        for code in &chosen {
            let (name, city) = all[code.as_str()];
            let index = self.cities.iter().position(|known| known.code == city).unwrap_or_else(|| {
                let name = regions.iter().find(|row| row[0] == city).map_or(city, |row| row[1]);
                self.cities.push(City { code: city.to_owned(), name: name.to_owned() });
                self.cities.len() - 1
            });
            self.counties.push(County { code: code.clone(), name: name.to_owned(), city: index, towns: Vec::new() });
        }
        for row in rows(texts.townships) {
            if let Some(county) = self.counties.iter_mut().find(|county| county.code == row[3]) {
                county.towns.push((row[0].to_owned(), row[1].to_owned()));
            }
        }
        let index: BTreeMap<&str, usize> = chosen.iter().enumerate().map(|(index, code)| (code.as_str(), index)).collect();
        for row in adjacency.iter().filter(|row| row[0][..2] != row[2][..2]) {
            for (own, other) in [(row[0], row[2]), (row[2], row[0])] {
                self.strangers.extend(index.get(own).map(|county| (*county, other.to_owned())));
            }
        }
        for (code, near) in &neighbours {
            for (other, kilometres) in near.iter().filter(|(other, _)| other > code) {
                if let (Some(a), Some(b)) = (index.get(code), index.get(other)) {
                    self.borders.push((*a, *b, *kilometres));
                }
            }
        }
        Ok(())
    }

    fn found_units(&mut self, wanted: usize, offices: &[Office]) {
        for office in offices {
            let name = format!(
                "{}{}",
                self.province.1,
                office.1.replace("分局", "厅").replace("交通运输局", "交通运输厅").replace("应急管理局", "应急管理厅")
            );
            self.found(Tier::Province, self.province.0.clone(), name, None, office, 0.45);
        }
        for city in 0..self.cities.len() {
            for office in offices {
                let (code, name) = (self.cities[city].code.clone(), self.cities[city].name.clone());
                let name = format!("{name}{}", office.1.replace("分局", "局"));
                self.found(Tier::City, code, name, Some((city, None)), office, 0.7);
            }
        }
        for county in 0..self.counties.len() {
            for office in offices {
                let (code, name, city) =
                    (self.counties[county].code.clone(), self.counties[county].name.clone(), self.counties[county].city);
                let prefix = if office.0 == "ST" { self.cities[city].name.clone() } else { String::new() };
                self.found(Tier::County, code, name_of_branch(&prefix, &name, office), Some((city, Some(county))), office, 1.0);
            }
        }
        // Townships: six in the first county, so that a pattern over sub-units can show; the rest in turns.
        let mut next = vec![0usize; self.counties.len()];
        let mut county = 0;
        let towns: [Office; 2] = [("XZ", "", &[(URBAN, 0.5), (MARKET, 0.5)], 0.7), ("XZ", "", &[(URBAN, 0.7), (EMERGENCY, 0.3)], 0.6)];
        while self.units.len() < wanted {
            let place = if next[0] < 6.min(self.counties[0].towns.len()) { 0 } else { county };
            if let Some((code, name)) = self.counties[place].towns.get(next[place]).cloned() {
                let ending = if name.ends_with("街道") { "办事处" } else { "人民政府" };
                let city = self.counties[place].city;
                self.found(Tier::Township, code, format!("{name}{ending}"), Some((city, Some(place))), &towns[self.units.len() % 2], 1.0);
            } else if next.iter().zip(&self.counties).all(|(next, county)| *next >= county.towns.len()) {
                break;
            }
            next[place] += 1;
            if place == county {
                county = (county + 1) % self.counties.len();
            }
        }
    }

    fn found(&mut self, tier: Tier, region: String, name: String, place: Option<(usize, Option<usize>)>, office: &Office, share: f64) {
        let index = self.units.len();
        let mut stream = Stream::new(self.seed, "unit", &[index as u64]);
        let (city, county) = (place.map(|place| place.0), place.and_then(|place| place.1));
        let wanted = if tier == Tier::Township { "ZF" } else { office.0 };
        let above = |unit: &&Unit| match tier {
            Tier::Province => false,
            Tier::City => unit.tier == Tier::Province,
            Tier::County => unit.tier == Tier::City && unit.city == city,
            Tier::Township => unit.tier == Tier::County && unit.county == county,
        };
        let candidates: Vec<&Unit> = self.units.iter().filter(above).collect();
        let parent = candidates.iter().find(|unit| unit.id.ends_with(wanted)).or(candidates.first()).map(|unit| unit.index);
        let mut domains = office.2.to_vec();
        if tier == Tier::Township && stream.chance(0.35) {
            domains.push((ECO, 0.08));
        }
        self.units.push(Unit {
            id: format!("{region}{}", office.0),
            name,
            tier,
            region,
            city,
            county,
            parent,
            domains,
            skill: (0.62 + 0.13 * stream.normal()).clamp(0.25, 0.92),
            weight: office.3 * share * (0.22 * stream.normal()).exp(),
            officers: 4 + stream.between(2, if tier == Tier::Township { 8 } else { 26 }) as u32,
            index,
            quota: None,
            backdates: false,
            backfills: false,
            splits: false,
            silent: false,
        });
    }

    /// Whose data will be cheated, and how: known to the answer key alone.
    fn plant(&mut self) {
        let mut stream = Stream::new(self.seed, "plant", &[]);
        let sub_units: Vec<usize> =
            self.units.iter().filter(|unit| unit.tier == Tier::Township && unit.county == Some(0)).map(|unit| unit.index).collect();
        for index in sub_units.into_iter().take(8) {
            self.units[index].quota = Some(2);
        }
        let mut free: Vec<usize> = self
            .units
            .iter()
            .filter(|unit| matches!(unit.tier, Tier::County | Tier::City) && unit.weight > if self.small { 0.8 } else { 0.4 })
            .map(|unit| unit.index)
            .collect();
        let each = (self.units.len() / 40).clamp(1, 12);
        for pattern in 0..3 {
            for _ in 0..each.min(free.len()) {
                let unit = free.swap_remove(stream.below(free.len()));
                match pattern {
                    0 => self.units[unit].backdates = true,
                    1 => self.units[unit].backfills = true,
                    _ => self.units[unit].splits = true,
                }
                // A small province has few cases a unit: what is planted must still be there to be found.
                self.units[unit].weight *= if self.small && pattern < 2 { 2.5 } else { 1.0 };
            }
        }
    }

    /// A few small units below the province's eye have never sent the platform anything.
    fn silence(&mut self) {
        let planted = |unit: &Unit| unit.quota.is_some() || unit.backdates || unit.backfills || unit.splits;
        let may_be_silent = |unit: &&Unit| matches!(unit.tier, Tier::Township | Tier::County) && !planted(unit);
        let mut silent: Vec<usize> = self.units.iter().filter(may_be_silent).map(|unit| unit.index).collect();
        silent.sort_by(|a, b| self.units[*a].weight.total_cmp(&self.units[*b].weight));
        for index in silent.into_iter().take((self.units.len() / 60).clamp(1, 20)) {
            self.units[index].silent = true;
        }
    }

    /// Months with their expected cases: seasonal; a small province has a thin past, so that its files stay small.
    fn plan_months(&self, request: &SimulationRequest) -> Vec<(Month, f64)> {
        let last = Month::of(request.as_of);
        let count = request.months as i32;
        let weight = |back: i32| self.days.season(last.plus(-back)) * self.thickness(back);
        let total: f64 = (0..count).map(weight).sum();
        let cases = |back: i32| weight(back) / total * request.cases as f64;
        let mut months: Vec<(Month, f64)> = (0..count).rev().map(|back| (last.plus(-back), cases(back))).collect();
        // Later nights may reach into later months; the months before them must not change for that.
        let horizon = crate::terms::date_from_epoch_days(self.days.as_of()).map_or(last, Month::of);
        let mut month = last.next();
        while month <= horizon {
            months.push((month, self.days.season(month) / total * request.cases as f64));
            month = month.next();
        }
        months
    }

    /// How much of a month's acts, so many months back, a province has; a small one has a thin past ([`THIN`]).
    fn thickness(&self, back: i32) -> f64 {
        match back {
            _ if !self.small => 1.0,
            14.. => 0.1,
            8..14 => 0.4,
            _ => 1.0,
        }
    }

    /// [`World::thickness`] of the `nth` month.
    pub fn thickness_of(&self, nth: usize) -> f64 {
        self.thickness(self.asked as i32 - 1 - nth as i32)
    }

    /// A county in which the unit acts, by draw.
    pub fn county_for(&self, unit: &Unit, stream: &mut Stream) -> usize {
        if let Some(county) = unit.county {
            return county;
        }
        let inside: Vec<usize> =
            (0..self.counties.len()).filter(|county| unit.city.is_none_or(|city| self.counties[*county].city == city)).collect();
        inside[stream.below(inside.len())]
    }

    /// The probability of doing something right, for a unit of its skill, between `low` (skill 0) and `high` (skill 1).
    pub fn odds(unit: &Unit, low: f64, high: f64) -> f64 {
        low + (high - low) * unit.skill
    }

    /// Units without an interface to the platform: their "platform records" are read out of their own export.
    pub fn without_interface(&self, unit: &Unit) -> bool {
        self.from_offices && unit.tier == Tier::Province
    }

    /// When a record was submitted that the platform had on the day; a small province's platform notes it for a third of them.
    pub fn submitted_before(&self, arrived: i32, record: &str) -> Option<i64> {
        let noted = !self.small || record.bytes().map(usize::from).sum::<usize>() % 3 == 0;
        noted.then(|| Days::evening(arrived))
    }

    /// The number of one of the county's firms: some attract more attention than others, in an honest province a little more.
    pub fn firm_number(&self, share: f64) -> u64 {
        let drawn = if self.honest { share * share.sqrt().sqrt() } else { share * share };
        (drawn * self.firms_per_county as f64) as u64
    }

    /// A rare event's probability, raised in a small province.
    pub fn rare(&self, p: f64) -> f64 {
        (p * self.boost).min(0.6)
    }
}

fn name_of_branch(prefix: &str, county: &str, office: &Office) -> String {
    if office.0 == "ST" { format!("{prefix}生态环境局{county}分局") } else { format!("{county}{}", office.1) }
}

/// Rows of a reference text without its heading and comments.
pub(super) fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .skip(1)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(',').map(str::trim).collect())
        .collect()
}

/// `wanted` counties that hang together, out of at most `cities` cities, starting where two cities meet.
fn grow(all: &BTreeMap<&str, (&str, &str)>, neighbours: &BTreeMap<&str, Vec<(&str, f64)>>, wanted: usize, cities: usize) -> Vec<String> {
    let across = |code: &&&str| neighbours.get(**code).is_some_and(|near| near.iter().any(|(other, _)| all[other].1 != all[**code].1));
    let start = all.keys().filter(|code| across(code)).max_by_key(|code| (neighbours[**code].len(), std::cmp::Reverse(**code)));
    let start = start.or_else(|| all.keys().next()).copied().unwrap_or_default();
    let mut chosen: Vec<String> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::from([start]);
    let mut queue = VecDeque::from([start]);
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let share = wanted.div_ceil(cities);
    let mut put_off = VecDeque::new();
    while chosen.len() < wanted {
        let Some(code) =
            queue.pop_front().or_else(|| put_off.pop_front()).or_else(|| all.keys().find(|code| !seen.contains(*code)).copied())
        else {
            break;
        };
        seen.insert(code);
        let city = all[code].1;
        let count = taken.get(city).copied().unwrap_or(0);
        if (count == 0 && taken.len() >= cities) || (count >= share && !queue.is_empty()) {
            if count > 0 {
                put_off.push_back(code);
            }
            continue;
        }
        *taken.entry(city).or_default() += 1;
        chosen.push(code.to_owned());
        for (other, _) in neighbours.get(code).into_iter().flatten() {
            if seen.insert(other) {
                queue.push_back(other);
            }
        }
    }
    chosen.sort();
    chosen
}
