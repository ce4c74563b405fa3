# `make demo` and `make test` set everything up on a fresh machine; CONTRIBUTING.md explains the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DATA ?=
BENCH ?= classify

.PHONY: env demo test test-slow test-long chaos lint types format bench ui serve clean
.DEFAULT_GOAL := env

env: .venv/.ready ## .venv with the command `shelftree`

# The marker comes last: an interrupted installation is taken up again.
.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Shelftree needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@touch $@

demo: env ## the main job on the bundled store, then the app in a browser
	$(BIN)/shelftree demo

test: env ## everything but the slow suites, a file at a time on each core
	$(BIN)/pytest -m 'not slow' -n auto --maxprocesses 4 --dist loadfile

test-slow: env ## the suites that take minutes
	$(BIN)/pytest -m slow

test-long: env ## the living tree at random, 500,000 steps: STEPS=...
	SHELFTREE_LIVING_STEPS=$(or $(STEPS),500000) $(BIN)/pytest tests/unit/test_living_tree.py -k whole

chaos: env ## 20 editors, 5,000 edits, 20 kill -9; and once without the tree lock, which must fail
	$(BIN)/python -m tests.chaos
	$(BIN)/python -m tests.chaos --without-lock --edits 400 --kills 4

lint: env ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env ## mypy, strict
	$(BIN)/mypy

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: env ## measure beside what you would pick instead: make bench BENCH=classify DATA=catalogue.csv
	$(BIN)/shelftree bench $(BENCH) $(if $(DATA),--data $(DATA))

ui: env ## the app
	$(BIN)/shelftree ui

serve: env ## the HTTP service
	$(BIN)/shelftree serve

clean:
	rm -rf .venv dist build
