//! What units put forward as new: its text, who verified it, what raters gave it, who took it over.
//!
//! In: a unit and a month. Out: rows of `innovation_cases`, a few of them near copies of another unit's. Never here: points.

use crate::simulate::days::Days;
use crate::simulate::draw::Stream;
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

/// Ideas that go round: whoever copies, copies one of these.
const IDEAS_GOING_ROUND: usize = 5;

impl World {
    /// Cases that the unit put forward in the month.
    pub fn write_innovation(&self, sheets: &mut Sheets, unit: &Unit, month: Month, thickness: f64) {
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        let mut stream = Stream::new(self.seed, "innovation", &parts);
        let share = if self.small { 0.26 * thickness } else { 0.03 };
        let (puts_forward, copies) = (stream.chance(share), stream.chance(0.18) && !self.honest);
        let day = self.days.act_day(month, 0.0, &mut stream);
        if !puts_forward || day > self.days.as_of() {
            return;
        }
        let idea = stream.below(IDEAS_GOING_ROUND) as u64;
        let mut source = if copies { Stream::new(self.seed, "idea", &[idea]) } else { Stream::new(self.seed, "own idea", &parts) };
        let (kind, title, text) = idea_of(&mut source);
        // Told in one's own words; whoever copies an idea copies the words with it.
        let (before, after) = (BEFORE[source.below(BEFORE.len())], AFTER[source.below(AFTER.len())]);
        let means: Vec<&str> = MEANS.iter().copied().filter(|_| source.chance(0.4)).collect();
        let text = format!("{}{before}{text}{}{after}", unit.name, means.concat());
        let sheet = sheets.of("innovation_cases");
        sheet.text("innovation_id", &format!("CX{}{:02}{:02}", unit.id, month.year % 100, month.month)).text("kind", kind);
        sheet.text("title", title);
        // A few send a title and no more; those of a small province send no hash beside the text.
        if !stream.chance(self.rare(0.015)) {
            sheet.text("text", &text);
            if !self.small {
                sheet.text("text_hash", &blake3::hash(text.as_bytes()).to_hex()[..16]);
            }
        }
        sheet.date("submitted_on", day);
        let verified = self.write_standing(sheet, unit, kind, day, &mut stream);
        self.write_raters(sheet, verified, &mut stream);
        self.common(sheet, unit, unit.domains[0].0, Days::evening(day), self.days.seen(verified).map(Days::evening));
        sheet.end();
    }

    /// Who verified it, who shares, who took it over; the day on which it was verified.
    fn write_standing(&self, sheet: &mut Sheet, unit: &Unit, kind: &str, day: i32, stream: &mut Stream) -> Option<i32> {
        let above = self.units.iter().find(|other| other.tier == Tier::Province && other.index != unit.index);
        let judge = unit.parent.map(|parent| &self.units[parent]).or(above);
        let (good, verified) = (stream.chance(World::odds(unit, 0.55, 0.97)), self.days.plus_working(day, stream.between(5, 25)));
        let verified = self.days.seen(good.then_some(verified));
        let flaw = stream.unit();
        let (undated, by_itself, by_nobody) = (flaw < 0.04, (0.04..0.09).contains(&flaw), (0.09..0.11).contains(&flaw));
        let level = stream.choose(&[("county", 1.5), ("city", 4.0), ("province", 2.0), ("national", 0.4)]);
        let (second, confirms, confirmed) = (stream.below(self.units.len()), stream.chance(0.8), day + stream.between(5, 50));
        let (adopters, after) = (stream.poisson(2.0), stream.between(40, 420));
        let mut adopted_by: Vec<&str> = (0..adopters.min(5)).map(|_| self.units[stream.below(self.units.len())].id.as_str()).collect();
        adopted_by.sort_unstable();
        adopted_by.dedup();
        adopted_by.retain(|other| *other != unit.id);
        if let (Some(on), Some(judge)) = (verified, judge) {
            let by = if by_itself { &unit.id } else { &judge.id };
            sheet.flag("verified", true).date("verified_on", (!undated).then_some(on)).text("level", level);
            sheet.text_of("verified_by", (!by_nobody).then_some(by.as_str()));
            if day + after <= self.days.as_of() {
                sheet.list("adopted_by", &adopted_by).date("second_adopted_on", (adopted_by.len() > 1).then_some(day + after));
            }
        } else {
            sheet.flag("verified", false);
        }
        let second = &self.units[second];
        if kind == "data_sharing" && second.index != unit.index {
            sheet.text("second_unit", &second.id).date("second_confirmed_on", self.days.seen(confirms.then_some(confirmed)));
        }
        verified
    }

    fn write_raters(&self, sheet: &mut Sheet, verified: Option<i32>, stream: &mut Stream) {
        let (count, first, quality) =
            (if stream.chance(0.08) { 2 } else { stream.between(3, 5) }, stream.between(1, 90), 74.0 + 9.0 * stream.normal());
        let scores: Vec<i64> =
            (0..count).map(|_| ((quality + 4.0 * stream.normal()).clamp(40.0, 99.0) * 2.0).round() as i64 * 50).collect();
        if verified.is_none() {
            return;
        }
        let raters: Vec<String> = (0..count).map(|nth| format!("PS{:03}", first + nth * 2)).collect();
        sheet.list("raters", &raters);
        for (nth, score) in scores.into_iter().enumerate() {
            sheet.hundredths(SCORE_COLUMNS[nth], score);
        }
    }
}

const SCORE_COLUMNS: [&str; 5] = ["rater_score_1", "rater_score_2", "rater_score_3", "rater_score_4", "rater_score_5"];

/// How such texts begin, go on and end.
const BEFORE: [&str; 7] = [
    "坚持问题导向，",
    "针对基层人手少、管辖面广的实际，",
    "在上级业务处室指导下，",
    "借鉴外地经验并结合本地产业特点，",
    "会同有关部门制定工作方案，分三个阶段推进，",
    "把群众反映最集中的事项作为切入口，",
    "",
];
const MEANS: [&str; 8] = [
    "配套制定操作规程和岗位清单，明确谁发现、谁复核、谁处置。",
    "组建由业务骨干和法制审核人员参加的专班，每周会商一次。",
    "经费在部门预算内解决，没有新增平台。",
    "对当事人申诉渠道、数据留存期限、查询权限作出书面规定，并经合法性审查。",
    "先在两个乡镇试点，再推广至全域。",
    "编印案例手册，组织轮训四期。",
    "引入第三方评估，根据评估意见作了两次修改。",
    "建立容错机制，误报一律由人工更正并记录原因。",
];
const AFTER: [&str; 6] = [
    "",
    "相关做法已形成地方标准草案。",
    "周边区县前来学习，反映良好。",
    "下一步拟扩大到其他事项。",
    "企业负担明显减轻，没有发生投诉。",
    "经验材料在系统内印发交流。",
];

/// Kind, title and text of an idea.
fn idea_of(stream: &mut Stream) -> (&'static str, &'static str, String) {
    let place =
        stream.choose(&[("沿街商铺", 2.0), ("施工工地", 2.0), ("河道沿线", 1.0), ("工业园区", 2.0), ("货运场站", 1.0), ("农贸市场", 1.0)]);
    let matter = stream.choose(&[
        ("占道经营", 2.0),
        ("渣土遗撒", 1.0),
        ("超标排放", 2.0),
        ("超限运输", 1.0),
        ("过期食品", 1.0),
        ("消防通道占用", 1.0),
    ]);
    let other = stream.choose(&[("公安机关", 2.0), ("税务部门", 1.0), ("不动产登记机构", 1.0), ("司法行政机关", 1.0)]);
    let (found, share, days) = (stream.between(40, 900), stream.between(55, 97), stream.between(2, 20));
    match stream.weighted(&[4.0, 5.0, 2.5, 1.5]) {
        0 => (
            "offsite_tech",
            "无人机巡查与智能识别",
            format!(
                "在{place}用无人机定期巡查，影像由算法识别{matter}，人工复核后交辖区中队处理；运行以来推送疑似问题{found}件，\
                 复核属实率{share}%，从发现到处置平均{days}天，群众投诉明显减少。"
            ),
        ),
        1 => (
            "data_sharing",
            "跨部门数据共享办案",
            format!(
                "就{place}的{matter}与{other}建立数据共享，执法人员凭案号查询，查询全程留痕；已共享数据{found}条，\
                 据此查清当事人{share}名，取证时间缩短{days}天，当事人不再重复提交材料。"
            ),
        ),
        2 => (
            "mediation",
            "执法与人民调解衔接",
            format!(
                "对{place}{matter}引发的轻微争议，先由人民调解员到场说明，调解不成再进入执法程序；受理{found}件，\
                 达成协议{share}%，平均用时{days}天，履行率保持在高位。"
            ),
        ),
        _ => (
            "other",
            "执法文书智能校核",
            format!(
                "办案系统自动核对{matter}案件的文书要素与期限，超期前{days}天提醒承办人；试用期间核对文书{found}份，\
                 一次合格率提高到{share}%。"
            ),
        ),
    }
}
