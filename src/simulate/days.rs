//! When things happen: working days, seasons, office hours, and how far the extract can see.
//!
//! In: the work calendar and the request's last day. Out: days and instants of acts, deadlines met, just met or missed, and the
//! horizon behind which nothing is known yet. Never here: what the acts are.

use crate::calendar::{WorkCalendar, end_of_day, shanghai_day, start_of_day};
use crate::simulate::draw::Stream;
use crate::terms::{Month, date_from_epoch_days};

/// One minute.
pub(super) const MINUTE: i64 = 60_000_000;
/// One hour.
pub(super) const HOUR: i64 = 60 * MINUTE;

/// The calendar with the season of each month.
pub(super) struct Days {
    calendar: WorkCalendar,
    as_of: i32,
}

/// Share of a year's acts by month: the Spring Festival dip, the rise to the year's end.
const SEASON: [f64; 12] = [0.85, 0.60, 1.02, 1.00, 1.00, 1.05, 1.00, 0.98, 1.05, 1.08, 1.25, 1.22];

impl Days {
    /// `as_of` is the last day that the extract knows.
    pub fn new(calendar: WorkCalendar, as_of: i32) -> Self {
        Self { calendar, as_of }
    }

    /// The last day that the extract knows.
    pub fn as_of(&self) -> i32 {
        self.as_of
    }

    /// Relative number of acts in the month.
    pub fn season(&self, month: Month) -> f64 {
        SEASON[(month.month - 1) as usize]
    }

    /// A day of the month on which an act falls: mostly a working day.
    pub fn act_day(&self, month: Month, rest_share: f64, stream: &mut Stream) -> i32 {
        let (first, last) = (month.to_epoch_days(), month.next().to_epoch_days() - 1);
        for _ in 0..24 {
            let day = stream.between(first, last);
            if self.calendar.is_working_day(day) || stream.chance(rest_share) {
                return day;
            }
        }
        self.calendar.roll_forward(first + 7).epoch_day
    }

    /// The day itself or the next day of rest.
    pub fn rest_day(&self, day: i32) -> i32 {
        (0..9).map(|step| day + step).find(|day| !self.calendar.is_working_day(*day)).unwrap_or(day)
    }

    /// An instant of the day inside office hours, with a lunch dip.
    pub fn office_hour(&self, day: i32, stream: &mut Stream) -> i64 {
        let minute =
            if stream.chance(0.55) { stream.between(8 * 60 + 30, 11 * 60 + 45) } else { stream.between(13 * 60 + 30, 17 * 60 + 20) };
        start_of_day(day) + i64::from(minute) * MINUTE + i64::from(stream.between(0, 59)) * 1_000_000
    }

    /// An instant at which people call: any hour, mostly by day.
    pub fn any_hour(&self, day: i32, stream: &mut Stream) -> i64 {
        let minute = if stream.chance(0.88) { stream.between(8 * 60, 21 * 60) } else { stream.between(0, 24 * 60 - 1) };
        start_of_day(day) + i64::from(minute) * MINUTE + i64::from(stream.between(0, 59)) * 1_000_000
    }

    /// The working day that lies `amount` working days after `start`.
    pub fn plus_working(&self, start: i32, amount: i32) -> i32 {
        self.calendar.add_working_days(start, i64::from(amount.max(0))).epoch_day
    }

    /// The day itself or the next working day.
    pub fn working(&self, day: i32) -> i32 {
        self.calendar.roll_forward(day).epoch_day
    }

    /// The working day that lies `amount` working days before `end`.
    pub fn minus_working(&self, end: i32, amount: i32) -> i32 {
        (0..amount.max(0)).fold(end, |day, _| self.worked_before(day - 1))
    }

    /// How long something with a limit takes: within it with probability `p`, then often close to it; else late.
    pub fn lag(limit: i32, p: f64, stream: &mut Stream) -> i32 {
        let (in_time, at_limit, share) = (stream.chance(p), stream.chance(0.12), stream.unit());
        match (in_time, at_limit) {
            (true, true) => limit,
            (true, false) => ((f64::from(limit) * share.sqrt()) as i32).max(0),
            (false, _) => limit + 1 + (share * share * f64::from(limit.max(5))) as i32,
        }
    }

    /// The same as [`Days::lag`], in working days after `start`.
    pub fn lag_working(&self, start: i32, limit: i32, p: f64, stream: &mut Stream) -> i32 {
        self.plus_working(start, Self::lag(limit, p, stream))
    }

    /// The day itself or the last working day before it.
    pub fn worked_before(&self, day: i32) -> i32 {
        (0..15).map(|back| day - back).find(|day| self.calendar.is_working_day(*day)).unwrap_or(day)
    }

    /// The instant, moved out of the night: people are called between eight and ten.
    pub fn awake(instant: i64) -> i64 {
        let since = instant - start_of_day(shanghai_day(instant));
        match since / HOUR {
            0..8 => instant - since + 8 * HOUR + since / 8,
            22.. => instant - 3 * HOUR,
            _ => instant,
        }
    }

    /// The day, if the extract can know it.
    pub fn seen(&self, day: Option<i32>) -> Option<i32> {
        day.filter(|day| *day <= self.as_of)
    }

    /// The instant, if the extract can know it.
    pub fn seen_at(&self, instant: Option<i64>) -> Option<i64> {
        instant.filter(|instant| *instant < end_of_day(self.as_of))
    }

    /// The first of the last `count` working days before the day `end`.
    pub fn start_of_last_working(&self, end: i32, count: i32) -> i32 {
        let mut start = end;
        let mut left = count;
        while left > 0 {
            start -= 1;
            left -= i32::from(self.calendar.is_working_day(start));
        }
        start
    }
}

/// So many minutes.
pub(super) fn minutes(count: i32) -> i64 {
    i64::from(count) * MINUTE
}

/// The year of a day, for numbers of documents.
pub(super) fn year_of(day: i32) -> i32 {
    date_from_epoch_days(day).map_or(1970, |date| i32::from(date.year()))
}
