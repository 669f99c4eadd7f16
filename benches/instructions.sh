#!/usr/bin/env bash
# Counts the instructions that the samples take, and fails where there are more than the baseline allows. Needs no quiet
# machine: the count depends on the compiler and on the code, hardly on anything else.
#
#   benches/instructions.sh            compares with benches/instructions.txt
#   benches/instructions.sh --accept   writes what was counted as the new baseline
set -euo pipefail
cd "$(dirname "$0")/.."
ftpscope=${FTPSCOPE:-target/release/ftpscope}
baseline=benches/instructions.txt
tolerance=5 # percent: random hash keys and other versions of the compiler make one or two

count() { # ARGUMENTS: instructions of one run
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$ftpscope" "$@" 2>&1 >/dev/null \
        | awk '/Collected/ { print $NF }'
}

captures=(samples/*.pcap)
# Ten times over: what starting costs must not hide what packets cost.
many=()
for _ in 1 2 3 4 5 6 7 8 9 10; do many+=("${captures[@]}"); done
now=$(count export -T json --no-hash "${many[@]}")
[ -n "$now" ] || { echo "valgrind counted nothing" >&2; exit 1; }

if [ "${1:-}" = --accept ]; then
    echo "$now" >"$baseline"
    echo "accepted $now instructions"
    exit
fi
before=$(cat "$baseline")
awk -v now="$now" -v before="$before" -v tolerance="$tolerance" 'BEGIN {
    change = (now - before) * 100 / before
    printf "%d instructions, %+.1f %% against the baseline of %d\n", now, change, before
    if (change > tolerance) { print "more than " tolerance " % more: find out why, or accept it with --accept"; exit 1 }
    if (change < -tolerance) print "much fewer: make it the baseline with --accept"
}'
