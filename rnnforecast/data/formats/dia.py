"""DIA and WIA (Rijkswaterstaat, Donar): blocks of a head and a stream of value/quality pairs, not a table of rows.

    [IDT;*DIF*;A;CENT;20190213]
    [W3H]
    PAR;WATHTE;Waterhoogte;J
    EHD;I;cm
    LOC;VLISSGN;Vlissingen;P;RD;3048000;38522000
    [RKS]
    TYD;19760101;0000;19941231;2300;60;min
    [WRD]
    122/0:225/0:230/0:182/0:116/0:25/0:-64/0:

- TYD gives the time of every value: first, last and step. Without a step each value carries its own, 19760101;0110;5/0.
- What stands above [RKS] holds for all its streams; [W3H] starts anew. A stream that is longer or shorter than TYD says
  is refused: its times would be guessed.
- The value's column is called by its parameter (WATHTE); where a file holds several, «value», told apart by parameter.
- High and low waters (MUX) stand at irregular times: refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._text import encoding_of, guarded, held
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.table import About, Chunk, Column, Flagged, Table
from rnnforecast.errors import DataUnusable

summary = "DIA and WIA, streams of value/quality pairs (Rijkswaterstaat)"

I64 = npt.NDArray[np.int64]

STARTS = (b"[IDT;*DIF*", b"[IDT;*WIF*", b"[W3H]")
SECONDS = {"s": 1, "sec": 1, "min": 60, "uur": 3600, "u": 3600, "dag": 86_400, "d": 86_400}
MISSING, GAP, INTERPOLATED = "999999999", "99", "25"
Head = dict[str, list[str]]  # «LOC» -> [VLISSGN, Vlissingen, …]
Pair = tuple[str, int]  # «122/0», and the line that it ends on


@dataclass
class Block:
    """One stream: its head, and the lines below [WRD] as (number, text)."""

    head: Head
    line: int  # of [WRD]
    lines: list[tuple[int, str]] = field(default_factory=list)

    def said(self, key: str, place: int = 0) -> str:
        """An entry of the head, "" where there is none."""
        values = self.head.get(key, [])
        return values[place] if place < len(values) else ""

    @property
    def parameter(self) -> str:
        return self.said("GHD") or self.said("PAR") or "value"


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(STARTS)


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:  # noqa: ARG001  (the contract)
    """The table of a DIA file. Raises DataUnusable with the line of the first fault."""
    encoding = encoding_of(path, source)
    heads = [replace(block, lines=[]) for block in blocks(path, encoding, source)]
    if not heads:
        raise DataUnusable(f"{source}: no [WRD] with values below it; expected a stream of value/quality pairs")
    parameters = list(dict.fromkeys(block.parameter for block in heads))
    value = parameters[0] if len(parameters) == 1 else "value"
    about = about_of(heads, value, signature)
    chunks = guarded(source, partial(chunks_of, path, encoding, source, value))
    facts = (("format", signature.title or "DIA"), ("encoding", encoding), ("decimal", "."))
    names = ("time", value, "quality", "location", "parameter")
    return held(Table(source, names, chunks, facts=facts, about=about), path)


def about_of(heads: Sequence[Block], value: str, signature: Signature) -> About:
    """What the heads tell: unit and title where all agree, the station where there is one. Times are MET all year."""
    units = {block.said("EHD", 1) for block in heads}
    titles = {", ".join(filter(None, [block.said("PAR", 1), block.said("HDH", 1)])) for block in heads}
    places = {" ".join(block.head.get("LOC", [])[:2]) for block in heads}
    several = len({block.parameter for block in heads}) > 1
    return replace(
        signature.about,
        title=signature.title,
        time="time",
        id=("location", "parameter") if several else ("location",),
        target=(value,),
        zone="+01:00",
        missing=(MISSING,),
        flags=(Flagged("quality", (value,), bad=(GAP,), estimated=(INTERPOLATED,)),),
        units=((value, units.pop()),) if len(units) == 1 else (),
        titles=((value, titles.pop()),) if len(titles) == 1 else (),
        station=places.pop() if len(places) == 1 else "",
    )


def blocks(path: Path, encoding: str, source: str) -> Iterator[Block]:
    """The streams of a file, each with the head that stands above it."""
    head: Head = {}
    block: Block | None = None
    with path.open(encoding=encoding) as file:
        for number, text in enumerate(file, 1):
            line = text.strip()
            if line.startswith("["):
                if block is not None:
                    yield block
                block = Block(dict(head), number) if line == "[WRD]" else None
                head = {} if line == "[W3H]" else head
            elif block is not None:
                block.lines.append((number, line))
            elif line:
                key, *values = line.split(";")
                head[key] = values
                refuse_extremes(key, f"{source} line {number}")
    if block is not None:
        yield block


def refuse_extremes(key: str, place: str) -> None:
    if key == "MUX":
        raise DataUnusable(
            f"{place}: a list of high and low waters (MUX), at irregular times; expected a series with one step",
            "ask for the water levels themselves (PAR;WATHTE)",
        )


def chunks_of(path: Path, encoding: str, source: str, value: str) -> Iterator[Chunk]:
    """One chunk for each stream that holds values."""
    for block in blocks(path, encoding, source):
        found = list(pairs(block.lines))
        if not found:
            continue
        lines = np.array([line for _, line in found], np.int64)
        cells = [cell.rpartition(";")[2].partition("/") for cell, _ in found]
        columns: dict[str, Column] = {
            "time": times_of(block, found, source).astype("datetime64[s]"),
            value: [cell.replace(",", ".") for cell, _, _ in cells],
            "quality": [quality for _, _, quality in cells],
            "location": [block.said("LOC") or "unknown"] * len(found),
            "parameter": [block.parameter] * len(found),
        }
        yield Chunk(columns, int(lines[0]), lines)


def pairs(lines: Iterable[tuple[int, str]]) -> Iterator[Pair]:
    """«122/0» and its line: pairs are parted by colons, and a line may end within one."""
    rest, number = "", 0
    for number, text in lines:
        *whole, rest = (rest + text).split(":")
        yield from ((pair, number) for pair in whole if pair)
    if rest:
        yield rest, number


def times_of(block: Block, found: Sequence[Pair], source: str) -> I64:
    """Seconds of each pair by the clock of the file, (pairs,)."""
    place = f"{source} line {block.line}"
    if ";" in found[0][0]:
        return np.array([moment(cell.split(";"), f"{source} line {line}") for cell, line in found], np.int64)
    start, stop = (moment([block.said("TYD", i), block.said("TYD", i + 1)], place) for i in (0, 2))
    step = step_of(block, place)
    expected = (stop - start) // step + 1
    if len(found) != expected:
        raise DataUnusable(
            f"{place}: {len(found)} values below it; expected {expected}, as TYD above it says",
            "ask for the file again: it may be cut",
        )
    return start + step * np.arange(expected, dtype=np.int64)


def step_of(block: Block, place: str) -> int:
    """Seconds from value to value. Raises DataUnusable."""
    count, unit = block.said("TYD", 4), block.said("TYD", 5)
    if not count.isdecimal() or not int(count) or unit not in SECONDS:
        raise DataUnusable(f"{place}: a step of {count!r} {unit!r} in TYD above it; expected one such as 10;min")
    return int(count) * SECONDS[unit]


def moment(parts: Sequence[str], place: str) -> int:
    """Seconds of «19760101» and «2300»; 2400 is midnight at the end of the day. Raises DataUnusable."""
    date, clock = [*parts, "", ""][:2]
    if re.fullmatch(r"\d{8}", date) and re.fullmatch(r"\d{4}", clock):
        try:
            day: Any = np.datetime64(datetime.strptime(date, "%Y%m%d"), "s")
            return int(day.astype(np.int64)) + int(clock[:2]) * 3600 + int(clock[2:]) * 60
        except ValueError:  # the 31st of February
            pass
    raise DataUnusable(f"{place}: {date};{clock} is not a time; expected one such as 19760101;2300")
