//! The shipped library is sound, and what the law forbids is refused in every disguise that was tried.

use datafusion::prelude::SessionContext;
use kaohe::compute::check::{Depth, check_library, planning_config};
use kaohe::library::Library;

#[tokio::test]
async fn the_shipped_library_has_no_error() {
    let (library, mut diagnostics) = Library::read(None).expect("the shipped library can be read");
    check_library(&SessionContext::new_with_config(planning_config()), &library, Depth::Full, &mut diagnostics)
        .await
        .expect("a session can be set up");
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

/// An indicator of shape "value" over `relation`.
fn value(better: &str, value: &str, relation: &str) -> String {
    let text = indicator(better, value, "count(*)", relation);
    text.replace("AS numerator", "AS value").replace("AS denominator", "AS n").replacen(
        "-- ///\n-- A",
        "-- shape = \"value\"\n-- ///\n-- A",
        1,
    )
}

/// An indicator of shape "region" over `cases`.
fn region(better: &str, figure: &str) -> String {
    value(better, figure, "cases").replace("\"value\"", "\"region\"").replace("SELECT unit_id", "SELECT region_code")
}

fn population(select: &str) -> String {
    format!("-- /// population\n-- title = \"试\"\n-- grain = \"one case\"\n-- ///\n-- A trial.\n{select}\n")
}

/// What is said of each trial: an indicator, and a population called `trial_rows` that it may read. All are checked in one library.
async fn refusals<N>(trials: &[(N, String, Option<String>)]) -> Vec<Vec<String>> {
    let mut texts = kaohe::library::texts(None).expect("the shipped library can be read");
    texts.retain(|path, _| !path.starts_with("indicators/") && !path.starts_with("findings/"));
    for (index, (_, text, below)) in trials.iter().enumerate() {
        let own = format!("trial_rows_{index}");
        texts.insert(format!("indicators/trial/merit_{index}.sql"), text.replace("trial_rows", &own));
        if let Some(below) = below {
            let below = if below.starts_with("-- ///") { below.clone() } else { population(below) };
            texts.insert(format!("populations/{own}.sql"), below);
        }
    }
    let (library, mut diagnostics) = Library::from_texts(texts).expect("the calendar is there");
    check_library(&SessionContext::new_with_config(planning_config()), &library, Depth::BeforeRun, &mut diagnostics)
        .await
        .expect("a session can be set up");
    let said_of = |index: usize| {
        let files = [format!("queries/indicators/trial/merit_{index}.sql"), format!("queries/populations/trial_rows_{index}.sql")];
        let of_trial = diagnostics.sorted().into_iter().filter(|item| files.contains(&item.file));
        let said = of_trial.map(|item| format!("{}: {}", item.name, item.message).replace(&format!("trial_rows_{index}"), "trial_rows"));
        said.collect()
    };
    (0..trials.len()).map(said_of).collect()
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
    let said = async |codes: &[&str]| refusals(&[((), honest.clone(), Some(header(codes)))]).await.remove(0);
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
    let good = "count(*) FILTER (WHERE good)";
    let row = "SELECT c.unit_id, c.domain, c.decided_on";
    let joined = |side: &str, on: &str| format!("{row}, b.case_id IS NOT NULL AS good FROM cases c LEFT JOIN ({side}) b ON {on}");
    let evasions: Vec<(&str, String, Option<String>)> = vec![
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
            Some("SELECT unit_id, domain, decided_on, fine_amount AS income FROM cases".to_owned()),
        ),
        (
            "a flag in a population",
            indicator("higher", "count(*) FILTER (WHERE good)", all, rows),
            Some("SELECT unit_id, domain, decided_on, fine_amount > 5000 AS good FROM cases".to_owned()),
        ),
        (
            "a state decided by CASE in a population",
            indicator("higher", "count(*) FILTER (WHERE state = 'strong')", all, rows),
            Some("SELECT unit_id, domain, decided_on, CASE WHEN fine_amount > 5000 THEN 'strong' ELSE 'weak' END AS state FROM cases".to_owned()),
        ),
        (
            "a population that sums before",
            indicator("higher", "cast(sum(total) as decimal(18,2))", all, rows),
            Some("SELECT unit_id, domain, decided_on, sum(fine_amount) AS total FROM cases GROUP BY 1, 2, 3".to_owned()),
        ),
        (
            "a join to the platform's copy of the amount",
            indicator("higher", "sum(amount)", all, rows),
            Some("SELECT c.unit_id, c.domain, c.decided_on, p.fine_amount AS amount FROM cases c JOIN platform_records p ON p.key_text = c.case_id".to_owned()),
        ),
        (
            "a window over amounts",
            indicator("higher", "count(*) FILTER (WHERE place <= 10)", all, rows),
            Some("SELECT unit_id, domain, decided_on, rank() OVER (ORDER BY fine_amount DESC) AS place FROM cases".to_owned()),
        ),
        (
            "a union with an amount in one branch",
            indicator("higher", "sum(amount)", all, rows),
            Some("SELECT unit_id, domain, decided_on, 0.00 AS amount FROM cases UNION ALL SELECT unit_id, domain, decided_on, fine_amount FROM cases".to_owned()),
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
            Some("SELECT c.unit_id, c.domain, c.decided_on, u.officer_quota AS heads FROM cases c JOIN units u ON u.unit_id = c.unit_id".to_owned()),
        ),
        ("a band around counts", indicator("band", all, "12", "cases"), None),
        ("a join to the cases with large fines", indicator("higher", good, all, rows), Some(joined("SELECT case_id FROM cases WHERE fine_amount > 5000", "b.case_id = c.case_id"))),
        ("the amount in the join's condition", indicator("higher", good, all, rows), Some(joined("SELECT * FROM cases", "b.case_id = c.case_id AND b.fine_amount > 5000"))),
        ("a sum of fines in HAVING", indicator("higher", good, all, rows), Some(joined("SELECT unit_id AS case_id FROM cases GROUP BY unit_id HAVING sum(fine_amount) > 1000000", "b.case_id = c.unit_id"))),
        ("how many large fines the unit has", indicator("higher", "count(*) FILTER (WHERE large > 10)", all, rows), Some("SELECT c.unit_id, c.domain, c.decided_on, b.large FROM cases c JOIN (SELECT unit_id, count(*) AS large FROM cases WHERE fine_amount > 5000 GROUP BY unit_id) b ON b.unit_id = c.unit_id".to_owned())),
        ("two aggregates joined", indicator("higher", "sum(large)", "sum(cases)", rows), Some("SELECT a.unit_id, a.domain, a.decided_on, a.cases, b.large FROM (SELECT unit_id, domain, decided_on, count(*) AS cases FROM cases GROUP BY 1, 2, 3) a JOIN (SELECT unit_id, domain, decided_on, count(*) AS large FROM cases WHERE fine_amount > 5000 GROUP BY 1, 2, 3) b ON b.unit_id = a.unit_id AND b.domain = a.domain AND b.decided_on = a.decided_on".to_owned())),
        ("a union's branch of large fines", indicator("higher", good, all, rows), Some(format!("{row}, false AS good FROM cases c UNION ALL {row}, true FROM cases c WHERE c.fine_amount > 5000"))),
        ("the same with UNION", indicator("higher", good, all, rows), Some(format!("{row}, c.case_id, true AS good FROM cases c WHERE c.fine_amount > 5000 UNION {row}, c.case_id, false FROM cases c"))),
        ("a row for every thousand yuan", indicator("higher", good, all, rows), Some(format!("{row}, false AS good FROM cases c UNION ALL SELECT unit_id, domain, decided_on, true FROM (SELECT unit_id, domain, decided_on, unnest(range(0, CAST(fine_amount / 1000 AS BIGINT))) AS k FROM cases) x"))),
        ("the same without a union", indicator("higher", "count(*) FILTER (WHERE major)", all, rows), Some("SELECT unit_id, domain, decided_on, major, unnest(range(0, CAST(fine_amount / 1000 AS BIGINT))) AS k FROM cases".to_owned())),
        ("a ladder of amounts", indicator("higher", "count(*) FILTER (WHERE k > 0)", all, rows), Some(format!("{row}, l.k FROM cases c JOIN (SELECT unnest(range(0, 100)) AS k) l ON l.k * 1000 <= coalesce(c.fine_amount, 0)"))),
        ("a ladder of VALUES in both sides", indicator("higher", "count(*) FILTER (WHERE step AND major)", "count(*) FILTER (WHERE step)", rows), Some(format!("{row}, c.major, c.fine_amount >= l.k AS step FROM cases c CROSS JOIN (VALUES (1000), (2000), (3000)) AS l (k)"))),
        ("a ladder of positions", indicator("higher", "count(*) FILTER (WHERE major)", all, rows), Some(format!("{row}, c.major FROM cases c CROSS JOIN (SELECT row_number() OVER (ORDER BY unit_id) AS k FROM units) l WHERE c.fine_amount >= l.k * 1000"))),
        ("fines of the other sign", indicator("lower", "sum(0 - fine_amount)", all, "cases"), None),
        ("fines of the other sign as a value", value("lower", "sum(0 - fine_amount)", "cases"), None),
        ("the smaller the fines the better", indicator("lower", "sum(fine_amount)", all, "cases"), None),
        ("a band around the mean fine", value("band", "cast(avg(fine_amount) as decimal(18,2))", "cases"), None),
        ("minus minus", indicator("lower", "count(*) FILTER (WHERE major)", "count(*) - (- sum(fine_amount))", "cases"), None),
        ("a scalar subquery", indicator("lower", "count(*) FILTER (WHERE major)", "count(*) + (SELECT CAST(sum(fine_amount) AS BIGINT) FROM cases)", "cases"), None),
        ("a rate of fine collection", indicator("higher", "count(*) FILTER (WHERE paid_amount = fine_amount)", all, "cases"), None),
        ("EXISTS", indicator("higher", good, all, rows), Some(format!("{row}, EXISTS (SELECT 1 FROM cases b WHERE b.case_id = c.case_id AND b.fine_amount > 5000) AS good FROM cases c"))),
        ("an outer amount in a subquery", indicator("higher", good, all, rows), Some("SELECT c.unit_id, c.domain, c.decided_on, EXISTS (SELECT 1 FROM units u WHERE u.unit_id = c.unit_id AND c.income > 5000) AS good FROM (SELECT *, fine_amount AS income FROM cases) c".to_owned())),
        ("IN a subquery", indicator("higher", "count(*) FILTER (WHERE case_id IN (SELECT case_id FROM cases WHERE fine_amount > 5000))", all, "cases"), None),
        ("not NOT IN", indicator("higher", "count(*) FILTER (WHERE case_id NOT IN (SELECT case_id FROM cases WHERE fine_amount <= 5000))", all, "cases"), None),
        ("left out by a join", indicator("higher", "count(*) FILTER (WHERE NOT good)", all, rows), Some(joined("SELECT case_id FROM cases WHERE fine_amount <= 5000", "b.case_id = c.case_id"))),
        ("no reason to be small", indicator("higher", good, all, rows), Some(format!("{row}, CASE WHEN c.fine_amount > 5000 THEN NULL ELSE 'small' END IS NULL AS good FROM cases c"))),
        ("the length of the amount", indicator("higher", "count(*) FILTER (WHERE length(CAST(fine_amount AS VARCHAR)) > 7)", all, "cases"), None),
        ("NOT a cap, said as IS FALSE", indicator("higher", "count(*) FILTER (WHERE (fine_amount <= 5000) IS FALSE)", all, "cases"), None),
        ("NULLIF", indicator("higher", "count(NULLIF(fine_amount > 5000, false))", all, "cases"), None),
        ("a position by what was paid", indicator("higher", "count(*) FILTER (WHERE place > 10)", all, rows), Some("SELECT unit_id, domain, decided_on, row_number() OVER (PARTITION BY unit_id ORDER BY paid_amount DESC) AS place FROM cases".to_owned())),
        ("chosen amounts", indicator("higher", "count(*) FILTER (WHERE fine_amount IN (50000, 100000))", all, "cases"), None),
        ("not zero", indicator("higher", "count(*) FILTER (WHERE coalesce(fine_amount, 0) <> 0)", all, "cases"), None),
        ("a cap IS NOT TRUE", indicator("higher", "count(*) FILTER (WHERE fine_amount <= 5000 IS NOT TRUE)", all, "cases"), None),
        ("an amount inside greatest", indicator("higher", "count(*) FILTER (WHERE greatest(fine_amount, 0) <= 99999999)", all, "cases"), None),
        ("a CASE over a condition", indicator("higher", "count(*) FILTER (WHERE CASE fine_amount > 5000 WHEN true THEN true ELSE false END)", all, "cases"), None),
        ("the kind of penalty instead of its amount", indicator("higher", "count(*) FILTER (WHERE array_has(penalty_kinds, 'fine'))", all, "cases"), None),
        ("what is left of a dozen", indicator("lower", "12 - count(*)", "12", "cases"), None),
        ("what is left of a hundred", indicator("lower", "greatest(0, 100 - count(*))", "100", "cases"), None),
        ("a row for every unit", indicator("higher", good, all, rows), Some(format!("{row}, true AS good FROM cases c UNION ALL SELECT unit_id, 'market', DATE '2026-01-31', false FROM units"))),
        ("a row for every unit, by its founding", indicator("higher", good, all, rows), Some(format!("{row}, true AS good FROM cases c UNION ALL SELECT unit_id, 'market', valid_from, false FROM units"))),
        ("a self-join that squares the count", indicator("higher", good, all, rows), Some(format!("{row}, true AS good FROM cases c JOIN cases d ON d.unit_id = c.unit_id UNION ALL {row}, false FROM cases c"))),
        ("a count as a value", value("higher", all, "cases"), None),
        ("a count as a value, lower", value("lower", "100 - count(*)", "cases"), None),
        ("a count of large fines as a value", value("higher", "count(*) FILTER (WHERE fine_amount > 5000)", "cases"), None),
        ("a count per head as a value", value("higher", "CAST(count(*) AS DECIMAL(18,4)) / max(heads)", rows), Some(format!("{row}, u.officer_quota AS heads FROM cases c JOIN units u ON u.unit_id = c.unit_id"))),
        ("cases per party as a value", value("higher", "CAST(count(*) AS DECIMAL(18,4)) / count(DISTINCT party_code)", "cases"), None),
        ("a mean of counts", value("higher", "CAST(avg(cases) AS DECIMAL(18,4))", rows), Some("SELECT unit_id, domain, decided_on, count(*) AS cases FROM cases GROUP BY 1, 2, 3".to_owned())),
        ("a mean of counts, divided by hand", value("higher", "CAST(sum(cases) AS DECIMAL(18,4)) / count(*)", rows), Some("SELECT unit_id, domain, decided_on, count(*) AS cases FROM cases GROUP BY 1, 2, 3".to_owned())),
        ("above the lower bound of the benchmark", indicator("higher", "count(*) FILTER (WHERE fine_amount >= benchmark_min)", all, "cases"), None),
        ("a band of one's own making", indicator("higher", "count(*) FILTER (WHERE fine_amount BETWEEN extension_days AND benchmark_max)", all, "cases"), None),
        ("a flag with a default behind a join", indicator("higher", good, all, rows), Some(format!("{row}, coalesce(b.small, true) AS good FROM cases c LEFT JOIN (SELECT case_id, true AS small FROM cases WHERE fine_amount <= 200) b ON b.case_id = c.case_id"))),
        ("the largest thousand", indicator("higher", good, all, rows), Some(joined("SELECT case_id FROM cases ORDER BY fine_amount DESC LIMIT 1000", "b.case_id = c.case_id"))),
        ("more paid than imposed", indicator("higher", "count(*) FILTER (WHERE paid_amount >= fine_amount)", all, "cases"), None),
        ("the last position", value("higher", "max(place)", rows), Some("SELECT unit_id, domain, decided_on, row_number() OVER (PARTITION BY unit_id ORDER BY case_id) AS place FROM cases".to_owned())),
        ("a count of a region", region("higher", all), None),
        // Kinds of penalty instead of amounts.
        ("a fine among several kinds", indicator("higher", "count(*) FILTER (WHERE array_has_any(penalty_kinds, make_array('fine')))", all, "cases"), None),
        ("the position of the fine", indicator("higher", "count(*) FILTER (WHERE array_position(penalty_kinds, 'fine') > 0)", all, "cases"), None),
        ("the first kind", indicator("higher", "count(*) FILTER (WHERE penalty_kinds[1] = 'fine')", all, "cases"), None),
        ("kinds as a text", indicator("higher", "count(*) FILTER (WHERE array_to_string(penalty_kinds, ',') LIKE '%fine%')", all, "cases"), None),
        ("the second kind of the old form", indicator("higher", "count(*) FILTER (WHERE penalty_kind_second LIKE '%罚款%')", all, "cases"), None),
        ("all kinds are a fine", indicator("higher", "count(*) FILTER (WHERE array_has_all(penalty_kinds, make_array('fine', 'warning')))", all, "cases"), None),
        ("a kind that is no warning", indicator("higher", "count(*) FILTER (WHERE cardinality(array_except(penalty_kinds, make_array('warning', 'criticism'))) > 0)", all, "cases"), None),
        ("kinds in common with those of money", indicator("higher", "count(*) FILTER (WHERE cardinality(array_intersect(penalty_kinds, make_array('fine'))) = 1)", all, "cases"), None),
        ("kinds without the fine are others", indicator("higher", "count(*) FILTER (WHERE array_remove(penalty_kinds, 'fine') <> penalty_kinds)", all, "cases"), None),
        ("how many kinds at once", indicator("higher", "count(*) FILTER (WHERE cardinality(penalty_kinds) > 1)", all, "cases"), None),
        ("a kind behind a population's column", indicator("higher", good, all, rows), Some(format!("{row}, array_position(k.kinds, 'fine') IS NOT NULL AS good FROM cases c JOIN (SELECT case_id, penalty_kinds AS kinds FROM cases) k ON k.case_id = c.case_id"))),
        ("a kind among unnested ones", indicator("higher", "count(*) FILTER (WHERE kind = 'fine')", all, rows), Some("SELECT unit_id, domain, decided_on, unnest(penalty_kinds) AS kind FROM cases".to_owned())),
        // Amounts in words.
        ("ten thousands in the text", indicator("higher", "count(*) FILTER (WHERE punish_content LIKE '%万元%')", all, "cases"), None),
        ("a number out of the text", indicator("higher", "count(*) FILTER (WHERE CAST(regexp_replace(punish_content, '[^0-9]', '', 'g') AS BIGINT) > 10000)", all, "cases"), None),
        ("a number added up out of the text", indicator("higher", "sum(CAST(regexp_replace(punish_result, '[^0-9]', '', 'g') AS BIGINT))", all, "cases"), None),
        ("a word for a fine in the result", indicator("higher", "count(*) FILTER (WHERE strpos(punish_result, '罚款') > 0)", all, "cases"), None),
        ("the text as a value", value("band", "cast(avg(character_length(punish_content)) as decimal(18,2))", "cases"), None),
        ("the text's place in the alphabet", indicator("higher", "count(*) FILTER (WHERE punish_content < '罚款5')", all, "cases"), None),
        // Quotas of acts.
        ("visits up to a quota per head", indicator("higher", "sum(least(visits, quota))", "sum(quota)", rows), Some("SELECT q.unit_id, q.domain, q.checked_on AS decided_on, q.visits, u.officer_quota * 4 AS quota FROM (SELECT unit_id, domain, checked_on, count(*) AS visits FROM inspections GROUP BY 1, 2, 3) q JOIN units u ON u.unit_id = q.unit_id".to_owned())),
        ("visits up to a dozen", indicator("higher", "sum(least(visits, 12))", "sum(12)", rows), Some("SELECT unit_id, domain, checked_on AS decided_on, count(*) AS visits FROM inspections GROUP BY 1, 2, 3".to_owned())),
        ("visits in a column up to a quota per head", indicator("higher", "sum(least(visits, quota))", "sum(quota)", rows), Some("SELECT c.unit_id, c.domain, c.decided_on, c.extension_days AS visits, u.officer_quota * 4 AS quota FROM cases c JOIN units u ON u.unit_id = c.unit_id".to_owned())),
        ("the quota without what is short of it", indicator("higher", "sum(quota) - sum(least(short, quota))", "sum(quota)", rows), Some("SELECT unit_id, domain, decided_on, extension_days + 20 AS quota, greatest(extension_days + 20 - count(*), 0) AS short FROM cases GROUP BY 1, 2, 3, extension_days".to_owned())),
        // Numbers of acts in conditions and windows.
        ("many visits in the month", indicator("higher", "count(*) FILTER (WHERE visits >= 20)", all, rows), Some("SELECT unit_id, domain, checked_on AS decided_on, count(*) OVER (PARTITION BY unit_id, month_of(checked_on)) AS visits FROM inspections".to_owned())),
        ("a running sum of ones", value("higher", "max(so_far)", rows), Some("SELECT unit_id, domain, decided_on, sum(1) OVER (PARTITION BY unit_id ORDER BY decided_on, case_id) AS so_far FROM cases".to_owned())),
        ("a running sum of flags", value("higher", "max(so_far)", rows), Some("SELECT unit_id, domain, decided_on, sum(CASE WHEN major THEN 1 WHEN complex THEN 1 ELSE 0 END) OVER (PARTITION BY unit_id) AS so_far FROM cases".to_owned())),
        ("a mean of running sums", value("higher", "CAST(avg(so_far) AS DECIMAL(18,4))", rows), Some("SELECT unit_id, domain, decided_on, sum(CAST(case_id IS NOT NULL AS BIGINT)) OVER (PARTITION BY unit_id) + 0 AS so_far FROM cases".to_owned())),
        ("a quota reached", indicator("higher", "count(*) FILTER (WHERE visits >= heads * 4)", all, rows), Some("SELECT u.unit_id, 'market' AS domain, u.valid_from AS decided_on, u.officer_quota AS heads, v.visits FROM units u LEFT JOIN (SELECT unit_id, count(*) AS visits FROM inspections GROUP BY 1) v ON v.unit_id = u.unit_id".to_owned())),
        ("not few visits", indicator("lower", "count(*) FILTER (WHERE visits < 20)", all, rows), Some("SELECT c.unit_id, c.domain, c.decided_on, v.visits FROM cases c JOIN (SELECT unit_id, sum(1) AS visits FROM inspections GROUP BY 1) v ON v.unit_id = c.unit_id".to_owned())),
        ("beyond the twentieth case", indicator("higher", "count(*) FILTER (WHERE place > 20)", all, rows), Some("SELECT unit_id, domain, decided_on, row_number() OVER (PARTITION BY unit_id ORDER BY case_id) AS place FROM cases".to_owned())),
        ("many visits, gathered", indicator("higher", "count(*) FILTER (WHERE visits >= 20)", all, rows), Some("SELECT c.unit_id, c.domain, c.decided_on, v.visits FROM cases c JOIN (SELECT unit_id, cardinality(array_agg(inspection_id)) AS visits FROM inspections GROUP BY 1) v ON v.unit_id = c.unit_id".to_owned())),
        ("a share of busy months as a value", value("higher", "CAST(count(*) FILTER (WHERE visits >= 20) AS DECIMAL(18,4)) / count(*)", rows), Some("SELECT unit_id, domain, checked_on AS decided_on, count(*) OVER (PARTITION BY unit_id, month_of(checked_on)) AS visits FROM inspections".to_owned())),
        ("a parameter as a quota", indicator("higher", "count(*) FILTER (WHERE visits >= quota)", all, rows), Some("SELECT unit_id, domain, checked_on AS decided_on, param('act.officers_min', domain, checked_on) AS quota, count(*) OVER (PARTITION BY unit_id) AS visits FROM inspections".to_owned())),
        // Excused for the amount.
        ("late but a large fine", indicator("higher", "count(*) FILTER (WHERE decided_on <= filed_on + 90)", all, "cases WHERE decided_on <= filed_on + 90 OR fine_amount < 10000"), None),
        ("the same, said otherwise", indicator("higher", "count(*) FILTER (WHERE decided_on <= filed_on + 90)", "count(*) FILTER (WHERE NOT (decided_on - filed_on > 90 AND coalesce(fine_amount, 0) >= 10000))", "cases").replacen("+ 90)", "+ 90 AND NOT (decided_on - filed_on > 90 AND coalesce(fine_amount, 0) >= 10000))", 1), None),
        ("the same as a state", indicator("higher", "count(*) FILTER (WHERE state = 'due' AND good)", "count(*) FILTER (WHERE state = 'due')", rows), Some(format!("{row}, c.decided_on <= c.filed_on + 90 AS good, CASE WHEN c.decided_on > c.filed_on + 90 AND c.fine_amount >= 10000 THEN 'excluded' ELSE 'due' END AS state FROM cases c"))),
        ("the same for those with a fine", indicator("higher", "count(*) FILTER (WHERE decided_on <= filed_on + 90)", all, "cases WHERE decided_on <= filed_on + 90 OR NOT array_has(penalty_kinds, 'fine')"), None),
        ("days of late cases with small fines", value("lower", "CAST(avg(decided_on - filed_on) AS DECIMAL(18,4))", "cases WHERE decided_on <= filed_on + 90 OR fine_amount < 10000"), None),
        ("hidden in another month", indicator("higher", "count(*) FILTER (WHERE good)", all, rows), Some("SELECT unit_id, domain, CASE WHEN decided_on > filed_on + 90 AND fine_amount >= 10000 THEN filed_on - 4000 ELSE decided_on END AS decided_on, decided_on <= filed_on + 90 AS good FROM cases".to_owned())),
        ("hidden with another unit", indicator("higher", "count(*) FILTER (WHERE good)", all, rows), Some("SELECT CASE WHEN fine_amount >= 10000 THEN unit_id ELSE 'none' END AS unit_id, domain, decided_on, major AS good FROM cases".to_owned())),
    ];
    let found = refusals(&evasions).await;
    let slipped: Vec<String> = evasions
        .iter()
        .zip(&found)
        .filter(|(_, said)| !said.iter().any(|message| message.starts_with("unlawful-indicator")))
        .map(|((name, ..), said)| format!("{name}: {said:?}"))
        .collect();
    assert!(slipped.is_empty(), "not refused:\n{}", slipped.join("\n"));
}

#[tokio::test]
async fn a_cap_on_a_fine_and_equal_amounts_in_two_systems_stay_lawful() {
    let all = "count(*)";
    let lawful: Vec<(&str, String, Option<String>)> = vec![
        ("a cap", indicator("higher", "count(*) FILTER (WHERE fine_amount <= 200)", all, "cases"), None),
        ("no fine", indicator("band", "count(*) FILTER (WHERE fine_amount IS NULL OR fine_amount = 0)", all, "cases"), None),
        ("all without the large ones", indicator("higher", "count(*) - count(*) FILTER (WHERE fine_amount > 200)", all, "cases"), None),
        (
            "a threshold that chooses whom the duty concerns, in both sides",
            indicator("higher", "count(*) FILTER (WHERE needed AND legal_reviewed)", "count(*) FILTER (WHERE needed)", rows_population()),
            Some("SELECT unit_id, domain, decided_on, legal_reviewed, fine_amount >= 100000 AS needed FROM cases".to_owned()),
        ),
        (
            "the same amount in two systems",
            indicator("higher", "count(*) FILTER (WHERE same)", all, rows_population()),
            Some("SELECT c.unit_id, c.domain, c.decided_on, c.fine_amount IS NOT DISTINCT FROM p.fine_amount AS same FROM cases c JOIN platform_records p ON p.key_text = c.case_id".to_owned()),
        ),
    ];
    for ((name, ..), found) in lawful.iter().zip(refusals(&lawful).await) {
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn honest_forms_stay_accepted() {
    let all = "count(*)";
    let good = "count(*) FILTER (WHERE good)";
    let rows = rows_population();
    let row = "SELECT c.unit_id, c.domain, c.decided_on";
    let honest: Vec<(&str, String, Option<String>)> = vec![
        ("lower is better", indicator("lower", "count(*) FILTER (WHERE decided_on > opened_on + 90)", all, "cases"), None),
        ("distinct parties", indicator("higher", "count(DISTINCT party_code) FILTER (WHERE major)", "count(DISTINCT party_code)", "cases"), None),
        ("a sum under a condition", indicator("higher", "sum(CASE WHEN major THEN extension_days ELSE 0 END)", "sum(extension_days)", "cases"), None),
        ("what counts up to what is required", indicator("higher", "sum(least(done, required))", "sum(required)", rows), Some(format!("{row}, c.extension_days AS done, 30 + c.extension_days AS required FROM cases c"))),
        ("over cases with a large fine only", indicator("higher", good, all, rows), Some(format!("{row}, c.legal_reviewed AS good FROM cases c WHERE c.fine_amount >= 100000"))),
        ("the same, documents gathered first", indicator("higher", good, all, rows), Some(format!("{row}, bool_or(d.doc_kind = 'hearing_right_notice') AS good FROM cases c JOIN case_documents d ON d.case_id = c.case_id WHERE c.fine_amount >= 100000 GROUP BY 1, 2, 3, c.case_id"))),
        ("an amount carried through a grouping", indicator("higher", good, all, rows), Some(format!("{row}, c.fine_amount, bool_or(d.doc_no IS NOT NULL) AS good FROM cases c LEFT JOIN case_documents d ON d.case_id = c.case_id GROUP BY 1, 2, 3, c.case_id, c.fine_amount"))),
        ("a fine under its cap by a join", indicator("higher", good, all, rows), Some(format!("{row}, b.case_id IS NOT NULL AS good FROM cases c LEFT JOIN (SELECT case_id FROM cases WHERE fine_amount <= 200) b ON b.case_id = c.case_id"))),
        ("inside the discretion benchmark", indicator("higher", "count(*) FILTER (WHERE fine_amount BETWEEN benchmark_min AND benchmark_max)", all, "cases"), None),
        ("outside the discretion benchmark", indicator("lower", "count(*) FILTER (WHERE fine_amount < benchmark_min OR fine_amount > benchmark_max)", all, "cases"), None),
        ("a join on keys, states and dates", indicator("higher", good, all, rows), Some(format!("{row}, coalesce(l.decision = 'file', false) AND l.received_on <= c.opened_on AS good FROM cases c LEFT JOIN leads l ON l.lead_id = c.lead_id JOIN units u ON u.unit_id = c.unit_id AND c.opened_on BETWEEN u.valid_from AND coalesce(u.valid_to, DATE '9999-12-31')"))),
        ("two kinds of acts in one union", indicator("higher", good, all, rows), Some(format!("{row}, c.major AS good FROM cases c UNION ALL SELECT i.unit_id, i.domain, i.checked_on, false FROM inspections i WHERE i.case_id IS NULL"))),
        ("the first of several rows", indicator("higher", good, all, rows), Some("SELECT unit_id, domain, decided_on, major AS good FROM (SELECT *, row_number() OVER (PARTITION BY party_code ORDER BY decided_on, case_id) AS nth FROM cases) c WHERE nth = 1".to_owned())),
        ("a row for every listed officer", indicator("higher", good, all, rows), Some("SELECT unit_id, domain, decided_on, o.officer IS NOT NULL AS good FROM (SELECT unit_id, domain, decided_on, unnest(officers) AS officer FROM cases) o".to_owned())),
        ("platform and system agree on the amount by a join", indicator("higher", good, all, rows), Some(format!("{row}, p.key_text IS NOT NULL AS good FROM cases c LEFT JOIN platform_records p ON p.key_text = c.case_id AND p.fine_amount = c.fine_amount"))),
        ("a median of days", value("lower", "CAST(median(decided_on - opened_on) AS DECIMAL(18,4))", "cases"), None),
        ("a median of days without those suspended", value("lower", "CAST(median(decided_on - opened_on - coalesce(days, 0)) AS DECIMAL(18,4))", rows), Some("SELECT c.*, x.days FROM cases c LEFT JOIN (SELECT case_id, sum(to_date - from_date) AS days FROM case_suspensions GROUP BY case_id) x ON x.case_id = c.case_id".to_owned())),
        ("a mean", value("lower", "CAST(sum(extension_days) AS DECIMAL(18,4)) / nullif(count(*), 0)", "cases"), None),
        ("a weighted mean", value("higher", "CAST(sum(weight * score) / sum(weight) AS DECIMAL(18,6))", rows), Some(format!("{row}, c.extension_days AS weight, c.extension_days + 1 AS score FROM cases c"))),
        ("a share as an index", value("band", "CAST(100 * count(*) FILTER (WHERE major) AS DECIMAL(18,4)) / count(*)", "cases"), None),
        ("one minus a share", value("higher", "1 - CAST(count(*) FILTER (WHERE major) AS DECIMAL(18,4)) / count(*)", "cases"), None),
        ("how unlike equal cases are fined", value("lower", "CAST(stddev(fine_amount / benchmark_max) / avg(fine_amount / benchmark_max) AS DECIMAL(18,4))", "cases"), None),
        ("a survey's mean", region("higher", "CAST(avg(extension_days) AS DECIMAL(18,4))"), None),
        ("only warnings", indicator("higher", "count(*) FILTER (WHERE cardinality(array_except(penalty_kinds, make_array('warning', 'criticism'))) = 0)", all, "cases"), None),
        ("a kind that takes no money", indicator("higher", "count(*) FILTER (WHERE array_has_any(penalty_kinds, make_array('licence_revoked', 'closure')) AND legal_reviewed)", "count(*) FILTER (WHERE array_has_any(penalty_kinds, make_array('licence_revoked', 'closure')))", "cases"), None),
        ("the text of the penalty is filled in", indicator("higher", "count(*) FILTER (WHERE trim(punish_content) <> '' AND penalty_kinds IS NOT NULL)", all, "cases"), None),
        ("visits up to what a law requires", frequency("安全生产法 第62条"), Some("SELECT q.unit_id, q.domain, q.checked_on AS decided_on, q.visits, u.officer_quota * 4 AS quota FROM (SELECT unit_id, domain, checked_on, count(*) AS visits FROM inspections GROUP BY 1, 2, 3) q JOIN units u ON u.unit_id = q.unit_id".to_owned())),
        ("no more visits than the limit", indicator("higher", "count(*) FILTER (WHERE nth <= 4)", all, rows), Some("SELECT unit_id, domain, checked_on AS decided_on, row_number() OVER (PARTITION BY credit_code ORDER BY checked_on, inspection_id) AS nth FROM inspections".to_owned())),
        ("every document is there", indicator("higher", good, all, rows), Some(format!("{row}, d.served = d.documents AS good FROM cases c JOIN (SELECT case_id, count(*) AS documents, count(served_at) AS served FROM case_documents GROUP BY 1) d ON d.case_id = c.case_id"))),
        (
            "mediations are no acts of enforcement",
            indicator("higher", all, "12", "mediation_records").replace("decided_on", "closed_on"),
            None,
        ),
    ];
    let found = refusals(&honest).await;
    let refused: Vec<String> =
        honest.iter().zip(&found).filter(|(_, said)| !said.is_empty()).map(|((name, ..), said)| format!("{name}: {said:?}")).collect();
    assert!(refused.is_empty(), "refused:\n{}", refused.join("\n"));
}

/// Visits counted up to a quota, as the frequency that `duty` asks for.
fn frequency(duty: &str) -> String {
    let text = indicator("higher", "sum(least(visits, quota))", "sum(quota)", rows_population());
    let header = format!("-- measures = \"frequency\"\n-- statutory_duty = \"{duty}\"\n-- companion = \"trial.merit_0\"\n-- ///\n-- A");
    text.replacen("-- ///\n-- A", &header, 1)
}

#[tokio::test]
async fn a_duty_is_one_of_law() {
    let quota = "SELECT q.unit_id, q.domain, q.checked_on AS decided_on, q.visits, u.officer_quota * 4 AS quota \
                 FROM (SELECT unit_id, domain, checked_on, count(*) AS visits FROM inspections GROUP BY 1, 2, 3) q JOIN units u ON u.unit_id = q.unit_id";
    let trials =
        ["本局内部通知", "本局检查规定 第3条", "年度计划 第3条", "安全生产法"].map(|duty| (duty, frequency(duty), Some(quota.to_owned())));
    for ((duty, ..), said) in trials.iter().zip(refusals(&trials).await) {
        assert!(
            said.iter().any(|message| message.starts_with("frequency-without-duty") && message.contains("cites no law")),
            "{duty}: {said:?}"
        );
        assert!(said.iter().any(|message| message.starts_with("unlawful-indicator")), "{duty}: {said:?}");
    }
}

/// A project adds columns to a contract: what is said of an indicator that reads one.
async fn said_of_column(column: &str, text: &str) -> Vec<String> {
    let mut texts = kaohe::library::texts(None).expect("the shipped library can be read");
    texts.retain(|path, _| !path.starts_with("indicators/") && !path.starts_with("findings/"));
    let cases = texts.get_mut("tables/cases.toml").expect("there are cases");
    cases.push_str(&format!("\n[[column]]\n{column}\nsensitivity = \"internal\"\n"));
    texts.insert("indicators/trial/merit.sql".to_owned(), text.to_owned());
    let (library, mut diagnostics) = Library::from_texts(texts).expect("the calendar is there");
    check_library(&SessionContext::new_with_config(planning_config()), &library, Depth::BeforeRun, &mut diagnostics)
        .await
        .expect("a session can be set up");
    let errors = diagnostics.sorted().into_iter().filter(|item| item.severity == kaohe::diagnostics::Severity::Error);
    errors.map(|item| item.name.to_string()).collect()
}

#[tokio::test]
async fn new_columns_of_money_are_amounts_under_any_name() {
    let mean = value("higher", "CAST(avg(haul) AS DECIMAL(18,4))", "cases");
    let share = |condition: &str| indicator("higher", &format!("count(*) FILTER (WHERE {condition})"), "count(*)", "cases");
    for (column, text) in [
        ("name = \"haul\"\ntype = \"decimal\"\nmeaning = \"罚没款合计\"", &mean),
        ("name = \"haul\"\ntype = \"decimal\"\nmeaning = \"合计\"", &mean),
        ("name = \"haul\"\ntype = \"integer\"\nmeaning = \"合计，元\"", &mean),
        ("name = \"haul\"\ntype = \"integer\"\nmoney = \"penalty\"\nmeaning = \"合计\"", &mean),
        ("name = \"haul\"\ntype = \"text\"\nmeaning = \"罚款说明\"", &share("haul LIKE '%万元%'")),
        ("name = \"haul\"\ntype = \"text\"\nmoney = \"wording\"\nmeaning = \"说明\"", &share("haul = 'x'")),
        ("name = \"haul\"\ntype = \"boolean\"\nmeaning = \"是否罚款\"", &share("haul")),
    ] {
        assert_eq!(said_of_column(column, text).await, ["unlawful-indicator"], "{column}");
    }
    let honest = "name = \"haul\"\ntype = \"decimal\"\nmoney = \"none\"\nmeaning = \"学时\"";
    assert_eq!(said_of_column(honest, &mean).await, Vec::<String>::new());
    let denied = "name = \"haul\"\ntype = \"decimal\"\nmoney = \"none\"\nmeaning = \"罚没款合计\"";
    assert_eq!(said_of_column(denied, &mean).await, ["wrong-money-mark"]);
}

fn rows_population() -> &'static str {
    "trial_rows"
}
