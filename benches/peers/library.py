"""kaohe's whole library of indicators on DuckDB: every population and every indicator, at every moment of a run.

In: a kaohe project that has been run (`lake/`, the newest run that is done, `queries/`); nothing in it is written. Out: how many indicators
were translated, run and agree with the run's measures, each difference with a first cell; seconds of each moment; the ratio to what the run
itself took. Never here: SQL written for one indicator (REWRITES has the few places that no rule covers, each with its reason).

    library.py PROJECT [--as-of 2026-07-03] [--tables loaded|files] [--populations made|views]

What both sides do: the populations, the indicators at each moment, rows that fall due soon, parents computed anew, sums over those above.
What only kaohe does in the seconds it is compared by: rows kept for the ledger and the findings, with file, line and load. DuckDB's seconds
hold reading the lake; translating and planning ahead are not in them. Not taken over: a project's own queries/, days before 2019 in clocks.
"""
import argparse
import bisect
import collections
import csv
import datetime
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import tomllib

import duckdb
import sqlglot
from sqlglot import exp

from case_table import live_files

QUERIES = pathlib.Path(__file__).resolve().parents[2] / "queries"
DAY_ZERO, DAYS_LISTED = datetime.date(2019, 1, 1), 3_300
MADE_BY = (exp.Join, exp.Group, exp.Window, exp.Distinct, exp.Unnest, exp.Explode, exp.AggFunc, exp.Union)
OPPOSITE = {exp.LTE: exp.GTE, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.GT: exp.LT, exp.EQ: exp.EQ}

TYPES = {"text": "VARCHAR", "date": "DATE", "instant": "TIMESTAMP", "integer": "BIGINT", "decimal": "DECIMAL(18, 2)", "boolean": "BOOLEAN",
         "list": "VARCHAR[]"}

# Pairs of neighbouring characters as rows, numbered where a pair returns, so that what two texts share is what two sets of bits share.
SAME_TEXTS = """),
bare AS (SELECT innovation_id, regexp_replace(text, '[\\s\\p{Z}]', '', 'g') AS text FROM claims),
pairs AS (SELECT innovation_id, pair, row_number() OVER (PARTITION BY innovation_id, pair) AS nth
          FROM (SELECT innovation_id, unnest(list_transform(range(1, length(text)), lambda n: substr(text, n, 2))) AS pair FROM bare)),
sets AS (SELECT innovation_id, count(*) AS pairs, bitstring_agg(place, 1, 4096) AS bits
         FROM (SELECT innovation_id, dense_rank() OVER (ORDER BY pair, nth) AS place FROM pairs) GROUP BY 1),
alike AS (SELECT x.innovation_id AS one, y.innovation_id AS other,
                 ((2 * bit_count(x.bits & y.bits) * 10000 + (x.pairs + y.pairs) // 2) // (x.pairs + y.pairs)) * 0.0001 AS likeness
          FROM sets AS x JOIN sets AS y ON x.innovation_id <> y.innovation_id)
"""

# File → what is replaced by what, and why no rule does it.
REWRITES = {
    "recording_register": [
        ("arrow_cast(CAST(r.shot_at AS BIGINT) + 1000000 * coalesce(r.duration_s, 0), 'Timestamp(Microsecond, Some(\"UTC\"))')",
         "make_timestamp(epoch_us(r.shot_at) + 1000000 * coalesce(r.duration_s, 0))", "a cast by the name of an Arrow type")],
    "required_patrols": [("- 1) / a_year", "- 1) // a_year", "division of whole numbers")],
    "township_officers_to_train": [("served_days / year_days", "served_days // year_days", "division of whole numbers")],
    "border_patrols": [("/ 60000000", "// 60000000", "division of whole numbers")],
    "planned_targets": [("first_value(", "first(", "an aggregate, which DuckDB calls first")],
    "innovation_same_texts": [
        (")\nSELECT b.innovation_id", SAME_TEXTS + "SELECT b.innovation_id", "text_similarity of each pair by lists takes minutes"),
        ("JOIN claims AS b ON a.turn < b.turn", "JOIN claims AS b ON a.turn < b.turn LEFT JOIN alike AS k "
         "ON k.one = a.innovation_id AND k.other = b.innovation_id WHERE true", "the same"),
        ("text_similarity(a.text, b.text)", "k.likeness", "the same")],
}


def header_and_sql(path):
    """Header and comments stand in lines of their own: the rest is the SELECT."""
    lines = path.read_text().splitlines()
    said = [line.strip()[2:].strip() for line in lines if line.lstrip().startswith("--")]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    for old, new, _ in REWRITES.get(path.stem, []):
        if old not in text:
            sys.exit(f"{path}: `{old}` is not there any more: look at REWRITES")
        text = text.replace(old, new)
    return tomllib.loads("\n".join(said[1:said.index("///", 1)])), text


# ---- clocks, parameters, days ----------------------------------------------------------------------------------------

def lists_of_days(amounts):
    """What SQL looks up by the place of a day: the published calendar, ordinary weeks after it. Name → type, values."""
    rows = {row["date"]: row for row in csv.DictReader(open(QUERIES / "reference/work_calendar.csv"))}
    days = [DAY_ZERO + datetime.timedelta(number) for number in range(DAYS_LISTED + 400)]
    is_worked = [rows[str(day)]["is_workday"] == "1" if str(day) in rows else day.weekday() < 5 for day in days]
    worked = [place for place, worked in enumerate(is_worked) if worked]
    lists = {"worked_until": ("BIGINT", [bisect.bisect_right(worked, place) for place in range(DAYS_LISTED)])}
    for amount in amounts:
        lists[f"after_{amount}"] = "DATE", [days[worked[bisect.bisect_right(worked, place) + amount - 1]] for place in range(DAYS_LISTED)]
    is_holiday = [rows.get(str(day), {}).get("kind") == "holiday" for day in days]
    rolled = [worked[bisect.bisect_left(worked, place)] if is_holiday[place] else place for place in range(DAYS_LISTED)]
    lists["past_holiday"] = "DATE", [days[place] for place in rolled]
    return lists


def listed(name, day):
    return f"getvariable('{name}')[({day}) - DATE '{DAY_ZERO}' + 1]"


def by_version(versions, day, answer, otherwise="NULL"):
    """The newest version that is in force on the day. Before the first `otherwise`; one that is older than the listed days is the first."""
    newest_first = sorted(versions, key=lambda version: version["from"], reverse=True)
    arms = []
    for version in newest_first:
        if version["from"] <= DAY_ZERO:
            otherwise = answer(version)
            break
        arms.append((version["from"], answer(version)))
    while arms and arms[-1][1] == otherwise:
        arms.pop()
    arms = " ".join(f"WHEN {day} >= DATE '{first}' THEN {said}" for first, said in arms)
    return f"CASE {arms} ELSE {otherwise} END" if arms else otherwise


def by_domain(versions, domain, day, answer):
    """A domain's own versions come first; on a day before them, those of every domain."""
    otherwise = by_version([version for version in versions if "domain" not in version], day, answer)
    arms = []
    for own in sorted({version["domain"] for version in versions if "domain" in version}):
        of_own = by_version([version for version in versions if version.get("domain") == own], day, answer, otherwise)
        arms += [f"WHEN '{own}' THEN {of_own}"] if of_own != otherwise else []
    return f"CASE {domain} {' '.join(arms)} ELSE {otherwise} END" if arms else otherwise


def macro_name(function, name):
    return f"{function}__{name.replace('.', '__')}"


def last_day(version, start, extra):
    if version["in"] == "working_days":
        day = listed(f"after_{version['amount']}", start)
    else:
        day = f"{start} + {version['amount'] // (24 if version['in'] == 'hours' else 1)}"
    day = f"({day} + {extra}::INTEGER)"
    return listed("past_holiday", day) if version.get("roll_to_working_day") else day


def last_instant(version):
    if version["in"] == "hours":
        return f"make_timestamp(epoch_us(t) + {version['amount'] * 3_600_000_000})"
    return f"end_of({last_day(version, 'day_of(t)', '0')})"


def make_functions(connection):
    """kaohe's own functions as macros; gives the parameters by name. None looks at a table: each is arithmetic, or a list read by place."""
    clocks = tomllib.loads((QUERIES / "clocks.toml").read_text())["clock"]
    parameters = {one["name"]: one["version"] for one in tomllib.loads((QUERIES / "parameters.toml").read_text())["parameter"]}
    amounts = {version["amount"] for clock in clocks for version in clock["version"] if version["in"] == "working_days"}
    for name, (kind, values) in lists_of_days(amounts).items():
        connection.execute(f"SET VARIABLE {name} = [{', '.join(repr(str(value)) for value in values)}]::{kind}[]")
    micro, offset = 86_400_000_000, 8 * 3_600_000_000
    letters, weights = "0123456789ABCDEFGHJKLMNPQRTUWXY", [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    total = " + ".join(f"(strpos('{letters}', substr(c, {place}, 1)) - 1) * {weight}" for place, weight in enumerate(weights, 1))
    macros = [
        f"day_of(t) AS (make_timestamp(epoch_us(t) + {offset})::DATE)",
        "month_of(d) AS (d - day(d)::INTEGER + 1)",
        f"end_of(d) AS make_timestamp((d - DATE '1970-01-01' + 1) * {micro} - {offset})",
        f"workdays_between(a, b) AS ({listed('worked_until', 'b')} - {listed('worked_until', 'a')})",
        f"uscc_is_valid(c) AS (CASE WHEN c IS NOT NULL THEN regexp_full_match(c, '[{letters}]{{17}}.') AND strlen(c) = 18 "
        f"AND substr('{letters}', ((31 - ({total}) % 31) % 31 + 1)::BIGINT, 1) = substr(c, 18, 1) END)",
        "cardinality(l) AS len(l)",
        "regexp_like(a, b) AS regexp_matches(a, b)",
        "array_element(l, n) AS list_extract(l, n)",
        "array_has(l, x) AS list_contains(l, x)",
        "array_has_any(l, x) AS list_has_any(l, x)",
        "array_remove(l, x) AS list_filter(l, lambda one: one IS DISTINCT FROM x)",
        "array_remove_all(l, x) AS list_filter(l, lambda one: one IS DISTINCT FROM x)",
        "array_except(l, m) AS list_filter(l, lambda one: NOT coalesce(list_contains(m, one), false))",
    ]
    for clock in clocks:
        due_on = by_domain(clock["version"], "o", "d", lambda version: last_day(version, "d", "extra"))
        macros.append(f"{macro_name('due_on', clock['name'])}(o, d, extra := 0) AS ({due_on})")
        macros.append(f"{macro_name('due_at', clock['name'])}(o, t) AS ({by_domain(clock['version'], 'o', 'day_of(t)', last_instant)})")
    for name, versions in parameters.items():
        amount = by_domain(versions, "o", "d", lambda version: f"{version['amount']}::DECIMAL(18, 4)")
        macros.append(f"{macro_name('param', name)}(o, d) AS (CASE WHEN d IS NOT NULL THEN {amount} END)")
    for macro in macros:
        connection.execute(f"CREATE MACRO {macro}")
    return parameters


# ---- the lake --------------------------------------------------------------------------------------------------------

class Lake:
    """Views of the source tables as they count: instants without a zone, ended units as their successors, open domains filled."""

    def __init__(self, connection, lake, as_of):
        self.connection, self.as_of = connection, as_of
        self.contracts = {path.stem: tomllib.loads(path.read_text()) for path in sorted((QUERIES / "tables").glob("*.toml"))}
        for name, contract in self.contracts.items():
            self.as_sent(name, contract, live_files(lake / name) if (lake / name).is_dir() else [])
        self.attribute()
        for name, contract in self.contracts.items():
            connection.execute(f"CREATE VIEW {name} AS {self.as_counted(name, contract)}")
        path = QUERIES / "reference/hotline_categories.csv"
        connection.execute(f"CREATE TABLE hotline_categories AS SELECT * FROM read_csv('{path}', all_varchar = true, comment = '#')")

    def as_sent(self, name, contract, files):
        columns = [(column["name"], TYPES[column["type"]]) for column in contract["column"]]
        columns += [("source_file", "VARCHAR"), ("source_line", "BIGINT")] + ([("month", "DATE")] if "month" in contract else [])
        if not files:
            declared = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            self.connection.execute(f"CREATE TABLE sent_{name} ({declared})")
            return
        options = "hive_partitioning = true, hive_types = {'month': DATE}" if "month" in contract else "hive_partitioning = false"
        source = f"read_parquet({files!r}, {options})"
        zoned = self.connection.execute(f"SELECT column_name FROM (DESCRIBE SELECT * FROM {source}) WHERE column_type LIKE '%TIME ZONE'")
        plain = ", ".join(f'make_timestamp(epoch_us("{column}")) AS "{column}"' for column, in zoned.fetchall())
        self.connection.execute(f"CREATE VIEW sent_{name} AS SELECT *{f' REPLACE ({plain})' if plain else ''} FROM {source}")

    def attribute(self):
        """Who answers for whom: src/compute/attribution.rs, in few words."""
        spans = collections.defaultdict(list)
        for unit, domains, first, last, replaced_by in self.connection.execute(
                f"SELECT unit_id, domain_list, valid_from, valid_to, nullif(replaced_by, '') FROM sent_units "
                f"WHERE valid_from <= DATE '{self.as_of}' ORDER BY unit_id, valid_from, valid_to NULLS LAST").fetchall():
            spans[unit].append((domains or [], first, last, replaced_by))
        is_there = {unit: any(last is None or last >= self.as_of for _, _, last, _ in own) for unit, own in spans.items()}
        self.successors, self.since = {}, {}
        for unit in spans:
            chain = [unit]
            while not is_there[chain[-1]] and spans[chain[-1]][-1][3] in spans and len(chain) == len(set(chain)):
                chain.append(spans[chain[-1]][-1][3])
            # A circle ends nowhere: its units keep their rows.
            if len(chain) == len(set(chain)) > 1:
                self.successors[unit] = chain[-1]
        first = {unit: min(span[1] for span in own) for unit, own in spans.items()}
        for unit, successor in self.successors.items():
            self.since[successor] = min(self.since.get(successor, first[successor]), first[unit])
        self.since = {unit: (first[unit], oldest) for unit, oldest in self.since.items() if oldest < first[unit]}

        def only(unit):
            domains = spans[unit][-1][0]
            return domains[0] if len(domains) == 1 and domains[0] != "other" else None
        self.only_domain = {}
        for unit in spans:
            successor = self.successors.get(unit, unit)
            own = only(unit) if only(unit) in spans[successor][-1][0] else None
            if own or only(successor):
                self.only_domain[unit] = own or only(successor)
        items = self.connection.execute("SELECT item_code, min(domain) FROM sent_item_lists WHERE item_code IS NOT NULL "
                                        "AND domain <> 'other' GROUP BY 1 HAVING count(DISTINCT domain) = 1").fetchall()
        for name, found in [("only_domain", self.only_domain), ("domain_of_item", dict(items))]:
            keys, values = (", ".join(f"'{text}'" for text in texts) for texts in (found, found.values()))
            self.connection.execute(f"SET VARIABLE {name} = MAP([{keys}]::VARCHAR[], [{values}]::VARCHAR[])")

    def answering(self, column):
        arms = " ".join(f"WHEN '{unit}' THEN '{successor}'" for unit, successor in self.successors.items())
        return f"CASE {column} {arms} ELSE {column} END" if arms else column

    def as_counted(self, name, contract):
        kinds = {column["name"]: column["type"] for column in contract["column"]}
        references = [reference.split(" -> ") for reference in contract.get("references", [])]
        to_units = [column for column, target in references if target == "units.unit_id"]
        gone, changed, where = ", ".join(f"'{unit}'" for unit in self.successors), {}, ""
        if gone and name == "units":
            changed = {"valid_from": "valid_from", "parent_unit_id": f"nullif({self.answering('parent_unit_id')}, unit_id)"}
            for unit, (own, oldest) in self.since.items():
                is_first = f"unit_id = '{unit}' AND valid_from = DATE '{own}'"
                changed["valid_from"] = f"CASE WHEN {is_first} THEN DATE '{oldest}' ELSE {changed['valid_from']} END"
            where = f" WHERE unit_id NOT IN ({gone})"
        elif gone:
            for column in to_units:
                each = f"list_transform({column}, lambda unit: {self.answering('unit')})"
                each = f"CASE WHEN list_has_any({column}, [{gone}]) THEN {each} ELSE {column} END"
                changed[column] = each if kinds[column] == "list" else self.answering(column)
        texts = [column for column in to_units if kinds[column] == "text"]
        owner = "unit_id" if "unit_id" in texts else next(iter(texts), None)
        for column in [column for column, target in references if target == "units.domain_list" and owner]:
            told = [f"getvariable('only_domain')[{owner}]"]
            told += ["getvariable('domain_of_item')[item_code]"] if name != "item_lists" and kinds.get("item_code") == "text" else []
            told = f"coalesce({', '.join(told)}, {column})"
            changed[column] = f"CASE WHEN {column} IS NULL OR {column} = 'other' THEN {told} ELSE {column} END"
        replaced = ", ".join(f'{said} AS "{column}"' for column, said in changed.items())
        return f"SELECT *{f' REPLACE ({replaced})' if replaced else ''} FROM sent_{name}{where}"

    def make_ancestors(self):
        """Who is below whom, over the units as they count; a unit that has ended stays where its last row has it."""
        rows = self.connection.execute(f"SELECT unit_id, nullif(parent_unit_id, '') FROM units WHERE valid_from <= DATE '{self.as_of}' "
                                       "ORDER BY unit_id, valid_from, valid_to NULLS LAST").fetchall()
        parents, pairs = dict(rows), []
        for unit in parents:
            chain = [unit]
            while parents.get(chain[-1]) and parents[chain[-1]] not in chain:
                chain.append(parents[chain[-1]])
            pairs += [(unit, above) for above in chain]
        self.connection.execute("CREATE TABLE unit_ancestors (unit_id VARCHAR, ancestor_id VARCHAR)")
        self.connection.executemany("INSERT INTO unit_ancestors VALUES (?, ?)", pairs)

    def load(self, used):
        """The columns that the library uses, read once into tables of DuckDB's own."""
        for name in self.contracts:
            columns = {row[0]: row[1] for row in self.connection.execute(f"DESCRIBE {name}").fetchall()}
            wanted = ", ".join(f'"{column}"' for column in columns if column in used)
            self.connection.execute(f"CREATE TABLE loaded_{name} AS SELECT {wanted or '*'} FROM {name}")
            rest = "".join(f', CAST(NULL AS {kind}) AS "{column}"' for column, kind in columns.items() if column not in used)
            self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT *{rest if wanted else ''} FROM loaded_{name}")


# ---- the library -----------------------------------------------------------------------------------------------------

def template_of(tree):
    """A syntax tree as DuckDB's text, with `@name` where a day of the moment goes: the last one before the instant `$name`."""
    def turned(node):
        if isinstance(node, tuple(OPPOSITE)):
            # 24:00 of a day against an instant that is midnight as well: a comparison of days, which Parquet can skip by.
            for side, kind in ((node.this, type(node)), (node.expression, OPPOSITE[type(node)])):
                other = node.expression if side is node.this else node.this
                if isinstance(side, exp.Anonymous) and side.this.lower() == "end_of" and isinstance(other, exp.Placeholder):
                    day = sqlglot.parse_one(f"DATE '@{other.name}'", read="duckdb")
                    return kind(this=exp.paren(side.expressions[0].transform(turned)), expression=day)
        if isinstance(node, exp.Placeholder):
            instant = f"DATE '@{node.name}'" if node.name == "soon_on" else f"TIMESTAMP '@{node.name} 16:00:00'"
            return sqlglot.parse_one(instant, read="duckdb")
        if isinstance(node, exp.Anonymous):
            function = node.this.lower()
            if function in ("due_on", "due_at", "param"):
                return exp.Anonymous(this=macro_name(function, node.expressions[0].name),
                                     expressions=[one.transform(turned) for one in node.expressions[1:]])
            if function == "make_array":
                return exp.Anonymous(this="list_value", expressions=[one.transform(turned) for one in node.expressions])
        if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.BIGINT:
            own = [column.name for column in node.find_all(exp.Column) if column.find_ancestor(exp.Cast) is node]
            if any(name.endswith("_at") or name in ("act_from", "act_to") for name in own):
                return exp.Anonymous(this="epoch_us", expressions=[node.this])
            if isinstance(node.parent, (exp.Add, exp.Sub)):
                return exp.cast(node.this.transform(turned), "INTEGER")  # DuckDB adds no BIGINT to a day
        return node
    return tree.transform(turned).sql("duckdb")


def names_read(tree):
    """Tables and populations, once for each time; not the parts that a WITH names."""
    parts = {part.alias for part in tree.find_all(exp.CTE)}
    return collections.Counter(table.name for table in tree.find_all(exp.Table) if table.name not in parts)


class Population:
    def __init__(self, path):
        self.name, (_, text) = path.stem, header_and_sql(path)
        self.tree = sqlglot.parse_one(text, read="duckdb")
        self.reads, self.looks_at = names_read(self.tree), {name for name in ("as_of", "from") if f"${name}" in text}
        self.is_work = self.tree.find(*MADE_BY) is not None


class Indicator:
    def __init__(self, path):
        self.name, (header, text) = ".".join(path.relative_to(QUERIES / "indicators").with_suffix("").parts), header_and_sql(path)
        self.window, self.shape = header.get("window", "flow"), header.get("shape", "ratio")
        self.rollup = header.get("rollup", "sum" if self.shape == "ratio" else "none")
        self.tree = sqlglot.parse_one(text, read="duckdb") if text else None
        self.reads = names_read(self.tree) if text else {}

    def moments(self, as_of):
        """(as-of day, first day of the window, month of the figure) for each time that it is computed."""
        if self.window == "flow":
            return [(as_of, as_of.replace(month=1, day=1), None)]
        found = []
        for number in range(1, as_of.month + 1):
            month = datetime.date(as_of.year, number, 1)
            end = min(as_of, (month + datetime.timedelta(31)).replace(day=1) - datetime.timedelta(1))
            back = int(self.window.split("_")[1]) - 1 if self.window.startswith("rolling") else number - 1
            place = month.year * 12 + number - 1 - back
            found.append((end, datetime.date(place // 12, place % 12 + 1, 1), month))
        return found


def columns_used(tree, wanted):
    """Names of the columns that a SELECT needs for the wanted ones, by name alone, so rather too many than too few: what a select list only
    hands on, as it is called, is needed where it is wanted or stands elsewhere."""
    needed = set(wanted)
    for column in tree.find_all(exp.Column):
        select = column.parent
        is_handed_on = isinstance(select, exp.Select) and not select.args.get("distinct") and not select.args.get("group") \
            and not isinstance(select.parent, exp.In)
        # The columns of a UNION bear the names of its first SELECT: only of these is it known that they bear the same in each.
        is_in_union = isinstance(select.parent, exp.SetOperation)
        if not is_handed_on or is_in_union and column.name not in ("source_file", "source_line"):
            needed.add(column.name)
    return needed


class Library:
    def __init__(self):
        self.populations = {path.stem: Population(path) for path in sorted((QUERIES / "populations").glob("*.sql"))}
        indicators = map(Indicator, sorted((QUERIES / "indicators").rglob("*.sql")))
        self.indicators = [indicator for indicator in indicators if indicator.tree]
        self.order = []
        while len(self.order) < len(self.populations):
            ready = [name for name, one in self.populations.items() if name not in self.order
                     and all(read in self.order or read not in self.populations for read in one.reads)]
            self.order += ready
        for name in self.order:
            one = self.populations[name]
            one.looks_at = one.looks_at.union(*(self.populations[read].looks_at for read in one.reads if read in self.populations))

    def moments(self, as_of):
        """The last day first, as kaohe has it: (as-of, from) → (indicator, month of the figure)."""
        found = collections.defaultdict(list)
        for indicator in self.indicators:
            for end, first, month in indicator.moments(as_of):
                found[end, first].append((indicator, month))
        return dict(sorted(found.items(), key=lambda moment: (moment[0][0] != as_of, moment[0])))

    def below(self, names):
        found, ahead = set(), list(names)
        while ahead:
            name = ahead.pop()
            if name in self.populations and name not in found:
                found.add(name)
                ahead += self.populations[name].reads
        return [name for name in self.order if name in found]

    def key(self, name, moment):
        """The instants by which a population's rows differ."""
        looks = self.populations[name].looks_at
        return name, moment[0] if "as_of" in looks else None, moment[1] if "from" in looks else None

    def plan(self, moments):
        """What is made once: the populations, by the instants they look at, that several read and that are work. And the columns that are
        read, of each of them and of the tables."""
        times, wanted, counted = collections.Counter(), collections.defaultdict(set), set()
        read = {moment: {name for indicator, _ in entries for name in indicator.reads} for moment, entries in moments.items()}
        needed = {moment: self.below(names)[::-1] for moment, names in read.items()}

        def key(name, moment):
            return self.key(name, moment) if name in self.populations else name
        for moment, entries in moments.items():
            here = collections.Counter()
            for indicator, _ in entries:
                here.update(indicator.reads)
                columns = columns_used(indicator.tree, {item.alias_or_name for item in indicator.tree.selects})
                for name in indicator.reads:
                    wanted[key(name, moment)] |= columns
            for name in needed[moment]:
                one, own = self.populations[name], key(name, moment)
                times[own] += here[name]
                is_made = one.is_work and times[own] > 1
                if is_made and own in counted:
                    continue
                counted |= {own} if is_made else set()
                for read, number in one.reads.items():
                    here[read] += number if is_made else number * here[name]
        for moment, names in needed.items():
            for name in names:
                used = columns_used(self.populations[name].tree, wanted[key(name, moment)])
                for read in self.populations[name].reads:
                    wanted[key(read, moment)] |= used
        return {own for own, number in times.items() if number > 1 and self.populations[own[0]].is_work}, wanted


# ---- indicators at a moment ------------------------------------------------------------------------------------------

FIGURES = {"numerator": "DECIMAL(38, 4)", "denominator": "DECIMAL(38, 4)", "value": "DECIMAL(38, 4)", "n": "BIGINT", "pending": "BIGINT",
           "excluded": "BIGINT", "due_soon": "BIGINT"}
KEY = {"indicator": "VARCHAR", "subject": "VARCHAR", "domain": "VARCHAR", "month": "DATE", "scope": "VARCHAR"}


def with_due_soon(tree, deadlines):
    """One more count, of the pending rows that fall due soon, as src/compute/due_soon.rs has it."""
    pending = next((item.this for item in tree.selects if item.alias == "pending"), None)
    source = tree.args["from_"].this
    deadline = deadlines.get(source.name) if isinstance(source, exp.Table) else None
    if deadline and isinstance(pending, exp.Filter) and not pending.find(exp.Distinct):
        count = pending.copy()
        last = "soon_at" if deadline == "due_at" else "soon_on"
        count.expression.set("this", exp.and_(count.expression.this, f"{deadline} <= ${last}", dialect="duckdb"))
        tree.select(exp.alias_(count, "due_soon"), copy=False)


def over_ancestors(sql, names):
    """The same SELECT over rows that stand once for each unit above."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    for table in [table for table in tree.find_all(exp.Table) if table.name in names]:
        inner = f"SELECT p.* REPLACE (a.ancestor_id AS unit_id) FROM {table.name} AS p JOIN unit_ancestors AS a ON p.unit_id = a.unit_id"
        table.replace(sqlglot.parse_one(f"SELECT 1 FROM ({inner}) AS {table.alias_or_name}", read="duckdb").args["from_"].this)
    return tree.sql("duckdb")


class Computation:
    def __init__(self, project, as_of, arguments):
        self.as_of, self.arguments = as_of, arguments
        self.spill = tempfile.mkdtemp(prefix="kaohe-duckdb-")
        self.connection = duckdb.connect()
        for setting in ["threads = 2", "memory_limit = '16GB'", "TimeZone = 'UTC'", f"temp_directory = '{self.spill}'",
                        "preserve_insertion_order = false", "default_null_order = 'nulls_last_on_asc_first_on_desc'"]:
            self.connection.execute(f"SET {setting}")
        soon = make_functions(self.connection)["ledger.due_soon_days"]
        self.soon = as_of + datetime.timedelta(int(max(soon, key=lambda version: version["from"])["amount"]))
        self.lake = Lake(self.connection, project / "lake", as_of)
        self.lake.make_ancestors()
        self.library = Library()
        self.moments = self.library.moments(as_of)
        deadlines = self.columns_of_populations()
        for indicator in self.library.indicators:
            with_due_soon(indicator.tree, deadlines)
            self.sql(indicator, (as_of, as_of))
        self.made, self.wanted = self.library.plan(self.moments) if arguments.populations == "made" else (set(), {})
        self.seconds_of, self.failed, self.standing = collections.Counter(), {}, {}
        columns = ", ".join(f"{name} {kind}" for name, kind in (KEY | FIGURES).items())
        self.connection.execute(f"CREATE TABLE measures ({columns})")

    def columns_of_populations(self):
        """Population → its deadline column; plans each on the way, so that what can't be translated shows at once."""
        self.columns = {}
        for name in self.library.order:
            sql = self.sql(self.library.populations[name], (self.as_of, self.as_of))
            try:
                self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
            except duckdb.Error as error:
                sys.exit(f"population {name}: {error}")
            self.columns[name] = {row[0]: row[1] for row in self.connection.execute(f"DESCRIBE {name}").fetchall()}
        for name in self.library.order:
            self.connection.execute(f"DROP VIEW {name}")
        deadlines = {name: [one for one in ("due_at", "due_on") if one in columns] for name, columns in self.columns.items()}
        return {name: found[0] for name, found in deadlines.items() if found}

    def sql(self, owner, moment):
        """The SELECT of a population or query at a moment."""
        if not hasattr(owner, "template"):
            owner.template = template_of(owner.tree)
        days = {"as_of": moment[0], "from": moment[1] - datetime.timedelta(1), "soon_at": self.soon, "soon_on": self.soon}
        return re.sub("@(as_of|from|soon_at|soon_on)", lambda found: str(days[found[1]]), owner.template)

    def stand_at(self, moment):
        """The populations of a moment: those that several read as tables, with the columns that are read; the rest as views."""
        for name in self.library.below({name for indicator, _ in self.moments[moment] for name in indicator.reads}):
            key, begun = self.library.key(name, moment), time.perf_counter()
            if self.standing.get(name) == key:
                continue
            self.connection.execute(f"DROP VIEW IF EXISTS {name}; DROP TABLE IF EXISTS made_{name}")
            sql = self.sql(self.library.populations[name], moment)
            if key in self.made:
                kept = [column for column in self.columns[name] if column in self.wanted[key]] or [next(iter(self.columns[name]))]
                columns = ", ".join(f'"{column}"' for column in kept)
                self.connection.execute(f"CREATE TEMP TABLE made_{name} AS SELECT {columns} FROM ({sql}) AS rows")
                rest = "".join(f', CAST(NULL AS {kind}) AS "{column}"' for column, kind in self.columns[name].items() if column not in kept)
                sql = f"SELECT *{rest} FROM made_{name}"
            self.connection.execute(f"CREATE TEMP VIEW {name} AS {sql}")
            self.standing[name] = key
            self.seconds_of[name] += time.perf_counter() - begun

    def answer(self, indicator, month, moment):
        """Rows of an indicator as measures, with those above: what has no subject or month, or a month of another year, is left out."""
        sql, figures = self.sql(indicator, moment), [item.alias_or_name for item in indicator.tree.selects if item.alias_or_name in FIGURES]
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")
        self.keep(indicator, month, figures, "answer", "own")
        if indicator.rollup == "recompute" and indicator.shape != "region":
            self.keep(indicator, month, figures, f"({over_ancestors(sql, set(indicator.reads))})", "subtree")
        elif indicator.rollup == "sum" and indicator.shape == "ratio":
            sums = ", ".join(f"sum({figure}) AS {figure}" for figure in figures)
            keys = "r.domain" if month else "r.domain, r.month"
            self.keep(indicator, month, figures, f"(SELECT {keys}, coalesce(a.ancestor_id, r.unit_id) AS unit_id, {sums} FROM answer AS r "
                      "LEFT JOIN unit_ancestors AS a ON a.unit_id = r.unit_id GROUP BY ALL)", "subtree")

    def keep(self, indicator, month, figures, source, scope):
        subject = {"region": "region_code", "pair": "region_a || '|' || region_b"}.get(indicator.shape, "unit_id")
        counts = {"n"} if indicator.shape in ("value", "region") else {"numerator", "denominator"}
        counts |= {"pending", "excluded", "due_soon"}
        month = f"DATE '{month}'" if month else "month"
        said = {name: f"CAST({name} AS {kind})" if name in figures else "NULL" for name, kind in FIGURES.items()}
        said = ", ".join(f"coalesce({figure}, 0)" if name in counts else figure for name, figure in said.items())
        key = f"'{indicator.name}', {subject}, coalesce(domain, ''), {month}, '{scope}'"
        of_year = f"{subject} IS NOT NULL AND year({month}) = {self.as_of.year}"
        self.connection.execute(f"INSERT INTO measures SELECT {key}, {said} FROM {source} AS s WHERE {of_year}")

    def run(self):
        begun = time.perf_counter()
        if self.arguments.tables == "loaded":
            self.lake.load(set().union(*(columns for key, columns in self.wanted.items() if isinstance(key, str))))
            print(f"  tables loaded: {time.perf_counter() - begun:.2f} s", flush=True)
        for moment, indicators in self.moments.items():
            begun = time.perf_counter()
            self.stand_at(moment)
            stood = time.perf_counter()
            for indicator, month in indicators:
                try:
                    self.answer(indicator, month, moment)
                except duckdb.Error as error:
                    self.failed[indicator.name] = str(error).splitlines()[0]
            spent = time.perf_counter() - begun
            print(f"  as of {moment[0]}, since {moment[1]}, {len(indicators)} indicators: {spent:.2f} s, of it populations {stood - begun:.2f}",
                  flush=True)

    def compare(self, measures):
        """Every cell of every indicator, own and with those below, against what the run published; what is held is left out."""
        same = " AND ".join(f"o.{column} = t.{column}" for column in KEY)
        counts = " OR ".join(f"o.{column} IS DISTINCT FROM t.{column}" for column in [*KEY, *FIGURES] if column != "value")
        differs = f"({counts} OR o.value IS DISTINCT FROM t.value)"
        rows = self.connection.execute(f"""
            SELECT coalesce(o.indicator, t.indicator) AS name, count(*) AS cells, count(*) FILTER (WHERE {differs}) AS different,
                   count(*) FILTER (WHERE {differs} AND NOT ({counts}) AND abs(o.value - t.value) <= 0.0001) AS rounded,
                   first([o::VARCHAR, t::VARCHAR]) FILTER (WHERE {differs}) AS example
            FROM measures AS o FULL JOIN (SELECT * FROM read_parquet('{measures}') WHERE NOT held) AS t ON {same}
            GROUP BY 1""").fetchall()
        return {name: rest for name, *rest in rows}


def newest_run(project):
    for folder in sorted((project / "runs").iterdir(), reverse=True):
        path = folder / "run_results.json"
        if path.exists() and (told := json.loads(path.read_text()))["status"] == "done":
            return folder, told
    sys.exit(f"{project} has no run that is done")


def told_answers(computation, measures):
    found = computation.compare(measures)
    ran = {indicator.name for indicator in computation.library.indicators} - set(computation.failed)
    agreeing = {name for name in ran & set(found) if found[name][1] == found[name][2]}
    exactly = {name for name in agreeing if not found[name][1]}
    print(f"{len(ran)} indicators ran; {len(agreeing)} agree, {len(exactly)} of them to the last digit; {len(ran - set(found))} have "
          f"no cell on either side; {sum(cells for cells, *_ in found.values()):,} cells compared")
    for name in sorted(ran & set(found) - exactly):
        cells, different, rounded, example = found[name]
        word = "rounded otherwise" if name in agreeing else "differs"
        print(f"  {word}: {name}: {different:,} of {cells:,} cells, {rounded:,} of them by 0.0001")
        print(f"    ours   {example[0]}\n    theirs {example[1]}" if name not in agreeing else "", end="")
    print("".join(f"  failed: {name}: {why}\n" for name, why in computation.failed.items()), end="", flush=True)
    if computation.failed or ran & set(found) - agreeing:
        sys.exit("no ratio: an indicator failed or differs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=pathlib.Path)
    parser.add_argument("--as-of", type=datetime.date.fromisoformat)
    parser.add_argument("--tables", choices=["loaded", "files"], default="loaded")
    parser.add_argument("--populations", choices=["made", "views"], default="made")
    arguments = parser.parse_args()
    folder, told = newest_run(arguments.project)
    begun = time.perf_counter()
    computation = Computation(arguments.project, arguments.as_of or datetime.date.fromisoformat(told["as_of"]), arguments)
    library = computation.library
    print(f"prepared in {time.perf_counter() - begun:.2f} s: {len(library.populations)} populations, {len(library.indicators)} indicators, "
          f"{len(computation.moments)} moments, {len(computation.made)} tables to make", flush=True)
    before, begun = os.times(), time.perf_counter()
    computation.run()
    wall, after = time.perf_counter() - begun, os.times()
    processors = after.user - before.user + after.system - before.system
    dearest = ", ".join(f"{name} {seconds:.2f}" for name, seconds in computation.seconds_of.most_common(12))
    print(f"DuckDB {duckdb.__version__}: {wall:.2f} s, {processors:.2f} s of processors; longest: {dearest}", flush=True)
    told_answers(computation, folder / "tables/measures.parquet")
    spent = sum(told["population_seconds"].values()) + sum(told["indicator_seconds"].values())
    assess = next(stage["seconds"] for stage in told["stages"] if stage["stage"] == "assess")
    print(f"kaohe, run {told['run']}: populations and indicators {spent:.2f} s of {assess:.2f} s of assess")
    anew, parts = (sum(counted[which] for counted in told["counted"]) for which in ("anew", "parts"))
    if anew < parts:
        sys.exit(f"no ratio: that run took {parts - anew} of {parts} parts from the one before; remove counts/ and run it again")
    else:
        print(f"DuckDB ÷ kaohe: {wall / spent:.2f} (populations made side by side each count their own seconds)")
    shutil.rmtree(computation.spill, ignore_errors=True)


main()
