//! Drawing samples: the same list from the same seed, a quarter that rotates, a signature that anybody can check, and no quiet second try.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::province::{Ended, Province, after, finished_sample, finished_small, kaohe, skipped};

struct Row {
    role: String,
    id: String,
    stratum: String,
    weight: f64,
    since: String,
}

fn list(folder: &Path) -> Vec<Row> {
    let text = fs::read_to_string(folder.join("list.csv")).expect("a list");
    let text = text.strip_prefix('\u{feff}').expect("a mark for Excel");
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.expect("a row");
        Row {
            role: row[1].to_owned(),
            id: row[2].to_owned(),
            stratum: row[3].to_owned(),
            weight: row[4].parse().unwrap_or(0.0),
            since: row[5].to_owned(),
        }
    };
    csv::Reader::from_reader(text.as_bytes()).records().map(row).collect()
}

fn members(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter().filter(|row| row.role != "reserve").map(|row| row.id.as_str()).collect()
}

fn draw(province: &Province, more: &[&str]) -> Ended {
    province.kaohe(&[&["sample"], more].concat())
}

#[test]
fn a_panel_of_a_hundred_stands_for_the_whole_frame_and_comes_out_the_same_again() {
    let (province, _) = finished_sample();
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let into = |name: &str| at(name).display().to_string();
    let first = draw(province, &["enterprise_panel", "--seed", "lottery 077", "--into", &into("first")]).with(0);
    assert!(first.err.contains("100 of 558 drawn"), "{}", first.err);
    let rows = list(&at("first"));
    let drawn: Vec<&Row> = rows.iter().filter(|row| row.role != "reserve").collect();
    assert_eq!((drawn.len(), members(&rows).len()), (100, 100));
    let frame: f64 = province
        .one("select count(*) from enterprise_spans where date '2026-06-30' between valid_from and valid_to and not is_gone and size in ('micro','small','medium')")
        .parse()
        .expect("a count");
    let stands_for: f64 = drawn.iter().map(|row| row.weight).sum();
    assert!((stands_for - frame).abs() < 0.01, "{stands_for} for {frame}");
    for stratum in drawn.iter().map(|row| row.stratum.as_str()).collect::<BTreeSet<_>>() {
        let of = |reserve: bool| rows.iter().filter(|row| row.stratum == stratum && (row.role == "reserve") == reserve).count();
        assert!(of(false) >= 8 && of(true) >= of(false) / 2, "{stratum}: {} and {}", of(false), of(true));
    }
    let again = draw(province, &["enterprise_panel", "--seed", "lottery 077", "--into", &into("again")]).with(0);
    assert_eq!(fs::read(at("first").join("list.csv")).expect("list"), fs::read(at("again").join("list.csv")).expect("list"));
    // Somebody who draws again until it suits has to explain it.
    assert!(again.err.contains("before (2026-06-30, seed `lottery 077`"), "{}", again.err);
    let record = fs::read_to_string(at("again").join("list.json")).expect("record");
    assert!(record.contains("\"drawn_before\": [\n    \"2026-06-30, seed `lottery 077`\""), "{record}");
    let verified = draw(province, &["--verify", &into("again")]).with(0);
    assert!(verified.out.contains("the same list") && verified.out.contains("not the first: "), "{}", verified.out);
}

#[test]
fn a_list_that_was_made_up_or_drawn_by_another_rule_does_not_verify() {
    let (province, _) = finished_sample();
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("list").display().to_string();
    draw(province, &["stage_verification", "--seed", "lottery 078", "--into", &into]).with(0);
    let (csv, json) = (folder.path().join("list/list.csv"), folder.path().join("list/list.json"));
    let (text, record) = (fs::read_to_string(&csv).expect("list"), fs::read_to_string(&json).expect("record"));
    // A friend's case goes out, and the digest in the record is made to fit.
    let other = text.replacen("cases ", "case_ ", 1);
    fs::write(&csv, &other).expect("written");
    assert!(draw(province, &["--verify", &into]).with(1).err.contains("changed after the drawing"));
    let digest = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
    fs::write(&json, record.replace(&digest(&text), &digest(&other))).expect("written");
    let made_up = draw(province, &["--verify", &into]).with(1);
    assert!(made_up.err.contains("it was not drawn by this rule"), "{}", made_up.err);
    // The same with a seed that was chosen afterwards.
    fs::write(&csv, &text).expect("written");
    fs::write(&json, record.replace("lottery 078", "lottery 079")).expect("written");
    assert!(draw(province, &["--verify", &into]).with(1).err.contains("it was not drawn by this rule"));
    fs::write(&json, record.replace("阶段核验的事项", "随意抽取的事项")).expect("written");
    assert!(draw(province, &["--verify", &into]).with(1).err.contains("list.json says otherwise"));
    fs::write(&json, &record[..100]).expect("written");
    assert!(draw(province, &["--verify", &into]).with(1).err.contains("is no record of a drawing"));
    let nowhere = folder.path().join("nowhere").display().to_string();
    assert!(draw(province, &["--verify", &nowhere]).with(2).err.contains("there is no list in"));
}

#[test]
fn a_quarter_of_the_panel_rotates_and_who_stays_keeps_the_day_of_entry() {
    let (province, _) = finished_sample();
    let lists = tempfile::tempdir().expect("a folder");
    let (first, second) = (lists.path().join("first").display().to_string(), lists.path().join("second").display().to_string());
    let folder = province.folder();
    let earlier = |more: &[&str]| kaohe(&[&["sample", "enterprise_panel", "--project", &folder, "--as-of", "2026-03-31"], more].concat());
    let before = earlier(&["--seed", "x", "--into", &first]).with(0);
    assert!(before.err.contains("drawn for 2026-03-31"), "{}", before.err);
    draw(province, &["enterprise_panel", "--previous", &first, "--into", &second]).with(0);
    let (old, new) = (list(Path::new(&first)), list(Path::new(&second)));
    let kept: Vec<&Row> = new.iter().filter(|row| row.role == "kept").collect();
    assert_eq!(
        kept.iter().map(|row| row.id.as_str()).collect::<BTreeSet<_>>(),
        members(&old).intersection(&members(&new)).copied().collect()
    );
    assert!((60..90).contains(&kept.len()), "{} stay", kept.len());
    assert!(kept.iter().all(|row| row.since == "2026-03-31"));
    assert!(new.iter().filter(|row| row.role == "entered").all(|row| row.since.as_str() > "2026-03-31"));
    // Going on from it, the list verifies only with the one before.
    assert!(draw(province, &["--verify", &second]).with(1).err.contains("name its folder with --previous"));
    assert!(draw(province, &["--verify", &second, "--previous", &first]).with(0).out.contains("the same list"));
    let backwards = earlier(&["--previous", &second]).with(2);
    assert!(backwards.err.contains("draw for a later date"), "{}", backwards.err);
    let other = draw(province, &["spot_checks", "--previous", &first]).with(2);
    assert!(other.err.contains("one of `enterprise_panel`"), "{}", other.err);
}

#[test]
fn whoever_writes_the_list_before_by_hand_can_not_choose_the_members() {
    let (province, _) = finished_sample();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let kaohe_at =
        |more: &[&str]| kaohe(&[&["sample", "enterprise_panel", "--project", &province.folder(), "--as-of", "2026-03-31"], more].concat());
    kaohe_at(&["--seed", "lottery 090", "--into", &path("first")]).with(0);
    // The window is moved so that a wanted firm is the first, and the digest in the record fits.
    let record = fs::read_to_string(folder.path().join("first/list.json")).expect("record");
    fs::create_dir(folder.path().join("forged")).expect("a folder");
    fs::copy(folder.path().join("first/list.csv"), folder.path().join("forged/list.csv")).expect("copied");
    let begins = record.find("\"begins\": 0").expect("a window begins at 0");
    let forged = format!("{}\"begins\": 123456789{}", &record[..begins], &record[begins + 11..]);
    fs::write(folder.path().join("forged/list.json"), forged).expect("written");
    let refused = draw(province, &["enterprise_panel", "--previous", &path("forged"), "--into", &path("next")]).with(1);
    assert!(refused.err.contains("is no list that this project has drawn"), "{}", refused.err);
    draw(province, &["enterprise_panel", "--previous", &path("first"), "--into", &path("next")]).with(0);
}

#[test]
fn a_drawing_that_is_taken_out_of_the_journal_is_missed() {
    let province = after(finished_small());
    for (seed, into) in [("one", "a"), ("two", "b")] {
        draw(&province, &["spot_checks", "--seed", seed, "--into", &province.path(into).display().to_string()]).with(0);
    }
    let journal = province.text("samples/journal.jsonl");
    province.write("samples/journal.jsonl", journal.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>());
    let third = province.path("c").display().to_string();
    let missed = draw(&province, &["spot_checks", "--seed", "three", "--into", &third]).with(1);
    assert!(missed.err.contains("journal.jsonl:1: a line before this one was changed or taken out"), "{}", missed.err);
    assert!(!province.path("c").exists(), "nothing is half drawn");
}

#[test]
fn a_list_is_signed_where_it_stands_and_never_replaced() {
    let (province, _) = finished_sample();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    province.kaohe(&["sample", "--make-keys", &path("office.key")]).with(0);
    let lottery = ["spot_checks", "--seed", "lottery 085", "--into", &path("list")];
    draw(province, &lottery).with(0);
    let before = fs::read(folder.path().join("list/list.json")).expect("record");
    let unsigned = draw(province, &["--verify", &path("list"), "--public-key", &path("office.key.pub")]).with(1);
    assert!(unsigned.err.contains("is not signed"), "{}", unsigned.err);
    let wrong = draw(province, &[&lottery[..], &["--key", &path("office.key.pub")]].concat()).with(2);
    assert!(wrong.err.contains("is a public key"), "{}", wrong.err);
    draw(province, &[&lottery[..], &["--key", &path("office.key")]].concat()).with(0);
    assert_eq!(fs::read(folder.path().join("list/list.json")).expect("record"), before);
    draw(province, &["--verify", &path("list"), "--public-key", &path("office.key.pub")]).with(0);
    let late = kaohe(&["sample", "spot_checks", "--project", &province.folder(), "--as-of", "2027-06-30", "--seed", "x"]).with(2);
    assert!(late.err.contains("2027-06-30 is later"), "{}", late.err);
}

#[test]
fn a_signed_list_verifies_with_the_offices_key_and_with_nobody_elses() {
    let (province, _) = finished_sample();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    province.kaohe(&["sample", "--make-keys", &path("office.key")]).with(0);
    province.kaohe(&["sample", "--make-keys", &path("other.key")]).with(0);
    assert!(province.kaohe(&["sample", "--make-keys", &path("office.key")]).with(2).err.contains("exists already"));
    draw(province, &["spot_checks", "--seed", "lottery 080", "--key", &path("office.key"), "--into", &path("list")]).with(0);
    let verify = |key: &str| draw(province, &["--verify", &path("list"), "--public-key", &path(key)]);
    let good = verify("office.key.pub").with(0);
    assert!(good.out.contains("signed with the key") && good.out.contains("spot_checks"), "{}", good.out);
    assert!(verify("other.key.pub").with(1).err.contains("is not of"));
    match Command::new("minisign").args(["-V", "-p", &path("office.key.pub"), "-m", &path("list/list.json")]).output() {
        Ok(said) => assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr)),
        Err(_) => skipped("minisign is not installed: the signature was checked by kaohe alone"),
    }
    let json = folder.path().join("list/list.json");
    fs::write(&json, fs::read_to_string(&json).expect("record").replace("lottery 080", "lottery 081")).expect("written");
    assert!(verify("office.key.pub").with(1).err.contains("changed after it was signed"));
}

#[test]
fn a_drawing_without_seed_over_a_list_or_of_an_unknown_sample_is_refused() {
    let (province, _) = finished_sample();
    assert!(draw(province, &["spot_checks"]).with(2).err.contains("a drawing needs a seed"));
    let unknown = draw(province, &["spotcheck", "--seed", "x"]).with(2);
    assert!(unknown.err.contains("there are enterprise_panel, spot_checks, stage_verification"), "{}", unknown.err);
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("list").display().to_string();
    draw(province, &["spot_checks", "--seed", "lottery 081", "--into", &into]).with(0);
    assert!(draw(province, &["spot_checks", "--seed", "lottery 082", "--into", &into]).with(2).err.contains("holds a list already"));
    let listed = draw(province, &[]).with(0);
    assert!(listed.out.contains("企业执法负担调查样本") && listed.out.contains("100, by Neyman"), "{}", listed.out);
}
