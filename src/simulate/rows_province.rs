//! Rows of the tables that change slowly: divisions, neighbours, units, officers, item lists, caps, devices, monitored matters.
//!
//! In: the province. Out: rows of `regions`, `region_adjacency`, `units`, `officers`, `item_lists`, `inspection_caps`, `scheme_events`,
//! `devices`, `monitored_pollution_types`. Never here: acts; what acts are held against (see `rows_standards`).

use crate::error::Result;
use crate::simulate::ReferenceTexts;
use crate::simulate::cases::DEVICES_PER_UNIT;
use crate::simulate::draw::{Stream, hash_of, share_of};
use crate::simulate::firms::credit_code;
use crate::simulate::items::{DOMAINS, ECO, EMERGENCY, ITEMS, MARKET, supervise_code};
use crate::simulate::rows_case::device_id;
use crate::simulate::sheet::{Output, Sheet, Sheets};
use crate::simulate::world::{Renamed, Tier, Unit, World, rows};
use crate::terms::epoch_days;

/// What dormant powers are drawn for.
const DORMANT_ITEM: u64 = 75;

/// Powers of each domain that hardly anything calls for, and whether townships are given them, too.
const DORMANT: [[(&str, bool); 6]; 5] = [
    [
        ("伪造食品产地", false),
        ("未按规定公示年度报告", true),
        ("擅自使用他人商品条码", false),
        ("传销活动提供场所", true),
        ("未依法召回缺陷产品", false),
        ("拍卖人违规竞买", false),
    ],
    [
        ("擅自砍伐城市树木", true),
        ("损毁古树名木", false),
        ("污水违规接入雨水管网", true),
        ("破坏城市雕塑", false),
        ("擅自占用公共绿地", true),
        ("违规饲养家禽家畜", true),
    ],
    [
        ("违规转移放射源", false),
        ("破坏自然保护区界标", false),
        ("在禁养区建设养殖场", true),
        ("违规倾倒海洋废弃物", false),
        ("未按规定封场填埋场", false),
        ("违规进口固体废物", false),
    ],
    [
        ("违规从事国际道路运输", false),
        ("损坏航道设施", false),
        ("擅自设置平面交叉道口", true),
        ("违规采砂影响桥梁", false),
        ("伪造船员证书", false),
        ("未按规定检测机动车", false),
    ],
    [
        ("违规开采矿山", false),
        ("未建立应急救援队伍", false),
        ("违规出租生产场所", true),
        ("未投保安全生产责任险", true),
        ("违规进行爆破作业", false),
        ("拒不执行停产决定", false),
    ],
];

impl World {
    /// Writes every slowly changing table.
    pub fn write_province(&self, texts: &ReferenceTexts<'_>, sheets: &mut Sheets, output: &mut dyn Output) -> Result<()> {
        self.write_regions(sheets);
        self.write_borders(texts, sheets);
        self.write_units(sheets, output)?;
        self.write_events(sheets);
        self.write_caps(sheets);
        self.write_monitored(sheets);
        self.write_benchmarks(sheets);
        self.write_agreements(sheets);
        self.write_quotas(sheets);
        self.write_firms(sheets, output)?;
        sheets.hand_on_all(output)
    }

    fn write_regions(&self, sheets: &mut Sheets) {
        let mut row = |code: &str, name: &str, level: &str, parent: Option<&str>, people: u64| {
            // Two versions of the same divisions; the older one ended when the newer came into force.
            for (year, until) in [(2023, Some(date(2025, 12, 31))), (2026, None)] {
                let sheet = sheets.of("regions");
                sheet
                    .text("region_code", code)
                    .number("version_year", year)
                    .text("name", name)
                    .text("level", level)
                    .text_of("parent_code", parent);
                let share = share_of(self.seed, 71, code.parse().unwrap_or(0));
                sheet.number("population", (people as f64 * (0.6 + 0.8 * share)) as i64);
                sheet.date("valid_from", date(year as i16, 1, 1)).date("valid_to", until);
                sheet.end();
            }
        };
        row(&self.province.0, &self.province.1, "province", None, 60_000_000);
        for city in &self.cities {
            row(&city.code, &city.name, "city", Some(&self.province.0), 6_000_000);
        }
        for county in &self.counties {
            row(&county.code, &county.name, "county", Some(&self.cities[county.city].code), 700_000);
            for (code, name) in &county.towns {
                row(code, name, "township", Some(&county.code), 60_000);
            }
        }
    }

    /// Neighbours inside the province; those across its border stand there too, with their regions, and are not scored.
    fn write_borders(&self, texts: &ReferenceTexts<'_>, sheets: &mut Sheets) {
        for (a, b, kilometres) in &self.borders {
            let (one, other) = (&self.counties[*a], &self.counties[*b]);
            let sheet = sheets.of("region_adjacency");
            sheet
                .text("region_a", &one.code)
                .text("region_b", &other.code)
                .hundredths("border_km", Some((kilometres * 100.0) as i64).filter(|border| *border > 0));
            sheet.flag("cross_city", one.city != other.city).flag("cross_province", false);
            // Half of the pairs have agreed on a number; the others owe what the province asks of everybody.
            let (agreed, number) = (share_of(self.seed, 75, (a * 1_000 + b) as u64), [2, 4, 4, 6][(a + b) % 4]);
            sheet.number("required_patrols", (agreed < 0.5).then_some(number));
            if share_of(self.seed, 72, (a * 1_000 + b) as u64) < 0.6 {
                sheet.text("agreement_no", &format!("边协〔2025〕{}号", a * 100 + b + 1)).date("agreement_from", date(2025, 1, 1));
            }
            sheet.end();
        }
        let inside: Vec<&str> = self.counties.iter().map(|county| county.code.as_str()).collect();
        let mut strangers: Vec<[&str; 2]> = Vec::new();
        let adjacency = rows(texts.adjacency);
        for row in adjacency.iter().filter(|row| row[6] == "0" && (inside.contains(&row[0]) != inside.contains(&row[2]))) {
            let stranger = if inside.contains(&row[0]) { [row[2], row[3]] } else { [row[0], row[1]] };
            if !strangers.contains(&stranger) {
                strangers.push(stranger);
            }
            let sheet = sheets.of("region_adjacency");
            sheet.text("region_a", row[0].min(row[2])).text("region_b", row[0].max(row[2]));
            sheet
                .hundredths("border_km", (row[5].parse::<f64>().unwrap_or(0.0) * 100.0) as i64)
                .flag("cross_city", true)
                .flag("cross_province", true);
            sheet.end();
        }
        for [code, name] in strangers {
            for (year, until) in [(2023, Some(date(2025, 12, 31))), (2026, None)] {
                let sheet = sheets.of("regions");
                sheet.text("region_code", code).number("version_year", year).text("name", name).text("level", "county");
                sheet.date("valid_from", date(year as i16, 1, 1)).date("valid_to", until);
                sheet.end();
            }
        }
    }

    fn write_units(&self, sheets: &mut Sheets, output: &mut dyn Output) -> Result<()> {
        let renamed = self.renamed();
        for unit in &self.units {
            let code = credit_code("11", &unit.region, 1_000 + unit.index as u64);
            let sheet = sheets.of("units");
            sheet.text("unit_id", &unit.id).text("unit_name", &unit.name).text("credit_code", &code);
            sheet.text("unit_kind", self.kind_of(unit));
            let domains: Vec<&str> = unit.domains.iter().map(|(domain, _)| DOMAINS[*domain]).collect();
            sheet.list("domain_list", &domains).text("tier", unit.tier.code()).text("region_code", &unit.region);
            sheet.text_of("parent_unit_id", self.superior_of(unit).map(|parent| self.units[parent].id.as_str()));
            // A small province has too few units for three sizes of each tier: a peer group would be one unit.
            let size = if self.small {
                if unit.tier == Tier::Township { "small" } else { "medium" }
            } else if unit.officers < 12 {
                "small"
            } else if unit.officers < 22 {
                "medium"
            } else {
                "large"
            };
            let renamed = renamed.as_ref().filter(|renamed| renamed.unit == unit.index);
            let since = renamed.map_or(date(2019, 1, 1), |renamed| renamed.on);
            sheet.text("size_class", size).date("valid_from", since).number("officer_quota", i64::from(unit.officers));
            sheet.end();
            if let Some(renamed) = renamed {
                self.write_former(unit, renamed, size, sheets);
            }
            self.write_officers(unit.index, sheets);
            self.write_items(unit.index, sheets);
            self.write_devices(unit.index, sheets);
            sheets.hand_on_full(output)?;
        }
        self.write_ended_units(sheets);
        Ok(())
    }

    /// Some streets act on behalf of their county.
    fn kind_of(&self, unit: &Unit) -> &'static str {
        match unit.tier {
            Tier::Township if unit.index % 6 == 2 => "entrusted",
            Tier::Township => "township",
            _ => "agency",
        }
    }

    /// Whom the unit's row names above it: the last county's environment branch answers to the province itself.
    fn superior_of(&self, unit: &Unit) -> Option<usize> {
        let direct = unit.tier == Tier::County && unit.county == Some(self.counties.len() - 1) && unit.id.ends_with("ST");
        let parent = unit.parent?;
        if direct { self.units[parent].parent } else { Some(parent) }
    }

    /// The row under which a renamed unit stood before.
    fn write_former(&self, unit: &Unit, renamed: &Renamed, size: &str, sheets: &mut Sheets) {
        let sheet = sheets.of("units");
        sheet.text("unit_id", &renamed.former).text("unit_name", &format!("原{}", unit.name)).text("unit_kind", self.kind_of(unit));
        let domains: Vec<&str> = unit.domains.iter().map(|(domain, _)| DOMAINS[*domain]).collect();
        sheet.list("domain_list", &domains).text("tier", unit.tier.code()).text("region_code", &unit.region);
        sheet.text_of("parent_unit_id", self.superior_of(unit).map(|parent| self.units[parent].id.as_str())).text("size_class", size);
        sheet.date("valid_from", date(2019, 1, 1)).date("valid_to", renamed.on - 1).text("replaced_by", &unit.id);
        sheet.end();
    }

    /// Two stations that ended before last year's figures were due: one became part of another unit, one was abolished.
    fn write_ended_units(&self, sheets: &mut Sheets) {
        let Some((last, _)) = self.months.get(self.asked - 1) else { return };
        let Some(unit) = self.units.iter().rev().find(|unit| unit.tier == Tier::County) else { return };
        for (suffix, name, successor) in [("DZ", "直属执法队", Some(unit.id.as_str())), ("JC", "机动稽查队", None)] {
            let sheet = sheets.of("units");
            sheet
                .text("unit_id", &format!("{}{suffix}", unit.region))
                .text("unit_name", &format!("{}{name}", unit.name))
                .text("unit_kind", "agency");
            sheet.list("domain_list", &[DOMAINS[unit.domains[0].0]]).text("tier", unit.tier.code()).text("region_code", &unit.region);
            sheet.text_of("parent_unit_id", unit.parent.map(|parent| self.units[parent].id.as_str())).text("size_class", "small");
            sheet.date("valid_from", date(2019, 1, 1)).date("valid_to", date(last.year, 1, 15)).text_of("replaced_by", successor);
            sheet.end();
        }
    }

    /// A bonus, a deduction and a veto, each of another county's unit, at the beginning of the last months.
    fn write_events(&self, sheets: &mut Sheets) {
        const EVENTS: [(&str, &str, i64, &str, i32); 3] = [
            ("经验做法获省级推广", "bonus", 150, "监督办〔2026〕9号", 0),
            ("penalty_void", "veto", 0, "行政复议决定〔2026〕17号", 31),
            ("处罚决定未按期公示", "deduction", -50, "监督通知〔2026〕31号", 0),
        ];
        // Months of later nights follow the asked ones; the events stay where they are.
        let Some((last, _)) = self.months.get(self.asked - 1) else { return };
        let counties = self.units.iter().filter(|unit| unit.tier == Tier::County);
        for ((nth, (code, kind, points, document, days_before)), unit) in (1..).zip(EVENTS).zip(counties) {
            let sheet = sheets.of("scheme_events");
            sheet.text("event_id", &format!("SX{nth:04}")).text("unit_id", &unit.id).text("code", code).text("kind", kind);
            sheet.hundredths("points", Some(points).filter(|points| *points != 0)).text("evidence_doc", document);
            sheet.date("event_on", epoch_days(last.first_day()) - days_before);
            sheet.end();
        }
    }

    fn write_officers(&self, unit: usize, sheets: &mut Sheets) {
        let unit = &self.units[unit];
        for nth in 0..unit.officers {
            let share = share_of(self.seed, 73, unit.index as u64 * 4_096 + u64::from(nth));
            let from = date(2020, 1, 1) + (share * 900.0) as i32;
            // Some certificates ran out and nobody renewed them.
            let to = if share < 0.06 { from + 1_826 } else { date(2028, 12, 31) };
            let sheet = sheets.of("officers");
            self.begin_officer(sheet, unit, nth, "formal");
            sheet.text("certificate_no", &self.certificate_no(unit, nth)).date("cert_valid_from", from).date("cert_valid_to", to);
            // Where nobody wrote down the first day in the post, the certificate tells it.
            sheet.date("in_post_from", Some(from - 200).filter(|_| share < 0.97)).flag("legal_qualified", share > 0.4 && share < 0.5);
            sheet.end();
        }
        self.write_other_staff(unit, sheets);
    }

    /// Those who stand in no act: assistants, who hold no certificate; who came or went of late; whose papers are missing.
    fn write_other_staff(&self, unit: &Unit, sheets: &mut Sheets) {
        let Some((last, _)) = self.months.get(self.asked - 1) else { return };
        let (assistants, index) = (1 + unit.officers / 12, unit.index);
        for nth in unit.officers..unit.officers + assistants {
            let sheet = sheets.of("officers");
            self.begin_officer(sheet, unit, nth, "assistant");
            sheet.date("in_post_from", date(2022, 3, 1) + (index as i32 * 7 + nth as i32) % 900);
            sheet.end();
        }
        let begins = |back: i32| last.plus(-back).to_epoch_days() + (index % 20) as i32;
        let others = [
            (index % 3 == 0, Some(begins(3)), None),
            (index % 4 == 1, Some(begins(7)), Some(begins(4))),
            (index % 5 == 2, Some(begins(50)), Some(begins(2))),
            (index % 6 == 3, None, None),
        ];
        let there = others.into_iter().filter(|(there, _, _)| *there);
        for (nth, (_, from, to)) in (unit.officers + assistants..).zip(there) {
            let sheet = sheets.of("officers");
            self.begin_officer(sheet, unit, nth, "formal");
            if let Some(from) = from {
                sheet.text("certificate_no", &self.certificate_no(unit, nth)).date("cert_valid_from", from + 20);
                sheet.date("cert_valid_to", date(2030, 12, 31)).date("in_post_from", from).date("in_post_to", to);
            }
            sheet.end();
        }
    }

    fn begin_officer(&self, sheet: &mut Sheet, unit: &Unit, nth: u32, kind: &str) {
        sheet.text("officer_id", &self.officer_id(unit, nth)).text("unit_id", &unit.id);
        sheet.text("name_masked", &self.masked_name(hash_of(7, unit.index as u64, nth.into()))).text("post_kind", kind);
        let domains: Vec<&str> = unit.domains.iter().map(|(domain, _)| DOMAINS[*domain]).collect();
        sheet.list("domains", &domains);
    }

    fn write_items(&self, unit: usize, sheets: &mut Sheets) {
        let unit = &self.units[unit];
        let township = unit.tier == Tier::Township;
        // Townships got their lists in two waves; acts before that have no list to be held against.
        let start = if !township {
            date(2021, 7, 15)
        } else if unit.index % 3 == 0 {
            date(2026, 2, 1)
        } else {
            date(2024, 7, 1)
        };
        for (nth, item) in ITEMS.iter().enumerate().filter(|(_, item)| unit.domains.iter().any(|(domain, _)| *domain == item.domain)) {
            if township && !item.township {
                continue;
            }
            let sheet = sheets.of("item_lists");
            sheet.text("unit_id", &unit.id).text("item_code", item.code).text("domain", DOMAINS[item.domain]);
            sheet.text("supervise_item_code", &supervise_code(item)).list("act_kinds", &["penalty", "inspection"]);
            // A small province's lists leave the statute to the list of powers.
            if self.small {
                sheet.text("item_name", item.violation);
            } else {
                sheet.text("item_name", &format!("对{}的行政处罚", item.violation)).text("basis", item.basis);
            }
            sheet
                .flag("is_food_drug", item.food && item.domain == MARKET)
                .flag("life_health_finance", item.food || item.domain == EMERGENCY);
            sheet.text("source_list", if township { "empowered" } else { "lawful" }).date("valid_from", start);
            // Some matters were handed back.
            if township && (nth + unit.index) % 17 == 0 {
                sheet.date("valid_to", date(2026, 3, 31));
            }
            sheet.end();
        }
        self.write_dormant_items(unit, start, sheets);
    }

    /// Powers that stand in the list and that nothing ever called for: more at a county than in a township, fewer where an office made
    /// its list itself.
    fn write_dormant_items(&self, unit: &Unit, start: i32, sheets: &mut Sheets) {
        let township = unit.tier == Tier::Township;
        for (domain, _) in &unit.domains {
            for (nth, (name, for_townships)) in DORMANT[*domain].iter().enumerate() {
                let left_out = share_of(self.seed, DORMANT_ITEM, (unit.index * 64 + domain * 8 + nth) as u64) < 0.2;
                if left_out || (township && !for_townships) {
                    continue;
                }
                let sheet = sheets.of("item_lists");
                sheet.text("unit_id", &unit.id).text("item_code", &format!("3302{}9{nth:02}000", ["31", "17", "16", "18", "25"][*domain]));
                sheet.text("domain", DOMAINS[*domain]).text("item_name", name).list("act_kinds", &["penalty"]);
                sheet.text("source_list", if township { "empowered" } else { "lawful" });
                // A few were put on the list this year.
                let newly = (unit.index + nth) % 9 == 4;
                sheet.date("valid_from", if newly { date(2026, 1, 1) } else { start });
                sheet.end();
            }
        }
    }

    fn write_devices(&self, unit: usize, sheets: &mut Sheets) {
        let unit = &self.units[unit];
        for nth in 0..DEVICES_PER_UNIT {
            let mut stream = Stream::new(self.seed, "device", &[unit.index as u64, u64::from(nth)]);
            let kind = stream.choose(&[("camera", 5.0), ("fence", 1.0), ("scale", 1.0), ("drone", 1.0), ("sensor", 1.0)]);
            let good = 0.75 + 0.24 * unit.skill;
            let (published, legal, technical) = (stream.chance(good), stream.chance(good), stream.chance(good));
            let from = date(2023, 1, 1) + stream.between(0, 600);
            let sheet = sheets.of("devices");
            sheet.text("device_id", &device_id(unit, nth)).text("kind", kind).text("owner_unit", &unit.id);
            if published {
                sheet.text("published_place", &format!("{}第{}号点位", unit.name, nth + 1));
            }
            // Some places were made known only after the device had begun to work.
            let late = share_of(self.seed, 74, unit.index as u64 * 16 + u64::from(nth)) < 0.15;
            sheet.date("published_on", published.then_some(if late { from + 60 } else { from - 5 }));
            sheet.date("legal_reviewed_on", legal.then_some(from - 14)).date("technical_reviewed_on", technical.then_some(from - 10));
            sheet.date("calibrated_on", from + 480).date("valid_from", from);
            sheet.end();
        }
    }

    fn write_caps(&self, sheets: &mut Sheets) {
        let exempt = ["complaint", "assigned", "offsite_alert", "media", "recheck", "request", "licence", "emergency", "supervision"];
        let mut row = |domain: &str, class: Option<&str>, own: i64, combined: i64| {
            let sheet = sheets.of("inspection_caps");
            sheet
                .text("scheme_id", "CAP2025")
                .text("domain", domain)
                .text_of("enterprise_class", class)
                .number("per_unit_cap", own)
                .number("combined_cap", combined);
            sheet
                .list("exempt_triggers", &exempt)
                .date("valid_from", date(2025, 1, 1))
                .text("source", "关于公布涉企行政检查年度频次上限的通知");
            sheet.text("item_code", "*").text("enterprise_class", "*").text("tier", "*");
            sheet.end();
        };
        for domain in [MARKET, crate::simulate::items::URBAN, ECO, crate::simulate::items::TRANSPORT, EMERGENCY] {
            row(DOMAINS[domain], None, 2, 4);
        }
        row(DOMAINS[MARKET], Some("D"), 4, 6);
        row(DOMAINS[ECO], Some("D"), 4, 6);
        row(DOMAINS[MARKET], Some("A"), 1, 2);
    }

    fn write_monitored(&self, sheets: &mut Sheets) {
        for item in ITEMS.iter().filter(|item| item.pollution.is_some()) {
            let sheet = sheets.of("monitored_pollution_types");
            sheet.text("item_code", item.code).date("valid_from", date(2020, 1, 1)).text_of("kind", item.pollution);
            sheet.flag("is_automatic_available", matches!(item.pollution, Some("air" | "water" | "noise")));
            sheet.end();
        }
    }
}

/// A civil date in days since the epoch.
pub(super) fn date(year: i16, month: i8, day: i8) -> i32 {
    epoch_days(jiff::civil::date(year, month, day))
}
