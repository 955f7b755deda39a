# One entry point for people and CI alike; `make help` lists the targets.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .data
EVENTS ?= 10000000
EXTRAS := bigquery clickhouse models mssql postgres snowflake stripe telemetry valkey
VENV := .venv
BIN := $(VENV)/bin
# More processes than cores, since some wait; files in their order, since those with few tests have the longest.
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-emit-index-url --quiet

.DEFAULT_GOAL := help
.PHONY: help setup run test test-scaled check audit coverage bench evals docs screenshots requirements clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.base ## Create .venv with what the server needs

$(VENV)/.base: requirements/base.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Headwater needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

run: setup ## Serve with demo data at http://127.0.0.1:8000 (PORT=, DATA_DIR=)
	$(BIN)/headwater serve --host 127.0.0.1 --port $(PORT) --data-dir $(DATA_DIR) --demo

test: $(VENV)/.dev ## Run every check and every test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -m "not scaled"
	$(PYTEST) --hypothesis-profile scaled -m scaled

test-scaled: $(VENV)/.dev ## Run what holds on the stores of many machines too (ClickHouse in process, or where HEADWATER_TEST_CLICKHOUSE_URL says, and a throwaway PostgreSQL)
	$(PYTEST) --hypothesis-profile scaled -m scaled

check: $(VENV)/.dev ## Format, lint, types, import rules, the fast tests, and the audit of dependencies
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy
	$(PYTEST) -m "not slow and not scaled"
	@$(BIN)/python requirements/audit.py

audit: $(VENV)/.dev ## Look the pinned packages up among known vulnerabilities (needs network)
	$(BIN)/python requirements/audit.py

coverage: $(VENV)/.dev ## Run the tests and say which lines and branches they reach
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

bench: $(VENV)/.dev ## Measure this server against its floors (EVENTS=10000000), and hold docs/scaling.md
	$(BIN)/python -m benchmarks --events $(EVENTS)
	$(BIN)/python -m benchmarks.scaling --measure

evals: $(VENV)/.dev ## Ask the built-in analyst every question of evals/ and write evals/RESULTS.md
	$(BIN)/python -m evals

docs: $(VENV)/.dev ## Write the generated pages of docs/
	$(BIN)/python -m docs.generate

screenshots: $(VENV)/.dev ## Take pictures of every page of the console into build/screenshots (needs Chromium)
	$(BIN)/python -m tests.browser.screenshots

requirements: $(VENV)/.dev ## Compile the pinned requirements from pyproject.toml
	mkdir -p build
	$(COMPILE) --generate-hashes --output-file requirements/base.txt
	$(COMPILE) --extra dev --generate-hashes --constraint requirements/base.txt --output-file requirements/dev.txt
	$(COMPILE) $(EXTRAS:%=--extra %) --constraint requirements/base.txt --output-file build/extras.txt
	for extra in $(EXTRAS); do $(COMPILE) --extra $$extra --generate-hashes --constraint build/extras.txt $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements/base.txt) --output-file requirements/extra-$$extra.txt || exit; done
	echo "setuptools>=77" | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements/build.txt

clean: ## Remove what make created, except data directories
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
