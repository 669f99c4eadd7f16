#!/usr/bin/env bash
# Fills fuzz/corpus/ from the samples, from captures beside this checkout where there are any, and from what was found.
set -euo pipefail
cd "$(dirname "$0")"
captures=()
while IFS= read -r -d '' file; do captures+=("$file"); done < <(
    find ../samples ../../shared/corpus \( -name '*.pcap*' -o -name '*.cap' \) ! -name '*.json' -size -2000k -print0 2>/dev/null
)
cargo run --quiet --locked --example seeds -- corpus "${captures[@]}"
for folder in ../tests/found/*/; do
    [ -d "$folder" ] || continue
    target=$(basename "$folder")
    mkdir -p "corpus/$target"
    cp "$folder"* "corpus/$target/"
done
for folder in corpus/*/; do printf '%s: %d seeds\n' "$(basename "$folder")" "$(find "$folder" -type f | wc -l)"; done
