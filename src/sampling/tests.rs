//! Laws of drawing, and the files of a list.

use proptest::prelude::*;

use super::*;
use crate::diagnostics::Diagnostics;
use crate::library::sample::read_sample;

fn sample(keys: &str) -> Sample {
    let text = format!("-- /// sample\n-- title = \"样本\"\n-- basis = \"本系统补充\"\n{keys}\n-- ///\n-- 全部。\nSELECT 1\n");
    let mut diagnostics = Diagnostics::default();
    read_sample("panel", "queries/samples/panel.sql", &text, &mut diagnostics).unwrap_or_else(|| panic!("{}", diagnostics.to_text()))
}

fn row(id: &str, stratum: &str) -> FrameRow {
    FrameRow { id: id.to_owned(), stratum: stratum.to_owned(), deviation: None, carried: Vec::new() }
}

fn frame(strata: &[(&str, usize)]) -> Frame {
    let rows = strata.iter().flat_map(|(stratum, members)| (0..*members).map(move |member| row(&format!("{stratum}{member:04}"), stratum)));
    Frame { columns: Vec::new(), rows: rows.collect() }
}

fn ids<'a>(drawing: &'a Drawing<'_>) -> Vec<&'a str> {
    drawing.members.iter().filter(|member| member.role != Role::Reserve).map(|member| member.row.id.as_str()).collect()
}

fn previous(drawing: &Drawing<'_>) -> Previous {
    let mut previous = Previous::default();
    for member in drawing.members.iter().filter(|member| member.role != Role::Reserve) {
        previous.members.entry(member.row.stratum.clone()).or_default().push(member.row.id.clone());
    }
    previous.begins = drawing.strata.iter().map(|stratum| (stratum.name.clone(), stratum.begins)).collect();
    previous
}

proptest! {
    #[test]
    fn the_order_of_the_frame_changes_nothing(seed in "[a-z]{1,8}", turn in 0usize..40) {
        let sample = sample("-- size = 12\n-- minimum = 3\n-- reserves = 0.5");
        let straight = frame(&[("a", 30), ("b", 11)]);
        let mut turned = straight.clone();
        turned.rows.rotate_left(turn);
        let drawn = draw(&sample, &straight, &seed, None).expect("drawn");
        let again = draw(&sample, &turned, &seed, None).expect("drawn");
        prop_assert_eq!(ids(&drawn), ids(&again));
        prop_assert_eq!(straight.digest(), turned.digest());
        prop_assert_eq!(ids(&drawn).len(), 12);
        // Weights stand for the whole frame.
        let weights: Decimal = drawn.members.iter().map(|member| member.weight).sum();
        prop_assert!((weights - Decimal::from(41)).abs() < Decimal::new(1, 3));
    }

    #[test]
    fn a_quarter_leaves_at_each_drawing_and_comes_back_only_after_the_ring(seed in "[a-z]{1,8}") {
        let sample = sample("-- size = 8\n-- rotation = 0.25");
        let frame = frame(&[("a", 24)]);
        let mut last = draw(&sample, &frame, &seed, None).expect("drawn");
        let mut gone: BTreeSet<String> = BTreeSet::new();
        // 8 of 24 with 2 leaving each time: (24 − 8)/2 = 8 drawings before the first comes back.
        for _ in 0..8 {
            let next = draw(&sample, &frame, &seed, Some(&previous(&last))).expect("drawn");
            prop_assert_eq!((next.strata[0].kept, next.strata[0].retired), (6, 2));
            let now: BTreeSet<&str> = ids(&next).into_iter().collect();
            prop_assert!(gone.iter().all(|id| !now.contains(id.as_str())), "one came back too early");
            gone.extend(ids(&last).into_iter().filter(|id| !now.contains(id)).map(str::to_owned));
            last = next;
        }
    }
}

#[test]
fn everybody_has_the_same_chance() {
    // 2000 seeds, 5 of 20: each is expected 500 times, standard deviation 19.4; six of them are allowed for the extreme of 20.
    let sample = sample("-- size = 5");
    let frame = frame(&[("a", 20)]);
    let mut times: BTreeMap<String, i32> = BTreeMap::new();
    for seed in 0..2000 {
        let drawing = draw(&sample, &frame, &seed.to_string(), None).expect("drawn");
        ids(&drawing).into_iter().for_each(|id| *times.entry(id.to_owned()).or_default() += 1);
    }
    assert_eq!(times.len(), 20);
    assert!(times.values().all(|times| (times - 500).abs() < 117), "{times:?}");
}

#[test]
fn newcomers_have_the_chance_of_all_others_when_the_window_moves_on() {
    // 8 of 30, then ten join and a quarter leaves: over 4000 seeds everybody is in 8/40 of the time, those included who retire and are out.
    let sample = sample("-- size = 8\n-- rotation = 0.25");
    let old = frame(&[("a", 30)]);
    let all =
        Frame { rows: old.rows.iter().cloned().chain((0..10).map(|new| row(&format!("new{new}"), "a"))).collect(), ..Frame::default() };
    let (mut newcomers, mut others, mut never) = (0, 0, 0);
    for seed in 0..4000 {
        let first = draw(&sample, &old, &seed.to_string(), None).expect("drawn");
        let next = draw(&sample, &all, &seed.to_string(), Some(&previous(&first))).expect("drawn");
        let retired = &previous(&first).members["a"][..2];
        never += ids(&next).iter().filter(|id| retired.iter().any(|gone| gone == *id)).count();
        newcomers += ids(&next).iter().filter(|id| id.starts_with("new")).count();
        others += ids(&next).iter().filter(|id| !id.starts_with("new")).count();
    }
    assert_eq!(never, 0, "who retires is out");
    let (of_newcomers, of_others) = (newcomers as f64 / 40_000.0, others as f64 / 120_000.0);
    // 0.175 and 0.208 where the window begins at the first who stays.
    assert!((of_newcomers - 0.2).abs() < 0.008 && (of_others - 0.2).abs() < 0.005, "{of_newcomers} {of_others}");
}

#[test]
fn fewer_places_are_taken_from_those_who_served_longest() {
    let frame = frame(&[("a", 40)]);
    let wide = draw(&sample("-- size = 12"), &frame, "seed", None).expect("drawn");
    let narrow = draw(&sample("-- size = 8"), &frame, "seed", Some(&previous(&wide))).expect("drawn");
    assert_eq!(ids(&narrow), ids(&wide)[4..].to_vec());
    let wide_again = draw(&sample("-- size = 12"), &frame, "seed", Some(&previous(&narrow))).expect("drawn");
    assert!(ids(&wide)[..4].iter().all(|gone| !ids(&wide_again).contains(gone)), "nobody who left is back");
}

#[test]
fn one_that_joins_lately_can_enter_and_one_that_left_counts_as_replaced() {
    let sample = sample("-- size = 8\n-- rotation = 0.25");
    let mut all = frame(&[("a", 40)]);
    let first = draw(&sample, &all, "seed", None).expect("drawn");
    let last = previous(&first);
    let dead: Vec<String> = last.members["a"][3..5].to_vec();
    all.rows.retain(|row| !dead.contains(&row.id));
    let next = draw(&sample, &all, "seed", Some(&last)).expect("drawn");
    // Two of eight are to leave, and two are gone: nobody else has to.
    assert_eq!((next.strata[0].kept, next.strata[0].retired), (6, 2));
    assert_eq!(ids(&next)[0], last.members["a"][0]);
    // Of many that join, those whose numbers lie inside the window are in it.
    let with_new =
        Frame { rows: all.rows.iter().cloned().chain((0..40).map(|new| row(&format!("new{new}"), "a"))).collect(), ..Frame::default() };
    let joined = draw(&sample, &with_new, "seed", Some(&last)).expect("drawn");
    assert!(ids(&joined).iter().any(|id| id.starts_with("new")), "{:?}", ids(&joined));
}

#[test]
fn reserves_follow_in_the_ring_and_stand_for_nobody() {
    let sample = sample("-- size_of_stratum = 4\n-- reserves = 0.5");
    let frame = frame(&[("a", 20), ("b", 3)]);
    let drawing = draw(&sample, &frame, "seed", None).expect("drawn");
    let of =
        |stratum: &str, role: Role| drawing.members.iter().filter(|member| member.row.stratum == stratum && member.role == role).count();
    assert_eq!((of("a", Role::Entered), of("a", Role::Reserve), of("b", Role::Entered), of("b", Role::Reserve)), (4, 2, 3, 0));
    let mut numbers = drawing.members.iter().filter(|member| member.row.stratum == "a").map(|member| member.number).collect::<Vec<_>>();
    assert!(numbers.is_sorted());
    numbers.dedup();
    assert_eq!(numbers.len(), 6);
    assert!(drawing.members.iter().all(|member| (member.role == Role::Reserve) == member.weight.is_zero()));
}

#[test]
fn neyman_draws_more_where_answers_differ_more() {
    let sample = sample("-- size = 30\n-- allocation = \"neyman\"\n-- minimum = 2");
    let mut frame = frame(&[("a", 100), ("b", 100), ("c", 100)]);
    for row in &mut frame.rows {
        row.deviation = match row.stratum.as_str() {
            "a" => Some(1.0),
            "b" => Some(3.0),
            _ => None,
        };
    }
    // N·S = 100, 300, and 200 for the stratum of which nothing is known: 30 are shared out 5, 15, 10.
    let drawing = draw(&sample, &frame, "seed", None).expect("drawn");
    assert_eq!(drawing.strata.iter().map(|stratum| stratum.drawn).collect::<Vec<_>>(), [5, 15, 10]);
}

#[test]
fn a_frame_that_would_be_unfair_or_too_small_is_refused_with_a_reason() {
    let said = |keys: &str, rows: Vec<FrameRow>| {
        let frame = Frame { columns: Vec::new(), rows };
        draw(&sample(keys), &frame, "seed", None).expect_err("refused").to_string()
    };
    assert!(said("-- size = 1", vec![]).contains("no rows"));
    assert!(said("-- size = 1", vec![row("x", "a"), row("x", "b")]).contains("`x` stands in the frame twice"));
    assert!(said("-- size = 1", vec![row("x", "")]).contains("no stratum"));
    assert!(said("-- size = 3", vec![row("x", "a"), row("y", "b")]).contains("the frame has 2 members"));
    let said = said("-- size = 3\n-- minimum = 2", vec![row("x", "a"), row("y", "a"), row("z", "b"), row("w", "b")]);
    assert!(said.contains("need 4, more than the 3"), "{said}");
}

#[test]
fn a_list_is_read_back_and_one_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sample("-- size = 2\n-- reserves = 1");
    let mut frame = frame(&[("a", 9)]);
    frame.columns = vec!["region_code".to_owned()];
    frame.rows.iter_mut().for_each(|row| row.carried = vec!["330100".to_owned()]);
    let drawing = draw(&sample, &frame, "seed", None).expect("drawn");
    let of = list::Circumstances { as_of: "2026-06-30".to_owned(), seed: "seed".to_owned(), ..list::Circumstances::default() };
    let (csv, record) = list::write(&sample, &frame, &drawing, &of).expect("written");
    std::fs::write(folder.path().join(list::LIST), &csv).expect("written");
    std::fs::write(folder.path().join(list::RECORD), record.to_json().expect("json")).expect("written");
    let read = list::read(folder.path()).expect("read");
    assert_eq!(read.members(), &previous(&drawing));
    let text = String::from_utf8(csv.clone()).expect("text");
    assert_eq!(text.lines().next(), Some("\u{feff}order,role,id,stratum,weight,since,region_code"));
    assert!(text.contains(",4.5,2026-06-30,330100"), "{text}");
    // A member that is kept keeps the day since which it is in.
    let later = list::Circumstances { as_of: "2026-09-30".to_owned(), seed: "seed".to_owned(), previous: Some(read.clone()), ..of.clone() };
    let next = draw(&sample, &frame, "seed", Some(read.members())).expect("drawn");
    let (csv, _) = list::write(&sample, &frame, &next, &later).expect("written");
    assert!(String::from_utf8(csv).expect("text").contains(",2026-06-30,330100"));
    let other = text.replacen("entered", "kept", 1);
    std::fs::write(folder.path().join(list::LIST), other).expect("written");
    assert!(list::read(folder.path()).expect_err("changed").to_string().contains("changed after the drawing"));
}
