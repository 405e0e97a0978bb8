# The two commands are `make demo` and `make test`. Both first build their own environment in .venv.
SHARED ?= ../shared
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# The random order of the tests. A failure repeats with `make test SEED=N`.
SEED := $(or $(SEED),$(shell date +%s))
PYTEST := python -m pytest -n 2 --dist loadgroup --randomly-seed=$(SEED)
INSTALL := python -m pip install --quiet --no-compile
# pip compiles on one core only. Files for another version of Python fail to compile, which does no harm.
COMPILE := python -m compileall -qq -j 0
# Where this is set, each of the hundred processes of the tests would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE
EXTRAS := gallery interchange mlflow onnx postgres ray serve tensorboard test video
LOCK := uv pip compile --quiet --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	--constraint requirements/pins.in pyproject.toml

.PHONY: help python demo test test-exhaustive matrix test-newest lint format docs picture lock results open-set identity perf bench sweep data dist clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

python:
	@test -n "$(PYTHON)" || { echo "himpc needs Python 3.11, 3.12 or 3.13: install one, or run: make PYTHON=/path/to/python"; exit 2; }

.venv/demo-ready: pyproject.toml requirements/dev.txt | python
	@echo "installing himpc with its galleries and server into .venv, which takes a minute or two"
	$(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) --constraint requirements/dev.txt --editable '.[gallery,serve]'
	@touch $@

.venv/ready: .venv/demo-ready
	@echo "installing the extras and tools of development into .venv, which takes some minutes"
	$(BIN)/$(INSTALL) --constraint requirements/dev.txt --editable '.[dev]'
	@$(BIN)/$(COMPILE) .venv/lib src || true
	@touch $@

demo: .venv/demo-ready  ## simulate walkers, train, evaluate and group them, and draw the result
	$(BIN)/himpc demo --out demo

test: .venv/ready  ## run every test, in random order
	@echo "random order: repeat it with 'make test SEED=$(SEED)'"
	$(BIN)/$(PYTEST)
	@echo "Next: 'make lint' checks style and types; 'make demo' shows the main job; CONTRIBUTING.md explains how to contribute."

test-exhaustive: .venv/ready  ## run every test with all damaged files, examples and frames, of which 'make test' tries a part
	$(BIN)/$(PYTEST) --exhaustive

matrix: .venv/ready  ## test the wheel with Python 3.11 to 3.13, and with the lowest and newest versions of dependencies
	.ci/matrix

test-newest: | python  ## run the tests with the newest version of every dependency but torch
	rm -rf .venv-newest
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/$(INSTALL) --upgrade --editable '.[dev]' 'torch==2.13.0'
	.venv-newest/bin/$(PYTEST)

lint: .venv/ready  ## check style, format, types, the import order, scripts and the container file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck .ci/* packaging/release.sh
	$(BIN)/hadolint packaging/Containerfile

format: .venv/ready  ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/ready  ## build the site in build/docs, with the generated parts of the documents up to date
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --jobs auto docs build/docs
	$(BIN)/python docs/check_site.py build/docs

picture: .venv/ready  ## draw the picture of the README
	$(BIN)/python docs/picture.py

lock: .venv/ready  ## resolve the versions in requirements/ again
	$(BIN)/$(LOCK) --universal --extra dev --output-file requirements/dev.txt
	$(BIN)/$(LOCK) --upgrade --resolution lowest-direct $(EXTRAS:%=--extra %) --output-file requirements/lowest.txt

results: .venv/ready  ## measure the tables of docs/results.md on the real recordings in $(SHARED)/data
	$(BIN)/python perf/results.py --data $(SHARED)/data --runs runs/results --out docs/results.md
	$(BIN)/python perf/open_set.py --data $(SHARED)/data --runs runs/open-set

open-set: .venv/ready  ## measure identification with unknown persons
	$(BIN)/python perf/open_set.py --data $(SHARED)/data --runs runs/open-set

identity: .venv/ready  ## measure ranking, grouping and open-set rates on every real set, beside the supervised upper bound
	$(BIN)/python perf/identity.py --data $(SHARED)/data --ablations --diagnostics

sweep: .venv/ready  ## measure the effect of each setting into docs/sweep; an interrupted sweep resumes
	for grid in kinect-v1-actions tracklet-kinect-v1-actions tracklet-cross-session-hard; do \
		case $$grid in *kinect*) root="--root $(SHARED)/data" ;; *) root="" ;; esac; \
		$(BIN)/himpc sweep perf/$$grid.toml $$root --out docs/sweep/$$grid --threads 1 || [ $$? -eq 3 ] || exit 1; \
	done

perf: .venv/ready  ## measure time and memory of every stage by number of windows
	$(BIN)/python perf/stages.py

bench: .venv/ready  ## measure how long verbs take, and how grouping grows with the number of recordings
	$(BIN)/python perf/verbs.py --repeats 1
	$(BIN)/python perf/floors.py
	$(BIN)/python perf/archive.py --sizes 1000 10000 100000 --people 100 --difficulty easy

data: .venv/ready  ## build the optional package himpc-data from the original recordings in $(SHARED)/data into dist
	$(BIN)/python packaging/data/build.py $(SHARED)/data --out dist

dist: .venv/ready  ## build the wheel and the source distribution
	$(BIN)/python -m build --outdir dist .

clean:  ## remove everything that was built
	rm -rf .venv .venv-newest dist demo build docs/reference/api docs/reference/cli.rst
