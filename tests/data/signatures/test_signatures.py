"""Whatever `signatures/` holds keeps the contract: marks that no other file bears, and a sample that loads right."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rnnforecast.config import DataFlags, listed
from rnnforecast.data.formats import HEAD, formats, open_table, text_of
from rnnforecast.data.formats._packed import unpacked
from rnnforecast.data.reading import load
from rnnforecast.data.signatures import PLAIN, Signature, recognised, signatures
from rnnforecast.errors import DataUnusable, UsageError
from tests.data.signatures.expected import SAMPLES, TABLE, Sample, stamps, values
from tests.data.writing import loaded

FILES = sorted(SAMPLES.iterdir())
TEXTS = [sample for sample in TABLE if not sample.file.endswith(".zip")]
LAYOUTS = [layout for each in signatures().values() for layout in (each, *each.also)]


def titles() -> set[str]:
    return {layout.title for layout in LAYOUTS}


def test_the_folder_is_the_list() -> None:
    assert set(signatures()) == set(listed("data/signatures"))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
def test_a_signature_keeps_the_contract(layout: Signature) -> None:
    assert layout.title
    assert layout.marks
    assert layout.parser in formats()
    for pattern in (*layout.marks, *layout.about.aside, *(mark for mark, _, _ in layout.refuse)):
        re.compile(pattern)


def test_every_sample_has_its_row_and_every_row_its_sample() -> None:
    assert [sample.file for sample in TABLE] == sorted(path.name for path in FILES)


@pytest.mark.parametrize("sample", TABLE, ids=lambda sample: sample.file)
def test_a_sample_loads_as_its_source_means_it(sample: Sample) -> None:
    result = loaded(SAMPLES / sample.file, **sample.flags)
    layout, panel = result.layout, result.panel
    assert (layout.looks_like, layout.time, layout.zone) == (sample.looks_like, sample.time, sample.zone)
    assert (panel.step.text(), panel.ids) == (sample.step, sample.ids)
    assert (layout.target, layout.units) == ((sample.target,), (sample.unit,))
    levels, times = values(result), stamps(result)
    assert (len(levels), int(np.isnan(levels).sum())) == (sample.rows, sample.missing)
    ends = [(times[0], levels[0]), (times[-1], levels[-1])]
    for (moment, level), want in zip(ends, (sample.first, sample.last), strict=True):
        if isinstance(want, tuple):
            assert moment == want[0]
        if want is not None:
            assert level == pytest.approx(want[1] if isinstance(want, tuple) else want, rel=1e-6, abs=1e-6, nan_ok=True)
    table = open_table(str(SAMPLES / sample.file), DataFlags(**sample.flags))
    assert sample.looks_like in ("", table.fact("format"))


@pytest.mark.parametrize("sample", [s for s in TABLE if s.asked], ids=lambda sample: sample.file)
def test_where_several_quantities_are_measured_the_error_names_the_flag(sample: Sample) -> None:
    with pytest.raises(DataUnusable, match=r"several columns could be the target") as refused:
        loaded(SAMPLES / sample.file)
    assert refused.value.hint.startswith("-t ")
    assert sample.target in refused.value.message
    assert not re.search(r"\bDIR|Flag|Year|itude", refused.value.message.partition("target: ")[2])


@pytest.mark.parametrize("sample", TABLE, ids=lambda sample: sample.file)
def test_predict_reads_a_sample_by_the_layout_of_training(sample: Sample) -> None:
    trained = loaded(SAMPLES / sample.file, **sample.flags)
    flags = DataFlags(freq=sample.freq)
    again = load([str(SAMPLES / sample.file)], flags, known=trained.layout, step=trained.panel.step)
    assert stamps(again) == stamps(trained)
    np.testing.assert_array_equal(values(again), values(trained))


@pytest.mark.parametrize("sample", TEXTS, ids=lambda sample: sample.file)
@pytest.mark.parametrize("change", ["CRLF", "BOM", "LF"])
def test_line_ends_and_a_byte_order_mark_change_nothing(sample: Sample, change: str, tmp_path: Path) -> None:
    text = (SAMPLES / sample.file).read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    text = {"CRLF": text.replace(b"\n", b"\r\n"), "BOM": b"\xef\xbb\xbf" + text, "LF": text}[change]
    (tmp_path / sample.file).write_bytes(text)
    here, there = (loaded(folder / sample.file, **sample.flags) for folder in (SAMPLES, tmp_path))
    assert (there.layout, there.panel.ids, stamps(there)) == (here.layout, here.panel.ids, stamps(here))
    np.testing.assert_array_equal(there.panel.values, here.panel.values)


@pytest.mark.parametrize(
    "text",
    [
        "time,temp,prcp,pres\n2020-01-01 00:00,1,0,1000\n",  # names that Meteostat has, without its own
        "time,sea_level\n2020-01-01T00:00:00Z,1.2\n",
        "Year,Month,Day,Hour,Level\n2020,1,1,0,12\n",
        "2020,1,1,0,1.25\n2020,1,1,1,1.30\n2020,1,1,2,1.31\n",  # metres
        "2020,01,01,00,125\n2020,01,01,01,130\n2020,01,01,02,131\n",
        "valid_time,level\n2020-01-01 00:00,1\n",
        "latitude,longitude,time,level\n1,2,2020-01-01,3\n",
        "# SITE NAME Brest\ntime,level\n2020-01-01,1\n",
        "1950.0417;6912\n1950.1250;6920\n",
        "YR MNTH DY HR PRCP OBS_RUN\n1980 10 01 12 0.0 0.5\n",
        "2011-01-01,1,2,3,4,5,6,7,8,9,10\n2011-01-02,1,2,3,4,5,6,7,8,9,10\n2011-01-03,1,2,3,4,5,6,7,8,9,10\n",
    ],
)
def test_a_plain_file_with_similar_names_is_left_alone(text: str) -> None:
    assert recognised(text, "gauge") is PLAIN


def test_every_layout_has_a_sample_that_only_it_recognises() -> None:
    seen = set()
    for sample in FILES:
        head = text_of(unpacked(sample, sample.name)[0].read_bytes()[:HEAD])
        found = [layout.title for layout in LAYOUTS if layout.matches(head)]
        seen.update(found[:1])
        if found:
            assert recognised(head, sample.name).title == found[0]
            assert len(set(found)) == 1, f"{sample.name}: {found}"
    assert seen == titles()


@pytest.mark.parametrize("sample", FILES, ids=lambda path: path.name)
def test_a_sample_opens_twice_with_the_same_rows(sample: Path) -> None:
    table = open_table(str(sample), DataFlags(freq="1h"))
    first, second = ([dict(chunk.columns) for chunk in table.chunks()] for _ in range(2))
    assert str(first) == str(second)
    assert sum(map(len, table.chunks())) > 3


OPEN_METEO = "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
HEADS = [  # written against the expressions of one source each
    OPEN_METEO * 360 + "1,1,1,1,1,\n" * 2900, "time,level\nDate Time," + " " * 60_000,
    "Station_Name,a\nDatum," + "," * 60_000 + "x", "# SITE NAME" + " " * 60_000, '{"t":' + '"t":' * 16_000,
    "057A\n057abcdefgh1985 1 111" + "1" * 60 + "x\n",
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_no_mark_is_slow_over_a_head_that_was_written_against_it(head: str) -> None:
    began = time.process_time()
    with suppress(DataUnusable):
        recognised(head[:HEAD], "odd.txt")
    assert time.process_time() - began < 10  # they took minutes, or never ended


SIGNS = [" ", "\t", "#", "#\n", ",", "0", "0 ", "a", "a,", ";", "[", '"', "\n", "1970-01-01 ", ":0/"]


@pytest.mark.parametrize("sign", SIGNS)
def test_no_mark_is_slow_over_a_file_of_one_sign(sign: str) -> None:
    began = time.process_time()
    with suppress(DataUnusable):
        assert recognised((sign * HEAD)[:HEAD], "odd.txt") is PLAIN
    assert time.process_time() - began < 5  # a pattern that backtracks takes minutes


@pytest.mark.parametrize(
    ("sample", "old", "new"),
    [
        ("open_meteo.csv", "latitude,", "\n\nlatitude,"),
        ("open_meteo.csv", ",-14400,", ",abc,"),
        ("gesla.txt", "HOURS                        0", "HOURS " + "9" * 400),
    ],
)
def test_a_file_that_only_looks_like_its_source_is_refused_in_one_line(
    sample: str, old: str, new: str, tmp_path: Path
) -> None:
    text = (SAMPLES / sample).read_text(encoding="utf-8-sig")
    assert old in text
    (tmp_path / sample).write_text(text.replace(old, new, 1))
    with pytest.raises((DataUnusable, UsageError)) as refused:
        loaded(tmp_path / sample)
    assert "\n" not in refused.value.message
