# Every target works in a fresh clone: it makes .venv with python3 (3.11 or later) and installs what it needs.
#   make demo          the whole story in under a minute      (ARGS="--serve" keeps it running)
#   make test          all tests                              (ARGS="-k chat" and the like; WORKERS=0: all in this process)
#   make test-pythons  the engine's tests on every other Python that is here: 3.12, 3.13, 3.14   (PYTHONS="/opt/bin/python3.13")
#   make test-pydantics  the adapters' tests on older versions of pydantic with the FastAPI of their time
#   make check         format, lint, types, layers; changes nothing
#   make lint          mends what can be mended
#   make bench         the demo's load at three sizes as JSON lines; steady state with and without; holds
#   make bench-replay  real releases and commits, upgraded and compared with cold imports, beside other tools
#                      (ARGS="--all --peers --last 10", ARGS="--git PATH --packages app --install fastapi")
#   make client        the browser client's scripts, minified and compressed, from their sources
#   make clean         removes caches and .venv

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
# Processes that share the tests (tests/crews.py says how).
WORKERS ?= 2

.PHONY: demo test test-pythons test-pydantics check lint bench bench-replay client clean
.DEFAULT_GOAL := test

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "flyhot needs Python 3.11 or later; $(PYTHON) is older. Say which one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.dev-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo-installed

$(VENV)/.demo-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	@touch $@

demo: $(VENV)/.demo-installed
	$(BIN)/python -m flyhot_deploy demo $(ARGS)

test: $(VENV)/.dev-installed
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m tests.crews --lanes $(WORKERS)
else
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)
endif

PYTHONS ?= $(foreach v,3.12 3.13 3.14,$(firstword $(wildcard $(HOME)/.pyenv/versions/$(v).*/bin/python) $(shell command -v python$(v))))

test-pythons:
	@[ -n "$(strip $(PYTHONS))" ] || { echo "no other Python found; say which: make test-pythons PYTHONS=/path/to/python3.13" >&2; exit 1; }
	@for python in $(PYTHONS); do \
	  venv=$(VENV)-$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])') || exit 1; \
	  [ -e $$venv/bin/python ] || $$python -m venv $$venv || exit 1; \
	  $$venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' || exit 1; \
	  echo "== $$($$venv/bin/python --version)"; \
	  $$venv/bin/python -m pytest --quiet tests/asgi/engine $(ARGS) || exit 1; \
	done

PYDANTICS ?= 2.5.3/0.109.2 2.7.4/0.111.1 2.9.2/0.115.4 2.11.7/0.116.1

test-pydantics: $(VENV)/.dev-installed
	@for pair in $(PYDANTICS); do \
	  over=$(VENV)/pydantic-$${pair%/*}; \
	  [ -e $$over ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check --target $$over \
	    "pydantic==$${pair%/*}" "fastapi==$${pair#*/}" 2>/dev/null || exit 1; \
	  echo "== pydantic $${pair%/*}, FastAPI $${pair#*/}"; \
	  PYTHONPATH=$$over $(BIN)/python -m pytest --quiet -W ignore::PendingDeprecationWarning -W ignore::DeprecationWarning \
	    tests/asgi/engine/adapters/test_models.py tests/asgi/engine/adapters/test_pydantic.py $(ARGS) || exit 1; \
	done

check: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_layers.py

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev-installed
	@for clients in 20 100 400; do \
	  $(BIN)/python -m flyhot_deploy demo --json --clients $$clients $(ARGS) || exit 1; \
	done
	$(BIN)/python -m tests.benchmarks

bench-replay: $(VENV)/.dev-installed
	$(BIN)/python -m tests.benchmarks.replay $(or $(ARGS),--all --peers --last 3 --minutes 30)

client: $(VENV)/.dev-installed
	$(BIN)/python -m flyhot_asgi.client.build

clean:
	rm -rf $(VENV) $(VENV)-3.* .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
