//! Twelve indicators, each from the words of its title and comment.
//!
//! In: rows as they count. Out: rows with `subject`, `domain`, `month` (where an indicator is a flow), `state`, and `is_met` or `amount`
//! and `weight`; for figures of different things also `key` and `row`. Never here: sums, the figures of a run, SQL; what the samples never
//! leave open or say twice (an enterprise has one row in its registry, a party says what kind it is, an evaluation which quarter).

use ::polars::prelude::{
    DataType, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, NULL, PolarsResult, SortMultipleOptions, UnionArgs, UniqueKeepStrategy,
    by_name, col, concat, lit, when,
};
use jiff::ToSpan;

use super::Moment;
use super::counted::{
    DAY, Sample, day_of, each_of, earlier, end_of, is_one_of, is_within, known, last_days, later, month_of, or_true, working_days,
};

fn state(is_excluded: Expr, is_due: Expr) -> Expr {
    when(is_excluded).then(lit("excluded")).when(is_due).then(lit("due")).otherwise(lit("pending")).alias("state")
}

fn month(day: Expr) -> Expr {
    month_of(day).alias("month")
}

fn is_met(condition: Expr) -> Expr {
    known(condition).alias("is_met")
}

fn unit() -> Expr {
    col("unit_id").alias("subject")
}

fn only_where(condition: Expr, value: Expr) -> Expr {
    when(condition).then(value).otherwise(lit(NULL))
}

/// What stands in `column`, each once, marked by a column of that name.
fn marked(rows: LazyFrame, column: Expr, mark: &str) -> LazyFrame {
    rows.select([column]).unique(None, UniqueKeepStrategy::Any).with_column(lit(true).alias(mark))
}

/// The code of the inspected enterprise: its own column, or the party's where that has the form of one.
fn enterprise() -> Expr {
    let code = || col("party_code").str();
    let has_form = code().len_chars().eq(lit(18)).and(is_one_of(code().slice(lit(0), lit(2)), &["91", "92", "93"]));
    col("credit_code").fill_null(only_where(known(has_form), col("party_code")))
}

/// A visit is on the premises unless its row says otherwise.
fn is_on_site() -> Expr {
    or_true(col("form").eq(lit("onsite")))
}

/// Of the documents served, those served electronically with consent: in the document, or in a confirmation of the same case up to that
/// day. A receipt only proves the service of another document: it counts where no decision of its case was served.
pub fn electronic_delivery(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let is_a = |kinds: &[&str]| is_one_of(col("doc_kind"), kinds);
    let is_by = |method: &str| is_one_of(col("service_method"), &[method]);
    let is_served = || col("served_at").is_not_null().or(col("service_method").is_not_null()).or(col("notice_published_on").is_not_null());
    let documents = sample.sent("case_documents")?.filter(col("dated_on").lt_eq(lit(at.last)));
    let of_case = documents.clone().group_by([col("case_id").alias("case")]).agg([
        is_a(&["simple_decision", "decision", "no_penalty_decision"]).and(is_served()).any(true).alias("decision_is_served"),
        col("dated_on").filter(is_a(&["delivery_consent"])).min().alias("consented_on"),
    ]);
    let (handed_over, published) = (day_of(col("served_at")), col("notice_published_on"));
    let by_publication = published.clone().fill_null(handed_over.clone());
    let served_on = when(is_by("publication")).then(by_publication).otherwise(handed_over.fill_null(published)).fill_null(col("dated_on"));
    let proves_another = is_a(&["delivery_consent"]).or(is_a(&["delivery_receipt"]).and(col("decision_is_served")));
    let cases = sample.counted("cases", "unit_id")?.select([col("case_id").alias("case"), unit(), col("domain").alias("case_domain")]);
    let served = documents
        .filter(is_served())
        .with_column(served_on.alias("served_on"))
        .inner_join(cases, col("case_id"), col("case"))
        .inner_join(of_case, col("case_id"), col("case"))
        .filter(proves_another.not().and(col("served_on").lt_eq(lit(at.last))));
    let has_consent = known(col("service_consent")).or(known(col("consented_on").lt_eq(col("served_on"))));
    let met = is_met(is_by("electronic").and(has_consent));
    Ok(served.select([col("subject"), col("case_domain").alias("domain"), month(col("served_on")), lit("due").alias("state"), met]))
}

/// Of the food and drug leads whose seven working days (and the days of tests) are over, those filed by then. A lead is one of food and
/// drugs when it says so, or any list of powers of its item. A decision in time not to file, or to hand on, excuses.
pub fn filing_within_seven_days(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let items = sample.sent("item_lists")?.filter(known(col("is_food_drug")));
    let codes = ["item_code", "supervise_item_code"].map(|code| items.clone().select([col(code).alias("code")]));
    let listed = marked(concat(codes, UnionArgs::default())?, col("code"), "is_listed");
    let filed = sample.counted("cases", "unit_id")?.filter(col("filed_on").lt_eq(lit(at.last)));
    let filed = filed.group_by([col("lead_id").alias("lead")]).agg([col("filed_on").min().alias("case_filed_on")]);
    let is_food_drug = known(col("is_food_drug")).or(known(col("is_listed")));
    let decided_on = only_where(col("decision_at").lt(at.end()), day_of(col("decision_at")));
    let tested = later(col("suspended_days").fill_null(lit(0)), lit(0_i64)).cast(DataType::Int32);
    let is_decision = |decisions: &[&str]| is_one_of(col("decision"), decisions);
    let leads = sample
        .counted("leads", "unit_id")?
        .left_join(listed, col("item_code"), col("code"))
        .filter(col("domain").eq(lit("market")).and(is_food_drug).and(col("received_on").lt_eq(lit(at.last))))
        .left_join(filed, col("lead_id"), col("lead"))
        .left_join(working_days(7)?, col("received_on"), col("start"))
        .with_columns([decided_on.alias("decided_on"), (col("last") + tested).alias("due_on")])
        .with_column(only_where(is_decision(&["file"]), col("decided_on")).fill_null(col("case_filed_on")).alias("filed_on"));
    let is_excused =
        is_decision(&["not_file", "transfer"]).and(col("filed_on").is_null()).and(known(col("decided_on").lt_eq(col("due_on"))));
    let in_time = is_met(col("filed_on").lt_eq(col("due_on")));
    Ok(leads.select([unit(), col("domain"), month(col("due_on")), state(is_excused, col("due_on").lt_eq(lit(at.last))), in_time]))
}

/// Of the inspections on the premises and the acts of coercion that ended 24 hours ago, those that a film or sound that was not deleted
/// covers by half, or for a minute. A film that is linked to nothing counts where an inspector shot it during the inspection.
pub fn recording_coverage(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let has_times = || known(col("checked_to").gt_eq(col("checked_from")));
    let day_over = end_of(day_of(col("checked_from")).fill_null(col("checked_on")));
    let inspections = sample.counted("inspections", "unit_id")?.filter(col("checked_on").lt_eq(lit(at.last))).with_columns([
        col("inspection_id").alias("act"),
        col("checked_from").fill_null(end_of(col("checked_on") - lit(1))).alias("act_from"),
        when(has_times()).then(col("checked_to")).otherwise(day_over).alias("act_to"),
        has_times().alias("has_times"),
        is_on_site().not().alias("is_out"),
    ]);
    // A day without an hour is written as its first instant.
    let time_of = |column: &str| only_where((col(column) % lit(DAY)).neq(lit(0)), col(column));
    let begun_on = || day_of(col("began")).fill_null(col("started_on"));
    let coercion = sample.counted_by_case("coercive_measures", "unit_id")?;
    let coercion = coercion.with_column(time_of("executed_at").fill_null(time_of("started_at")).alias("began")).with_columns([
        col("measure_id").alias("act"),
        col("began").fill_null(end_of(col("started_on") - lit(1))).alias("act_from"),
        end_of(begun_on()).alias("act_to"),
        lit(false).alias("has_times"),
        is_one_of(col("kind"), &["freeze"]).alias("is_out"),
    ]);
    let is_film = is_one_of(col("media"), &["video", "audio"]).or(col("media").is_null()).and(known(col("deleted")).not());
    let is_there = col("shot_on").lt_eq(lit(at.last)).and(or_true(col("imported_at").lt(at.end()))).and(col("shot_at").is_not_null());
    let shot_to = col("ended_at").fill_null(col("shot_at") + col("duration_s").fill_null(lit(0)) * lit(1_000_000_i64));
    let films = sample.counted("body_cam_recordings", "unit_id")?.filter(is_film.and(is_there)).with_column(shot_to.alias("shot_to"));
    let names_an_act = || col("inspection_id").is_not_null().or(col("measure_id").is_not_null()).or(col("case_id").is_not_null());
    let is_linked = || or_true(col("linked_at").lt(at.end())).and(names_an_act());
    let linked = |to: &str| films.clone().filter(is_linked()).select([col(to).alias("filmed"), col("shot_at"), col("shot_to")]);
    let inspectors = inspections.clone().filter(has_times()).select(["unit_id", "officers", "checked_on", "act"].map(col));
    let unlinked = each_of(inspectors, "officers").join(
        films.clone().filter(is_linked().not()),
        ["unit_id", "officers", "checked_on"].map(col),
        ["unit_id", "officer_id", "shot_on"].map(col),
        JoinArgs::new(JoinType::Inner),
    );
    let unlinked = unlinked.select([col("act").alias("filmed"), col("shot_at"), col("shot_to")]);
    let films = concat([linked("inspection_id"), linked("measure_id"), unlinked], UnionArgs::default())?;
    let columns = || ["unit_id", "domain", "act", "act_from", "act_to", "has_times", "is_out"].map(col);
    let coercion = coercion.filter(begun_on().lt_eq(lit(at.last)));
    let acts = concat([inspections.select(columns()), coercion.select(columns())], UnionArgs::default())?;
    let overlap = earlier(col("act_to"), col("shot_to")) - later(col("act_from"), col("shot_at"));
    let by_half = col("has_times").and((overlap.clone() * lit(2)).gt_eq(col("act_to") - col("act_from")));
    let filmed = acts.clone().inner_join(films, col("act"), col("filmed")).filter(by_half.or(overlap.gt_eq(lit(60_000_000_i64))));
    let acts = acts.left_join(marked(filmed, col("act"), "is_filmed"), col("act"), col("act"));
    let due_at = || col("act_to") + lit(DAY);
    let state = state(col("is_out"), due_at().lt_eq(at.end()));
    Ok(acts.select([unit(), col("domain"), month(day_of(due_at())), state, is_met(col("is_filmed"))]))
}

/// Of the files reviewed, those that passed: no veto, no fail, 60 points. The review of the highest tier stands, and of that tier the last;
/// the month is that of the first.
pub fn casefiles_passed(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let is_of = |tier: &str| is_one_of(col("tier"), &[tier]);
    let tier = when(is_of("province")).then(lit(1)).when(is_of("city")).then(lit(2)).when(is_of("county")).then(lit(3)).otherwise(lit(4));
    let latest_first = SortMultipleOptions::default().with_order_descending_multi([false, true, true]);
    let reviews = sample.counted_by_case("case_file_reviews", "unit_id")?.filter(col("reviewed_on").lt_eq(lit(at.last)));
    let standing = reviews
        .with_column(col("case_id").fill_null(col("review_id")).alias("file"))
        .with_column(col("reviewed_on").min().over([col("file")])?.alias("first_reviewed_on"))
        .sort_by_exprs([tier, col("reviewed_on"), col("review_id")], latest_first)
        .unique_stable(Some(by_name(["file"], true, false)), UniqueKeepStrategy::First);
    let has_veto = || known(col("veto_items").list().len().gt(lit(0)));
    let says_nothing = col("grade").is_null().and(col("total").is_null()).and(has_veto().not());
    let has_points = or_true(col("total").cast(DataType::Float64).gt_eq(lit(60.0)));
    let passed = is_met(has_veto().not().and(or_true(col("grade").neq(lit("fail")))).and(has_points));
    Ok(standing.select([unit(), col("domain"), month(col("first_reviewed_on")), state(says_nothing, lit(true)), passed]))
}

/// Of the staff of a township in post, those with a certificate in force; an assistant has none, whatever is written.
pub fn certified_staff(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let is_in_post = or_true(col("in_post_from").lt_eq(lit(at.last))).and(or_true(col("in_post_to").gt_eq(lit(at.last))));
    let townships = sample.units_by_domain(at.last).filter(col("tier").eq(lit("township")));
    let staff = sample.counted("officers", "unit_id")?.filter(is_in_post).inner_join(townships, col("unit_id"), col("unit_id"));
    let is_in_force = or_true(col("cert_valid_from").lt_eq(lit(at.last))).and(known(col("cert_valid_to").gt_eq(lit(at.last))));
    let may_have_one = or_true(col("post_kind").neq(lit("assistant"))).and(col("certificate_no").is_not_null());
    Ok(staff.select([unit(), col("domain"), lit("due").alias("state"), is_met(may_have_one.and(is_in_force))]))
}

/// Of the officers of a township in post for six months, those who passed the basic training of as many domains as are due: three a year,
/// by days in post. Out are assistants, those without a first day, and those who left before anything was due.
pub fn multi_skill_training(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let has_passed = col("score").cast(DataType::Float64).gt_eq(lit(60.0)).fill_null(known(col("passed")));
    let is_basic = known(col("is_basic")).and(col("domain").neq(lit("other"))).and(has_passed);
    let trainings = sample.sent("trainings")?.filter(is_within("trained_on", at.first, at.last).and(is_basic));
    let passed =
        trainings.group_by([col("officer_id").alias("trained")]).agg([col("domain").n_unique().cast(DataType::Int32).alias("passed_in")]);
    let began = || col("began");
    let days_served = col("until") - later(began(), lit(at.first)) + lit(1);
    let officers = sample
        .counted("officers", "unit_id")?
        .with_columns([
            col("in_post_from").fill_null(col("cert_valid_from")).alias("began"),
            earlier(col("in_post_to"), lit(at.last)).alias("until"),
            known(col("in_post_to").lt(lit(at.last))).alias("has_left"),
        ])
        .filter(col("until").gt_eq(lit(at.first)).and(or_true(began().lt_eq(col("until")))))
        .inner_join(sample.units_by_domain(at.last).filter(col("tier").eq(lit("township"))), col("unit_id"), col("unit_id"))
        .left_join(passed, col("officer_id"), col("trained"))
        .left_join(last_days(|start| start.checked_add(6.months()).ok())?, began(), col("start"))
        .with_columns([
            (days_served * lit(3)).floor_div(lit(365)).alias("due_in"),
            known(col("last").lt_eq(col("until") + lit(1))).alias("is_long"),
        ]);
    let left_early = col("has_left").and(col("is_long").not().or(col("due_in").eq(lit(0))));
    let is_out = is_one_of(col("post_kind"), &["assistant"]).or(began().is_null()).or(left_early);
    let is_due = col("is_long").and(col("due_in").gt(lit(0)));
    Ok(officers.select([unit(), col("domain"), state(is_out, is_due), is_met(col("passed_in").fill_null(lit(0)).gt_eq(col("due_in")))]))
}

/// Of the food operators, those that were visited in two years, not for a cause or to check a promise only. They are the market unit's of
/// their county, else of their city, else of the province. Out are those that closed; those established in the two years are pending.
pub fn food_operators_visited(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let is_listed = col("valid_from").lt_eq(lit(at.last)).and(or_true(col("valid_to").gt_eq(lit(at.last))));
    let region = col("region_code").fill_null(col("credit_code").str().slice(lit(2), lit(6)));
    let operators = sample.sent("enterprises")?.filter(known(col("food_operator")).and(is_listed)).with_column(region.alias("region"));
    let offices = sample.units_by_domain(at.last).filter(col("domain").eq(lit("market")));
    let of = |tiers: &[&str], name: &str| {
        let there = offices.clone().filter(is_one_of(col("tier"), tiers)).group_by([col("region_code").alias(format!("seat_{name}"))]);
        there.agg([col("unit_id").min().alias(name)])
    };
    let is_full = is_on_site().and(col("domain").eq(lit("market"))).and(is_one_of(col("kind"), &["cause", "commitment"]).not());
    let visits = sample.counted("inspections", "unit_id")?.filter(is_full.and(is_within("checked_on", at.first, at.last)));
    let digits = |length: i32| col("region").str().slice(lit(0), lit(length));
    let operators = operators
        .left_join(of(&["city", "county"], "near"), digits(6), col("seat_near"))
        .left_join(of(&["city"], "of_city"), digits(4) + lit("00"), col("seat_of_city"))
        .left_join(of(&["province"], "of_province"), digits(2) + lit("0000"), col("seat_of_province"))
        .left_join(marked(visits, enterprise().alias("visited"), "is_visited"), col("credit_code"), col("visited"));
    let office = col("near").fill_null(col("of_city")).fill_null(col("of_province")).alias("subject");
    let has_closed = is_one_of(col("status"), &["注销", "吊销", "撤销", "停业", "歇业", "迁出"]);
    let state = state(has_closed, or_true(col("established_on").lt(lit(at.first))));
    Ok(operators.select([office, lit("market").alias("domain"), state, is_met(col("is_visited"))]))
}

/// Of the faults that supervision and spot checks found in twelve months, those that the unit had shown on an earlier day of them. One
/// fault of one act counts once, on the day it was first found. Out are opinions and decisions that name no fault.
pub fn repeated_faults(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let names = |list: &str| known(col(list).list().len().gt(lit(0)));
    let is_meant = names("fault_codes").or(or_true(col("kind").neq(lit("notice")))).and(is_within("issued_on", at.first, at.last));
    let columns = || ["unit_id", "domain", "fault", "act", "found_on"].map(col);
    let supervision = sample.counted("supervision_docs", "to_unit")?.filter(is_meant).with_columns([
        col("to_unit").alias("unit_id"),
        (lit("case ") + col("case_id")).fill_null(col("doc_id")).alias("act"),
        col("issued_on").alias("found_on"),
        col("fault_codes").alias("fault"),
    ]);
    let of_act = only_where(col("subject_kind").neq(lit("other")), col("subject_kind") + lit(" ") + col("subject_id"));
    let checks = sample.counted("spot_checks", "unit_id")?.filter(names("found").and(is_within("checked_on", at.first, at.last)));
    let checks = checks.with_columns([
        of_act.fill_null(col("spot_id")).alias("act"),
        col("checked_on").alias("found_on"),
        col("found").alias("fault"),
    ]);
    let found = each_of(concat([supervision.select(columns()), checks.select(columns())], UnionArgs::default())?, "fault");
    let faults = found.group_by(["unit_id", "domain", "fault", "act"].map(col)).agg([col("found_on").min()]);
    let first_on = col("found_on").min().over(["unit_id", "domain", "fault"].map(col))?.alias("first_on");
    let met = is_met(col("first_on").lt(col("found_on")));
    Ok(faults.with_column(first_on).select([unit(), col("domain"), state(col("fault").is_null(), lit(true)), met]))
}

/// The mean of the evaluations by third parties, each the mean of its dimensions by weight, or evenly where one has none. A dimension
/// without a score, or with the score of no case, is left aside; an evaluation of nothing else is out.
pub fn third_party_scores(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let is_used = || col("score").is_not_null().and(or_true(col("n").gt(lit(0))));
    let (score, weight) = (|| col("score").cast(DataType::Float64), || col("weight").cast(DataType::Float64));
    let dimensions = sample.counted("third_party_evaluations", "unit_id")?.filter(col("evaluated_on").lt_eq(lit(at.last)));
    let evaluations = dimensions.group_by(["unit_id", "domain", "evaluator", "quarter"].map(col)).agg([
        col("evaluated_on").max(),
        is_used().any(true).alias("is_scored"),
        known(weight().gt(lit(0.0))).filter(is_used()).all(true).alias("has_weights"),
        ((weight() * score()).filter(is_used()).sum() / weight().filter(is_used()).sum()).alias("by_weight"),
        score().filter(is_used()).mean().alias("evenly"),
    ]);
    let amount = when(col("has_weights")).then(col("by_weight")).otherwise(col("evenly")).alias("amount");
    let state = state(col("is_scored").not(), lit(true));
    Ok(evaluations.filter(col("evaluated_on").gt_eq(lit(at.first))).select([
        unit(),
        col("domain"),
        state,
        amount,
        lit(1.0).alias("weight"),
    ]))
}

/// The mean by weight of the answers from 1 to 5 to the question of guidance, by region. Out are other answers, and sheets without weight.
pub fn guidance_in_surveys(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let sheets = sample.placed("survey_responses", "unit_id")?.filter(is_within("answered_on", at.first, at.last));
    let weight = || col("weight").cast(DataType::Float64);
    let state = state(known(is_within("q_guidance", 1, 5).and(weight().gt(lit(0.0)))).not(), lit(true));
    let amount = col("q_guidance").cast(DataType::Float64).alias("amount");
    Ok(sheets.select([col("region_code").alias("subject"), col("domain").fill_null(lit("")), state, amount, weight().alias("weight")]))
}

/// Of the enterprises that the unit visited this year, those that another unit had visited on the day or in the 30 days before, not
/// together. An enterprise without a code is that of its name where the unit knows one. Out are persons, visits not on the premises, and
/// those for a cause that were filed in time: before they began, in an emergency within 24 hours, which are pending until then.
pub fn repeated_inspections(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let plans =
        sample.sent("inspection_plans")?.group_by([col("plan_id").alias("plan")]).agg([col("filed_at").min().alias("plan_filed_at")]);
    let is_person = || col("firm").is_null().and(is_one_of(col("party_kind"), &["person"]));
    let urgent = when(is_one_of(col("trigger_kind"), &["emergency"])).then(lit(DAY)).otherwise(lit(0_i64));
    let has_cause = known(col("trigger_kind").neq(lit("plan")).and(col("filed_by").lt_eq(col("to_file_by"))));
    let visits = sample
        .counted("inspections", "unit_id")?
        .filter(col("checked_on").lt_eq(lit(at.last)))
        .left_join(plans, col("plan_id"), col("plan"))
        .with_columns([
            enterprise().alias("firm"),
            col("checked_from").fill_null(end_of(col("checked_on")) - lit(1_000_000_i64)).alias("began"),
            earlier(col("filed_at"), col("plan_filed_at")).alias("filed_by"),
        ])
        .with_column((col("began") + urgent).alias("to_file_by"))
        .with_column(is_on_site().not().or(is_person()).or(has_cause).alias("is_out"))
        .collect()?
        .lazy();
    let compared = visits.clone().filter(col("is_out").not().and(col("firm").is_not_null()));
    let of_visit = ["inspection_id", "unit_id", "firm", "checked_on", "began", "merged_visit_id"];
    let before = compared.clone().select(of_visit.map(|name| col(name).alias(format!("{name}_before"))));
    let same = |name: &str| known(col(name).eq(col(format!("{name}_before"))));
    let is_earlier = |name: &str| col(format!("{name}_before")).lt(col(name));
    let is_before = is_earlier("began").or(same("began").and(is_earlier("inspection_id")));
    let is_recent = (col("checked_on") - col("checked_on_before")).lt_eq(lit(30)).and(col("checked_on").gt_eq(lit(at.first)));
    let companions = each_of(visits.clone().select([col("inspection_id").alias("visit"), col("joint_units").alias("with")]), "with");
    let companions = sample.answering(companions, "with").unique(None, UniqueKeepStrategy::Any).with_column(lit(true).alias("names_it"));
    let named = |pairs: LazyFrame, visit: &str, with: &str, name: &str| {
        let companions = companions.clone().select([col("visit"), col("with"), col("names_it").alias(name)]);
        pairs.join(companions, [col(visit), col(with)], [col("visit"), col("with")], JoinArgs::new(JoinType::Left))
    };
    let pairs = compared.select(of_visit.map(col)).inner_join(before, col("firm"), col("firm_before"));
    let pairs = pairs.filter(same("unit_id").not().and(is_before).and(is_recent));
    let pairs = named(named(pairs, "inspection_id", "unit_id_before", "names"), "inspection_id_before", "unit_id", "is_named");
    let is_together = same("checked_on").and(same("merged_visit_id").or(known(col("names"))).or(known(col("is_named"))));
    let repeated = marked(pairs.filter(is_together.not()), col("inspection_id").alias("repeated"), "is_repeated");
    let visits = visits.filter(col("checked_on").gt_eq(lit(at.first)));
    let known_names = visits.clone().filter(col("object_name").is_not_null().and(col("firm").is_not_null()));
    let known_names = known_names
        .group_by([col("unit_id"), col("object_name")])
        .agg([col("firm").n_unique().alias("firms"), col("firm").min().alias("firm_of_name")]);
    let by_name = ["unit_id", "object_name"].map(col);
    let visits = visits
        .join(known_names.filter(col("firms").eq(lit(1))), by_name.clone(), by_name, JoinArgs::new(JoinType::Left))
        .left_join(repeated, col("inspection_id"), col("repeated"));
    let own_name = col("unit_id") + lit(" / ") + col("object_name");
    let key = col("firm").fill_null(col("firm_of_name")).fill_null(own_name).fill_null(col("inspection_id")).alias("key");
    let state = state(col("is_out"), col("to_file_by").lt_eq(at.end()));
    Ok(visits.select([unit(), col("domain"), state, is_met(col("is_repeated")), key, col("inspection_id").alias("row")]))
}

/// Of the items of penalty on a unit's lists, those with a benchmark that is published and in force; a superior counts an item once.
pub fn items_with_benchmark(sample: &Sample, at: Moment) -> PolarsResult<LazyFrame> {
    let is_in_force = || col("valid_from").lt_eq(lit(at.last)).and(or_true(col("valid_to").gt_eq(lit(at.last))));
    let is_public = known(col("published_on").lt_eq(lit(at.last)));
    let benchmarks =
        marked(sample.sent("benchmarks")?.filter(is_public.and(is_in_force())), col("item_code").alias("item"), "has_benchmark");
    let is_penalty = or_true(col("act_kinds").list().contains(lit("penalty"), false));
    let there = marked(sample.units_by_domain(at.last), col("unit_id").alias("there"), "is_there");
    let items =
        sample.counted("item_lists", "unit_id")?.filter(is_in_force().and(is_penalty)).inner_join(there, col("unit_id"), col("there"));
    let items = items.left_join(benchmarks, col("item_code"), col("item"));
    let (key, row) = (col("item_code").alias("key"), col("item_code").alias("row"));
    Ok(items.select([unit(), col("domain"), lit("due").alias("state"), is_met(col("has_benchmark")), key, row]))
}
