# For readers:      make lab          open the course in JupyterLab
#                   make test         check everything: code, tests, every stored output of every notebook
# For maintainers:  make notebooks    run every notebook from top to bottom and store what it shows; the README's picture too
#                   make exercises    write the exercises of exercises/*.yaml into the notebooks, and build/exercises/ for teachers
#                   make lint         only the linter and the formatter
#                   make bench        time what must be fast
#                   make stamp REPO=owner/name    move every badge and link to another repository
#
# The first of them makes .venv and installs into it; later ones start at once.
# Another interpreter: make PYTHON=python3.13 lab
# On another machine:  make LAB="--no-browser --port 8889" lab

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: setup lab test notebooks lint bench stamp

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("The course needs Python 3.11 or newer, and this is %d.%d: name a newer one, as in \"make PYTHON=python3.13 lab\"." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV). The first time, PyTorch is downloaded, which takes a few minutes."
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $@

lab: setup
	$(PY) -m jupyterlab $(LAB) notebooks

test: lint
	$(PY) -m pytest --numprocesses 2

notebooks: setup
	$(PY) tools/run_notebooks.py
	$(PY) tools/readme_picture.py

.PHONY: exercises
exercises: setup
	$(PY) tools/exercises.py

lint: setup
	$(PY) -m ruff check
	$(PY) -m ruff format --check

bench: setup
	set -e; for script in benchmarks/*.py; do $(PY) "$$script"; done

stamp: setup
	$(PY) tools/stamp.py $(REPO)
