#!/usr/bin/env bash
# What a reviewer should not have to look for: formatting, vet, the web's rules. With the argument all, as `make lint` and
# a job of CI call it, also the module file and golangci-lint (.golangci.yml), which docs/decisions.md keeps out of
# `make test`.
set -euo pipefail
cd "$(dirname "$0")/../.."
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
if [ "${1:-}" = all ]; then
	go mod tidy -diff
	.cache/tools/golangci-lint-*/golangci-lint run # vet is one of its linters
else
	go vet ./...
fi
npm --prefix panel/web run --silent lint
