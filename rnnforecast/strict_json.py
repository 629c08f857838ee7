"""JSON out of a file that nobody vouches for: one object, no key twice, only finite numbers, no endless nesting."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any, NoReturn

NESTING_LIMIT = 64
# Matches an unclosed string too: an attempt that could fail would be made again at every quote, in quadratic time.
STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def parsed(text: str) -> dict[str, Any]:
    """One JSON object: no repeated key, no NaN, no number beyond 64 bits, no deep nesting. Raises ValueError."""
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > NESTING_LIMIT:
            raise ValueError(f"its JSON is nested more than {NESTING_LIMIT} deep")
    value = json.loads(
        text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer, parse_float=_real
    )
    if not isinstance(value, dict):
        raise ValueError("its JSON is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("its JSON repeats a key")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"its JSON holds {word}")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise ValueError("its JSON holds an integer of more than 64 bits")
    return int(digits)


def _real(digits: str) -> float:
    if not isfinite(value := float(digits)):
        raise ValueError("its JSON holds a number beyond a float's range")
    return value
