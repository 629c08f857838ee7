# Everything a person types here. `make demo` and `make test` work on a fresh clone with Python >= 3.11 and pip alone.
#   PYTHON=python3.12       another interpreter
#   TORCH_INDEX=URL         where pip finds PyTorch, e.g. its CPU builds (smaller than the CUDA build that is the default)

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
SEEDS ?= 3
RIVER := sample_data/river_fulda_1979_1988_daily.csv

.PHONY: demo test check bench accuracy clean

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m compileall -q rnnforecast  # as pip does for a wheel: an editable install would compile at every start
	touch $(INSTALLED)

demo: $(INSTALLED)
	$(BIN)/rnnforecast inspect $(RIVER)
	$(BIN)/rnnforecast train $(RIVER) -t discharge_m3s -H 1w -o demo.safetensors
	$(BIN)/rnnforecast predict -m demo.safetensors --chart

test: $(INSTALLED)
	$(BIN)/pytest -n auto --dist loadfile

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(INSTALLED)
	$(BIN)/python -m compileall -q rnnforecast
	$(BIN)/python benchmarks/light_path.py
	$(BIN)/python benchmarks/skill.py

accuracy: $(INSTALLED)  # make accuracy ROW="etth1-96 tide-hillarys" SEEDS=3; the rows: benchmarks/accuracy/README.md
	$(BIN)/python benchmarks/accuracy/run.py $(ROW) --seeds $(SEEDS)

clean:
	rm -rf .venv demo.safetensors demo.safetensors.lock demo.prev.safetensors
