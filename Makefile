# For readers:      make lab          open the course in JupyterLab
#                   make test         check everything: code, tests, every stored output of every notebook
# For maintainers:  make notebooks    run every notebook from top to bottom and store what it shows; the README's picture too
#                   make exercises    write the exercises of exercises/*.yaml into the notebooks, and build/exercises/ for teachers
#                   make lint         only the linter and the formatter
#                   make colab        run every notebook and the explorers' tests with Colab's packages
#                   make site         the course as web pages, in build/site; make slides for a lecture, in build/slides
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
COLAB := .venv-colab

.PHONY: setup lab test notebooks lint colab site slides bench stamp

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

# Colab's own versions come first on the path, what runs the tests and torch from $(VENV) after them.
$(COLAB)/.installed: $(INSTALLED) tests/colab/packages.txt
	@$(PY) -c 'import sys; sys.version_info < (3, 14) or sys.exit("Colab has Python 3.13, and its packages do not come for this one: remove .venv, then \"make PYTHON=python3.13 colab\".")'
	$(PY) -m venv --clear $(COLAB)
	$(COLAB)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --requirement tests/colab/packages.txt
	$(PY) -c 'import site; print(*site.getsitepackages())' > "$$($(COLAB)/bin/python -c 'import site; print(*site.getsitepackages())')/lent.pth"
	@touch $@

# ipywidgets 7 itself uses what traitlets calls deprecated.
colab: $(COLAB)/.installed
	$(COLAB)/bin/python -m pytest --numprocesses 2 --dist load -W "ignore:Deprecated in traitlets:DeprecationWarning" tests/colab/check_notebooks.py tests/test_explorers.py tests/test_race.py

$(VENV)/.installed-site: $(INSTALLED)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[site]"
	@touch $@

site: $(VENV)/.installed-site
	$(PY) tools/build_site.py

slides: $(VENV)/.installed-site
	$(PY) tools/build_slides.py

bench: setup
	set -e; for script in benchmarks/*.py; do PYTHONPATH=. $(PY) "$$script"; done

stamp: setup
	$(PY) tools/stamp.py $(REPO)
