"""evaluate: the model beside every simple rule, for people and for programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.process import names_in, refused, rows_of, run, works, write


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


def test_standardised_errors_are_in_units_of_the_deviation_in_training(
    stations: Path, full_model: Path, tmp_path: Path
) -> None:
    words = ("evaluate", stations, "-m", full_model)
    plain = strict(works(run(*words, "--json", cwd=tmp_path)).out)
    standard = strict(works(run(*words, "--json", "--standardised", cwd=tmp_path)).out)
    ratios = []
    for one, other in zip(plain["targets"], standard["targets"], strict=True):
        assert other["unit"] == "deviations"
        for measure in ("mae", "rmse"):
            by = np.array(one[measure]["model"]) / np.array(other[measure]["model"])
            np.testing.assert_allclose(by, by[0], rtol=1e-3)
        ratios.append(by[0])
        assert one["coverage"] == other["coverage"]
    assert ratios[1] == pytest.approx(50 * ratios[0], rel=1e-2)  # the flow is 50 times the level
    with stations.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["station"] == "007" and row["level_m"]]
    learned = [float(row["level_m"]) for row in rows[: len(rows) - 2 * round(0.15 * len(rows))]]
    assert ratios[0] == pytest.approx(np.std(learned), rel=1e-3)
    assert "MAE (deviations)" in works(run(*words, "--standardised", cwd=tmp_path)).out.decode()


# --- every forecast ---


@pytest.fixture(scope="module")
def told(tide: dict[str, Path], model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rows in both formats and the scores beside them."""
    folder = tmp_path_factory.mktemp("forecasts")
    for name in ("rows.csv", "rows.parquet"):
        done = works(run("evaluate", tide["csv"], "-m", model, "--json", "--forecasts", name, cwd=folder))
        (folder / "scores.json").write_bytes(done.out)
    return folder


def test_each_forecast_is_written_beside_the_scores_that_it_makes(
    told: Path, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    rows = rows_of((told / "rows.csv").read_text(encoding="utf-8"))
    scores = strict((told / "scores.json").read_bytes())
    assert (told / "scores.json").read_bytes() == works(
        run("evaluate", tide["csv"], "-m", model, "--json", cwd=tmp_path)
    ).out
    assert list(rows[0]) == ["unique_id", "target", "cutoff", "ds", "lead", "y", *scores["rules"]]
    assert len(rows) == 4 * scores["forecasts"]
    (target,) = scores["targets"]
    for rule in scores["rules"]:
        for lead in (1, 4):
            errors = [abs(float(row[rule]) - float(row["y"])) for row in rows if row["lead"] == str(lead)]
            assert np.mean(errors) == pytest.approx(target["mae"][rule][lead - 1], rel=1e-3)


def test_times_are_written_as_predict_writes_them_and_values_as_they_came(told: Path, tide: dict[str, Path]) -> None:
    came = dict(line.split(",") for line in tide["csv"].read_text(encoding="utf-8").splitlines()[1:])
    rows = rows_of((told / "rows.csv").read_text(encoding="utf-8"))
    times = list(came)
    for row in rows:
        assert times.index(row["ds"]) - times.index(row["cutoff"]) == int(row["lead"])
        assert float(row["y"]) == pytest.approx(float(came[row["ds"]]), abs=2e-5)


def test_parquet_holds_the_same_rows_as_typed_columns(told: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(told / "rows.parquet")
    rows = rows_of((told / "rows.csv").read_text(encoding="utf-8"))
    assert table.column_names == list(rows[0])
    assert [str(table.schema.field(name).type) for name in ("ds", "cutoff")] == ["timestamp[ms, tz=UTC]"] * 2
    assert [str(table.schema.field(name).type) for name in ("lead", "y", "unique_id")] == ["int64", "double", "string"]
    for name in ("lead", "y", "model", "ridge"):
        np.testing.assert_array_equal(table[name].to_numpy(), [float(row[name]) for row in rows])
    stamps = table["ds"].to_numpy().astype("datetime64[m]").astype(str)
    assert [f"{stamp}Z" for stamp in stamps] == [row["ds"] for row in rows]


def test_a_stride_thins_the_forecasts_and_standardised_leaves_them_in_units(
    told: Path, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    words = ("evaluate", tide["csv"], "-m", model, "--stride", "4", "--standardised", "-q", "--forecasts", "few.csv")
    works(run(*words, cwd=tmp_path))
    every = rows_of((told / "rows.csv").read_text(encoding="utf-8"))
    few = rows_of((tmp_path / "few.csv").read_text(encoding="utf-8"))
    assert [(row["cutoff"], row["lead"], row["y"]) for row in few] == [
        (row["cutoff"], row["lead"], row["y"]) for k, row in enumerate(every) if k // 4 % 4 == 0
    ]
    assert names_in(tmp_path) == {"few.csv"}


@pytest.mark.parametrize(
    ("name", "says"),
    [("-", "stdout is for the scores"), ("rows.jsonl", "ends in neither .csv nor .parquet"), ("rows", "ends in"),
     ("", "ends in")],
)  # fmt: skip
def test_forecasts_go_to_a_file_whose_name_says_how(
    name: str, says: str, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    words = ("evaluate", tide["csv"], "-m", model, "--forecasts", name)
    refused(run(*words, cwd=tmp_path), 2, says, "--forecasts FILE.csv")
    assert names_in(tmp_path) == set()


def test_forecasts_are_written_whole_or_not_at_all_and_never_over_what_was_read(
    tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    words = ("evaluate", tide["csv"], "-m", model)
    before = tide["csv"].read_bytes()
    refused(run(*words, "--forecasts", tide["csv"], cwd=tmp_path), 11, "is read from")
    assert tide["csv"].read_bytes() == before
    refused(run(*words, "--forecasts", "a.csv", "-o", "./a.csv", cwd=tmp_path), 2, "name the same file")
    (tmp_path / "folder.csv").mkdir()
    refused(run(*words, "--forecasts", "folder.csv", cwd=tmp_path), 11, "is a folder")
    assert names_in(tmp_path) == {"folder.csv"}


def test_two_stations_and_two_targets_have_rows_of_their_own(
    stations: Path, full_model: Path, tmp_path: Path
) -> None:
    works(run("evaluate", stations, "-m", full_model, "-q", "--forecasts", "two.csv", cwd=tmp_path))
    rows = rows_of((tmp_path / "two.csv").read_text(encoding="utf-8"))
    assert {(row["unique_id"], row["target"]) for row in rows} == {
        (name, target) for name in ("007", "NA") for target in ("level_m", "flow_m3s")
    }
    assert all(not row["ds"].endswith("Z") for row in rows)


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
