#!/bin/bash
# Captures continuous real transfers live for a while, and holds the result against the server's account:
# every session, every transfer, no drops, flat memory.
#
#     sudo tests/soak/soak.sh [FTPSCOPE [SECONDS [SESSIONS_PER_SECOND]]]
#
# Needs root, iproute2 and pyftpdlib. All packets stay in two network namespaces made for it.
set -eu
program=$(realpath "${1:-target/release/ftpscope}")
seconds=${2:-600}
rate=${3:-10}
least=${LEAST:-$((seconds * rate * 8 / 10))}
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
client=soak$$c server=soak$$s
jobs=()
clean() {
    kill "${jobs[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    ip netns del "$client" 2>/dev/null || true
    ip netns del "$server" 2>/dev/null || true
    [ "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap clean EXIT

ip netns add "$client"
ip netns add "$server"
ip link add cable netns "$client" type veth peer name cable netns "$server"
for end in "$client 1" "$server 2"; do
    read -r namespace number <<<"$end"
    ip -n "$namespace" addr add "192.0.2.$number/24" dev cable
    ip -n "$namespace" addr add "2001:db8::$number/64" dev cable nodad
    ip -n "$namespace" link set lo up
    ip -n "$namespace" link set cable up
    # Some thousand sessions a minute need more ports than there are by default.
    ip netns exec "$namespace" sysctl -qw net.ipv4.ip_local_port_range="2000 65000"
done

sizes=0,100,5000,200000,1000000
mkdir "$work/root"
for size in ${sizes//,/ }; do head -c "$size" /dev/urandom >"$work/root/$size"; done
ip netns exec "$server" python3 "$here/server.py" "$work/root" >"$work/server.log" 2>"$work/server.err" &
jobs+=($!)
ip netns exec "$server" "$program" live -i cable -T jsonl -o "$work/sessions.jsonl" ${FTPSCOPE_OPTIONS:-} 2>"$work/ftpscope.err" &
sniffer=$!
jobs+=("$sniffer")
until grep -q 'listening on' "$work/ftpscope.err"; do sleep 0.1; done
sleep 1

(
    # The ring that the kernel shares with the program is no memory of its own: it is left out.
    begun=$(date +%s)
    while size=$(awk '/^RssAnon/ { print $2 }' "/proc/$sniffer/status" 2>/dev/null) && [ "$size" ]; do
        echo "$(($(date +%s) - begun)) $size"
        sleep 5
    done >"$work/memory"
) &
jobs+=($!)

# Sessions that come to nothing are told, and no fault: both accounts must say the same of them.
ip netns exec "$client" python3 "$here/client.py" "$seconds" 16 "$rate" "$sizes" || true
# The server may still be writing its account of the last one.
sleep 2
grep -E '^(utime|State|VmHWM|RssAnon)' "/proc/$sniffer/status" || true
ps -o time= -p "$sniffer" | sed 's/^/processor time of ftpscope: /'
kill -INT "$sniffer"
status=0
wait "$sniffer" || status=$?
cat "$work/ftpscope.err"
[ "$status" = 0 ] || { echo "FAULT ftpscope ended with $status"; exit 1; }
python3 "$here/check.py" "$work/server.log" "$work/sessions.jsonl" "$work/memory" "$least"
