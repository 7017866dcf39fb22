//! A period is frozen, heard, corrected, signed, and verified by somebody who has nothing but the folder and the key.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use kaohe::report::names::file_name;
use tempfile::TempDir;

use crate::province::{Ended, Province, after, copy, finished_small, kaohe, simulate, skipped};

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

/// A decision of a matter of this unit.
fn decision(matter: u32, unit: &str, ruling: &str, more: &str) -> String {
    format!(
        "[[decision]]\nmatter = {matter}\nunit = \"{unit}\"\nruling = \"{ruling}\"\nreason = \"延长文书齐全\"\napprover = \"省司法厅执法监督局\"\n\
         decided_on = 2026-07-20\ndocument = \"decision.pdf\"\n{more}\n"
    )
}

fn correction(domain: &str, indicator: &str, figure: &str) -> String {
    format!("[[decision.correction]]\ndomain = \"{domain}\"\nindicator = \"{indicator}\"\nfigure = \"{figure}\"\n")
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
    let granted = decision(1, unit, "granted", &correction(domain, indicator, &format!("{all}/{all}")));
    let decisions = granted + &decision(2, unit, "answered", "");
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
    let create = ["release", "create", "--period", "2026-H1", "--key", &key];
    province.kaohe(&create).with(0);
    let scorecard = province.path("releases/2026-H1/draft/units").join(file_name(&appeal[0])).join("index.html");
    assert!(scorecard.is_file(), "a scorecard goes to the unit");
    let frozen = province.path("releases/2026-H1/draft/frozen/tables");
    assert!(frozen.join("measures.parquet").is_file() && !frozen.join("findings.parquet").exists(), "nothing under review goes with it");
    province.kaohe(&["release", "comment", &text(&matters)]).with(0);
    let open = province.kaohe(&["release", "finalise", "--key", &key]).with(2).said();
    assert!(open.contains("2 matters not decided: 1, 2"), "{open}");
    let said = province.kaohe(&["release", "comment", &text(&decisions)]).with(0).out;
    assert!(said.contains(&format!("{}/{} → {}/{}", appeal[3], appeal[4], appeal[4], appeal[4])), "{said}");
    // What is frozen can't be changed while units are heard, nor can a stranger sign it.
    let registry = "releases/2026-H1/draft/frozen/registry.json";
    let frozen = province.read(registry);
    province.replace(registry, "\"tier\": \"county\"", "\"tier\": \"city\"");
    let changed = province.kaohe(&["release", "finalise", "--key", &key]).with(3).said();
    assert!(changed.contains("frozen/registry.json was changed after it was signed"), "{changed}");
    province.write(registry, frozen);
    kaohe(&["sample", "--make-keys", &text(&office.path().join("other.key"))]).with(0);
    let stranger = province.kaohe(&["release", "finalise", "--key", &text(&office.path().join("other.key"))]).with(1).said();
    assert!(stranger.contains("another key froze it"), "{stranger}");
    // What happens to the project afterwards does not matter to what was frozen.
    province.write("queries/indicators/procedure/decision_timeliness.sql", "nonsense");
    let done = province.kaohe(&["release", "finalise", "--key", &key]).with(0).out;
    assert!(done.contains("edition 1, signed") && done.contains(" changed") && done.contains("decided    matter 1, appeal of"), "{done}");
    let listed = province.kaohe(&["release", "list"]).with(0).out;
    assert!(listed.contains("final") && !listed.contains("draft"), "{listed}");

    // Another machine, as far as files go: a copy elsewhere, read by a user who owns nothing of it and can write nowhere but in /tmp.
    let elsewhere = TempDir::new().expect("a folder");
    copy(&province.path("releases/2026-H1/1"), &elsewhere.path().join("release"));
    copy(&office.path().join("office.key.pub"), &elsewhere.path().join("office.pub"));
    let folder = text(&elsewhere.path().join("release"));
    let public = text(&elsewhere.path().join("office.pub"));
    let seen = by_a_stranger(elsewhere.path(), &["release", "verify", &folder, "--public-key", &public]).with(0).out;
    for told in ["signature  good", "computed   ranks", "computed   values", "again, of the public tree", "all as it was signed"] {
        assert!(seen.contains(told), "{told}: {seen}");
    }
    let record = fs::read_to_string(elsewhere.path().join("release/public/record.html")).expect("the record");
    assert!(record.contains("正式发布的第 1 版") && record.contains(&format!("{}/{}", appeal[4], appeal[4])), "errata stand in the record");
    assert!(!record.contains("所列逾期案件") && !record.contains("希望明年"), "what units said is not published");
    assert!(!record.contains("不得作为排名引用"), "a signed record is no sample");

    // Whoever has only what is public checks that it is what was published.
    let published = TempDir::new().expect("a folder");
    copy(&elsewhere.path().join("release/public"), published.path());
    let verify = ["release", "verify", &text(published.path()), "--public-key", &public].map(str::to_owned);
    let verify = verify.iter().map(String::as_str).collect::<Vec<_>>();
    let seen = kaohe(&verify).with(0).out;
    assert!(seen.contains("signature  good: kaohe release 2026-H1 edition 1") && seen.contains("all as it was signed"), "{seen}");
    let ranking = published.path().join("ranking.csv");
    let better = fs::read_to_string(&ranking).expect("read").replacen('1', "2", 1);
    fs::remove_file(&ranking).expect("removed");
    fs::write(&ranking, better).expect("written");
    let seen = kaohe(&verify).with(1).out;
    assert!(seen.contains("ranking.csv was changed after it was signed"), "{seen}");

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
    let said = kaohe(&["release", "verify", &folder, "--public-key", &text(&office.path().join("other.key.pub"))]).with(1).said();
    assert!(said.contains("somebody else signed it"), "{said}");
    let said = kaohe(&["release", "verify", &folder]).with(1).out;
    assert!(said.contains("signature  not checked") && !said.contains("as it was signed"), "{said}");
    let linked = TempDir::new().expect("a folder");
    copy(&elsewhere.path().join("release"), &linked.path().join("release"));
    let page = linked.path().join("release/public/index.html");
    fs::rename(&page, linked.path().join("index.html")).expect("moved");
    std::os::unix::fs::symlink(linked.path().join("index.html"), &page).expect("linked");
    let said = kaohe(&["release", "verify", &text(&linked.path().join("release")), "--public-key", &public]).with(1).out;
    assert!(said.contains("public/index.html is a link"), "{said}");
    // minisign itself checks the same, where it is there.
    if let Ok(told) = Command::new("minisign").args(["-V", "-q", "-p", &public, "-m"]).arg(format!("{folder}/manifest.json")).status() {
        assert!(told.success());
    }

    // Nothing of an edition can be changed by mistake.
    let edition = province.path("releases/2026-H1/1");
    for place in [edition.clone(), edition.join("public"), edition.join("public/record.html"), edition.join("frozen/tables")] {
        assert!(fs::metadata(&place).expect("it is there").permissions().readonly(), "{}", place.display());
    }

    // A correction is another edition, which cites the one it corrects and is compared with it; the first stays as it was.
    let total = |edition: u32| {
        let record = province.text(&format!("releases/2026-H1/{edition}/public/ranking.csv"));
        record.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    province.kaohe(&create).with(0);
    let nothing = province.kaohe(&["release", "finalise", "--key", &key]).with(2).said();
    assert!(nothing.contains("nothing was decided since the edition"), "{nothing}");
    let [unit, domain, indicator, numerator, all] = appeal.as_slice() else { panic!("five cells") };
    let revised = correction(domain, indicator, &format!("{}/{all}", numerator.parse::<u64>().expect("a count") + 1));
    let file = office.path().join("revised.toml");
    fs::write(&file, decision(1, unit, "partly", &revised)).expect("written");
    let twice = province.kaohe(&["release", "comment", &text(&file)]).with(2).said();
    assert!(twice.contains("was decided on 2026-07-20") && twice.contains("revises = true"), "{twice}");
    fs::write(&file, decision(1, unit, "partly", &format!("revises = true\n{revised}"))).expect("written");
    province.kaohe(&["release", "comment", &text(&file)]).with(0);
    let second = province.kaohe(&["release", "finalise", "--key", &key]).with(0).out;
    assert!(second.contains("edition 2, signed") && second.contains(" changed"), "{second}");
    let record = province.text("releases/2026-H1/2/public/record.html");
    assert!(record.contains("更正并取代第 1 版") && record.contains("与所更正的版次相比"), "{record}");
    let (was, is) = (format!("{all}/{all}"), format!("{}/{all}", numerator.parse::<u64>().expect("a count") + 1));
    assert!(record.contains(&format!("<td>{was}</td><td>{is}</td>")), "against the edition before, not against the draft: {record}");
    assert_ne!(total(1), total(2));
    for edition in ["1", "2"] {
        let folder = text(&province.path("releases/2026-H1").join(edition));
        kaohe(&["release", "verify", &folder, "--public-key", &public]).with(0);
    }
    // Nothing is built on an edition that was changed.
    let table = province.path("releases/2026-H1/2/frozen/tables/measures.parquet");
    fs::remove_file(&table).expect("removed");
    fs::write(&table, "better").expect("written");
    let refused = province.kaohe(&create).with(3).said();
    assert!(refused.contains("edition 2 is not as it was signed"), "{refused}");
}

/// The program, run by somebody who owns nothing here: nobody, where the tests run as root.
fn by_a_stranger(folder: &Path, arguments: &[&str]) -> Ended {
    let own = fs::metadata(folder).expect("the folder").uid();
    if own != 0 || !Command::new("setpriv").arg("--version").output().is_ok_and(|said| said.status.success()) {
        skipped("an edition verified by another user: not root, or no setpriv");
        return kaohe(arguments);
    }
    // Where the program was built, a stranger may not even look.
    let program = folder.join("kaohe");
    fs::copy(env!("CARGO_BIN_EXE_kaohe"), &program).expect("the program is copied");
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is opened");
    [folder, &program].into_iter().for_each(open);
    let mut stranger = Command::new("setpriv");
    stranger.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]).arg(&program).args(arguments);
    stranger.env_clear().current_dir("/").output().expect("setpriv starts").into()
}

#[test]
fn records_that_are_left_out_leave_every_figure_that_counts_them_and_all_figures_are_what_their_records_add_up_to() {
    let (province, office) = half_year();
    let key = text(&office.path().join("office.key"));
    let [unit, domain, indicator, numerator, all] = <[String; 5]>::try_from(improvable(&province)).expect("five cells");
    let [numerator, all] = [numerator, all].map(|count| count.parse::<u64>().expect("a count"));
    let explained = province.kaohe(&["explain", &unit, &indicator, "--domain", &domain, "--all", "--format", "json"]).with(0).out;
    let explained: serde_json::Value = serde_json::from_str(&explained).expect("JSON");
    let listed = |part: &str| -> Vec<String> {
        let sections = explained["indicators"][0]["records"]["sections"].as_array().expect("sections");
        let of_part = sections.iter().filter(|section| section["part"] == part);
        let records = of_part.flat_map(|section| section["records"].as_array().expect("records"));
        records.map(|record| record["record_id"].as_str().expect("a key").to_owned()).collect()
    };
    let (against, counted) = (listed("against"), listed("counted"));
    assert_eq!((against.len() as u64, counted.len() as u64), (all - numerator, numerator));
    province.kaohe(&["release", "create", "--period", "2026-H1", "--key", &key]).with(0);
    fs::write(office.path().join("decision.pdf"), "the paper").expect("written");
    let file = office.path().join("matters.toml");
    let matter = |kind: &str, more: &str| {
        format!(
            "[[matter]]\nunit = \"{unit}\"\nkind = \"{kind}\"\nsays = \"洪水期间\"\nreceived_on = 2026-07-10\ndocument = \"decision.pdf\"\n{more}\n"
        )
    };
    let comment = |text_of_file: String, code: i32| {
        fs::write(&file, text_of_file).expect("written");
        province.kaohe(&["release", "comment", &text(&file)]).with(code).said()
    };
    let unknown = comment(matter("exclusion", &format!("records = [\"{}\", \"{}x\"]", against[0], counted[0])), 2);
    assert!(unknown.contains(":7:") && unknown.contains(&format!("did you mean `{}`?", counted[0])), "{unknown}");

    // One that was late and one that was in time are left out, wherever they count.
    let flood = matter("exclusion", &format!("records = [\"{}\", \"{}\"]", against[0], counted[0]));
    let said = comment(flood + &decision(1, &unit, "granted", ""), 0);
    let changed = |was: &str, is: &str| format!("{unit} {indicator} {was} → {is}");
    assert!(said.contains(&changed(&format!("{numerator}/{all}"), &format!("{}/{}", numerator - 1, all - 2))), "{said}");
    assert!(said.matches(" → ").count() > 1, "a case counts in more than one figure: {said}");
    let twice = comment(decision(1, &unit, "granted", &format!("[[decision.correction]]\nleave_out = [\"{}\"]", against[0])), 2);
    assert!(twice.contains("was decided on"), "{twice}");

    // What another matter takes out of the same figure goes with it; the same record goes once.
    let more =
        format!("[[decision.correction]]\nindicator = \"{indicator}\"\nas_met = [\"{}\"]\nleave_out = [\"{}\"]", against[1], against[0]);
    let met =
        format!("{}[[decision.correction]]\nindicator = \"{indicator}\"\nas_met = [\"{}\"]", decision(2, &unit, "granted", ""), counted[1]);
    let said = comment(matter("appeal", "") + &met, 2);
    assert!(said.contains("counts as met in"), "{said}");
    let said = comment(matter("appeal", "") + &decision(2, &unit, "partly", &more), 0);
    assert!(said.contains(&changed(&format!("{}/{}", numerator - 1, all - 2), &format!("{numerator}/{}", all - 2))), "{said}");

    // What a unit excludes of another's record, for whose acts it answers, leaves that unit's figure as well.
    let sections = explained["indicators"][0]["records"]["sections"].as_array().expect("sections");
    let mut records =
        sections.iter().filter(|section| section["part"] == "counted").flat_map(|section| section["records"].as_array().expect("records"));
    let below = records.find(|record| {
        record["unit"] != *unit && ![&counted[0], &counted[1]].contains(&&record["record_id"].as_str().unwrap_or_default().to_owned())
    });
    let [owner, record] =
        ["unit", "record_id"].map(|name| below.expect("a record of a unit below")[name].as_str().expect("a text").to_owned());
    let asked = matter("exclusion", &format!("records = [\"{record}\"]\nindicator = \"{indicator}\"")).replace("洪水期间", "下级的");
    let said = comment(asked + &decision(3, &unit, "granted", ""), 0);
    let (all, numerator) = (all - 3, numerator - 1);
    assert!(said.contains(&changed(&format!("{}/{}", numerator + 1, all + 1), &format!("{numerator}/{all}"))), "{said}");
    assert!(said.contains(&format!("matter 3: {owner} {indicator} ")), "it is left out wherever it counts: {said}");
    let unasked = decision(3, &unit, "partly", &format!("revises = true\n[[decision.correction]]\nleave_out = [\"{}\"]", against[1]));
    assert!(comment(unasked, 2).contains("has not asked for the record"));
    let given = format!("{}/{all}", numerator - 1);
    let figure = correction(&domain, &indicator, &given);
    let said = comment(matter("appeal", "").replace("洪水期间", "另一件") + &decision(4, &unit, "granted", &figure), 0);
    assert!(said.contains(&changed(&format!("{numerator}/{all}"), &given)), "the figure that came last holds: {said}");
    let later = matter("appeal", "").replace("洪水期间", "再一件") + &decision(5, &unit, "partly", &more);
    let said = comment(later, 2);
    assert!(said.contains("the matter 4 has given"), "{said}");

    // What was heard and is not as it was taken is not signed.
    let paper = "releases/2026-H1/draft/hearings/0001/decision-1/decision.pdf";
    province.write(paper, "another paper");
    let refused = province.kaohe(&["release", "finalise", "--key", &key]).with(3).said();
    assert!(refused.contains("is not the paper that was taken"), "{refused}");
    province.write(paper, "the paper");

    province.kaohe(&["release", "finalise", "--key", &key]).with(0);
    let scorecard = province.text(&format!("releases/2026-H1/1/units/{}/index.html", file_name(&unit)));
    assert!(
        scorecard.contains("正式第 1 版") && scorecard.contains(&format!("<td>{given}</td>")),
        "the final scorecard is the unit's as well"
    );
    let edition = text(&province.path("releases/2026-H1/1"));
    let seen = kaohe(&["release", "verify", &edition, "--public-key", &format!("{key}.pub")]).with(0).out;
    assert!(seen.contains(" records add up to "), "{seen}");
    // A record leaves the month in which it stood: no month of the other unit has more met than due.
    let page = province.text(&format!("releases/2026-H1/1/units/{}/index.html", file_name(&owner)));
    let counts = page.split("<td>").filter_map(|cell| cell.split_once("</td>")?.0.split_once('／'));
    let numbers = counts.filter_map(|(met, due)| Some((met.parse::<u64>().ok()?, due.parse::<u64>().ok()?)));
    let months: Vec<(u64, u64)> = numbers.collect();
    assert!(months.len() > 10 && months.iter().all(|(met, due)| met <= due), "{months:?}");

    // A later run, of other data: what was decided holds for the records as they are now, and every figure that is another is told.
    simulate(&province, &["--night", "1"]);
    province.kaohe(&["run", "--period", "2026-H1"]).with(0);
    let run = province.current_run();
    province.kaohe(&["release", "create", "--period", "2026-H1", "--run", &run, "--key", &key]).with(0);
    let done = province.kaohe(&["release", "finalise", "--key", &key]).with(0).out;
    assert!(done.contains("other data: "), "{done}");
    let edition = text(&province.path("releases/2026-H1/2"));
    kaohe(&["release", "verify", &edition, "--public-key", &format!("{key}.pub")]).with(0);
    // Whoever signs next year may have another key: of the one before, what is public is enough.
    let other = text(&office.path().join("other.key"));
    kaohe(&["sample", "--make-keys", &other]).with(0);
    let create = ["release", "create", "--period", "2026-H1", "--key", &other];
    let stranger = province.kaohe(&create).with(1).said();
    assert!(stranger.contains("somebody else signed it"), "{stranger}");
    assert!(!province.path("releases/2026-H1/.making-draft").exists(), "a refusal leaves nothing");
    province.kaohe(&[&create[..], &["--previous-public-key", &format!("{key}.pub")]].concat()).with(0);
    let settled = comment(decision(4, &unit, "settled", "revises = true"), 0);
    assert!(settled.contains("decided 4"), "{settled}");
    let done = province.kaohe(&["release", "finalise", "--key", &other]).with(0).out;
    assert!(done.contains("matter 4, appeal of") && done.contains("settled by"), "{done}");
}

#[test]
fn what_a_release_refuses_is_said_with_its_place_and_nothing_of_it_is_taken() {
    let (province, office) = half_year();
    let refused = |command: &[&str]| province.kaohe(command).with(2).said();
    let key = text(&office.path().join("office.key"));
    let early = refused(&["release", "create", "--period", "2026", "--key", &key]);
    assert!(early.contains("speaks about 2026-H1") && early.contains("say --period 2026-H1"), "{early}");
    province.kaohe(&["run"]).with(0);
    let early = refused(&["release", "create", "--period", "2026", "--key", &key]);
    assert!(early.contains("the period ends on 2026-12-31"), "{early}");
    let run = province.runs().into_iter().rev().nth(1).expect("the run of the half year");
    // A run that is not the current one may have been changed as well.
    let table = format!("runs/{run}/tables/ranks.parquet");
    let ranks = province.read(&table);
    province.write(&table, "better");
    let create = ["release", "create", "--period", "2026-H1", "--run", &run, "--key", &key];
    let changed = province.kaohe(&create).with(3).said();
    assert!(changed.contains(&format!("not as the run {run} left them: ranks")), "{changed}");
    province.write(&table, ranks);
    province.kaohe(&create).with(0);
    let twice = refused(&create);
    assert!(twice.contains("is there already"), "{twice}");

    let [unit, domain, indicator, numerator, all] = <[String; 5]>::try_from(improvable(&province)).expect("five cells");
    let matter = |unit: &str, more: &str| {
        format!("[[matter]]\nunit = \"{unit}\"\nkind = \"appeal\"\nsays = \"所列案件有误\"\nreceived_on = 2026-07-10\n{more}\n")
    };
    let file = office.path().join("matters.toml");
    for (content, told) in [
        (matter(&unit, ""), vec![":1:", "needs `document`"]),
        (matter(&unit, "document = \"nowhere.pdf\""), vec![":6:12", "there is no file", "nowhere.pdf"]),
        (matter("nobody", "document = \"matters.toml\""), vec![":1:", "there is no unit `nobody`"]),
        (
            matter(&unit, "document = \"matters.toml\"\nindicator = \"procedure.decision_timelines\""),
            vec!["did you mean `procedure.decision_timeliness`?"],
        ),
        (matter(&unit, "document = \"matters.toml\"\npages = 3"), vec![":7:1", "has no key `pages`"]),
        (decision(7, &unit, "refused", ""), vec![":2:10", "there is no matter 7"]),
        (matter(&unit, "document = \"matters.toml\"").replace("所列案件有误", " . "), vec!["`says` says nothing"]),
        (matter(&unit, "document = \"matters.toml\"").replace("2026-07-10", "2199-07-10"), vec!["and today is"]),
        (String::new(), vec!["neither a `[[matter]]` nor a `[[decision]]`"]),
    ] {
        fs::write(&file, &content).expect("written");
        let said = refused(&["release", "comment", &text(&file)]);
        assert!(told.iter().all(|told| said.contains(told)) && said.contains("nothing of"), "{told:?}: {said}");
    }
    assert!(!province.path("releases/2026-H1/draft/hearings").exists(), "nothing of it was taken");

    fs::write(office.path().join("decision.pdf"), "the paper").expect("written");
    fs::write(&file, matter(&unit, &format!("document = \"decision.pdf\"\nindicator = \"{indicator}\""))).expect("written");
    province.kaohe(&["release", "comment", &text(&file)]).with(0);
    let again = refused(&["release", "comment", &text(&file)]);
    assert!(again.contains("has said the same already: it is the matter 1"), "{again}");
    let corrected = |figure: &str| correction(&domain, &indicator, figure);
    for (content, told) in [
        (decision(1, &unit, "granted", ""), "granted, and nothing is changed"),
        (decision(1, &unit, "refused", &corrected("1/2")), "refused, and the decision changes something"),
        (decision(1, &unit, "withdrawn", &corrected("1/2")), "was withdrawn, and the decision changes something"),
        (decision(1, &unit, "settled", &corrected("1/2")), "is said to be in the data, and the decision changes something"),
        (decision(1, &unit, "granted", &corrected("3/2")), "is no share"),
        (decision(1, &unit, "granted", &corrected(" +0_1/2")), "is no number"),
        (
            decision(1, &unit, "granted", &corrected("79228162514264337593543950335/79228162514264337593543950335")),
            "larger than any figure",
        ),
        (decision(1, &unit, "granted", &corrected(&format!("{numerator}/{all}"))), "as it is"),
        (decision(1, &unit, "granted", &corrected("0.5/1.5")), "counts parts of records"),
        (decision(1, &unit, "granted", &correction("nowhere", &indicator, "1/2")), "there is no value of"),
        (
            decision(1, &unit, "granted", &correction(&domain, "procedure.filing_timeliness", "1/2")),
            "is about `procedure.decision_timeliness`",
        ),
        (decision(1, &unit, "granted", "void = [\"no event\"]"), "has no bonus, deduction or veto `no event`"),
        (decision(1, &unit, "answered", ""), "asks for a decision"),
        (decision(1, "nobody", "refused", ""), "and the decision names `nobody`"),
        (decision(1, &unit, "refused", "").replace("2026-07-20", "2026-07-01"), "is said to be decided on 2026-07-01"),
    ] {
        fs::write(&file, &content).expect("written");
        let said = refused(&["release", "comment", &text(&file)]);
        assert!(said.contains(told), "{told}: {said}");
    }
    // A process that was killed while it took a matter leaves nothing that the next one stumbles over.
    fs::create_dir_all(province.path("releases/2026-H1/draft/hearings/.making-0002")).expect("a folder");
    province.write("releases/2026-H1/draft/hearings/.DS_Store", "");
    fs::write(&file, decision(1, &unit, "withdrawn", "")).expect("written");
    province.kaohe(&["release", "comment", &text(&file)]).with(0);
    let again = refused(&["release", "comment", &text(&file)]);
    assert!(again.contains("was decided on 2026-07-20"), "{again}");

    copy(&office.path().join("office.key"), &province.path("office.key"));
    let inside = refused(&["release", "finalise", "--key", &text(&province.path("office.key"))]);
    assert!(inside.contains("lies in the project"), "{inside}");
    let draft = kaohe(&["release", "verify", &text(&province.path("releases/2026-H1/draft"))]).with(2).said();
    assert!(draft.contains("is a draft"), "{draft}");
    let none = kaohe(&["release", "verify", &text(office.path())]).with(2).said();
    assert!(none.contains("is no release"), "{none}");
}
