# Set-up, demo, tests. `make help` lists what there is. Every step of the set-up leaves a stamp, so that a set-up that
# was stopped goes on where it was; pip's own cache saves what was fetched or built before.

VENV   ?= .venv
JOBS   ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
PYTHON ?= $(shell for p in python3.11 python3.12 python3.10 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --disable-pip-version-check --constraint requirements/tested.txt
STAMPS := $(VENV)/.stamps
# The tier that was chosen last stands in a file from the first moment of its set-up: `make demo` and `make test` stay
# with it, also those that start while it is still under way. One process at a time sets up, the others wait for it.
TIER   := $(or $(shell cat $(STAMPS)/tier 2>/dev/null),$(if $(wildcard $(STAMPS)/lite),lite,full))
LOCK   := $(if $(shell command -v flock),flock $(VENV).lock)
TESTED  = $(shell sed -n 's/^$(1)==//p' requirements/tested.txt)

.DEFAULT_GOAL := help
.PHONY: help setup setup-lite .choose .ready .tier demo .demo test test-all lint docs links clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

setup: ## Everything, with the compiled mmcv (needs a C++ compiler; about 10 minutes on 2 cores, 8.2 GB)
	@$(LOCK) $(MAKE) --no-print-directory .choose WANTED=full OTHER=lite
	@$(MAKE) --no-print-directory .ready

setup-lite: ## Without a compiler, in a few minutes: pre-training, zero-shot, retrieval; no detection, no segmentation
	@$(LOCK) $(MAKE) --no-print-directory .choose WANTED=lite OTHER=full
	@$(MAKE) --no-print-directory .ready

.choose:
	@mkdir -p $(STAMPS)
	@rm -f $(STAMPS)/$(OTHER) $(STAMPS)/$(if $(filter lite,$(OTHER)),mmcv-lite,mmcv)
	@echo $(WANTED) > $(STAMPS)/tier

# The tier is read again behind the lock: another set-up may have chosen it while this one waited.
.ready:
	@$(LOCK) $(MAKE) --no-print-directory .tier

.tier: $(STAMPS)/$(TIER)

# ------------------------------------------------------------------------------------------------ steps of the set-up

$(STAMPS)/venv:
	@test -n '$(PYTHON)' || { echo 'Python 3.10 to 3.13 is needed; none was found. Name one: make PYTHON=/path/to/python3.11'; exit 1; }
	@echo '[1/5] virtual environment in $(VENV), with $(PYTHON) (some seconds)'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@$(PIP) -q --upgrade pip wheel setuptools ninja psutil
	@touch $@

$(STAMPS)/torch: requirements/tested.txt | $(STAMPS)/venv
	@echo '[2/5] PyTorch $(call TESTED,torch) (about 2 minutes; 2 to 3 GB are fetched unless pip has them)'
	@$(PIP) torch torchvision
	@touch $@

$(STAMPS)/mmcv: $(STAMPS)/torch | tools/setup/build_mmcv.py
	@echo '[3/5] mmcv $(call TESTED,mmcv), compiled with $(JOBS) jobs (about 8 minutes on 2 cores; seconds when pip has it)'
	@$(PY) -m pip uninstall -q -y mmcv-lite 2>/dev/null || true
	@MAX_JOBS=$(JOBS) $(PY) tools/setup/build_mmcv.py --log $(VENV)/mmcv-build.log -- \
		--constraint requirements/tested.txt mmcv
	@touch $@

$(STAMPS)/mmcv-lite: $(STAMPS)/torch
	@echo '[3/5] mmcv-lite $(call TESTED,mmcv-lite), which needs no compiler (some seconds)'
	@$(PY) -m pip uninstall -q -y mmcv mmdet mmsegmentation 2>/dev/null || true
	@$(PIP) mmcv-lite
	@touch $@

$(STAMPS)/full: $(STAMPS)/mmcv $(wildcard requirements/*.txt) setup.py
	@echo '[4/5] the OpenMMLab toolboxes and the other requirements (about 1 minute)'
	@$(PIP) -r requirements/runtime.txt -r requirements/mminstall.txt -r requirements/exports.txt -r requirements/web.txt -r requirements/tests.txt
	@$(MAKE) --no-print-directory $(STAMPS)/.project
	@touch $@

$(STAMPS)/lite: $(STAMPS)/mmcv-lite $(wildcard requirements/*.txt) setup.py
	@echo '[4/5] the other requirements (about 1 minute)'
	@$(PIP) -r requirements/runtime.txt -r requirements/exports.txt -r requirements/web.txt -r requirements/tests.txt
	@$(MAKE) --no-print-directory $(STAMPS)/.project
	@touch $@

# torchxrayvision comes without what it depends on: only the reports that it carries are read, it is never imported.
# pyarrow depends on nothing.
.PHONY: $(STAMPS)/.project
$(STAMPS)/.project:
	@echo '[5/5] the reports of the demo, and this project, editable (some seconds)'
	@$(PIP) -q --no-deps -r requirements/optional.txt
	@$(PIP) -q --no-deps --no-build-isolation --editable .
	@echo 'Set-up done. Next: make demo'

# ------------------------------------------------------------------------------------------------------- what it is for

# The model that the demo trains, with the local alignment that looks at the finding. The paper's three stages:
# make demo PRETRAIN=configs/prior/pretrain_demo.py. What tests the model itself are the configs of its kind.
PRETRAIN := configs/prior/prior_demo_grounded.py
FOLDER    = work_dirs/$(basename $(notdir $(PRETRAIN)))
KIND      = $(if $(findstring grounded,$(PRETRAIN)),grounded_)
EVALUATE  = configs/prior/evaluate_demo$(if $(KIND),_grounded).py
# Any other config of a kind is tested where it was trained, too.
THERE     = --work-dir $(FOLDER)
# Pre-training is asked to stop for a first look at what it has learned, and goes on from there with the same numbers.
SOON     := $(if $(shell command -v timeout),timeout --foreground -s TERM 6m)
LOOK      = echo '      first look: zero-shot classification, retrieval, and pictures in $(FOLDER); then training goes on' && \
	$(PY) tools/test.py $(EVALUATE) $(THERE) && $(PY) tools/visualize.py $(PRETRAIN) $(THERE)

demo: .ready ## Set-up, demo data, pre-training, all six tasks, pictures; says how long it takes, first results first
	@$(MAKE) --no-print-directory .demo

# On the CPU what a step frees is kept for the next one, instead of being asked of the system page by page: a tenth to a
# seventh of a step. Threads that wait do not spin: they would take the core from the worker that reads.
.demo: export MALLOC_MMAP_MAX_ ?= 0
.demo: export MALLOC_TRIM_THRESHOLD_ ?= 4294967296
.demo: export OMP_WAIT_POLICY ?= PASSIVE
.demo:
	@echo '[1/9] how long it will take here (some seconds)'
	@$(PY) tools/how_long.py $(PRETRAIN)
	@echo '[2/9] demo data: synthetic radiographs for real reports, and their annotation files'
	@$(PY) tools/dataset_converters/demo.py data/demo
	@$(PY) tools/dataset_converters/mimic_cxr.py data/demo
	@echo '[3/9] pre-training in stages; after six minutes a first look at what it knows by then'
	@$(SOON) $(PY) tools/train.py $(PRETRAIN) $(THERE) || { test $$? = 124 && $(LOOK) && \
		$(PY) tools/train.py $(PRETRAIN) $(THERE) --resume; }
	@echo '[4/9] zero-shot classification and retrieval on held-out studies'
	@$(PY) tools/test.py $(EVALUATE) $(THERE)
	@echo '[5/9] phrase grounding on held-out reports'
	@$(MAKE) --no-print-directory demo-phrase_grounding
	@echo '[6/9] pictures: $(FOLDER)'
	@$(PY) tools/visualize.py $(PRETRAIN) $(THERE)
	@echo '[7/9] demo versions of RSNA, SIIM and CheXpert, and their annotation files'
	@$(PY) tools/dataset_converters/demo_downstream.py data/demo_downstream
	@$(PY) tools/dataset_converters/rsna.py data/demo_downstream/rsna --pixels 256 --protocol demo/1
	@$(PY) tools/dataset_converters/siim.py data/demo_downstream/siim --pixels 256 --protocol demo/1
	@$(PY) tools/dataset_converters/chexpert.py data/demo_downstream/chexpert --protocol demo/1
	@$(PY) tools/dataset_converters/chexpert_5x200.py data/demo_downstream/chexpert --seeds 0 --per-class 40
	@echo '[8/9] the other tasks, on the pre-trained model and its backbone'
	@$(MAKE) --no-print-directory $(addprefix demo-,$(filter-out phrase_grounding,$(TASKS)))
	@echo '[9/9] all tasks; every figure is of SYNTHETIC images'
	@$(PY) tools/overview.py $(addprefix work_dirs/demo/,$(addsuffix .json,$(TASKS)))

# Detection and segmentation need the compiled mmcv.
TASKS := chexpert5x200_zeroshot chexpert5x200_retrieval phrase_grounding rsna_cls $(if $(filter full,$(TIER)),rsna_seg rsna_det)

# Nothing is trained: the pre-trained model itself.
$(addprefix demo-,chexpert5x200_zeroshot chexpert5x200_retrieval phrase_grounding): demo-%:
	@$(PY) tools/test.py configs/downstream/demo/$(KIND)$*.py $(THERE) --out work_dirs/demo/$*.json

demo-%:
	@$(PY) tools/train.py configs/downstream/demo/$*.py --pretrained $(FOLDER)
	@$(PY) tools/test.py configs/downstream/demo/$*.py --pretrained $(FOLDER) --out work_dirs/demo/$*.json

# A process for each core, at most 4: each holds PyTorch, and computes on one core.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n logical --maxprocesses 4 --dist loadfile

test: .ready ## Set-up where it is missing, then the tests but the slow ones (at most 10 minutes)
	@$(PYTEST) -m 'not slow'

test-all: test ## The tests, then the slow ones: trainings, many processes, many inputs
	@$(PYTEST) -m slow

lint: .ready ## ruff, the type checker on the public API, the one direction of imports
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-cache

$(STAMPS)/docs: requirements/docs.txt | .ready
	@$(PIP) -q -r requirements/docs.txt
	@touch $@

docs: $(STAMPS)/docs ## The documentation's site, in docs/_build/html; a warning or a link to nowhere is an error
	@$(PY) -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo 'docs/_build/html/index.html'

# Without the reference from docstrings, which takes minutes and names hardly an address.
links: $(STAMPS)/docs ## Whether the addresses in the documentation answer; needs the internet, and is no part of a test
	@$(PY) -m sphinx -q -b linkcheck -D extensions=myst_parser docs docs/_build/links || \
		{ grep -v -e ' \[\(ok\|unchecked\)\] ' docs/_build/links/output.txt; exit 1; }

clean: ## Remove caches and builds; the environment, the data and the results stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find prior_mm tests tools configs -name __pycache__ -type d -prune -exec rm -rf {} +
