"""info: what a model file is, without its data."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import rnnforecast
from rnnforecast.config import RunConfig
from tests.cli.process import refused, run, works
from tests.cli.test_evaluate import strict


def test_the_card_tells_target_lengths_members_and_the_verdict(model: Path, tmp_path: Path) -> None:
    done = works(run("info", "-m", model, cwd=tmp_path))
    card = {line[:14].strip(): line[14:].strip() for line in done.out.decode().splitlines()}
    assert card["target"] == "level_m"
    assert card["unit"] == "m"
    assert card["step"] == "1 h"
    assert card["horizon"] == "4 h"
    assert card["lookback"] == "24 h"
    assert card["cutoff"] == "2026-01-13T11:00Z"
    assert card["rnnforecast"] == rnnforecast.__version__
    assert "persistence" in card["members"]
    assert "network" in card["verdict"]
    assert done.err == ""


def test_json_holds_every_setting_and_no_nan(model: Path, tmp_path: Path) -> None:
    card = strict(works(run("info", "-m", model, "--json", cwd=tmp_path)).out)
    assert card["settings"].keys() == {f.name for f in fields(RunConfig)}
    assert card["settings"]["max_epochs"] == 1
    assert len(card["data_sha256"]) == 64


def test_a_model_of_two_targets_has_a_verdict_for_each_on_its_own_line(full_model: Path, tmp_path: Path) -> None:
    lines = works(run("info", "-m", full_model, cwd=tmp_path)).out.decode().splitlines()
    verdicts = [line for line in lines if line.rpartition("  ")[2].startswith(("level_m: ", "flow_m3s: "))]
    assert len(verdicts) == 2
    assert all("\\n" not in line for line in lines)
    card = strict(works(run("info", "-m", full_model, "--json", cwd=tmp_path)).out)
    roles = ("target", "past", "future", "static", "series")
    assert [card[role] for role in roles] == [["level_m", "flow_m3s"], ["rain_mm"], ["forecast_mm"], ["height_m"], 2]


def test_info_of_no_file_says_how_to_train_one(tmp_path: Path) -> None:
    refused(run("info", cwd=tmp_path), 4, "model.safetensors: no such model", "rnnforecast train DATA")


def test_info_goes_to_a_file_and_never_over_the_model(model: Path, tmp_path: Path) -> None:
    usual = works(run("info", "-m", model, "--json", cwd=tmp_path)).out
    works(run("info", "-m", model, "--json", "-o", "card.json", cwd=tmp_path))
    assert (tmp_path / "card.json").read_bytes() == usual
    refused(run("info", "-m", model, "-o", model, cwd=tmp_path), 11, "is read from")
