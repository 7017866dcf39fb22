#!/bin/sh
# A week of nights: seven full extracts with late changes, one broken file, one kill, one full disk, one schema surprise, one merger.
# In: the program, a folder on a disk of its own that may fill up (the whole week needs some 60 MB). Out: the story on standard output; 0 where every
# night ended as the README says it does and every documented reaction mended it. Never here: a hand on the keyboard.
set -eu
kaohe=$(command -v "$1")
root=$2
project=$root/project
scratch=$root/scratch
safe=$root/safe
mkdir -p "$project" "$scratch" "$safe"
first=2026-06-24
province="--units 24 --months 6 --cases 900 --as-of $first"

say() { printf '\n=== %s\n' "$*"; }
day() { date -d "$first + $1 day" +%F; }

# What the offices send for a night: the extract as it stands then. kaohe.toml is the project's own after the first.
deliver() {
  rm -rf "$scratch/extract"
  if [ "$1" -eq 0 ]; then night=; else night="--night $1"; fi
  # shellcheck disable=SC2086
  "$kaohe" simulate $province $night --out "$scratch/extract" >"$scratch/simulated" 2>&1
  rm -rf "$project/sources"
  cp -r "$scratch/extract/sources" "$project/sources"
  [ -e "$project/kaohe.toml" ] || cp -r "$scratch/extract/." "$project"
}

# The nightly job, as a timer starts it; what it says is the story.
night() {
  wanted=$1 number=$2 code=0
  shift 2
  "$@" "$kaohe" run --project "$project" --as-of "$(day "$number")" --quiet || code=$?
  [ "$code" -eq "$wanted" ] || { echo "night $number ended with $code instead of $wanted" >&2; exit 1; }
  echo "(exit code $code)"
}

current() { sed -n 's/.*"run": "\(.*\)".*/\1/p' "$project/current.json"; }

# The same, and it says something. Kept in memory: the disk may be full.
told() {
  said=$(night "$1" "$2" 2>&1) || { echo "$said" >&2; exit 1; }
  echo "$said"
  echo "$said" | grep -q "$3" || { echo "night $2 does not say: $3" >&2; exit 1; }
}

say "Wednesday: the first extract"
deliver 0
[ -z "${KAOHE_WEEK_SCHEME:-}" ] || { mkdir -p "$project/queries/schemes"; cp "$KAOHE_WEEK_SCHEME" "$project/queries/schemes/2026.toml"
  sed -i 's/^\[report\]$/[library]\nindicators = "scheme"\n\n[report]/' "$project/kaohe.toml"; }
night 0 0
wednesday=$(current)

say "Thursday: some old cases were closed, some records corrected"
deliver 1
night 0 1
thursday=$(current)

say "Friday: the file of leads was cut off on its way"
deliver 2
leads=$project/sources/leads/leads.csv
cp "$leads" "$safe/leads.csv"
printf '"2026' >>"$leads"
told 1 2 "held: leads: .*ends inside a quotation mark"
echo "--- reaction: the office sends it again, and the night is run again"
cp "$safe/leads.csv" "$leads"
night 0 2

say "Saturday: the machine was switched off while the night loaded"
deliver 3
known=$(ls "$project/runs")
"$kaohe" run --project "$project" --as-of "$(day 3)" --quiet >"$scratch/saturday" 2>&1 &
process=$!
while :; do
  for run in $(ls "$project/runs"); do
    case $known in *$run*) continue ;; esac
    [ "$(grep -c '"event":"table-loaded"' "$project/runs/$run/journal.jsonl" 2>/dev/null || :)" -lt 12 ] 2>/dev/null || break 2
  done
  kill -0 $process 2>/dev/null || { echo "the night ended before it could be killed" >&2; exit 1; }
done
kill -9 $process
wait $process 2>/dev/null || :
echo "(killed)"
echo "--- reaction: none; the timer's next start goes on"
told 0 3 "^resumed    .* taken over"

say "Sunday: the disk is full"
deliver 4
before=$(current)
# Root has its own reserve on some file systems: all of it is taken.
fallocate -l "$(df --output=avail -B1 "$root" | tail -1)" "$root/ballast" 2>/dev/null || dd if=/dev/zero of="$root/ballast" bs=64k 2>/dev/null || :
# A little is left, so that the night begins and finds no room in its midst.
truncate -s -600k "$root/ballast"
told 3 4 "No space left on device"
rm -f "$root/ballast"
[ "$(current)" = "$before" ] || { echo "readers see half a night" >&2; exit 1; }
echo "(exit code 3: $(df -h --output=size "$root" | tail -1 | tr -d ' ') of disk were full; readers saw the night before)"
echo "--- reaction: room is made (kaohe vacuum, or another disk), and the night is run again"
"$kaohe" vacuum --project "$project"
night 0 4

say "Monday: the system of the leads calls a column otherwise"
deliver 5
sed -i '1s/,立案决定,/,办理意见,/' "$leads"
told 1 5 "办理意见"
echo "--- reaction: one line in kaohe.toml, and the night is run again"
sed -i '/^table = "leads"$/a columns = { "办理意见" = "decision" }' "$project/kaohe.toml"
night 0 5

say "Tuesday: two offices were merged into a new one"
deliver 6
sed -i '1s/,立案决定,/,办理意见,/' "$leads"
units=$project/sources/units/units.csv
awk -F, -v OFS=, -v day="$(day 5)" -v begins="$(day 6)" '
  NR > 1 && $6 == "县级" && merged < 2 && $11 == "" { if (merged == 0) { new = $0; code = $1 "H" } merged++; $11 = day; $12 = code }
  { print }
  END { n = split(new, cell, ","); cell[1] = code; cell[2] = "（合并后）" cell[2]; cell[10] = begins; cell[11] = ""; cell[12] = ""
        line = cell[1]; for (i = 2; i <= n; i++) line = line "," cell[i]; print line }' "$units" >"$scratch/units.csv"
cp "$scratch/units.csv" "$units"
night 0 6
tuesday=$(current)

say "The week: kaohe runs"
"$kaohe" runs --project "$project"
say "The week: kaohe status"
"$kaohe" status --project "$project" || :
say "The week: what moved between Wednesday and Thursday"
"$kaohe" diff "$wednesday" "$thursday" --project "$project"
say "The week: what moved between Wednesday and Tuesday"
"$kaohe" diff "$wednesday" "$tuesday" --project "$project"
say "The week has ended well"
