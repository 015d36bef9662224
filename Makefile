# The two commands to know: make demo, make test. Both make .venv first, from the hash-locked requirements.lock; the second time, offline.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
PYTEST_ARGS ?=
CODE := icalsync tests .ci $(wildcard dashboard)
BENCHMARKS := $(wildcard tests/benchmarks/*.py)
BROWSER_TESTS := $(wildcard tests/browser/test_*.py)

.PHONY: help demo test lint bench dist clean browser

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' Makefile

demo: $(STAMP)  ## Start a CalDAV server here, link and sync sample calendars, say who is free (ARGS=--no-dashboard ends after that).
	@$(BIN)/icalsync demo $(ARGS)

test: $(STAMP) browser  ## Run every test (PYTEST_ARGS="tests/core -k busy" runs some).
	@$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

lint: $(STAMP)  ## Check style, types and the layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(STAMP)  ## Time what is worth timing, beside the plain libraries.
	@for script in $(BENCHMARKS); do $(BIN)/python $$script; done
	@test -n '$(BENCHMARKS)' || echo 'There is no benchmark yet.'

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
