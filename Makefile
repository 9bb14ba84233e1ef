# ClapTrap: `make run` is all you need. Every target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := build/peers
SIDE_BY_SIDE := --dist loadgroup  # of tests marked with one xdist_group, as those of sound in real time, one at once
HOME_ASSISTANT := build/home-assistant-core
HOME_ASSISTANT_PYTHON ?= python3.13
PAGE_SOURCES := $(shell find frontend -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: run install page wire test test-home-assistant check lint lint-deploy format bench bench-tools bench-quality bench-live bench-load bench-cluster soak audit notices docs lock clean install-service addon

run: install  ## start ClapTrap on http://localhost:16045
	@exec $(BIN)/claptrap serve

install: $(VENV)/.installed  ## set up .venv; afterwards $(VENV)/bin/claptrap works

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ClapTrap needs Python 3.11 or newer; $(PYTHON) is older. Try: make run PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv"; rm -rf $(VENV); exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock pyproject.toml hatch_build.py $(PAGE_SOURCES)
	@sh scripts/system-packages run
	@echo "Setting up $(VENV) (a minute or so, only this once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@sh scripts/node-version || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock || \
		echo "Node could not be installed: the page will not be built, everything else works."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

addon:  ## the Home Assistant add-on, in build/home-assistant/claptrap
	@sh scripts/make-addon

install-service:  ## on Debian or Ubuntu, as root: ClapTrap for the whole machine, started by systemd
	@PYTHON=$(PYTHON) sh scripts/install-service

page: $(VENV)/.installed  ## build the page again
	@$(BIN)/python hatch_build.py

wire: $(VENV)/.installed  ## write frontend/src/wire.ts anew, after a change of what the API says; needs Node
	@$(BIN)/python scripts/check_page.py --write

test: $(VENV)/.installed-dev  ## all tests, with real devices, servers and a browser
	@sh scripts/system-packages test
	@$(BIN)/python -m pytest -n 3 $(SIDE_BY_SIDE)  # on two cores: the tests of devices mostly wait

test-home-assistant: $(VENV)/.installed-dev  ## with the real Home Assistant core, which needs Python 3.13: two minutes, not part of `make test`
	@sh scripts/system-packages test
	@test -x $(HOME_ASSISTANT)/bin/hass || { $(HOME_ASSISTANT_PYTHON) -m venv $(HOME_ASSISTANT) && \
		$(HOME_ASSISTANT)/bin/pip install --quiet --disable-pip-version-check homeassistant; }
	@CLAPTRAP_TEST_HOME_ASSISTANT=$(CURDIR)/$(HOME_ASSISTANT)/bin/hass $(BIN)/python -m pytest tests/home_assistant

check: $(VENV)/.installed-dev  ## the fast tests, to run every minute
	@$(BIN)/python -m pytest -q -m "not slow" -n 3 $(SIDE_BY_SIDE)

lint: $(VENV)/.installed-dev  ## style, types (Python's and the page's), floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/check_page.py

lint-deploy: $(VENV)/.installed-dev  ## what is for other machines: workflow, images, YAML, shell scripts
	@$(BIN)/pip install --quiet --disable-pip-version-check -r packaging/requirements-lint.txt
	@sh scripts/make-addon > /dev/null
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/actionlint
	@$(BIN)/hadolint Dockerfile build/home-assistant/claptrap/Dockerfile
	@$(BIN)/yamllint --strict $$(git ls-files '*.yml' '*.yaml')
	@$(BIN)/shellcheck $$(grep -lE '^#!/(bin/sh|usr/bin/env bash)' scripts/* .ci/run packaging/systemd/*)

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

notices: $(VENV)/.installed  ## write NOTICES.md anew, after a change of dependencies
	@$(BIN)/python scripts/notices.py

docs: $(VENV)/.installed-dev  ## the site of the documentation, in build/docs
	@$(BIN)/mkdocs build --strict --quiet
	@echo "build/docs/index.html"

bench: bench-quality bench-live bench-load  ## all figures, beside others, into benchmarks/results; on an idle machine, for two hours

bench-tools: $(VENV)/.installed-dev $(PEERS)/.installed
	@sh scripts/system-packages test
	@$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt

$(PEERS)/.installed: benchmarks/requirements-peers.txt  # others that hear claps, under a Python of their own
	@$(PYTHON) -m venv $(PEERS)
	@grep -v '^#' $< | while read -r package; do $(PEERS)/bin/pip install --quiet --disable-pip-version-check "$$package" || \
		echo "$$package could not be installed: the benchmarks go on without it"; done
	@touch $@

bench-quality: bench-tools  ## how well claps are heard; needs the recordings (CLAPTRAP_SHARED)
	@$(BIN)/python -m benchmarks.quality --curve
	@$(BIN)/python -m benchmarks.quality_peers
	@$(BIN)/python -m benchmarks.bursts
	@$(BIN)/python -m benchmarks.plots

bench-live: bench-tools  ## what one source costs, clap to webhook, start and adding sources; AGAINST=FOLDER: beside another commit's src
	@$(BIN)/python -m benchmarks.live_cost $(if $(AGAINST),--against $(AGAINST))
	@$(BIN)/python -m benchmarks.live_peers $(if $(AGAINST),--against $(AGAINST))
	@$(BIN)/python -m benchmarks.clap_latency $(if $(AGAINST),--against $(AGAINST))
	@$(BIN)/python -m benchmarks.latency_peers $(if $(AGAINST),--against $(AGAINST))
	@$(BIN)/python -m benchmarks.growth $(if $(AGAINST),--against $(AGAINST))
	@$(BIN)/python -m benchmarks.plots

bench-load: bench-tools  ## what many sources cost, whether every clap is heard, and whether memory is flat; takes an hour
	@$(BIN)/python -m benchmarks.load vban
	@$(BIN)/python -m benchmarks.load rtsp
	@$(BIN)/python -m benchmarks.rtsp_load
	@$(BIN)/python -m benchmarks.load_churn
	@$(BIN)/python -m benchmarks.plots

HOURS ?= 2
soak: $(VENV)/.installed-dev  ## whether anything is lost while everything fails, for HOURS=2
	@sh scripts/system-packages test
	@$(BIN)/python -m benchmarks.soak --hours $(HOURS)

bench-cluster: $(VENV)/.installed-dev  ## placement, healing and broker traffic of 1,000 null sources
	@$(BIN)/python -m benchmarks.cluster

audit: $(VENV)/.installed-dev  ## ask the public list whether a pinned package has a known weakness; needs a network
	@sh scripts/audit $(BIN)/python

lock: $(VENV)/.installed-dev  ## renew the lock files; needs uv on the path
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml requirements-build.in -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-c requirements.lock requirements-dev.in -o requirements-dev.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements-node.in -o requirements-node.lock

clean:
	rm -rf $(VENV) build dist src/claptrap/web/assets frontend/node_modules
