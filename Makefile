# Everything a fresh machine needs is Python 3.11 or newer, and make. `make help` lists the targets.
# Each target installs what it uses into .venv, once: the stamp files follow the requirement files.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
PORT ?=
RUN_OPTIONS ?=
BENCH_OPTIONS ?=
# One BLAS thread per process: several tests run at once, and more threads would only fight.
ONE_BLAS_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --quiet

# Caches of bytecode make every start of a process four times faster; some machines forbid them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test coverage lint bench bench-probing bench-ranking pictures season visibility rehearse pins clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.local-installed  ## start everything with the demo challenge (PORT=8001 to choose)
	@exec $(BIN)/python -m app.local $(if $(PORT),--port $(PORT)) $(RUN_OPTIONS)

test: $(VENV)/.dev-installed  ## unit, integration, browser and end-to-end tests
	@$(ONE_BLAS_THREAD) $(BIN)/python -m pytest -n logical --dist loadscope --no-loadscope-reorder \
		$(PYTEST_OPTIONS)

coverage: PYTEST_OPTIONS += --cov --cov-report=term
coverage: test  ## the same, and which lines and branches they reached (half as long again)

lint: $(VENV)/.dev-installed  ## ruff, mypy --strict and the import contracts
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@report=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$report"; exit 1; }
	@echo "lint: clean"

bench: $(VENV)/.dev-installed  ## the speed and memory figures, each beside a peer
	@for script in $(filter-out %/bench_probing.py,$(wildcard benchmarks/bench_*.py)); do \
		$(ONE_BLAS_THREAD) $(BIN)/python "$$script" || exit 1; \
	done

bench-probing: $(VENV)/.dev-installed  ## the probes beside scikit-learn and NeuCo-Bench (minutes)
	@$(ONE_BLAS_THREAD) $(BIN)/python benchmarks/bench_probing.py $(BENCH_OPTIONS)

bench-ranking: $(VENV)/.dev-installed  ## ranks, intervals and tiers of 1,000 entries beside a SciPy loop
	@$(ONE_BLAS_THREAD) $(BIN)/python benchmarks/bench_ranking.py $(BENCH_OPTIONS)

pictures: $(VENV)/.dev-installed  ## play the demo and take the README's pictures of it (needs Chromium)
	@$(BIN)/python docs/take_pictures.py docs

rehearse: $(VENV)/.dev-installed  ## play the EARTHVISION 2025 season, its weeks in minutes
	@$(ONE_BLAS_THREAD) $(BIN)/python -m pytest -v tests/e2e/test_earthvision.py

season: $(VENV)/.dev-installed  ## 60 teams, 1,500 uploads, every snapshot derived again (minutes)
	@$(ONE_BLAS_THREAD) $(BIN)/python benchmarks/season.py $(BENCH_OPTIONS)

visibility: $(VENV)/.dev-installed  ## docs/visibility.md anew: who sees what
	@$(BIN)/python -m tests.visibility > docs/visibility.md

pins: pyproject.toml  ## refresh requirements/ from pyproject.toml (needs uv)
	$(COMPILE) $(PIN_OPTIONS) pyproject.toml --extra server --extra s3 --extra embedded \
		--group build --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra server --extra embedded --group build \
		-c requirements/dev.txt -o requirements/local.txt
	$(COMPILE) pyproject.toml --extra server --extra s3 -c requirements/dev.txt \
		-o requirements/server.txt
	$(COMPILE) --group build -c requirements/dev.txt -o requirements/build.txt

clean:  ## remove the environment and caches; .data, the challenges, stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

# The first interpreter that is new enough; its absence, or that of ensurepip, is said in one line.
$(BIN)/python:
	@for python in python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$python; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Probeboard needs Python 3.11 or newer; this is \
$$(python3 --version 2>/dev/null || echo none)." >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This Python cannot make environments. Debian and Ubuntu: \
	apt install python3-venv; Fedora: dnf install python3-pip." >&2; exit 1; \
	fi; \
	$$found -m venv --clear $(VENV)

$(VENV)/.%-installed: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing requirements/$*.txt into $(VENV) (once; a minute or so) ..."
	@$(PIP) install --no-compile --require-hashes --requirement requirements/$*.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
