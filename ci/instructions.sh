#!/usr/bin/env bash
# Counts the instructions per request of a fixed run under callgrind and compares them with the
# committed figures. Unlike a clock, this does not care what else the machine does.
#
#   ci/instructions.sh           compare; exit 1 if a workload is more than 5 % away
#   ci/instructions.sh --write   write the figures that hold now; say why in the commit
set -euo pipefail
cd "$(dirname "$0")/.."
figures=ci/instructions.txt
tolerance=5

command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 0; }
# In the profile of the tests, which CI has built by then; what grows there grows in a release too.
bench=$(cargo test --locked --quiet --bench throughput --no-run --message-format=json |
    sed -n 's/.*"name":"throughput".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -x "$bench" ] || { echo "the bench was not built"; exit 1; }

count() { # workload requests -> instructions in all
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$1" --requests "$2" --reps 1 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

status=0
now=$(mktemp)
trap 'rm -f "$now"' EXIT
for workload in steady steady-cpu steady-closed steady-lc; do
    # The difference of two runs leaves out everything that happens once.
    short=$(count "$workload" 100000)
    long=$(count "$workload" 300000)
    per_request=$(awk -v a="$short" -v b="$long" 'BEGIN { printf "%.1f", (b - a) / 200000 }')
    echo "$workload $per_request" >>"$now"
    kept=$(awk -v w="$workload" '$1 == w { print $2 }' "$figures" 2>/dev/null || true)
    echo "$workload: $per_request instructions per request, committed ${kept:-none}"
    [ "${1:-}" = --write ] && continue
    awk -v now="$per_request" -v kept="${kept:-0}" -v t="$tolerance" \
        'BEGIN { exit !(kept > 0 && (now - kept) / kept * 100 <= t && (kept - now) / kept * 100 <= t) }' || status=1
done
if [ "${1:-}" = --write ]; then
    cp "$now" "$figures"
elif [ "$status" -ne 0 ]; then
    echo "more than $tolerance % away: find out why, or commit new figures with the reason"
fi
exit "$status"
