//! The last wall before a page is written: no personal number, no address outside, nothing that runs but our own script.
//!
//! In: a finished page. Out: nothing, or an error that names the page and what was found, never the number itself. Never here:
//! repair; a page that does not pass is not written. [`mask`] is the other direction, for evidence that comes from rows.

use crate::error::{Error, Kind, Result};

/// What looks like a personal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// 18 digits of a resident's identity with a valid check character.
    ResidentId,
    /// A mobile number.
    Mobile,
    /// A bank card number with a valid check digit.
    BankCard,
}

impl Personal {
    fn word(self) -> &'static str {
        match self {
            Self::ResidentId => "a resident identity number",
            Self::Mobile => "a mobile number",
            Self::BankCard => "a bank card number",
        }
    }
}

/// Elements that fetch or run something, whatever their attributes.
const ACTIVE_ELEMENTS: [&str; 9] = ["script", "iframe", "object", "embed", "link", "base", "frame", "form", "image"];

/// Attributes that name something to fetch or to run. (`href` is looked at by itself.)
const ACTIVE_ATTRIBUTES: [&str; 7] = ["src", "srcset", "action", "formaction", "background", "poster", "ping"];

/// What a stylesheet fetches with.
const FETCHED_BY_STYLES: [&str; 3] = ["url(", "@import", "image-set("];

/// The one script that a page may hold, as it stands there.
pub fn script_element() -> String {
    format!("<script>{}</script>", super::SCRIPT)
}

/// Refuses a page that shows a personal number, refers to something outside itself, or holds anything that runs.
pub fn check_page(name: &str, html: &str) -> Result<()> {
    if let Some(personal) = first_personal_number(html) {
        return Err(Error::new(Kind::Source, format!("the page `{name}` would show what looks like {}", personal.word()))
            .with_hint("a name, a title or a sentence of a check holds it: look for it in the result tables; nothing was published"));
    }
    // Only markup can fetch: words between tags are words, whatever they look like.
    let (before, behind) = html.split_once(&script_element()).unwrap_or((html, ""));
    match active_markup(before).or_else(|| active_markup(behind)) {
        Some(found) => Err(Error::new(Kind::Bug, format!("the page `{name}` is not self-contained: it holds `{found}`"))),
        None => Ok(()),
    }
}

/// The first personal number of a page. Groups of digits are joined over single blanks and hyphens alone, so that it lies within one stretch of
/// letters, digits, blanks and hyphens; few of those have digits enough.
fn first_personal_number(html: &str) -> Option<Personal> {
    let is_between = |c: char| !(narrow(c).is_ascii_alphanumeric() || matches!(c, ' ' | '-'));
    let digits = |stretch: &str| stretch.chars().filter(|c| narrow(*c).is_ascii_digit()).count();
    let stretches = html.split(is_between).filter(|stretch| stretch.len() >= FEWEST_DIGITS && digits(stretch) >= FEWEST_DIGITS);
    stretches.filter_map(|stretch| personal_numbers(stretch).first().map(|(_, _, personal)| *personal)).next()
}

/// Digits of a mobile number, the shortest of them.
const FEWEST_DIGITS: usize = 11;

/// The first thing in the markup of a page that fetches or runs something.
fn active_markup(html: &str) -> Option<String> {
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let (name, attributes, after) = taken_apart(tag);
        rest = after;
        if ACTIVE_ELEMENTS.contains(&name.as_str()) {
            return Some(format!("<{name}"));
        }
        for (attribute, value) in attributes {
            let target = value.trim().to_ascii_lowercase();
            let leads_outside = target.split(['/', '#', '?']).next().is_some_and(|head| head.contains(':')) || target.starts_with("//");
            let is_active = ACTIVE_ATTRIBUTES.contains(&attribute.as_str())
                || attribute.starts_with("on")
                || (attribute == "href" || attribute == "xlink:href") && leads_outside
                || attribute == "http-equiv" && target != "content-security-policy"
                || attribute == "style" && FETCHED_BY_STYLES.iter().any(|text| target.contains(text));
            if is_active {
                return Some(format!("{attribute}=\"{value}\""));
            }
        }
        if name == "style" {
            let (style, after) = rest.split_once("</style>").unwrap_or((rest, ""));
            let style = style.to_ascii_lowercase();
            if let Some(found) = FETCHED_BY_STYLES.iter().find(|text| style.contains(**text)) {
                return Some((*found).to_owned());
            }
            rest = after;
        }
    }
    None
}

/// The name of a tag, its attributes, and what follows it; `tag` begins behind `<`. A tag that does not end reaches to the end.
fn taken_apart(tag: &str) -> (String, Vec<(String, String)>, &str) {
    let ends_name = |c: char| c.is_whitespace() || c == '>' || c == '/' || c == '=';
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let named = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(tag.len());
    let name = tag[..named].to_ascii_lowercase();
    let (mut attributes, mut rest) = (Vec::new(), &tag[named..]);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (name, attributes, after);
        }
        if rest.is_empty() {
            return (name, attributes, rest);
        }
        let end = rest[1..].find(ends_name).map_or(rest.len(), |end| end + 1);
        let attribute = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
            };
        }
        attributes.push((attribute, value.to_owned()));
    }
}

/// Covers the middle of everything that looks like a personal number.
pub fn mask(text: &str) -> String {
    let mut masked: Vec<char> = text.chars().collect();
    for (from, to, _) in personal_numbers(text) {
        let keep = 3.min((to - from) / 4);
        for place in &mut masked[from + keep..to - keep] {
            if place.is_alphanumeric() {
                *place = '*';
            }
        }
    }
    masked.into_iter().collect()
}

/// Every personal number in `text`: first character, character after the last, kind.
pub fn personal_numbers(text: &str) -> Vec<(usize, usize, Personal)> {
    let characters: Vec<char> = text.chars().map(narrow).collect();
    let words = words(&characters);
    let mut found = Vec::new();
    for (index, &(from, to)) in words.iter().enumerate() {
        if let Some(personal) = of_word(&characters[from..to]) {
            found.push((from, to, personal));
            continue;
        }
        // 138 0013 8000, 6222-0212-3456-7890-123, 330106 19900101 0016: groups with one blank or hyphen between them.
        let mut joined = characters[from..to].to_vec();
        let mut end = to;
        for &(next_from, next_to) in words[index + 1..].iter().take(4) {
            if next_from != end + 1 || !matches!(characters[end], ' ' | '-') || joined.len() > 19 {
                break;
            }
            joined.extend_from_slice(&characters[next_from..next_to]);
            end = next_to;
            if let Some(personal) = of_word(&joined) {
                found.push((from, end, personal));
                break;
            }
        }
    }
    found
}

/// Full-width digits and letters count as their narrow forms.
fn narrow(character: char) -> char {
    match character {
        '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
            char::from_u32(character as u32 - 0xfee0).unwrap_or(character)
        }
        other => other,
    }
}

/// Runs of ASCII letters and digits.
fn words(characters: &[char]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (index, character) in characters.iter().enumerate() {
        match (character.is_ascii_alphanumeric(), start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                words.push((from, index));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        words.push((from, characters.len()));
    }
    words
}

fn of_word(word: &[char]) -> Option<Personal> {
    let digits: Vec<u32> = word.iter().map_while(|c| c.to_digit(10)).collect();
    if digits.len() == word.len() {
        if is_mobile(&digits) {
            return Some(Personal::Mobile);
        }
        if is_resident_id(&digits, None) {
            return Some(Personal::ResidentId);
        }
        return is_bank_card(&digits).then_some(Personal::BankCard);
    }
    let ends_in_x = word.len() == 18 && digits.len() == 17 && matches!(word[17], 'X' | 'x');
    (ends_in_x && is_resident_id(&digits, Some(10))).then_some(Personal::ResidentId)
}

/// 11 digits from 13 to 19, also behind 86 or 0086.
fn is_mobile(digits: &[u32]) -> bool {
    let national = match digits {
        [0, 0, 8, 6, rest @ ..] | [8, 6, rest @ ..] if rest.len() == 11 => rest,
        all => all,
    };
    national.len() == 11 && national[0] == 1 && national[1] >= 3
}

/// GB 11643: a province, a date of birth, and the check character of ISO 7064 MOD 11-2.
fn is_resident_id(digits: &[u32], last: Option<u32>) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [u32; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    let Some(check) = last.or(digits.get(17).copied()) else { return false };
    if digits.len() + usize::from(last.is_some()) != 18 || !(1..=8).contains(&digits[0]) {
        return false;
    }
    let number = |range: std::ops::Range<usize>| digits[range].iter().fold(0, |sum, digit| sum * 10 + digit);
    let born = (1850..=2100).contains(&number(6..10)) && (1..=12).contains(&number(10..12)) && (1..=31).contains(&number(12..14));
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    born && CHECKS[(sum % 11) as usize] == check
}

/// 16 to 19 digits that open like a card (UnionPay, Visa, Mastercard, JCB, older domestic cards) and pass Luhn.
fn is_bank_card(digits: &[u32]) -> bool {
    if !(16..=19).contains(&digits.len()) {
        return false;
    }
    let opens_like_a_card = matches!(digits, [6, 0 | 2 | 5 | 8 | 9, ..] | [4, ..] | [5, 1..=5, ..] | [3, 5, ..] | [9, 5, 5, 8, ..]);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    opens_like_a_card && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Personal> {
        personal_numbers(text).into_iter().map(|(_, _, kind)| kind).collect()
    }

    #[test]
    fn personal_numbers_are_found_however_they_are_written() {
        // The example of GB 11643-1999 itself; its digits belong to nobody.
        for id in ["11010519491231002X", "身份证11010519491231002x号", "１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002X"]
        {
            assert_eq!(kinds(id), [Personal::ResidentId], "{id}");
        }
        for mobile in ["13800138000", "+8613800138000", "电话：138-0013-8000。", "138 0013 8000"] {
            assert_eq!(kinds(mobile), [Personal::Mobile], "{mobile}");
        }
        for card in ["6222020200112233445", "4111111111111111", "4111 1111 1111 1111"] {
            let expected = if card.starts_with('6') { luhn_valid(card) } else { true };
            assert_eq!(kinds(card) == [Personal::BankCard], expected, "{card}");
        }
    }

    fn luhn_valid(card: &str) -> bool {
        is_bank_card(&card.chars().filter_map(|c| c.to_digit(10)).collect::<Vec<_>>())
    }

    #[test]
    fn case_numbers_credit_codes_dates_and_hashes_are_not_personal() {
        for text in [
            "110105194912310021",
            "91330106MA2B0X1Y3K",
            "2026-03-30",
            "20260630T010203-ab12",
            "33010620260000123",
            "1380013800013800138",
            "12345",
            "12,345,678,901",
            "d9f3b2c4e5a6978812345678901234567890abcd13800138000ffff",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn a_page_is_looked_through_as_its_text_is() {
        let texts = [
            "电话：138-0013-8000。",
            "138 0013 8000",
            "x１１０１０５１９４９１２３１００２Ｘ",
            "<td>11010519491231002X</td>",
            "2026-03-30 12:00",
            "a1b2",
        ];
        for text in texts {
            let all = personal_numbers(text).first().map(|(_, _, personal)| *personal);
            assert_eq!(first_personal_number(&format!("<p>前 12</p>{text}<p>后</p>")), all, "{text}");
        }
    }

    #[test]
    fn evidence_is_covered_and_then_passes() {
        let masked = mask("当事人 11010519491231002X，电话13800138000");
        assert_eq!(masked, "当事人 110************02X，电话13*******00");
        assert!(personal_numbers(&masked).is_empty());
    }

    #[test]
    fn a_page_that_refers_outside_or_runs_something_is_refused() {
        assert!(check_page("p", "<p>好</p>").is_ok());
        let own = script_element();
        assert!(
            check_page("p", &own).is_ok()
                && check_page("p", &format!("{own}{own}")).is_err()
                && check_page("p", &own.replace("sort", "s")).is_err()
        );
        for bad in [
            "<a href=\"https://x\">",
            "<a\nHREF = ' javascript:x'>",
            "<a href=//x>",
            "<SCRIPT>",
            "<img alt='>' src=x>",
            "<svg/onload=x>",
            "<p onclick=\"x\">",
            "<link rel=x>",
            "<meta http-equiv=refresh content=1>",
            "<p style=\"background:URL(x)\">",
            "<style>a { background: url(x) }</style>",
            "13800138000",
        ] {
            let message = check_page("p", bad).expect_err(bad).to_string();
            assert!(message.contains("`p`") && !message.contains("13800138000"), "{message}");
        }
        for harmless in [
            "<p>url(1) src= javascript: @import http：//x &#60;script&#62; onload=</p>",
            "<td title=\"a src=x onload=y url(1) &#62; &#60;iframe\">x</td>",
            "<a href=\"../units/a.html#b:c\">x</a>",
        ] {
            assert!(check_page("p", harmless).is_ok(), "{harmless}");
        }
    }
}
