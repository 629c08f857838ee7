"""Times that stand in several columns become one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import load
from rnnforecast.data.zones import stamp_text
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded

LAYOUTS = {
    "date and time": ("Date,Time,y", "2026-01-{d:02},{h:02}:00,{i}"),
    "date and hour": ("date,hour,y", "2026-01-{d:02},{h},{i}"),
    "date and four digits": ("date,time,y", "2026-01-{d:02},{h:02}00,{i}"),
    "calendar": ("year,month,day,hour,y", "2026,1,{d},{h},{i}"),
    "calendar to the minute": ("YY,MM,DD,hh,mn,y", "2026,01,{d:02},{h:02},00,{i}"),
    "blanks": ("date time y", "2026-01-{d:02} {h:02}:00 {i}"),
}


def write(path: Path, layout: str, count: int = 60) -> Path:
    header, row = LAYOUTS[layout]
    path.write_text("\n".join([header, *(row.format(d=1 + i // 24, h=i % 24, i=i) for i in range(count))]) + "\n")
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_parts_of_a_time_are_found_and_joined(layout: str, tmp_path: Path) -> None:
    result = loaded(write(tmp_path / "gauge.csv", layout))
    assert result.panel.step.text() == "1 h"
    assert len(result.panel.values) == 60
    assert stamp_text(result.panel.start, result.layout) == ["2026-01-01T00:00"]
    assert result.layout.unused == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_model_reads_a_later_file_by_the_same_parts(layout: str, tmp_path: Path) -> None:
    first = loaded(write(tmp_path / "gauge.csv", layout))
    again = load([str(write(tmp_path / "new.csv", layout, 5))], DataFlags(), known=first.layout, step=first.panel.step)
    assert len(again.panel.values) == 5


def test_the_parts_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "gauge.csv").write_text("d,c,y\n" + "".join(f"2026-01-01,{h:02}:00,{h}\n" for h in range(20)))
    assert loaded(tmp_path / "gauge.csv", time="d,c").panel.step.text() == "1 h"
    with pytest.raises(DataUnusable, match="no column 'q'"):
        loaded(tmp_path / "gauge.csv", time="d,q")


def test_a_zone_in_a_column_of_its_own_is_read_row_by_row(tmp_path: Path) -> None:
    rows = ["2025-11-02 00:00,EDT", "2025-11-02 01:00,EDT", "2025-11-02 01:00,EST", "2025-11-02 02:00,EST"]
    (tmp_path / "gauge.csv").write_text("time,tz_cd,y\n" + "".join(f"{row},{i}\n" for i, row in enumerate(rows)))
    result = loaded(tmp_path / "gauge.csv", time="time,tz_cd")
    assert result.layout.zone == "America/New_York"
    stamps = stamp_text(result.panel.step.at(result.panel.start[:1], np.arange(4)), result.layout)
    assert stamps == [
        "2025-11-02T00:00-04:00", "2025-11-02T01:00-04:00", "2025-11-02T01:00-05:00", "2025-11-02T02:00-05:00",
    ]  # fmt: skip
