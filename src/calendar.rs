//! Working days, clocks and parameters by date of effect.
//!
//! In: the published work calendar (one row a day) and the versions that `clocks.toml` and `parameters.toml` declare.
//! Out: due dates, counts of working days, amounts in force on a date. Never here: SQL, files, the wall clock.
//!
//! Sources: 行政处罚法 art. 85 (days up to seven are working days), State Council holiday notices. Instants are UTC
//! microseconds; a civil day is Asia/Shanghai's, fixed at +08:00.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::terms::{date_from_epoch_days, epoch_days};

/// Microseconds of one day.
pub const DAY_MICROSECONDS: i64 = 86_400_000_000;
/// Shanghai is eight hours ahead of UTC, without daylight saving.
pub const SHANGHAI_OFFSET_MICROSECONDS: i64 = 8 * 3_600_000_000;

/// Days since 1970-01-01 of the Shanghai day in which the instant lies.
pub fn shanghai_day(instant_microseconds: i64) -> i32 {
    instant_microseconds.wrapping_add(SHANGHAI_OFFSET_MICROSECONDS).div_euclid(DAY_MICROSECONDS) as i32
}

/// The instant (UTC microseconds) at which a Shanghai day begins.
pub fn start_of_day(epoch_day: i32) -> i64 {
    // Columns hold any number where they hold nothing: such an answer is not looked at.
    i64::from(epoch_day).wrapping_mul(DAY_MICROSECONDS).wrapping_sub(SHANGHAI_OFFSET_MICROSECONDS)
}

/// The instant at which a Shanghai day has ended: 24:00.
pub fn end_of_day(epoch_day: i32) -> i64 {
    start_of_day(epoch_day).wrapping_add(DAY_MICROSECONDS)
}

/// Which days are worked, by the State Council's yearly notices.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkCalendar {
    first: i32,
    /// Working days from `first` up to and including day `first + index`.
    counted: Vec<i32>,
    /// Epoch day of every working day, in order.
    worked: Vec<i32>,
    /// Epoch day of every day of a statutory holiday as the notices set it, moved rest days included, in order.
    holidays: Vec<i32>,
}

/// A deadline, and whether it lies beyond the published calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Days since 1970-01-01.
    pub epoch_day: i32,
    /// True when days without a published notice were counted as ordinary weeks.
    pub provisional: bool,
}

impl WorkCalendar {
    /// Reads `date,is_workday,kind,…` rows with a heading; the kind `holiday` tells a statutory holiday from a weekend.
    ///
    /// # Errors
    /// The line that is not a date and 0 or 1, or that does not follow the day before.
    pub fn from_csv(text: &str) -> Result<Self, String> {
        let mut first = None;
        let (mut flags, mut holidays) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
            let mut cells = line.split(',');
            let day = cells.next().and_then(|cell| cell.trim().parse::<Date>().ok()).map(epoch_days);
            let worked = match cells.next().map(str::trim) {
                Some("1") => Some(true),
                Some("0") => Some(false),
                _ => None,
            };
            let (Some(day), Some(worked)) = (day, worked) else {
                return Err(format!("line {}: expected a date and 0 or 1, found `{line}`", index + 1));
            };
            let start = *first.get_or_insert(day);
            if day != start + flags.len() as i32 {
                return Err(format!("line {}: {line} does not follow the day before", index + 1));
            }
            flags.push(worked);
            if cells.next().map(str::trim) == Some("holiday") {
                holidays.push(day);
            }
        }
        let first = first.ok_or("the calendar has no rows")?;
        Ok(Self::from_flags(first, &flags, holidays))
    }

    fn from_flags(first: i32, flags: &[bool], holidays: Vec<i32>) -> Self {
        let mut counted = Vec::with_capacity(flags.len());
        let mut worked = Vec::new();
        for (index, is_worked) in flags.iter().enumerate() {
            if *is_worked {
                worked.push(first + index as i32);
            }
            counted.push(worked.len() as i32);
        }
        Self { first, counted, worked, holidays }
    }

    /// First and last published day.
    pub fn published(&self) -> (i32, i32) {
        (self.first, self.first + self.counted.len() as i32 - 1)
    }

    /// Working days from the calendar's first day up to and including `day`; ordinary weeks outside it.
    fn position(&self, day: i32) -> i64 {
        let (first, last) = self.published();
        if day < first {
            -(weekdays_between(day, first - 1))
        } else if day > last {
            self.worked.len() as i64 + weekdays_between(last, day)
        } else {
            i64::from(self.counted[(day - first) as usize])
        }
    }

    /// Whether the day is worked.
    pub fn is_working_day(&self, day: i32) -> bool {
        self.position(day) > self.position(day - 1)
    }

    /// Working days after `from`, up to and including `to`; negative when `to` is earlier.
    pub fn working_days_between(&self, from: i32, to: i32) -> i64 {
        self.position(to) - self.position(from)
    }

    /// The day on which the `amount`-th working day after `start` falls; the start day is not counted.
    pub fn add_working_days(&self, start: i32, amount: i64) -> Due {
        let (first, last) = self.published();
        let target = self.position(start) + amount;
        if start >= first && target >= 1 && target <= self.worked.len() as i64 {
            return Due {
                epoch_day: self.worked[(target - 1) as usize].max(if amount == 0 { start } else { i32::MIN }),
                provisional: false,
            };
        }
        let mut day = start;
        let mut left = amount;
        while left > 0 {
            day += 1;
            left -= i64::from(self.is_working_day(day));
        }
        Due { epoch_day: day, provisional: day > last || start < first }
    }

    /// `day` itself when it is worked, else the next working day.
    pub fn roll_forward(&self, day: i32) -> Due {
        let (first, last) = self.published();
        let mut rolled = day;
        while !self.is_working_day(rolled) {
            rolled += 1;
        }
        Due { epoch_day: rolled, provisional: rolled > last || day < first }
    }

    /// The first working day after the holiday when `day` lies in a statutory one; any other day, a weekend's too, is itself.
    pub fn past_holiday(&self, day: i32) -> Due {
        let (first, last) = self.published();
        match self.holidays.binary_search(&day) {
            Ok(_) => self.roll_forward(day),
            Err(_) => Due { epoch_day: day, provisional: day > last || day < first },
        }
    }
}

/// Mondays to Fridays after `from` up to and including `to` (`to` ≥ `from`).
fn weekdays_between(from: i32, to: i32) -> i64 {
    // 1970-01-01 was a Thursday; shifting by three makes day 0 of each week a Monday.
    let until = |day: i32| {
        let shifted = i64::from(day) + 3;
        shifted.div_euclid(7) * 5 + (shifted.rem_euclid(7) + 1).min(5)
    };
    until(to) - until(from)
}

/// What a clock counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockUnit {
    /// Days that are worked.
    WorkingDays,
    /// All days.
    CalendarDays,
    /// Hours, running on rest days as well.
    Hours,
}

impl ClockUnit {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WorkingDays, Self::CalendarDays, Self::Hours];

    /// The word that `clocks.toml` uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::WorkingDays => "working_days",
            Self::CalendarDays => "calendar_days",
            Self::Hours => "hours",
        }
    }
}

/// How far the source of an amount is backed, as the reference pages mark it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confirmed {
    /// The text of the source was seen.
    Text,
    /// A mirror or secondary page was seen.
    Mirror,
    /// General knowledge: a province confirms it before relying on it.
    Knowledge,
    /// A template of no authority.
    Template,
    /// The assessment plan.
    Plan,
    /// kaohe's own choice.
    Own,
}

impl Confirmed {
    /// Every mark.
    pub const ALL: [Self; 6] = [Self::Text, Self::Mirror, Self::Knowledge, Self::Template, Self::Plan, Self::Own];

    /// The mark as files and result tables write it.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Text => "V",
            Self::Mirror => "M",
            Self::Knowledge => "K",
            Self::Template => "T",
            Self::Plan => "plan",
            Self::Own => "own",
        }
    }

    /// Whether a province has to confirm the source before it relies on it.
    pub fn must_be_confirmed(self) -> bool {
        matches!(self, Self::Knowledge | Self::Template | Self::Own)
    }
}

/// One version of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClockVersion {
    /// The domain it is for; `None` is for every domain without one of its own.
    pub domain: Option<String>,
    /// Date of effect.
    pub from: Date,
    /// How many units.
    pub amount: i64,
    /// Of what.
    pub unit: ClockUnit,
    /// A last day in a statutory holiday (法定节假日) moves to the first working day after it; an ordinary weekend moves nothing.
    pub roll_to_working_day: bool,
    /// How far the source is backed.
    pub confirmed: Confirmed,
    /// Legal or plan source.
    pub source: String,
}

/// A named time limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clock {
    /// `step.target` or `step.statutory`.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// In any order.
    pub versions: Vec<ClockVersion>,
}

/// One version of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParameterVersion {
    /// The domain it is for; `None` is for every domain without one of its own.
    pub domain: Option<String>,
    /// Date of effect.
    pub from: Date,
    /// The amount.
    pub amount: Decimal,
    /// How far the source is backed.
    pub confirmed: Confirmed,
    /// Legal or plan source.
    pub source: String,
}

/// A named amount, band edge or threshold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Dotted name.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// What the amount counts: `yuan`, `count`, `ratio`, `days`, `hours`, `minutes`.
    pub unit: String,
    /// In any order.
    pub versions: Vec<ParameterVersion>,
}

/// The version of `versions` in force for `domain` on `date`: the domain's own versions first, the newest not after `date`.
fn in_force<'a, V>(
    versions: &'a [V],
    domain: Option<&str>,
    date: Date,
    domain_of: impl Fn(&V) -> Option<&str>,
    from: impl Fn(&V) -> Date,
) -> Option<&'a V> {
    let newest = |wanted: Option<&str>| {
        versions.iter().filter(|version| domain_of(version) == wanted && from(version) <= date).max_by_key(|version| from(version))
    };
    domain.and_then(|domain| newest(Some(domain))).or_else(|| newest(None))
}

impl Clock {
    /// The version in force on the day that starts the clock; `None` before the first.
    pub fn version_on(&self, domain: Option<&str>, start: Date) -> Option<&ClockVersion> {
        in_force(&self.versions, domain, start, |version| version.domain.as_deref(), |version| version.from)
    }

    /// The last day, for a clock that starts on `start` and is prolonged by `extra_days` calendar days; `None` before the first version.
    ///
    /// Hour clocks end on the day in which their last hour falls when started at the beginning of `start`'s next day.
    pub fn due_on(&self, calendar: &WorkCalendar, domain: Option<&str>, start: i32, extra_days: i64) -> Option<Due> {
        let version = self.version_on(domain, date_from_epoch_days(start)?)?;
        let due = match version.unit {
            ClockUnit::WorkingDays => calendar.add_working_days(start, version.amount),
            ClockUnit::CalendarDays => Due { epoch_day: start + version.amount as i32, provisional: false },
            ClockUnit::Hours => Due { epoch_day: start + version.amount.div_euclid(24) as i32, provisional: false },
        };
        let prolonged = Due { epoch_day: due.epoch_day + i32::try_from(extra_days).ok()?, ..due };
        if version.roll_to_working_day {
            let rolled = calendar.past_holiday(prolonged.epoch_day);
            Some(Due { provisional: rolled.provisional || prolonged.provisional, ..rolled })
        } else {
            Some(prolonged)
        }
    }

    /// The last instant (UTC microseconds) for a clock that starts at `start`; day clocks end at 24:00 Shanghai of their last day.
    pub fn due_at(&self, calendar: &WorkCalendar, domain: Option<&str>, start: i64) -> Option<i64> {
        let day = shanghai_day(start);
        let version = self.version_on(domain, date_from_epoch_days(day)?)?;
        match version.unit {
            ClockUnit::Hours => Some(start + version.amount * 3_600_000_000),
            _ => self.due_on(calendar, domain, day, 0).map(|due| end_of_day(due.epoch_day)),
        }
    }
}

impl Parameter {
    /// The amount in force on `date`; `None` before the first version.
    pub fn amount_on(&self, domain: Option<&str>, date: Date) -> Option<Decimal> {
        in_force(&self.versions, domain, date, |version| version.domain.as_deref(), |version| version.from).map(|version| version.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar() -> WorkCalendar {
        WorkCalendar::from_csv(include_str!("../queries/reference/work_calendar.csv")).expect("the shipped calendar reads")
    }

    fn clock(amount: i64, unit: ClockUnit, roll: bool) -> Clock {
        let version = |from, amount| ClockVersion {
            domain: None,
            from,
            amount,
            unit,
            roll_to_working_day: roll,
            confirmed: Confirmed::Text,
            source: String::new(),
        };
        Clock {
            name: "test.target".into(),
            title: String::new(),
            versions: vec![version(date(2010, 1, 1), amount), version(date(2026, 2, 1), amount + 30)],
        }
    }

    #[test]
    fn published_vectors_of_working_days_hold() {
        let calendar = calendar();
        let add = |start, amount| date_from_epoch_days(calendar.add_working_days(epoch_days(start), amount).epoch_day);
        assert_eq!(add(date(2026, 2, 13), 2), Some(date(2026, 2, 24)));
        assert_eq!(add(date(2026, 2, 13), 7), Some(date(2026, 3, 2)));
        assert_eq!(add(date(2025, 9, 26), 7), Some(date(2025, 10, 13)));
        assert_eq!(add(date(2026, 9, 18), 15), Some(date(2026, 10, 15)));
        let year = |year| calendar.working_days_between(epoch_days(date(year - 1, 12, 31)), epoch_days(date(year, 12, 31)));
        assert_eq!((year(2024), year(2025), year(2026)), (251, 248, 248));
    }

    #[test]
    fn ninety_calendar_days_end_on_the_holiday_or_roll_past_it() {
        let calendar = calendar();
        let start = epoch_days(date(2025, 7, 3));
        let due = |roll| {
            clock(90, ClockUnit::CalendarDays, roll).due_on(&calendar, None, start, 0).and_then(|due| date_from_epoch_days(due.epoch_day))
        };
        assert_eq!(due(false), Some(date(2025, 10, 1)));
        assert_eq!(due(true), Some(date(2025, 10, 9)));
    }

    #[test]
    fn a_last_day_on_an_ordinary_weekend_stays_where_it_is() {
        let calendar = calendar();
        let past = |day| date_from_epoch_days(calendar.past_holiday(epoch_days(day)).epoch_day);
        assert_eq!(past(date(2026, 3, 15)), Some(date(2026, 3, 15)));
        // Sunday 15 February 2026 opens the Spring Festival; Saturday 14 February is worked.
        assert_eq!(past(date(2026, 2, 15)), Some(date(2026, 2, 24)));
        assert_eq!(past(date(2026, 2, 14)), Some(date(2026, 2, 14)));
    }

    #[test]
    fn the_93_day_case_of_the_ministry_is_three_days_late() {
        let due = clock(90, ClockUnit::CalendarDays, false)
            .due_on(&calendar(), None, epoch_days(date(2024, 9, 9)), 0)
            .expect("a version is in force");
        assert_eq!(date_from_epoch_days(due.epoch_day), Some(date(2024, 12, 8)));
        assert_eq!(epoch_days(date(2024, 12, 11)) - due.epoch_day, 3);
    }

    #[test]
    fn a_clock_that_started_before_the_law_changed_keeps_its_old_limit() {
        let clock = clock(90, ClockUnit::CalendarDays, false);
        let due = |start| clock.due_on(&calendar(), None, epoch_days(start), 0).and_then(|due| date_from_epoch_days(due.epoch_day));
        assert_eq!(due(date(2026, 1, 31)), Some(date(2026, 5, 1)));
        assert_eq!(due(date(2026, 2, 1)), Some(date(2026, 6, 1)));
        assert_eq!(due(date(2009, 12, 31)), None);
    }

    #[test]
    fn a_deadline_beyond_the_published_calendar_is_provisional() {
        let calendar = calendar();
        assert!(calendar.add_working_days(epoch_days(date(2026, 12, 28)), 10).provisional);
        assert!(!calendar.add_working_days(epoch_days(date(2026, 11, 2)), 10).provisional);
    }

    #[test]
    fn hour_clocks_run_on_rest_days() {
        let start = start_of_day(epoch_days(date(2026, 2, 14))) + 3_600_000_000;
        assert_eq!(
            clock(24, ClockUnit::Hours, false).due_at(&calendar(), None, start),
            Some(start + 30 * 3_600_000_000 + 24 * 3_600_000_000)
        );
    }

    #[test]
    fn a_day_of_shanghai_begins_at_sixteen_hours_utc_of_the_day_before() {
        let day = epoch_days(date(2026, 3, 2));
        assert_eq!(shanghai_day(start_of_day(day)), day);
        assert_eq!(shanghai_day(start_of_day(day) - 1), day - 1);
    }

    proptest::proptest! {
        #[test]
        fn counting_undoes_adding(start in 12_500i32..20_600, amount in 0i64..400) {
            let calendar = calendar();
            let due = calendar.add_working_days(start, amount);
            proptest::prop_assert_eq!(calendar.working_days_between(start, due.epoch_day), amount);
            proptest::prop_assert!(amount == 0 || calendar.is_working_day(due.epoch_day));
        }
    }
}
