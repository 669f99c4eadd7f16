"""Holds what ftpscope saw against the server's account, and its memory against a flat line."""

import collections
import json
import sys

server_log, sessions, memory, least = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
faults = []

expected = collections.defaultdict(list)
server_sessions = collections.Counter()
for line in open(server_log):
    fact = json.loads(line)
    client = fact["client"].removeprefix("::ffff:")
    if fact["event"] == "session":
        server_sessions[client] += 1
    else:
        expected[client].append((fact["verb"], fact["file"], fact["bytes"], fact["completed"]))

seen = collections.defaultdict(list)
seen_sessions = collections.Counter()
encountered = 0
lines = [json.loads(line) for line in open(sessions)]
closing = lines.pop()
lines.sort(key=lambda session: session["frames"]["first"])
for session in lines:
    client = f"{session['client']['ip']}:{session['client']['port']}"
    seen_sessions[client] += 1
    for transfer in session["transfers"]:
        encountered += 1
        complete = transfer["status"] == "complete"
        if complete and transfer["sha256"] is None:
            faults.append(f"{client}: {transfer['verb']} {transfer['argument']} has no hash")
        if transfer["content"] == "file":
            path = (transfer["path"] or transfer["argument"]).rsplit("/", 1)[-1]
            seen[client].append((transfer["verb"], path, transfer["bytes"], complete))

if server_sessions != seen_sessions:
    faults.append(f"sessions differ: {list((server_sessions - seen_sessions).items())[:3]} not seen, "
                  f"{list((seen_sessions - server_sessions).items())[:3]} not the server's")
broken = 0
for client in expected.keys() | seen.keys():
    # Of one that came to nothing the server's account says little: not that it was asked for, nor what had come.
    said, saw = ([one[:3] for one in account[client] if one[3]] for account in (expected, seen))
    broken += sum(not one[3] for one in seen[client])
    if said != saw:
        faults.append(f"{client}: the server says {said}, ftpscope {saw}")
if sum(server_sessions.values()) < least:
    faults.append(f"{sum(server_sessions.values())} sessions are too few, {least} are wanted")
if closing["capture"]["dropped"] != 0:
    faults.append(f"{closing['capture']['dropped']} packets were dropped")
if closing["capture"]["limits"]:
    faults.append(f"limits were reached: {closing['capture']['limits']}")

samples = [tuple(map(float, line.split())) for line in open(memory)]
third = max(1, len(samples) // 3)
middle = [size for _, size in samples[third : 2 * third]]
last = [size for _, size in samples[2 * third :]]
growth = sum(last) / len(last) - sum(middle) / len(middle) if middle and last else 0.0
print(f"sessions {sum(seen_sessions.values())}, transfers {encountered} ({broken} of files came to nothing), packets {closing['capture']['packets']}, "
      f"bytes {closing['capture']['bytes']}, dropped {closing['capture']['dropped']}")
print(f"memory (anonymous, kB): first {samples[0][1]:.0f}, highest {max(size for _, size in samples):.0f}, "
      f"last {samples[-1][1]:.0f}; last third on average {growth:+.0f} over the middle third")
if growth > max(4096, 0.1 * sum(middle) / len(middle)):
    faults.append("memory grows")

for fault in faults[:20]:
    print(f"FAULT {fault}")
sys.exit(bool(faults))
