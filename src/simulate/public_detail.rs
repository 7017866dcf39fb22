//! What a call was about, and how a complaint or report went on.
//!
//! In: an order or complaint that is being written. Out: more cells of its row in `hotline_orders` or `complaints`, from draws of
//! their own. Never here: real callers; words are put together, numbers are masked.

use crate::calendar::shanghai_day;
use crate::simulate::days::Days;
use crate::simulate::draw::Stream;
use crate::simulate::items::{ITEMS, items_of};
use crate::simulate::sheet::Sheet;
use crate::simulate::world::{Unit, World};

/// What is known of the order whose words are wanted.
pub(super) struct Words<'a> {
    pub id: &'a str,
    pub enforcement: bool,
    pub domain: usize,
    pub county: usize,
    /// Days from the call to the closing.
    pub open_days: i32,
    pub anonymous: bool,
}

/// Complaints about how officers behave, about what they do not do, and what is none of their business.
const ABOUT_OFFICERS: [&str; 4] = ["执法人员检查时态度粗暴", "罚款后未说明整改要求", "反映后多日无人联系", "处理不公，同样情况未处罚他人"];
const ABOUT_OTHERS: [&str; 4] = ["咨询社保缴费年限", "小区停水希望尽快恢复", "建议增设公交站点", "询问办理营业执照所需材料"];

impl World {
    /// More cells of an order; `earlier` is the order that the same person had called about before.
    pub fn write_words(&self, sheet: &mut Sheet, words: &Words<'_>, earlier: Option<&str>, closed_at: i64) {
        let mut stream = Stream::about(self.seed, "words", words.id);
        let kind = stream.choose(&[
            ("complaint", 5.0),
            ("report", 2.0),
            ("help", 1.2),
            ("consult", 0.8),
            ("suggestion", 0.5),
            ("praise", 0.1),
            ("other", 0.4),
        ]);
        // What is soon answered may be a question; what takes long mostly is none.
        let usual = match kind {
            "consult" => words.open_days <= 3,
            "help" | "suggestion" => words.open_days <= 7,
            _ => true,
        };
        let (hasty, put_off) = (stream.chance(0.12), stream.chance(0.4));
        sheet.text("kind", if usual || hasty { kind } else { "complaint" });
        if words.open_days > 16 && put_off {
            sheet.instant("extended_to", Days::evening(shanghai_day(closed_at) + 1));
        }
        let (told, about, tail) = (stream.chance(if self.small { 0.13 } else { 0.35 }), stream.unit(), stream.chance(0.15));
        if told {
            let place = &self.counties[words.county];
            let town = place.towns.get(stream.below(place.towns.len())).map_or(place.name.as_str(), |town| town.1.as_str());
            let items = items_of(words.domain);
            let violation = ITEMS[items[stream.below(items.len())].0].violation;
            let matter = match (words.enforcement, about < 0.3) {
                (false, _) => ABOUT_OTHERS[stream.below(4)].to_owned(),
                (true, true) => ABOUT_OFFICERS[stream.below(4)].to_owned(),
                (true, false) => format!("有人{violation}，要求查处"),
            };
            sheet.text("content", &format!("{town}{matter}{}", if tail { "，电话139****0000" } else { "" }));
        }
        // The same caller has the same hash, or none on either order.
        let caller = blake3::hash(earlier.unwrap_or(words.id).as_bytes());
        if !words.anonymous && (!self.small || caller.as_bytes()[0] < 64) {
            sheet.text("caller_hash", &caller.to_hex()[..8]);
        }
    }

    /// How a complaint or report went on after its acceptance: decided, told, closed.
    pub fn write_course(&self, sheet: &mut Sheet, unit: &Unit, id: &str, is_report: bool, times: [i64; 2], mediated: i32) {
        let mut stream = Stream::about(self.seed, "course", id);
        let accepted = shanghai_day(times[1]);
        let decided = self.days.lag_working(accepted, 15, World::odds(unit, 0.65, 0.97), &mut stream);
        let told = self.days.lag_working(decided, 5, World::odds(unit, 0.58, 0.97), &mut stream);
        let (never, written, later) =
            (stream.chance(World::odds(unit, 0.1, 0.005)), stream.chance(World::odds(unit, 0.5, 0.95)), stream.between(0, 8));
        let seen = |day: i32| self.days.seen(Some(day)).map(|day| Days::evening(day).max(times[1]));
        if is_report {
            sheet.instant("filing_decision_at", seen(decided));
            sheet.instant("decision_told_at", seen(told).filter(|_| !never));
            let closed = seen(told + later);
            sheet.instant("closed_at", closed).flag("written_reply", closed.map(|_| written));
        } else {
            sheet.instant("closed_at", seen(mediated + later));
        }
    }
}
