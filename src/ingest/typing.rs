//! Cell texts as values.
//!
//! In: one cell's text as it stands in the file. Out: a typed value, or the reason (Chinese, for the person who delivered the
//! file) why it is none. Never here: files, Arrow, contracts' policy about wrong cells.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::dates;
use crate::library::contract::ColumnType;

/// Largest amount of a Decimal(18,2), in hundredths.
const DECIMAL_LIMIT: i128 = 1_000_000_000_000_000_000;

/// Compatibility forms unified (full width = half width), trimmed.
pub(super) fn unify(text: &str) -> Cow<'_, str> {
    let trimmed = trim(text);
    if trimmed.is_ascii() {
        return Cow::Borrowed(trimmed);
    }
    let unified: String = trimmed.nfkc().collect();
    Cow::Owned(trim(&unified).to_owned())
}

/// Text as it is kept: trimmed, composed (NFC); identifiers also with full width = half width, so that they compare equal.
pub(super) fn clean_text(text: &str, is_identifier: bool) -> Cow<'_, str> {
    let trimmed = trim(text);
    if trimmed.is_ascii() {
        return Cow::Borrowed(trimmed);
    }
    if is_identifier {
        return unify(trimmed);
    }
    match is_nfc_quick(trimmed.chars()) {
        IsNormalized::Yes => Cow::Borrowed(trimmed),
        _ => Cow::Owned(trimmed.nfc().collect()),
    }
}

/// White space, byte-order marks and zero-width spaces at both ends removed.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'))
}

/// Whether the cell says "nothing": empty, NULL, and in typed columns also the strokes that people put into empty cells.
pub(super) fn is_nothing(text: &str, kind: ColumnType) -> bool {
    let text = trim(text);
    if text.is_empty() || matches!(text, "NULL" | "null" | "\\N") {
        return true;
    }
    let strokes = ["-", "--", "—", "——", "－", "/", "／", "N/A", "n/a", "NaN", "nan"];
    match kind {
        ColumnType::Text => false,
        ColumnType::Boolean => strokes.contains(&text),
        _ => strokes.contains(&text) || text == "无",
    }
}

/// True of `1.10101E+17`: an identifier that a spreadsheet has turned into a number.
pub(super) fn has_lost_digits(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let Some(exponent) = exponent.strip_prefix('+') else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent) && mantissa.split_once('.').is_some_and(|(whole, rest)| whole.len() == 1 && digits(whole) && digits(rest))
}

/// Days since 1970-01-01.
pub(super) fn read_date(text: &str, is_1904: bool) -> Result<i32, &'static str> {
    dates::read_date(&unify(text), is_1904).ok_or("不是日期")
}

/// UTC microseconds.
pub(super) fn read_instant(text: &str, is_1904: bool) -> Result<i64, &'static str> {
    dates::read_instant(&unify(text), is_1904).ok_or("不是时间")
}

/// A whole number; `1,234`, full-width digits and `3.0` are read.
pub(super) fn read_integer(text: &str) -> Result<i64, &'static str> {
    let unified = unify(text);
    if let Ok(value) = unified.parse() {
        return Ok(value);
    }
    let number = Number::read(&unified).ok_or("不是整数")?;
    let value = number.scaled(0, 1).ok_or("数字过大")?;
    if !number.is_whole() {
        return Err("不是整数");
    }
    i64::try_from(value).map_err(|_| "数字过大")
}

/// Hundredths, rounded half away from zero; `factor` is 10 000 for a column in 万元.
pub(super) fn read_decimal(text: &str, factor: i64) -> Result<i128, &'static str> {
    let unified = unify(text);
    let mut amount: &str = unified.trim_start_matches(['¥', '￥']).trim_start();
    let mut factor = i128::from(factor);
    // A cell that names its own unit overrides the heading's.
    if let Some(rest) = amount.strip_suffix("万元").or_else(|| amount.strip_suffix('万')) {
        (amount, factor) = (rest, 10_000);
    } else if let Some(rest) = amount.strip_suffix('元') {
        (amount, factor) = (rest, 1);
    }
    let number = Number::read(amount.trim()).ok_or("不是数字")?;
    number.scaled(2, factor).filter(|value| value.abs() < DECIMAL_LIMIT).ok_or("数字过大")
}

/// A truth value.
pub(super) fn read_boolean(text: &str) -> Result<bool, &'static str> {
    match unify(text).to_lowercase().as_str() {
        "是" | "y" | "yes" | "1" | "true" | "t" | "有" | "√" | "✓" | "✔" | "对" => Ok(true),
        "否" | "n" | "no" | "0" | "false" | "f" | "无" | "×" | "x" | "✗" | "✘" | "错" => Ok(false),
        _ => Err("不是“是”或“否”"),
    }
}

/// Items separated by `;`, `,`, `、`, `|` or line breaks, or a JSON list of texts; each once, in order.
pub(super) fn read_list(text: &str) -> Vec<String> {
    let trimmed = trim(text);
    let mut items: Vec<String> = Vec::new();
    let mut push = |item: &str| {
        let item = clean_text(item, false);
        if !item.is_empty() && !items.iter().any(|known| *known == item) {
            items.push(item.into_owned());
        }
    };
    if trimmed.starts_with('[')
        && let Ok(values) = serde_json::from_str::<Vec<String>>(trimmed)
    {
        values.iter().for_each(|item| push(item));
    } else {
        trimmed.split([';', '；', ',', '，', '、', '|', '\n', '\r']).for_each(push);
    }
    items
}

/// A decimal number as digits and a power of ten.
struct Number {
    digits: i128,
    exponent: i32,
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match rest.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok().filter(|power| power.abs() <= 40)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: i128 = 0;
        let mut count = 0;
        let mut append = |byte: u8| {
            count += 1;
            digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
            Some(())
        };
        for (index, group) in whole.split(',').enumerate() {
            let is_grouped = whole.contains(',');
            let wrong_size = is_grouped && if index == 0 { !(1..=3).contains(&group.len()) } else { group.len() != 3 };
            if wrong_size || !group.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            group.bytes().try_for_each(&mut append)?;
        }
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Digits beyond twenty decimals can't change a rounded amount that people write.
        let fraction = &fraction[..fraction.len().min(20)];
        fraction.bytes().try_for_each(&mut append)?;
        let digits = if is_negative { -digits } else { digits };
        (count > 0).then_some(Self { digits, exponent: power - fraction.len() as i32 })
    }

    /// The value × 10^`decimals` × `factor`, rounded half away from zero; `None` when it does not fit.
    fn scaled(&self, decimals: i32, factor: i128) -> Option<i128> {
        let digits = self.digits.checked_mul(factor)?;
        let power = self.exponent + decimals;
        if power >= 0 {
            return digits.checked_mul(10_i128.checked_pow(power as u32)?);
        }
        let Some(divisor) = 10_i128.checked_pow(power.unsigned_abs()) else { return Some(0) };
        let (quotient, remainder) = (digits / divisor, digits % divisor);
        let up = remainder.abs().checked_mul(2).is_none_or(|twice| twice >= divisor);
        Some(if up { quotient + digits.signum() } else { quotient })
    }

    fn is_whole(&self) -> bool {
        let Some(divisor) = 10_i128.checked_pow(self.exponent.min(0).unsigned_abs()) else { return self.digits == 0 };
        self.digits % divisor == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let forms = [
            ("1234.5", 123_450),
            ("1,234.50", 123_450),
            ("１，２３４．５", 123_450),
            ("¥1,234.5元", 123_450),
            ("0.12345万元", 123_450),
            ("-3", -300),
            ("1.005", 101),
            ("-1.005", -101),
            ("1.5E+03", 150_000),
            (" 7 ", 700),
            ("3.3000000000000003", 330),
            (".5", 50),
            ("2.", 200),
        ];
        for (form, hundredths) in forms {
            assert_eq!(read_decimal(form, 1), Ok(hundredths), "{form}");
        }
        assert_eq!(read_decimal("1.2", 10_000), Ok(1_200_000), "a heading in 万元");
        assert_eq!(read_decimal("12000元", 10_000), Ok(1_200_000), "the cell's own unit wins");
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for form in ["", ".", "abc", "1,23", "12,34.5", "1.2.3", "--1", "3%", "1e99", "1 2", "三万", "99999999999999999999", "∞"] {
            assert!(read_decimal(form, 1).is_err(), "{form}");
        }
    }

    #[test]
    fn whole_numbers_may_carry_separators_but_no_fraction() {
        assert_eq!(read_integer("1,234"), Ok(1234));
        assert_eq!(read_integer("３"), Ok(3));
        assert_eq!(read_integer("3.0"), Ok(3));
        assert!(read_integer("3.5").is_err());
        assert!(read_integer("9223372036854775808").is_err());
    }

    #[test]
    fn truth_is_written_in_many_ways() {
        for form in ["是", "Y", "１", "TRUE", "有", "√"] {
            assert_eq!(read_boolean(form), Ok(true), "{form}");
        }
        for form in ["否", "n", "0", "False", "无", "×"] {
            assert_eq!(read_boolean(form), Ok(false), "{form}");
        }
        assert!(read_boolean("也许").is_err());
    }

    #[test]
    fn lists_keep_order_and_lose_repeats() {
        assert_eq!(read_list("市监；城管;市监、 环保"), ["市监", "城管", "环保"]);
        assert_eq!(read_list("[\"a, b\", \"c\"]"), ["a, b", "c"]);
        assert!(read_list(" ; ").is_empty());
    }

    #[test]
    fn an_identifier_in_scientific_notation_has_lost_its_digits() {
        assert!(has_lost_digits("1.10101E+17") && has_lost_digits("9.13301e+17"));
        assert!(!has_lost_digits("A1.1E+5") && !has_lost_digits("1E5") && !has_lost_digits("12.3E+4") && !has_lost_digits("浙E+1"));
    }

    #[test]
    fn strokes_are_nothing_in_typed_columns_only() {
        assert!(is_nothing(" / ", ColumnType::Date) && is_nothing("无", ColumnType::Decimal) && is_nothing("NULL", ColumnType::Text));
        assert!(!is_nothing("/", ColumnType::Text) && !is_nothing("无", ColumnType::Boolean));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,40}") {
            let _ = (read_integer(&text), read_decimal(&text, 10_000), read_boolean(&text), read_list(&text));
            let _ = (read_date(&text, false), read_instant(&text, false), clean_text(&text, true), has_lost_digits(&text));
        }

        #[test]
        fn number_like_text_never_panics(text in "[-+0-9,.eE万元¥]{0,60}") {
            let _ = (read_integer(&text), read_decimal(&text, 10_000));
        }

        #[test]
        fn hundredths_survive_writing(value in -10_i64.pow(17)..10_i64.pow(17)) {
            let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
            let text = format!("{sign}{}.{:02}", size / 100, size % 100);
            proptest::prop_assert_eq!(read_decimal(&text, 1), Ok(i128::from(value)));
        }
    }
}
