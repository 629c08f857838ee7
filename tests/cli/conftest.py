"""Files and models that the tests of this room share: each model is trained once a session, by a real process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import TINY, Done, hourly, run, wave, works, write

ROWS = 300


@pytest.fixture(scope="session")
def tide(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One hourly gauge in UTC, the same rows in each format."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("tide")
    times, levels = hourly(ROWS), wave(ROWS)
    files = {kind: folder / f"tide.{kind}" for kind in ("csv", "jsonl", "parquet")}
    write(files["csv"], "time,level_m", [f"{t},{v}" for t, v in zip(times, levels, strict=True)])
    rows = [json.dumps({"time": t, "level_m": v}) for t, v in zip(times, levels, strict=True)]
    files["jsonl"].write_text("\n".join(rows) + "\n", encoding="utf-8")
    stamps = pa.array([t.rstrip("Z") for t in times]).cast(pa.timestamp("s")).cast(pa.timestamp("s", "UTC"))
    pq.write_table(pa.table({"time": stamps, "level_m": pa.array(levels)}), files["parquet"])
    return files


@pytest.fixture(scope="session")
def trained(tide: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The model of the tide, and what its training said."""
    path = tmp_path_factory.mktemp("model") / "tide.safetensors"
    return path, works(run("train", tide["csv"], *TINY, "-o", path, cwd=path.parent))


@pytest.fixture(scope="session")
def model(trained: tuple[Path, Done]) -> Path:
    return trained[0]


AHEAD = 6  # rows after the cutoff, with the known-future column alone


@pytest.fixture(scope="session")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stations of two targets, a past, a known-future and a static column, and rows after the cutoff."""
    rows = []
    for station, height in (("007", 12.5), ("NA", 80)):
        levels, rain = wave(ROWS, len(station)), wave(ROWS + AHEAD, 9)
        for i, time in enumerate(hourly(ROWS + AHEAD, zone="")):
            seen = f"{levels[i]},{50 * levels[i]:.2f},{rain[i]}" if i < ROWS else ",,"
            rows.append(f"{time},{station},{seen},{rain[i - 2]},{height}")
    header = "time,station,level_m,flow_m3s,rain_mm,forecast_mm,height_m"
    return write(tmp_path_factory.mktemp("stations") / "stations.csv", header, rows)


@pytest.fixture(scope="session")
def full_model(stations: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of everything at once: series, targets, all three kinds of covariates."""
    path = tmp_path_factory.mktemp("full") / "full.safetensors"
    roles = ("-t", "level_m,flow_m3s", "--past", "rain_mm", "--future", "forecast_mm", "--static", "height_m")
    works(run("train", stations, *roles, *TINY, "-o", path, cwd=path.parent))
    return path
