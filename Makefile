# Kenbaar: `make run` shows it, `make test` proves it. Python 3.11 or newer and make are all that is needed.

VENV := .venv
BIN := $(VENV)/bin
DEMO := kenbaar-demo
SOURCES := pyproject.toml README.md $(shell find src -type f -not -path '*/__pycache__/*')

# The first Python that is new enough and can make a virtual environment with pip in it; or say PYTHON=...
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif

.PHONY: run check test coverage lock bench benchmarks clean
.DELETE_ON_ERROR:

# Plays the story, then serves its archive until Ctrl-C; with KENBAAR_NO_SERVE=1 it ends after the story.
run: $(VENV)/.run
	$(BIN)/kenbaar demo $(DEMO)
	@test -n "$$KENBAAR_NO_SERVE" || $(BIN)/kenbaar serve --home $(DEMO)/home

# Before a commit, in a minute: form, types, arrows, and the tests of what changed since main (or the quick ones).
check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow" -n auto $$($(BIN)/python -m tests.changed)

# Everything, as CI runs it; or a part: make test T=tests/policy, make test T="-k withdraw".
test: $(VENV)/.dev
ifdef T
	$(BIN)/pytest $(T)
else
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow" -n auto
	$(BIN)/pytest -m slow
endif

coverage: $(VENV)/.dev
	$(BIN)/pytest -m "not slow" -n auto --cov --cov-report=term:skip-covered

# The versions that this environment has, written down as the ones tested.
lock: $(VENV)/.dev
	$(BIN)/python -m pip freeze --exclude-editable --exclude kenbaar --disable-pip-version-check > requirements-tested.txt

bench: $(VENV)/.run
	$(BIN)/kenbaar pack fetch
	$(BIN)/kenbaar bench sweep
	$(BIN)/kenbaar bench match
	$(BIN)/python benchmarks/gallery/run.py
	$(BIN)/kenbaar bench publish

# Against other tools, each in an environment of its own in the user's cache: docs/benchmarks.md.
benchmarks: | $(BIN)/python
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) $(DEMO)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Kenbaar needs Python 3.11 or newer with its venv and ensurepip modules, and found none." \
		"On Debian and Ubuntu: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made with $(PYTHON)." \
		"On Debian and Ubuntu: apt-get install python3-venv. Or name another: make PYTHON=/path/to/python3 ..." >&2; exit 1; }

# Where the tests' editable install is there already, it is this very source, and nothing has to be installed again.
$(VENV)/.run: $(SOURCES) | $(BIN)/python
	@test -f $(VENV)/.dev || { echo "Installing Kenbaar into $(VENV) (half a minute or so)"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check .; }
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing Kenbaar and what its tests need into $(VENV) (a minute or so)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
