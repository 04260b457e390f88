# Each target is a line or two that a person could type. README.md lists the same commands for Windows.

PY := .venv/bin/python
# Root (in a container) must be allowed by name; without a display there is no browser to open, only an address to print.
LAB := $(if $(filter 0,$(shell id -u)),--allow-root)
LAB += $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname -s)),,--no-browser)

# An upload is one message to the server, which takes 10 MB unless told otherwise.
LAB += "--ServerApp.tornado_settings={'websocket_max_message_size': 100000000}"

help:
	@echo 'make lab           open the course in JupyterLab (the first call installs it into .venv)'
	@echo 'make playground    open the playground as an app in the browser'
	@echo 'make test          run every test, the notebooks included'
	@echo 'make notebooks     run the notebooks and store them with their pictures; one only: make notebooks ONLY=01'
	@echo 'make benchmark     measure the speed, as ratios, on this machine'
	@echo 'make comparison    compute the tables of lesson 11 anew, half an hour; one only: make comparison ONLY=photos'
	@echo 'make requirements  pin the newest packages that pyproject.toml allows'

lab: .venv/course
	$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks $(LAB) $(ARGS)

# Voilà is an extension of the same server: the app, and the lessons behind it in JupyterLab.
playground: .venv/course
	$(PY) -m jupyterlab --LabApp.default_url=/voila/render/notebooks/13_playground.ipynb $(LAB) $(ARGS)

# Two at a time, a file each, in the order of the folders: the lessons in the browser, which take longest, come first.
test: .venv/course .venv/tests
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --nbval-lax tests notebooks $(ARGS)

notebooks: .venv/course
	$(PY) notebooks/execute.py $(ONLY)

benchmark: .venv/course .venv/tests
	$(PY) -m benchmarks $(ONLY)

comparison: .venv/course
	$(PY) -m benchmarks.comparison_runs $(ONLY)

# For all platforms and both Python versions; names and versions only, no addresses. `make requirements UPGRADE=` keeps
# the versions that the files name, as far as pyproject.toml still allows them. The extras stay in the files: with
# spacy pinned but not spacy[lookups], pip downloads every newer spacy before it arrives at the pinned one.
UPGRADE := --upgrade
COMPILE := $(PY) -m uv pip compile $(UPGRADE) --universal --python-version 3.11 --no-strip-extras \
	--custom-compile-command 'make requirements' --quiet pyproject.toml
requirements: .venv/tests
	$(COMPILE) --extra anchors --extra lab -o requirements.txt
	$(COMPILE) --group test -c requirements.txt -o requirements-test.txt

# A stamp is written last, so that an install cut short is taken up again by the next call. JupyterLab's question
# about news is turned off: the answer needs a network. The constraint is for what learners install besides: alibi does
# not work with numpy 2.
.venv/course: requirements.txt pyproject.toml
	@$(PY) -c 'import pip, $(IN_RANGE)' 2>/dev/null || { $(FIND_PYTHON); "$$python" -m venv --clear .venv; }
	@echo 'Installing the course into .venv: once only, some minutes, about 3 GB on disk.'
	$(PY) -m pip install -r requirements.txt
	$(PY) -m pip install --no-deps --no-build-isolation -e .
	@$(PY) -m jupyterlab.labextensions disable --level=sys_prefix @jupyterlab/apputils-extension:announcements 2>/dev/null
	@echo 'numpy<2' > .venv/numpy.txt
	@$(PY) -m pip config --quiet --site set install.constraint "$$($(PY) -c 'import pathlib; print(pathlib.Path(".venv/numpy.txt").resolve().as_uri())')"
	@touch $@

.venv/tests: requirements-test.txt .venv/course
	$(PY) -m pip install -r requirements-test.txt
	@touch $@

IN_RANGE := sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
# The first of these that runs, is Python 3.11 or 3.12, and can make an environment (Debian packs that part separately).
FIND_PYTHON = for python in $(PYTHON) python3.12 python3.11 python3 python ''; do \
	"$$python" -c 'import ensurepip, $(IN_RANGE)' 2>/dev/null && break; done; \
	test -n "$$python" || { echo 'The course needs Python 3.11 or 3.12 with its venv module: install one (on Debian and \
	Ubuntu also python3-venv), or name it: make lab PYTHON=/path/to/python3.12' >&2; exit 1; }

.PHONY: help lab playground test notebooks benchmark comparison requirements
