# Everything that a fresh machine needs besides python3 (3.11 or 3.12), git and make.
PYTHON ?= python3
CORES ?= all
# Tests of the workflow wait more than they compute: three on two cores.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
# Every file has to have the hash of the lock, and none runs code of its own when installed, but for one pure package that is
# published as source alone; it is built with the locked setuptools. Modules are compiled afterwards, on all cores: where Python
# may not write beside them (PYTHONDONTWRITEBYTECODE, as in many images) each job would compile anew what it imports.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --require-hashes --only-binary :all:
# Neither tests nor torch/testing, which holds a file for Python 3.12 alone.
COMPILE = $(BIN)/python -m compileall -qq -j 0 -x '/(tests?|torch/testing)/' $(1) || echo 'Some modules could not be compiled; they will be read as text.' >&2
SOURCE_ONLY := connection-pool
UV ?= $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-binary $(SOURCE_ONLY) --custom-compile-command 'make lock' $(UPGRADE)
.DEFAULT_GOAL := run
.PHONY: help run test test-fast test-cluster gpu lint format docs screenshots lock licences audit-dependencies clean bench

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 24
	@echo 'Targets of the workflow: snakemake --list-target-rules, and the table in README.md'

run: $(VENV)/.installed ## the default run on the built-in phantom, its report, and its main figures
	$(BIN)/snakemake --cores $(CORES) --resources gpu=1
	$(BIN)/snakemake --cores 1 --report results/phantom/report.html
	@PYTHONPATH=src $(BIN)/python workflow/support/show_results.py results/phantom resad.csv lesionpaste_3.csv

test: $(VENV)/.installed $(VENV)/.kubernetes ## all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Of these, those of the library and the documents: none runs the workflow.
test-fast: $(VENV)/.installed ## the quick tests of library and documents
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" tests/unit

# Of all, the workflow on a real SLURM of one node, installed from Debian's packages where root may do so.
test-cluster: $(VENV)/.installed $(VENV)/.kubernetes ## the workflow on a real SLURM of one node
	$(BIN)/python -m pytest tests/cluster

lint: $(VENV)/.installed ## style and rules of code, workflow and container
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint
	$(BIN)/hadolint Dockerfile

format: $(VENV)/.installed docs ## bring code into style, and documents up to date
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules

# What is derived: the configuration's keys from the schema, tables of figures from results/reference, and the rules' graph.
docs: $(VENV)/.installed ## what is derived in the documents
	PYTHONPATH=src:workflow $(BIN)/python workflow/support/config_docs.py . > config/README.md.part
	mv config/README.md.part config/README.md
	$(BIN)/python docs/result_tables.py
	$(BIN)/python docs/rule_graph.py > docs/rule-graph.md.part
	mv docs/rule-graph.md.part docs/rule-graph.md

# Of the run that `make run` left; needs a Chromium.
screenshots: $(VENV)/.installed ## pictures of the phantom's pages for README and documents
	PYTHONPATH=src:tests/browser $(BIN)/python docs/screenshots.py results/phantom

# What runs on a GPU, held to the CPU, and what it gives.
gpu: $(VENV)/.installed ## checks and figures of all that runs on a GPU, against the CPU
	PYTHONPATH=src $(BIN)/python -m pytest --confcutdir=tests/gpu tests/gpu
	PYTHONPATH=src $(BIN)/python benchmarks/gpu.py

# benchmarks/results.md: hot paths beside their peers, on this machine; some minutes.
bench: $(VENV)/.installed ## hot paths beside their peers
	PYTHONPATH=src $(BIN)/python benchmarks/hot_paths.py

# The environment is made again whenever a lock changes.
$(VENV)/.installed: requirements-installer.lock requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 13) else "Python 3.11 or 3.12 is needed, this is %d.%d: run make PYTHON=python3.11" % sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements-installer.lock
	$(INSTALL) --no-binary $(SOURCE_ONLY) --no-build-isolation -r requirements.lock
	$(call COMPILE,$(VENV)/lib)
	touch $@

# Beside the environment, which a test puts before it: see pyproject.toml.
$(VENV)/.kubernetes: requirements-kubernetes.lock $(VENV)/.installed
	$(INSTALL) --no-deps --upgrade --target $(VENV)/kubernetes -r $<
	$(call COMPILE,$(VENV)/kubernetes)
	touch $@

# After a change of pyproject.toml's pins; `make lock UPGRADE=--upgrade` also renews what they leave open. Where there is no
# environment yet, a uv of one's own: `make lock UV=uv`. Only what is published about the files is fetched, not they.
lock: ## the locks, after a change of pins
	$(LOCK) --group installer --output-file requirements-installer.lock
	$(LOCK) --constraints requirements-installer.lock --extra workflow --extra dev --extra cluster --output-file requirements.lock pyproject.toml
	$(LOCK) --constraints requirements.lock --extra kubernetes $$(sed -n 's/^\([a-z0-9.-]*\)==.*/--no-emit-package \1/p' requirements.lock) \
		--output-file requirements-kubernetes.lock pyproject.toml

# docs/licences.md, from what the installed packages say of themselves.
licences: $(VENV)/.installed ## docs/licences.md from the installed packages
	$(BIN)/python docs/licences.py > docs/licences.md.part
	mv docs/licences.md.part docs/licences.md

# Known flaws of whatever is locked; needs a network that reaches the database of advisories.
audit-dependencies: $(VENV)/.installed ## known flaws of what is locked
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

clean: ## remove the environment and the results on the phantom
	rm -rf $(VENV) .snakemake results/phantom
