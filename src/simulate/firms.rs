//! Enterprises that do not exist, with codes that pass the check of GB 32100-2015.
//!
//! In: an index. Out: the enterprise of that index; nothing is kept in memory, so that a province can have millions.
//! Never here: real companies or persons; names are put together from syllables.

use crate::error::Result;
use crate::simulate::draw::{hash_of, share_of};
use crate::simulate::sheet::{Output, Sheets};
use crate::simulate::world::World;
use crate::terms::{CREDIT_CODE_LETTERS, Month, credit_code_check};

/// A code of 18 characters: two of department and category, six of region, nine of organisation, one of check.
pub(super) fn credit_code(kind: &str, region: &str, number: u64) -> String {
    let mut code = format!("{kind}{}MA", &region[..6]).into_bytes();
    let mut rest = number;
    let mut digits = [b'0'; 7];
    for digit in digits.iter_mut().rev() {
        *digit = CREDIT_CODE_LETTERS[(rest % 31) as usize];
        rest /= 31;
    }
    code.extend(digits);
    code.extend(credit_code_check(&code));
    code.into_iter().map(char::from).collect()
}

const SYLLABLES: [&str; 24] = [
    "瑞", "禾", "昌", "泽", "恒", "源", "嘉", "茂", "盛", "和", "安", "达", "锦", "润", "丰", "宏", "景", "辰", "鼎", "诚", "悦", "朗",
    "格", "维",
];
const TRADES: [(&str, &str, bool); 8] = [
    ("餐饮店", "6210", true),
    ("食品超市", "5212", true),
    ("药房", "5251", false),
    ("五金制品厂", "3311", false),
    ("印染厂", "1713", false),
    ("物流", "5430", false),
    ("建材经营部", "5286", false),
    ("化工", "2614", false),
];

/// Kinds of firms under special watch, as their lists write them.
pub(super) const COACHES: &str = "两客一危";
pub(super) const CHEMICALS: &str = "危险化学品";

/// One enterprise.
pub(super) struct Firm {
    /// Index, over the province.
    pub index: u64,
    /// Unified social credit code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `individual`: a sole trader.
    pub individual: bool,
    /// Sells or serves food.
    pub food: bool,
    /// Trade index.
    pub trade: usize,
}

/// What the attributes are drawn for.
const NUMBER: u64 = 11;
const TRADE: u64 = 12;
const LEGAL_FORM: u64 = 13;
const NAME: u64 = 14;
const SIZE: u64 = 15;
const RISK: u64 = 16;
const STATUS: u64 = 17;
const FOUNDED: u64 = 18;
const DEPARTMENTS: u64 = 19;
const WATCHED: u64 = 20;

impl World {
    /// The `nth` enterprise of the county.
    pub fn firm(&self, county: usize, nth: u64) -> Firm {
        let nth = nth % self.firms_per_county;
        let index = county as u64 * self.firms_per_county + nth;
        let trade = self.trade_of(index);
        let individual = share_of(self.seed, LEGAL_FORM, index) < if TRADES[trade].2 { 0.55 } else { 0.15 };
        // Numbers are spread by a multiplication that visits every residue once, so that no two firms share a code.
        let number = (index + 1).wrapping_mul(9_973).wrapping_add(hash_of(self.seed, NUMBER, 0) % 1_000_000) % 27_512_614_111;
        let code = credit_code(if individual { "92" } else { "91" }, &self.counties[county].code, number);
        let name = hash_of(self.seed, NAME, index);
        let syllable = |shift: u64| SYLLABLES[((name >> shift) % 24) as usize];
        let place = self.counties[county].name.trim_end_matches(['区', '县', '市']);
        let ending = if individual { "" } else { "有限公司" };
        let name = format!("{place}{}{}{}{}{ending}", syllable(0), syllable(8), syllable(16), TRADES[trade].0);
        Firm { index, code, name, individual, food: TRADES[trade].2, trade }
    }

    fn trade_of(&self, index: u64) -> usize {
        [0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 3][(hash_of(self.seed, TRADE, index) % 12) as usize]
    }

    /// Whether the `nth` enterprise of the county sells or serves food.
    pub fn sells_food(&self, county: usize, nth: u64) -> bool {
        TRADES[self.trade_of(county as u64 * self.firms_per_county + nth % self.firms_per_county)].2
    }

    /// Whether several departments have business with it.
    pub fn has_many_departments(&self, firm: &Firm) -> bool {
        share_of(self.seed, DEPARTMENTS, firm.index) < if matches!(firm.trade, 0 | 4 | 7) { 0.6 } else { 0.25 }
    }

    fn watched_as(&self, firm: &Firm) -> &'static [&'static str] {
        match firm.trade {
            5 if share_of(self.seed, WATCHED, firm.index) < 0.6 => &[COACHES],
            7 if share_of(self.seed, WATCHED, firm.index) < 0.8 => &[CHEMICALS],
            _ => &[],
        }
    }

    /// Writes every enterprise.
    pub fn write_firms(&self, sheets: &mut Sheets, output: &mut dyn Output) -> Result<()> {
        for county in 0..self.counties.len() {
            for nth in 0..self.firms_per_county {
                let firm = self.firm(county, nth);
                let towns = &self.counties[county].towns;
                let town = towns.get((nth % towns.len().max(1) as u64) as usize);
                let sheet = sheets.of("enterprises");
                let share = |what| share_of(self.seed, what, firm.index);
                sheet.text("credit_code", &firm.code).text("name", &firm.name);
                sheet.text(
                    "kind",
                    if firm.individual {
                        "individual"
                    } else if share(LEGAL_FORM) > 0.97 {
                        "coop"
                    } else {
                        "company"
                    },
                );
                let size = if firm.individual {
                    "micro"
                } else {
                    ["micro", "small", "small", "small", "medium", "large"][(share(SIZE) * 6.0) as usize]
                };
                sheet.text("size", size).text("industry_code", TRADES[firm.trade].1);
                sheet.text("region_code", town.map_or(self.counties[county].code.as_str(), |town| town.0.as_str()));
                sheet.text("risk_class", ["A", "A", "B", "B", "B", "C", "C", "D"][(share(RISK) * 8.0) as usize]);
                sheet.text("credit_class", ["A", "B", "B", "C"][(share(RISK) * 97.0 % 4.0) as usize]);
                sheet.flag("food_operator", firm.food).flag("high_hazard", firm.trade == 7);
                // A few were founded inside the last two years: their first full check is not due yet.
                let founded = share(FOUNDED);
                let founded =
                    if founded > 0.97 { 19_950 + ((founded - 0.97) * 10_000.0) as i32 } else { 11_000 + (founded * 8_500.0) as i32 };
                let founded = if self.is_new(nth, share(FOUNDED)) { self.this_year(share(FOUNDED)) } else { founded };
                sheet.date("established_on", founded).date("valid_from", founded).text("status", Self::status_of(&share));
                sheet.flag("uscc_valid", true).list("regulated_kinds", self.watched_as(&firm));
                sheet.flag("multi_department", self.has_many_departments(&firm));
                sheet.end();
                sheets.hand_on_full(output)?;
            }
        }
        Ok(())
    }

    /// Whether the `nth` firm of its county was founded in the year of the last month: one of those that attract the least attention,
    /// so that hardly any act is older than its firm.
    fn is_new(&self, nth: u64, share: f64) -> bool {
        nth * 3 > self.firms_per_county && share < self.rare(0.012)
    }

    /// A day between the beginning of the last month's year and that month.
    fn this_year(&self, share: f64) -> i32 {
        let last = self.months[self.asked - 1].0;
        let begins = Month { year: last.year, month: 1 }.to_epoch_days();
        begins + (share * 10_000.0) as i32 % (last.to_epoch_days() - begins).max(1)
    }

    /// The firm of the county whose dangers never end, and which is no more in the end; not every county has one.
    pub fn notorious_firm(&self, county: usize) -> Option<Firm> {
        (0..self.firms_per_county.min(400)).map(|nth| self.firm(county, nth)).find(|firm| {
            let share = |what| share_of(self.seed, what, firm.index);
            !firm.individual && Self::status_of(&share) != "在业"
        })
    }

    /// The firm of a small province's county that is penalised again and again for small things, and never had a major hazard.
    pub fn careless_firm(&self, county: usize) -> Option<Firm> {
        let first = self.firms_per_county / 3;
        (first..first + 20).filter(|_| self.small).map(|nth| self.firm(county, nth)).find(|firm| !firm.individual)
    }

    fn status_of(share: &dyn Fn(u64) -> f64) -> &'static str {
        match share(STATUS) {
            s if s < 0.955 => "在业",
            s if s < 0.98 => "注销",
            _ => "吊销",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_code_has_eighteen_characters_and_passes_the_check() {
        let code = credit_code("92", "330402", 123_456);
        assert_eq!(code.len(), 18);
        assert!(crate::terms::is_credit_code(&code), "{code}");
    }
}
