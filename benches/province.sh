#!/usr/bin/env bash
# Seconds and peak memory of each stage of `kaohe run`, on simulated provinces of growing size.
#
# In: sizes in cases (default 100000 1000000), a release build (made here when it is missing). Out: one Markdown table on standard
# output, and the provinces under $KAOHE_BENCH (default: a temporary folder, removed at the end). Never here: a judgement; figures of
# two machines or of two sittings can't be compared.
#
# Each province is run three times: the first load; a rerun on the same sources; the night after, on which the sources hold one more
# day and late changes of older months. `same bytes` says whether the rerun's result tables equal the first run's.
#
#   benches/province.sh 100000 1000000 10000000
set -euo pipefail
cd "$(dirname "$0")/.."
sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(100000 1000000)
kaohe=${KAOHE:-target/release/kaohe}
[ -x "$kaohe" ] || cargo build --release
place=${KAOHE_BENCH:-}
if [ -z "$place" ]; then
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
fi

report() { # cases, which run, project
  python3 - "$@" <<'PY'
import hashlib, json, pathlib, sys

cases, which, project = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
run = json.loads((project / "current.json").read_text())["run"]
results = json.loads((project / "runs" / run / "run_results.json").read_text())
records = sum(table["records"][0] for table in results["tables"].values())
months = [sum(table[f"months_{kind}"] for table in results["tables"].values()) for kind in ("written", "unchanged")]
digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((project / "runs" / run / "tables").glob("*.parquet"))}
kept = project / "digests.json"
same = ""
if which == "again":
    same = "yes" if json.loads(kept.read_text()) == digests else "NO"
elif which == "first":
    kept.write_text(json.dumps(digests))
stages = {stage["stage"]: stage for stage in results["stages"]}
seconds = " | ".join(f"{stages[name]['seconds']:.1f}" for name in ("load", "assess", "report"))
memory = " | ".join(f"{stages[name]['peak_memory'] / 2**20:.0f}" for name in ("load", "assess", "report"))
print(f"| {cases:,} | {records:,} | {which} | {seconds} | {memory} | {months[0]} of {sum(months)} | {same} |", flush=True)
PY
}

echo "| cases | records | run | load s | assess s | report s | peak MB after load | after assess | after report | months written | same bytes |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"
for cases in "${sizes[@]}"; do
  units=$((cases >= 1000000 ? 800 : 300))
  project=$place/$cases
  province=(simulate --out "$project" --units "$units" --months 24 --cases "$cases" --seed 1 --format parquet --as-of 2026-06-30 --quiet)
  night() { "$kaohe" run --project "$project" --as-of "$1" --quiet >"$project/log" 2>&1 || [ $? -eq 1 ] || { cat "$project/log" >&2; exit 1; }; }
  "$kaohe" "${province[@]}" >/dev/null
  night 2026-06-30
  report "$cases" first "$project"
  night 2026-06-30
  report "$cases" again "$project"
  "$kaohe" "${province[@]}" --night 1 >/dev/null
  night 2026-07-01
  report "$cases" "next night" "$project"
done
