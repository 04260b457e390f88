# Each target is a line or two that a person could type. README.md has those for installing and testing on Windows.

VENV := .venv
PY := $(VENV)/bin/python
# Root (in a container) must be allowed by name; without a display there is no browser to open, only an address to print.
LAB := $(if $(filter 0,$(shell id -u)),--allow-root)
LAB += $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname -s)),,--no-browser)

# An upload is one message to the server, which takes 10 MB unless told otherwise.
LAB += "--ServerApp.tornado_settings={'websocket_max_message_size': 100000000}"

help:
	@echo 'make lab           open the course in JupyterLab (the first call installs it into .venv)'
	@echo 'make playground    open the playground as an app in the browser'
	@echo 'make check         what a change breaks most often, in under three minutes'
	@echo 'make unit          the tests of the package and of its wheel, without notebooks and browser'
	@echo 'make test          run the tests, the notebooks included'
	@echo 'make slow          run the tests that take longest: every lesson and page in a browser, hundreds of networks'
	@echo 'make notebooks     run the notebooks and store them with their pictures; one only: make notebooks ONLY=01'
	@echo 'make site          build the course as static pages, in build/site/html'
	@echo 'make benchmark     measure the speed, as ratios, on this machine'
	@echo 'make comparison    compute the tables of lesson 11 anew, two hours; fewer images: make comparison ARGS=--quick'
	@echo 'make compatibility compute which technique works on which network, an hour; only what the table lacks: ARGS=--resume'
	@echo 'make board         write the board of techniques, from the stored tables, into the README'
	@echo 'make generated     write anew what is made from tables: stubs, the drawing of the floors, the front door'
	@echo 'make requirements  pin the newest packages that pyproject.toml allows, and check the pins for known holes'

lab: $(VENV)/course
	$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks/index.ipynb $(LAB) $(ARGS)

# Voilà is an extension of the same server: the app, and the lessons behind it in JupyterLab.
playground: $(VENV)/course
	$(PY) -m jupyterlab --LabApp.default_url=/voila/render/notebooks/13_playground.ipynb $(LAB) $(ARGS)

# Two at a time, a file each, in the order of the folders: the lessons in the browser, which take longest, come first.
PYTEST := $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder
# One thread for matrices: four on two cores would wait for one another, spinning, which takes twice the time.
test slow unit check comparison compatibility: export OMP_NUM_THREADS = 1
test slow unit check comparison compatibility: export OPENBLAS_NUM_THREADS = 1
test: $(VENV)/course $(VENV)/tests
	$(PYTEST) -m "not slow or wheel" --nbval-lax tests notebooks $(ARGS)

# What takes longest: every lesson and every page in a browser, long lessons from the wheel, hundreds of generated networks.
slow: $(VENV)/course $(VENV)/tests
	$(PYTEST) -m "slow and not wheel" tests $(ARGS)

# Another Python beside the first: make unit VENV=.venv-newest PYTHON=python3.13
unit: $(VENV)/course $(VENV)/tests
	$(PYTEST) -m "not browser and (not slow or wheel)" tests $(ARGS)

check: $(VENV)/course $(VENV)/tests
	$(PYTEST) -m "not browser and not slow" $(QUICK:%=tests/test_%.py) $(ARGS)
QUICK := style architecture packaging documents environment contributing images fills metrics grad_cam occlusion superpixels plots

notebooks: $(VENV)/course
	$(PY) notebooks/execute.py $(ONLY)

# From the notebooks as they are stored; nothing is executed, and no network is used.
site: $(VENV)/site
	$(PY) tools/build_site.py $(ARGS)

benchmark: $(VENV)/course $(VENV)/tests
	$(PY) -m benchmarks $(ONLY)

comparison: $(VENV)/course
	$(PY) -m benchmarks.comparison_runs $(if $(ONLY),--part $(ONLY)) $(ARGS)

compatibility: $(VENV)/course
	$(PY) -m benchmarks.compatibility $(if $(ONLY),--only "$(ONLY)") $(ARGS)

board: $(VENV)/course
	$(PY) -m benchmarks.board

generated: $(VENV)/course $(VENV)/tests
	$(PY) -m tools.make_stubs
	$(PY) -m tools.draw_floors
	$(PY) notebooks/front_door.py

# For all platforms and Python versions; names and versions only, no addresses. `make requirements UPGRADE=` keeps
# the versions that the files name, as far as pyproject.toml still allows them. The extras stay in the files: with
# spacy pinned but not spacy[lookups], pip downloads every newer spacy before it arrives at the pinned one.
UPGRADE := --upgrade
COMPILE := $(PY) -m uv pip compile $(UPGRADE) --universal --python-version 3.11 --no-strip-extras \
	--custom-compile-command 'make requirements' --quiet pyproject.toml
requirements: $(VENV)/tests
	$(COMPILE) --extra alibi --extra lab -o requirements.txt
	$(COMPILE) --group test -c requirements.txt -o requirements-test.txt
	$(COMPILE) --group site -c requirements.txt -c requirements-test.txt -o requirements-site.txt
	$(PY) -m tools.advisories

# The pins are complete, so nothing is resolved: alibi's own metadata would hold numpy and Pillow back.
# A stamp is written last, so that an install cut short is taken up again by the next call. JupyterLab's question
# about news is turned off: the answer needs a network.
$(VENV)/course: requirements.txt pyproject.toml
	@$(PY) -c 'import pip, $(IN_RANGE)' 2>/dev/null || { $(FIND_PYTHON); "$$python" -m venv --clear $(VENV); }
	@echo 'Installing the course into $(VENV): once only, some minutes, about 3.5 GB on disk.'
	$(PY) -m pip install --no-deps -r requirements.txt
	$(PY) -m pip install --no-deps --no-build-isolation -e .
	@$(PY) -m jupyterlab.labextensions disable --level=sys_prefix @jupyterlab/apputils-extension:announcements 2>/dev/null
	@test ! -e $(VENV)/numpy.txt || rm -f $(VENV)/numpy.txt $(VENV)/pip.conf  # by these an older course held numpy below 2
	@touch $@

$(VENV)/tests: requirements-test.txt $(VENV)/course
	$(PY) -m pip install --no-deps -r requirements-test.txt
	@touch $@

$(VENV)/site: requirements-site.txt $(VENV)/course
	$(PY) -m pip install --no-deps -r requirements-site.txt
	@touch $@

IN_RANGE := sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
# The first of these that runs (a shim of pyenv may be there and fail), is Python 3.11 to 3.13, and can make an environment
# (Debian packs that part separately).
PYENV := $(wildcard $(HOME)/.pyenv/versions/3.13*/bin/python $(HOME)/.pyenv/versions/3.12*/bin/python \
	$(HOME)/.pyenv/versions/3.11*/bin/python)
FIND_PYTHON = for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python $(PYENV) ''; do \
	"$$python" -c 'import ensurepip, $(IN_RANGE)' 2>/dev/null && break; done; \
	test -n "$$python" || { echo 'The course needs Python 3.11, 3.12 or 3.13 with its venv module: install one (on Debian and \
	Ubuntu also python3-venv), or name it: make lab PYTHON=/path/to/python3.13' >&2; exit 1; }

.PHONY: help lab playground check unit test slow notebooks site benchmark board comparison compatibility generated requirements
