"""A light command loads neither torch nor pandas: each is run in a fresh interpreter that tells what it loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import environment

HEAVY = {"torch", "pandas"}
TELL = """
import atexit, os, sys
atexit.register(lambda: os.write(2, ("LOADED " + " ".join(sorted(sys.modules)) + chr(10)).encode()))
from rnnforecast.__main__ import main
sys.argv[0] = "rnnforecast"
main()
"""


def loaded_by(code: str, *args: str | Path, stdin: bytes = b"") -> set[str]:
    """The modules that a fresh interpreter holds after running `code`, which must succeed."""
    command = [sys.executable, "-c", code, *map(str, args)]
    done = subprocess.run(command, capture_output=True, input=stdin, timeout=60, check=False, env=environment())
    told = done.stderr.decode().rpartition("LOADED ")
    assert done.returncode == 0, told[0]
    assert told[1], "the interpreter did not say what it loaded"
    return set(told[2].split())


COMMANDS = ("train", "predict", "evaluate", "inspect", "info")


@pytest.mark.parametrize("words", [(), *((command,) for command in COMMANDS)], ids=["no command", *COMMANDS])
def test_help_loads_neither_torch_nor_pandas_nor_numpy(words: tuple[str, ...]) -> None:
    assert loaded_by(TELL, *words, "--help") & {*HEAVY, "numpy", "pyarrow"} == set()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("words", [("inspect",), ("predict", "-m", "MODEL"), ("evaluate", "-m", "MODEL")], ids=str)
def test_a_light_command_on_a_file_loads_neither_torch_nor_pandas(
    words: tuple[str, ...], kind: str, tide: dict[str, Path], model: Path
) -> None:
    given = [str(model) if word == "MODEL" else word for word in words]
    assert loaded_by(TELL, *given, tide[kind]) & HEAVY == set()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("words", [("inspect", "-"), ("predict", "-", "-m", "MODEL")], ids=str)
def test_a_light_command_on_stdin_loads_neither_torch_nor_pandas(
    words: tuple[str, ...], kind: str, tide: dict[str, Path], model: Path
) -> None:
    given = [str(model) if word == "MODEL" else word for word in words]
    assert loaded_by(TELL, *given, stdin=tide[kind].read_bytes()) & HEAVY == set()


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet", "table"])
def test_predict_from_the_model_loads_neither_torch_nor_pandas_in_any_format(
    format: str, model: Path, tmp_path: Path
) -> None:
    assert loaded_by(TELL, "predict", "-m", model, "-f", format, "-o", tmp_path / "ahead") & HEAVY == set()


def test_info_loads_neither_torch_nor_pandas(model: Path) -> None:
    assert loaded_by(TELL, "info", "-m", model) & HEAVY == set()


def test_predict_with_a_chart_loads_neither_torch_nor_pandas_nor_rich(model: Path) -> None:
    assert loaded_by(TELL, "predict", "-m", model, "--chart") & {*HEAVY, "rich"} == set()
