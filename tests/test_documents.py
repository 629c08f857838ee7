"""README, CHANGELOG and CONTRIBUTING hold true: their commands run, their names exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import rnnforecast
from rnnforecast import errors
from rnnforecast.config import DataFlags, RunConfig, listed

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced code blocks of a language in the README."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample data, as a reader stands in one, and the commands on the path."""
    here = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "sample_data", here / "sample_data")
    return here


def run(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=folder, shell=isinstance(command, str), env={**os.environ, "PATH": path},
        capture_output=True, text=True, timeout=240, check=False,
    )


def test_every_command_of_the_readme_runs_in_the_order_it_is_written(folder: Path) -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(lines) >= 7
    for line in lines:
        ran = run(line, folder)
        assert ran.returncode == 0, f"{line}\n{ran.stderr}"
        assert "Traceback" not in ran.stderr


def test_the_python_of_the_readme_runs(folder: Path) -> None:
    (code,) = blocks("python")
    ran = run([sys.executable, "-c", code + "\nassert len(ahead) == 12 and len(scores)"], folder)
    assert ran.returncode == 0, ran.stderr


def test_the_readme_names_every_command_and_exit_code() -> None:
    listed = run([sys.executable, "-m", "rnnforecast", "--help"], ROOT).stdout
    commands = re.findall(r"^  (\w+) {2,}", listed.partition("Commands:")[2], re.MULTILINE)
    assert commands
    for command in commands:
        assert f"| `{command}" in README
    codes = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and kind is not Exception}
    for code in codes - {1}:
        assert re.search(rf"(^|· |\n){code} ", README.partition("**Exit codes**")[2]), f"exit code {code}"


def test_contributing_names_only_files_that_exist_and_every_contract_word() -> None:
    for path in re.findall(r"`(rnnforecast/[\w/.]+)`", CONTRIBUTING):
        assert (ROOT / path).exists(), path
    for folder in ("network/cells", "network/decoders", "floors", "training/losses", "data/formats", "data/signatures"):
        row = next(line for line in CONTRIBUTING.splitlines() if f"rnnforecast/{folder}/" in line)
        for word in re.findall(r"`([a-z_]+)`", row.partition("with")[2].partition("|")[0]):
            for file in (ROOT / "rnnforecast" / folder).glob("[a-z]*.py"):
                assert re.search(rf"^(def {word}\(|{word}\b)", file.read_text(), re.MULTILINE), f"{file}: {word}"


def test_the_page_on_reading_names_every_format_and_source_and_no_other() -> None:
    page = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z_0-9]+)`", row.split("|")[1])}
    assert named == {*listed("data/formats"), *listed("data/signatures")}


def test_the_changelog_has_an_unreleased_part_and_the_version_is_one() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
    assert re.fullmatch(r"\d+\.\d+\.\d+", rnnforecast.__version__)


def test_every_setting_of_the_toml_file_is_a_flag_and_says_what_it_means() -> None:
    text = run([sys.executable, "-m", "rnnforecast", "train", "--help"], ROOT).stdout
    for f in (*fields(DataFlags), *fields(RunConfig)):
        assert f.metadata.get("flag", "--" + f.name.replace("_", "-")) in text
        assert f.metadata["meaning"]


def test_torch_and_the_light_typer_are_pinned_in_the_constraints_and_allowed_by_the_project() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert "torch==2.13.0" in pins
    assert "typer==0.28.0" in pins
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(name.startswith("torch>=") for name in wanted)
