# make demo | test | check | bench: what a newcomer and CI run. Nothing here needs more than Python 3.11+ and make.
# A failing step stops its target; every target can be run again.

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin
PIP    := $(RUN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test check format lock browser bench bench-monitor bench-ingest clean

## Start the server, replay conversations/ through it, print a review link per thread, serve until Ctrl-C.
demo: $(VENV)/.runtime
	@$(RUN)/python scripts/demo.py

## The whole suite, with everything a fresh machine needs for it. TESTS=tests/monitor runs a part.
test: $(VENV)/.develop browser
	@$(RUN)/python -m pytest $(TESTS)

## Formatting, lint and strict types.
check: $(VENV)/.develop
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/pyright

## Put code into the form that `make check` wants.
format: $(VENV)/.develop
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

## Pin again what requirements.in and requirements-dev.in ask for.
lock: $(VENV)/.develop
	@$(PIP) uv
	@$(RUN)/uv pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 --upgrade requirements.in -o requirements.txt
	@$(RUN)/uv pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 --upgrade requirements-dev.in -o requirements-dev.txt

## A browser for the browser tests: the system's, else Debian's package as root, else Playwright's own.
browser: $(VENV)/.develop
	@$(RUN)/python scripts/browser.py

## Every benchmark; each prints a table with the command that made it.
bench: bench-monitor bench-ingest

## What monitoring costs a request, and what is lost when the server of the steps fails.
bench-monitor: $(VENV)/.develop
	@$(RUN)/python -m bench.monitor
	@$(RUN)/python -m bench.monitor_loss

## Steps stored per second, and how fast they are read again.
bench-ingest: $(VENV)/.develop
	@$(RUN)/python -m bench.ingest

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis artifacts

$(VENV)/.runtime: requirements.txt
	@test -x $(RUN)/python || $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing requirements.txt into $(VENV) …"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.develop: requirements-dev.txt $(VENV)/.runtime
	@echo "installing requirements-dev.txt into $(VENV) …"
	@$(PIP) -r requirements-dev.txt
	@touch $@
