# Every target sets up what it needs: from a fresh clone, `make demo` and `make test` are enough.
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench cluster live paced faults matrix oldest oracles samples picture clean

# The first interpreter that is new enough; set PYTHON=... to choose another.
NEW_ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo $$python; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ORACLES_VENV := .venv-oracles
ORACLES_STAMP := $(ORACLES_VENV)/.installed
OLDEST_VENV := .venv-oldest
# Pinned: the reasons in tests/oracles/known.toml speak about these versions.
ORACLES := gurux-dlms==1.0.203 dlms-cosem==25.1.0
# Asked by one test for the queries that docs/batch.md shows.
CLUSTER_TESTS := duckdb
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start the program hundreds of times: without its byte code each start takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 with venv found; set PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# The oracles never share an environment with the product: their licences and their imports stay outside.
$(ORACLES_STAMP): Makefile
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 with venv found; set PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(ORACLES_VENV)
	$(ORACLES_VENV)/bin/python -m pip install --quiet $(ORACLES)
	@touch $@

demo: $(STAMP)  ## a bundled sample: on a terminal in its own screen, else decoded
	@$(BIN)/dlmshark demo

lint: $(STAMP)  ## ruff, mypy and the import floors; all run, any fails it
	@status=0; for check in 'ruff check .' 'ruff format --check .' mypy lint-imports; do \
		echo "$$check"; $(BIN)/$$check || status=1; done; exit $$status

test: $(STAMP)  ## lint, then every test (the wheel in an empty environment among them); both run, either fails it
	@status=0; $(MAKE) --no-print-directory lint || status=1; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS) || status=1; exit $$status

cluster: $(STAMP)  ## Dask, DuckDB and textual-serve into the environment, so that `make test` runs the tests that need them
	$(BIN)/python -m pip install --quiet --editable '.[dev,cluster,web]' $(CLUSTER_TESTS)

bench: $(STAMP)  ## speed and memory against the goals, stock tshark and two DLMS libraries; SHORT=1 for a quick look
	@$(MAKE) --no-print-directory $(ORACLES_STAMP) || echo "make: gurux-dlms and dlms-cosem cannot be installed" >&2
	$(BIN)/python -m tests.bench --oracles $(ORACLES_VENV)/bin/python $(if $(SHORT),--short,) $(BENCH_ARGS)

live: $(STAMP)  ## what a recording of an interface keeps up with (root, tcpdump); SHORT=1 for a quick look
	$(BIN)/python -m tests.bench.live $(if $(SHORT),--short,)

paced: $(STAMP)  ## buses on pseudo-terminals at their pace, a minute each; SHORT=1 for a quick look
	$(BIN)/python -m tests.analyzer.live.paced $(if $(SHORT),--seconds 5,)

faults: $(STAMP)  ## faults of every cause put into healthy sessions, and what the doctor names; SHORT=1 for a quick look
	$(BIN)/python -m tests.faults $(if $(SHORT),--short,) $(FAULTS_ARGS)

matrix: $(STAMP)  ## what can be wrong with keys, 1,000 random cases each: is it named? CASES=100 for a quick look
	$(BIN)/python -m tests.analyzer.tracking.wrong_keys $(or $(CASES),1000)

oldest: $(STAMP)  ## the tests with the oldest versions that pyproject.toml allows, in an environment of their own
	$(PYTHON) -m venv $(OLDEST_VENV)
	$(OLDEST_VENV)/bin/python -m pip install --quiet --editable '.[dev]' $$($(BIN)/python -m tests.project.oldest)
	$(OLDEST_VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

oracles: $(STAMP) $(ORACLES_STAMP)  ## random APDUs against gurux-dlms and dlms-cosem, and secured sessions of Gurux; SHORT=1 for a quick look
	DLMSHARK_SHOWN_WITHIN=0.3 $(BIN)/python -m pytest tests/oracles/test_gurux_session.py tests/oracles/test_live_session.py
	$(BIN)/python -m tests.oracles --python $(ORACLES_VENV)/bin/python $(if $(SHORT),--short,) $(ORACLES_ARGS)

samples: $(STAMP)  ## the bundled captures anew, from the simulator
	$(BIN)/python -m analyzer.simulate.samples

picture: $(STAMP)  ## the pictures of the README and of the page on the terminal UI anew, out of the program
	$(BIN)/python docs/tui.py

clean:  ## the venvs, the caches and what builds left behind
	rm -rf $(VENV) $(ORACLES_VENV) $(OLDEST_VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
