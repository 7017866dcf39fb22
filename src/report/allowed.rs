//! The allow-list: every word that a template may write, tree by tree. Adding a column to a page means adding it here.
//!
//! In: the templates as text. Out: tests. Never here: a name of a source table's column that the contracts call personal.

/// Last parts of the expressions in `{{ … }}`, for every page: the frame.
const FRAME: &str = "printed_left printed_right data scheme_hash hash script assessment engine href label notice period reader run scheme style title tone until words";

/// The public tree.
const PUBLIC: &str = "more mark note set half_width better row up domain allowed anchor bar grade members minimum_n rank ranks title total unit withheld words \
     standing heard held matter what before after compared note";

/// The office's first page.
const RANKING: &str = "says domain anchor bar compared earned figure grade highest href label lowest median members minimum_n rank ranks region sign strip title \
    tone total unit unswitched withheld words";

/// Pages of domains, regions and indicators.
const OVER_ALL: &str = "name says letter coupling neighbour anchor badges basis component definition domain due figure findings firms fraction funnel group groups highest href id index indicators interval label \
    low high lowest median members neighbours node objects points quarter rank ranked ranks reading reason region score strip synergy burden target title tone total unit \
    units unswitched value whole withheld words";

/// A unit's page, in the office's tree and in the unit's own.
const UNIT: &str = "href peers unit allowed anchor axes bar basis benign compared_with component composition date definition denominator document domain due earned effect_name effective \
    differing effect look_at number review state evidence excluded fields figure file firms fraction grade grade_note group group_href heading held id in_transit index \
    interval kind label letter line matched median missing_in_system missing_on_platform month more n name neighbour note numerator p \
    parent pending points points_note q quarter reading reason record region rows sample says score share shrunk size soon spark standing statistic step \
    strength strip subject table target tier title tone total usual value words probability rank said records matter what before after";

/// The other pages of the office's tree.
const OFFICE: &str = "map label version unit anchor balanced bar benign bytes calibrated carried chained check compared component confirmed contribution correlation \
    count coupling covered cross detectable due duplicates excess half_width mean paired ratio recorded reported sentence variation winsorised evidence expanded figure file \
    filtered firms format fraction heading held href index interval kind label last_seen letter loaded name neighbour \
    neighbours note only_declared only_derived outside provisional q quarantined quarter raw reading reason region rows says score seen series share since \
    source step subject table title units usual \
    counted days document documented domain drawing judged look_at n sign target value more not_applicable number order pattern review state strip tested too_few more_units more_reviewed more_resolved more_silent more_files severity day resolved_on";

/// Both systems beside each other, in the office's tree and, record by record, in the unit's own.
const RECONCILIATION: &str = "differing domain due excluded fields file heading held href in_transit matched missing_in_system \
    missing_on_platform more record says share table unit words";

/// How every number comes about, in the office's tree and the public one.
const METHOD: &str = "available curve deviation effective full node nominal pair note points row shift target title";

/// What was claimed and confirmed, in the office's tree and in the unit's own.
const VERIFICATION: &str = "more newest way columns domain fraction held href quarter score share title unit";

/// A comparison of two runs, which the office asks for.
const DIFFERENCE: &str = "label run as_of period scheme engine meaning points unit domain rank total grade figure lines more moved name values reason table rows version file state id";

/// Page, its template, its list.
const PAGES: [(&str, &str, &str); 30] = [
    ("base.html", include_str!("templates/base.html"), FRAME),
    ("public.html", include_str!("templates/public.html"), PUBLIC),
    ("reading.html", include_str!("templates/reading.html"), PUBLIC),
    ("record.html", include_str!("templates/record.html"), PUBLIC),
    ("ranking.html", include_str!("templates/ranking.html"), RANKING),
    ("group.html", include_str!("templates/group.html"), RANKING),
    ("domains.html", include_str!("templates/domains.html"), OVER_ALL),
    ("domain.html", include_str!("templates/domain.html"), OVER_ALL),
    ("regions.html", include_str!("templates/regions.html"), OVER_ALL),
    ("region.html", include_str!("templates/region.html"), OVER_ALL),
    ("indicators.html", include_str!("templates/indicators.html"), OVER_ALL),
    ("indicator_list.html", include_str!("templates/indicator_list.html"), OVER_ALL),
    ("indicator.html", include_str!("templates/indicator.html"), OVER_ALL),
    ("unit.html", include_str!("templates/unit.html"), UNIT),
    ("findings.html", include_str!("templates/findings.html"), OFFICE),
    ("watch.html", include_str!("templates/watch.html"), OFFICE),
    ("synergy.html", include_str!("templates/synergy.html"), OFFICE),
    ("pair.html", include_str!("templates/pair.html"), OFFICE),
    ("burden.html", include_str!("templates/burden.html"), OFFICE),
    ("reconciliation.html", include_str!("templates/reconciliation.html"), RECONCILIATION),
    ("counts.html", include_str!("templates/counts.html"), RECONCILIATION),
    ("counts_head.html", include_str!("templates/counts_head.html"), RECONCILIATION),
    ("reconciled.html", include_str!("templates/reconciled.html"), RECONCILIATION),
    ("verification.html", include_str!("templates/verification.html"), VERIFICATION),
    ("verified.html", include_str!("templates/verified.html"), VERIFICATION),
    ("method.html", include_str!("templates/method.html"), METHOD),
    ("difference.html", include_str!("templates/difference.html"), DIFFERENCE),
    ("tables.html", include_str!("templates/tables.html"), OVER_ALL),
    ("quality.html", include_str!("templates/quality.html"), OFFICE),
    ("accounting.html", include_str!("templates/accounting.html"), OFFICE),
];

/// Loop variables that are shown whole: a drawing of the matrix, a region's name above it, a unit that another follows.
const SHOWN_WHOLE: [&str; 3] = ["cell", "column", "predecessor"];

fn expressions(template: &str) -> Vec<&str> {
    template.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(inside, _)| inside.trim()).collect()
}

#[test]
fn templates_write_only_what_is_allowed() {
    for (page, template, allowed) in PAGES {
        for expression in expressions(template) {
            if expression.starts_with("texts::") {
                continue;
            }
            assert!(
                expression.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'),
                "{page}: `{expression}` is not a plain field"
            );
            let field = expression.rsplit('.').next().unwrap_or_default();
            assert!(
                allowed.split(' ').any(|word| word == field) || SHOWN_WHOLE.contains(&field),
                "{page}: `{expression}` is not on the allow-list"
            );
        }
    }
}

#[test]
fn templates_hold_no_texts_no_filters_and_nothing_that_runs() {
    for (page, template, _) in PAGES {
        let foreign: Vec<char> = template.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect();
        assert!(foreign.is_empty(), "{page}: texts belong to the catalogue: {foreign:?}");
        for active in ["|safe", "| safe", "<script", "onclick", "onload", "src=", "<link"] {
            assert!(!template.contains(active), "{page} holds `{active}`");
        }
    }
}

#[test]
fn view_models_hold_no_texts_either() {
    // The catalogue (`texts/`) is where texts belong; the wall has digits of other scripts, and fixtures are data.
    const OTHERS: [&str; 3] = ["guard.rs", "allowed.rs", "tests.rs"];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report");
    let mut sources = Vec::new();
    for folder in [root.clone(), root.join("view"), root.join("tables")] {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".rs") && !OTHERS.contains(&name.as_str()) {
                sources.push((name, std::fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    assert!(sources.len() > 40, "{}", sources.len());
    for (name, source) in &sources {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            assert!(!line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{name}: {line}");
        }
    }
}
