# The two commands are `make demo` and `make test`; both build their own environment in .venv first.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALL := python -m pip install --quiet --no-compile --constraint constraints.txt --editable
# pip would compile on one core; what is no Python for this Python is passed over
COMPILE := python -m compileall -qq -j 0
SHARED ?= ../shared

.PHONY: help python demo test lint format results open-set bench sweep dist clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

python:
	@test -n "$(PYTHON)" || { echo "himpc needs Python 3.11, 3.12 or 3.13: install one, or name it: make PYTHON=/path/to/python"; exit 2; }

.venv/ready: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) '.[dev]'
	@$(BIN)/$(COMPILE) .venv/lib || true
	@touch $@

# Video has an environment of its own: MediaPipe 0.10.21 wants NumPy 1, all the rest is tested with NumPy 2.
.venv-video/ready: pyproject.toml constraints.txt | python
	@mkdir -p .venv-video
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then \
		echo "video is not tested: its parts want NumPy 1, so Python 3.11 or 3.12"; \
	else \
		set -x; $(PYTHON) -m venv .venv-video && .venv-video/bin/$(INSTALL) '.[gallery,test,video]' && \
		{ .venv-video/bin/$(COMPILE) .venv-video/lib || true; }; \
	fi
	@touch $@

demo: .venv/ready  ## simulated walkers: train, evaluate, group, and a picture to look at
	$(BIN)/himpc demo --out demo

test: .venv/ready .venv-video/ready  ## every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup
	@[ ! -x .venv-video/bin/python ] || { set -x; .venv-video/bin/python -m pytest -n 2 --dist loadgroup tests/video src/himpc/video; }
	@echo "Next: 'make lint' checks style and types; 'make demo' shows the main job; CONTRIBUTING.md says how we work."

lint: .venv/ready  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/ready  ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

results: .venv/ready  ## measure the table of the README on the real recordings in $(SHARED)/data
	$(BIN)/python perf/results.py --data $(SHARED)/data --runs runs/results --out docs/results.md --readme README.md
	$(BIN)/python perf/open_set.py --data $(SHARED)/data --runs runs/open-set --results docs/results.md

open-set: .venv/ready  ## measure "is this anybody we know?": the last section of docs/results.md
	$(BIN)/python perf/open_set.py --data $(SHARED)/data --runs runs/open-set --results docs/results.md

sweep: .venv/ready  ## what each setting does, and each part of tracklet, into docs/sweep; stopped, it goes on
	for grid in kinect-v1-actions tracklet-kinect-v1-actions tracklet-cross-session-hard; do \
		case $$grid in *kinect*) root="--root $(SHARED)/data" ;; *) root="" ;; esac; \
		$(BIN)/himpc sweep perf/$$grid.toml $$root --out docs/sweep/$$grid --threads 1 || [ $$? -eq 3 ] || exit 1; \
	done

bench: .venv/ready  ## seconds and memory of every stage, by number of windows, beside plain formulas and bars
	$(BIN)/python perf/bench.py

dist: .venv/ready  ## wheel and source distribution
	$(BIN)/python -m build --outdir dist .

clean:  ## remove everything that was built
	rm -rf .venv .venv-video dist demo
