# `make run` starts everything. The other targets are for developers; PYTHON names the interpreter (3.11 or newer).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin/python
PIP := $(BIN) -m pip install --quiet --disable-pip-version-check
TEMPLATES = $(wildcard $(shell find templates -name '*.html' 2>/dev/null))

.PHONY: run venv venv-dev test test-external test-external-faults check format lock bench bench-peers chaos chaos-schedules browser frontend openapi

SECONDS ?= 60

run: venv
	@exec $(BIN) manage.py start

venv: $(VENV)/base.stamp $(VENV)/command.stamp

venv-dev: $(VENV)/dev.stamp $(VENV)/command.stamp

# Three at a time, file by file, in their order: two leave two cores idle a fifth of the time, three hardly.
# Alone: what takes figures or has the page's clock watched while processes are killed, because it needs the machine, and the
# public bugs of results, because some of them print what can't pass from one process to another.
ALONE := tests/chaos tests/bugs/test_res.py tests/acceptance/test_run_outages.py tests/acceptance/test_run_speed.py
TOGETHER := -n 3 --dist loadfile --no-loadscope-reorder $(addprefix --ignore=,$(ALONE))
test: venv-dev browser
	$(BIN) -m pytest $(TOGETHER)
	$(BIN) -m pytest $(ALONE)

# What is marked `database` once more, on the server of DATABASE_URL; ONLY names some of it. What kills and freezes workers is a
# target of its own: it takes longer than all the rest.
FAULTS := tests/faults
ONLY ?= tests
test-external: venv-dev
	$(BIN) -m pytest -m database $(TOGETHER) --ignore=$(FAULTS) $(ONLY)

test-external-faults: venv-dev
	$(BIN) -m pytest -m database $(FAULTS)

check: venv-dev
	$(BIN) -m ruff format --check .
	$(BIN) -m ruff check .
	$(BIN) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(if $(strip $(TEMPLATES)),$(VENV)/bin/djade --check $(TEMPLATES))
	$(BIN) manage.py check
	$(BIN) manage.py makemigrations --check --dry-run
	scripts/check_frontend.sh

# Builds static/app/ from frontend/ (needs Node 20.19 or newer; users of the site need neither).
frontend:
	cd frontend && npm ci --ignore-scripts && npm run build

format: venv-dev
	$(BIN) -m ruff format .
	$(BIN) -m ruff check --fix .
	$(if $(strip $(TEMPLATES)),$(VENV)/bin/djade $(TEMPLATES))

bench: venv-dev
	$(BIN) -m benchmarks.engine
	$(BIN) -m benchmarks.stream
	$(BIN) -m benchmarks.api
	$(BIN) -m benchmarks.admin

# The same work by other engines, each in an environment of its own.
bench-peers: venv-dev
	$(BIN) -m benchmarks.peers

# Workers are killed, frozen and stopped and the database is restarted while random trees run; then everything is checked.
chaos: venv-dev
	$(BIN) -m benchmarks.chaos --seconds $(SECONDS)

# Every-second schedules over two workers that are killed, for SECONDS; then every moment is looked for.
chaos-schedules: venv-dev
	SCHEDULE_SECONDS=$(SECONDS) $(BIN) -m pytest tests/faults/test_schedules.py --timeout $$(( $(SECONDS) * 3 + 240 ))

# The schema of the HTTP API as it is kept; a test fails when it is not the code's.
openapi: venv-dev
	$(BIN) scripts/openapi.py

browser: venv-dev
	@scripts/ensure_chromium.sh $(BIN)

# Raises nothing by itself: pins stay until `make lock UPGRADE=--upgrade`, or `UPGRADE="--upgrade-package NAME"`.
# The marker that says "CPython on Linux or macOS" is true wherever this runs, so it is left out.
lock: venv-dev
	for name in base dev build; do \
		$(BIN) -m uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url \
			$(UPGRADE) requirements/$$name.in -o requirements/$$name.txt >/dev/null && \
		sed -i.bak "/platform_python_implementation == 'CPython' and (sys_platform == 'darwin' or sys_platform == 'linux')$$/s/ ;.*//" requirements/$$name.txt && \
		rm requirements/$$name.txt.bak || exit 1; \
	done

# A stamp is a copy of the lock that was installed; a newer lock or a newer interpreter installs again.
$(VENV)/base.stamp: requirements/base.txt $(VENV)/bin/python
	$(PIP) -r requirements/base.txt
	@cp requirements/base.txt $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	$(PIP) -r requirements/dev.txt
	@cp requirements/dev.txt $@

# The `apflow` command, from this checkout. Nothing is fetched but the pinned builder.
$(VENV)/command.stamp: requirements/build.txt pyproject.toml $(VENV)/base.stamp
	$(PIP) -r requirements/build.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@cp requirements/build.txt $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: install it, or name it as in make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
