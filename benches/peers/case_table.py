"""The case table of the benchmark: rows, indicators, and the same indicators for other engines.

In: how many cases, units, months, indicators. Out: a kaohe project (sources as Parquet, an overlay of populations and indicators), and for
each indicator its SQL in the dialect of a peer. Never here: timing.

The indicators are plain files of kaohe's library; a peer gets the same SELECT and the same populations, with the functions that kaohe adds
written out: a limit becomes a look-up in a table of days, a month date_trunc, the end of a day an instant.
"""
import datetime as dt
import json
import pathlib
from urllib.parse import unquote

import numpy as np
import polars as pl

ROOT = pathlib.Path(__file__).resolve().parents[2]
AS_OF = dt.date(2026, 6, 30)
AS_OF_SQL = "TIMESTAMP '2026-06-30 16:00:00'"  # 24:00 in Shanghai
DOMAINS = ["market", "urban", "eco", "transport", "emergency"]
CLOCKS = ["decision.statutory", "investigation.target", "delivery.statutory", "closing.statutory", "food_drug_closure.target"]

# Five populations, each row by row over the cases: what is due, by which limit, and what is left out.
HEAD = """c.unit_id, c.domain, c.case_id AS record_id, c.source_file, c.source_line"""
POPULATIONS = {
    "bench_decisions": f"""
SELECT d.*, CASE WHEN d.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT {HEAD}, c.procedure, c.is_food_drug, c.is_livelihood, c.party_kind, c.decided_on, c.closed_on, c.fine_amount,
         due_on('decision.statutory', c.domain, c.opened_on) AS due_on, due_on('food_drug_closure.target', c.domain, c.opened_on) AS target_on,
         CASE WHEN c.outcome IN ('transferred', 'withdrawn') THEN c.outcome END AS excluded_because
  FROM cases AS c
  WHERE coalesce(c.procedure, 'ordinary') <> 'simple' AND end_of(c.opened_on) <= $as_of
) AS d""",
    "bench_investigations": f"""
SELECT d.*, CASE WHEN d.filed_on IS NULL THEN 'excluded' WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT {HEAD}, c.procedure, c.is_food_drug, c.major, c.filed_on, c.investigated_on, due_on('investigation.target', c.domain, c.opened_on) AS due_on
  FROM cases AS c
  WHERE end_of(c.opened_on) <= $as_of
) AS d""",
    "bench_deliveries": f"""
SELECT d.*, CASE WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT {HEAD}, c.procedure, c.party_kind, c.delivered_on, due_on('delivery.statutory', c.domain, c.decided_on) AS due_on
  FROM cases AS c
  WHERE end_of(c.decided_on) <= $as_of
) AS d""",
    "bench_closings": f"""
SELECT d.*, CASE WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT {HEAD}, c.procedure, c.closed_on, c.performed_on, due_on('closing.statutory', c.domain, c.performed_on) AS due_on
  FROM cases AS c
  WHERE end_of(c.performed_on) <= $as_of
) AS d""",
    "bench_penalties": f"""
SELECT {HEAD}, c.procedure, c.party_kind, c.decided_on, c.decided_on AS due_on, c.fine_amount, c.closed_on, c.legal_reviewed, c.hearing_held,
       c.education_recorded, c.major, c.severity, 'due' AS state
FROM cases AS c
WHERE coalesce(c.outcome, 'penalty') = 'penalty' AND end_of(c.decided_on) <= $as_of""",
}

# population, month, extra condition of both sides, numerator
BASE = [
    ("bench_decisions", "due_on", "", "decided_on <= due_on"),
    ("bench_decisions", "due_on", "is_food_drug", "decided_on <= target_on"),
    ("bench_decisions", "due_on", "is_livelihood", "decided_on <= due_on"),
    ("bench_decisions", "due_on", "party_kind = 'org'", "decided_on <= due_on"),
    ("bench_decisions", "due_on", "procedure = 'quick'", "decided_on <= due_on"),
    ("bench_decisions", "due_on", "domain = 'market'", "closed_on IS NOT NULL"),
    ("bench_investigations", "due_on", "", "investigated_on <= due_on"),
    ("bench_investigations", "due_on", "major", "investigated_on <= due_on"),
    ("bench_investigations", "due_on", "is_food_drug", "investigated_on <= due_on"),
    ("bench_investigations", "due_on", "procedure IN ('ordinary', 'quick')", "investigated_on IS NOT NULL"),
    ("bench_deliveries", "due_on", "", "delivered_on <= due_on"),
    ("bench_deliveries", "due_on", "party_kind = 'person'", "delivered_on <= due_on"),
    ("bench_deliveries", "due_on", "procedure <> 'simple'", "delivered_on <= due_on"),
    ("bench_deliveries", "due_on", "domain IN ('eco', 'urban')", "delivered_on <= due_on"),
    ("bench_closings", "due_on", "", "closed_on <= due_on"),
    ("bench_closings", "due_on", "procedure = 'simple'", "closed_on <= due_on"),
    ("bench_closings", "due_on", "domain = 'transport'", "closed_on <= due_on"),
    ("bench_penalties", "decided_on", "", "education_recorded"),
    ("bench_penalties", "decided_on", "major", "legal_reviewed"),
    ("bench_penalties", "decided_on", "procedure <> 'simple'", "hearing_held OR legal_reviewed"),
    ("bench_penalties", "decided_on", "party_kind = 'org'", "closed_on IS NOT NULL"),
    ("bench_penalties", "decided_on", "severity = 'minor'", "education_recorded"),
    ("bench_penalties", "decided_on", "severity IN ('general', 'serious')", "legal_reviewed"),
    ("bench_penalties", "decided_on", "domain <> 'other'", "legal_reviewed IS NOT NULL"),
]


def indicators(number):
    """The first 24 are those of BASE; more ask the same columns with other conditions."""
    made = list(BASE)
    variant = 0
    while len(made) < number:
        population, month, both, hit = BASE[variant % len(BASE)]
        day = AS_OF - dt.timedelta(days=7 * (variant + 1))
        more = f"{month} <= DATE '{day}'"
        made.append((population, month, f"{both} AND {more}" if both else more, hit))
        variant += 1
    return made[:number]


def select(population, month, both, hit):
    both = f" AND {both}" if both else ""
    return f"""SELECT unit_id, domain, month_of({month}) AS month,
       count(*) FILTER (WHERE state = 'due'{both} AND ({hit})) AS numerator,
       count(*) FILTER (WHERE state = 'due'{both}) AS denominator,
       count(*) FILTER (WHERE state = 'pending'{both}) AS pending
FROM {population}
GROUP BY 1, 2, 3"""


def write_library(project, number):
    queries = project / "queries"
    (queries / "populations").mkdir(parents=True, exist_ok=True)
    (queries / "indicators/bench").mkdir(parents=True, exist_ok=True)
    for old in (queries / "indicators/bench").glob("*.sql"):
        old.unlink()
    for name, sql in POPULATIONS.items():
        header = f'-- /// population\n-- title = "{name}"\n-- grain = "one case"\n-- [excluded]\n-- transferred = "x"\n-- withdrawn = "x"\n-- ///\n--\n-- x\n'
        if name != "bench_decisions":
            header = f'-- /// population\n-- title = "{name}"\n-- grain = "one case"\n-- ///\n--\n-- x\n'
        (queries / f"populations/{name}.sql").write_text(header + sql.strip() + "\n")
    for place, parts in enumerate(indicators(number)):
        header = (f'-- /// indicator\n-- title = "b{place}"\n-- better = "higher"\n-- shown_as = "percent"\n-- domains = {json.dumps(DOMAINS)}\n'
                  '-- tiers = ["province", "city", "county", "township"]\n-- basis = "本系统补充"\n-- ///\n--\n-- x\n')
        (queries / f"indicators/bench/b{place:03}.sql").write_text(header + select(*parts) + "\n")


def write_sources(project, cases, units, months, seed=1):
    """Cases by month, sorted by unit: dates, flags and amounts with gaps."""
    (project / "sources/cases").mkdir(parents=True, exist_ok=True)
    (project / "sources/units").mkdir(parents=True, exist_ok=True)
    (project / "kaohe.toml").write_text('name = "bench"\nscheme = "2026"\nperiod = "2026"\n\n[[source]]\ntable = "cases"\npath = "sources/cases/*.parquet"\n\n'
                                        '[[source]]\ntable = "units"\npath = "sources/units/*.parquet"\n')
    ids = [f"3301{unit // 100:04}{unit:06}" for unit in range(units)]
    domains = [DOMAINS[unit % 5] for unit in range(units)]
    pl.DataFrame({"unit_id": ids, "unit_name": [f"单位{unit}" for unit in range(units)], "tier": ["county"] * units, "domain_list": domains,
                  "region_code": ["330102"] * units, "size_class": ["medium"] * units, "valid_from": [dt.date(2019, 1, 1)] * units}
                 ).write_parquet(project / "sources/units/units.parquet")
    first = dt.date(2026, 7, 1)
    starts = []
    for _ in range(months):
        first = (first - dt.timedelta(days=1)).replace(day=1)
        starts.append(first)
    per_month = cases // months
    for number, start in enumerate(reversed(starts)):
        random = np.random.default_rng([seed, number])
        next_month = (start + dt.timedelta(days=32)).replace(day=1)
        unit = np.sort(random.integers(0, units, per_month))
        opened = np.datetime64(start) + random.integers(0, (next_month - start).days, per_month).astype("timedelta64[D]")
        opened = opened.astype("datetime64[D]")

        def after(days, base, share):
            late = base + random.integers(0, days, per_month).astype("timedelta64[D]")
            there = (random.random(per_month) < share) & (late <= np.datetime64(AS_OF))
            return np.where(there, late, np.datetime64("NaT"))

        filed = after(4, opened, 0.97)
        investigated = after(75, opened, 0.92)
        decided = after(110, opened, 0.9)
        base = np.where(np.isnat(decided), opened, decided)
        delivered = np.where(np.isnat(decided), np.datetime64("NaT"), after(14, base, 0.95))
        performed = np.where(np.isnat(decided), np.datetime64("NaT"), after(60, base, 0.8))
        closed = np.where(np.isnat(performed), np.datetime64("NaT"), after(30, np.where(np.isnat(performed), base, performed), 0.9))
        choose = lambda values, shares: np.array(values)[random.choice(len(values), per_month, p=shares)]
        flag = lambda share: random.random(per_month) < share
        fine = np.where(flag(0.7), random.integers(100, 500000, per_month), 0)
        frame = pl.DataFrame({
            "case_id": [f"C{number:03}{row:09}" for row in range(per_month)], "unit_id": np.array(ids)[unit], "domain": np.array(domains)[unit],
            "opened_on": opened, "filed_on": filed, "investigated_on": investigated, "decided_on": decided, "delivered_on": delivered,
            "performed_on": performed, "closed_on": closed, "procedure": choose(["ordinary", "simple", "quick"], [0.55, 0.35, 0.1]),
            "outcome": choose(["penalty", "no_penalty", "transferred", "withdrawn"], [0.86, 0.08, 0.03, 0.03]),
            "party_kind": choose(["org", "person", "individual_business"], [0.5, 0.35, 0.15]), "severity": choose(["minor", "general", "serious"], [0.4, 0.45, 0.15]),
            "is_food_drug": flag(0.2), "is_livelihood": flag(0.3), "major": flag(0.05), "legal_reviewed": flag(0.6), "hearing_held": flag(0.02),
            "education_recorded": flag(0.5), "fine": fine, "paid": np.where(flag(0.8), fine, 0),
        })
        money = lambda name: pl.when(pl.col(name) > 0).then(pl.col(name).cast(pl.Decimal(18, 2)))
        frame = frame.with_columns(fine_amount=money("fine"), paid_amount=money("paid")).drop("fine", "paid")
        frame.write_parquet(project / f"sources/cases/{start:%Y-%m}.parquet", compression="zstd")


# ---- the lake -------------------------------------------------------------------------------------------------------------------------

def live_files(table):
    """The files of the last version of a table of the lake."""
    live = {}
    for entry in sorted((table / "_delta_log").glob("*.json")):
        for line in entry.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                live[action["add"]["path"]] = True
            if "remove" in action:
                live.pop(action["remove"]["path"], None)
    return sorted(str(table / unquote(path)) for path in live)


# ---- the same for a peer ---------------------------------------------------------------------------------------------------------------

MACROS = [
    "CREATE OR REPLACE MACRO month_of(d) AS CAST(date_trunc('month', d) AS DATE)",
    "CREATE OR REPLACE MACRO end_of(d) AS CAST(d AS TIMESTAMP) + INTERVAL '16 hours'",
]
