"""Whatever `signatures/` holds keeps the contract: each has a title, a sample, and marks that no other file bears."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest

from rnnforecast.config import DataFlags, listed
from rnnforecast.data.formats import HEAD, formats, open_table, text_of
from rnnforecast.data.formats._packed import unpacked
from rnnforecast.data.signatures import PLAIN, Signature, recognised, signatures
from rnnforecast.errors import DataUnusable

SAMPLES = sorted(path for path in (Path(__file__).parent / "signatures").iterdir() if path.is_file())
LAYOUTS = [layout for each in signatures().values() for layout in (each, *each.also)]


def titles() -> set[str]:
    return {layout.title for layout in LAYOUTS}


def test_the_folder_is_the_list() -> None:
    assert set(signatures()) == set(listed("data/signatures"))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
def test_a_signature_keeps_the_contract(layout: Signature) -> None:
    assert layout.title
    assert layout.marks
    assert layout.parser in formats()
    for pattern in (*layout.marks, *layout.about.aside, *(mark for mark, _, _ in layout.refuse)):
        re.compile(pattern)


def test_every_layout_has_a_sample_that_only_it_recognises() -> None:
    seen = set()
    for sample in SAMPLES:
        head = text_of(unpacked(sample, sample.name)[0].read_bytes()[:HEAD])
        found = [layout.title for layout in LAYOUTS if layout.matches(head)]
        seen.update(found[:1])
        if found:
            assert recognised(head, sample.name).title == found[0]
            assert len(set(found)) == 1, f"{sample.name}: {found}"
    assert seen == titles()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_opens_twice_with_the_same_rows(sample: Path) -> None:
    table = open_table(str(sample), DataFlags(freq="1h"))
    first, second = ([dict(chunk.columns) for chunk in table.chunks()] for _ in range(2))
    assert str(first) == str(second)
    assert sum(map(len, table.chunks())) > 3


SIGNS = [" ", "\t", "#", "#\n", ",", "0", "0 ", "a", "a,", ";", "[", '"', "\n", "1970-01-01 ", ":0/"]


@pytest.mark.parametrize("sign", SIGNS)
def test_no_mark_is_slow_over_a_file_of_one_sign(sign: str) -> None:
    began = time.process_time()
    with suppress(DataUnusable):
        assert recognised((sign * HEAD)[:HEAD], "odd.txt") is PLAIN
    assert time.process_time() - began < 5  # a pattern that backtracks takes minutes
