# `make` lists what there is. Everything runs in .venv, made on first need.

PYTHON ?= python3
BIN := .venv/bin
export PYTHONUNBUFFERED := 1

.PHONY: help run run-grown test demo bench chaos check docs lock shots

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Patchbay needs Python 3.11 or newer: make PYTHON=/path/to/python")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what Patchbay needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: .venv/run ## app and sandbox on this machine, with no server and no account
	@PATCHBAY_SANDBOX=1 exec $(BIN)/python manage.py run

run-grown: .venv/run ## the same with worker and beat, on DATABASE_URL, REDIS_URL and BROKER_URL
	@PATCHBAY_SANDBOX=1 exec $(BIN)/python manage.py run --procfile Procfile

test: .venv/dev ## the whole suite; what needs a server that is not there is skipped with the reason
	@$(BIN)/python -m pytest -n auto

demo: .venv/run ## drive the story against a running `make run`
	@PATCHBAY_SANDBOX=1 $(BIN)/python manage.py demo

bench: .venv/dev ## the benchmarks, each beside its yardstick
	@PATCHBAY_SANDBOX=1 $(BIN)/python -m bench

chaos: .venv/dev ## 10,000 webhooks while processes, connections and servers die: none lost, none done twice
	@$(BIN)/python -m tests.chaos

check: .venv/dev ## style, types, migrations, deployment, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@PATCHBAY_SANDBOX=1 $(BIN)/python manage.py makemigrations --check --dry-run
	@env -u PATCHBAY_SANDBOX PATCHBAY_URL=https://patchbay.example SECRET_KEY=$$(od -An -N40 -tx1 /dev/urandom | tr -d ' \n') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	@$(BIN)/python -m tests.architecture

docs: .venv/run ## write docs/events.md and the tables of docs/vendor-failures.md anew, from the code
	@PATCHBAY_SANDBOX=1 $(BIN)/python manage.py failures
	@PATCHBAY_SANDBOX=1 $(BIN)/python manage.py events

lock: .venv/dev ## compile the requirements from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
