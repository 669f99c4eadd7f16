#!/usr/bin/env bash
# Measures ftpscope beside cat, tshark and Suricata (where they are installed) and prints a table of ratios.
#
#   benches/compare.sh DIRECTORY [RUNS]
#
# DIRECTORY holds bulk.pcap, chatty.pcap and haystack.pcap, or whichever of them there are. Every number is the median of
# RUNS runs (seven unless said otherwise), the programs taking turns, so that a noisy moment hits all of them. With
# GENERATOR=path-to-its-binary the chatty capture is also made four and sixteen times as large, to show that time and
# memory grow with the packets and no faster. SLOW=0 leaves tshark and Suricata out.
set -euo pipefail
directory=${1:?usage: benches/compare.sh DIRECTORY [RUNS]}
runs=${2:-7}
cd "$(dirname "$0")/.."
ftpscope=${FTPSCOPE:-target/release/ftpscope}
[ -x "$ftpscope" ] || { echo "build it first: cargo build --release" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What runs under a name; "$1" is the capture.
run_cat() { cat "$1"; }
run_plain() { "$ftpscope" export -T json --no-hash "$1"; }
run_sums() { "$ftpscope" export -T json "$1"; }
run_lines() { "$ftpscope" export -T jsonl --no-hash "$1"; }
run_tshark() { tshark -n -r "$1" -Y 'ftp || ftp-data' -T fields -e frame.number -e ftp.request.command; }
run_suricata() { suricata -r "$1" -l "$scratch" --runmode single --set outputs.0.fast.enabled=no; }
export -f run_cat run_plain run_sums run_lines run_tshark run_suricata
export ftpscope scratch

names=(cat plain sums lines)
if [ "${SLOW:-1}" = 1 ]; then
    for tool in tshark suricata; do command -v "$tool" >/dev/null && names+=("$tool"); done
fi

median() { sort -g "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

measure() { # CAPTURE NAME...: leaves seconds and KiB, a line a run, in $scratch
    local capture=$1
    shift
    rm -f "$scratch"/*.seconds "$scratch"/*.memory
    cat "$capture" >/dev/null
    for _ in $(seq "$runs"); do
        for name in "$@"; do
            /usr/bin/time -o "$scratch/time" -f '%e %M' bash -c "run_$name \"\$1\"" _ "$capture" >/dev/null 2>&1
            read -r seconds memory <"$scratch/time"
            echo "$seconds" >>"$scratch/$name.seconds"
            echo "$memory" >>"$scratch/$name.memory"
        done
    done
}

row() { # LABEL NAME
    local seconds base memory
    seconds=$(median "$scratch/$2.seconds")
    memory=$(median "$scratch/$2.memory")
    base=$(median "$scratch/cat.seconds")
    awk -v label="$1" -v name="$2" -v s="$seconds" -v c="$base" -v m="$memory" \
        'BEGIN { printf "| %s | %s | %.2f s | %s | %.0f MiB |\n", label, name, s, (c > 0 ? sprintf("%.1f", s / c) : "-"), m / 1024 }'
}

echo "$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ //'), $(nproc) cores, $(uname -sr); median of $runs; load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| capture | program | time | against cat | memory |"
echo "| --- | --- | --- | --- | --- |"
for kind in bulk chatty haystack; do
    capture=$directory/$kind.pcap
    [ -f "$capture" ] || continue
    measure "$capture" "${names[@]}"
    for name in "${names[@]}"; do row "$kind" "$name"; done
done

if [ -n "${GENERATOR:-}" ]; then
    for scale in 1 4 16; do
        capture=$directory/chatty-x$scale.pcap
        [ -f "$capture" ] || "$GENERATOR" chatty "$capture" "$scale" >/dev/null
        measure "$capture" cat plain lines
        for name in cat plain lines; do row "chatty × $scale" "$name"; done
    done
fi
