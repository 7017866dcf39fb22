//! Dates and instants as people write them.
//!
//! In: one cell's text, already NFKC and trimmed. Out: days since 1970, UTC microseconds (civil time is Asia/Shanghai's).
//! Never here: guessing. `3/7/25` and `7.3.2025` stay unread, because nobody can tell day from month.

use jiff::civil::Date;

use crate::calendar::{DAY_MICROSECONDS, start_of_day};
use crate::terms::epoch_days;

/// Day 0 of Excel's 1900 calendar (valid from March 1900) in days since 1970.
const EXCEL_DAY_ZERO: i32 = -25_569;
/// Days between Excel's 1900 and 1904 calendars.
const EXCEL_1904_DAYS: i32 = 1_462;
const SECOND: i64 = 1_000_000;

/// A civil day, perhaps with a time of day, perhaps with an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    day: i32,
    /// Microseconds since 0:00 local time.
    time: Option<i64>,
    /// Microseconds ahead of UTC; `None` is Shanghai's.
    offset: Option<i64>,
}

impl Moment {
    fn to_instant(self) -> i64 {
        let time = self.time.unwrap_or(0);
        match self.offset {
            Some(offset) => i64::from(self.day) * DAY_MICROSECONDS + time - offset,
            None => start_of_day(self.day) + time,
        }
    }
}

/// Days since 1970-01-01; a time of day is left out, an offset moves to the Shanghai day.
pub(super) fn read_date(text: &str, is_1904: bool) -> Option<i32> {
    let moment = read_moment(text, is_1904)?;
    match moment.offset {
        Some(_) => Some(crate::calendar::shanghai_day(moment.to_instant())),
        // 24:00 is the end of the day that is written, not the beginning of the next.
        None => Some(moment.day),
    }
}

/// UTC microseconds; a date alone is its 0:00 in Shanghai.
pub(super) fn read_instant(text: &str, is_1904: bool) -> Option<i64> {
    read_moment(text, is_1904).map(Moment::to_instant)
}

/// Whether the text names a day that stays unread: `12/29/04`, `29.12.2004`, or a year counted otherwise, `108/12/09`.
pub(super) fn is_unclear(text: &str) -> bool {
    let is_form = |separator: char| {
        let parts: Vec<&str> = text.split(separator).collect();
        let are_digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        are_digits && matches!(lengths[..], [1 | 2, 1 | 2, 2 | 4] | [3, 1 | 2, 1 | 2])
    };
    ['/', '.', '-'].into_iter().any(is_form) && read_moment(text, false).is_none()
}

/// An Excel serial as local day and microseconds of the day, to the millisecond; `None` outside 1954 to 2199.
pub(super) fn from_serial(serial: f64, is_1904: bool) -> Option<(i32, i64)> {
    if !(18_000.0..110_000.0).contains(&serial) {
        return None;
    }
    let milliseconds = (serial * 86_400_000.0).round() as i64;
    let shift = if is_1904 { EXCEL_1904_DAYS } else { 0 };
    let day = i32::try_from(milliseconds.div_euclid(86_400_000)).ok()? + EXCEL_DAY_ZERO + shift;
    Some((day, milliseconds.rem_euclid(86_400_000) * 1_000))
}

fn read_moment(text: &str, is_1904: bool) -> Option<Moment> {
    let mut cursor = Cursor { rest: text.trim(), spaced: false };
    let (first, digits) = cursor.number()?;
    match digits {
        4 => read_separated(first, cursor),
        5 | 6 => read_serial(text.trim(), is_1904),
        8 => {
            let day = civil(first / 10_000, first / 100 % 100, first % 100)?;
            read_time(day, cursor)
        }
        12 | 14 if cursor.rest.is_empty() => {
            let seconds = if digits == 14 { first % 100 } else { 0 };
            let first = if digits == 14 { first / 100 } else { first };
            let (date, clock) = (first / 10_000, first % 10_000);
            let day = civil(date / 10_000, date / 100 % 100, date % 100)?;
            Some(Moment { day, time: Some(time_of_day(clock / 100, clock % 100, seconds, 0)?), offset: None })
        }
        _ => None,
    }
}

fn read_serial(text: &str, is_1904: bool) -> Option<Moment> {
    if text.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'.') {
        return None;
    }
    let (day, time) = from_serial(text.parse().ok()?, is_1904)?;
    Some(Moment { day, time: Some(time), offset: None })
}

/// `2025-3-7`, `2025/3/7`, `2025.3.7`, `2025年3月7日`, then perhaps a time.
fn read_separated(year: i64, mut cursor: Cursor<'_>) -> Option<Moment> {
    let separator = cursor.take_any(&['-', '/', '.', '年'])?;
    let (month, month_digits) = cursor.number()?;
    let wanted = if separator == '年' { '月' } else { separator };
    cursor.take_any(&[wanted])?;
    let (day, day_digits) = cursor.number()?;
    if month_digits > 2 || day_digits > 2 {
        return None;
    }
    if separator == '年' {
        // After 日 a time may follow without a space.
        cursor.spaced |= cursor.take_any(&['日', '号']).is_some();
    }
    read_time(civil(year, month, day)?, cursor)
}

fn read_time(day: i32, mut cursor: Cursor<'_>) -> Option<Moment> {
    if cursor.rest.is_empty() {
        return Some(Moment { day, time: None, offset: None });
    }
    if cursor.take_any(&['T', 't']).is_none() && cursor.rest.starts_with(|c: char| c.is_ascii_digit()) && !cursor.spaced {
        return None;
    }
    let mut half = cursor.half_of_day();
    let (hour, hour_digits) = cursor.number()?;
    let (mut minute, mut second, mut fraction) = (0, 0, 0);
    if cursor.take_any(&['时', '点']).is_some() {
        if let Some((value, _)) = cursor.number() {
            cursor.take_any(&['分'])?;
            minute = value;
            if let Some((value, _)) = cursor.number() {
                cursor.take_any(&['秒'])?;
                second = value;
            }
        }
    } else {
        cursor.take_any(&[':'])?;
        minute = cursor.number()?.0;
        if cursor.take_any(&[':']).is_some() {
            second = cursor.number()?.0;
            if cursor.take_any(&['.', ',']).is_some() {
                let (value, digits) = cursor.number()?;
                fraction = if digits <= 6 { value * 10_i64.pow(6 - digits) } else { value / 10_i64.pow(digits - 6) };
            }
        }
    }
    half = half.or_else(|| cursor.half_of_day());
    let hour = match half {
        Some(Half::Morning) if hour == 12 => 0,
        Some(Half::Afternoon) if hour < 12 => hour + 12,
        _ => hour,
    };
    let offset = cursor.offset()?;
    if hour_digits > 2 || !cursor.rest.is_empty() {
        return None;
    }
    Some(Moment { day, time: Some(time_of_day(hour, minute, second, fraction)?), offset })
}

/// First and last day that anybody can mean, 1900-01-01 and 2200-12-31, as days since 1970.
const CALENDAR: std::ops::RangeInclusive<i32> = -25_567..=84_370;

/// Whether a day lies in the calendar; beyond it no month of the lake has a name.
pub(super) fn is_a_day(day: i32) -> bool {
    CALENDAR.contains(&day)
}

fn civil(year: i64, month: i64, day: i64) -> Option<i32> {
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(epoch_days(date)).filter(|day| is_a_day(*day))
}

fn time_of_day(hour: i64, minute: i64, second: i64, fraction: i64) -> Option<i64> {
    let ends_the_day = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    (valid || ends_the_day).then_some(((hour * 60 + minute) * 60 + second) * SECOND + fraction)
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
}

struct Cursor<'a> {
    rest: &'a str,
    /// White space stood directly before `rest`.
    spaced: bool,
}

impl<'a> Cursor<'a> {
    fn skip_space(&mut self) {
        let trimmed = self.rest.trim_start();
        self.spaced = trimmed.len() < self.rest.len();
        self.rest = trimmed;
    }

    /// Up to 14 digits: their value and how many they are.
    fn number(&mut self) -> Option<(i64, u32)> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let value = self.rest.get(..digits).filter(|_| (1..=14).contains(&digits))?.parse().ok()?;
        self.rest = &self.rest[digits..];
        self.skip_space();
        Some((value, digits as u32))
    }

    fn take_any(&mut self, accepted: &[char]) -> Option<char> {
        let found = self.rest.chars().next().filter(|c| accepted.contains(c))?;
        self.rest = &self.rest[found.len_utf8()..];
        self.skip_space();
        Some(found)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found {
            self.rest = &self.rest[word.len()..];
            self.skip_space();
        }
        found
    }

    fn half_of_day(&mut self) -> Option<Half> {
        let words = [
            ("上午", Half::Morning),
            ("凌晨", Half::Morning),
            ("AM", Half::Morning),
            ("下午", Half::Afternoon),
            ("晚上", Half::Afternoon),
            ("PM", Half::Afternoon),
        ];
        words.into_iter().find(|(word, _)| self.take_word(word)).map(|(_, half)| half)
    }

    /// `Z`, `+08:00`, `+0800`, `+08`; the outer `None` means that what stands there is none of these.
    #[allow(clippy::option_option)]
    fn offset(&mut self) -> Option<Option<i64>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        if self.take_any(&['Z', 'z']).is_some() {
            return Some(Some(0));
        }
        let sign = if self.take_any(&['+', '-'])? == '-' { -1 } else { 1 };
        let (value, digits) = self.number()?;
        let (hours, minutes) = match digits {
            2 if self.take_any(&[':']).is_some() => (value, self.number()?.0),
            2 => (value, 0),
            4 => (value / 100, value % 100),
            _ => return None,
        };
        (hours <= 14 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes) * 60 * SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<String> {
        read_date(text, false).and_then(crate::terms::date_from_epoch_days).map(|date| date.to_string())
    }

    fn instant(text: &str) -> Option<String> {
        read_instant(text, false).and_then(|at| jiff::Timestamp::from_microsecond(at).ok()).map(|at| at.to_string())
    }

    #[test]
    fn a_date_is_read_as_people_write_it() {
        let forms = [
            "2025-03-07",
            "2025-3-7",
            "2025/3/7",
            "2025.03.07",
            "2025年3月7日",
            "2025年03月07日",
            "2025 年 3 月 7 日",
            "2025年3月7号",
            "20250307",
            "2025/3/7 9:05:00",
            "2025-03-07T23:59:59",
            "2025-03-07 24:00:00",
            "45723",
            "45723.5",
            "2025年3月7日9时",
            "20250307090500",
        ];
        for form in forms {
            assert_eq!(day(form).as_deref(), Some("2025-03-07"), "{form}");
        }
    }

    #[test]
    fn an_instant_is_shanghai_time_unless_it_says_otherwise() {
        let forms = [
            "2025/3/7 9:05:00",
            "2025-03-07 09:05",
            "2025年3月7日 9时5分",
            "2025年3月7日9时5分0秒",
            "2025/3/7 上午 9:05",
            "2025-03-07T09:05:00+08:00",
            "2025-03-07T01:05:00Z",
            "2025-03-07 01:05:00.000Z",
            "202503070905",
            "2025/3/7 9:05:00 AM",
            "20250307 09:05",
            "2025-03-07T09:05:00+0800",
        ];
        for form in forms {
            assert_eq!(instant(form).as_deref(), Some("2025-03-07T01:05:00Z"), "{form}");
        }
        assert_eq!(instant("2025-03-07 下午 3:05").as_deref(), Some("2025-03-07T07:05:00Z"));
        assert_eq!(instant("2025-03-07").as_deref(), Some("2025-03-06T16:00:00Z"));
        assert_eq!(instant("2025-03-07 24:00").as_deref(), Some("2025-03-07T16:00:00Z"));
        assert_eq!(instant("45723.378472222222").as_deref(), Some("2025-03-07T01:05:00Z"), "a serial is rounded to the millisecond");
    }

    #[test]
    fn what_cannot_be_told_is_not_read() {
        for form in [
            "",
            "3/7/25",
            "7/3/2025",
            "2025-02-30",
            "2025-13-01",
            "2025-3",
            "108/12/09",
            "2025-03/07",
            "2025-03-07 25:00",
            "2025-03-07x",
            "0000-00-00",
            "12345678901",
            "1899-01-01",
            "2025年3-7",
            "2025-03-07 9:5:",
            "2025-03-071",
        ] {
            assert_eq!(day(form), None, "{form}");
        }
    }

    #[test]
    fn the_1904_calendar_is_1462_days_later() {
        assert_eq!(read_date("44261", true), read_date("45723", false));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,24}") {
            let _ = (read_date(&text, false), read_instant(&text, true));
        }

        #[test]
        fn digits_and_separators_never_panic(text in "[0-9年月日时分秒/:. T+Z-]{0,30}") {
            let _ = (read_date(&text, false), read_instant(&text, false));
        }

        #[test]
        fn every_day_survives_its_written_forms(days in -25_000i32..80_000) {
            let date = crate::terms::date_from_epoch_days(days).expect("inside the calendar");
            let (y, m, d) = (date.year(), date.month(), date.day());
            for form in [format!("{y}-{m:02}-{d:02}"), format!("{y}年{m}月{d}日"), format!("{y:04}{m:02}{d:02}"), format!("{y}/{m}/{d} 0:00:00")] {
                proptest::prop_assert_eq!(read_date(&form, false), Some(days));
            }
        }
    }
}
