//! What a call to 12345 is about: the truth, and what the hotline and the office wrote of it, which is not always the truth.
//!
//! In: the number of an order, its unit, domain, county. Out: its [`Topic`]: category, words, declared flag, place, caller.
//! Never here: rows (see `public`), the course of the order in time.
//!
//! Whether an order is truly about enforcement depends on its number alone ([`World::is_about_enforcement`]): no column says so, and
//! whoever has the request can tell for every order how well the derived flag (population `hotline_register`) meets it.

use crate::simulate::draw::{Stream, hash_of};
use crate::simulate::items::{ECO, EMERGENCY, MARKET, TRANSPORT, URBAN};
use crate::simulate::world::{Unit, World};

/// What the list of categories says of a code (see `queries/reference/hotline_categories.csv`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Enforcement,
    Depends,
    Nothing,
}

/// A thing that people call about.
struct Matter {
    code: &'static str,
    domain: usize,
    says: Says,
    /// Street lamps, manholes, rubbish and the like.
    livelihood: bool,
    /// What is said when it is about enforcement.
    reported: &'static str,
    /// What is said when it is not.
    asked: &'static str,
}

const fn matter(code: &'static str, domain: usize, says: Says, reported: &'static str, asked: &'static str) -> Matter {
    Matter { code, domain, says, livelihood: false, reported, asked }
}

const fn facility(code: &'static str, reported: &'static str, asked: &'static str) -> Matter {
    Matter { code, domain: URBAN, says: Says::Depends, livelihood: true, reported, asked }
}

use Says::{Depends, Enforcement, Nothing};

/// Matters of any domain.
const ANY: usize = usize::MAX;

const MATTERS: [Matter; 39] = [
    matter("0101", MARKET, Depends, "商家促销承诺不兑现", "咨询商家退换货规则"),
    matter("0103", MARKET, Enforcement, "餐馆使用过期食材", "询问食品经营许可如何办理"),
    matter("0104", MARKET, Depends, "商品与宣传不符，商家拒不退款", "与商家协商退款，请协助联系"),
    matter("0105", MARKET, Enforcement, "停车场不明码标价乱收费", "咨询停车收费标准"),
    matter("0106", MARKET, Enforcement, "店铺无照经营", "询问办理营业执照所需材料"),
    matter("0107", MARKET, Depends, "电梯超期未检仍在使用", "电梯停运，希望尽快修好"),
    matter("0108", MARKET, Nothing, "有人冒用他人身份办理营业执照", "咨询营业执照变更流程"),
    matter("0102", URBAN, Depends, "工地夜间施工扰民", "建议增设便民摊位"),
    matter("0111", URBAN, Enforcement, "商户占道经营", "咨询夜市摆摊如何申请"),
    matter("0112", URBAN, Enforcement, "楼顶违法搭建", "询问阳光房是否需要审批"),
    matter("0113", URBAN, Enforcement, "电线杆被乱贴小广告", "咨询店招设置要求"),
    matter("0114", URBAN, Enforcement, "车辆违停占用人行道", "咨询人行道停车位收费时段"),
    matter("0115", URBAN, Enforcement, "有人偷倒建筑渣土", "咨询装修废料清运电话"),
    matter("0116", URBAN, Depends, "有人毁坏绿化带种菜", "树枝遮挡窗户，请修剪"),
    facility("0121", "有人擅自拆走路灯", "路灯不亮"),
    facility("0122", "工地挖坏井盖不修复", "井盖松动，请维修"),
    facility("0123", "商户把垃圾倒在垃圾桶外", "垃圾清运不及时"),
    facility("0124", "公厕被商户占用", "公厕停水，请维修"),
    facility("0125", "施工单位挖断人行道未恢复", "人行道地砖破损"),
    matter("0805", URBAN, Depends, "业主违规拆改承重墙", "物业服务差，请协调"),
    matter("08", URBAN, Nothing, "物业占用公共用房", "咨询维修资金使用"),
    matter("0201", ECO, Enforcement, "工厂夜间排放刺鼻气体", "咨询重污染天气预警"),
    matter("0202", ECO, Enforcement, "企业偷排污水", "询问河道水质数据"),
    matter("0203", ECO, Depends, "作坊异味扰民", "建议加强环保宣传"),
    matter("0204", ECO, Depends, "厂房夜间机器噪声超标", "邻居装修声音大，请协调"),
    matter("0205", ECO, Enforcement, "有人倾倒危险废物", "询问废电池投放点"),
    matter("0206", ECO, Nothing, "环评公示与实际建设不符", "咨询环评公示期限"),
    matter("0301", TRANSPORT, Enforcement, "黑车在车站拉客", "咨询网约车办证条件"),
    matter("0302", TRANSPORT, Depends, "出租车拒载绕路", "行李遗失在出租车上，请协助寻找"),
    matter("0303", TRANSPORT, Enforcement, "货车超限超载行驶", "咨询超限运输许可"),
    matter("0304", TRANSPORT, Nothing, "客车站外揽客", "建议增设公交站点"),
    matter("0305", TRANSPORT, Depends, "货车抛洒滴漏", "咨询道路运输证年审"),
    matter("0306", TRANSPORT, Nothing, "有人占用公路堆物", "公路坑洼，请修补"),
    matter("0401", EMERGENCY, Enforcement, "工厂无证动火作业", "咨询安全生产培训报名"),
    matter("0402", EMERGENCY, Depends, "仓库违规存放危险化学品", "建议开展应急演练"),
    matter("0403", EMERGENCY, Nothing, "企业拒不配合隐患排查", "咨询避灾安置点位置"),
    matter("06", ANY, Nothing, "工地拖欠工资", "咨询社保缴费年限"),
    matter("09", ANY, Nothing, "有人私接水管", "小区停水，希望尽快恢复"),
    matter("10", ANY, Nothing, "中介冒充政务大厅收费", "询问政务大厅上班时间"),
];

/// Complaints about officers themselves: kind, category, how often among such complaints, words.
const ABOUT_OFFICERS: [(&str, &str, f64, &str); 5] = [
    ("attitude", "0501", 0.30, "执法人员检查时态度粗暴"),
    ("no_explanation", "0502", 0.11, "罚款后未说明整改要求"),
    ("delay", "0505", 0.30, "反映后多日无人处理"),
    ("unfair", "0503", 0.24, "同样情况未处罚他人"),
    ("corruption", "0506", 0.05, "检查人员收受商户礼品"),
];

/// What an order is about, as it was written down.
pub(super) struct Topic {
    pub category: Option<&'static str>,
    /// The office's own flag, sometimes wrong.
    pub declared: bool,
    pub sub_kind: Option<&'static str>,
    pub livelihood: bool,
    /// The nature of the call, which sets the limit for closing it.
    pub kind: &'static str,
    pub content: Option<String>,
    pub place: u64,
    pub caller: Option<String>,
    /// About officers, by somebody who was rightly dealt with and is angry.
    pub baseless: bool,
}

/// Share of orders that are truly about enforcement.
const TRULY_ABOUT: f64 = 0.62;

/// Of so many firms one place draws calls again and again.
const FIRMS_PER_SPOT: u64 = 25;

impl World {
    /// The truth about an order, which no column holds: whether it is about enforcement.
    pub fn is_about_enforcement(&self, order_id: &str) -> bool {
        Stream::about(self.seed, "truth of order", order_id).chance(TRULY_ABOUT)
    }

    /// What the order is about; `open_days` are those from the call to the closing.
    pub fn topic_of(&self, unit: &Unit, id: &str, domain: usize, county: usize, open_days: i32, anonymous: bool) -> Topic {
        let truth = self.is_about_enforcement(id);
        let mut stream = Stream::about(self.seed, "words", id);
        // Some of those who were fined say that the officers were rude.
        let baseless = truth && Stream::about(self.seed, "baseless", id).chance(self.rare(0.008));
        let about_officers = stream.chance(World::odds(unit, 0.24, 0.05)) && truth || baseless;
        let weights: Vec<f64> = ABOUT_OFFICERS.iter().map(|kind| kind.2).collect();
        let drawn = stream.weighted(&weights);
        let fault = &ABOUT_OFFICERS[if baseless { 0 } else { drawn }];
        let returns = stream.chance(0.3);
        // A place that draws calls again and again draws them about one thing, and half of them from whoever lives there.
        let spot = stream.below((self.firms_per_county / FIRMS_PER_SPOT).max(2) as usize) as u64 + (domain as u64 + 1) * 1_000_000;
        let resident = stream.chance(0.5);
        let matter = if returns { matter_of_spot(domain, spot) } else { drawn_matter(domain, truth, &mut stream) };
        let (well_sorted, mistaken, empty, any) = (stream.chance(0.6), stream.chance(0.025), stream.chance(0.025), stream.below(3));
        let category = match (about_officers, returns) {
            (true, _) if well_sorted => fault.1,
            (false, false) if mistaken => MATTERS[MATTERS.len() - 1 - any].code,
            _ => matter.code,
        };
        let declared = stream.chance(if truth { World::odds(unit, 0.55, 0.93) } else { 0.08 });
        let (noted, vague) = (stream.chance(0.7), stream.chance(if truth { 0.03 } else { 0.06 }));
        let sub_kind = match (about_officers, declared) {
            (true, _) if noted || baseless => Some(fault.0),
            (false, true) if vague => Some("delay"),
            (_, true) if noted => Some("other"),
            _ => None,
        };
        let (marked, kind) = (stream.chance(0.9), kind_of_call(truth, open_days, &mut stream));
        let told = stream.chance(if self.small { 0.13 } else { 0.35 });
        let words = match (truth, about_officers) {
            (true, true) => fault.3,
            (true, false) => matter.reported,
            (false, _) => matter.asked,
        };
        let place = &self.counties[county];
        let town = place.towns.get(stream.below(place.towns.len())).map_or(place.name.as_str(), |town| town.1.as_str());
        let ending = match (truth, stream.unit()) {
            (true, share) if share < 0.45 && !about_officers => "，要求查处",
            (false, share) if share < 0.05 => "，曾向执法队反映",
            (_, share) if share > 0.88 => "，电话139****0000",
            _ => "",
        };
        let content = told.then(|| format!("{town}{words}{ending}"));
        let elsewhere = stream.below(400) as u64;
        let (place, caller) = match (returns, resident) {
            (true, true) => (spot, format!("{county} {spot}")),
            (true, false) => (spot, id.to_owned()),
            _ => (elsewhere, id.to_owned()),
        };
        // Most callers of a small province left no number, those who call again did.
        let caller_known = !self.small || (returns && resident) || stream.chance(0.25);
        let caller = (caller_known && !anonymous).then_some(caller);
        let category = (!empty).then_some(category);
        Topic {
            category,
            declared,
            sub_kind,
            livelihood: matter.livelihood && !about_officers && marked,
            kind,
            content,
            place: hash_of(1, place, county as u64),
            caller,
            baseless,
        }
    }
}

/// The matter of a place: one of those whose category says nothing, so that the same is reported at times and asked for at others.
fn matter_of_spot(domain: usize, spot: u64) -> &'static Matter {
    // A place of which people complain again and again in a town mostly is a lamp, a cover or a bin.
    let facility = domain == URBAN && spot % 4 != 0;
    let fits = |matter: &&Matter| matter.domain == domain && matter.says == Depends && (matter.livelihood || !facility);
    let open: Vec<&Matter> = MATTERS.iter().filter(fits).collect();
    open[(hash_of(97, spot, 0) % open.len() as u64) as usize]
}

/// A matter of the domain: what is about enforcement mostly stands under a category that says so, and the other way round.
fn drawn_matter(domain: usize, truth: bool, stream: &mut Stream) -> &'static Matter {
    let wanted = match (truth, stream.unit()) {
        (true, share) if share < 0.55 => Enforcement,
        (false, share) if share < 0.52 => Nothing,
        // Somebody asks about rules, and the hotline puts the call where those belong who report a breach of them.
        (false, share) if share > 0.94 => Enforcement,
        _ => Depends,
    };
    let fitting: Vec<&Matter> = MATTERS
        .iter()
        .filter(|matter| (matter.domain == domain || (matter.domain == ANY && wanted == Nothing)) && matter.says == wanted)
        .collect();
    fitting[stream.below(fitting.len())]
}

/// Whoever reports something mostly complains; whoever asks mostly asks. What is soon answered may be a question; what takes long
/// mostly is none.
fn kind_of_call(truth: bool, open_days: i32, stream: &mut Stream) -> &'static str {
    let kinds: &[(&str, f64)] = if truth {
        &[("complaint", 5.0), ("report", 3.0), ("help", 0.9), ("consult", 0.3), ("suggestion", 0.2), ("other", 0.4)]
    } else {
        &[("complaint", 2.5), ("report", 0.3), ("help", 2.0), ("consult", 2.5), ("suggestion", 0.8), ("praise", 0.2), ("other", 0.5)]
    };
    let (kind, hasty) = (stream.choose(kinds), stream.chance(0.14));
    let usual = match kind {
        "consult" => open_days <= 3,
        "help" | "suggestion" => open_days <= 7,
        _ => true,
    };
    if usual || hasty { kind } else { "complaint" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list that the library carries, code by code: what a matter says here is what the list says.
    #[test]
    fn every_matter_stands_in_the_list_of_categories_and_says_the_same() {
        let list = include_str!("../../queries/reference/hotline_categories.csv");
        for matter in &MATTERS {
            let row: Vec<&str> =
                list.lines().map(|line| line.split(',').collect::<Vec<_>>()).find(|row| row[0] == matter.code).expect("a row");
            let says = match row[2] {
                "yes" => Says::Enforcement,
                "no" => Says::Nothing,
                _ => Says::Depends,
            };
            assert!(says == matter.says && (row[4] == "yes") == matter.livelihood, "{}", matter.code);
        }
        for (_, code, _, _) in ABOUT_OFFICERS {
            assert!(list.lines().any(|line| line.starts_with(&format!("{code},")) && line.contains(",yes,")), "{code}");
        }
    }
}
