"""inspect: what the file holds and what would be done with it; nothing is written."""

from __future__ import annotations

import json
import shlex
import sys
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnforecast.cli.options import AsJson, Config, Data, Output, Quiet, Verbose, merged, with_settings
from rnnforecast.cli.streams import put, refuse_inputs
from rnnforecast.config import DataFlags
from rnnforecast.errors import ForecastError

if TYPE_CHECKING:
    from rnnforecast.data.columns import Layout
    from rnnforecast.data.formats._glimpse import Glimpse
    from rnnforecast.data.reading import Loaded

MOST = 64  # candidates that are read, where the target is open; the others are listed by name


@with_settings(DataFlags)
def inspect(
    data: Data,
    output: Output = None,
    as_json: AsJson = False,
    full: Annotated[bool, typer.Option("--full", help="read all of a file of more than 64 MB, not a glimpse")] = False,
    quiet: Quiet = False,  # noqa: ARG001
    verbose: Verbose = False,  # noqa: ARG001
    config: Config = None,
    given: dict[str, Any] | None = None,
) -> None:
    """Show what a file holds: columns, times, gaps, findings, and what to type next.

    Example: rnnforecast inspect gauge.csv
    """
    from rnnforecast.data.columns import find
    from rnnforecast.data.formats._glimpse import glimpse
    from rnnforecast.data.reading import load_tables, open_all, open_others
    from rnnforecast.report.inspection import inspect_json, inspect_text

    flags, _ = merged(given or {}, config)
    refuse_inputs(output, [*data, *flags.join, *flags.future_data])
    stdin = sys.stdin.buffer if sys.stdin is not None else None
    seen = None if full or len(data) > 1 or flags.join or flags.future_data else glimpse(data[0], flags)
    tables = [seen.head] if seen else open_all(data, flags, stdin)
    others = open_others(flags, stdin)
    layout = find(tables[0], flags, [*others.beside, *others.ahead])
    next_words = next_command(data, layout, given or {})
    panel, findings, extent = None, [], None
    if layout.target or layout.candidates:
        tried = flags if layout.target else replace(flags, target=layout.candidates[:MOST])
        with nullcontext() if layout.target else suppress(ForecastError):  # candidates may not be read together
            loaded = load_tables(tables, tried, opened=others).looked_at(int(time.time()))
            panel, findings = loaded.panel, loaded.findings
            decided = loaded.layout if layout.target else replace(loaded.layout, target=(), units=())
            layout = replace(decided, candidates=layout.candidates)
            extent = ends_of(seen, loaded, tried) if seen else None
    told = inspect_json(panel, layout, findings, next_words, tables[0].facts, tables[0].about, extent)
    text = json.dumps(told, ensure_ascii=False, indent=1) if as_json else inspect_text(told)
    put(text.rstrip("\n") + "\n", output)


def ends_of(seen: Glimpse, head: Loaded, flags: DataFlags) -> dict[str, Any]:
    """From when to when a file goes of which only the ends were read, and about how many rows it has."""
    import numpy as np

    from rnnforecast.data.frequency import stamp_text
    from rnnforecast.data.reading import load_tables

    ends = [head.panel.start.min(), head.panel.times(head.panel.cutoff).max()]
    with suppress(ForecastError):  # the end may be too short to be read alone
        tail = load_tables([seen.tail], flags, head.layout, head.panel.step).panel
        ends += [tail.start.min(), tail.times(tail.cutoff).max()]
    first, last = stamp_text(np.array([min(ends), max(ends)], np.int64), head.layout)
    return {"first": first, "last": last, "about_rows": seen.rows}


def next_command(data: list[str], layout: Layout, given: dict[str, Any]) -> str:
    """The train command for this file, with what was typed and the target where it must be named."""
    words = ["rnnforecast", "train", *data]
    if not layout.target:
        words += ["-t", layout.candidates[0] if layout.candidates else "NAME"]
    for name, value in given.items():
        flag = "--with" if name == "join" else "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words += [flag if value else f"--no-{flag[2:]}"]
        else:
            words += [w for item in (value if isinstance(value, list) else [value]) for w in (flag, str(item))]
    return " ".join(shlex.quote(word) for word in words)
