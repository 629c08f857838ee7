"""evaluate: the model beside every simple rule, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import refused, run, works, write


def strict(text: bytes) -> Any:
    """JSON without NaN or infinity, which no other parser takes."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_table_names_every_rule_and_the_verdict(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    done = works(run("evaluate", tide["csv"], "-m", model, cwd=tmp_path))
    text = done.out.decode()
    for words in ("MAE (m)", "this model", "no change", "ridge regression", "same time yesterday", "80 % band held"):
        assert words in text
    assert "network" in text.splitlines()[-1], "the verdict comes last"
    assert done.err == ""


def test_the_scores_are_those_that_training_printed(
    trained: tuple[Path, Any], tide: dict[str, Path], tmp_path: Path
) -> None:
    path, training = trained
    table = works(run("evaluate", tide["csv"], "-m", path, cwd=tmp_path)).out.decode().split("\n\n")[0]
    assert table in training.err


def test_json_holds_a_number_per_rule_and_lead_and_no_nan(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    done = works(run("evaluate", tide["csv"], "-m", model, "--json", cwd=tmp_path))
    scores = strict(done.out)
    (target,) = scores["targets"]
    assert target["target"] == "level_m"
    assert target["leads"] == [1, 2, 3, 4]
    assert {"model", "persistence", "ridge", "seasonal"} <= set(scores["rules"])
    for measure in ("mae", "rmse"):
        for rule in scores["rules"]:
            assert len(target[measure][rule]) == 4
            assert all(0 < error < 2 for error in target[measure][rule])
    assert scores["in_sample"] is False


def test_two_targets_have_their_own_tables_and_verdicts(stations: Path, full_model: Path, tmp_path: Path) -> None:
    text = works(run("evaluate", stations, "-m", full_model, cwd=tmp_path)).out.decode()
    assert "MAE (m)" in text
    assert "MAE (m3/s)" in text
    assert [line.split(":")[0] for line in text.splitlines()[-2:]] == ["level_m", "flow_m3s"]
    scores = strict(works(run("evaluate", stations, "-m", full_model, "--json", cwd=tmp_path)).out)
    assert [one["target"] for one in scores["targets"]] == ["level_m", "flow_m3s"]


def test_a_constant_series_has_scores_without_nan(tmp_path: Path, model: Path) -> None:
    rows = [f"2026-02-{1 + i // 24:02d}T{i % 24:02d}:00Z,1.5" for i in range(200)]
    data = write(tmp_path / "flat.csv", "time,level_m", rows)
    strict(works(run("evaluate", data, "-m", model, "--json", cwd=tmp_path)).out)


def test_rows_seen_in_training_are_said_to_be(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    lines = tide["csv"].read_text(encoding="utf-8").splitlines()
    old = write(tmp_path / "old.csv", lines[0], lines[1:120])
    assert "seen in training" in works(run("evaluate", old, "-m", model, cwd=tmp_path)).out.decode()
    assert strict(works(run("evaluate", old, "-m", model, "--json", cwd=tmp_path)).out)["in_sample"] is True


def test_a_stride_thins_the_origins_and_must_be_within_its_bounds(
    tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    words = ("evaluate", tide["csv"], "-m", model, "--json")
    every = strict(works(run(*words, cwd=tmp_path)).out)["forecasts"]
    assert strict(works(run(*words, "--stride", "4h", cwd=tmp_path)).out)["forecasts"] == -(-every // 4)
    refused(run(*words, "--stride", "0", cwd=tmp_path), 2, "stride must be from 1 to 100000, got 0")


def test_scores_go_to_a_file_and_never_over_their_data(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    usual = works(run("evaluate", tide["csv"], "-m", model, "--json", cwd=tmp_path)).out
    done = works(run("evaluate", tide["csv"], "-m", model, "--json", "-o", "scores.json", cwd=tmp_path))
    assert done.out == b""
    assert (tmp_path / "scores.json").read_bytes() == usual
    refused(run("evaluate", tide["csv"], "-m", model, "-o", tide["csv"], cwd=tmp_path), 11, "is read from")


@pytest.mark.parametrize("count", [5, 20])
def test_too_few_rows_are_refused_with_the_number(
    count: int, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    lines = tide["csv"].read_text(encoding="utf-8").splitlines()
    data = write(tmp_path / "few.csv", lines[0], lines[1 : 1 + count])
    refused(run("evaluate", data, "-m", model, cwd=tmp_path), 5, f"the longest series has {count}")
