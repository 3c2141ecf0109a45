#!/usr/bin/env bash
# Runs every test and prints, per suite, how many passed, failed and were skipped. A skipped test is a failure: what a
# test needs, setup.sh installs.
set -uo pipefail
cd "$(dirname "$0")/../.."
out=build/test
rm -rf "$out"
mkdir -p "$out"
failed=0
lines=()

suite() { # suite NAME FORMAT COMMAND...: runs the command, counts its report with count.mjs
	local name=$1 format=$2 start=$SECONDS line
	shift 2
	echo "== $name"
	"$@" >"$out/$name.json" 2>"$out/$name.err"
	local rc=$?
	line=$(node deploy/dev/count.mjs "$format" "$out/$name.json") || failed=1
	if [ $rc -ne 0 ]; then
		failed=1
		tail -n 60 "$out/$name.err"
	fi
	echo "$line" | sed '$d'
	line=$(tail -n 1 <<<"$line")
	echo "   $line, $((SECONDS - start)) s"
	lines+=("$name: $line")
}

echo "== lint"
deploy/dev/lint.sh || { failed=1; lines+=("lint: failed"); }
deploy/dev/build.sh || exit 1

suite go go env CGO_ENABLED=1 go test -race -json -timeout 30m ./...
suite go-nocgo go env CGO_ENABLED=0 go test -json -timeout 15m ./storage/tsdb/...
suite web vitest npm --prefix panel/web run --silent test -- --reporter=json
suite e2e playwright npm --prefix panel/web run --silent e2e

echo
printf '%s\n' "${lines[@]}"
[ $failed = 0 ] && echo "All passed." || echo "NOT all passed."
exit $failed
