"""The files under sample_data are what their README says, and the tide is what its script writes."""

import csv
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
TIDE = "tide_la_jolla_2018_simulated_hourly.csv"


@pytest.fixture(scope="module")
def constants() -> dict:
    return json.loads((SAMPLES / "tide_la_jolla_2018_harmonics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simulate_tide", SAMPLES / "simulate_tide.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def surge(script, constants) -> np.ndarray:
    return column("water_level_m") - script.tide(constants)


def rows(name: str) -> list[dict[str, str]]:
    with open(SAMPLES / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows(TIDE)])


def rows_in_readme() -> dict[str, int]:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\S+\.csv)` \| ([\d,]+) ", text, re.M)
    return {name: int(count.replace(",", "")) for name, count in found}


def test_the_readme_names_every_csv_file():
    assert set(rows_in_readme()) == {path.name for path in SAMPLES.glob("*.csv")}


@pytest.mark.parametrize(("name", "count"), rows_in_readme().items())
def test_each_file_has_the_rows_that_the_readme_states(name, count):
    assert len(rows(name)) == count


def test_the_readme_says_that_the_tide_is_simulated():
    line = next(line for line in (SAMPLES / "README.md").read_text(encoding="utf-8").splitlines() if TIDE in line)
    assert "simulated from the harmonic constants of a real gauge" in line


def test_the_script_writes_the_tide_byte_for_byte(script, constants):
    assert script.as_csv(*script.simulate(constants)).encode() == (SAMPLES / TIDE).read_bytes()


def test_another_seed_gives_another_surge(script, constants):
    assert np.abs(script.simulate(constants, 0)[0] - column("water_level_m")).max() > 0.05


def test_the_tide_is_the_sum_of_its_waves(script, constants):
    waves = constants["constituents"].values()
    at_hour_7 = sum(w["amplitude"] * np.cos(np.radians(7 * w["speed_deg_per_hour"] - w["phase_deg"])) for w in waves)
    assert script.tide(constants)[7] == pytest.approx(constants["mean"] + at_hour_7)


def test_the_times_are_every_hour_of_2018():
    times = [row["time_utc"] for row in rows(TIDE)]
    assert (times[0], times[1], times[-1]) == ("2018-01-01T00:00Z", "2018-01-01T01:00Z", "2018-12-31T23:00Z")


def test_the_surge_has_the_spread_of_the_gauge(surge, constants):
    assert surge.std() == pytest.approx(constants["residual"]["std"], abs=0.0001)


def test_the_surge_fades_as_that_of_the_gauge_does(surge, constants):
    expected = constants["residual"]["autocorrelation_at_hours"]
    centred = surge - surge.mean()
    found = [(centred[k:] * centred[:-k]).mean() / centred.var() for k in map(int, expected)]
    assert found == pytest.approx(list(expected.values()), abs=0.035)


def test_the_air_pressure_drives_the_surge_as_it_does_the_gauge(surge, constants):
    pressure, residual = column("pressure_hpa"), constants["residual"]
    slope = np.polyfit(pressure, surge, 1)[0]
    assert slope == pytest.approx(residual["regression_on_pressure_m_per_hpa"], abs=0.00005)
    assert pressure.mean() == pytest.approx(residual["pressure"]["mean_hpa"], abs=0.01)
    assert pressure.std() == pytest.approx(residual["pressure"]["std_hpa"], abs=0.01)
