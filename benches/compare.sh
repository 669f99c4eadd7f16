#!/usr/bin/env bash
# Measures ftpscope beside cat, tshark and Suricata (where they are installed) and prints a table.
#
#   benches/compare.sh DIRECTORY             bulk.pcap, chatty.pcap and haystack.pcap, or whichever of them are there
#   benches/compare.sh scaling CAPTURE...    one scene in growing sizes, the smallest first
#
# Every number is the median of RUNS runs (seven unless said otherwise), the programs taking turns, so that a noisy moment
# hits all of them. What they say goes to a file that was not there before: what it costs to throw an old one away is nobody's
# time. With captures that grow, time and memory should grow as the packets do, and
# no faster. SLOW=0 leaves tshark and Suricata out. FTPSCOPE names the program. Needs GNU time (Debian: time).
set -euo pipefail
export LC_ALL=C
usage() { sed -n '4,5s/^# */usage: /p' "$0" >&2; exit 2; }

case ${1:-} in
scaling) shift; captures=("$@"); scaling=1 ;;
?*) captures=("$1"/bulk.pcap "$1"/chatty.pcap "$1"/haystack.pcap); scaling=0 ;;
*) usage ;;
esac
[ "${#captures[@]}" -gt 0 ] || usage
ftpscope=${FTPSCOPE:-$(dirname "$0")/../target/release/ftpscope}
[ -x "$ftpscope" ] || { echo "build it first: cargo build --release" >&2; exit 1; }
[ -x /usr/bin/time ] || { echo "install GNU time first" >&2; exit 1; }
runs=${RUNS:-7}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What runs under a name; "$1" is the capture.
run_cat() { cat "$1" >/dev/null; }
run_plain() { "$ftpscope" export -T json --no-hash -o "$scratch/report" "$1"; }
run_sums() { "$ftpscope" export -T json -o "$scratch/report" "$1"; }
run_lines() { "$ftpscope" export -T jsonl --no-hash -o "$scratch/report" "$1"; }
run_tshark() { tshark -n -r "$1" -Y 'ftp || ftp-data' -T fields -e frame.number -e ftp.request.command; }
run_suricata() { suricata -r "$1" -l "$scratch" --runmode single --set outputs.0.fast.enabled=no; }
# Runs something, and leaves how long it took.
timed() {
    local begin=$EPOCHREALTIME
    "$@" || return
    awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", end - begin }' >"$scratch/clock"
}
export -f timed run_cat run_plain run_sums run_lines run_tshark run_suricata
export ftpscope scratch

names=(cat plain sums lines)
if [ "${SLOW:-1}" = 1 ]; then
    for tool in tshark suricata; do
        if command -v "$tool" >/dev/null; then names+=("$tool"); else echo "left out: $tool is not installed" >&2; fi
    done
fi

measure() { # CAPTURE: leaves seconds and KiB, a line a run, in $scratch
    rm -f "$scratch"/*.seconds "$scratch"/*.memory
    cat "$1" >/dev/null
    for _ in $(seq "$runs"); do
        for name in "${names[@]}"; do
            rm -f "$scratch/report" "$scratch/said"
            /usr/bin/time -q -o "$scratch/memory" -f '%M' bash -c "timed run_$name \"\$1\"" _ "$1" >"$scratch/said" 2>&1 ||
                { echo "$name fails on $1" >&2; exit 1; }
            cat "$scratch/clock" >>"$scratch/$name.seconds"
            cat "$scratch/memory" >>"$scratch/$name.memory"
        done
    done
}

median() { sort -g "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
ratio() { awk -v one="$1" -v other="$2" 'BEGIN { print (other > 0 ? sprintf("%.1f", one / other) : "-") }'; }

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
echo "${processor:-$(uname -m)}, $(nproc) cores, $(uname -sr); median of $runs; load $(cut -d' ' -f1 /proc/loadavg)"
echo
compared="against cat"
[ "$scaling" = 0 ] || compared="times the first"
echo "| capture | MB | program | time | $compared | memory |"
echo "| --- | --- | --- | --- | --- | --- |"
declare -A first
for capture in "${captures[@]}"; do
    [ "$scaling" = 1 ] || [ -f "$capture" ] || continue
    measure "$capture"
    megabytes=$(($(stat -L -c %s "$capture") / 1000000))
    for name in "${names[@]}"; do
        seconds=$(median "$scratch/$name.seconds")
        : "${first[$name]:=$seconds}"
        base=${first[$name]}
        [ "$scaling" = 1 ] || base=$(median "$scratch/cat.seconds")
        mebibytes=$(($(median "$scratch/$name.memory") / 1024))
        echo "| $(basename "$capture") | $megabytes | $name | $seconds s | $(ratio "$seconds" "$base") | $mebibytes MiB |"
    done
done
