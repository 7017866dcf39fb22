//! Pages that are wrong are refused with their line, not passed over.
//!
//! In: small pages, each with one mistake. Out: one test a mistake. Never here: what the shipped pages say.

use libtest_mimic::{Failed, Trial};

/// A right page: its lines are numbered in the mistakes below.
const RIGHT: &str = "# Trial

## Filed in time
as of 2026-06-30

`leads`
| lead_id | unit_id | domain | is_food_drug | received_on | decision |
|---|---|---|---|---|---|
| L1 | A | market | true | 2026-03-02 | file |

expect market.filing_within_7d
| unit_id | domain | month | numerator | denominator | pending | excluded |
|---|---|---|---|---|---|---|
| A | market | 2026-03 | 0 | 1 | 0 | 0 |
";

/// What is changed in the right page, into what, and what is then said.
const MISTAKES: [(&str, &str, &str, &str); 19] = [
    ("no date", "as of 2026-06-30\n", "\n", "line 3: the case has no line `as of YYYY-MM-DD`"),
    ("a day that does not exist", "2026-06-30", "2026-06-31", "line 4: `2026-06-31` is not a day like 2026-06-30"),
    ("a table without backticks", "`leads`", "leads", "line 7: this table belongs to nothing"),
    ("a table that is not there", "`leads`", "`lead`", "line 6: there is no source table `lead`; did you mean `leads`?"),
    ("a table twice", "expect", "`leads`\n| lead_id |\n\nexpect", "line 11: the case has `leads` twice"),
    (
        "a column that is not there",
        "is_food_drug",
        "is_fod_drug",
        "line 6: `leads` has no column `is_fod_drug`; did you mean `is_food_drug`?",
    ),
    ("a column twice", "| received_on | decision |", "| received_on | received_on |", "line 7: the column `received_on` stands twice"),
    ("a code that is not there", "| file |", "| filed |", "line 9: `leads.decision` has no code `filed`; did you mean `file`?"),
    ("a cell too few", "| 2026-03-02 | file |", "| file |", "line 9: 5 cells under 6 headings"),
    ("no number", "true", "yes", "line 6: `leads`.`is_food_drug`: `yes` is not true or false"),
    (
        "an indicator that is not there",
        "within_7d",
        "within_8d",
        "line 11: there is no indicator `market.filing_within_8d`; did you mean `market.filing_within_7d`?",
    ),
    (
        "a result column that is not there",
        "| numerator |",
        "| numerater |",
        "line 11: market.filing_within_7d has no column `numerater`, only unit_id, domain, month, numerator, denominator, pending, excluded, scope; did you mean `numerator`?",
    ),
    ("a figure of another shape", "| numerator |", "| value |", "line 11: market.filing_within_7d has no column `value`"),
    (
        "a population that is not there",
        "expect market.filing_within_7d",
        "expect population food_drug_lead",
        "line 11: there is no population `food_drug_lead`; did you mean `food_drug_leads`?",
    ),
    (
        "a population's column that is not there",
        "expect market.filing_within_7d",
        "expect population food_drug_leads",
        "line 11: food_drug_leads has no column `month`",
    ),
    (
        "a detector that is not there",
        "expect market.filing_within_7d",
        "expect findings case_spliting",
        "line 11: there is no detector `case_spliting`; did you mean `case_splitting`?",
    ),
    ("a result of another size", "| 0 | 1 | 0 | 0 |", "| 1 | 1 | 0 | 0 |", "line 11: columns: unit_id | domain"),
    ("nothing expected", "expect market", "expects market", "line 12: this table belongs to nothing"),
    (
        "an expectation without headings",
        "expect market.filing_within_7d\n",
        "expect market.filing_within_7d\n\nNo rows.\n",
        "line 11: no table follows expect market.filing_within_7d",
    ),
];

/// One test a mistake, and one that the page without a mistake passes.
pub fn trials() -> Vec<Trial> {
    let right = Trial::test("pages: the right one passes", || said_of(RIGHT).map_or(Ok(()), |said| Err(Failed::from(said))));
    let wrong = MISTAKES.iter().map(|(name, from, to, expected)| {
        Trial::test(format!("pages: {name}"), move || {
            let page = RIGHT.replacen(from, to, 1);
            match said_of(&page) {
                Some(said) if page != RIGHT && said.starts_with(expected) => Ok(()),
                said => Err(Failed::from(format!("expected\n{expected}\nfound\n{}", said.unwrap_or_default()))),
            }
        })
    });
    let skeletons = Trial::test("pages: the skeletons of queries/README.md pass", || skeletons().map_err(Failed::from));
    [right, skeletons].into_iter().chain(wrong).collect()
}

/// Whoever copies the indicator and the page that `queries/README.md` shows has two files that are right.
fn skeletons() -> Result<(), String> {
    let text = include_str!("../../queries/README.md");
    let block = |opening: &str| -> String {
        let lines = text.lines().skip_while(|line| *line != format!("    {opening}"));
        lines.take_while(|line| line.is_empty() || line.starts_with("    ")).map(|line| format!("{}\n", line.trim_start())).collect()
    };
    let (indicator, page) = (block("-- /// indicator"), block("# 食品药品线索按期立案率 — market.filed_in_time"));
    let mut cases = super::parse(&page)?;
    let path = "indicators/market/filed_in_time.sql".to_owned();
    cases.iter_mut().for_each(|case| drop(case.files.insert(path.clone(), indicator.clone())));
    for case in &cases {
        let (_, diagnostics) = super::library_with(&case.files)?;
        if !diagnostics.is_empty() {
            return Err(diagnostics.to_text());
        }
        super::run(case)?;
    }
    if cases.is_empty() { Err("there is no page".to_owned()) } else { Ok(()) }
}

fn said_of(page: &str) -> Option<String> {
    super::parse(page).and_then(|cases| cases.iter().try_for_each(super::run)).err()
}
