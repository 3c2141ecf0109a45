#!/usr/bin/env bash
# Measures and prints tables; nothing here passes or fails. Peers run in the same minutes on the same machine, so read
# the ratios. One thing at a time: parallel runs would measure each other. Arguments choose benchmarks by a regular
# expression, as in `deploy/dev/bench.sh Scale`; BENCH_WARMUP (180), BENCH_SECONDS (60, full length 1800) and BENCH_DAYS (30, full 365) make them longer.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/dev/build.sh >/dev/null
echo "Machine: $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(free -g | awk '/^Mem/ {print $2}') GB"
echo "Date: $(date -u +%F), commit: $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3)"
for pkg in ./agent ./storage/tsdb ./storage/clickhouse ./panel/scrape ./panel/alerts ./panel/bulk ./agent/control; do
	echo
	echo "== $pkg"
	go test -run '^$' -bench "${1:-.}" -benchmem -timeout 3h "$pkg" | grep -E '^(Benchmark|    )' || true
done
