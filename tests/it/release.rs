//! A period is frozen, heard, corrected, signed, and verified by somebody who has nothing but the folder and the key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kaohe::report::names::file_name;
use tempfile::TempDir;

use crate::province::{Province, after, copy, finished_small, kaohe};

/// Half a year that is over, after its run, and a folder outside the project with the office's keys.
fn half_year() -> (Province, TempDir) {
    let province = after(finished_small());
    province.kaohe(&["run", "--period", "2026-H1"]).with(0);
    let office = TempDir::new().expect("a folder");
    kaohe(&["sample", "--make-keys", &text(&office.path().join("office.key"))]).with(0);
    (province, office)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whose share of something ought to be larger: unit, domain, indicator, numerator, denominator.
fn improvable(province: &Province) -> Vec<String> {
    let sql = "select unit_id, domain, indicator, cast(numerator as bigint), cast(denominator as bigint) from values
        where status = 'scored' and indicator = 'procedure.decision_timeliness' and numerator < denominator
          and unit_id in (select unit_id from ranks where total is not null) order by unit_id limit 1";
    province.sql(sql).remove(0)
}

/// An appeal with its paper, a comment; and what is decided of them.
fn submissions(office: &Path, appeal: &[String]) -> [PathBuf; 2] {
    let [unit, domain, indicator, _, all] = appeal else { panic!("five cells: {appeal:?}") };
    fs::write(office.join("appeal.pdf"), "the paper of the appeal").expect("written");
    fs::write(office.join("decision.pdf"), "the paper of the decision").expect("written");
    let matters = format!(
        "[[matter]]\nunit = \"{unit}\"\nkind = \"appeal\"\nindicator = \"{indicator}\"\nsays = \"所列逾期案件均已依法延长\"\n\
         received_on = 2026-07-10\ndocument = \"appeal.pdf\"\n\n\
         [[matter]]\nunit = \"{unit}\"\nkind = \"comment\"\nsays = \"希望明年增加说明\"\nreceived_on = 2026-07-10\n"
    );
    let decisions = format!(
        "[[decision]]\nmatter = 1\nruling = \"granted\"\nreason = \"延长文书齐全\"\napprover = \"省司法厅执法监督局\"\ndecided_on = 2026-07-20\n\
         document = \"decision.pdf\"\n[[decision.correction]]\ndomain = \"{domain}\"\nindicator = \"{indicator}\"\nfigure = \"{all}/{all}\"\n\n\
         [[decision]]\nmatter = 2\nruling = \"answered\"\nreason = \"已转有关处室\"\napprover = \"省司法厅执法监督局\"\ndecided_on = 2026-07-20\n\
         document = \"decision.pdf\"\n"
    );
    [("matters.toml", matters), ("decisions.toml", decisions)].map(|(name, text)| {
        let file = office.join(name);
        fs::write(&file, text).expect("written");
        file
    })
}

#[test]
fn a_period_is_frozen_heard_corrected_signed_and_computed_again_from_the_folder_alone() {
    let (province, office) = half_year();
    let key = text(&office.path().join("office.key"));
    let appeal = improvable(&province);
    let [matters, decisions] = submissions(office.path(), &appeal);
    province.kaohe(&["release", "create", "--period", "2026-H1"]).with(0);
    let scorecard = province.path("releases/2026-H1/draft/units").join(file_name(&appeal[0])).join("index.html");
    assert!(scorecard.is_file(), "a scorecard goes to the unit");
    let frozen = province.path("releases/2026-H1/draft/frozen/tables");
    assert!(frozen.join("measures.parquet").is_file() && !frozen.join("findings.parquet").exists(), "nothing under review goes with it");
    province.kaohe(&["release", "comment", &text(&matters)]).with(0);
    let open = province.kaohe(&["release", "finalise", "--key", &key]).with(2).said();
    assert!(open.contains("2 matters not decided: 1, 2"), "{open}");
    province.kaohe(&["release", "comment", &text(&decisions)]).with(0);
    // What happens to the project afterwards does not matter to what was frozen.
    province.write("queries/indicators/procedure/decision_timeliness.sql", "nonsense");
    let done = province.kaohe(&["release", "finalise", "--key", &key]).with(0).out;
    assert!(done.contains("edition 1, signed") && done.contains("1 figure changed"), "{done}");
    let listed = province.kaohe(&["release", "list"]).with(0).out;
    assert!(listed.contains("final") && !listed.contains("draft"), "{listed}");

    // Another machine, as far as files go: a copy elsewhere, read by a user who owns nothing of it and can write nowhere but in /tmp.
    let elsewhere = TempDir::new().expect("a folder");
    copy(&province.path("releases/2026-H1/1"), &elsewhere.path().join("release"));
    copy(&office.path().join("office.key.pub"), &elsewhere.path().join("office.pub"));
    let folder = text(&elsewhere.path().join("release"));
    let public = text(&elsewhere.path().join("office.pub"));
    let seen = kaohe(&["release", "verify", &folder, "--public-key", &public]).with(0).out;
    for told in ["signature  good", "computed   ranks", "computed   values", "again, of the public tree", "all as it was signed"] {
        assert!(seen.contains(told), "{told}: {seen}");
    }
    let record = fs::read_to_string(elsewhere.path().join("release/public/record.html")).expect("the record");
    assert!(record.contains("正式发布的第 1 版") && record.contains(&format!("{}/{}", appeal[4], appeal[4])), "errata stand in the record");
    assert!(!record.contains("所列逾期案件") && !record.contains("希望明年"), "what units said is not published");
    assert!(!record.contains("不得作为排名引用"), "a signed record is no sample");

    // One figure of a page, one of a table, one of what was frozen: each is noticed.
    for (file, old, new) in
        [("public/record.html", "第 1 版", "第 9 版"), ("frozen/registry.json", "\"tier\": \"county\"", "\"tier\": \"city\"")]
    {
        let other = TempDir::new().expect("a folder");
        copy(&elsewhere.path().join("release"), &other.path().join("release"));
        let path = other.path().join("release").join(file);
        let bytes = fs::read_to_string(&path).expect("read").replacen(old, new, 1);
        fs::remove_file(&path).expect("removed");
        fs::write(&path, bytes).expect("written");
        let said = kaohe(&["release", "verify", &text(&other.path().join("release")), "--public-key", &public]).with(1).out;
        assert!(said.contains(&format!("{file} was changed after it was signed")) && said.contains("not as it was signed"), "{said}");
    }
    kaohe(&["sample", "--make-keys", &text(&office.path().join("other.key"))]).with(0);
    let said = kaohe(&["release", "verify", &folder, "--public-key", &text(&office.path().join("other.key.pub"))]).with(1).said();
    assert!(said.contains("somebody else signed it"), "{said}");
    let said = kaohe(&["release", "verify", &folder]).with(1).out;
    assert!(said.contains("signature  not checked"), "{said}");
    // minisign itself checks the same, where it is there.
    if let Ok(told) = Command::new("minisign").args(["-V", "-q", "-p", &public, "-m"]).arg(format!("{folder}/manifest.json")).status() {
        assert!(told.success());
    }

    // A correction is another edition, which cites the one it corrects; the first stays as it was.
    province.kaohe(&["release", "create", "--period", "2026-H1"]).with(0);
    let second = province.kaohe(&["release", "finalise", "--key", &key]).with(0).out;
    assert!(second.contains("edition 2, signed"), "{second}");
    let record = province.text("releases/2026-H1/2/public/record.html");
    assert!(record.contains("更正并取代第 1 版"), "{record}");
    for edition in ["1", "2"] {
        let folder = text(&province.path("releases/2026-H1").join(edition));
        kaohe(&["release", "verify", &folder, "--public-key", &public]).with(0);
    }
}

#[test]
fn what_a_release_refuses_is_said_with_its_place_and_nothing_of_it_is_taken() {
    let (province, office) = half_year();
    let refused = |command: &[&str]| province.kaohe(command).with(2).said();
    let early = refused(&["release", "create", "--period", "2026"]);
    assert!(early.contains("speaks about 2026-H1") && early.contains("kaohe run --period 2026"), "{early}");
    province.kaohe(&["run"]).with(0);
    let early = refused(&["release", "create", "--period", "2026"]);
    assert!(early.contains("the period ends on 2026-12-31"), "{early}");
    let run = province.runs().into_iter().rev().nth(1).expect("the run of the half year");
    province.kaohe(&["release", "create", "--period", "2026-H1", "--run", &run]).with(0);
    let twice = refused(&["release", "create", "--period", "2026-H1", "--run", &run]);
    assert!(twice.contains("is there already"), "{twice}");

    let unit = province.one("select min(unit_id) from ranks where total is not null");
    let matter = |unit: &str, more: &str| {
        format!("[[matter]]\nunit = \"{unit}\"\nkind = \"appeal\"\nsays = \"甲\"\nreceived_on = 2026-07-10\n{more}\n")
    };
    let file = office.path().join("matters.toml");
    for (content, told) in [
        (matter(&unit, ""), vec![":1:", "needs `document`"]),
        (matter(&unit, "document = \"nowhere.pdf\""), vec![":6:12", "there is no file", "nowhere.pdf"]),
        (matter("nobody", "document = \"matters.toml\""), vec![":1:", "there is no unit `nobody`"]),
        (matter(&unit, "document = \"matters.toml\"\nindicator = \"procedure.decision_timelines\""), vec!["did you mean `procedure.decision_timeliness`?"]),
        (matter(&unit, "document = \"matters.toml\"\npages = 3"), vec![":7:1", "has no key `pages`"]),
        ("[[decision]]\nmatter = 7\nruling = \"refused\"\nreason = \"甲\"\napprover = \"甲\"\ndecided_on = 2026-07-10\ndocument = \"matters.toml\"\n".to_owned(), vec![":2:10", "there is no matter 7"]),
        (String::new(), vec!["neither a `[[matter]]` nor a `[[decision]]`"]),
    ] {
        fs::write(&file, &content).expect("written");
        let said = refused(&["release", "comment", &text(&file)]);
        assert!(told.iter().all(|told| said.contains(told)) && said.contains("nothing of"), "{told:?}: {said}");
    }
    assert!(!province.path("releases/2026-H1/draft/hearings").exists(), "nothing of it was taken");

    let one = matter(&unit, "document = \"matters.toml\"");
    fs::write(&file, &one).expect("written");
    province.kaohe(&["release", "comment", &text(&file)]).with(0);
    let decision = |ruling: &str, more: &str| {
        format!(
            "[[decision]]\nmatter = 1\nruling = \"{ruling}\"\nreason = \"甲\"\napprover = \"甲\"\ndecided_on = 2026-07-10\ndocument = \"matters.toml\"\n{more}\n"
        )
    };
    let correction =
        |figure: &str| format!("[[decision.correction]]\nindicator = \"procedure.decision_timeliness\"\nfigure = \"{figure}\"");
    for (content, told) in [
        (decision("granted", ""), "granted, and nothing is changed"),
        (decision("refused", &correction("1/2")), "refused, and the decision changes something"),
        (decision("granted", &correction("3/2")), "is no share"),
        (decision("granted", "void = [\"no event\"]"), "has no bonus, deduction or veto `no event`"),
        (decision("answered", ""), "asks for a decision"),
    ] {
        fs::write(&file, &content).expect("written");
        let said = refused(&["release", "comment", &text(&file)]);
        assert!(said.contains(told), "{told}: {said}");
    }
    fs::write(&file, decision("refused", "")).expect("written");
    province.kaohe(&["release", "comment", &text(&file)]).with(0);
    let again = refused(&["release", "comment", &text(&file)]);
    assert!(again.contains("was decided on 2026-07-10"), "{again}");

    copy(&office.path().join("office.key"), &province.path("office.key"));
    let inside = refused(&["release", "finalise", "--key", &text(&province.path("office.key"))]);
    assert!(inside.contains("lies in the project"), "{inside}");
    let draft = kaohe(&["release", "verify", &text(&province.path("releases/2026-H1/draft"))]).with(2).said();
    assert!(draft.contains("is a draft"), "{draft}");
    let none = kaohe(&["release", "verify", &text(office.path())]).with(2).said();
    assert!(none.contains("is no release"), "{none}");
}
