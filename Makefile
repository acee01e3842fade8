# `make demo` and `make test` work on a fresh machine with Python 3.11+ and make; both build `.venv` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint docs bench agreement spark venv clean

demo: $(STAMP)
	$(BIN)/fluo demo

test: $(STAMP) lint
	$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, into build/site; what is wrong with it is an error, and `make test` builds it too.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 FLUO_DOCS_OUTPUTS=1 $(BIN)/python -m mkdocs build --strict

# Random (rule, traces) pairs on every engine and the oracle: `make agreement N=50000 SEED=7 JOBS=2`.
N ?= 10000
SEED ?= 1
JOBS ?= 2
agreement: $(STAMP)
	$(BIN)/python -m tests.agreement.campaign $(N) --seed $(SEED) --jobs $(JOBS)

# The engine `spark` on this machine: its package is large, so `make test` does without it. Needs Java 17 or later.
spark: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[spark]'
	$(BIN)/python -m pytest tests/spark -n 0

bench: $(STAMP)
	$(BIN)/python benchmarks/proofs.py
	$(BIN)/python benchmarks/certify.py
	$(BIN)/python benchmarks/check.py
	$(BIN)/python benchmarks/scale.py

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,bench]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
