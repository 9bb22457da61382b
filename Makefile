PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := uv==0.13.9
# Empty where an environment is used once, as in a build: BYTECODE=
BYTECODE ?= --compile-bytecode
# Groups of tests that run side by side; a rehearsal's shop, which no request may fail, needs the rest of the machine
WORKERS ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# --- environments: a target asks for the sets it needs, and only those are installed -------------------------
$(VENV)/uv.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lantern needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@if $(PYTHON) -m pip --python $(PYTHON) --version >/dev/null 2>&1; then \
	  $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check $(UV); \
	else \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV); \
	fi || { echo "Could not make $(VENV): on Debian and Ubuntu run 'apt-get install python3-venv', then try again" >&2; exit 1; }
	@touch $@

$(VENV)/%.stamp: requirements/%.txt $(VENV)/uv.stamp
	@echo "Installing $(basename $(notdir $<)) packages" >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes $(BYTECODE) -r $<
	@touch $@

# a tenth of CDK's 180 MB of Python is ever imported; what is gets compiled then
$(VENV)/infra.stamp: BYTECODE =

# checkov holds boto3 and AWS's distribution OpenTelemetry at a version of its own, Locust replaces parts of the
# standard library: they live apart
$(VENV)/checkov.stamp $(VENV)/traffic.stamp $(VENV)/distro.stamp: $(VENV)/%.stamp: requirements/%.txt $(VENV)/uv.stamp
	@echo "Installing $* packages" >&2
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/$*
	@$(BIN)/uv pip install --quiet --python $(VENV)/$*/bin/python --require-hashes $(BYTECODE) -r $<
	@touch $@

RUN  := $(VENV)/services.stamp $(VENV)/local.stamp $(VENV)/console.stamp
INFRA := $(VENV)/services.stamp $(VENV)/infra.stamp $(VENV)/checkov.stamp
TEST := $(RUN) $(VENV)/rehearsal.stamp $(VENV)/unit.stamp $(VENV)/test.stamp $(VENV)/traffic.stamp $(VENV)/distro.stamp $(INFRA)
LINT := $(TEST) $(VENV)/lint.stamp

environments: $(LINT)  # everything that a target may ask for; .ci/run makes them side by side

# --- what a user types ---------------------------------------------------------------------------------------
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(RUN) ## Start the shop and its local AWS; MODE=containers|processes forces a way; prints the addresses
	@$(BIN)/python -m local.stack up

x-ray: $(VENV)/local.stamp $(VENV)/console.stamp ## Start X-Ray, log agent and console alone, for a program that isn't Lantern's; Ctrl-C ends them
	@$(BIN)/python -m local.processes --file docker-compose.x-ray.yml --home .lantern/x-ray

down: $(VENV)/local.stamp ## Stop the shop and its local AWS; orders and traces are kept
	@$(BIN)/python -m local.stack down

reset: $(RUN) ## Put an open lab back; without any a fresh shop: orders, traces, logs, metrics and rehearsals go; asks first, YES=1 answers
	@$(BIN)/python -m local.stack reset

clean: $(VENV)/local.stamp ## Take everything of this clone away: containers, volumes, images, logs; says how much
	@$(BIN)/python -m local.stack clean

status: $(VENV)/local.stamp ## Show how each service is, and where
	@$(BIN)/python -m local.stack status

logs: $(VENV)/local.stamp ## Show the last log lines; SERVICE=orders picks one, LINES=100 shows more, FOLLOW=1 goes on
	@$(BIN)/python -m local.stack logs

console: $(VENV)/console.stamp ## Look at the AWS account of your credentials through the console; CONSOLE_PORT=8001 moves it
	@PORT=$${CONSOLE_PORT:-8000} $(BIN)/python -m console

aws: $(VENV)/local.stamp $(VENV)/aws.stamp ## Ask the laptop's AWS: CALL="dynamodb list-tables"; without CALL: how to use aws itself in this shell
	@$(BIN)/python -m local.stack aws

traffic: $(RUN) $(VENV)/traffic.stamp ## Send shoppers to the running shop; RATE=5 requests a second for SECONDS=60
	@$(BIN)/python -m local.stack traffic

labs: $(RUN) ## List the labs, with minutes and progress
	@$(BIN)/python -m local.stack labs

lab: $(RUN) $(VENV)/aws.stamp ## Begin LAB=01, or go on with it: prepares all that it needs and prints the task; SEED=7 picks a variant
	@$(BIN)/python -m local.stack lab

check: $(RUN) ## Say of each task of the open lab if it is done; WATCH=1 repeats, JSON=1 is for programs
	@$(BIN)/python -m local.stack check

hint: $(RUN) ## Help with the first task that is not done; the third time with the command
	@$(BIN)/python -m local.stack hint

answer: $(RUN) ## Answer a question of the open lab: VALUE=orders
	@$(BIN)/python -m local.stack answer

solve: $(RUN) ## Have the open lab done; it counts as shown
	@$(BIN)/python -m local.stack solve
.PHONY: labs lab check hint answer solve

fault: $(VENV)/local.stamp ## Break the shop: NAME=slow-dependency [ON=catalog] [PERCENT=30] [FOR=15m]; OFF=1 ends it; alone it lists what there is
	@$(BIN)/python -m local.faults fault

diagnose: $(VENV)/local.stamp ## Say which fault fits what X-Ray and CloudWatch answer; SINCE=2m; ACCOUNT=yes asks the account of your credentials
	@$(BIN)/python -m local.faults diagnose

gameday: $(RUN) $(VENV)/traffic.stamp ## Break the shop in one way after the other, by SEED=7, for MINUTES=20, under shoppers; then tell what was seen when
	@$(BIN)/python -m local.faults gameday
.PHONY: fault diagnose gameday

rehearse: $(RUN) $(VENV)/rehearsal.stamp $(VENV)/traffic.stamp ## Take COMMIT=HEAD through the pipeline on this laptop; RELEASE=errors ... tries a bad one; TIME_SCALE=60
	@$(BIN)/python -m local.rehearsal

dora: $(VENV)/local.stamp ## The five DORA metrics of the rehearsals; SINCE=30d, BY=week, HTML=report.html, EXPLAIN=1; SAMPLE=1 shows made-up ones
	@$(BIN)/python -m local.stack dora

synth: $(INFRA) ## Write the CloudFormation templates that the CDK code makes
	@$(BIN)/python -m infra.synth

verify-infra: $(INFRA) ## Prove what can be proven about the AWS files without an account
	@$(BIN)/python -m infra.verify

deploy: $(VENV)/services.stamp ## Deploy to the AWS account of your credentials; EGRESS=nat, APPROVAL=yes ...: docs/aws.md
	@$(BIN)/python -m infra.operations deploy

drift: $(VENV)/services.stamp ## Compare the account with the templates; knows what CodeDeploy changes by design
	@$(BIN)/python -m infra.operations drift

destroy: $(VENV)/services.stamp ## Take everything away again and prove that nothing is left; DATA=delete: tables too
	@$(BIN)/python -m infra.operations destroy

cost: $(VENV)/services.stamp ## What the templates cost a day, in USD; EGRESS=nat for the other network
	@$(BIN)/python -m infra.operations cost

# the rules of `make lint` are tests too (tests/rules), so that the types are checked while a browser is waited for
test: $(LINT) ## Check everything: rules, real processes, containers, a real browser; QUICK=1: rules and unit tests
	@$(BIN)/python -m pytest $(if $(QUICK),-n logical tests/rules tests/unit,-n $(WORKERS))

test-service: $(VENV)/services.stamp $(VENV)/unit.stamp ## Run the unit tests of SERVICE=orders, as the pipeline's build does
	@test -d services/$(SERVICE)/ || { echo "SERVICE='$(SERVICE)': expected storefront, catalog or orders" >&2; exit 2; }
	@$(BIN)/python -m pytest $(wildcard $(addprefix tests/unit/services/,common tracing $(SERVICE))) --junitxml=reports/tests.xml

bench: $(TEST) $(VENV)/bench.stamp ## Measure what tracing costs, start-up, memory, images, the local X-Ray, log lines, DORA, an hour of traffic; about ten minutes
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.xray
	@$(BIN)/python -m tests.bench.logs
	@$(BIN)/python -m tests.bench.dora
	@$(BIN)/python -m tests.bench.steady

picture: $(TEST) ## Photograph the running shop and console for the README; wants make up FAULTS=on
	@$(BIN)/python -m docs.picture

lint: $(LINT) ## Check format, style, types and architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell
	@$(BIN)/shellcheck .ci/run

format: $(LINT) ## Put the code into the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

requirements: $(VENV)/uv.stamp ## Compile requirements/*.in into pinned, hashed *.txt
	@for set in services local console traffic unit aws test bench infra checkov lint pipeline rehearsal; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header requirements/$$set.in -o requirements/$$set.txt || exit 1; done

.PHONY: environments help up x-ray down reset clean status logs console aws traffic rehearse dora synth verify-infra deploy drift destroy cost test test-service bench picture lint format requirements
