# Two commands: `make run` sets up and serves on this machine, `make test` runs every test. `make check` judges the code.
# `make mutate-guards` takes each guard of the database away and sees a test turn red (writes docs/assurance.md).

PYTHON ?= python3
python := .venv/bin/python
run_packages := fontconfig libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk
test_packages := $(run_packages) chromium libatomic1

export PYTHON
MAKEFLAGS += --no-print-directory
.PHONY: run test check mutate-guards run-environment test-environment

run: run-environment
	@exec $(python) -m langfang_union.serve

test check: export DJANGO_SETTINGS_MODULE = langfang_union.settings_test
test: test-environment
	@flock --close var/.test.lock $(python) -m pytest -n 2

check: test-environment
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m djlint --quiet --lint templates
	.venv/bin/lint-imports --no-logo
	$(python) -m mypy
	$(python) manage.py makemigrations --check --dry-run
	@sh scripts/deploy_check.sh
	$(python) -m pytest -q tests/architecture/test_locks.py

mutate-guards: test-environment
	@flock --close var/.guards.lock $(python) scripts/mutate_guards.py

run-environment:
	@sh scripts/system_packages.sh $(run_packages)
	@sh scripts/environment.sh requirements.lock

test-environment:
	@sh scripts/system_packages.sh $(test_packages)
	@sh scripts/environment.sh requirements-dev.lock
