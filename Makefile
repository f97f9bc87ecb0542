# Needs only Go; `make lint` and the playground's sources need more, see CONTRIBUTING.md.

.DEFAULT_GOAL := help

TOOLS := .ci/tools/go.mod
LINT  := go tool -modfile=$(TOOLS) golangci-lint

# The race detector needs cgo. CI has it on; `make test CI=true` does so by hand.
# Packages run one after the other there: the detector makes each heavy enough.
# whatsmeow is left out of it: it has races of its own where connections end
# (FrameSocket.Close, Device.Delete), which are not ours to fix and would hide ours.
# So are SQLite's own code and the arithmetic of curves, in which half of the time
# would go. Wider patterns (modernc.org/...) make it report races that are none.
UNRACED := go.mau.fi/... modernc.org/sqlite/lib crypto/internal/fips140/edwards25519/...
RACE ?= $(if $(CI),$(if $(shell command -v gcc clang),-race $(UNRACED:%='-gcflags=%=-race=false')))

# In CI a test that fails gets a second run, alone: most of them wait for real
# processes and sockets, on machines that others use too. What fails twice, a data
# race, or more than six failures end it, and the summary names what was run again.
RERUN := go tool -modfile=$(TOOLS) gotestsum --format pkgname --packages ./... --rerun-fails=1 \
	--rerun-fails-run-root-test --rerun-fails-max-failures=6 --rerun-fails-abort-on-data-race --
TEST  := $(if $(CI),$(RERUN),go test)

# The product is one static binary.
build run demo generate: export CGO_ENABLED = 0

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run the gateway; the first start prints an API key
	go run ./cmd/gateway

.PHONY: demo
demo: ## Run the gateway with a simulated WhatsApp: no phone needed
	go run ./cmd/gateway demo $(ARGS)

.PHONY: test
test: ## Run all tests (PostgreSQL's too where its binaries are installed)
	$(TEST) $(RACE) $(if $(CI),-p 1) -timeout 20m $(if $(CI),,./...)

.PHONY: bench
bench: ## Run all benchmarks and print the ratios
	TEST_DATABASE_SYNC=1 go test -run '^$$' -bench . -benchmem -timeout 60m ./... | awk -f .ci/ratios.awk

.PHONY: generate
generate: ## Regenerate everything that is generated
	go generate ./...

.PHONY: lint
lint: ## Run every linter
	$(LINT) run

.PHONY: fmt
fmt: ## Format the code
	gofmt -w cmd graph models rest whatsapp

.PHONY: check
check: lint test ## What to run before a push: linters and tests
	go vet ./...

.PHONY: build
build: ## Build the binary into bin/
	go build -trimpath -o bin/gateway ./cmd/gateway

.PHONY: tools
tools: ## Build the development tools once, so that later runs are fast
	$(LINT) version
