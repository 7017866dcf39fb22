//! What a project file may say, and what it is told when it says something else.

use super::*;

const HEAD: &str = "name = \"示例省\"\nscheme = \"2026\"\n";

fn read(text: &str, environment: &[(&str, &str)]) -> (Option<Project>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join(PROJECT_FILE), text).expect("written");
    std::fs::create_dir(folder.path().join("mapping")).expect("made");
    std::fs::write(folder.path().join("mapping/cases.sql"), "SELECT 1").expect("written");
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut diagnostics = Diagnostics::default();
    let project = Project::read(folder.path(), &environment, &mut diagnostics).expect("the file is there");
    (project, diagnostics.to_text())
}

#[test]
fn a_full_project_reads() {
    let text = format!(
        "{HEAD}period = \"2026\"\n[library]\nindicators = \"scheme\"\n[hold]\nmax_share = 0.2\n[report]\nnotice = \" 示例数据 \"\n[[source]]\ntable = \"cases\"\npath = \"sources/*.csv\"\nencoding = \"gb18030\"\n\
         delimiter = \";\"\nmapping = \"mapping/cases.sql\"\nmax_quarantine_rate = 0.1\ncolumns = {{ \"原表头\" = \"case_id\" }}\n\
         constants = {{ domain = \"market\" }}\ndropped = [\"decided_on\"]\n\
         codes.outcome = {{ \"罚了\" = \"penalty\" }}\n[[source]]\ntable = \"units\"\npath = \"u.xlsx\"\nroot = \"$DATA\"\n[source.codes]\ntier = {{ \"县\" = \"county\" }}\n"
    );
    let (project, said) = read(&text, &[("DATA", "/data")]);
    let project = project.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(said, "");
    assert_eq!((project.hold_max_share, project.period.map(|period| period.name)), (0.2, Some("2026".to_owned())));
    assert_eq!(project.notice, "示例数据");
    assert!(project.only_of_scheme);
    let [cases, units] = project.sources.as_slice() else { panic!("two sources") };
    assert_eq!(
        (cases.delimiter, cases.encoding, cases.max_quarantine_rate, cases.max_shrink),
        (Some(b';'), Some(Encoding::Gb18030), Some(0.1), 0.3)
    );
    assert_eq!(cases.mapping.as_ref().map(|mapping| mapping.sql.as_str()), Some("SELECT 1"));
    assert_eq!(cases.columns["原表头"], "case_id");
    assert_eq!(cases.codes["outcome"]["罚了"], "penalty");
    assert_eq!(cases.constants["domain"], "market");
    assert_eq!(cases.dropped, ["decided_on"]);
    assert_eq!((units.root.as_path(), units.codes["tier"]["县"].as_str()), (Path::new("/data"), "county"));
}

#[test]
fn the_whole_library_is_computed_unless_the_project_says_otherwise() {
    let computes_few = |text: &str| read(&format!("{HEAD}{text}"), &[]).0.map(|project| project.only_of_scheme);
    assert_eq!(computes_few(""), Some(false));
    assert_eq!(computes_few("[library]\nindicators = \"all\"\n"), Some(false));
    let (project, said) = read(&format!("{HEAD}[library]\nindicators = \"schema\"\n"), &[]);
    assert!(project.is_none() && said.contains("did you mean `scheme`?"), "{said}");
}

#[test]
fn a_misspelt_key_is_told_its_nearest() {
    let (project, said) = read(&format!("{HEAD}[[source]]\ntable = \"cases\"\npath = \"a.csv\"\nencodng = \"utf-8\"\n"), &[]);
    assert!(project.is_none());
    assert!(said.contains("[[source]] has no key `encodng`") && said.contains("did you mean `encoding`?"), "{said}");
}

#[test]
fn a_notice_is_one_sentence_and_may_be_left_out() {
    assert_eq!(read(HEAD, &[]).0.map(|project| project.notice), Some(String::new()));
    for wrong in ["\"\"", "\"a\\nb\"", "1"] {
        assert!(read(&format!("{HEAD}[report]\nnotice = {wrong}\n"), &[]).0.is_none(), "{wrong}");
    }
    let (_, said) = read(&format!("{HEAD}[report]\nnotices = \"a\"\n"), &[]);
    assert!(said.contains("did you mean `notice`?"), "{said}");
}

#[test]
fn a_path_must_stay_inside_the_project() {
    for path in ["../secret.csv", "/etc/passwd", "a/../../b.csv", "a\\\\b.csv", ""] {
        let (project, said) = read(&format!("{HEAD}[[source]]\ntable = \"cases\"\npath = \"{path}\"\n"), &[]);
        assert!(project.is_none() && said.contains("path-outside"), "{path}: {said}");
    }
}

#[test]
fn a_root_is_the_name_of_a_variable_that_is_set() {
    let source = |root: &str| format!("{HEAD}[[source]]\ntable = \"cases\"\npath = \"a.csv\"\nroot = \"{root}\"\n");
    assert!(read(&source("/data"), &[]).1.contains("root-form"));
    let (_, said) = read(&source("$KAOHE_DAT"), &[("KAOHE_DATA", "/data")]);
    assert!(said.contains("unset-variable") && said.contains("did you mean `KAOHE_DATA`?"), "{said}");
}

#[test]
fn the_same_source_twice_and_a_share_above_one_are_errors() {
    let source = "[[source]]\ntable = \"cases\"\npath = \"a.csv\"\n";
    assert!(read(&format!("{HEAD}{source}{source}"), &[]).1.contains("duplicate-source"));
    assert!(read(&format!("{HEAD}{source}max_shrink = 30\n"), &[]).1.contains("share-range"));
    assert!(read(&format!("{HEAD}{source}codes = \"x\"\n"), &[]).1.contains("codes-form"));
    assert!(read(&format!("{HEAD}{source}mapping = \"mapping/none.sql\"\n"), &[]).1.contains("mapping-missing"));
}

#[test]
fn results_and_sources_may_name_an_object_store_by_a_variable() {
    let text = format!(
        "{HEAD}[publish]\nto = \"$STORE\"\nsingle_writer = true\n[[source]]\ntable = \"units\"\npath = \"u/*.csv\"\nroot = \"$STORE\"\n"
    );
    let environment = [("STORE", "s3://kaohe/考核/"), ("AWS_SECRET_ACCESS_KEY", "topsecret"), ("HOME", "/root")];
    let (project, said) = read(&text, &environment);
    let project = project.unwrap_or_else(|| panic!("{said}"));
    let publish = project.publish.as_ref().expect("a store");
    assert_eq!((publish.to.to_string().as_str(), publish.single_writer), ("s3://kaohe/考核", true));
    let remote = project.sources[0].remote.as_ref().expect("a store");
    assert!(remote.missing.is_some() && remote.prefix == publish.to);
    assert!(!format!("{project:?}").contains("topsecret"));
    for (text, told) in [
        (format!("{HEAD}[publish]\nto = \"s3://kaohe/a\"\n"), "root-form"),
        (format!("{HEAD}[publish]\nto = \"$STOR\"\n"), "did you mean `STORE`?"),
        (format!("{HEAD}[publish]\nsingle_writer = true\n"), "missing-key"),
        (format!("{HEAD}[[source]]\ntable = \"cases\"\npath = \"s3://kaohe/a.csv\"\n"), "also in an object store"),
    ] {
        let (project, said) = read(&text, &environment);
        assert!(project.is_none() && said.contains(told), "{said}");
    }
}

const DATABASE: &str = "[[source]]\ntable = \"cases\"\ndatabase = \"$CASES\"\nrelation = \"办案.案件\"\norder_by = [\"case_id\"]\n";
const ADDRESS: (&str, &str) = ("CASES", "postgres://kaohe:pw-of-kaohe@host/cases?sslmode=require");

#[test]
fn a_source_may_stand_in_a_database_whose_address_nobody_prints() {
    let (project, said) = read(&format!("{HEAD}{DATABASE}max_shrink = 0.1\n"), &[ADDRESS]);
    let project = project.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(said, "");
    let source = &project.sources[0];
    assert_eq!((source.path.as_str(), source.max_shrink), ("CASES/办案.案件", 0.1));
    let database = source.database.as_ref().expect("a database");
    assert_eq!(database.selection, Selection::Relation(vec!["办案".to_owned(), "案件".to_owned()]));
    assert_eq!((database.variable.as_str(), database.order_by.as_slice()), ("CASES", &["case_id".to_owned()][..]));
    assert_eq!(database.url.as_ref().map(ConnectionUrl::secret), Some(ADDRESS.1));
    assert!(!format!("{project:?}").contains("pw-of-kaohe"));
    let (_, said) = read(&format!("{HEAD}{DATABASE}"), &[]);
    assert!(said.contains("warning[unset-variable]"), "{said}");
    let query = DATABASE.replace("relation = \"办案.案件\"", "query = \"mapping/cases.sql\"");
    let selection =
        read(&format!("{HEAD}{query}"), &[ADDRESS]).0.and_then(|project| project.sources[0].database.clone()).map(|found| found.selection);
    assert_eq!(selection, Some(Selection::Query { file: "mapping/cases.sql".to_owned(), sql: "SELECT 1".to_owned() }));
}

#[test]
fn an_address_in_the_file_itself_is_refused_without_being_shown() {
    for address in ["postgres://kaohe:pw-of-kaohe@host/cases", "$postgres://kaohe:pw-of-kaohe@host/cases", "CASES", "$"] {
        let (project, said) = read(&format!("{HEAD}{}", DATABASE.replace("$CASES", address)), &[ADDRESS]);
        assert!(project.is_none() && said.contains("database-form") && !said.contains("pw-of-kaohe"), "{said}");
    }
}

#[test]
fn what_a_source_of_a_database_lacks_or_has_too_much_is_told() {
    let without = |line: &str| DATABASE.replace(line, "");
    for (text, rule) in [
        (without("relation = \"办案.案件\"\n"), "source-selection"),
        (without("order_by = [\"case_id\"]\n"), "missing-key"),
        (format!("{DATABASE}query = \"mapping/cases.sql\"\n"), "source-selection"),
        (format!("{DATABASE}path = \"a.csv\"\n"), "`path` means nothing for a source of a database"),
        (format!("{DATABASE}encoding = \"utf-8\"\n"), "`encoding` means nothing for a source of a database"),
        (without("database = \"$CASES\"\n"), "`relation` means nothing for a source of files"),
        (DATABASE.replace("办案.案件", "a.b.c"), "relation-form"),
        (DATABASE.replace("办案.案件", "a/b"), "relation-form"),
        (DATABASE.replace("relation = \"办案.案件\"", "query = \"mapping/none.sql\""), "query-missing"),
        (format!("{DATABASE}{DATABASE}"), "duplicate-source"),
    ] {
        let (project, said) = read(&format!("{HEAD}{text}"), &[ADDRESS]);
        assert!(project.is_none() && said.contains(rule), "{text}: {said}");
    }
}
