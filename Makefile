# Everything that a fresh machine needs besides python3 (3.11 or newer), git and make.
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
.PHONY: run test lint format clean

run: $(VENV)/.installed
	$(BIN)/snakemake --cores $(CORES) --resources gpu=1
	$(BIN)/snakemake --cores 1 --report results/phantom/report.html
	@$(BIN)/python workflow/scripts/show_results.py results/phantom

test: $(VENV)/.installed
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

# The environment is made again whenever a pin changes.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 13) else "Python 3.11 or 3.12 is needed, this is %d.%d: run make PYTHON=python3.11" % sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --upgrade -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .snakemake results/phantom
