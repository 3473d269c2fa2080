# make demo   a virtual environment; a rendered person in several poses by the starter's model, or PHOTO=me.jpg; then a
#             small data set, training, evaluation and a re-posed person
# make op     the samplers' compiled ops (needs g++; with nvcc also for GPUs)
# make cuda-check   the CUDA kernels against double precision, and their speed; needs nvcc and a GPU
# make test   lint, types and the test suite
# make mobile a page for phones with the starter's model, or that of RUN, served at http://localhost:8080
# make page   that page without a model, for `posewarp app`, into the package
# make test-mobile   that page in Chromium; needs npm and chromium
# make test-pytorch   reads files of PyTorch itself and runs a step by JAX, which go into an environment of their own
# make docs   the API reference, into dist/docs
# make test-docs   every command of the documents, with small networks
# make test-package   wheel and sdist: built, installed into empty environments, and used
# make VENV=.venv-3.13 PYTHON=python3.13 test   the same with another interpreter, beside the first

# The first interpreter that there is a set of packages for; override with `make PYTHON=/path/to/python3.11 ...`.
SUPPORTED := import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python3.9; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)
# Installs what an environment lacks; pip itself stays as it came.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
VENV := .venv
BIN := $(VENV)/bin
PYTORCH_VENV := .venv-pytorch
MOBILE := exports/mobile
PAGE := posewarp_tf/page_server/page
CUDA_CHECK := custom_ops/_build/cuda_check
QUICKSTART := runs/quickstart
# Of the demo: somebody's photo, in which joints are found (empty: a rendered person), and the picture of the poses.
PHOTO :=
POSES := runs/demo/poses.jpg
DATA := data/quickstart
# Of the phone page: the run folder of its model; empty: the starter.
RUN :=
# Which tests: all of them by default.
TESTS := tests
# Tests of the compiled ops need a C++ compiler. Where there is none they are left out, which `make test` says.
COMPILER := $(shell command -v $${CXX:-g++})
LEFT_OUT := slow or pytorch or browser or package or docs$(if $(COMPILER),, or compiler)
# Of the phone page: which export it runs, and HOST=0.0.0.0 for phones in the same network.
PRECISION := float16
HOST := localhost
PORT := 8080
# Where its models that find joints, or landmarks of faces, go; `make mobile POSE_MODELS=` does without them.
POSE_MODELS := dist/pose_models
PEOPLE := --num_train_people=200 --num_test_people=20 --poses_per_person=5 --pairs_per_person=16 \
	--image_height=128 --image_width=88 --max_yaw=35 --white_background

.PHONY: demo op cuda-check docs mobile page test test-docs test-mobile test-package test-pytorch lint clean

demo: $(VENV)/installed $(if $(PHOTO),$(VENV)/installed-pose)
	@date +%s >$(VENV)/demo-started
	$(BIN)/python -m posewarp_tf.demo --output=$(POSES) $(if $(PHOTO),--photo='$(PHOTO)')
	$(BIN)/python -m custom_ops.build --optional
	$(BIN)/python -m posewarp_tf.synthetic --output_dir=$(DATA) $(PEOPLE)
	$(BIN)/python -m posewarp_tf.train --flagfile=posewarp_tf/configs/quickstart.cfg --run_dir=$(QUICKSTART) --data_dir=$(DATA)
	$(BIN)/python -m posewarp_tf.evaluate --run_dir=$(QUICKSTART)
	$(BIN)/python -m posewarp_tf.predict --run_dir=$(QUICKSTART) \
		--source_image=$(DATA)/test/test_00001_03.jpg \
		--source_keypoints=$(DATA)/fasion-annotation-test.csv --source_name=test_00001_03.jpg \
		--target_keypoints=$(DATA)/fasion-annotation-test.csv --target_name=test_00001_00.jpg \
		--output=$(QUICKSTART)/reposed.png --save_intermediates --retarget=none
	@echo
	@echo "pictures: $$(ls $(QUICKSTART)/samples/evaluate-*.png | tr '\n' ' ')$$(ls $(QUICKSTART)/reposed*.png | tr '\n' ' ')"
	@echo "metrics:  $(QUICKSTART)/metrics.json"
	@echo "poses:    $(POSES), by the starter's model"
	@echo "$$(( $$(date +%s) - $$(cat $(VENV)/demo-started) )) s altogether"

op: $(VENV)/installed
	$(BIN)/python -m custom_ops.build

cuda-check: $(CUDA_CHECK)
	$(CUDA_CHECK)

$(CUDA_CHECK): | has-nvcc
$(CUDA_CHECK): $(wildcard custom_ops/cuda_check/*.h custom_ops/cuda_check/*.cu custom_ops/cc/lib/*.h custom_ops/cc/kernels/*cuda*)
	mkdir -p $(@D)
	nvcc -std=c++17 -O3 -I. -gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_90,code=sm_90 \
		-gencode=arch=compute_90,code=compute_90 $(filter %.cu,$^) -o $@

docs: $(VENV)/installed-docs
	rm -rf dist/docs
	$(BIN)/python docs/reference.py dist/docs

mobile: has-npm $(VENV)/installed-export $(MOBILE)/node_modules/.package-lock.json
	$(BIN)/python -m exports.tflite $(if $(RUN),--run_dir=$(RUN)) --output_dir=dist/tflite --precision=$(PRECISION)
	$(if $(POSE_MODELS),$(BIN)/python -m exports.mobile.pose_models --output_dir=$(POSE_MODELS) \
		--metadata=dist/tflite/metadata.json)
	npm --prefix $(MOBILE) run --silent build -- --model=$(CURDIR)/dist/tflite/posewarp_$(PRECISION).tflite \
		$(if $(POSE_MODELS),--pose_models=$(abspath $(POSE_MODELS))) --out=$(CURDIR)/dist/mobile
	npm --prefix $(MOBILE) run --silent start -- --root=$(CURDIR)/dist/mobile --host=$(HOST) --port=$(PORT)

page: has-npm $(MOBILE)/node_modules/.package-lock.json
	npm --prefix $(MOBILE) run --silent build -- --out=$(CURDIR)/$(PAGE)
	$(PYTHON) posewarp_tf/page_server/packed_runtime.py $(PAGE)
	@du -sh $(PAGE)

test: $(VENV)/installed-dev lint
	$(BIN)/python -m custom_ops.build --optional
	@$(if $(COMPILER),:,echo 'no C++ compiler: the tests of the compiled ops (pytest -m compiler) are left out')
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m 'not ($(LEFT_OUT))' $(TESTS)

test-docs: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 -m docs tests/docs

test-mobile: has-npm has-chromium $(VENV)/installed-dev $(MOBILE)/node_modules/.package-lock.json
	$(BIN)/python -m pytest -m browser tests/exports tests/page_server

test-package: $(VENV)/installed-dev page
	$(BIN)/python -m pytest -m package tests

test-pytorch: $(VENV)/installed-dev $(PYTORCH_VENV)/installed
	POSEWARP_PYTORCH=$(CURDIR)/$(PYTORCH_VENV)/bin/python $(BIN)/python -m pytest -m pytorch tests/pytorch_files tests/training tests/metrics

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What a command needs besides Python, said before it starts.
has-chromium:
	@[ -n "$$CHROMIUM" ] || command -v chromium chromium-browser google-chrome >/dev/null || { \
		echo 'error: no Chromium: the page is tested in one: install it (Debian: apt install chromium) or name it by' \
		'CHROMIUM=/path' >&2; exit 1; }

has-%:
	@command -v $* >/dev/null || { echo 'error: $* is missing: $(NEEDS_$*)' >&2; exit 1; }

NEEDS_npm := the page for phones is built and served with Node.js 20 or newer and npm (Debian, Ubuntu: apt install npm)
NEEDS_nvcc := it compiles the CUDA kernels; it comes with the CUDA toolkit, 12 or newer

$(VENV)/python-checked:
	@'$(PYTHON)' -c '$(SUPPORTED)' 2>/dev/null || { \
		echo "error: posewarp_tf needs Python 3.9 to 3.13, got \
	$$($(or $(PYTHON),python3) --version 2>&1 | head -1); name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: $(PYTHON) cannot make virtual environments (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	'$(PYTHON)' -m venv $(VENV)
	@touch $@

$(VENV)/installed: requirements.txt | $(VENV)/python-checked
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/installed-export: requirements.txt pyproject.toml | $(VENV)/python-checked
	$(INSTALL) -e '.[export]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-pose: requirements.txt pyproject.toml | $(VENV)/python-checked
	$(INSTALL) -e '.[pose]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-dev: requirements.txt pyproject.toml | $(VENV)/python-checked
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/installed $(VENV)/installed-export $(VENV)/installed-pose

$(VENV)/installed-docs: requirements.txt pyproject.toml | $(VENV)/python-checked
	$(INSTALL) -e '.[docs]'
	@touch $@ $(VENV)/installed $(VENV)/installed-export

$(MOBILE)/node_modules/.package-lock.json: $(MOBILE)/package-lock.json
	npm --prefix $(MOBILE) ci --no-audit --no-fund
	@touch $@

$(PYTORCH_VENV)/installed: requirements-pytorch.txt | $(VENV)/python-checked
	'$(PYTHON)' -m venv $(PYTORCH_VENV)
	$(PYTORCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-pytorch.txt
	@touch $@

clean:
	rm -rf $(VENV) $(PYTORCH_VENV)
