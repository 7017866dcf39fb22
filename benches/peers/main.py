"""kaohe beside DuckDB, Polars and ClickHouse (chdb), in one run.

In: how many cases; the release build. Out: a table on standard output, target/peers.json (figure → value, goal, seconds of each side). Never
here: a figure before the answers agree.
"""
import argparse
import csv
import glob
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

import chdb.session
import duckdb
import polars as pl
import pyarrow as pa

import case_table as table

ROOT = pathlib.Path(__file__).resolve().parents[2]
KAOHE = os.environ.get("KAOHE", str(ROOT / "target/release/kaohe"))


def fused_program():
    if os.environ.get("KAOHE_FUSED"):
        return os.environ["KAOHE_FUSED"]
    found = [path for path in glob.glob(str(ROOT / "target/release/deps/fused-*")) if os.access(path, os.X_OK) and not path.endswith(".d")]
    return max(found, key=os.path.getmtime)


def kaohe(*arguments, **options):
    return subprocess.run([KAOHE, *map(str, arguments)], check=True, capture_output=True, text=True, **options).stdout


def fused(project, times, counts="-", measures=None):
    line = [fused_program(), str(project), "bench.", str(times), str(counts), *([str(measures)] if measures else [])]
    return json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1])


def median(times, work):
    """Seconds of `times` repetitions, and the last answer."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), answer


# ---- the data --------------------------------------------------------------------------------------------------------

def prepare(place, cases, units, months, indicators):
    project = place / f"cases-{cases}-{units}"
    if not (project / "sources/cases").exists():
        table.write_sources(project, cases, units, months)
    table.write_library(project, indicators)
    if not (project / "lake/cases").exists():
        load(project)
    return project


def load(project):
    """Returns the seconds of `kaohe load`."""
    begun = time.perf_counter()
    done = subprocess.run([KAOHE, "load", "--project", str(project), "--as-of", str(table.AS_OF), "--quiet"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return time.perf_counter() - begun


def limits(project):
    """Clock × domain × day → last day, from kaohe: peers look up what kaohe computes from its calendar."""
    selects = []
    for clock in table.CLOCKS:
        for domain in table.DOMAINS:
            selects.append(f"SELECT '{clock}' AS clock, '{domain}' AS domain, DATE '2023-01-01' + value AS day, "
                           f"due_on('{clock}', '{domain}', DATE '2023-01-01' + value) AS due FROM generate_series(0, 1400)")
    path = project / "limits.csv"
    text = kaohe("sql", "--project", project, "--format", "csv", "-c", " UNION ALL ".join(selects))
    path.write_text(text)
    return path


# ---- peers -----------------------------------------------------------------------------------------------------------

def by_anchor(indicators):
    """Indicators of one population and month, hand-fused: one GROUP BY each."""
    groups = {}
    for place, (population, month, both, hit) in enumerate(indicators):
        groups.setdefault((population, month), []).append((place, both, hit))
    for (population, month), members in groups.items():
        columns = []
        for place, both, hit in members:
            both = f" AND {both}" if both else ""
            columns += [f"count(*) FILTER (WHERE state = 'due'{both} AND ({hit})) AS n{place}",
                        f"count(*) FILTER (WHERE state = 'due'{both}) AS d{place}", f"count(*) FILTER (WHERE state = 'pending'{both}) AS p{place}"]
        yield population, month, [place for place, _, _ in members], columns


def in_dialect(sql, engine):
    """The functions that kaohe adds, written out: a limit is a look-up by domain and day."""
    as_of = table.AS_OF_SQL if engine == "duckdb" else "toDateTime64('2026-06-30 16:00:00', 6, 'UTC')"
    sql = sql.replace("$as_of", as_of)
    if engine == "duckdb":
        sql = re.sub(r"due_on\('([^']*)', ([\w.]+), ([\w.]+)\)", lambda m: f"due_{m[1].replace('.', '_')}({m[2]}, {m[3]})", sql)
    else:
        sql = re.sub(r"due_on\('([^']*)', ([\w.]+), ([\w.]+)\)", lambda m: clickhouse_limit(m[1], m[2], m[3]), sql)
        sql = re.sub(r"end_of\(([\w.]+)\)", r"addHours(toDateTime64(\1, 6, 'UTC'), 16)", sql)
        sql = sql.replace("month_of(", "toStartOfMonth(").replace("coalesce(", "ifNull(")
    return sql


def clickhouse_limit(clock, domain, day):
    name = clock.replace(".", "_")
    arms = ", ".join(f"{domain} = '{one}', {name}_{one}" for one in table.DOMAINS)
    return f"arrayElement(multiIf({arms}, []), dateDiff('day', toDate32('2023-01-01'), {day}) + 1)"


class DuckDB:
    name = "DuckDB " + duckdb.__version__

    def __init__(self, project, limit_file, indicators):
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 2")
        self.connection.execute("SET TimeZone = 'UTC'")
        files = ", ".join(f"'{path}'" for path in table.live_files(project / "lake/cases"))
        self.connection.execute(f"CREATE VIEW cases AS SELECT * FROM read_parquet([{files}], hive_partitioning = false)")
        self.connection.execute(f"CREATE TABLE limits AS SELECT * FROM read_csv('{limit_file}')")
        for macro in table.MACROS:
            self.connection.execute(macro)
        # By domain and day: a constant list a domain, read by place.
        for clock in table.CLOCKS:
            arms = []
            for domain in table.DOMAINS:
                name = f"{clock.replace('.', '_')}_{domain}"
                self.connection.execute(f"SET VARIABLE {name} = (SELECT list(due ORDER BY day) FROM limits WHERE clock = '{clock}' AND domain = '{domain}')")
                arms.append(f"WHEN '{domain}' THEN getvariable('{name}')[(d - DATE '2023-01-01') + 1]")
            self.connection.execute(f"CREATE MACRO due_{clock.replace('.', '_')}(o, d) AS CASE o {' '.join(arms)} END")
        for name, sql in table.POPULATIONS.items():
            self.connection.execute(f"CREATE VIEW {name} AS {in_dialect(sql, 'duckdb')}")
        self.indicators = indicators

    def one_by_one(self):
        return [self.connection.execute(table.select(*parts)).to_arrow_table() for parts in self.indicators]

    def fused(self):
        return [self.connection.execute(f"SELECT unit_id, domain, month_of({month}) AS month, {', '.join(columns)} FROM {population} GROUP BY 1, 2, 3").to_arrow_table()
                for population, month, _, columns in by_anchor(self.indicators)]


class ClickHouse:
    name = "ClickHouse (chdb)"

    def __init__(self, project, limit_file, indicators):
        self.session = chdb.session.Session()
        folder = project / "clickhouse-files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number, path in enumerate(table.live_files(project / "lake/cases")):
            os.link(path, folder / f"{number:03}.parquet")
        rows = list(csv.DictReader(open(limit_file)))
        arrays = {}
        for row in rows:
            arrays.setdefault(f"{row['clock'].replace('.', '_')}_{row['domain']}", []).append(row["due"])
        self.arrays = {name: "CAST([" + ", ".join(f"'{due}'" for due in all_due) + "], 'Array(Date32)')" for name, all_due in arrays.items()}
        self.source = f"file('{folder}/*.parquet', 'Parquet')"
        self.indicators = indicators
        self.session.query("SET max_threads = 2")

    def population(self, name):
        sql = in_dialect(table.POPULATIONS[name], "clickhouse").replace("FROM cases AS c", f"FROM {self.source} AS c")
        used = [array for array in self.arrays if array in sql]
        withs = ", ".join(f"{self.arrays[array]} AS {array}" for array in used)
        return (f"WITH {withs} " if withs else ""), sql

    def query(self, population, month, columns):
        withs, sql = self.population(population)
        text = f"{withs}SELECT unit_id, domain, toStartOfMonth({month}) AS month, {', '.join(columns)} FROM ({sql}) GROUP BY 1, 2, 3"
        text += " SETTINGS max_threads = 2, join_use_nulls = 1, output_format_arrow_string_as_string = 1"
        return pa.ipc.open_file(pa.BufferReader(self.session.query(text, "Arrow").bytes())).read_all()

    def one_by_one(self):
        answers = []
        for population, month, both, hit in self.indicators:
            for _, _, _, columns in by_anchor([(population, month, both, hit)]):
                answers.append(self.query(population, month, columns))
        return answers

    def fused(self):
        return [self.query(population, month, columns) for population, month, _, columns in by_anchor(self.indicators)]


class Polars:
    name = "Polars " + pl.__version__ + " streaming"

    def __init__(self, project, limit_file, indicators):
        self.files = table.live_files(project / "lake/cases")
        self.limits = pl.read_csv(limit_file, try_parse_dates=True)
        self.indicators = indicators

    def plan(self, population, month, columns):
        context = pl.SQLContext(cases=pl.scan_parquet(self.files), eager=False)
        sql = table.POPULATIONS[population]
        wanted = re.findall(r"due_on\('([^']*)', ([\w.]+), ([\w.]+)\) AS (\w+)", sql)
        cases = pl.scan_parquet(self.files)
        for clock, _, day, name in wanted:
            of_clock = self.limits.lazy().filter(pl.col("clock") == clock).select("domain", pl.col("day").alias(day.split(".")[-1]), pl.col("due").alias(name))
            cases = cases.join(of_clock, on=["domain", day.split(".")[-1]], how="left", maintain_order="none")
        context.register("cases", cases)
        sql = re.sub(r"due_on\('([^']*)', ([\w.]+), ([\w.]+)\) AS (\w+)", r"c.\4", sql)
        # 24:00 of a day is not after the as-of instant exactly when the day is not after the as-of day.
        sql = re.sub(r"end_of\(([\w.]+)\) <= \$as_of", rf"\1 <= DATE '{table.AS_OF}'", sql)
        sql = sql.replace("c.case_id AS record_id, c.source_file, c.source_line", "c.case_id AS record_id")
        frame = context.execute(sql, eager=False)
        totals = []
        for column in columns:
            condition, name = re.match(r"count\(\*\) FILTER \(WHERE (.*)\) AS (\w+)$", column).groups()
            totals.append(pl.sql_expr(condition).fill_null(False).sum().alias(name))
        return frame.group_by("unit_id", "domain", pl.col(month).dt.truncate("1mo").alias("month")).agg(totals)

    def fused(self):
        return [self.plan(population, month, columns).collect(engine="streaming").to_arrow()
                for population, month, _, columns in by_anchor(self.indicators)]


def answers_of(fused_tables, indicators):
    """indicator → {(unit, domain, month): (numerator, denominator, pending)}, zeros left out."""
    found = {}
    for answer, (_, _, places, _) in zip(fused_tables, by_anchor(indicators)):
        frame = pl.from_arrow(answer)
        for place in places:
            part = frame.select(pl.col("unit_id").cast(pl.String), pl.col("domain").cast(pl.String), pl.col("month").cast(pl.Date),
                                pl.col(f"n{place}").cast(pl.Int64).alias("n"), pl.col(f"d{place}").cast(pl.Int64).alias("d"),
                                pl.col(f"p{place}").cast(pl.Int64).alias("p")).filter((pl.col("d") > 0) | (pl.col("p") > 0), pl.col("month").is_not_null())
            found[place] = part.sort("unit_id", "domain", "month")
    return found


def answers_of_kaohe(path, number):
    frame = pl.read_csv(path, schema_overrides={"unit_id": pl.String, "month": pl.String})
    found = {}
    for place in range(number):
        part = frame.filter(pl.col("indicator") == f"bench.b{place:03}").select(
            "unit_id", "domain", (pl.col("month") + "-01").str.to_date().alias("month"), pl.col("numerator").alias("n"), pl.col("denominator").alias("d"),
            pl.col("pending").alias("p")).filter((pl.col("d") > 0) | (pl.col("p") > 0))
        found[place] = part.sort("unit_id", "domain", "month")
    return found


def agree(name, theirs, ours):
    for place in ours:
        if not theirs[place].equals(ours[place]):
            both = ours[place].join(theirs[place], on=["unit_id", "domain", "month"], how="full", suffix="_theirs")
            differing = both.filter(pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c}_theirs")) for c in "ndp"))
            sys.exit(f"{name} differs on indicator {place}: {differing.head(5)}")
    cells = sum(len(frame) for frame in ours.values())
    print(f"  {name}: {cells:,} cells agree", flush=True)


# ---- figures ---------------------------------------------------------------------------------------------------------

class Figures:
    def __init__(self):
        self.all = {}

    def add(self, name, value, goal, **seconds):
        self.all[name] = {"value": round(value, 3), "goal": goal, "seconds": {side: round(spent, 3) for side, spent in seconds.items()}}
        sides = ", ".join(f"{side} {spent:.2f} s" for side, spent in seconds.items())
        print(f"| {name} | {value:.2f} | {goal} | {sides} |", flush=True)


def case_table(place, arguments, figures):
    indicators = table.indicators(24)
    project = prepare(place, arguments.cases, arguments.units, 36, 24)
    limit_file = limits(project)
    print("answers:", flush=True)
    fused(project, 1, measures=project / "measures.csv")
    ours = answers_of_kaohe(project / "measures.csv", 24)
    peers = [peer(project, limit_file, indicators) for peer in (DuckDB, Polars, ClickHouse) if peer.__name__ in arguments.peers]
    for peer in peers:
        agree(peer.name, answers_of(peer.fused(), indicators), ours)
    print("| figure | value | goal | seconds |\n|---|---|---|---|", flush=True)
    measured = fused(project, arguments.times)
    own, decode = statistics.median(measured["seconds"]), statistics.median(measured["decode_seconds"])
    scan = statistics.median(measured["scan_seconds"])
    figures.add("full computation ÷ decoding", own / decode, "≤ 1.5", kaohe=own, of_this_the_scan=scan, decode=decode)
    seconds = {}
    for number in (25, 50, 100, 150):
        table.write_library(project, number)
        seconds[str(number)] = statistics.median(fused(project, arguments.times)["seconds"])
    figures.add("150 indicators ÷ 25", seconds["150"] / seconds["25"], "≤ 1.5", **seconds)
    table.write_library(project, 24)
    one_month(project, arguments, figures)
    for peer in peers:
        hand, _ = median(arguments.times, peer.fused)
        single, _ = median(1, peer.one_by_one) if hasattr(peer, "one_by_one") else (None, None)
        best = min(hand, single or hand)
        goal = "≥ 4" if peer.name.startswith("Polars") else "≥ 5"
        sides = {"kaohe": own, "hand_fused": hand} | ({"one_by_one": single} if single else {})
        figures.add(f"{peer.name} ÷ kaohe", best / own, goal, **sides)


def one_month(project, arguments, figures):
    """One month of 36 changes; the rest is kept."""
    kept, used = project / "counts-kept", project / "counts"
    for folder in (kept, used):
        shutil.rmtree(folder, ignore_errors=True)
    first = fused(project, 1, kept)
    source = sorted((project / "sources/cases").glob("*.parquet"))[20]
    rows = pl.read_parquet(source)
    rows.slice(0, len(rows) - 10).write_parquet(source, compression="zstd")
    spent = load(project)
    part, full = [], []
    for _ in range(arguments.times):
        shutil.rmtree(used, ignore_errors=True)
        shutil.copytree(kept, used)
        measured = fused(project, 1, used)
        part.append(measured["seconds"][0])
        full.append(fused(project, 1)["seconds"][0])
    rows.write_parquet(source, compression="zstd")
    load(project)
    figures.add("full computation ÷ one month of 36 changed", statistics.median(full) / statistics.median(part), "≥ 15",
                full=statistics.median(full), one_month=statistics.median(part), first_with_keeping=first["seconds"][0], load_of_the_night=spent)
    print(f"  rows read: {measured['rows']:,}", flush=True)


def growth(place, arguments, figures):
    """Seconds of the whole computation by rows and by units: nothing to compare with but itself."""
    less = arguments.cases // 10
    seconds = {}
    for cases, units in [(less, arguments.units), (arguments.cases, arguments.units), (less, arguments.units // 10), (less, arguments.units * 10)]:
        project = prepare(place, cases, units, 36, 24)
        measured = fused(project, arguments.times)
        seconds[cases, units] = statistics.median(measured["seconds"])
        print(f"  {cases:,} cases, {units:,} units: {seconds[cases, units]:.2f} s, {measured['measures']:,} measures", flush=True)
    figures.add(f"{arguments.cases:,} cases ÷ {less:,}", seconds[arguments.cases, arguments.units] / seconds[less, arguments.units], "≤ 11",
                more=seconds[arguments.cases, arguments.units], less=seconds[less, arguments.units])
    figures.add(f"{arguments.units * 10:,} units ÷ {arguments.units // 10:,}, {less:,} cases",
                seconds[less, arguments.units * 10] / seconds[less, arguments.units // 10], "",
                more=seconds[less, arguments.units * 10], less=seconds[less, arguments.units // 10])


CSV = """SELECT case_id, '〔2025〕' || right(case_id, 9) || '号' AS decision_no, '涉嫌无证经营食品案' || right(case_id, 6) AS case_name, unit_id, domain,
    opened_on, filed_on, investigated_on, decided_on, delivered_on, performed_on, closed_on,
    strftime(opened_on, '%Y-%m-%d') || ' 09:' || lpad((hash(case_id) % 60)::text, 2, '0') || ':00' AS found_at,
    procedure, outcome, party_kind, severity, is_food_drug, is_livelihood, major, legal_reviewed, hearing_held, education_recorded, fine_amount,
    paid_amount, '某食品有限公司' || (hash(case_id) % 100000)::text AS party_name_masked
FROM '{sources}/*.parquet' ORDER BY hash(case_id)"""


def loading(place, arguments, figures):
    """A CSV in no order into the lake, beside DuckDB writing the same file as Parquet, sorted as the lake is."""
    project, sources = place / f"load-{arguments.rows}", place / f"load-{arguments.rows}-sources"
    file, target = project / "sources/cases.csv", project / "sorted.parquet"
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{place / 'duckdb-spill'}'")
    if not file.exists():
        table.write_sources(sources, arguments.rows, arguments.units, 36)
        shutil.copytree(sources / "sources/units", project / "sources/units")
        connection.execute(f"COPY ({CSV.format(sources=sources / 'sources/cases')}) TO '{file}' (HEADER)")
        text = (sources / "kaohe.toml").read_text()
        (project / "kaohe.toml").write_text(text.replace("sources/cases/*.parquet", "sources/cases.csv"))

    def own():
        shutil.rmtree(project / "lake", ignore_errors=True)
        return load(project)

    copy = f"COPY (SELECT * FROM read_csv('{file}') ORDER BY unit_id, found_at) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    ours, _ = median(arguments.times, own)
    theirs, _ = median(arguments.times, lambda: connection.execute(copy))
    size = file.stat().st_size / 1e9
    figures.add(f"loading {arguments.rows:,} rows, {size:.2f} GB of CSV ÷ DuckDB COPY … ORDER BY", ours / theirs, "≤ 1.0", kaohe=ours, duckdb=theirs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000_000)
    parser.add_argument("--units", type=int, default=3_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--place", type=pathlib.Path, default=ROOT / "target/bench")
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the CSV file that is loaded")
    parser.add_argument("--peers", nargs="+", default=["DuckDB", "Polars", "ClickHouse"], help="ClickHouse takes by far the longest")
    parser.add_argument("--only", choices=["case-table", "load", "growth"])
    arguments = parser.parse_args()
    place = arguments.place.resolve()
    place.mkdir(parents=True, exist_ok=True)
    figures = Figures()
    for part, work in [("case-table", case_table), ("growth", growth), ("load", loading)]:
        if arguments.only in (None, part):
            work(place, arguments, figures)
    written = {"cases": arguments.cases, "units": arguments.units, "times": arguments.times, "machine": platform.machine(), "cores": os.cpu_count(),
               "versions": {"duckdb": duckdb.__version__, "polars": pl.__version__, "chdb": chdb.__version__}, "figures": figures.all}
    (ROOT / "target/peers.json").write_text(json.dumps(written, ensure_ascii=False, indent=1))


main()
