# The two commands to know: make demo, make test. Both make .venv first, from the hash-locked requirements.lock; the second time, offline.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Compiling every module anew at each start is half the time of a command, and a third of the tests'.
unexport PYTHONDONTWRITEBYTECODE

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
PYTEST_ARGS ?=
SERVER ?=
CHAOS_SECONDS ?= 0
CHAOS_SEED ?= 1
CHAOS_SCHEDULES ?= 2000
CHAOS_JOBS ?= 2
CHAOS_ONLY ?=
CODE := icalsync tests .ci $(wildcard dashboard)
BENCHMARKS := $(wildcard tests/benchmarks/*.py)
KILLS ?= 100
SEED ?= 20261122
BROWSER_TESTS := $(wildcard tests/browser/test_*.py)

.PHONY: help demo test long lint bench dist clean screenshots browser record chaos crash soak

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' Makefile

demo: $(STAMP)  ## Start a CalDAV server here, link and sync sample calendars, say who is free (ARGS=--no-dashboard ends after that).
	@$(BIN)/icalsync demo $(ARGS)

test: $(STAMP) browser  ## Run the tests (PYTEST_ARGS="tests/core -k busy" runs some of them).
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

long: $(STAMP) browser  ## Run the tests that take longer: whole demos, larger grids, more kills.
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m long

lint: $(STAMP)  ## Check style, types and the layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(STAMP)  ## Time what is worth timing, beside the plain libraries.
	@for script in $(BENCHMARKS); do $(BIN)/python $$script; done
	@test -n '$(BENCHMARKS)' || echo 'There is no benchmark yet.'

record: $(STAMP)  ## Record the cassettes anew (SERVER=radicale only those; SERVER=icloud from an Apple Account, see cassettes/README.md).
	@$(BIN)/python -m tests.cassettes.record $(SERVER)

screenshots: $(STAMP) browser  ## Draw every page of the dashboard into build/screenshots/, with the demo's world on a bad day (ONLY='health* *-tablet-*' only those).
	@set -f; $(BIN)/python -m tests.browser.screenshots $(ONLY)

chaos: $(STAMP)  ## Try every fault on every request, and 2000 random schedules (CHAOS_SECONDS=600 for so long, CHAOS_SEED=…, CHAOS_ONLY=…).
	@$(BIN)/python -m tests.chaos --seconds '$(CHAOS_SECONDS)' --seed '$(CHAOS_SEED)' --schedules '$(CHAOS_SCHEDULES)' \
	  --jobs '$(CHAOS_JOBS)' --only '$(CHAOS_ONLY)'

crash: $(STAMP)  ## Kill the syncing process, at every step and at random moments (KILLS=100 SEED=7 say how often and when).
	@CRASH_KILLS='$(KILLS)' CRASH_SEED='$(SEED)' $(BIN)/python -m pytest -s -m 'not soak' tests/crash/test_kills.py tests/crash/test_push_kills.py

soak: $(STAMP)  ## Run what takes hours: 1,000 stories of convergence, 300 syncs in one process, 1,000 kills, and other long runs.
	@$(BIN)/python -m pytest -m soak
	@$(MAKE) crash KILLS=1000

dist: $(STAMP)  ## Build the wheel and the source archive into dist/.
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation

clean:  ## Remove what was built and cached; .venv stays.
	@rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find icalsync tests dashboard -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(STAMP): requirements.lock pyproject.toml
	@if [ ! -x $(BIN)/python ]; then \
	  found=''; \
	  for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if [ -z "$$found" ] && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; fi; \
	  done; \
	  if [ -z "$$found" ]; then echo 'icalsync needs Python 3.11 or newer; install it and run make again.' >&2; exit 1; fi; \
	  $$found -m venv $(VENV) || { rm -rf $(VENV); echo 'Python cannot make an environment; on Debian and Ubuntu install python3-venv.' >&2; exit 1; }; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --no-build-isolation -e .
	@touch $@

browser:
ifneq ($(BROWSER_TESTS),)
	@if ! command -v chromium chromium-browser google-chrome >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium >/dev/null; \
	  else echo 'The browser tests need Chromium; install it (on Debian: the package chromium), then run make test again.' >&2; exit 1; fi; \
	fi
endif
