//! The shipped library is sound, and what the law forbids is refused in every disguise that was tried.

use datafusion::prelude::SessionContext;
use kaohe::compute::check::{check_library, planning_config};
use kaohe::library::Library;

#[tokio::test]
async fn the_shipped_library_has_no_error() {
    let (library, mut diagnostics) = Library::read(None).expect("the shipped library can be read");
    check_library(&SessionContext::new_with_config(planning_config()), &library, &mut diagnostics).await.expect("a session can be set up");
    assert_eq!(diagnostics.errors(), 0, "{}", diagnostics.to_text());
    assert!(library.indicators.len() >= 22 && library.tables.len() >= 31, "the library is whole");
}

/// An indicator over `cases` (or `relation`), with the given numerator and denominator.
fn indicator(better: &str, numerator: &str, denominator: &str, relation: &str) -> String {
    format!(
        "-- /// indicator\n-- title = \"试\"\n-- better = \"{better}\"\n-- shown_as = \"percent\"\n-- domains = [\"market\"]\n\
         -- tiers = [\"county\"]\n-- basis = \"试\"\n-- ///\n-- A trial.\n\
         SELECT unit_id, domain, month_of(decided_on) AS month, {numerator} AS numerator, {denominator} AS denominator\nFROM {relation} GROUP BY 1, 2, 3\n"
    )
}

fn population(select: &str) -> String {
    format!("-- /// population\n-- title = \"试\"\n-- grain = \"one case\"\n-- ///\n-- A trial.\n{select}\n")
}

/// Names of the errors that the trial indicator (and its population) gets.
async fn refusals(text: String, below: Option<&str>) -> Vec<String> {
    refusals_of(text, below.map(population)).await
}

async fn refusals_of(text: String, below: Option<String>) -> Vec<String> {
    let mut texts = kaohe::library::texts(None).expect("the shipped library can be read");
    texts.retain(|path, _| !path.starts_with("indicators/"));
    texts.insert("indicators/trial/merit.sql".to_owned(), text);
    if let Some(below) = below {
        texts.insert("populations/trial_rows.sql".to_owned(), below);
    }
    let (library, mut diagnostics) = Library::from_texts(texts).expect("the calendar is there");
    check_library(&SessionContext::new_with_config(planning_config()), &library, &mut diagnostics).await.expect("a session can be set up");
    let trial = diagnostics.sorted().into_iter().filter(|item| item.file.contains("trial"));
    trial.map(|item| format!("{}: {}", item.name, item.message)).collect()
}

#[tokio::test]
async fn every_exclusion_has_its_sentence_and_every_sentence_its_exclusion() {
    let honest = indicator("higher", "count(*) FILTER (WHERE excluded_because IS NULL)", "count(*)", "trial_rows");
    let header = |codes: &[&str]| {
        let lines: String = codes.iter().map(|code| format!("\n-- {code} = \"理由\"")).collect();
        let select = "SELECT unit_id, domain, decided_on, CASE WHEN outcome IN ('transferred', 'withdrawn') AND closed_on < $as_of THEN outcome \
                      WHEN filed_on IS NULL THEN 'no_filing' END AS excluded_because FROM cases";
        population(select).replacen("\n-- ///\n", &format!("\n-- [excluded]{lines}\n-- ///\n"), 1)
    };
    let said = async |codes: &[&str]| refusals_of(honest.clone(), Some(header(codes))).await;
    assert_eq!(said(&["transferred", "withdrawn", "no_filing"]).await, Vec::<String>::new());
    assert_eq!(
        said(&["transferred", "no_filing"]).await,
        ["unexplained-exclusion: `trial_rows` leaves rows out as `withdrawn` without saying why"]
    );
    assert_eq!(
        said(&["transferred", "withdrawn", "no_filing", "no_fillng"]).await,
        ["unused-exclusion: `trial_rows` explains `no_fillng`, which its SELECT never writes into `excluded_because`"]
    );
}

#[tokio::test]
async fn fines_and_counts_as_merit_are_refused_in_every_disguise() {
    let all = "count(*)";
    let rows = "trial_rows";
    let evasions: Vec<(&str, String, Option<&str>)> = vec![
        ("plain sum of fines", indicator("higher", "sum(fine_amount)", all, "cases"), None),
        ("confiscations", indicator("higher", "sum(confiscated_amount)", all, "cases"), None),
        ("what was paid in", indicator("higher", "sum(paid_amount)", all, "cases"), None),
        ("an average", indicator("higher", "cast(avg(fine_amount) as decimal(18,2))", all, "cases"), None),
        ("a ratio of two amounts", indicator("higher", "sum(paid_amount)", "sum(fine_amount)", "cases"), None),
        ("a CASE that counts large fines", indicator("higher", "sum(CASE WHEN fine_amount > 5000 THEN 1 ELSE 0 END)", all, "cases"), None),
        ("a FILTER that counts large fines", indicator("higher", "count(*) FILTER (WHERE fine_amount >= 5000)", all, "cases"), None),
        ("any fine at all", indicator("higher", "count(*) FILTER (WHERE fine_amount IS NOT NULL)", all, "cases"), None),
        ("counting the amount column", indicator("higher", "count(fine_amount)", all, "cases"), None),
        ("NOT below a limit", indicator("higher", "count(*) FILTER (WHERE NOT (fine_amount < 5000))", all, "cases"), None),
        ("BETWEEN", indicator("higher", "count(*) FILTER (WHERE fine_amount BETWEEN 1000 AND 9000)", all, "cases"), None),
        ("an amount behind arithmetic", indicator("higher", "count(*) FILTER (WHERE 0 - fine_amount < -5000)", all, "cases"), None),
        ("a limit on the other side", indicator("higher", "count(*) FILTER (WHERE 5000 < fine_amount)", all, "cases"), None),
        ("coalesce", indicator("higher", "sum(coalesce(fine_amount, 0))", all, "cases"), None),
        ("the largest fine", indicator("higher", "max(fine_amount)", all, "cases"), None),
        (
            "an alias in a population",
            indicator("higher", "sum(income)", all, rows),
            Some("SELECT unit_id, domain, decided_on, fine_amount AS income FROM cases"),
        ),
        (
            "a flag in a population",
            indicator("higher", "count(*) FILTER (WHERE good)", all, rows),
            Some("SELECT unit_id, domain, decided_on, fine_amount > 5000 AS good FROM cases"),
        ),
        (
            "a state decided by CASE in a population",
            indicator("higher", "count(*) FILTER (WHERE state = 'strong')", all, rows),
            Some("SELECT unit_id, domain, decided_on, CASE WHEN fine_amount > 5000 THEN 'strong' ELSE 'weak' END AS state FROM cases"),
        ),
        (
            "a population that sums before",
            indicator("higher", "cast(sum(total) as decimal(18,2))", all, rows),
            Some("SELECT unit_id, domain, decided_on, sum(fine_amount) AS total FROM cases GROUP BY 1, 2, 3"),
        ),
        (
            "a join to the platform's copy of the amount",
            indicator("higher", "sum(amount)", all, rows),
            Some(
                "SELECT c.unit_id, c.domain, c.decided_on, p.fine_amount AS amount FROM cases c JOIN platform_records p ON p.key_text = c.case_id",
            ),
        ),
        (
            "a window over amounts",
            indicator("higher", "count(*) FILTER (WHERE place <= 10)", all, rows),
            Some("SELECT unit_id, domain, decided_on, rank() OVER (ORDER BY fine_amount DESC) AS place FROM cases"),
        ),
        (
            "a union with an amount in one branch",
            indicator("higher", "sum(amount)", all, rows),
            Some(
                "SELECT unit_id, domain, decided_on, 0.00 AS amount FROM cases UNION ALL SELECT unit_id, domain, decided_on, fine_amount FROM cases",
            ),
        ),
        ("better lower, upside down", indicator("lower", all, "sum(fine_amount)", "cases"), None),
        ("better lower, few small fines", indicator("lower", "count(*) FILTER (WHERE fine_amount < 1000)", all, "cases"), None),
        ("cases per month", indicator("higher", all, "12", "cases"), None),
        ("cases per officer", indicator("higher", all, "sum(cardinality(officers))", "cases"), None),
        ("cases per party", indicator("higher", all, "count(DISTINCT party_code)", "cases"), None),
        ("penalties over a narrower base", indicator("higher", all, "count(*) FILTER (WHERE major)", "cases"), None),
        (
            "cases per head by join",
            indicator("higher", all, "max(heads)", rows),
            Some("SELECT c.unit_id, c.domain, c.decided_on, u.officer_quota AS heads FROM cases c JOIN units u ON u.unit_id = c.unit_id"),
        ),
        ("a band around counts", indicator("band", all, "12", "cases"), None),
    ];
    let mut slipped = Vec::new();
    for (name, text, below) in &evasions {
        let found = refusals(text.clone(), *below).await;
        if !found.iter().any(|message| message.starts_with("unlawful-indicator")) {
            slipped.push(format!("{name}: {found:?}"));
        }
    }
    assert!(slipped.is_empty(), "not refused:\n{}", slipped.join("\n"));
}

#[tokio::test]
async fn a_cap_on_a_fine_and_equal_amounts_in_two_systems_stay_lawful() {
    let all = "count(*)";
    let lawful: Vec<(&str, String, Option<&str>)> = vec![
        ("a cap", indicator("higher", "count(*) FILTER (WHERE fine_amount <= 200)", all, "cases"), None),
        ("no fine", indicator("band", "count(*) FILTER (WHERE fine_amount IS NULL OR fine_amount = 0)", all, "cases"), None),
        ("all without the large ones", indicator("higher", "count(*) - count(*) FILTER (WHERE fine_amount > 200)", all, "cases"), None),
        (
            "a threshold that chooses whom the duty concerns, in both sides",
            indicator("higher", "count(*) FILTER (WHERE needed AND legal_reviewed)", "count(*) FILTER (WHERE needed)", rows_population()),
            Some("SELECT unit_id, domain, decided_on, legal_reviewed, fine_amount >= 100000 AS needed FROM cases"),
        ),
        (
            "the same amount in two systems",
            indicator("higher", "count(*) FILTER (WHERE same)", all, rows_population()),
            Some(
                "SELECT c.unit_id, c.domain, c.decided_on, c.fine_amount IS NOT DISTINCT FROM p.fine_amount AS same FROM cases c JOIN platform_records p ON p.key_text = c.case_id",
            ),
        ),
    ];
    for (name, text, below) in lawful {
        let found = refusals(text, below).await;
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

fn rows_population() -> &'static str {
    "trial_rows"
}
