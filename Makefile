# `make demo` and `make test` work on a fresh machine with Python 3.11+ and make; both build `.venv` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint bench agreement venv clean

demo: $(STAMP)
	$(BIN)/fluo demo

test: $(STAMP) lint
	$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Random (rule, traces) pairs on every engine and the oracle: `make agreement N=50000 SEED=7 JOBS=2`.
N ?= 10000
SEED ?= 1
JOBS ?= 2
agreement: $(STAMP)
	$(BIN)/python -m tests.agreement.campaign $(N) --seed $(SEED) --jobs $(JOBS)

bench: $(STAMP)
	$(BIN)/python benchmarks/proofs.py
	$(BIN)/python benchmarks/check.py
	$(BIN)/python benchmarks/scale.py

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,bench]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
