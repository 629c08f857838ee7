"""Zones: local clocks to UTC and back. Times inside are UTC where a zone is known; naive stays naive.

- A named zone is asked once per quarter hour that occurs, since no zone changes within one.
- In the hour that occurs twice in autumn the first row met is the earlier one; an hour that a zone skips is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.spill import blocks
from rnnforecast.errors import UsageError

if TYPE_CHECKING:
    from rnnforecast.data.columns import Layout

I64 = npt.NDArray[np.int64]
QUARTER = 900  # seconds
H, DAY = 3600, 86_400
TURNS = 10**6  # no offset
# As loggers and agencies write them; a letter code that means two zones (BST, IST) is read as the one nearer to water
# data that is published under it.
ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": H, "WEST": H, "CET": H, "MEZ": H, "CEST": 2 * H, "MESZ": 2 * H,
    "EET": 2 * H, "EEST": 3 * H, "NST": -12_600, "NDT": -9000, "AST": -4 * H, "ADT": -3 * H, "EST": -5 * H,
    "EDT": -4 * H, "CST": -6 * H, "CDT": -5 * H, "MST": -7 * H, "MDT": -6 * H, "PST": -8 * H, "PDT": -7 * H,
    "AKST": -9 * H, "AKDT": -8 * H, "HST": -10 * H, "AWST": 8 * H, "ACST": 34_200, "ACDT": 37_800, "AEST": 10 * H,
    "AEDT": 11 * H, "JST": 9 * H, "NZST": 12 * H, "NZDT": 13 * H,
}  # fmt: skip
# Winter and summer offsets that letter codes of one file show -> the zone that has both.
BOTH = {
    ("EST", "EDT"): "America/New_York", ("CST", "CDT"): "America/Chicago", ("MST", "MDT"): "America/Denver",
    ("PST", "PDT"): "America/Los_Angeles", ("AKST", "AKDT"): "America/Anchorage", ("AST", "ADT"): "America/Halifax",
    ("NST", "NDT"): "America/St_Johns", ("GMT", "BST"): "Europe/London", ("CET", "CEST"): "Europe/Berlin",
    ("MEZ", "MESZ"): "Europe/Berlin", ("EET", "EEST"): "Europe/Helsinki", ("AEST", "AEDT"): "Australia/Sydney",
    ("ACST", "ACDT"): "Australia/Adelaide", ("NZST", "NZDT"): "Pacific/Auckland",
}  # fmt: skip


def canonical(zone: str) -> str:
    """A zone as it is stored: "UTC", "+01:00" or a name of the time zone database. Raises UsageError."""
    if zone.upper() in ("UTC", "GMT", "Z", "ETC/UTC", "+00:00", "-00:00"):
        return "UTC"
    if zone.upper() in ABBREVIATIONS:
        return offset_text(ABBREVIATIONS[zone.upper()], "UTC")
    match = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d\d?):?(\d\d)?", zone)
    if match:
        return offset_text(seconds_of(match), "UTC")
    zone_named(zone)
    return zone


def seconds_of(match: re.Match[str]) -> int:
    seconds = int(match[2]) * 3600 + int(match[3] or 0) * 60
    return -seconds if match[1] == "-" else seconds


@lru_cache(maxsize=64)
def zone_named(zone: str) -> Any:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"unknown zone {zone!r}; expected UTC, +01:00 or a name such as Europe/Berlin", "--tz UTC"
        ) from None


def fixed(zone: str) -> int | None:
    """Seconds east of UTC of a zone that never changes, or None."""
    if zone == "UTC":
        return 0
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    return seconds_of(match) if match else None


def zone_of_words(words: frozenset[str]) -> str:
    """The named zone whose winter and summer letter codes these are; "" where they are not such a pair."""
    return next((zone for pair, zone in BOTH.items() if words == frozenset(pair)), "")


def zone_in_name(name: str) -> str:
    """The zone that a column name tells: «Time (GMT)», «time_utc», «Date/Time (UTC+1)»; "" where it tells none."""
    written = r"(?:^|[(\[ _/,])(?:UTC|GMT)(?P<offset> *[+-] *\d\d?(?::?\d\d)?)?(?P<rest>.*)"
    told = re.search(written, name, re.IGNORECASE)
    if told is None or (told.start() == 0 and not told["offset"]):
        return ""
    if re.match(r"[a-z0-9]| *[+-]| +[a-z]|_(?!read|time|date)", told["rest"], re.IGNORECASE):
        return ""  # «UTC offset removed»: what it says is not for us to read
    return canonical("UTC" + (told["offset"] or "").replace(" ", ""))


def offset_text(seconds: int, zero: str = "Z") -> str:
    if seconds == 0:
        return zero
    return f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}"


def per_quarter(moments: I64, ask: Callable[[datetime], timedelta | None]) -> I64:
    """Whole seconds that `ask` gives for each moment, asked once per quarter hour; shape as `moments`."""
    quarters, place = np.unique(moments // QUARTER, return_inverse=True)
    epoch = datetime(1970, 1, 1)
    answers = []
    for quarter in quarters.tolist():
        answer = ask(epoch + timedelta(seconds=quarter * QUARTER))
        answers.append(round(answer.total_seconds()) if answer is not None else 0)
    return np.array(answers, np.int64)[place].reshape(moments.shape)


def offsets_at(utc: I64, zone: str) -> I64:
    """Seconds east of UTC at each UTC moment; shape as `utc`."""
    always = fixed(zone)
    if always is not None:
        return np.full(utc.shape, always, np.int64)
    days, place = np.unique(utc // DAY, return_inverse=True)
    ends = np.array([offsets_around(zone, day) for day in days.tolist()], np.int64).reshape(-1, 2)  # (days, 2)
    offsets: I64 = ends[place.reshape(utc.shape), 0]
    turning = (ends[:, 0] != ends[:, 1])[place.reshape(utc.shape)]
    if turning.any():
        named = zone_named(zone)
        moments = utc[turning]
        offsets[turning] = per_quarter(moments, lambda at: at.replace(tzinfo=UTC).astimezone(named).utcoffset())
    return offsets


@lru_cache(maxsize=200_000)
def offsets_around(zone: str, day: int) -> tuple[int, int]:
    """Seconds east of UTC at the start and at the end of a UTC day: most days have one offset."""
    named = zone_named(zone)
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    ends = (start, start + timedelta(days=1))
    first, last = (round((at.astimezone(named).utcoffset() or timedelta()).total_seconds()) for at in ends)
    return first, last


def local_time(utc: I64, zone: str) -> I64:
    """What the clocks of `zone` show at each UTC moment, in seconds; naive times as they are. Shape as `utc`."""
    return utc + offsets_at(utc, zone) if zone else utc


def to_utc(
    local: I64, zone: str, second_time: Callable[[I64], I64], out: I64 | None = None
) -> tuple[I64, I64]:
    """UTC of local clock times, (rows,), and the indices of those that the zone skips.

    `second_time(rows)` says for the rows of an ambiguous hour which ones stand for its second pass (1) or first (0).
    `out` may be `local` itself: what is larger than the memory is changed in place.
    """
    always, none = fixed(zone), np.array([], np.int64)
    if always is not None:
        return np.subtract(local, always, out=out), none
    utc = np.empty_like(local) if out is None else out
    twice, later, lost = [none], [none], [none]
    for rows in blocks(len(local)):
        early, late = local_offsets(local[rows], zone)
        turned = np.flatnonzero(early > late)
        twice.append(turned + rows.start)
        later.append((early - late)[turned])
        lost.append(np.flatnonzero(early < late) + rows.start)
        utc[rows] = local[rows] - early
    again = np.concatenate(twice)
    if len(again):
        utc[again] += np.where(second_time(again) == 1, np.concatenate(later), 0)
    return utc, np.concatenate(lost)


def local_offsets(local: I64, zone: str) -> tuple[I64, I64]:
    """Seconds east of UTC of local clock times, if their hour is the first or the second of its name; (rows,) each."""
    days, place = np.unique(local // DAY, return_inverse=True)
    offset = np.array([offset_of_day(zone, day) for day in days.tolist()], np.int64)[place.reshape(local.shape)]
    early, late = offset, offset.copy()
    turning = offset == TURNS
    if turning.any():
        named, moments = zone_named(zone), local[turning]
        early[turning] = per_quarter(moments, lambda at: at.replace(tzinfo=named, fold=0).utcoffset())
        late[turning] = per_quarter(moments, lambda at: at.replace(tzinfo=named, fold=1).utcoffset())
    return early, late


@lru_cache(maxsize=200_000)
def offset_of_day(zone: str, day: int) -> int:
    """Seconds east of UTC throughout a local day; TURNS where its clock is turned."""
    named, start = zone_named(zone), datetime(1970, 1, 1) + timedelta(days=day)
    times = [(start + timedelta(days=more)).replace(tzinfo=named, fold=fold) for more in (0, 1) for fold in (0, 1)]
    offsets = {round((at.utcoffset() or timedelta()).total_seconds()) for at in times}
    return offsets.pop() if len(offsets) == 1 else TURNS


def stamp_text(seconds: I64, layout: Layout) -> list[str]:
    """ISO-8601 of each time as the input wrote it: dates, minutes or seconds, with Z or +hh:mm where it had a zone.

    Row numbers are plain digits. Finer than the input where a time would not fit its precision.
    """
    moments = np.asarray(seconds, np.int64)
    if layout.stamp == "integer":
        return [str(value) for value in moments.tolist()]
    offsets = offsets_at(moments, layout.zone) if layout.zone else None
    local = moments if offsets is None else moments + offsets
    unit = precision(local, layout.stamp)
    text = [str(t) for t in np.datetime_as_string(local.astype("datetime64[s]"), unit=unit)]
    if offsets is None or unit == "D":
        return text
    return [t + offset_text(offset) for t, offset in zip(text, offsets.tolist(), strict=True)]


def precision(local: I64, stamp: str) -> Any:
    if stamp == "second" or (local % 60).any():
        return "s"
    return "m" if stamp == "minute" or (local % 86_400).any() else "D"
