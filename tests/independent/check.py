"""Checks indicators of the library against an independent computation.

In: a project folder with a lake and a finished run (argument 1); clocks.toml, parameters.toml and the work calendar of this
repository. Out: one line an indicator, every row that differs, exit code 1 if there is one. Each indicator is computed here from its
words alone (catalogue, rulings, comments of the library), in plain DuckDB SQL, and compared with the run's `measures` (scope own,
January to June 2026) in numerator, denominator, pending and excluded, or value and n, by unit (region), domain and month.

Never here: a SELECT of the library read or copied, a query run by kaohe, a file of the project or the library written, a
reading changed to agree without a reason in the words. Where the words leave room, the function says what is read into them.
A row of zeros (no value, n of nought) and a missing row are the same.
"""
import json
import sys
import tomllib
from bisect import bisect_right
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow
from deltalake import DeltaTable

QUERIES = Path(__file__).resolve().parents[2] / "queries"
AS_OF = date(2026, 6, 30)
MONTHS = [date(2026, m, 1) for m in range(1, 7)]
ENDS = [date(2026, m + 1, 1) - timedelta(days=1) for m in range(1, 7)]
TABLES = """benchmarks case_suspensions cases devices disclosures enterprise_burden_samples enterprises hazards hotline_orders
inspection_plans inspections item_lists joint_patrol_participants joint_patrols lead_transfers leads officers platform_records
region_adjacency regions restoration_plans spot_checks supervision_docs survey_responses units""".split()


# ---- limits, amounts, calendar ---------------------------------------------------------------------------------------

def versions(file, kind):
    found = {}
    for entry in tomllib.loads((QUERIES / file).read_text())[kind]:
        found[entry["name"]] = entry["version"]
    return found


CLOCKS = versions("clocks.toml", "clock")
PARAMETERS = versions("parameters.toml", "parameter")
KIND = {}
for line in (QUERIES / "reference/work_calendar.csv").read_text().splitlines()[1:]:
    day, is_workday, kind, _ = line.split(",", 3)
    KIND[date.fromisoformat(day)] = (is_workday == "1", kind)
DOMAINS = ["market", "urban", "eco", "transport", "emergency", "other", ""]
USED = ("hotline_closure", "device_calibration", "supervision_doc", "criminal_transfer_decision", "disclosure.penalty",
        "filing", "decision", "lead_transfer", "feed", "data_entry")
WORKDAYS = sorted(d for d, (works, _) in KIND.items() if works)


def in_force(all_versions, domain, day):
    for wanted in (domain, None):
        fitting = [v for v in all_versions if v.get("domain") == wanted and v["from"] <= day]
        if fitting:
            return max(fitting, key=lambda v: v["from"])
    return None


def last_day(clock, domain, start):
    """The last day without extra days, and whether one in a holiday moves."""
    v = in_force(CLOCKS[clock], domain, start)
    if v is None:
        return None, False
    if v["in"] == "working_days":
        at = bisect_right(WORKDAYS, start) + v["amount"] - 1
        last = None if at >= len(WORKDAYS) else WORKDAYS[at] if v["amount"] else start
    else:
        last = start + timedelta(days=v["amount"])
    return last, v.get("roll_to_working_day", False)


def moved(day):
    """A last day in a statutory holiday moves to the first working day after it; a weekend moves nothing."""
    if KIND[day][1] != "holiday":
        return day
    at = bisect_right(WORKDAYS, day)
    return WORKDAYS[at] if at < len(WORKDAYS) else day


def param(name, domain, day):
    return None if day is None else float(in_force(PARAMETERS[name], domain, day)["amount"])


SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc_is_valid(code):
    """GB 32100-2015: 18 signs without I O S V Z; 31 - sum of sign * 3^i mod 31, mod 31."""
    if code is None or len(code) != 18 or any(c not in SIGNS for c in code):
        return False
    total = sum(SIGNS.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return SIGNS.index(code[17]) == (31 - total % 31) % 31


def limits_table():
    """The last day of every clock that is used, for every domain and every day on which it can start."""
    days = [date(2014, 1, 1) + timedelta(days=i) for i in range(4700)]
    rows = [(clock, domain, day, *last_day(clock, domain, day))
            for clock in CLOCKS if clock.startswith(USED) for domain in DOMAINS for day in days]
    names = ["clock", "domain", "start", "last", "rolls"]
    return pyarrow.table({name: list(column) for name, column in zip(names, zip(*rows))})


def answering(units):
    """Who has been merged or renamed -> who answers; unit -> its only domain (queries/README.md, "Who answers for a row")."""
    last = {}
    for row in sorted(units.to_pylist(), key=lambda row: row["valid_from"]):
        if row["valid_from"] <= AS_OF:
            last[row["unit_id"]] = row
    ended = {unit: row["replaced_by"] for unit, row in last.items()
             if row["valid_to"] and row["valid_to"] < AS_OF and row["replaced_by"] in last}
    followed = {}
    for unit in ended:
        successor, passed = unit, {unit}
        while successor in ended and ended[successor] not in passed:
            successor = ended[successor]
            passed.add(successor)
        if successor not in ended:
            followed[unit] = successor
    one = {unit: row["domain_list"][0] for unit, row in last.items() if row["domain_list"] and len(row["domain_list"]) == 1}
    only = {}
    for unit in last:
        now = followed.get(unit, unit)
        own = one.get(unit)
        only[unit] = own if own in (last[now]["domain_list"] or []) else one.get(now)
    return followed, {unit: domain for unit, domain in only.items() if domain and domain != "other"}


def as_counted(table, lists, fields):
    """A table as it counts: units that were followed have become their successors, an open domain is the unit's only one, else the item's."""
    references = tomllib.loads((QUERIES / "tables" / f"{table}.toml").read_text()).get("references", [])
    to = {target.strip(): column.strip() for column, target in (reference.split("->") for reference in references)}
    columns = [r.split("->")[0].strip() for r in references if r.split("->")[1].strip() == "units.unit_id"]
    if table == "units":
        return """SELECT * REPLACE (least(valid_from, coalesce((SELECT min(p.valid_from) FROM sent_units p JOIN followed f ON f.unit = p.unit_id
            WHERE f.by = u.unit_id AND u.valid_from = (SELECT min(valid_from) FROM sent_units o WHERE o.unit_id = u.unit_id)), valid_from)) AS valid_from,
            coalesce((SELECT f.by FROM followed f WHERE f.unit = u.parent_unit_id), parent_unit_id) AS parent_unit_id)
            FROM sent_units u WHERE unit_id NOT IN (SELECT unit FROM followed)"""
    by = lambda column: f"coalesce((SELECT f.by FROM followed f WHERE f.unit = s.{column}), s.{column})"
    each = lambda column: f"list_transform(s.{column}, lambda u: coalesce(getvariable('followed')[u], u))"
    replaced = [f"{each(column) if column in lists else by(column)} AS {column}" for column in columns]
    columns = [column for column in columns if column not in lists]
    if "units.domain_list" in to:
        owner = "unit_id" if "unit_id" in columns else columns[0]
        told = [f"(SELECT o.domain FROM only_domain o WHERE o.unit = s.{owner})"]
        if "item_code" in fields and table != "item_lists":
            told.append("""(SELECT min(l.domain) FROM sent_item_lists l WHERE l.item_code = s.item_code AND l.domain <> 'other'
                HAVING count(DISTINCT l.domain) = 1)""")
        replaced.append(f"CASE WHEN coalesce(s.domain, 'other') = 'other' THEN coalesce({', '.join(told)}, s.domain) ELSE s.domain END AS domain")
    return f"SELECT * {'REPLACE (' + ', '.join(replaced) + ')' if replaced else ''} FROM sent_{table} s"


def open_project(project):
    db = duckdb.connect()
    db.execute("SET TimeZone = 'Asia/Shanghai'")
    sent = {table: DeltaTable(f"{project}/lake/{table}").to_pyarrow_table() for table in TABLES}
    followed, only = answering(sent["units"])
    db.register("followed", pyarrow.table({"unit": list(followed), "by": list(followed.values())}))
    db.execute("SET VARIABLE followed = (SELECT map(list(f.unit), list(f.by)) FROM followed AS f)")
    db.register("only_domain", pyarrow.table({"unit": list(only), "domain": list(only.values())}))
    for table, rows in sent.items():
        db.register(f"sent_{table}", rows)
    for table, rows in sent.items():
        lists = {field.name for field in rows.schema if pyarrow.types.is_list(field.type) or pyarrow.types.is_large_list(field.type)}
        db.execute(f"CREATE TABLE {table} AS {as_counted(table, lists, set(rows.schema.names))}")
    run = json.loads((Path(project) / "current.json").read_text())["run"]
    db.execute(f"CREATE VIEW measures AS SELECT * FROM '{project}/runs/{run}/tables/measures.parquet'")
    db.register("limits", limits_table())
    db.register("holidays_moved", pyarrow.table({"day": list(KIND), "moved": [moved(d) for d in KIND]}))
    db.execute("""CREATE MACRO due_on(a_clock, a_domain, a_day, extra) AS (
        SELECT CASE WHEN l.rolls THEN coalesce((SELECT h.moved FROM holidays_moved h WHERE h.day = l.last + extra::INTEGER), l.last + extra::INTEGER)
                    ELSE l.last + extra::INTEGER END
        FROM limits l WHERE l.clock = a_clock AND l.domain = coalesce(a_domain, '') AND l.start = a_day)""")
    db.execute("""CREATE MACRO stem(code) AS CASE WHEN code LIKE '__0000%' THEN left(code, 2) WHEN code LIKE '____00%' THEN left(code, 4)
        WHEN code LIKE '______000%' THEN left(code, 6) ELSE left(code, 9) END""")
    db.execute("CREATE MACRO county(code) AS coalesce(length(stem(code)) >= 6, false)")
    db.execute("CREATE MACRO inside(a, b) AS starts_with(stem(a), stem(b)) OR starts_with(stem(b), stem(a))")
    db.execute("SET VARIABLE as_of = DATE '2026-06-30'")
    return db


def counted(rows):
    """SQL of a flow ratio: rows have unit_id, domain, due_on, hit, out; the last day must be over at the as-of instant."""
    return f"""
        SELECT unit_id, domain, date_trunc('month', due_on)::DATE AS month,
               count(*) FILTER (NOT out AND due_on <= getvariable('as_of') AND hit) AS numerator,
               count(*) FILTER (NOT out AND due_on <= getvariable('as_of')) AS denominator,
               count(*) FILTER (NOT out AND due_on > getvariable('as_of')) AS pending,
               count(*) FILTER (out) AS excluded
        FROM (SELECT * REPLACE (coalesce(hit, false) AS hit, coalesce(out, false) AS out) FROM ({rows}))
        GROUP BY ALL"""


def each_month(db, sql):
    """The same SQL once for each month's end; it reads getvariable('as_of') and getvariable('from')."""
    rows = []
    for month, end in zip(MONTHS, ENDS):
        db.execute(f"SET VARIABLE as_of = DATE '{end}'")
        rows += [(r[0], r[1], month, *r[2:]) for r in db.execute(sql).fetchall()]
    db.execute(f"SET VARIABLE as_of = DATE '{AS_OF}'")
    return rows


# ---- what several indicators share -----------------------------------------------------------------------------------

ENDED_AS = """coalesce(outcome, CASE WHEN no_penalty THEN 'no_penalty' WHEN NOT no_penalty AND len(penalty_kinds) > 0 THEN 'penalty' END)"""
INSPECTIONS = """
    (SELECT *, coalesce(domain, 'other') AS act_domain,
            coalesce(credit_code, CASE WHEN regexp_matches(party_code, '^9[123].{16}$') THEN party_code END) AS enterprise,
            coalesce(checked_from, (checked_on + 1)::TIMESTAMPTZ - INTERVAL '1 second') AS began_at,
            form IS NULL OR form = 'onsite' AS is_onsite
     FROM inspections WHERE source_operation IS DISTINCT FROM 'delete' AND checked_on <= getvariable('as_of'))"""
IS_OF_PERSON = """(enterprise IS NULL AND (coalesce(party_kind = 'person', false)
    OR (party_kind IS NULL AND coalesce(regexp_matches(party_code, '^[1-9][0-9]{16}[0-9Xx]$'), false))))"""
PENALTIES = f"""
    (SELECT *, coalesce(credit_code, CASE WHEN regexp_matches(party_code, '^9[123].{{16}}$') THEN party_code END) AS code
     FROM cases WHERE decided_on <= getvariable('as_of') AND coalesce({ENDED_AS}, 'penalty') = 'penalty')"""
HAZARDS = """
    (SELECT unit_id, domain, found_on, greatest(due_on, extended_to, found_on) AS due_on,
            CASE WHEN verified_on > getvariable('as_of') OR verified_on < found_on OR verified_on < closed_on THEN NULL
                 WHEN verifier_kind IS NULL AND verified_by IS NULL THEN NULL
                 WHEN verifier_kind = 'enterprise' OR verified_by = credit_code OR verified_by = responsible THEN NULL
                 ELSE verified_on END AS verified_on
     FROM hazards WHERE found_on <= getvariable('as_of'))"""


# ---- one function an indicator ---------------------------------------------------------------------------------------

def emergency_inspection_plan_completion(db):
    return db.execute(f"""
        WITH plans AS (SELECT * FROM inspection_plans WHERE kind IS DISTINCT FROM 'joint_action'),
        named AS (SELECT DISTINCT plan_id, unit_id, domain, due, unnest(targets) AS target FROM plans WHERE targets IS NOT NULL),
        checked AS (SELECT p.plan_id, i.enterprise, min(checked_on) AS on_day FROM {INSPECTIONS} i JOIN plans p USING (plan_id)
                    WHERE checked_on <= p.due AND i.enterprise IS NOT NULL GROUP BY ALL),
        places AS (SELECT plan_id, unit_id, domain, due, unnest(range(1, planned_targets + 1)) AS nth FROM plans WHERE targets IS NULL),
        filled AS (SELECT plan_id, count(*) AS n FROM checked GROUP BY ALL),
        rows AS (
            SELECT n.unit_id, n.domain, n.due AS due_on, c.on_day IS NOT NULL AS hit,
                   c.on_day IS NULL AND EXISTS (
                       FROM enterprises e WHERE e.credit_code = n.target AND e.valid_from <= least(n.due, getvariable('as_of'))
                       AND (e.valid_to IS NULL OR e.valid_to >= least(n.due, getvariable('as_of')))
                       AND e.status SIMILAR TO '.*(注销|吊销|撤销|停业|歇业|迁出).*') AS out
            FROM named n LEFT JOIN checked c ON c.plan_id = n.plan_id AND c.enterprise = n.target
            UNION ALL
            SELECT unit_id, domain, due, nth <= coalesce(n, 0), false FROM places LEFT JOIN filled USING (plan_id))
        {counted('FROM rows')}""").fetchall()


def perception_hotline_on_time(db):
    return db.execute(counted("""
        SELECT unit_id, coalesce(domain, 'other') AS domain, end_day AS due_on, closed_at::DATE <= end_day AS hit, false AS out
        FROM (SELECT *, CASE WHEN extended_to IS NULL THEN last
                             ELSE greatest(last, least(extended_to::DATE, longest)) END AS end_day
              FROM (SELECT *, due_on(clock, domain, last, 0) AS longest
        FROM (SELECT *, due_on(clock, domain, started, 0) AS last
              FROM (SELECT *, coalesce(dispatched_at::DATE, created_on) AS started,
                           'hotline_closure.' || CASE WHEN kind IN ('consult', 'help', 'suggestion') THEN kind
                               WHEN kind IN ('complaint', 'report') THEN 'complaint' ELSE 'other' END || '.target' AS clock
                    FROM hotline_orders)
              WHERE started <= getvariable('as_of'))))""")).fetchall()


def transport_certificate_shown(db):
    return db.execute(counted("""
        SELECT s.unit_id, coalesce(s.domain, c.domain, i.domain) AS domain, s.checked_on AS due_on,
               s.certificate_shown AND s.uniform_worn IS DISTINCT FROM false AS hit,
               s.certificate_shown IS NULL AND s.uniform_worn IS DISTINCT FROM false AS out
        FROM spot_checks s LEFT JOIN cases c ON s.subject_kind = 'case' AND s.subject_id = c.case_id
        LEFT JOIN inspections i ON s.subject_kind = 'inspection' AND s.subject_id = i.inspection_id
        WHERE coalesce(s.domain, c.domain, i.domain) = 'transport' AND s.checked_on <= getvariable('as_of')
          AND coalesce(s.subject_kind, '') NOT IN ('enterprise', 'hazard', 'recording')""")).fetchall()


def transport_offsite_overload_valid(db):
    return db.execute(counted(f"""
        SELECT unit_id, domain, decided_on AS due_on, fine_else AND coalesce(calibrated, false) AS hit,
               ended IN ('no_fact', 'withdrawn', 'transferred') OR (fine_else AND calibrated_on > found) AS out
        FROM (SELECT *, found BETWEEN calibrated_on AND due_on('device_calibration.target', domain, calibrated_on, 0) AS calibrated,
                     coalesce(offsite_review_passed AND offsite_reviewed_at::DATE <= decided_on
                        AND legal_reviewed_on <= found AND technical_reviewed_on <= found
                        AND coalesce(valid_from <= found, true) AND coalesce(found <= device_to, true)
                        AND published_place IS NOT NULL AND coalesce(published_on <= found, true), false) AS fine_else
              FROM (SELECT c.*, {ENDED_AS} AS ended, coalesce(c.found_at::DATE, c.opened_on) AS found, d.calibrated_on,
                           d.legal_reviewed_on, d.technical_reviewed_on, d.valid_from, d.valid_to AS device_to,
                           d.published_place, d.published_on
                    FROM cases c LEFT JOIN devices d ON d.device_id = c.offsite_device_id
                    WHERE c.domain = 'transport' AND c.decided_on <= getvariable('as_of')
                      AND (c.is_overload OR concat(c.violation_type, c.case_name) SIMILAR TO '.*(超限|超载).*')
                      AND (c.offsite_device_id IS NOT NULL OR c.offsite_reviewed_at IS NOT NULL
                           OR c.offsite_review_passed IS NOT NULL)))""")).fetchall()


def eco_restoration_done_rate(db):
    return db.execute(counted("""
        SELECT r.unit_id, coalesce(r.domain, c.domain, 'eco') AS domain, greatest(r.due_on, r.ordered_on) AS due_on,
               r.verified_on <= greatest(r.due_on, r.ordered_on) AND coalesce(r.verified_on >= r.done_on, true) AS hit, false AS out
        FROM restoration_plans r LEFT JOIN cases c USING (case_id)
        WHERE r.ordered_on <= getvariable('as_of')""")).fetchall()


def province_supervision_doc_closure_rate(db):
    return db.execute(counted("""
        SELECT to_unit AS unit_id, domain, due_on('supervision_doc_closure.target', domain, issued_on, 0) AS due_on,
               answered_on <= due_on('supervision_doc_closure.target', domain, issued_on, 0) AND corrected
                   AND coalesce(corrected_on <= getvariable('as_of'), true) AS hit, false AS out
        FROM supervision_docs WHERE kind IS DISTINCT FROM 'notice' AND issued_on <= getvariable('as_of')""")).fetchall()


def law_criminal_transfer_timeliness(db):
    return db.execute(counted("""
        SELECT unit_id, domain, hit, out,
               CASE WHEN approved_at::DATE <= approve_by THEN greatest(approve_by, (approved_at + INTERVAL '24 hours')::DATE)
                    ELSE approve_by END AS due_on
        FROM (SELECT from_unit AS unit_id, domain, approved_at, approve_by,
                     approved_at::DATE <= approve_by AND transferred_at <= approved_at + INTERVAL '24 hours' AS hit,
                     known_at IS NULL OR (approved_at IS NULL AND approval_refused_at::DATE <= approve_by) AS out
              FROM (SELECT *, due_on('criminal_transfer_decision.statutory', domain, known_on, 0) AS approve_by FROM lead_transfers
                    WHERE kind = 'criminal' AND known_on <= getvariable('as_of')))
        UNION ALL
        SELECT unit_id, domain, false, true, due_on('criminal_transfer_decision.statutory', domain, opened_on, 0) FROM cases c
        WHERE criminal_suspected AND opened_on <= getvariable('as_of')
          AND NOT EXISTS (FROM lead_transfers t WHERE t.kind = 'criminal' AND t.case_id = c.case_id)""")).fetchall()


def disclosure_penalty_timeliness(db):
    """Without a day of decision: excluded, in the month of the limit counted from the earliest date."""
    return db.execute(counted(f"""
        WITH told AS (
            SELECT c.case_id, min(d.published_at::DATE) AS published, min(d.handed_over_at::DATE) AS handed,
                   coalesce(bool_or(d.must_publish = false AND trim(d.exempt_reason) <> ''), false) AS exempt
            FROM disclosures d JOIN cases c ON c.unit_id = d.unit_id AND CASE WHEN d.case_id IS NOT NULL THEN c.case_id = d.case_id
                 ELSE c.decision_no = d.decision_no OR d.ref_id IN (c.case_id, c.decision_no) END
            WHERE d.ref_kind = 'penalty' OR (d.ref_kind IS NULL AND d.case_id IS NOT NULL)
            GROUP BY ALL)
        SELECT unit_id, domain, due_on('disclosure.penalty' || CASE WHEN elsewhere THEN '_handover' ELSE '' END || '.statutory',
                   domain, decided_on, 0) AS due_on,
               done <= due_on('disclosure.penalty' || CASE WHEN elsewhere THEN '_handover' ELSE '' END || '.statutory',
                   domain, decided_on, 0) AS hit,
               done IS NULL AND exempt AS out
        FROM (SELECT *, CASE WHEN elsewhere THEN least(published, handed) ELSE published END AS done
              FROM (SELECT p.*, t.published, t.handed, t.exempt, p.domain = 'market' AND length(p.code) = 18
                           AND substr(p.code, 3, 2) <> left(u.region_code, 2) IS TRUE AS elsewhere
                    FROM {PENALTIES} p LEFT JOIN told t USING (case_id) LEFT JOIN units u ON u.unit_id = p.unit_id))
        UNION ALL
        SELECT unit_id, domain, due_on('disclosure.penalty.statutory', domain, opened_on, 0), false, true FROM cases
        WHERE decided_on IS NULL AND {ENDED_AS} = 'penalty' AND opened_on <= getvariable('as_of')""")).fetchall()


def hazard_closure_rate(db):
    return db.execute(counted(f"""
        SELECT unit_id, domain, h.due_on, h.verified_on <= h.due_on AS hit, false AS out FROM {HAZARDS} h""")).fetchall()


def emergency_hazard_overdue_days(db):
    return each_month(db, f"""
        SELECT unit_id, domain, median(greatest(0, coalesce(verified_on, getvariable('as_of')) - due_on))
                   FILTER (due_on <= getvariable('as_of') AND due_on >= DATE '2026-01-01') AS value,
               count(*) FILTER (due_on <= getvariable('as_of') AND due_on >= DATE '2026-01-01') AS n,
               count(*) FILTER (due_on > getvariable('as_of')) AS pending, 0 AS excluded
        FROM {HAZARDS} GROUP BY ALL""")


def market_inspection_drop_yoy(db):
    return each_month(db, f"""
        SELECT unit_id, act_domain, 1 - count(*) FILTER (ok AND checked_on >= DATE '2026-01-01')
                   / nullif(count(*) FILTER (ok AND checked_on < DATE '2026-01-01'), 0) AS value,
               count(*) FILTER (ok AND checked_on < DATE '2026-01-01') AS n, 0 AS pending, count(*) FILTER (NOT ok) AS excluded
        FROM (SELECT *, is_onsite AND NOT {IS_OF_PERSON} AS ok FROM {INSPECTIONS}
              WHERE checked_on >= DATE '2026-01-01'
                 OR checked_on BETWEEN DATE '2025-01-01' AND getvariable('as_of') - INTERVAL '1 year')
        GROUP BY ALL""")


def survey(db, scores):
    return each_month(db, f"""
        SELECT region_code, domain, sum(weight * score) FILTER (ok) / sum(weight) FILTER (ok) AS value,
               count(*) FILTER (ok) AS n, 0 AS pending, count(*) FILTER (NOT ok) AS excluded
        FROM (SELECT region_code, coalesce(domain, '') AS domain, weight::DOUBLE AS weight, list_avg(given) AS score,
                     len(given) > 0 AND coalesce(weight > 0, false) AS ok
              FROM (SELECT *, list_filter({scores}, lambda x: x BETWEEN 1 AND 5) AS given FROM survey_responses)
              WHERE answered_on BETWEEN DATE '2026-01-01' AND getvariable('as_of'))
        GROUP BY ALL""")


def perception_survey_transparency(db):
    return survey(db, "[q_transparency]")


def perception_survey_mean_score(db):
    return survey(db, "[q_transparency, q_basis_clear, q_guidance]")


def law_discretion_deviation_rate(db):
    return db.execute(counted(f"""
        WITH spans AS (SELECT item_code, severity, fine_min, fine_max, valid_from, published_on,
                              least(valid_to, lead(valid_from) OVER (PARTITION BY item_code, severity ORDER BY valid_from) - 1) AS last
                       FROM benchmarks WHERE published_on IS NOT NULL),
        bands AS (
            SELECT p.case_id, s.severity, s.fine_min, s.fine_max,
                   CASE WHEN s.severity = p.severity THEN 1 WHEN s.severity = '*' THEN 2 ELSE 3 END AS fit
            FROM {PENALTIES} p JOIN spans s ON s.item_code = p.item_code AND s.published_on <= p.decided_on
                 AND s.valid_from <= p.decided_on AND coalesce(p.decided_on <= s.last, true)
            WHERE s.fine_min IS NOT NULL OR s.fine_max IS NOT NULL),
        best AS (SELECT * FROM bands QUALIFY fit = min(fit) OVER (PARTITION BY case_id)),
        judged AS (SELECT p.case_id, count(b.case_id) AS bands,
                          coalesce(bool_or(p.fine_amount >= coalesce(b.fine_min, 0) AND coalesce(p.fine_amount <= b.fine_max, true)), false) AS within
                   FROM {PENALTIES} p LEFT JOIN best b ON b.case_id = p.case_id GROUP BY ALL)
        SELECT unit_id, domain, decided_on AS due_on,
               coalesce(trim(aggravation), '') = '' AND CASE WHEN bands > 0 THEN NOT within
                   WHEN own THEN NOT (fine_amount >= coalesce(benchmark_min, 0) AND coalesce(fine_amount <= benchmark_max, true))
                   ELSE true END AS hit,
               (NOT has_fine) OR fine_amount IS NULL OR (item_code IS NOT NULL AND bands = 0 AND NOT own) AS out
        FROM (SELECT p.*, j.bands, j.within, benchmark_min IS NOT NULL OR benchmark_max IS NOT NULL AS own,
                     coalesce(list_contains(penalty_kinds, 'fine'), false) OR coalesce(fine_amount > 0, false) AS has_fine
              FROM {PENALTIES} p JOIN judged j USING (case_id))
        UNION ALL
        SELECT unit_id, domain, opened_on, false, true FROM cases
        WHERE decided_on IS NULL AND {ENDED_AS} = 'penalty' AND opened_on <= getvariable('as_of')""")).fetchall()


def urban_joint_enforcement_share(db):
    return db.execute(f"""
        WITH visits AS (
            SELECT i.*, {IS_OF_PERSON} AS of_person, least(i.filed_at, p.filed_at) AS filed_by,
                   CASE WHEN trigger_kind = 'emergency' THEN began_at + INTERVAL '24 hours' ELSE began_at END AS file_by
            FROM {INSPECTIONS} i LEFT JOIN inspection_plans p ON p.plan_id = i.plan_id),
        of_departments AS (
            SELECT v.inspection_id, coalesce(e.multi_department, CASE WHEN e.credit_code IS NULL THEN true ELSE EXISTS (
                       FROM visits o WHERE o.enterprise = v.enterprise AND o.act_domain <> v.act_domain AND o.is_onsite
                       AND o.checked_on BETWEEN v.checked_on - INTERVAL '1 year' AND v.checked_on) END) AS several
            FROM visits v LEFT JOIN enterprises e ON e.credit_code = v.enterprise AND e.valid_from <= v.checked_on
                 AND coalesce(v.checked_on <= e.valid_to, true)),
        beside AS (
            SELECT inspection_id, act_domain, unit_id, unnest(joint_units) AS partner FROM visits
            UNION ALL
            SELECT v.inspection_id, v.act_domain, v.unit_id, o.unit_id FROM visits v JOIN visits o
            ON o.merged_visit_id = v.merged_visit_id AND o.checked_on = v.checked_on AND o.enterprise = v.enterprise
               AND o.inspection_id <> v.inspection_id AND (o.unit_id <> v.unit_id OR o.act_domain <> v.act_domain)),
        joint AS (
            SELECT DISTINCT inspection_id FROM beside b LEFT JOIN units u ON u.unit_id = b.partner
            WHERE partner <> b.unit_id AND u.domain_list IS DISTINCT FROM [b.act_domain]
            UNION
            SELECT v.inspection_id FROM visits v JOIN joint_patrol_participants q ON q.unit_id = v.unit_id
            JOIN joint_patrols j ON j.patrol_id = q.patrol_id AND j.kind = 'department' AND v.began_at BETWEEN j.from_at AND j.to_at
            WHERE (SELECT count(DISTINCT x.unit_id) FROM joint_patrol_participants x
                   WHERE x.patrol_id = j.patrol_id AND x.recorded_own_system) >= 2)
        SELECT unit_id, act_domain, date_trunc('month', checked_on)::DATE, count(*) FILTER (state = 'due' AND hit),
               count(*) FILTER (state = 'due'), count(*) FILTER (state = 'pending'), count(*) FILTER (state = 'out')
        FROM (SELECT v.*, j.inspection_id IS NOT NULL AS hit,
                     CASE WHEN NOT is_onsite OR of_person THEN 'out'
                          WHEN coalesce(trigger_kind <> 'plan' AND filed_by <= file_by, false) THEN 'out'
                          WHEN NOT several THEN 'out'
                          WHEN trigger_kind = 'emergency' AND filed_by IS NULL
                               AND file_by > (getvariable('as_of') + 1)::TIMESTAMPTZ THEN 'pending'
                          ELSE 'due' END AS state
              FROM visits v JOIN of_departments USING (inspection_id) LEFT JOIN joint j USING (inspection_id))
        GROUP BY ALL""").fetchall()


def township_item_list_use(db):
    return each_month(db, """
        WITH days AS (SELECT getvariable('as_of') AS last,
                             (date_trunc('month', getvariable('as_of')) - INTERVAL '11 months')::DATE AS first),
        listed AS (
            SELECT DISTINCT i.unit_id, i.item_code, unnest(CASE WHEN i.domain IS NULL THEN u.domain_list ELSE [i.domain] END) AS domain
            FROM item_lists i JOIN units u USING (unit_id), days
            WHERE u.tier = 'township' AND i.valid_from <= last AND coalesce(i.valid_to >= last, true)),
        on_first AS (SELECT DISTINCT unit_id, item_code FROM item_lists, days WHERE valid_from <= first AND coalesce(valid_to >= first, true)),
        codes AS (SELECT DISTINCT unit_id, item_code, unnest([item_code, supervise_item_code, check_item_code]) AS code FROM item_lists),
        acts AS (
            SELECT unit_id, unnest([item_code, supervise_item_code]) AS code FROM cases, days WHERE opened_on BETWEEN first AND last
            UNION ALL
            SELECT unit_id, unnest([item_code, supervise_item_code, check_item_code]) FROM inspections, days
            WHERE checked_on BETWEEN first AND last),
        used AS (SELECT DISTINCT c.unit_id, c.item_code FROM codes c JOIN acts a ON a.unit_id = c.unit_id AND a.code = c.code)
        SELECT l.unit_id, l.domain, count(*) FILTER (f.unit_id IS NOT NULL AND u.unit_id IS NOT NULL),
               count(*) FILTER (f.unit_id IS NOT NULL), count(*) FILTER (f.unit_id IS NULL), 0
        FROM listed l LEFT JOIN on_first f ON f.unit_id = l.unit_id AND f.item_code = l.item_code
        LEFT JOIN used u ON u.unit_id = l.unit_id AND u.item_code = l.item_code GROUP BY ALL""")


# Transfers to another region; a side that names a city or province is narrowed to the county of its case, lead or unit.
TRANSFERS = """
    (SELECT t.*, CASE WHEN county(from_region) THEN from_region WHEN county(c.region_code) THEN c.region_code
                      WHEN county(l.region_code) THEN l.region_code WHEN county(f.region_code) THEN f.region_code
                      ELSE from_region END AS side_a,
            CASE WHEN county(to_region) THEN to_region WHEN county(r.region_code) THEN r.region_code
                 WHEN county(l.place_code) THEN l.place_code WHEN county(w.region_code) THEN w.region_code
                 ELSE to_region END AS side_b,
            r.unit_id AS receiver, r.decided_on AS received_decided_on, r.outcome AS received_outcome
     FROM lead_transfers t LEFT JOIN cases c ON c.case_id = t.case_id LEFT JOIN cases r ON r.case_id = t.received_case_id
     LEFT JOIN leads l ON l.lead_id = t.lead_id LEFT JOIN units f ON f.unit_id = t.from_unit
     LEFT JOIN units w ON w.unit_id = coalesce(t.to_unit, r.unit_id)
     WHERE t.kind = 'cross_region' AND t.domain IS NOT NULL AND t.known_on <= getvariable('as_of'))"""


def synergy_evidence_recognition(db):
    """A transfer whose recipient is unknown belongs to no unit."""
    return db.execute(counted(f"""
        WITH sole AS (SELECT region_code, domain, any_value(unit_id) AS unit_id
                      FROM (SELECT unit_id, region_code, unnest(domain_list) AS domain FROM units WHERE unit_kind <> 'township')
                      GROUP BY ALL HAVING count(*) = 1)
        SELECT coalesce(t.to_unit, t.receiver, s.unit_id) AS unit_id, t.domain,
               coalesce(t.outcome_at::DATE, t.received_decided_on) AS due_on, t.evidence_used AS hit,
               coalesce(inside(side_a, side_b), false) OR coalesce(t.received_outcome = 'transferred', false) AS out
        FROM {TRANSFERS} t LEFT JOIN sole s ON s.region_code = t.side_b AND s.domain = t.domain
        WHERE coalesce(t.outcome_at::DATE, t.received_decided_on) <= getvariable('as_of')
          AND coalesce(t.to_unit, t.receiver, s.unit_id) IS NOT NULL""")).fetchall()


def synergy_lead_transfer_timeliness(db):
    """A lead that was handed on as the case made of it has a record of transfer."""
    return db.execute(counted(f"""
        SELECT from_unit AS unit_id, domain, due_on('lead_transfer.target', domain, known_on, 0) AS due_on,
               transferred_on <= due_on('lead_transfer.target', domain, known_on, 0) AS hit,
               coalesce(inside(side_a, side_b), false) AS out
        FROM {TRANSFERS}
        UNION ALL
        SELECT unit_id, domain, due_on('lead_transfer.target', domain, known, 0), false, false
        FROM (SELECT l.*, CASE WHEN l.decision = 'transfer' THEN coalesce(l.decision_at::DATE, l.received_on) ELSE l.received_on END AS known
              FROM leads l JOIN units u USING (unit_id)
              WHERE NOT inside(l.place_code, u.region_code)
                AND NOT EXISTS (FROM lead_transfers t WHERE t.lead_id = l.lead_id)
                AND NOT EXISTS (FROM lead_transfers t JOIN cases c ON c.case_id = t.case_id WHERE c.lead_id = l.lead_id))
        WHERE known <= getvariable('as_of')""")).fetchall()


def panel(db, answer, value, needs_revenue):
    """C2: the whole province and each city by itself; an answer above median + 5 MAD of its stratum counts as that limit,
    which every answer of the stratum helps to set, those that are left out as well. Where the MAD is 0, that of a normal law with the same mean
    absolute deviation stands for it."""
    few = int(param("burden.minimum_firms", None, AS_OF))
    mads = param("burden.winsor_mads", None, AS_OF)
    return each_month(db, f"""
        WITH answers AS (
            SELECT *, {answer} AS answer, coalesce(weight, 1)::DOUBLE AS w, (quarter_start + INTERVAL '3 months' - INTERVAL '1 day')::DATE AS ends
            FROM enterprise_burden_samples WHERE quarter_start <= getvariable('as_of')),
        in_areas AS (SELECT *, unnest([left(region_code, 2) || '0000', left(region_code, 4) || '00']) AS area FROM answers
                     WHERE ends >= (date_trunc('month', getvariable('as_of')) - INTERVAL '11 months')::DATE),
        firms AS (SELECT area, quarter, count(DISTINCT credit_code) AS firms FROM in_areas GROUP BY ALL),
        judged AS (SELECT *, answer IS NULL OR w <= 0 OR (area NOT LIKE '__0000' AND firms < {few}) OR ({needs_revenue} AND revenue IS NULL) AS out
                   FROM in_areas JOIN firms USING (area, quarter)),
        middles AS (SELECT area, quarter, stratum, median(answer) AS middle FROM judged GROUP BY ALL),
        limits_of AS (SELECT area, quarter, stratum, any_value(middle) + {mads} * CASE WHEN median(abs(answer - middle)) > 0 THEN median(abs(answer - middle))
                                             WHEN avg(abs(answer - middle)) > 0 THEN 0.8453473 * avg(abs(answer - middle)) END AS most
                      FROM judged JOIN middles USING (area, quarter, stratum) GROUP BY ALL),
        rows AS (SELECT j.*, least(answer, most) AS amount, ends <= getvariable('as_of') AS over
                 FROM judged j LEFT JOIN limits_of USING (area, quarter, stratum))
        SELECT area, '' AS domain, {value} AS value, count(*) FILTER (over AND NOT out) AS n,
               count(*) FILTER (NOT over AND NOT out) AS pending, count(*) FILTER (out) AS excluded
        FROM rows GROUP BY ALL""")


def burden_hours_per_firm(db):
    """Hours of a whole year: four times the mean of a quarter."""
    hours = "CASE WHEN hours_materials IS NOT NULL OR hours_escort IS NOT NULL THEN coalesce(hours_materials, 0) + coalesce(hours_escort, 0) END::DOUBLE"
    return panel(db, hours, "4 * sum(w * amount) FILTER (over AND NOT out) / sum(w) FILTER (over AND NOT out)", "false")


def burden_extra_cost_ratio(db):
    ratio = "sum(w * amount) FILTER (over AND NOT out) / sum(w * revenue) FILTER (over AND NOT out)"
    cost = "CASE WHEN cost_other IS NOT NULL OR cost_equipment IS NOT NULL THEN coalesce(cost_other, 0) + coalesce(cost_equipment, 0) END::DOUBLE"
    return panel(db, cost, ratio, "true")


def eco_monitoring_fraud_case_rate(db):
    """The filing limit is longer by the lead's suspended days (ruling D on filing timeliness)."""
    return db.execute(counted("""
        WITH fraud AS (
            SELECT *, due_on('filing.statutory', domain, received_on, coalesce(suspended_days, 0)) AS plain,
                   due_on('filing_extended.statutory', domain, received_on, coalesce(suspended_days, 0)) AS longer
            FROM leads WHERE domain = 'eco' AND received_on <= getvariable('as_of')
              AND (is_data_fraud OR (is_data_fraud IS NULL AND violation_type SIMILAR TO '.*(弄虚作假|篡改|伪造).*'))),
        filed AS (SELECT *, CASE WHEN extended_on <= plain THEN longer ELSE plain END AS filing_due FROM fraud),
        their_cases AS (
            SELECT lead_id, max(least(coalesce(extension_days, 0), 30)) AS granted, list(case_id) AS ids,
                   min(decided_on) FILTER (coalesce(outcome, '') NOT IN ('withdrawn', 'transferred', 'no_fact')) AS decided
            FROM cases WHERE lead_id IS NOT NULL GROUP BY ALL),
        stopped AS (SELECT c.lead_id, count(DISTINCT d.day) AS days
                    FROM cases c JOIN (SELECT case_id, unnest(generate_series(from_date, coalesce(to_date, from_date + 29), INTERVAL '1 day'))::DATE AS day
                                       FROM case_suspensions) d USING (case_id)
                    WHERE d.day > c.filed_on AND coalesce(d.day < c.decided_on, true) GROUP BY ALL),
        police AS (SELECT f.lead_id, min(t.transferred_on) AS handed FROM filed f LEFT JOIN their_cases c USING (lead_id)
                   JOIN lead_transfers t ON t.kind = 'criminal' AND (t.lead_id = f.lead_id OR list_contains(c.ids, t.case_id)) GROUP BY ALL)
        SELECT unit_id, domain, last AS due_on, least(decided, handed) <= last AS hit,
               (decision = 'not_file' AND checked_at <= decision_at AND trim(reason) <> '' AND decision_at::DATE <= filing_due)
               OR (decision = 'transfer' AND decision_at::DATE <= filing_due) AS out
        FROM (SELECT f.*, c.decided, p.handed, due_on('decision.statutory', f.domain, f.filing_due,
                         coalesce(c.granted, 0) + coalesce(s.days, 0)) AS last
              FROM filed f LEFT JOIN their_cases c USING (lead_id) LEFT JOIN stopped s USING (lead_id)
              LEFT JOIN police p USING (lead_id))""")).fetchall()


def province_feed_timeliness(db):
    return db.execute(counted("""
        WITH own AS (
            SELECT 'cases' AS kind, coalesce(decision_no, case_id) AS key, unit_id, domain, decided_on AS on_day, source_file
            FROM cases WHERE decided_on <= getvariable('as_of')
            UNION ALL
            SELECT 'inspections', inspection_id, unit_id, coalesce(domain, 'other'), checked_on, source_file
            FROM inspections WHERE checked_on <= getvariable('as_of')),
        platform AS (
            SELECT source_table AS kind, key_text AS key, unit_id, domain, coalesce(decided_on, event_date) AS on_day, source_file,
                   coalesce(submitted_at, arrived_at)::DATE AS sent
            FROM platform_records WHERE event_date <= getvariable('as_of')),
        own_nth AS (SELECT *, row_number() OVER (PARTITION BY kind, key ORDER BY on_day) AS nth FROM own),
        platform_nth AS (SELECT *, row_number() OVER (PARTITION BY kind, key ORDER BY on_day) AS nth FROM platform),
        pairs AS (SELECT coalesce(o.unit_id, p.unit_id) AS unit_id, coalesce(o.domain, p.domain) AS domain,
                         coalesce(o.on_day, p.on_day) AS on_day, p.sent, coalesce(o.source_file = p.source_file, false) AS one_file
                  FROM own_nth o FULL JOIN platform_nth p ON o.kind = p.kind AND o.key = p.key AND o.nth = p.nth)
        SELECT unit_id, domain, due_on('feed.target', domain, on_day, 0) AS due_on,
               sent <= due_on('feed.target', domain, on_day, 0) AS hit, one_file AS out FROM pairs""")).fetchall()


def synergy_joint_patrol_frequency(db):
    return each_month(db, """
        WITH sides AS (
            SELECT region_a AS region, region_b AS neighbour, required_patrols, cross_province FROM region_adjacency
            UNION ALL SELECT region_b, region_a, required_patrols, cross_province FROM region_adjacency),
        offices AS (SELECT region_code AS region, unit_id FROM units WHERE list_contains(domain_list, 'eco') AND tier = 'county'
                    AND getvariable('as_of') BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')),
        owed AS (
            SELECT region, neighbour, [neighbour] AS with_whom, required_patrols AS times, cross_province FROM sides
            WHERE required_patrols IS NOT NULL
            UNION ALL
            SELECT region, '', list(neighbour), 4, cross_province FROM sides WHERE required_patrols IS NULL GROUP BY region, cross_province),
        slots AS (SELECT *, unnest(range(1, times + 1)) AS nth FROM owed),
        took_part AS (SELECT DISTINCT p.patrol_id, left(coalesce(p.region_code, u.region_code), 6) AS region
                      FROM joint_patrol_participants p JOIN units u USING (unit_id) WHERE recorded_own_system AND officers >= 1),
        valid AS (
            SELECT j.patrol_id, j.region_a, j.region_b FROM joint_patrols j
            WHERE j.domain = 'eco' AND j.patrolled_on BETWEEN DATE '2026-01-01' AND getvariable('as_of')
              AND j.to_at >= j.from_at + INTERVAL '30 minutes' AND j.region_a <> j.region_b
              AND EXISTS (FROM took_part t WHERE t.patrol_id = j.patrol_id AND t.region = j.region_a)
              AND EXISTS (FROM took_part t WHERE t.patrol_id = j.patrol_id AND t.region = j.region_b)),
        both_ways AS (SELECT region_a AS region, region_b AS neighbour, patrol_id FROM valid
                      UNION ALL SELECT region_b, region_a, patrol_id FROM valid),
        held AS (SELECT o.region, o.neighbour, o.cross_province, count(b.patrol_id) AS n FROM owed o
                 LEFT JOIN both_ways b ON b.region = o.region AND list_contains(o.with_whom, b.neighbour) GROUP BY ALL),
        rows AS (SELECT unit_id, s.nth <= h.n AS hit, s.cross_province AS out,
                        (DATE '2026-01-01' + to_months(3 * ceil(4 * nth / times)::INTEGER) - INTERVAL '1 day')::DATE AS last
                 FROM slots s JOIN held h ON h.region = s.region AND h.neighbour = s.neighbour AND h.cross_province = s.cross_province
                 JOIN offices f ON f.region = s.region)
        SELECT unit_id, 'eco', count(*) FILTER (hit AND NOT out AND last <= getvariable('as_of')),
               count(*) FILTER (NOT out AND last <= getvariable('as_of')),
               count(*) FILTER (NOT out AND last > getvariable('as_of')), count(*) FILTER (out)
        FROM rows GROUP BY ALL""")


def integrity_key_validity(db):
    rows = f"""
        WITH acts AS (
            SELECT case_id AS id, unit_id, domain, opened_on AS on_day, 'penalty' AS act_kind, region_code,
                   [item_code, supervise_item_code] AS codes, officers, officer_certificates, credit_code AS uscc,
                   party_kind IS DISTINCT FROM 'person' AND NOT (coalesce(party_kind = 'individual_business', false) AND credit_code IS NULL
                       AND coalesce(regexp_matches(party_code, '^[1-9][0-9]{{16}}[0-9Xx]$'), false)) AS needs_uscc
            FROM cases WHERE opened_on <= getvariable('as_of') AND coalesce(created_at < (getvariable('as_of') + 1)::TIMESTAMPTZ, true)
            UNION ALL
            SELECT inspection_id, unit_id, act_domain, checked_on, 'inspection', region_code,
                   [item_code, supervise_item_code, check_item_code], officers, officer_certificates, enterprise, NOT {IS_OF_PERSON}
            FROM {INSPECTIONS} WHERE coalesce(created_at < (getvariable('as_of') + 1)::TIMESTAMPTZ, true)),
        had AS (SELECT DISTINCT a.id FROM acts a JOIN item_lists i ON i.unit_id = a.unit_id AND i.valid_from <= a.on_day),
        listed AS (SELECT DISTINCT a.id FROM acts a JOIN item_lists i ON i.unit_id = a.unit_id AND i.valid_from <= a.on_day
                   AND coalesce(i.valid_to >= a.on_day, true) AND list_contains(i.act_kinds, a.act_kind)
                   AND list_has_any(list_filter(a.codes, lambda x: x IS NOT NULL), [i.item_code, i.supervise_item_code, i.check_item_code])),
        years AS (SELECT DISTINCT version_year AS y FROM regions),
        placed AS (SELECT a.id FROM acts a JOIN regions r ON r.region_code = CASE WHEN length(a.region_code) = 12 THEN left(a.region_code, 9)
                       ELSE a.region_code END
                   AND r.version_year = coalesce((SELECT max(y) FROM years WHERE y <= year(a.on_day)), (SELECT min(y) FROM years))),
        people AS (SELECT id, on_day, unnest(officers) AS who, NULL AS certificate FROM acts WHERE len(officers) > 0
                   UNION ALL
                   SELECT id, on_day, NULL, unnest(officer_certificates) FROM acts WHERE coalesce(len(officers), 0) = 0 AND len(officer_certificates) > 0),
        certified AS (SELECT id, bool_and(EXISTS (FROM officers o WHERE (o.officer_id = p.who OR o.certificate_no = p.certificate)
                             AND p.on_day BETWEEN o.cert_valid_from AND coalesce(o.cert_valid_to, DATE '9999-01-01'))) AS ok
                      FROM people p GROUP BY ALL)
        SELECT id, unit_id, domain, on_day, needs_uscc, uscc, id IN (FROM had) AS needs_item, id IN (FROM listed) AS item_ok,
               id IN (FROM placed) AS region_ok, coalesce(ok, false) AS officers_ok FROM acts LEFT JOIN certified USING (id)"""
    found = {}
    for _, unit, domain, day, needs_uscc, uscc, needs_item, item_ok, region_ok, officers_ok in db.execute(rows).fetchall():
        last, _ = last_day("data_entry.target", domain, day)
        cell = found.setdefault((unit, domain, last.replace(day=1)), [0, 0, 0, 0])
        if last > AS_OF:
            cell[2] += 1
            continue
        cell[0] += (needs_uscc and uscc_is_valid(uscc)) + (needs_item and item_ok) + region_ok + officers_ok
        cell[1] += needs_uscc + needs_item + 2
    return [(*key, *numbers) for key, numbers in found.items()]


INDICATORS = {
    "emergency.inspection_plan_completion": emergency_inspection_plan_completion,
    "perception.hotline_on_time": perception_hotline_on_time,
    "transport.certificate_shown": transport_certificate_shown,
    "transport.offsite_overload_valid": transport_offsite_overload_valid,
    "eco.restoration_done_rate": eco_restoration_done_rate,
    "province.supervision_doc_closure_rate": province_supervision_doc_closure_rate,
    "law.criminal_transfer_timeliness": law_criminal_transfer_timeliness,
    "disclosure.penalty_timeliness": disclosure_penalty_timeliness,
    "hazard.closure_rate": hazard_closure_rate,
    "emergency.hazard_overdue_days": emergency_hazard_overdue_days,
    "market.inspection_drop_yoy": market_inspection_drop_yoy,
    "perception.survey_transparency": perception_survey_transparency,
    "perception.survey_mean_score": perception_survey_mean_score,
    "law.discretion_deviation_rate": law_discretion_deviation_rate,
    "urban.joint_enforcement_share": urban_joint_enforcement_share,
    "township.item_list_use": township_item_list_use,
    "synergy.evidence_recognition": synergy_evidence_recognition,
    "synergy.lead_transfer_timeliness": synergy_lead_transfer_timeliness,
    "burden.hours_per_firm": burden_hours_per_firm,
    "burden.extra_cost_ratio": burden_extra_cost_ratio,
    "eco.monitoring_fraud_case_rate": eco_monitoring_fraud_case_rate,
    "province.feed_timeliness": province_feed_timeliness,
    "synergy.joint_patrol_frequency": synergy_joint_patrol_frequency,
    "integrity.key_validity": integrity_key_validity,
}


# ---- comparing -------------------------------------------------------------------------------------------------------

def differences(db, indicator, computed):
    """Rows that differ; a ratio has seven columns, a value has value and n where the ratio has its two sides."""
    ratios, values = db.execute(
        "SELECT count(numerator), count(n) FROM measures WHERE indicator = ? AND scope = 'own'", [indicator]).fetchone()
    sides = "value, n" if ratios == 0 and values > 0 else "numerator, denominator"
    library = db.execute(f"""SELECT subject, domain, month, {sides}, pending, excluded FROM measures
        WHERE indicator = ? AND scope = 'own' AND month BETWEEN DATE '2026-01-01' AND DATE '2026-06-01'""", [indicator]).fetchall()

    def table(rows):
        out = {}
        for subject, domain, month, *numbers in rows:
            if MONTHS[0] <= month <= MONTHS[-1]:
                key = (subject or "", domain or "", month)
                assert key not in out, (indicator, key)
                out[key] = tuple(None if x is None else round(float(x), 4) for x in numbers)
        return out

    mine, theirs = table(computed), table(library)
    nothing = (None if sides == "value, n" else 0.0, 0.0, 0.0, 0.0)
    bad = []
    for key in sorted(set(mine) | set(theirs)):
        a, b = mine.get(key, nothing), theirs.get(key, nothing)
        if any((x is None) != (y is None) or (x is not None and abs(x - y) > 0.00011) for x, y in zip(a, b)):
            bad.append((*key, sides, a, b))
    return len(theirs), bad


def main():
    db = open_project(sys.argv[1])
    failed = 0
    for indicator, compute in INDICATORS.items():
        if len(sys.argv) > 2 and indicator not in sys.argv[2:]:
            continue
        rows, bad = differences(db, indicator, compute(db))
        print(f"{indicator}: {rows} rows, {'agree' if not bad and rows else f'{len(bad)} differ'}")
        failed += bool(bad) or rows == 0
        for subject, domain, month, sides, a, b in bad:
            print(f"    {subject} {domain} {month:%Y-%m} ({sides}, pending, excluded): here {a}, library {b}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
