"""What a user can put right: every error has an exit code, says what was found and expected, and hints what to type.

    ForecastError
    ├── UsageError        2   a flag or setting that cannot be
    ├── MissingExtra      3   an optional package is not installed
    ├── NotFound          4   no such data file or model
    ├── DataUnusable      5   the data cannot be read or decided upon
    ├── Mismatch          6   data and model disagree
    ├── TooOld            7   the newest reading is older than --max-age
    ├── Locked            8   another run holds the model
    ├── ModelUnusable     9   the model file is damaged, foreign or newer
    ├── OutputFailed     11   the output could not be written
    ├── TrainingFailed   12   training diverged
    └── Interrupted  128+n    stopped by signal n
"""

from __future__ import annotations


class ForecastError(Exception):
    """Base of everything a user can put right. `hint` is the flag or command to type."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ForecastError):
    exit_code = 2


class MissingExtra(ForecastError):
    exit_code = 3


class NotFound(ForecastError):
    exit_code = 4


class DataUnusable(ForecastError):
    exit_code = 5


class Mismatch(ForecastError):
    exit_code = 6


class TooOld(ForecastError):
    exit_code = 7


class Locked(ForecastError):
    exit_code = 8


class ModelUnusable(ForecastError):
    exit_code = 9


class OutputFailed(ForecastError):
    exit_code = 11


class TrainingFailed(ForecastError):
    exit_code = 12


class Interrupted(ForecastError):
    """Stopped by a signal; nothing is half written."""

    def __init__(self, signal_number: int, hint: str = "") -> None:
        super().__init__(f"stopped by signal {signal_number}; no file is half written", hint)
        self.exit_code = 128 + signal_number


def nearest(word: str, known: list[str]) -> str:
    """The known word closest to `word`, or an empty string: for «did you mean»."""
    import difflib

    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.5)), "")
