#!/usr/bin/env bash
# Measures and prints tables; nothing here passes or fails. Peers run in the same minutes on the same machine, so read
# the ratios. One thing at a time: parallel runs would measure each other. Arguments choose benchmarks by a regular
# expression, as in `deploy/dev/bench.sh Scale`. BENCH_CLOCK='2026-11-30 23:40' lets programs and tests of ours believe
# that it is then: to see a midnight or a month's end. BENCH_WARMUP (180), BENCH_SECONDS (60, full length 1800) and BENCH_DAYS (30, full 365) make them longer.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/dev/build.sh >/dev/null
overlay=()
if [ -n "${BENCH_CLOCK:-}" ]; then # a time.Now that adds BENCH_SHIFT seconds, compiled in
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	clock=$(go env GOROOT)/src/time/time.go
	{
		sed -e 's/^import (/&\n\t"syscall"/' -e '/^func Now() Time {/,/^}/s/^\tsec, nsec, mono := runtimeNow()/&\n\tsec += benchShift/' "$clock"
		printf '\nvar benchShift = func() (n int64) {\n\ttext, _ := syscall.Getenv("BENCH_SHIFT")\n\tfor _, c := range text {\n\t\tn = n*10 + int64(c-48)\n\t}\n\treturn n\n}()\n'
	} >"$dir/time.go"
	grep -q 'sec += benchShift' "$dir/time.go" || { echo "bench.sh: time.Now is not what it was; BENCH_CLOCK needs another way" >&2; exit 1; }
	printf '{"Replace": {"%s": "%s"}}\n' "$clock" "$dir/time.go" >"$dir/overlay.json"
	overlay=(-overlay "$dir/overlay.json")
	BENCH_SHIFT=$(($(date -ud "$BENCH_CLOCK" +%s) - $(date +%s))) # what is in the past cannot be had
	export BENCH_SHIFT
fi
echo "Machine: $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(free -g | awk '/^Mem/ {print $2}') GB"
echo "Date: $(date -u +%F), commit: $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3)"
for pkg in ./agent ./storage/tsdb ./storage/clickhouse ./panel/scrape ./panel ./panel/alerts ./panel/bulk ./agent/control; do
	echo
	echo "== $pkg"
	go test "${overlay[@]}" -run '^$' -bench "${1:-.}" -benchmem -timeout 3h "$pkg" | grep -E '^(Benchmark|    )' || true
done
