# Development. Everything that CI does goes through these targets.
.DEFAULT_GOAL := help
export GOTOOLCHAIN := local

.PHONY: help run test bench lint gen build check-gen

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Install what is missing, build, start the panel and an agent of this machine
	@deploy/dev/setup.sh run
	@deploy/dev/build.sh
	@exec deploy/dev/run.sh

test: ## Install what is missing and run every test: Go, web, end to end
	@deploy/dev/setup.sh test
	@deploy/dev/test.sh

bench: ## Measure, side by side with the peers; prints tables
	@deploy/dev/setup.sh test
	@deploy/dev/bench.sh

lint: ## golangci-lint, the module file, the web's rules
	@deploy/dev/setup.sh lint
	@deploy/dev/lint.sh all

gen: ## Generate the TypeScript types from the Go structs
	@go test ./panel -run TestGeneratedTypes -update -count=1

build: ## Build web, panel and agents (amd64, arm64) into bin/
	@deploy/dev/setup.sh run
	@deploy/dev/build.sh all
