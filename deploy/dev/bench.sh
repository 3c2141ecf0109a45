#!/usr/bin/env bash
# Measures and prints tables; nothing here passes or fails. Peers run in the same minutes on the same machine, so read
# the ratios. One thing at a time: parallel runs would measure each other.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/dev/build.sh >/dev/null
echo "Machine: $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(free -g | awk '/^Mem/ {print $2}') GB"
echo "Date: $(date -u +%F), commit: $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3)"
for pkg in ./agent ./storage/tsdb ./panel/scrape ./panel/alerts; do
	echo
	echo "== $pkg"
	go test -run '^$' -bench . -benchmem -timeout 30m "$pkg" | grep -E '^(Benchmark|    )' || true
done
