"""What a setting is worth: default settings but for one, on the series of cells.py, judged on validation alone.

    python benchmarks/choices.py SETTING=VALUE,VALUE,... [SEEDS]
    python benchmarks/choices.py averaging=0,0.99 2

Each line is the mean absolute error of the network alone (floor="none") on validation and its CPU seconds, median
[min, max] over seeds. The test part is not looked at: a default is chosen here, and judged elsewhere.
"""

from __future__ import annotations

import sys
import tomllib
from typing import Any

from cells import SERIES, Series, one, spread


def value_of(text: str) -> Any:
    """A value as a TOML file would hold it, or the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def line(series: Series, setting: dict[str, Any], seeds: int) -> str:
    trained = [one(series, {**setting, "seed": seed}) for seed in range(seeds)]
    return " ".join(f"{spread([t[column] for t in trained]):>30}" for column in ("validation", "CPU s"))


def main() -> None:
    name, _, values = sys.argv[1].partition("=")
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(f"{'series':16}{name:>16} {'validation':>30} {'CPU s':>30}")
    for series_name, series in SERIES.items():
        if not series.path.exists():
            print(f"{series_name}: {series.path.name} is not here, left out")
            continue
        for text in values.split(","):
            print(f"{series_name:16}{text:>16} {line(series, {name: value_of(text)}, seeds)}", flush=True)


if __name__ == "__main__":
    main()
