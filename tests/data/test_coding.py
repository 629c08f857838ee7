"""Covariates that are texts or directions become numbers; the model keeps how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import Loaded, load
from rnnforecast.errors import DataUnusable
from tests.data.writing import hours, loaded, write_csv

WORDS = ("rain", "sun", "", "fog")


def write(path: Path, words: tuple[str, ...] = WORDS, count: int = 40) -> Path:
    rows = [(t, i, words[i % len(words)], (i * 90) % 360, "a") for i, t in enumerate(hours(count))]
    return write_csv(path, ("time", "level", "weather", "wind_dir", "region"), rows)


def true(panel: Any) -> Any:
    return panel.values.astype(np.float64) + panel.base[0]


def test_a_text_becomes_one_column_for_each_word_and_a_hole_where_it_is_missing(tmp_path: Path) -> None:
    result = loaded(write(tmp_path / "gauge.csv"), target=("level",), past=("weather",))
    assert result.panel.past == ("weather=fog", "weather=rain", "weather=sun")
    assert result.layout.past == ("weather",)
    np.testing.assert_array_equal(true(result.panel)[:4, 1:], [[0, 1, 0], [0, 0, 1], [np.nan] * 3, [1, 0, 0]])


def test_a_direction_becomes_its_sine_and_cosine(tmp_path: Path) -> None:
    result = loaded(write(tmp_path / "gauge.csv"), target=("level",), future=("wind_dir",))
    assert result.panel.future == ("wind_dir sin", "wind_dir cos")
    np.testing.assert_allclose(true(result.panel)[:4, 1:], [[0, 1], [1, 0], [0, -1], [-1, 0]], atol=1e-6)


def test_a_text_may_be_constant_in_each_series(tmp_path: Path) -> None:
    result = loaded(write(tmp_path / "gauge.csv"), target=("level",), static=("region",))
    assert result.panel.static_names == ("region=a",)
    assert result.panel.static.tolist() == [[1.0]]


def test_a_word_met_later_is_none_of_the_categories_and_is_told_of(tmp_path: Path) -> None:
    first = loaded(write(tmp_path / "gauge.csv"), target=("level",), past=("weather",))
    path = write(tmp_path / "new.csv", ("hail", "sun"))
    again: Loaded = load([str(path)], DataFlags(), known=first.layout, step=first.panel.step)
    assert again.panel.past == first.panel.past
    np.testing.assert_array_equal(true(again.panel)[:2, 1:], [[0, 0, 0], [0, 0, 1]])
    assert [f.count for f in again.findings if f.code == "unseen-category"] == [20]


def test_free_text_is_refused_as_a_covariate(tmp_path: Path) -> None:
    path = write(tmp_path / "gauge.csv", tuple(f"note {i}" for i in range(40)))
    with pytest.raises(DataUnusable, match="more than 32 different texts"):
        loaded(path, target=("level",), past=("weather",))


def test_words_of_every_stacked_file_are_categories(tmp_path: Path) -> None:
    paths = [str(write(tmp_path / f"{name}.csv", (name,))) for name in ("rain", "hail")]
    result = load(paths, DataFlags(target=("level",), past=("weather",)))
    assert result.panel.past == ("weather=hail", "weather=rain")
    assert "unseen-category" not in [f.code for f in result.findings]


def test_a_direction_in_words_is_a_category(tmp_path: Path) -> None:
    rows = [(t, i, ("N", "SW")[i % 2]) for i, t in enumerate(hours(40))]
    result = loaded(write_csv(tmp_path / "gauge.csv", ("time", "level", "wind_dir"), rows), past=("wind_dir",))
    assert result.panel.past == ("wind_dir=N", "wind_dir=SW")
