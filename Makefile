# Everything runs in .venv, which scripts/setup.sh makes; a stamp in it says that it is up to date.
# `make run ARGS="--server-port 8000"` passes flags on; `PYTHON=python3.12` picks the interpreter.
BIN := .venv/bin
NEEDS := requirements.txt constraints.txt packages.txt scripts/setup.sh
TEST_NEEDS := $(NEEDS) requirements-dev.txt packages-test.txt

.PHONY: run setup test fast check bench readme starters

run: .venv/.ready-run
	$(BIN)/python app.py $(ARGS)

setup: .venv/.ready-run

test: .venv/.ready-test
	scripts/test.sh $(ARGS)

fast: .venv/.ready-test
	$(BIN)/python -m pytest $(ARGS)

check: .venv/.ready-test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: .venv/.ready-test
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.rows
	$(BIN)/python -m benchmarks.clients
	$(BIN)/python -m benchmarks.million

readme: .venv/.ready-test
	$(BIN)/python -m scripts.readme

# Trains every built-in model again; says beforehand how long each takes.
starters: .venv/.ready-test
	$(BIN)/python -m starter.train --all $(ARGS)

.venv/.ready-run: $(NEEDS)
	scripts/setup.sh run

.venv/.ready-test: $(TEST_NEEDS)
	scripts/setup.sh test
