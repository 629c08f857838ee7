"""Packed files are read as what is in them; a damaged or ambiguous one is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import _packed as packed
from rnnforecast.data.formats import open_table
from rnnforecast.errors import DataUnusable
from tests.data.writing import hours, loaded

TEXT = ("time,level\n" + "".join(f"{t},{i}\n" for i, t in enumerate(hours(50)))).encode()


def zstd(data: bytes) -> bytes:
    import pyarrow

    return bytes(pyarrow.compress(data, "zstd", asbytes=True))


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.parametrize("kind", PACKERS)
def test_what_is_packed_reads_like_the_file_in_it(kind: str, tmp_path: Path) -> None:
    (tmp_path / "gauge.csv").write_bytes(TEXT)
    (tmp_path / f"gauge.csv.{kind}").write_bytes(PACKERS[kind](TEXT))
    plain, inside = loaded(tmp_path / "gauge.csv"), loaded(tmp_path / f"gauge.csv.{kind}")
    assert inside.panel.values.tobytes() == plain.panel.values.tobytes()
    assert inside.layout == plain.layout


@pytest.mark.parametrize("kind", PACKERS)
def test_a_packed_file_cut_short_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    whole = PACKERS[kind](TEXT)
    (tmp_path / "gauge.csv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataUnusable, match="damaged") as refused:
        open_table(str(tmp_path / "gauge.csv"), DataFlags())
    assert "\n" not in refused.value.message


def test_a_zip_of_one_file_is_that_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "gauge.zip", gauge__csv=TEXT)
    assert len(loaded(path).panel.values) == 50


def test_a_zip_of_two_tables_is_refused_with_their_names(tmp_path: Path) -> None:
    path = zipped(tmp_path / "gauge.zip", a__csv=TEXT, b__csv=TEXT)
    with pytest.raises(DataUnusable, match=r"a zip of 2 files \(a.csv, b.csv\)") as refused:
        loaded(path)
    assert refused.value.hint.startswith("unzip -p")


def test_a_workbook_is_refused_by_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "book", **{"xl/workbook__xml": b"<x/>"})
    with pytest.raises(DataUnusable, match="Excel workbook"):
        loaded(path)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "QUARTER", 100_000)
    (tmp_path / "gauge.csv").write_bytes(bz2.compress(b"0" * 50_000_000))
    with pytest.raises(DataUnusable, match="more than 300 times its size"):
        loaded(tmp_path / "gauge.csv")


def test_a_name_in_a_zip_cannot_steer_the_shell_that_the_hint_is_pasted_into(tmp_path: Path) -> None:
    path = zipped(tmp_path / "gauge.zip", **{"$(reboot)__csv": TEXT, "b__csv": TEXT})
    with pytest.raises(DataUnusable) as refused:
        loaded(path)
    assert "'$(reboot).csv'" in refused.value.hint
