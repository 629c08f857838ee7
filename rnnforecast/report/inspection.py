"""What was read from a file, as `inspect` shows it: columns, times, ranges, holes, findings, and what to type next.

- The text is made from the dict that --json prints and from nothing else, so the two cannot disagree.
- Targets and past covariates are counted up to the cutoff of each series, known-future covariates over all rows.
- Where no target could be chosen the panel holds the candidates; it is None where even those cannot be read together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import stamp_text, words
from rnnforecast.data.names import listing, shown
from rnnforecast.data.panel import Panel
from rnnforecast.data.table import About
from rnnforecast.data.units import unit_named, unit_of
from rnnforecast.report.aligned import aligned, escaped
from rnnforecast.report.numbers import count, decimals, fixed, numbers, percent

NOTHING_SAID = About()
F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Facts = Sequence[tuple[str, Any]]
SIGNS = {"\t": "tab", " ": "blanks", ",": "comma", ";": "semicolon", "|": "bar"}
USUAL = {"encoding": "utf-8-sig", "decimal": ".", "above": 0}  # facts of a text that say nothing
IN_COLUMNS = ("missing", "codes")  # notes that the line of their column tells

ROLES = ("target", "candidates", "past", "future")
SHOWN = 5  # names of series, at most
MOST = 12  # columns of one role, at most; --json has all


def inspect_text(seen: Mapping[str, Any]) -> str:
    """About ten lines for people, out of what `inspect_json` gives."""
    rows = [["format", _format(seen["format"])]] if seen["format"] else []
    rows += [["station", seen["station"]]] if seen["station"] else []
    rows += [["series", _series(seen)]] if len(seen["series"]) > 1 or (seen["id"] and seen["series"]) else []
    rows += [["time", _time(seen["time"])]]
    rows += [[role.rstrip("s"), _column(column)] for role in ROLES for column in seen[role][:MOST] if "rows" in column]
    candidates = [column["column"] for column in seen["candidates"]]
    if not seen["target"]:
        rows += [["target", f"not decided; it could be {listing(candidates or ['none of the columns'])}"]]
    elif candidates:
        rows += [["other", ", ".join(_named(column) for column in seen["candidates"][:MOST])]]
    rows += [[name, listing(seen[name])] for name in ("static", "unused") if seen[name]]
    if "about_rows" in seen["time"]:
        rows += [["estimated", f"from both ends of about {seen['time']['about_rows']:,} rows; --full reads all"]]
    for finding in seen["findings"]:
        if finding["severity"] != "note" or finding["code"] not in IN_COLUMNS:
            rows += [[finding["severity"], finding["text"]]]
            rows += [["", f"hint: {finding['hint']}"]] if finding["hint"] else []
    return aligned(rows, left=2) + f"Next: {escaped(seen['next'])}\n"


def inspect_json(
    panel: Panel | None,
    layout: Layout,
    findings: Sequence[Finding],
    next_command: str,
    facts: Facts = (),
    about: About = NOTHING_SAID,
    extent: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a file holds, for json.dumps; times are written as the input writes them, values in the columns' units.

    `facts` and `about` are those of Table: what the reader saw, what the file says; `extent` is first, last and
    about_rows of a file of which only the ends were read.
    """
    reasons, titles, units = dict(layout.reasons), dict(about.titles), dict(about.units)
    time = {"column": layout.time, "zone": layout.zone, "reason": reasons.get("time", "")}
    time["zone_reason"] = reasons.get("zone", "")
    columns: dict[str, list[dict[str, Any]]] = {role: [] for role in ROLES}
    if panel:
        for at, (role, name, unit) in enumerate(_columns(panel, layout)):
            unit = unit or unit_named(units.get(name, ""))
            about_it = {"column": name, "title": titles.get(name, ""), "unit": unit, "reason": reasons.get(role, "")}
            columns[role].append(about_it | _statistics(panel, layout, at) | {"codes": _codes(findings, name)})
    candidates, read = {*layout.candidates}, {column["column"] for column in columns["candidates"]}
    columns["candidates"] += [
        {"column": name, "title": titles.get(name, ""), "unit": unit_named(units.get(name, "")) or unit_of(name)}
        for name in layout.candidates
        if name not in read
    ]
    return {
        "format": {name: value for name, value in facts if value not in ("", ())},
        "looks_like": about.title,
        "station": about.station,
        "id": list(layout.id),
        "series": list(panel.ids) if panel else [],
        "time": time | (_extent(panel, layout) if panel else {}) | dict(extent or {}),
        **columns,
        "static": list(layout.static),
        "unused": [name for name in layout.unused if name not in candidates],
        "findings": [vars(finding) for finding in findings],
        "next": next_command,
    }


def _codes(findings: Sequence[Finding], column: str) -> dict[str, int]:
    """How often each word or code was taken as missing in a column."""
    codes: dict[str, int] = {}
    for finding in findings:
        if finding.code == "codes" and finding.column == column:
            for code, number in finding.parts:
                codes[code] = codes.get(code, 0) + number
    return codes


def _extent(panel: Panel, layout: Layout) -> dict[str, Any]:
    """From when to when, in which steps, and how many of them the series have."""
    lengths = panel.lengths()
    ends = np.array([panel.start.min(), panel.times(panel.cutoff).max()], np.int64)
    first, last = stamp_text(ends, layout)
    return {
        "step": panel.step.text(),
        "first": first,
        "last": last,
        "steps": int(lengths.sum()),
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
    }


def _columns(panel: Panel, layout: Layout) -> list[tuple[str, str, str]]:
    """Role, name and unit of each of the panel's columns."""
    role = "target" if layout.target else "candidates"
    units = dict(zip(layout.target, layout.units, strict=True))
    targets = [(role, name, units.get(name) or unit_of(name)) for name in panel.targets]
    past, future = ([(role, name, unit_of(name)) for name in getattr(panel, role)] for role in ("past", "future"))
    return targets + past + future


def _statistics(panel: Panel, layout: Layout, at: int) -> dict[str, Any]:
    """Range, missing values and the longest run of them, of one column over all series."""
    owner = np.repeat(np.arange(panel.num_series), np.diff(panel.offsets))
    ahead = at >= len(panel.targets) + len(panel.past)
    counted = np.full(len(owner), True) if ahead else np.arange(len(owner)) <= panel.cutoff[owner]
    hole = np.isnan(panel.values[:, at]) & counted
    seen = (panel.values[:, at] + panel.base[owner, at])[counted & ~hole]
    low, middle, high = (seen.min(), np.median(seen), seen.max()) if seen.size else (np.nan,) * 3
    return {
        **dict(zip(("min", "median", "max"), numbers(np.array([low, middle, high])), strict=True)),
        "rows": int(counted.sum()),
        "missing": int(hole.sum()),
        "longest_gap": _gap(hole, panel, layout) if hole.any() else None,
    }


def _gap(hole: Mask, panel: Panel, layout: Layout) -> dict[str, Any]:
    """Length, start and series of the longest run of holes."""
    start, length = longest_run(hole, panel)
    row = np.array([start])
    return {
        "steps": length,
        "words": words(length, panel.step),
        "first": stamp_text(panel.times(row), layout)[0],
        "series": panel.ids[int(panel.series_of(row)[0])],
    }


def longest_run(hole: Mask, panel: Panel) -> tuple[int, int]:
    """First row and length of the longest run of True in (rows,) that stays within one series; length 0: none."""
    before, after = np.roll(hole, 1), np.roll(hole, -1)
    before[panel.offsets[:-1]] = False
    after[panel.offsets[1:] - 1] = False
    starts, ends = np.flatnonzero(hole & ~before), np.flatnonzero(hole & ~after)
    if not len(starts):
        return 0, 0
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest] - starts[longest] + 1)


def _format(facts: dict[str, Any]) -> str:
    """«USGS RDB, separator tab, 29 lines above the header»: what the reader saw and is not usual."""
    kind = [str(facts.get("format", ""))]
    for name, value in facts.items():
        if name == "format" or value == USUAL.get(name, ()) or value == {}:
            continue
        if name == "above":
            kind.append(f"{count(int(value), 'line')} above the header")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, (tuple, dict)) else str(value)
            kind.append(f"{name} {SIGNS.get(text, text)}")
    return ", ".join(kind)


def _series(seen: Mapping[str, Any]) -> str:
    ids, time = seen["series"], seen["time"]
    steps = f"{time['longest']:,}"
    if time["shortest"] < time["longest"]:
        steps = f"{time['shortest']:,} to {steps}"
    names = ", ".join(map(shown, ids[:SHOWN])) + (", …" if len(ids) > SHOWN else "")
    return f"{len(ids):,} ({names}), {steps} steps each"


def _time(time: dict[str, Any]) -> str:
    parts = [shown(time["column"] or "rows in order, no times")]
    if "step" in time:
        known = f"{time['zone']} ({time['zone_reason']})" if time["zone_reason"] else time["zone"]
        parts += [known if time["zone"] else "no zone" if time["column"] else ""]
        parts += [f"every {time['step']}", f"{time['first']} to {time['last']}"]
        parts += [f"about {time['about_rows']:,} rows" if "about_rows" in time else count(time["steps"], "step")]
    return ", ".join(part for part in parts if part) + _because(time)


def _column(column: dict[str, Any]) -> str:
    """Name, unit, range and holes of a column, in one line."""
    name = _named(column)
    if column["min"] is None:
        return f"{name}, no value observed"
    # The low half counts: the low flow of a river is lost in the decimals of its floods.
    low_half, spread = column["median"] - column["min"], decimals(column["max"] - column["min"])
    places = min(max(decimals(low_half), spread), spread + 2) if low_half else spread
    low, middle, high = (fixed(column[key], places) for key in ("min", "median", "max"))
    return f"{name}, {low} to {high}, median {middle}, {_missing(column)}{_because(column)}"


def _named(column: dict[str, Any]) -> str:
    """«15549_00065 "Gage height, feet" (ft)»."""
    title = f' "{shown(column["title"])}"' if column["title"] else ""
    return shown(column["column"]) + title + (f" ({column['unit']})" if column["unit"] else "")


def _missing(column: dict[str, Any]) -> str:
    """How many are missing, why as far as codes tell it, and the longest gap."""
    if not column["missing"]:
        return "none missing"
    gap, share = column["longest_gap"], percent(column["missing"] / column["rows"])
    codes = [f"{shown(code)} {number:,}" for code, number in column["codes"].items()][:SHOWN]
    why = f": {', '.join(codes)}" if codes else ""
    return f"{column['missing']:,} missing ({share}{why}), longest gap {gap['words']} from {gap['first']}"


def _because(part: dict[str, Any]) -> str:
    return f" ({part['reason']})" if part["reason"] else ""
