//! What acts are held against: benchmarks of discretion, agreements of neighbours, published numbers of inspections.
//!
//! In: the province and the catalogue of matters. Out: rows of `benchmarks`, `agreements`, `key_industry_quota`; the band of a
//! matter and a grade, for whoever fines. Never here: acts.

use crate::simulate::draw::share_of;
use crate::simulate::firms::{CHEMICALS, COACHES};
use crate::simulate::items::{DOMAINS, ECO, EMERGENCY, ITEMS, Item, MARKET, TRANSPORT};
use crate::simulate::rows_province::date;
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Tier, World};

/// Grades of severity, as cases write them.
const GRADES: [&str; 3] = ["较轻", "一般", "较重"];

/// What an agreement's existence is drawn for (the neighbours' table says the same).
const AGREEMENT: u64 = 72;

/// Firms that a plan names at most.
const NAMED_FIRMS: usize = 6;

/// The band of fines of the matter in the grade, yuan.
pub(super) fn band(item: &Item, severity: &str) -> (i64, i64) {
    let (low, high) = (i64::from(item.fine.0), i64::from(item.fine.1));
    let width = high - low;
    let round = |amount: i64| (amount + 25) / 50 * 50;
    match severity {
        "较轻" => (low.min(200), round(low + width * 7 / 10)),
        "较重" => (round(low + width / 100), round(high + width / 10)),
        _ => (low, round(low + width * 8 / 10)),
    }
}

/// Whether a band of the matter stands in a published list.
pub(super) fn is_published(item: &Item) -> bool {
    ITEMS.iter().position(|known| known.code == item.code).is_some_and(|nth| has_band(nth) && is_made_known(nth))
}

/// Some matters have no band yet.
fn has_band(nth: usize) -> bool {
    nth % 17 != 13
}

/// A few bands are put to use without having been published.
fn is_made_known(nth: usize) -> bool {
    nth % 11 != 7
}

impl World {
    /// `benchmarks`: a band a grade; some matters have none yet, some an older one, a few one that nobody published.
    pub fn write_benchmarks(&self, sheets: &mut Sheets) {
        for (nth, item) in ITEMS.iter().enumerate().filter(|(nth, _)| has_band(*nth)) {
            for severity in GRADES {
                let now = band(item, severity);
                if nth % 3 == 0 {
                    let before = (now.0 * 9 / 10, now.1 * 9 / 10);
                    self.write_band(sheets, nth, severity, before, (date(2021, 7, 15), Some(date(2024, 12, 31))));
                    self.write_band(sheets, nth, severity, now, (date(2025, 1, 1), None));
                } else {
                    self.write_band(sheets, nth, severity, now, (date(2022, 7, 1), None));
                }
            }
        }
    }

    fn write_band(&self, sheets: &mut Sheets, nth: usize, severity: &str, fine: (i64, i64), valid: (i32, Option<i32>)) {
        let item = &ITEMS[nth];
        let issuer =
            self.units.iter().find(|unit| unit.tier == Tier::Province && unit.domains.iter().any(|(domain, _)| *domain == item.domain));
        let sheet = sheets.of("benchmarks");
        sheet.text("item_code", item.code).text("item_name", item.violation).text("domain", DOMAINS[item.domain]);
        sheet.text("severity", severity).number("fine_min", fine.0).number("fine_max", fine.1);
        if severity == "较重" && item.food {
            sheet.text("other_penalty", "责令停产停业");
        }
        sheet.text_of("issuer_unit", issuer.map(|unit| unit.id.as_str())).text("document", "行政处罚裁量基准（省级）");
        sheet.date("published_on", is_made_known(nth).then_some(valid.0 - 30));
        sheet.date("valid_from", valid.0).date("valid_to", valid.1);
        sheet.end();
    }

    /// `agreements` of the pairs whose adjacency names one; some ran out and were not renewed.
    pub fn write_agreements(&self, sheets: &mut Sheets) {
        for (a, b, _) in &self.borders {
            let share = share_of(self.seed, AGREEMENT, (a * 1_000 + b) as u64);
            if share >= 0.6 {
                continue;
            }
            let sheet = sheets.of("agreements");
            sheet.text("region_a", &self.counties[*a].code).text("region_b", &self.counties[*b].code);
            sheet.list("domains", if share < 0.4 { &[] } else { &["eco", "market"] });
            sheet.text("agreement_no", &format!("边协〔2025〕{}号", a * 100 + b + 1));
            sheet.text("document", &format!("{}与{}边界执法协作协议", self.counties[*a].name, self.counties[*b].name));
            sheet.date("valid_from", date(2025, 1, 1)).date("valid_to", (share < 0.15).then_some(date(2025, 12, 31)));
            sheet.end();
        }
    }

    /// `key_industry_quota` of every unit below the province, for the years that the extract reaches into.
    pub fn write_quotas(&self, sheets: &mut Sheets) {
        let years: std::collections::BTreeSet<i16> = self.months.iter().rev().take(18).map(|(month, _)| month.year).collect();
        for unit in self.units.iter().filter(|unit| unit.tier != Tier::Province) {
            let charged = |industry: &(usize, &Industry)| unit.domains.iter().any(|(domain, _)| *domain == industry.1.domain);
            for (nth, industry) in INDUSTRIES.iter().enumerate().filter(charged) {
                // A few lines of such plans lack the number, or name no document that it rests on.
                let (numbered, sourced) = ((unit.index * 5 + nth) % 23 != 17, (unit.index * 5 + nth) % 23 != 22);
                let named = unit.index % 4 == 1;
                let targets = unit.county.filter(|_| named).map(|county| self.named_firms(county, industry.trades)).unwrap_or_default();
                for year in &years {
                    let sheet = sheets.of("key_industry_quota");
                    sheet.text("unit_id", &unit.id).text("industry_code", industry.code).text("industry_name", industry.name);
                    sheet.number("year", i64::from(*year)).text("domain", DOMAINS[industry.domain]);
                    sheet.number("required_per_year", numbered.then_some(1)).number("cap", industry.cap).list("targets", &targets);
                    sheet.text_of("source", sourced.then_some(industry.source));
                    sheet.end();
                }
            }
        }
    }

    fn named_firms(&self, county: usize, trades: &[usize]) -> Vec<String> {
        let firms = (0..self.firms_per_county.min(400)).map(|nth| self.firm(county, nth));
        firms.filter(|firm| trades.contains(&firm.trade)).take(NAMED_FIRMS).map(|firm| firm.code).collect()
    }
}

/// A key industry of a domain.
struct Industry {
    domain: usize,
    code: &'static str,
    name: &'static str,
    /// Trades of firms, see `firms`.
    trades: &'static [usize],
    cap: Option<i64>,
    source: &'static str,
}

const INDUSTRIES: [Industry; 6] = [
    Industry { domain: MARKET, code: "62", name: "餐饮业", trades: &[0], cap: Some(4), source: "食品安全年度监督检查计划" },
    Industry { domain: ECO, code: "17", name: "纺织业", trades: &[4], cap: Some(4), source: "生态环境年度监督检查计划" },
    Industry {
        domain: ECO, code: "26", name: "化学原料和化学制品制造业", trades: &[7], cap: None, source: "生态环境年度监督检查计划"
    },
    Industry {
        domain: TRANSPORT, code: COACHES, name: "两客一危企业", trades: &[5], cap: None, source: "交通运输年度监督检查计划"
    },
    Industry {
        domain: EMERGENCY, code: CHEMICALS, name: "危险化学品企业", trades: &[7], cap: Some(6), source: "安全生产年度监督检查计划"
    },
    Industry {
        domain: EMERGENCY, code: "3311", name: "金属结构制造", trades: &[3], cap: Some(4), source: "安全生产年度监督检查计划"
    },
];
