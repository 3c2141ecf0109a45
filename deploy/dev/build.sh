#!/usr/bin/env bash
# Builds the web UI, the panel, its ClickHouse engine and the agent into bin/. Argument "all" builds the agent for both architectures that the
# panel serves; without it only this machine's. Unchanged parts are not built again.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0
flags=(-ldflags "-s -w -X main.version=$(cat VERSION)")
host=$(go env GOARCH)

timed() {
	local name=$1 start=$SECONDS
	shift
	printf '  %-34s' "$name"
	"$@"
	printf '%4d s\n' $((SECONDS - start))
}

web=panel/web
web_sum() { find $web/src $web/index.html $web/package-lock.json $web/vite.config.ts -type f ! -name '*.test.*' -print0 | sort -z | xargs -0 sha256sum | sha256sum; }
build_web() {
	local sum
	sum=$(web_sum)
	if [ -e $web/dist/index.html ] && [ "$(cat $web/node_modules/.built 2>/dev/null)" = "$sum" ]; then return; fi
	npm --prefix $web run --silent build >bin/web.log 2>&1 || { tail -n 40 bin/web.log; return 1; }
	echo "$sum" >$web/node_modules/.built
}

mkdir -p bin
timed "build: web" build_web
timed "build: agent ($host)" env GOARCH="$host" go build "${flags[@]}" -o "bin/agent-linux-$host" ./agent
if [ "${1:-}" = all ]; then
	for arch in amd64 arm64; do
		[ $arch = "$host" ] || timed "build: agent ($arch)" env GOARCH=$arch go build "${flags[@]}" -o bin/agent-linux-$arch ./agent
	done
fi
ln -sf "agent-linux-$host" bin/agent
timed "build: panel" go build "${flags[@]}" -o bin/panel ./panel
timed "build: clickhouse engine" go build "${flags[@]}" -o bin/clickhouse-engine ./storage/clickhouse/engine
