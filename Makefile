# `make` alone lists the targets. Each one sets up what it needs in .venv, once.

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-editors editor-pictures fmt lint type bench clean

help:  ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/dev.stamp  ## Install spanfill and the development tools into .venv

demo: $(VENV)/run.stamp  ## Fill a real function, live (the first time: fetches the model)
	@$(BIN)/python -m lsp_server.cli.main demo

test: $(VENV)/test.stamp  ## Check style and types, then run every test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest

test-editors: $(VENV)/editors.stamp  ## Test the plugins in real editors; fetches these, once
	@$(BIN)/python tests/editors/nvim/install_nvim.py
	@$(BIN)/python tests/editors/vscode/install_code_server.py
	@$(BIN)/python -m pytest tests/editors

editor-pictures: $(VENV)/editors.stamp  ## Take the pictures of the VS Code extension in docs/ anew
	@$(BIN)/python tests/editors/vscode/install_code_server.py
	@$(BIN)/python -m pytest -q tests/editors/vscode/take_pictures.py

fmt: $(VENV)/dev.stamp  ## Format the code
	@$(BIN)/ruff check --select I --fix --quiet
	@$(BIN)/ruff format

lint: $(VENV)/dev.stamp  ## Check style
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

type: $(VENV)/dev.stamp  ## Check types
	@$(BIN)/mypy

bench: $(VENV)/run.stamp  ## Measure speed; fail where a recorded ratio got worse (PEER=llama.cpp compares)
	@$(BIN)/python -m lsp_server.cli.main bench $(if $(PEER),--peer $(PEER)) --check benchmarks/ratios.json

clean:  ## Delete .venv and what tools leave behind; models stay
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/venv.stamp:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'spanfill needs Python 3.11 or newer; name one: make PYTHON=python3.12')"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: pyproject.toml | $(VENV)/venv.stamp
	@echo "Installing spanfill into $(VENV)"
	@$(PIP) --editable ".[cpu]"
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(VENV)/venv.stamp
	@echo "Installing spanfill and the development tools into $(VENV)"
	@$(PIP) --editable ".[cpu,dev]"
	@touch $@ $(VENV)/run.stamp

# The browser is Debian's: nothing but its driver is needed from here.
$(VENV)/editors.stamp: pyproject.toml | $(VENV)/venv.stamp
	@echo "Installing spanfill, the development tools and a browser's driver into $(VENV)"
	@$(PIP) --editable ".[cpu,dev,editors]"
	@touch $@ $(VENV)/run.stamp $(VENV)/dev.stamp

# What the tests of export/ compare with; nothing else needs it.
$(VENV)/test.stamp: pyproject.toml | $(VENV)/venv.stamp
	@echo "Installing spanfill, the development tools and torch into $(VENV)"
	@$(PIP) --editable ".[cpu,dev,export]"
	@touch $@ $(VENV)/run.stamp $(VENV)/dev.stamp
