# Every target sets up what it needs by itself. PYTHON may name another interpreter (3.11 or 3.12).
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.8
PROMPT ?= upbeat pop song about summer, 2 minutes
PROOFS ?= api_fuzz api_two_users edits edits_people_make five races cancels partial kills takes batches garbage outages trees engine_faults engines
COMPOSER ?= understood style_measures groove_rules groove_identity tonal_rules arrangement_rules hit_points \
	lyrics_proof critic_scores critic_twins critic_diversity exports_proof
SOAK_STATE ?= benchmarks/results/soak
# Which torch local models get: pip takes a CPU build of it where it finds one; TORCH=torch gets the newest, with CUDA.
TORCH ?= torch==2.13.0
AUDIOCRAFT ?= audiocraft==1.3.0
ML := .venv-ml/bin/python -m pip --disable-pip-version-check install --quiet
export UV_LINK_MODE := copy

.PHONY: demo models test test-ml coverage lint up bench proofs soak docs font clean

demo: .venv/.core font ## make a song and say where it is
	$(BIN)/musicgen compose "$(PROMPT)" --seed 1

test: .venv/.dev font ## run every test
	@scripts/system-packages.sh "chromium:chromium:tests in a real browser will not run" \
		"pg_ctlcluster:postgresql:tests over PostgreSQL will not run"
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-ml: .venv/.dev .venv-ml/.done font ## run the tests of local models, with real libraries and random weights
	$(BIN)/python -m pytest -m ml tests/local_models

coverage: .venv/.dev font ## run every test and count which lines they reach
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

lint: .venv/.dev ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

up: .venv/.core font ## page, API and Dagster UI on this checkout's home, with one list of addresses
	$(BIN)/musicgen up

bench: .venv/.dev font ## measure, as ratios side by side in one run
	@scripts/system-packages.sh "fluidsynth:fluidsynth:the shell chain has no renderer" "ffmpeg:ffmpeg:the shell chain has no loudnorm and no LAME" \
		"hey:hey:clients that never wait are left out"
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.api_load

proofs: .venv/.dev ## what songs are worth before they sound: rules, words, critic, sheets (docs/measuring.md)
	@failed=; for proof in $(COMPOSER); do echo "== $$proof"; $(BIN)/python -m benchmarks.$$proof || failed="$$failed $$proof"; \
	done; test -z "$$failed" || { echo "broken:$$failed"; exit 1; }

# The proofs keep every finished case under SOAK_STATE: stop them when you like, and the next `make soak` goes on.
soak: .venv/.dev font ## the long forms of the tests, hours; goes on where it was stopped
	$(BIN)/python -m pytest -m soak -n 2 tests/soak
	$(BIN)/python -m benchmarks.prompts
	@failed=; for proof in $(PROOFS); do $(BIN)/python -m benchmarks.soak.$$proof --state $(SOAK_STATE) || failed="$$failed $$proof"; \
	done; $(BIN)/python -m benchmarks.revisions; $(MAKE) proofs || failed="$$failed composer"; \
	test -z "$$failed" || { echo "broken:$$failed"; exit 1; }

docs: .venv/.dev ## write the generated parts of docs/
	$(BIN)/python scripts/write_docs.py

font:
	@scripts/fetch-soundfont.sh

# One environment, two depths. --inexact keeps the installer itself and whatever the deeper one added.
.venv/.uv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.core: .venv/.uv pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --frozen --inexact --compile-bytecode --extra selection --python $(BIN)/python
	@touch $@

.venv/.dev: .venv/.uv pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --frozen --inexact --compile-bytecode --extra selection --extra dev --python $(BIN)/python
	@touch $@ .venv/.core

models: .venv-ml/.done ## the environment of local models: torch, transformers, audiocraft, demucs (1.6 GB)

# audiocraft pins libraries that no longer resolve; what it really needs is in the extra `ml` (docs/local-models.md).
.venv-ml/.done: pyproject.toml scripts/local_model_requirements.py
	$(PYTHON) -m venv .venv-ml
	$(ML) "$(TORCH)" "setuptools<81" wheel
	.venv-ml/bin/python scripts/local_model_requirements.py > .venv-ml/requirements.txt
	$(ML) "$(TORCH)" -r .venv-ml/requirements.txt
	$(ML) --no-deps --no-build-isolation "$(AUDIOCRAFT)"
	@touch $@

clean: ## remove what can be made again (never .musicgen, where your songs are)
	rm -rf .venv .venv-ml .cache .pytest_cache .mypy_cache .ruff_cache
