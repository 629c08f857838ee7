"""inspect: what the file holds and what would be done with it; nothing is written."""

from __future__ import annotations

import json
import shlex
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rnnforecast.cli.options import AsJson, Config, Data, Output, Quiet, Verbose, merged, with_settings
from rnnforecast.cli.streams import put, refuse_inputs
from rnnforecast.config import DataFlags
from rnnforecast.errors import ForecastError

if TYPE_CHECKING:
    from rnnforecast.data.columns import Layout

MOST = 64  # candidates that are read, where the target is open; the others are listed by name


@with_settings(DataFlags)
def inspect(
    data: Data,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,  # noqa: ARG001
    verbose: Verbose = False,  # noqa: ARG001
    config: Config = None,
    given: dict[str, Any] | None = None,
) -> None:
    """Show what a file holds: columns, times, gaps, findings, and what to type next.

    Example: rnnforecast inspect gauge.csv
    """
    from rnnforecast.data.columns import find
    from rnnforecast.data.reading import load_tables, open_all, open_others
    from rnnforecast.report.inspection import inspect_json, inspect_text

    flags, _ = merged(given or {}, config)
    refuse_inputs(output, [*data, *flags.join, *flags.future_data])
    stdin = sys.stdin.buffer if sys.stdin is not None else None
    tables, others = open_all(data, flags, stdin), open_others(flags, stdin)
    layout = find(tables[0], flags, [*others.beside, *others.ahead])
    next_words = next_command(data, layout, given or {})
    panel, findings = None, []
    if layout.target:
        loaded = load_tables(tables, flags, opened=others).looked_at(int(time.time()))
        panel, layout, findings = loaded.panel, loaded.layout, loaded.findings
    elif layout.candidates:
        with suppress(ForecastError):  # columns that cannot be read together are listed by name alone
            loaded = load_tables(tables, replace(flags, target=layout.candidates[:MOST]), opened=others)
            loaded = loaded.looked_at(int(time.time()))
            panel, findings = loaded.panel, loaded.findings
            layout = replace(loaded.layout, target=(), units=(), candidates=layout.candidates)
    told = (panel, layout, findings, next_words, tables[0].facts, tables[0].about)
    text = json.dumps(inspect_json(*told), ensure_ascii=False, indent=1) if as_json else inspect_text(*told)
    put(text.rstrip("\n") + "\n", output)


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
