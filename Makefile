# Every target sets up what it needs. A machine needs Python 3.11 with pip, and make; nothing else.

PYTHON ?= python3
VENV := .venv
JUDGES := .venv-judges
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header $(UPGRADE)
LOCK := $(COMPILE) pyproject.toml

.PHONY: help run test future check browser demo bench district campaign judges lock clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## serve on 127.0.0.1:$PORT (8000), store in $BIDAO_DATA (./data), with the article's cases unless BIDAO_DEMO=0
	@BIDAO_DATA="$${BIDAO_DATA:-./data}" BIDAO_DEMO="$${BIDAO_DEMO:-1}" \
		BIDAO_HEADER_IDENTITY="$${BIDAO_HEADER_IDENTITY:-1}" \
		$(BIN)/bidao serve --host 127.0.0.1 --port "$${PORT:-8000}"

demo: $(VENV)/.run ## replay the article's cases into an empty store and print them
	@$(BIN)/bidao demo

test: check browser ## everything: check, then all tests
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal

check: $(VENV)/.dev ## fast: lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# As root on a Debian; elsewhere the tests say what is missing.
browser: ## a browser with Chinese type for the tests of printed pages, where there is none
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q . || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk; } >/dev/null || \
		echo "chromium and fonts-noto-cjk could not be installed: the tests of printed pages will fail" >&2

# The date matters to rules, clocks and doors; stores, faults and speed are tested today, on every database.
future: $(VENV)/.dev ## the tests with the clock in 2027, a year whose working days are not published, but for those of stores
	BIDAO_TEST_DATE=2027-03-01 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal \
		--ignore tests/casework --ignore tests/backup --ignore tests/faults --ignore tests/bench -k "not postgres"

bench: $(VENV)/.dev ## the speed table, as text and bench.json
	$(BIN)/python -m tests.bench

district: $(VENV)/.dev ## a district of 135,000 cases kept, asked and recomputed by hand, as text and district.json
	$(BIN)/python -m tests.bench --only district --json district.json $(DISTRICT)

campaign: $(VENV)/.dev ## a thousand kills (kill -9) under load, ten thousand rewritings of each database, and what came of them, as text and JSON
	$(BIN)/python -m tests.transparency
	$(BIN)/python -m tests.faults

# As root on a Debian; elsewhere it is said what is missing.
judges: $(VENV)/.dev $(JUDGES)/.done ## what others make of what we sealed, stamped, bundled and exported: Go's libraries, pymerkle, openssl, pm4py and r4pm
	@command -v openssl >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssl; } >/dev/null || true
	@{ command -v go >/dev/null && test -d /usr/share/gocode/src/golang.org/x/mod/sumdb; } || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go golang-golang-x-mod-dev; } >/dev/null || true
	$(BIN)/python -m tests.outside

lock: $(VENV)/.dev ## the lock files anew from pyproject.toml; UPGRADE=--upgrade takes newer versions
	$(LOCK) --group build --output-file requirements.txt
	$(LOCK) --group build --group dev --constraint requirements.txt --output-file requirements-dev.txt
	$(COMPILE) --group judges --output-file requirements-judges.txt
	@! grep -nE '://|^--' requirements.txt requirements-dev.txt requirements-judges.txt || { echo "a lock file must name no address"; exit 1; }

clean: ## remove the environment and all caches; the data stays
	rm -rf $(VENV) $(JUDGES) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis

# A stamp stands for a finished installation. Both go before one begins, so after an interruption neither is
# left and the environment is built from nothing; pip is the machine's own, which spares a Debian its python3-venv.
define install
@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=...")'
@echo "Installing $< into $(VENV) (once; a minute or two)"
@test -e $(VENV)/.run || $(PYTHON) -m venv --clear --without-pip $(VENV)
@rm -f $(VENV)/.run $(VENV)/.dev
@$(PIP) install --quiet --require-hashes --requirement $<
@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
@touch $(VENV)/.run
endef

$(VENV)/.run: requirements.txt pyproject.toml
	$(install)

$(VENV)/.dev: requirements-dev.txt pyproject.toml
	$(install)
	@touch $@

# Not among what the service or its tests are built on: another environment, and other licences.
$(JUDGES)/.done: requirements-judges.txt
	@echo "Installing $< into $(JUDGES) (once; a minute or two)"
	@$(PYTHON) -m venv --clear --without-pip $(JUDGES)
	@$(PYTHON) -m pip --python $(JUDGES)/bin/python --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@
