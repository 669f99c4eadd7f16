#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (1200 unless told), and says what came of it: fuzz/run.sh [SECONDS]
#
# SEED makes two rounds alike; TARGETS names some of them only; AT_A_TIME says how many run side by side (1); with NO_BUILD they are run as they were
# built last. What fails is kept in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-1200}
at_a_time=${AT_A_TIME:-1}
export RUST_BACKTRACE=${RUST_BACKTRACE:-0}

[ -n "${NO_BUILD:-}" ] || cargo +nightly fuzz build --fuzz-dir . >&2
[ -d corpus/whole ] || ./seed.sh >&2
targets=${TARGETS:-$(cargo +nightly fuzz list --fuzz-dir .)}
host=$(rustc +nightly --version --verbose | sed -n 's/^host: //p')
mkdir -p logs

run() {
    local target=$1
    mkdir -p "corpus/$target" "artifacts/$target"
    "target/$host/release/$target" -max_total_time="$seconds" ${SEED:+-seed=$SEED} -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
        -artifact_prefix="artifacts/$target/" "corpus/$target" >"logs/$target.log" 2>&1
}

failed=0
running=()
wait_for() {
    wait "$1" || failed=1
}
for target in $targets; do
    if [ "${#running[@]}" -ge "$at_a_time" ]; then
        wait_for "${running[0]}"
        running=("${running[@]:1}")
    fi
    run "$target" &
    running+=($!)
done
for one in "${running[@]}"; do wait_for "$one"; done

printf '%-12s %12s %8s %8s %8s  %s\n' target executions seconds edges features failures
for target in $targets; do
    log=logs/$target.log
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    [ -n "$executions" ] || executions=$(grep -ao '^#[0-9]*' "$log" | tail -1 | tr -d '#')
    covered=$(grep -ao 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1)
    took=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log" | tail -1)
    failures=$(grep -ac 'Test unit written to' "$log" || true)
    read -r _ edges _ features <<<"${covered:-cov: ? ft: ?}"
    printf '%-12s %12s %8s %8s %8s  %s\n' "$target" "${executions:-?}" "${took:-?}" "$edges" "$features" "$failures"
    grep -a 'Test unit written to\|panicked at' "$log" | sed 's/^/    /' | head -4 || true
done
exit "$failed"
