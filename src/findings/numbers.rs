//! Document numbers against their dates: which of them stand out of line.
//!
//! In: numbers of one unit with dates. Out: the fewest records that must be taken out so that dates rise with numbers. Never here:
//! whether that is many.

use std::collections::BTreeMap;

use crate::terms::date_from_epoch_days;

/// One numbered document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Unit.
    pub unit: String,
    /// Its number as written.
    pub number: String,
    /// Days since 1970.
    pub dated_on: i32,
    /// Key of the record: the last word on order, so that every run picks the same ones.
    pub record_id: String,
}

/// Cuts a number at its last run of digits: (series, running number). `None` without digits, or with more than 18 of them.
pub fn series_of(number: &str) -> Option<(String, u64)> {
    let end = number.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start =
        number[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + number[at..].chars().next().map_or(1, char::len_utf8));
    let running = number[start..end].parse().ok()?;
    Some((format!("{}#{}", &number[..start], &number[end..]), running))
}

/// For each document of a series of at least two: `None` when in line, else why it is out of line. Others are left out. Keys are places in
/// `documents`.
pub fn out_of_line(documents: &[Numbered]) -> BTreeMap<usize, Option<String>> {
    let mut series: BTreeMap<(&str, String), Vec<(u64, usize)>> = BTreeMap::new();
    for (place, document) in documents.iter().enumerate() {
        if let Some((name, running)) = series_of(&document.number) {
            series.entry((&document.unit, name)).or_default().push((running, place));
        }
    }
    let mut judged = BTreeMap::new();
    for mut members in series.into_values().filter(|members| members.len() >= 2) {
        members.sort_by(|a, b| {
            let key = |member: &(u64, usize)| (member.0, documents[member.1].dated_on, documents[member.1].record_id.clone());
            key(a).cmp(&key(b))
        });
        let places: Vec<usize> = members.iter().map(|(_, place)| *place).collect();
        let dates: Vec<i32> = places.iter().map(|place| documents[*place].dated_on).collect();
        let kept = longest_rise(&dates);
        for (position, place) in places.iter().enumerate() {
            let why = (!kept[position]).then(|| reason(documents, &places, &kept, position));
            judged.insert(*place, why);
        }
    }
    judged
}

fn reason(documents: &[Numbered], places: &[usize], kept: &[bool], position: usize) -> String {
    let shown = |days: i32| date_from_epoch_days(days).map_or_else(String::new, |date| date.to_string());
    let own = &documents[places[position]];
    let before = (0..position).rev().find(|other| kept[*other]).map(|other| &documents[places[other]]);
    let after = (position + 1..places.len()).find(|other| kept[*other]).map(|other| &documents[places[other]]);
    let (word, other) = match (before, after) {
        (Some(before), _) if before.dated_on > own.dated_on => ("早于前号", before),
        (_, Some(after)) if after.dated_on < own.dated_on => ("晚于后号", after),
        // The longest line may run through other documents of the same number.
        (before, after) => ("与相邻文号不顺", before.or(after).unwrap_or(own)),
    };
    format!("文号 {} 的日期 {} {word} {} 的日期 {}", own.number, shown(own.dated_on), other.number, shown(other.dated_on))
}

/// Marks a longest non-decreasing subsequence.
fn longest_rise(values: &[i32]) -> Vec<bool> {
    // `ends[l]` = place of the smallest value that ends a rise of length l + 1; `previous` leads back along it.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        let length = ends.partition_point(|end| values[*end] <= *value);
        previous.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() { ends.push(place) } else { ends[length] = place }
    }
    let mut kept = vec![false; values.len()];
    let mut at = ends.last().copied();
    while let Some(place) = at {
        kept[place] = true;
        at = previous[place];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(rows: &[(&str, i32)]) -> Vec<Numbered> {
        let row = |(number, dated_on): &(&str, i32)| Numbered {
            unit: "A".to_owned(),
            number: (*number).to_owned(),
            dated_on: *dated_on,
            record_id: (*number).to_owned(),
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn a_number_is_cut_at_its_last_digits() {
        assert_eq!(series_of("杭市监罚〔2026〕15号"), Some(("杭市监罚〔2026〕#号".to_owned(), 15)));
        assert_eq!(series_of("2026-007"), Some(("2026-#".to_owned(), 7)));
        assert_eq!(series_of("15"), Some(("#".to_owned(), 15)));
        assert_eq!(series_of("无号"), None);
        assert_eq!(series_of("1234567890123456789012"), None);
    }

    #[test]
    fn the_one_document_that_was_dated_back_is_out_of_line() {
        let judged = out_of_line(&documents(&[("罚1号", 100), ("罚2号", 105), ("罚3号", 90), ("罚4号", 110)]));
        assert_eq!(judged.values().map(Option::is_some).collect::<Vec<_>>(), [false, false, true, false]);
        assert_eq!(judged[&2].as_deref(), Some("文号 罚3号 的日期 1970-04-01 早于前号 罚2号 的日期 1970-04-16"));
    }

    #[test]
    fn the_one_document_that_was_dated_forward_is_out_of_line() {
        let judged = out_of_line(&documents(&[("罚1号", 100), ("罚2号", 190), ("罚3号", 105), ("罚4号", 110)]));
        assert_eq!(judged.values().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, false]);
    }

    #[test]
    fn equal_days_and_gaps_in_the_numbers_are_in_line_and_series_are_apart() {
        let judged = out_of_line(&documents(&[
            ("罚〔2025〕9号", 100),
            ("罚〔2026〕1号", 90),
            ("罚〔2026〕7号", 90),
            ("罚〔2026〕30号", 95),
            ("无号", 1),
        ]));
        assert_eq!(judged.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(judged.values().all(Option::is_none));
    }
}
