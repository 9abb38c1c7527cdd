# For readers:      make lab          open the course in JupyterLab
#                   make test         check everything: code, tests, every stored output of every notebook
# For maintainers:  make notebooks    run every notebook from top to bottom and store what it shows; the README's picture too
#                   make exercises    write the exercises of exercises/*.yaml into the notebooks, and build/exercises/ for teachers
#                   make lint         only the linter, the formatter and the type check
#                   make coverage     run the tests, and list the lines and branches of tlr that none of them reaches
#                   make colab        run every notebook and the explorers' tests with Colab's packages
#                   make conda        run every notebook with the packages that environment.yml lists, as conda and Binder do
#                   make lowest       run the tests with the lowest versions that pyproject.toml admits
#                   make processors   compare every notebook's stored output with what a processor without AVX-512 computes
#                   make encoding     make test where the locale knows ASCII only, as on some Windows machines
#                   make faults       the tests of random faults at full length: kills, flipped bits, hostile messages
#                   make site         build the course as web pages, in build/site; make slides for a lecture, in build/slides;
#                                     make check-site builds both, and opens every page and slide in Chromium
#                   make pdf         the same, with each notebook to print: build/site/pdf
#                   make lite         build what runs in the reader's browser alone, in build/lite; make check-lite runs it there
#                                     (one notebook of it: make check-lite NOTEBOOK=02_quadratics)
#                   make bench        time what must be fast
#                   make lock         write constraints.txt and locks/ after pyproject.toml; UPGRADE=1 takes the newest versions
#                   make stamp REPO=owner/name    move every badge and link to another repository; REF=v0.1.0 to a release
#
# The first command makes .venv and installs what it needs; later ones start at once.
# Another interpreter:               make PYTHON=python3.13 lab
# A small PyTorch, for CPUs (Linux): make TORCH_INDEX=ADDRESS lab, with the address that pytorch.org shows for pip and "CPU"
# JupyterLab's own options:          make LAB="--no-browser --port 8889" lab

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := -m pip install --quiet --disable-pip-version-check
COLAB := .venv-colab
LITE := .venv-lite

.PHONY: setup lab test notebooks exercises lint coverage colab conda lowest processors encoding faults site pdf slides check-notebooks check-site lite check-lite bench lock stamp

$(PY):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("The course needs Python 3.11 or newer, and this is %d.%d: name a newer one, as in \"make PYTHON=python3.13 lab\"." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

# $(VENV)/.lab, .dev: the packages of that lock are installed, and the course. pip refuses a file whose hash is not in the lock; only
# PyTorch, which has a build for each kind of machine, comes without one. Where TORCH_INDEX does not answer, pip warns and takes it
# from the default index.
$(VENV)/.%: pyproject.toml constraints.txt locks/%.txt | $(PY)
	@echo "Installing into $(VENV). The first time, PyTorch is downloaded: 2.7 GB on Linux (README.md names a smaller one), 0.1 GB elsewhere."
	$(PY) $(PIP) --no-deps --require-hashes --requirement locks/$*.txt
	$(PY) $(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --no-build-isolation --constraint constraints.txt --editable .
	@touch $@

setup: $(VENV)/.dev

lab: $(VENV)/.lab
	JUPYTER_CONFIG_PATH=$(CURDIR)/tools/jupyter $(PY) -m jupyterlab $(LAB) notebooks/01_derivation.ipynb

test: lint
	$(PY) -m pytest --numprocesses 2

notebooks: setup
	$(PY) tools/run_notebooks.py
	$(PY) tools/readme_picture.py

exercises: setup
	$(PY) tools/exercises.py

lint: setup
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

# Notebooks run in kernels of their own, which are not counted.
coverage: setup
	$(PY) -m pytest --numprocesses 2 --cov --cov-report term-missing tests

# Colab's own versions come first on the path, what runs the tests and torch from $(VENV) after them.
$(COLAB)/.installed: $(VENV)/.dev tests/colab/packages.txt
	@$(PY) -c 'import sys; sys.version_info < (3, 14) or sys.exit("Colab has Python 3.13, and its packages do not come for this one: remove .venv, then \"make PYTHON=python3.13 colab\".")'
	$(PY) -m venv --clear $(COLAB)
	$(COLAB)/bin/python $(PIP) --no-deps --only-binary :all: --requirement tests/colab/packages.txt
	$(PY) -c 'import site; print(*site.getsitepackages())' > "$$($(COLAB)/bin/python -c 'import site; print(*site.getsitepackages())')/lent.pth"
	@touch $@

# ipywidgets 7 itself uses what traitlets calls deprecated.
colab: $(COLAB)/.installed
	$(COLAB)/bin/python -m pytest --numprocesses 2 --dist worksteal -W "ignore:Deprecated in traitlets:DeprecationWarning" tests/colab/check_notebooks.py tests/test_explorers.py tests/test_race.py -k "not conda"

faults: setup
	$(PY) -m pytest --numprocesses 2 --timeout 1800 --faults -m faults tests

# Where our own code names no encoding a test fails; kernels, which print what they are warned of, are warned of nothing.
encoding: setup
	LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONUTF8=0 PYTHONWARNDEFAULTENCODING=1 PYTHONWARNINGS=ignore::EncodingWarning $(MAKE) test

conda: setup
	$(PY) -m pytest --numprocesses 2 --dist worksteal tests/colab/check_notebooks.py -k conda

# The lower bounds of the extra lab, as uv resolves them, with what runs the tests; torch stays as pinned. The repository's own
# tests are left out, which hold what is installed against the locks.
# x86 only. A run on the brink ends elsewhere where sums are rounded in another order.
processors: setup
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 OPENBLAS_CORETYPE=Haswell $(PY) -m pytest --numprocesses 2 notebooks

lowest:
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/python $(PIP) uv
	grep '^torch==' constraints.txt > .venv-lowest/torch.txt
	.venv-lowest/bin/uv pip compile --quiet pyproject.toml --extra lab --resolution lowest-direct --constraint .venv-lowest/torch.txt --output-file .venv-lowest/lowest.txt
	.venv-lowest/bin/python $(PIP) --constraint .venv-lowest/lowest.txt --editable ".[dev]"
	.venv-lowest/bin/python -m pytest --numprocesses 2 -W default -W error::FutureWarning:tlr.course.records.tables --ignore tests/test_repository.py tests

site: setup
	$(PY) tools/build_site.py

pdf: setup
	$(PY) tools/build_site.py --pdf

slides: setup
	$(PY) tools/build_slides.py

check-notebooks: setup
	$(PY) -m pytest tests/browser/check_notebooks.py

check-site: setup site slides
	$(PY) -m pytest tests/browser/check_site.py

# In an environment of its own, as it changes the JupyterLab that it is installed beside.
$(LITE)/.installed: locks/lite.txt
	$(PYTHON) -m venv --clear $(LITE)
	$(LITE)/bin/python $(PIP) --no-deps --require-hashes --requirement locks/lite.txt
	@touch $@

lite: $(LITE)/.installed
	$(LITE)/bin/python tools/build_lite.py

check-lite: setup lite
	$(PY) -m pytest tests/browser/check_lite.py $(if $(NOTEBOOK),-k "$(NOTEBOOK) or kernel")

# These write records, which are not made anew by the way.
RECORDS := $(patsubst %,benchmarks/%.py,corner gradient_size guessing learned repairs)

bench: setup
	set -e; for script in $(filter-out $(RECORDS),$(wildcard benchmarks/*.py)); do PYTHONPATH=. $(PY) "$$script"; done

# What builds the package is locked, too. PyTorch and what it brings for a GPU are not.
COMPILE := .venv-lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock"
LOCK = printf 'editables\nhatchling\n' | $(COMPILE) - --generate-hashes --constraint constraints.txt $$(sed -nE 's/^(torch|triton|nvidia-[a-z0-9-]*|cuda-[a-z0-9-]*)=.*/--no-emit-package \1/p' constraints.txt)
lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python $(PIP) uv
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra dev --extra site --extra lite --extra trainers --output-file constraints.txt
	$(LOCK) --extra lab --output-file locks/lab.txt
	$(LOCK) --extra dev --extra site --output-file locks/dev.txt
	$(LOCK) --extra lite --output-file locks/lite.txt

stamp: setup
	$(PY) tools/stamp.py $(REPO) $(if $(REF),--ref $(REF))
