"""DIA as Rijkswaterstaat writes it: streams of value/quality pairs whose times stand above them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.reading import load
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SAMPLES, SHARED, read, said, stamps, values
from tests.data.writing import loaded


def test_gaps_of_dia_are_missing_and_what_was_interpolated_is_counted() -> None:
    result = read("rws_dia.dia")
    assert [i for i, value in enumerate(values(result)) if np.isnan(value)] == [10, 11, 60]
    assert said(result, "codes") == "WATHTE: 999999999 2, quality=99 1 taken as missing"
    assert said(result, "estimated").startswith("1 of 96 rows")


def test_streams_under_one_head_are_one_series_and_leave_a_gap_between() -> None:
    result = read("rws_dia_blocks.dia")
    assert said(result, "gaps").startswith("6 rows missing in 1 gap")
    assert [len(result.panel.ids), int(result.panel.offsets[1])] == [2, 48]


def test_a_head_of_dia_tells_station_and_title() -> None:
    about = open_table(str(SAMPLES / "rws_dia.dia"), DataFlags()).about
    assert about.station == "VLISSGN Vlissingen"
    assert dict(about.titles) == {"WATHTE": "Waterhoogte, T.o.v. Normaal Amsterdams Peil"}


def dia(tmp_path: Path, old: str, new: str) -> Path:
    """The sample with one thing changed."""
    text = (SAMPLES / "rws_dia.dia").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "gauge.dia").write_text(text.replace(old, new), encoding="utf-8")
    return tmp_path / "gauge.dia"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("19940104;2300;60;min", "19940105;2300;60;min", r"line 18: 96 values below it; expected 120, as TYD"),
        ("2300;60;min", "2300;1;mnd", "a step of '1' 'mnd'"),
        ("19940101;0000;1994", "19940231;0000;1994", "19940231;0000 is not a time"),
        ("PAR;WATHTE;Waterhoogte;J", "MUX;GETETM2;Getijextremen", "high and low waters"),
        ("[WRD]", "[TPS]", "no \\[WRD\\]"),
        ("5/0:", "5x/0:", "'5x' is not a number"),
    ],
)
def test_a_broken_dia_is_refused_with_what_is_wrong(old: str, new: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=why) as refused:
        loaded(dia(tmp_path, old, new))
    assert "\n" not in refused.value.message


def test_two_parameters_at_one_place_are_two_series(tmp_path: Path) -> None:
    text = (SAMPLES / "rws_dia.dia").read_text(encoding="utf-8")
    second = text[text.index("[W3H]") :].replace("WATHTE;Waterhoogte", "WATHTBRKD;Waterhoogte berekend")
    (tmp_path / "gauge.dia").write_text(text + second, encoding="utf-8")
    result = loaded(tmp_path / "gauge.dia")
    assert result.panel.ids == ("VLISSGN/WATHTBRKD", "VLISSGN/WATHTE")
    assert (result.layout.target, result.layout.units) == (("value",), ("cm",))


def test_a_new_head_forgets_the_one_before(tmp_path: Path) -> None:
    text = (SAMPLES / "rws_dia.dia").read_text(encoding="utf-8")
    second = text[text.index("[W3H]") :].replace("EHD;I;cm\n", "").replace("VLISSGN", "HOEKVHLD")
    (tmp_path / "gauge.dia").write_text(text + second, encoding="utf-8")
    assert loaded(tmp_path / "gauge.dia").layout.units == ("",)


def test_a_pair_may_be_cut_by_the_end_of_a_line(tmp_path: Path) -> None:
    text = (SAMPLES / "rws_dia.dia").read_text(encoding="utf-8")
    head, pairs = text.split("[WRD]\n")
    stream = pairs.replace("\n", "")
    cut = "\n".join(stream[i : i + 70] for i in range(0, len(stream), 70))
    (tmp_path / "gauge.dia").write_text(f"{head}[WRD]\n{cut}\n", encoding="utf-8")
    np.testing.assert_array_equal(values(loaded(tmp_path / "gauge.dia")), values(read("rws_dia.dia")))


@pytest.mark.skipif(not SHARED.exists(), reason="the archives' own files are not here")
def test_the_dia_file_and_its_conversion_agree_value_for_value() -> None:
    folder = SHARED / "tide_rws_netherlands_hourly"
    result = load([str(folder / "VLISSGN_obs19.txt")], DataFlags())
    with gzip.open(folder / "VLISSGN_obs19.converted.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert values(result) == [float(row["level_cm_NAP"]) for row in rows]
    local = [f"{stamp[:10]} {stamp[11:16]}:00" for stamp in stamps(result)]
    assert local == [row["time_MET"] for row in rows]
    assert stamps(result)[0].endswith("+01:00")
    assert said(result, "estimated") == ""
    assert {row["qc"] for row in rows} == {"0"}
