#!/usr/bin/env bash
# What a reviewer should not have to look for: formatting, vet, module file, generated files, the web's rules.
set -euo pipefail
cd "$(dirname "$0")/../.."
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
go vet ./...
npm --prefix panel/web run --silent lint
