"""Damaged, forged and hostile files: each is refused in one line, and nothing in it is run."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast import checkpoint
from rnnforecast.errors import ModelUnusable
from tests.test_checkpoint import DOCUMENT, TENSORS, compact, equal, parts, refusal, signed


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    checkpoint.write(path, DOCUMENT, TENSORS)
    return path


def test_a_flipped_bit_is_refused_wherever_it_lies(model: Path) -> None:
    whole = model.read_bytes()
    for bit in range(0, 8 * len(whole), 7):  # seven and eight share no factor: every byte, each of its bits in turn
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        model.write_bytes(flipped)
        with pytest.raises(ModelUnusable):
            checkpoint.read(model)


def test_every_truncation_and_any_appendix_is_refused(model: Path) -> None:
    whole = model.read_bytes()
    for length in range(len(whole)):
        model.write_bytes(whole[:length])
        refusal(model)
    model.write_bytes(whole + b"\0")
    assert "damaged" in refusal(model)


def test_a_zeroed_block_is_refused_wherever_it_lies(model: Path) -> None:
    whole = model.read_bytes()
    for begin in range(0, len(whole), 16):
        zeroed = whole[:begin] + bytes(len(whole[begin : begin + 16])) + whole[begin + 16 :]
        model.write_bytes(zeroed)
        if zeroed != whole:
            refusal(model)


def test_two_tensors_of_one_shape_cannot_be_swapped(model: Path) -> None:
    header, data = parts(model)
    a, b = (header[name]["data_offsets"] for name in ("network.a", "network.b"))
    model.write_bytes(
        model.read_bytes()[: -len(data)] + data[: a[0]] + data[b[0] : b[1]] + data[a[0] : a[1]] + data[b[1] :]
    )
    assert "SHA-256" in refusal(model)


def entry(**change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda header: header["network.a"].update(change)


TRICKS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "overlap": (entry(data_offsets=[16, 40]), "begins at byte"),
    "negative offset": (entry(data_offsets=[-24, 0]), "impossible"),
    "offsets reversed": (entry(data_offsets=[48, 24]), "does not fill"),
    "offset beyond 64 bits": (entry(data_offsets=[24, 2**70]), "64 bits"),
    "offset beyond the file": (entry(shape=[10**8], data_offsets=[24, 24 + 4 * 10**8]), "begins at byte"),
    "offset a float": (entry(data_offsets=[24.0, 48.0]), "impossible"),
    "offset a truth value": (entry(shape=[True, 6]), "impossible"),
    "negative sides": (entry(shape=[-2, -3]), "impossible"),
    "sides that overflow": (entry(shape=[2**29, 2**29, 64, 3]), "does not fill"),
    "too many sides": (entry(shape=[1] * 30 + [6]), "impossible"),
    "unknown dtype": (entry(dtype="F16"), "unknown dtype"),
    "dtype a list": (entry(dtype=["F32"]), "unknown dtype"),
    "missing shape": (lambda header: header["network.a"].pop("shape"), "not described"),
    "surplus entry": (entry(path="../../etc/passwd"), "not described"),
    "an entry that is no object": (lambda header: header.update(ids=7), "not described"),
    "hole": (lambda header: header.pop("network.a"), "begins at byte"),
    "hole at the end": (lambda header: header.pop("ids"), "takes 77 bytes, expected 72"),
    "empty but enormous": (
        lambda header: header.update(e={"dtype": "U8", "shape": [0] + [10**9] * 3, "data_offsets": [0, 0]}),
        "too big",
    ),
    "name of control characters": (lambda header: header.update({"\x1b[2J": header.pop("ids")}), "printable"),
    "name of another alphabet": (lambda header: header.update({"é": header.pop("ids")}), "printable"),
    "lone surrogate": (lambda header: header.update({"\ud800": header.pop("ids")}), "printable"),
    "metadata not strings": (lambda header: header["__metadata__"].update(document={"a": 1}), "not strings"),
    "no version": (lambda header: header["__metadata__"].pop("format_version"), "no format version"),
    "version zero": (lambda header: header["__metadata__"].update(format_version="0"), "no format version"),
    "version in other digits": (lambda header: header["__metadata__"].update(format_version="٣"), "no format version"),
    "no document": (lambda header: header["__metadata__"].pop("document"), "lacks an entry"),
    "document a list": (lambda header: header["__metadata__"].update(document="[1]"), "not an object"),
    "document repeats a key": (lambda header: header["__metadata__"].update(document='{"a":1,"a":2}'), "repeats a key"),
    "document holds NaN": (lambda header: header["__metadata__"].update(document='{"a":NaN}'), "holds NaN"),
    "document holds Infinity": (lambda header: header["__metadata__"].update(document='{"a":-Infinity}'), "Infinity"),
    "document holds 1e400": (lambda header: header["__metadata__"].update(document='{"a":1e400}'), "float's range"),
    "document holds 10^400": (lambda header: header["__metadata__"].update(document=f'{{"a":{10**400}}}'), "64 bits"),
    "document holds 10^5000": (
        lambda header: header["__metadata__"].update(document='{"a":1' + "0" * 5000 + "}"),
        "64 ",
    ),
    "document nested": (lambda header: header["__metadata__"].update(document='{"a":' + "[" * 200_000), "nested"),
    "document large": (
        lambda header: header["__metadata__"].update(document='{"a":"' + "x" * 256_000 + '"}'),
        "at most",
    ),
    "document cut": (lambda header: header["__metadata__"].update(document='{"a":"'), "Unterminated"),
}


@pytest.mark.parametrize(("change", "reason"), TRICKS.values(), ids=TRICKS)
def test_a_header_with_a_trick_is_refused_even_where_its_digest_holds(
    model: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    header, data = parts(model)
    change(header)
    model.write_bytes(signed(compact(header), data))
    assert reason in refusal(model)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"ids":', '"ids":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"ids":', "repeats a key"),
        ('"ids":', '"x":' + "[" * 200_000 + ',"ids":', "nested"),
        ('"ids":', '"x":"' + "y" * 1_000_000 + '","ids":', "not an rnnforecast model"),
        ('"ids":', '"x":NaN,"ids":', "NaN"),
        ('"ids":', '"x":1' + "0" * 400 + ',"ids":', "64 bits"),
        ('"ids":', '"ids"', "Expecting ':'"),
        ("}}", "}}{}", "Extra data"),
        ("}}", ',"' + '\\"' * 400_000, "Unterminated"),
    ],
    ids=["duplicate", "nested", "long", "nan", "huge", "syntax", "second object", "quotes"],
)
def test_a_header_that_is_not_strict_json_is_refused(model: Path, old: str, new: str, reason: str) -> None:
    header, data = parts(model)
    model.write_bytes(signed(compact(header).replace(old, new), data))
    assert reason in refusal(model)


@settings(deadline=None, max_examples=150)
@given(begin=st.integers(0, 500), length=st.integers(0, 30), text=st.text('"{}[]:,0123456789-e\\ é', max_size=6))
def test_a_spliced_header_is_refused_or_read_as_the_safetensors_library_reads_it(
    tmp_path_factory: pytest.TempPathFactory, begin: int, length: int, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "spliced.safetensors"
    path.unlink(missing_ok=True)
    checkpoint.write(path, DOCUMENT, TENSORS)
    header, data = parts(path)
    whole = compact(header)
    place = 170 + begin  # behind the digest, which must be there to be made again
    path.write_bytes(signed(whole[:place] + text + whole[place + length :], data))
    try:
        _, tensors = checkpoint.read(path)
    except ModelUnusable:
        return
    assert equal(tensors, safetensors.numpy.load(path.read_bytes()))


@pytest.mark.parametrize("length", [0, 1, 10**6 + 8, 2**31, 2**63, 2**64 - 1])
def test_an_impossible_header_length_is_refused(model: Path, length: int) -> None:
    model.write_bytes(length.to_bytes(8, "little") + model.read_bytes()[8:])
    refusal(model)


@pytest.mark.parametrize("digest", ["", "0", "A" * 64, "\\ud800", "0" * 65])
def test_a_digest_of_another_form_is_refused_before_it_is_compared(model: Path, digest: str) -> None:
    header, _ = parts(model)
    old = str(header["__metadata__"]["sha256"])
    model.write_bytes(resized(model.read_bytes().replace(old.encode(), digest.encode()), len(digest) - len(old)))
    assert "SHA-256 is not 64" in refusal(model)


def resized(data: bytes, change: int) -> bytes:
    return (int.from_bytes(data[:8], "little") + change).to_bytes(8, "little") + data[8:]


def test_a_newer_format_is_refused_by_name_before_its_digest_is_looked_at(model: Path) -> None:
    model.write_bytes(model.read_bytes().replace(b'"format_version":"1"', b'"format_version":"7"'))
    with pytest.raises(ModelUnusable, match="format version 7, this rnnforecast reads 1") as caught:
        checkpoint.read(model)
    assert caught.value.hint == "upgrade with pip install -U rnnforecast"


class Bomb:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.canary),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_in_place_of_the_model_never_runs(tmp_path: Path, protocol: int) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "canary"), protocol)
    (tmp_path / "m").write_bytes(bomb)
    assert "not an rnnforecast model" in refusal(tmp_path / "m")
    checkpoint.write(tmp_path / "m2", {"bomb": bomb.hex()}, {"bomb": np.frombuffer(bomb, "u1")})
    checkpoint.read(tmp_path / "m2")
    assert not (tmp_path / "canary").exists()
