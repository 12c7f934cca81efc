# tocsin: `make` lists what can be made. Everything is installed from the lock files, with hashes.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -qq

# how many processes share the suite (tests/support/shared_out.py): one more than cores, for its longest tests wait for clocks
WORKERS ?= 3

# where `make install` puts things; DESTDIR is put in front of all of them
DESTDIR ?=
PREFIX ?= /opt/tocsin
CONFDIR ?= /etc/tocsin
DEFAULTS ?= /etc/default/tocsin
RUNDIR ?= /run/tocsin
STATEDIR ?= /var/lib/tocsin
LOGDIR ?= /var/log/tocsin
SUPERVISORLOGDIR ?= /var/log/tocsin-supervisor
INITDIR ?= /etc/init.d
UNITDIR ?= /lib/systemd/system
BINDIR ?= /usr/bin
SERVICE_USER ?= tocsin
export DESTDIR PREFIX CONFDIR DEFAULTS RUNDIR STATEDIR LOGDIR SUPERVISORLOGDIR INITDIR UNITDIR BINDIR SERVICE_USER

# a virtual environment that was moved, or whose Python is gone, is made anew
ifneq ($(shell cat $(VENV)/place 2>/dev/null && $(VENV)/bin/python -c 'print("works")' 2>/dev/null),$(CURDIR) works)
$(shell rm -f $(VENV)/run.stamp $(VENV)/test.stamp)
endif

.PHONY: help init run story test check bench client lock install uninstall clean
.DEFAULT_GOAL := help

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

init: $(VENV)/test.stamp  ## build the virtual environment with everything for tests

run: $(VENV)/run.stamp  ## start tocsin in the foreground, its state under ./var
	@TOCSIN_STATE="$${TOCSIN_STATE:-$(CURDIR)/var}"; export TOCSIN_STATE; mkdir -p "$$TOCSIN_STATE"; \
	echo "tocsin starts in the foreground with etc/tocsin.yml, its state in $$TOCSIN_STATE; in another terminal try"; \
	echo "  curl -i http://127.0.0.1:8420/webhook/script -d '{\"key\": \"db-1/disk\", \"title\": \"Disk almost full\"}'"; \
	echo "  $(VENV)/bin/tocsinctl status"; \
	exec $(VENV)/bin/tocsind --config etc/tocsin.yml

story: $(VENV)/test.stamp  ## a metric becomes a text message: docs/instrumented-programs.md, on this machine alone
	@$(VENV)/bin/python docs/examples/trading/run.py

test: $(VENV)/test.stamp  ## lint, types, import contracts, the whole suite
	@$(VENV)/bin/python -m pytest -n $(WORKERS)

check: $(VENV)/test.stamp  ## the quick part of the suite
	@$(VENV)/bin/python -m pytest -n $(WORKERS) -m 'not slow'

bench: $(VENV)/test.stamp  ## the benchmarks, with tables and a chart
	@$(VENV)/bin/python bench/run.py

client: $(VENV)/run.stamp  ## build the module for applications, as a wheel in dist/
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist client/
	@rm -rf client/build
	@ls dist/tocsin_client-*.whl

install:  ## install the service (DESTDIR, PREFIX and the variables at the top of this file)
	@PYTHON="$(PYTHON)" sh init.d/install.sh install

uninstall:  ## remove it; configuration and state stay unless PURGE=1
	@PURGE="$(PURGE)" sh init.d/install.sh uninstall

clean:  ## remove what was built; ./var stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Only published files count: no local index, wheel folder or cache of this machine gets into a lock.
LOCK := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= build/lock/bin/pip-compile --quiet \
	--generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --no-emit-options --pip-args '--only-binary :all:' --upgrade

lock:  ## resolve setup.cfg anew into the two lock files
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip --quiet install 'pip-tools>=7.6'
	$(LOCK) --extra build -o requirements.lock setup.cfg
	$(LOCK) --extra build --extra test -c requirements.lock -o requirements-test.lock setup.cfg
	for lock in requirements.lock requirements-test.lock; do \
		sed -i -e '/^# The following packages are considered/d' \
			-e '1i # Made by `make lock` from setup.cfg: exact versions with the hashes of their published files.' $$lock; \
	done

$(VENV)/run.stamp: requirements.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tocsin needs Python 3.11 or newer; $(PYTHON) is older: say make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "building $(VENV) from requirements.lock"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@printf '%s' '$(CURDIR) ' > $(VENV)/place
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp requirements-test.lock
	@echo "adding requirements-test.lock"
	@$(PIP) install --require-hashes -r requirements-test.lock
	@touch $@
