"""Whatever `formats/` holds keeps the contract; a file is recognised by its content, and opened from anywhere."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from rnnforecast.config import DataFlags, listed
from rnnforecast.data.formats import formats, open_table
from rnnforecast.errors import DataUnusable, MissingExtra, NotFound
from tests.data.writing import WRITERS, hours

NAMES = ("time", "level", "name")
ROWS = [(t, i / 4, "a" if i % 2 else "b") for i, t in enumerate(hours(10))]
WRITER_OF = {
    "delimited": "csv", "dia": "dia", "document": "document", "feather": "feather", "jsonlines": "jsonl",
    "lineprotocol": "line protocol", "netcdf": "netcdf", "parquet": "parquet",
}  # fmt: skip

NETCDF = pytest.mark.skipif(find_spec("netCDF4") is None, reason="the extra netcdf is not installed")
FORMS = [pytest.param(form, marks=NETCDF) if form == "netcdf" else form for form in formats()]
CALLED = {  # formats that have columns of their own
    "dia": (("time", "level", "quality", "location", "parameter"), "location"),
    "lineprotocol": ((*NAMES, "measurement"), "name"),
}


def named(form: str) -> tuple[tuple[str, ...], str]:
    """The columns that a format gives, and which of them holds the names of the rows."""
    return CALLED.get(form, (NAMES, "name"))


def test_the_folder_is_the_list_and_the_last_resort_is_last() -> None:
    assert set(formats()) == set(listed("data/formats"))
    assert list(formats())[-1] == "delimited"


@pytest.mark.parametrize("form", FORMS)
def test_a_format_keeps_the_contract(form: str, tmp_path: Path) -> None:
    module = formats()[form]
    assert module.summary
    assert "\n" not in module.summary
    path = WRITERS[WRITER_OF[form]](tmp_path / "gauge", NAMES, ROWS)
    assert module.recognises(path.read_bytes()[:100], "gauge")
    table = module.read(path, "gauge", DataFlags())
    names, series = named(form)
    assert table.names == names
    assert table.source == "gauge"
    for chunks in (table.chunks(), table.chunks()):  # twice: the same rows
        held = list(chunks)
        assert sum(map(len, held)) == len(ROWS)
        assert [name for chunk in held for name in chunk.columns[series]] == [row[2] for row in ROWS]
        assert [float(v) for chunk in held for v in chunk.columns["level"]] == [row[1] for row in ROWS]
    assert len(table.peek()) > 0


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_recognised_by_its_content_whatever_its_name(form: str, tmp_path: Path) -> None:
    path = WRITERS[WRITER_OF[form]](tmp_path / "gauge.parquet", NAMES, ROWS)
    table = open_table(str(path), DataFlags())
    assert table.names == named(form)[0]
    assert table.fact("format")


@pytest.mark.parametrize("form", FORMS)
def test_stdin_reads_like_the_file(form: str, tmp_path: Path) -> None:
    path = WRITERS[WRITER_OF[form]](tmp_path / "gauge", NAMES, ROWS)
    table = open_table("-", DataFlags(), io.BytesIO(path.read_bytes()))
    assert table.source == "stdin"
    series = named(form)[1]
    assert [list(c.columns[series]) for c in table.chunks()] == [list(c.columns[series]) for c in table.chunks()]
    assert sum(map(len, table.chunks())) == len(ROWS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_or_damaged_file_never_ends_in_a_traceback(form: str, share: float, tmp_path: Path) -> None:
    whole = WRITERS[WRITER_OF[form]](tmp_path / "gauge", NAMES, ROWS).read_bytes()
    place = int(len(whole) * share)
    for damaged in (whole[:place], whole[:place] + b"\x00\xff" + whole[place:]):
        (tmp_path / "damaged").write_bytes(damaged)
        assert outcome(tmp_path / "damaged") in ("read", "refused in one line")


def outcome(path: Path) -> str:
    try:
        list(open_table(str(path), DataFlags()).chunks())
    except DataUnusable as refused:
        return "refused in one line" if "\n" not in refused.message else "refused in several lines"
    return "read"


def test_a_pipe_reads_like_a_file(tmp_path: Path) -> None:
    path = WRITERS["csv"](tmp_path / "gauge.csv", NAMES, ROWS)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(path.read_bytes()))
    writer.start()
    table = open_table(str(tmp_path / "pipe"), DataFlags())
    writer.join()
    assert sum(map(len, table.chunks())) == len(ROWS)


def test_what_stdin_held_is_gone_at_exit(tmp_path: Path) -> None:
    code = "import os, tempfile; from rnnforecast.config import DataFlags;"
    code += "from rnnforecast.data.formats import open_table;"
    code += "open_table('-', DataFlags()); assert os.listdir(tempfile.gettempdir())"
    run = subprocess.run(
        [sys.executable, "-c", code], input=b"time,y\n2026-01-01,1\n", env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert run.returncode == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", ["nowhere.csv", "nowhere/there.csv", "nul\0name", "https://example.org/tide.csv"])
def test_a_missing_file_is_not_found(source: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        open_table(source if "://" in source else str(tmp_path / source), DataFlags())
    assert refused.value.exit_code == 4
    assert ("curl" in refused.value.hint) == ("://" in source)


@pytest.mark.parametrize("source", [".", "/dev/zero", "/dev/null"])
def test_a_folder_or_a_device_is_refused(source: str) -> None:
    with pytest.raises(DataUnusable, match=r"folder|not a regular file"):
        open_table(source, DataFlags())


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08", "damaged gzip file"),
        (b"PK\x03\x04", "damaged zip file"),
        (b"BZh91", "damaged bzip2 file"),
        (b"\xfd7zXZ\x00", "damaged xz file"),
        (b"\x28\xb5\x2f\xfd", "damaged zstd file"),
        (b"a" * 257 + b"ustar", "tar archive"),
        (b"<!doctype html><html>", "web page"),
        (b"  \n ", "empty"),
    ],
)
def test_what_is_no_table_is_refused_by_name(head: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(head)
    with pytest.raises(DataUnusable, match=kind):
        open_table(str(tmp_path / "data.csv"), DataFlags())


@pytest.mark.parametrize("head", [b"CDF\x01", b"CDF\x05", b"\x89HDF\r\n\x1a\n"])
def test_netcdf_without_its_extra_says_what_to_type(
    head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "netCDF4", None)
    (tmp_path / "x.nc").write_bytes(head + bytes(100))
    with pytest.raises(MissingExtra, match="needs an optional package") as refused:
        open_table(str(tmp_path / "x.nc"), DataFlags())
    assert (refused.value.hint, refused.value.exit_code) == ("pip install 'rnnforecast[netcdf]'", 3)


@pytest.mark.parametrize(
    ("form", "barred"),
    [
        ("csv", "pandas torch pyarrow"),
        ("jsonl", "pandas torch pyarrow"),
        ("document", "pandas torch pyarrow"),
        ("dia", "pandas torch pyarrow"),
        ("line protocol", "pandas torch pyarrow"),
        ("feather", "pandas torch"),
        pytest.param("netcdf", "pandas torch pyarrow", marks=NETCDF),
        ("parquet", "pandas torch"),
    ],
)
def test_reading_loads_nothing_heavy(form: str, barred: str, tmp_path: Path) -> None:
    path = WRITERS[form](tmp_path / f"gauge.{form}", NAMES, ROWS)
    code = (
        "import sys; from rnnforecast.data.reading import load; from rnnforecast.config import DataFlags;"
        f"load([{str(path)!r}], DataFlags(target=('level',), duplicates='mean'));"
        f"loaded = set({barred.split()!r}) & set(sys.modules); sys.exit(str(loaded) if loaded else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
