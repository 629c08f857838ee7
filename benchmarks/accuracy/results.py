"""The file of a row: settings, figures of each seed, their mean and spread, windows, seconds, and reads so far."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from data import Missing
from measures import geometric_mean
from rows import ROWS, SUMMARIES, Row
from trial import RESULTS, Trial, reads

import rnnforecast as rf

PLACES = ("1st", "2nd", "3rd")
Result = dict[str, Any]


def from_rows(row: Row, lines: list[Result], folder: Path) -> Result:
    """What a run of a row leaves behind."""
    settings = Trial(row, 0, folder).settings
    settings["seed"] = [line["seed"] for line in lines]
    windows = sorted({line["windows"] for line in lines})
    return {
        "row": row.name, "protocol": row.protocol, "settings": settings, "data": list(row.data),
        "split": list(row.split), **over_seeds(lines), "windows": windows[0] if len(windows) == 1 else windows,
        "seconds": means([line["seconds"] for line in lines]), "reads": reads(row.name),
    }  # fmt: skip


def over_seeds(lines: list[Result]) -> Result:
    """The lines themselves, mean and standard deviation of each figure, and when and by which version."""
    figures = [line["figures"] for line in lines]
    return {"seeds": lines, "mean": means(figures), "sd": {name: spread([f[name] for f in figures])
            for name in figures[0]}, "version": rf.__version__, "day": f"{datetime.now(UTC):%Y-%m-%d}"}  # fmt: skip


def means(tables: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(table[name] for table in tables) for name in tables[0]}


def spread(values: list[float]) -> float | None:
    """Standard deviation of a sample; none for one value."""
    return stdev(values) if len(values) > 1 else None


def path_of(name: str) -> Path:
    return RESULTS / f"{name}.json"


def save(result: Result) -> None:
    RESULTS.mkdir(exist_ok=True)
    path_of(result["row"]).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def load(name: str) -> Result | None:
    path = path_of(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def summed_up(name: str) -> Result:
    """Geometric mean, and the worst, of every ratio of the rows behind a summary. Raises Missing."""
    found = {part: load(part) for part in SUMMARIES[name]}
    absent = [part for part, result in found.items() if result is None]
    if absent:
        raise Missing(f"no results yet of {', '.join(absent)}: run these rows first")
    results = [result for result in found.values() if result]
    number = min(len(result["seeds"]) for result in results)
    lines = [{"seed": seed, "figures": ratios(results, seed)} for seed in range(number)]
    return {"row": name, "protocol": "summary", "of": list(SUMMARIES[name]), **over_seeds(lines)}


def ratios(results: list[Result], seed: int) -> dict[str, float]:
    """Of one seed: each ratio by the place of its lead, since rivers have different leads."""
    told: dict[str, list[float]] = {}
    for result in results:
        places = dict(zip(map(str, ROWS[result["row"]].facts["leads"]), PLACES, strict=True))
        for key, value in result["seeds"][seed]["figures"].items():
            measure, _, lead = key.partition("@")
            if measure.startswith("/"):
                told.setdefault(f"{measure}@{places[lead]}", []).append(value)
    worst = {f"worst {key}": max(values) for key, values in told.items()}
    return {key: geometric_mean(values) for key, values in told.items()} | worst
