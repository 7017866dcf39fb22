//! Old events that are entered in a burst before the period ends.
//!
//! In: judged rows with three signs: 迟录 (entered long after the event), 期末录入 (entered in the last working days), 迟录且期末 (both; the
//! evidence). Out: a test for each unit, domain and source table. Never here: a verdict on one record.
//!
//! p, share and effect: records that are both late and entered at the end, against the unit's peers; its odds are `finding.peer_ratio` times the usual ones.
//! Besides, both that share and the share entered at the end lie `finding.yearend_backfill.z` robust deviations above the group's median, the late share reaches
//! the detector's floor, and the odds of an entry at the end are `finding.peer_ratio` times the usual ones and those of an even spread over the period's
//! working days up to there. The end is that of the newest quarter that is over, or of the period ([`DetectRequest::newest_end`]): entries of later days are not looked at until
//! their quarter is over. Late entries by themselves need not be rare: where everybody enters late, a burst of them at the end is still one. A period of which fewer than two and a half times
//! the last working days have passed has no end to speak of: not applicable.

use jiff::civil::Date;

use super::peers::{Compared, Peers, Share};
use super::tested::{EvidenceOf, Tested};
use super::usual_rate::UsualRate;
use super::{DetectRequest, Detecting, LEAST_ODD, percent};
use crate::error::Result;
use crate::terms::epoch_days;

const LATE: &str = "迟录";
const AT_END: &str = "期末录入";
const BOTH: &str = "迟录且期末";

/// The period must be so many times longer than its end; a first quarter, of some sixty working days, is.
const LEAST_LENGTH: f64 = 2.5;

/// Working days of the period up to a day, and how many of them are its end.
fn working_days(request: &DetectRequest<'_>, end: Date) -> Result<(f64, f64)> {
    let first = epoch_days(request.period.first.first_day()) - 1;
    let all = request.library.calendar.working_days_between(first, epoch_days(end)) as f64;
    Ok((all, request.parameter("finding.yearend_backfill.last_workdays", None)?))
}

/// Tests both signs of every unit; one test a unit, domain and table.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let (detector, request) = (detecting.detector, detecting.request);
    let mut shares = detecting.shares().await?;
    let [late, at_end, both] = [LATE, AT_END, BOTH].map(|sign| shares.remove(sign).unwrap_or_default());
    let not_made = |share: &Share, why: Option<&str>| Tested::not_made(detector, share, BOTH, share.share(), why);
    let Some(end) = request.newest_end() else {
        return Ok(both.iter().map(|share| not_made(share, Some("统计期内还没有结束的季度"))).collect());
    };
    let (all_days, last_days) = working_days(request, end)?;
    if all_days < LEAST_LENGTH * last_days {
        let why = format!("统计期至 {end} 共 {all_days} 个工作日，不足期末 {last_days} 个工作日的 {LEAST_LENGTH} 倍");
        return Ok(both.iter().map(|share| not_made(share, Some(&why))).collect());
    }
    let even = last_days / all_days;
    let minimum_peers = request.parameter("finding.minimum_peers", None)? as usize;
    let [late_peers, end_peers, both_peers] = [&late, &at_end, &both].map(|shares| Peers::fit(shares, detector.minimum_n, minimum_peers));
    let z = request.parameter("finding.yearend_backfill.z", None)?;
    let mut tests = Vec::new();
    // The lists hold the same units in the same order: each judged row has every sign.
    for ((late, at_end), both) in late.iter().zip(&at_end).zip(&both) {
        if late.n < detector.minimum_n {
            tests.push(not_made(both, both.why_none().as_deref()));
            continue;
        }
        let compared = (late_peers.compare(late, 0.0), end_peers.compare(at_end, even), both_peers.compare(both, 0.0));
        let (Some(one), Some(two), Some(together)) = compared else {
            let why = format!("同类中记录数足够的主体不足 {minimum_peers} 个");
            tests.push(not_made(both, Some(&why)));
            continue;
        };
        let ratio = request.parameter("finding.peer_ratio", Some(&late.domain))?;
        let is_large = |share: &Share, usual: UsualRate| {
            let (effect, _) = usual.odds_ratio(share.odd, share.n);
            share.odd >= LEAST_ODD && effect.is_none_or(|effect| effect >= ratio)
        };
        let stands_out = |compared: &Compared| compared.z >= z;
        let worth = late.share() >= detector.floor
            && is_large(both, together.usual)
            && is_large(at_end, if two.usual.rate() < even { UsualRate::exactly(even) } else { two.usual })
            && stands_out(&together)
            && stands_out(&two);
        let title = request.table_title(&late.table);
        let says = format!(
            "本期录入的 {} 条{title}中，{} 条（{}）在事项发生很久之后才录入，同类通常 {}；其中 {} 条集中在截至 {} 的最后 {last_days} 个工作日，占录入总数的 {}，同类通常 {}。",
            late.n,
            late.odd,
            percent(late.share()),
            percent(one.usual.share),
            both.odd,
            end,
            percent(both.share()),
            percent(together.usual.share),
        );
        let (effect, effect_interval) = together.usual.odds_ratio(both.odd, both.n);
        tests.push(Tested {
            detector,
            share: both.clone(),
            sign: BOTH.to_owned(),
            statistic: both.share(),
            usual: Some(together.usual.share),
            peers: together.peers,
            all_tiers: together.all_tiers,
            effect,
            effect_interval,
            p: Some(together.p),
            worth,
            not_applicable: None,
            says,
            evidence: EvidenceOf::Odd(BOTH.to_owned()),
        });
    }
    Ok(tests)
}
