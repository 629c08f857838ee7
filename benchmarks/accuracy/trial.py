"""One seed of one row: the settings, the parts of the data, the public calls, the count of reads of the test part."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from data import TABLES
from rows import Row

import rnnforecast as rf

RESULTS = Path(__file__).resolve().parent / "results"
READS = RESULTS / "reads.jsonl"


class NotTheProtocol(Exception):
    """A window too few, or a naive score that is not the published one: the figures would not be comparable."""


def must(true: bool, words: str) -> None:
    """Raises NotTheProtocol."""
    if not true:
        raise NotTheProtocol(words)


@dataclass(frozen=True)
class Parts:
    """A frame and the positions of its first validation and first test row."""

    frame: pd.DataFrame
    validation: int
    test: int

    @property
    def train(self) -> pd.DataFrame:
        return self.frame[: self.validation]

    @property
    def settings(self) -> dict[str, str]:
        """The split as `rf.train` takes it: the first moment of each part, so that holes do not move it."""
        return {"validation": str(self.frame.index[self.validation]), "test": str(self.frame.index[self.test])}


def parts_of(frame: pd.DataFrame, split: tuple[float, float], validation_only: bool) -> Parts:
    """Training, validation, test in order. With `validation_only` the test part is cut off before anyone sees it.

    The validation part then stands in for the test part, and as many rows before it for the validation part.
    """
    validation, test = (round(part * len(frame)) if part < 1 else int(part) for part in split)
    if validation_only:
        frame, test = frame[: len(frame) - test], validation
    return Parts(frame, len(frame) - test - validation, len(frame) - test)


@dataclass
class Trial:
    """What a protocol works with. `seconds` collects the CPU seconds of each `rf.train` by what was trained."""

    row: Row
    seed: int
    folder: Path
    changed: Mapping[str, Any] = field(default_factory=dict)
    validation_only: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        return {"preset": "best", **self.row.settings, **self.changed, "seed": self.seed}

    def table(self, number: int = 0) -> pd.DataFrame:
        """A table of the row, whole. Raises Missing."""
        return TABLES[self.row.data[number]](self.folder)

    def parts(self, number: int = 0) -> Parts:
        """A table's columns that the row uses, in parts."""
        used = [column for kind in ("target", "past", "future") for column in self.settings.get(kind, [])]
        return parts_of(self.table(number)[used], self.row.split, self.validation_only)

    def train(self, frame: pd.DataFrame, what: str = "model", **settings: Any) -> Any:
        """`rf.train`, timed. It scores its own test part, so the read is counted here, before it happens."""
        self.count(what)
        started = time.process_time()
        model = rf.train(frame, **{**self.settings, **settings})
        self.seconds[what] = self.seconds.get(what, 0.0) + time.process_time() - started
        return model

    def backtest(self, model: Any, frame: pd.DataFrame) -> pd.DataFrame:
        """`rf.backtest` at the stride and the leads of the row."""
        return rf.backtest(model, frame, stride=self.row.facts["stride"], leads=self.row.facts["leads"])

    def count(self, what: str) -> None:
        """One line for each model that meets the test part; none where it was cut off."""
        if self.validation_only:
            return
        line = {"row": self.row.name, "seed": self.seed, "what": what, "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}"}
        RESULTS.mkdir(exist_ok=True)
        with READS.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def reads(name: str) -> int:
    """How many models have met the test part of a row so far."""
    lines = READS.read_text(encoding="utf-8").splitlines() if READS.exists() else []
    return sum(json.loads(line)["row"] == name for line in lines)
