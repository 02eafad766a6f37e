# Offerwell: `make` prints the targets.
PY ?= python3
V := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup lock run test proof check bench format

help: ## print these targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

.venv/.ready: requirements/dev.txt pyproject.toml
	$(PY) -m venv .venv
	$(V)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(V)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

assets/node_modules/.ready: assets/package-lock.json
	npm --prefix assets ci --ignore-scripts --no-audit --no-fund
	touch $@

ASSET_SOURCES := $(shell find assets \( -path assets/node_modules -o -path assets/shopify-schema \) -prune -o -type f -print 2>/dev/null) $(shell find offerwell -name '*.html')
offerwell/static/.ready: assets/node_modules/.ready $(ASSET_SOURCES)
	npm --prefix assets run build
	touch $@

assets/shopify-schema/.ready: assets/schema.js
	node assets/schema.js
	touch $@

offerwell/sandbox/build/.ready: assets/shopify-schema/.ready .venv/.ready offerwell/sandbox/build_schema.py
	$(V)/python offerwell/sandbox/build_schema.py
	touch $@

setup: .venv/.ready offerwell/static/.ready offerwell/sandbox/build/.ready ## install everything into this folder; leaves .venv/bin/offerwell

lock: ## pin the dependencies again, with hashes
	$(V)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe -o requirements/base.txt pyproject.toml
	$(V)/pip-compile -q --extra dev --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe -o requirements/dev.txt pyproject.toml

run: setup ## start the demo: web, worker and sandbox store on the embedded default
	$(V)/offerwell run

test: setup ## all checks and tests; every service that is missing is named
	./tests/run

proof: setup ## the proofs at release size: simulator, kill runs, history, bad weather; prints a report
	./tests/prove

check: setup ## lint, types, import contracts
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/lint-imports
	$(V)/mypy

bench: setup ## measure; prints ratios against raw SQL in the same run
	$(V)/python -m benchmarks

format: .venv/.ready ## write the house format
	$(V)/ruff check --fix --exit-zero .
	$(V)/ruff format .
