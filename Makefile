# make app: everything to serve the app.  make test: everything to test it; make test-fast: without
# the browser and the slow ones.
# Each step leaves a stamp in .venv; a second run does nothing twice.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two workers with a thread each: one app a worker, one Chromium, libraries in memory once for all.
# Bytecode is kept, also where the environment says otherwise: each of the processes that tests start is
# ready sooner.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: app test test-fast clean

app: $(VENV)/.runtime
	$(BIN)/python app.py

test: $(VENV)/.test $(VENV)/.browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

test-fast: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -m "not browser and not slow"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.test: requirements-test.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-test.txt
	touch $@ $(VENV)/.runtime

# Chromium for the browser tests, without windows if possible: the one on PATH, the system's package,
# Playwright's own.
# nginx for those behind a proxy and ffmpeg for videos, where apt can install them; without them their
# tests are skipped.
$(VENV)/.browser: | $(VENV)/.test
	command -v ffmpeg \
	|| (command -v apt-get && [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y --no-install-recommends ffmpeg) \
	|| (command -v apt-get && sudo -n true && sudo apt-get update && sudo apt-get install -y --no-install-recommends ffmpeg) \
	|| echo "ffmpeg is not installed: the tests with videos are skipped"
	command -v nginx || test -x /usr/sbin/nginx \
	|| (command -v apt-get && [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y --no-install-recommends nginx) \
	|| (command -v apt-get && sudo -n true && sudo apt-get update && sudo apt-get install -y --no-install-recommends nginx) \
	|| echo "nginx is not installed: the tests behind a proxy are skipped"
	command -v chromium-headless-shell || command -v chrome-headless-shell \
	|| (command -v apt-get && [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y chromium-headless-shell) \
	|| (command -v apt-get && sudo -n true && sudo apt-get update && sudo apt-get install -y chromium-headless-shell) \
	|| command -v chromium || command -v chromium-browser || command -v google-chrome \
	|| $(BIN)/python -m playwright install --with-deps --only-shell chromium \
	|| $(BIN)/python -m playwright install --only-shell chromium
	touch $@

clean:
	rm -rf $(VENV) runs screenshots
