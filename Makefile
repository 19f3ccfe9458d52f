# Every target prepares .venv by itself: a fresh clone needs Python 3.11 or newer, pip, make and git.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: setup demo test check fix docs test-crash test-faults fuzz mutation bench test-live test-clients words clean

.venv/.ready: pyproject.toml
	@echo "Setting up .venv; this takes a minute or two." 1>&2
	@$(PYTHON) -m venv .venv 1>&2
	@$(BIN)/python -m pip install --quiet --editable '.[dev]' 1>&2
	@touch $@

setup: .venv/.ready

demo: .venv/.ready
	@$(BIN)/lms-bridge demo $(ARGS)

test: .venv/.ready
	$(BIN)/python -m pytest -m 'not live and not clients and not crash and not faults and not fuzz' $(ARGS)

check: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: .venv/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes what the documentation takes from the code; a test says when it is due.
docs: .venv/.ready
	$(BIN)/lms-bridge schema --write connectors.schema.json
	$(BIN)/python docs/write_configuration.py

test-crash: .venv/.ready
	$(BIN)/python -m pytest -m crash tests/crash tests/sync tests/scale $(ARGS)

test-faults: .venv/.ready
	$(BIN)/python -m pytest -m faults tests/crash $(ARGS)

# Each target for LMS_BRIDGE_FUZZ_SECONDS, 8 unless told: about two minutes in all.
fuzz: .venv/.ready
	$(BIN)/python -m pytest -m fuzz tests/fuzz tests/crash $(ARGS)

mutation: .venv/.ready
	$(BIN)/python -m pip install --quiet 'cosmic-ray>=8.4,<9' 'coverage>=7.6'
	$(BIN)/python tests/mutation/mutate.py $(ARGS)

# What we are held against has a place of its own: it must not choose our libraries' versions.
.venv/bench/.ready: bench/yardsticks.txt .venv/.ready
	@echo "Setting up the yardsticks in .venv/bench." 1>&2
	@$(PYTHON) -m venv .venv/bench 1>&2
	@.venv/bench/bin/python -m pip install --quiet -r bench/yardsticks.txt 1>&2
	@touch $@

bench: .venv/bench/.ready
	@$(BIN)/python -m bench $(ARGS)

# 5 is pytest's word for nothing to run: no site was named, which is told and is no mistake.
test-live: .venv/.ready
	$(BIN)/python -m pytest -m live -n0 tests/live $(ARGS) || [ $$? -eq 5 ]

test-clients: .venv/.ready
	$(BIN)/python -m pip install --quiet 'msgraph-sdk>=1.50' 'azure-identity>=1.21' deprecated
	$(BIN)/python -m pytest -m clients tests/clients $(ARGS)

clean:
	rm -rf .venv .sandbox .state

# Puts the console's words into its translations and compiles them.
words: .venv/.ready
	cd lms_bridge/console && $(CURDIR)/$(BIN)/pybabel -q extract -F locale/babel.cfg -o locale/console.pot --no-location --omit-header --sort-output --no-wrap .
	$(BIN)/pybabel -q update -D console -i lms_bridge/console/locale/console.pot -d lms_bridge/console/locale --no-fuzzy-matching --ignore-pot-creation-date --no-wrap --ignore-obsolete
	$(BIN)/pybabel -q compile -D console -d lms_bridge/console/locale
