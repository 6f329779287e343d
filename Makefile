# Apus. `make` alone shows what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
SWIFT ?= swift

# One set of flags for every debug build, so that check and test share their work.
DEBUG_FLAGS := -j $(JOBS) --explicit-target-dependency-import-check error
# The installed programs must run without a Swift toolchain.
RELEASE_FLAGS := -c release -j $(JOBS) --static-swift-stdlib
# A crash in a test is reported by the test; the backtracer would only slow it down.
export SWIFT_BACKTRACE ?= enable=no

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: deps
deps: ## Install the Debian packages that a build needs (nothing to do: nothing done)
	@scripts/install-packages build

.PHONY: build
build: deps ## Release programs: .build/release/apus and .build/release/apus-worker
	$(SWIFT) build $(RELEASE_FLAGS) --product apus-worker
	$(SWIFT) build $(RELEASE_FLAGS) --product apus
	@echo "built .build/release/apus and .build/release/apus-worker"

.PHONY: install
install: man completions ## Install what `make build` made; PREFIX=/usr/local, DESTDIR=
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 0755 .build/release/apus .build/release/apus-worker "$(DESTDIR)$(PREFIX)/bin/"
	@# The symbols stay in .build/release, for debuggers.
	strip --strip-unneeded "$(DESTDIR)$(PREFIX)/bin/apus" "$(DESTDIR)$(PREFIX)/bin/apus-worker"
	install -d "$(DESTDIR)$(PREFIX)/share/apus"
	install -m 0644 api/config.schema.json "$(DESTDIR)$(PREFIX)/share/apus/"
	@cp -R .build/dist/share/. "$(DESTDIR)$(PREFIX)/share/"

# The program that man pages and completions are made of.
APUS ?= .build/release/apus

.PHONY: man
man: ## Man pages from what the parser knows: .build/dist/share/man
	@test -x "$(APUS)" || { echo "make build first" >&2; exit 1; }
	@scripts/install-packages man
	@scripts/man-pages "$(APUS)" .build/dist

.PHONY: completions
completions: ## Completions for bash, zsh and fish: .build/dist/share
	@test -x "$(APUS)" || { echo "make build first" >&2; exit 1; }
	@scripts/completions "$(APUS)" .build/dist

.PHONY: deb
deb: build ## Debian package in .build/packages, the same bytes for the same sources
	@scripts/package-deb

.PHONY: demo
demo: build ## Build and run Apus with its embedded configuration until Ctrl-C
	@scripts/demo

.PHONY: test
test: deps ## Build once, run all tests: units in parallel, processes one after another
	@scripts/run-tests "$(SWIFT)" "$(DEBUG_FLAGS)"

.PHONY: build-tests
build-tests: deps
	$(SWIFT) build $(DEBUG_FLAGS) --build-tests

.PHONY: documents
documents: build-tests ## Run every command of README and docs, as make test does
	@scripts/run-documents

.PHONY: check
check: lint build-tests ## Format, imports and house rules (shares its build with test)
	$(SWIFT) test --skip-build $(DEBUG_FLAGS) --filter TidyTests

.PHONY: generate
generate: build-tests ## Write the sources that are made from api/openapi.yaml
	APUS_GENERATE=1 $(SWIFT) test --skip-build $(DEBUG_FLAGS) \
	    --filter AdminAPITests.DocumentTests/theProgramHoldsTheDocumentOfTheFile

.PHONY: lint
lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests

.PHONY: format
format: ## Format all sources in place
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

.PHONY: sim
sim: ## Simulate the supervisor: SEED=n replays one, SEEDS=n runs that many
	APUS_SIM_SEED="$(SEED)" APUS_SIM_SEEDS="$(or $(SEEDS),10000)" \
	$(SWIFT) test $(DEBUG_FLAGS) --filter SimulationTests

.PHONY: soak
soak: build-tests ## The long forms of the process and engine tests, 30 minutes of everything at once too
	APUS_LONG=1 $(SWIFT) test --skip-build $(DEBUG_FLAGS) --no-parallel \
	    --filter "IntegrationTests|SchemaTests|DataPlaneTests\.Engine(Reuse|Retry|Desync|SlowServer|Loss|SessionTorture)"

.PHONY: torture
torture: deps ## Pool and queue, ten million requests each, optimised: LOAD=500, about an hour
	APUS_SANITIZED=1 $(SWIFT) build -j $(JOBS) -Xswiftc -O -Xcc -O2 --scratch-path .build-torture \
	    --build-tests
	APUS_LOAD="$(or $(LOAD),500)" APUS_SANITIZED=1 $(SWIFT) test -Xswiftc -O -Xcc -O2 \
	    --scratch-path .build-torture --skip-build --no-parallel --filter "EngineReuseTorture|EngineQueueTorture"

.PHONY: contract
contract: build-tests ## The API against its document: 10,000 cases of schemathesis, 11,000 clients
	APUS_LONG=1 $(SWIFT) test --skip-build $(DEBUG_FLAGS) --no-parallel \
	    --filter 'IntegrationTests.*(ContractTests|CrowdTests|SchemathesisTests)'

.PHONY: tsan
tsan: deps ## Unit tests of both planes and the supervisor under ThreadSanitizer
	@scripts/run-sanitizer thread "$(SWIFT)" "$(JOBS)"

.PHONY: asan
asan: deps ## The same under AddressSanitizer
	@scripts/run-sanitizer address "$(SWIFT)" "$(JOBS)"

.PHONY: fuzz
fuzz: deps ## Fuzz every parser of foreign bytes, SECONDS=60 in all
	@scripts/fuzz "$(or $(SECONDS),60)"

.PHONY: bench
bench: build ## Measure against haproxy and nginx; results in bench/results
	@scripts/install-packages bench
	python3 bench/run.py $(BENCH)

.PHONY: reference
reference: ## Make docs/configuration-reference.md of api/config.schema.json
	@scripts/config-reference

.PHONY: hooks
hooks: ## Let git check format and house rules before each commit
	install -m 0755 scripts/pre-commit "$$(git rev-parse --git-path hooks)/pre-commit"

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf .build .build-tsan .build-asan .build-fuzz bench/results
