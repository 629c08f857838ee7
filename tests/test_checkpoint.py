"""The format: what is written is read back, and what is not byte for byte a model is refused in one line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rnnforecast import checkpoint
from rnnforecast.checkpoint import Array
from rnnforecast.errors import ForecastError, ModelUnusable, NotFound, OutputFailed, TrainingFailed

DOCUMENT: dict[str, Any] = {"horizon": 24, "columns": ["Wasserstand [cm]", "température"], "zone": None, "step": 0.25}
TENSORS: dict[str, Array] = {
    "ids": np.arange(5, dtype="u1"),
    "network.a": np.linspace(0, 1, 6, dtype="f4").reshape(2, 3),
    "network.b": np.linspace(2, 3, 6, dtype="f4").reshape(2, 3),
    "starts": np.array([2**53 + 1, -7]),
    "scale": np.array(1e6 + 1e-3),
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    checkpoint.write(path, DOCUMENT, TENSORS)
    return path


def equal(left: dict[str, Array], right: dict[str, Array]) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and left[name].tobytes() == right[name].tobytes()
        for name in left
    )


def parts(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:start]), data[start:]


def signed(header: str, data: bytes) -> bytes:
    """A file whose digest holds, made by the rule of the docstring: so that the rule under test must refuse it."""
    old = header.split('"sha256":"')[1][:64]
    blank = header.replace(old, "0" * 64).encode()
    digest = hashlib.sha256(len(blank).to_bytes(8, "little") + blank + data).hexdigest()
    return len(blank).to_bytes(8, "little") + header.replace(old, digest).encode() + data


def compact(header: dict[str, Any]) -> str:
    return json.dumps(header, separators=(",", ":"))


def refusal(path: Path, kind: type[ForecastError] = ModelUnusable) -> str:
    with pytest.raises(ForecastError) as caught:
        checkpoint.read(path)
    assert type(caught.value) is kind
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
documents = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | numbers | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
arrays = st.sampled_from(["f4", "f8", "i8", "u1", ">f4", ">i8"]).flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
        elements={"allow_nan": False, "allow_infinity": False} if "f" in dtype else None,
    )
)


@settings(deadline=None, max_examples=80)
@given(
    document=documents, tensors=st.dictionaries(st.from_regex(r"[a-z./ \"]{1,8}", fullmatch=True), arrays, max_size=4)
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any], tensors: dict[str, Array]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round_trip.safetensors"
    checkpoint.write(path, document, tensors)
    again, arrays = checkpoint.read(path)
    assert again == document
    assert equal(arrays, {name: array.astype(array.dtype.newbyteorder("<")) for name, array in tensors.items()})


def test_an_array_that_is_not_contiguous_is_written_in_its_own_order(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "m", {}, {"w": np.arange(12, dtype="f4").reshape(3, 4).T[::2]})
    assert checkpoint.read(tmp_path / "m")[1]["w"].tolist() == [[0, 4, 8], [2, 6, 10]]


def test_the_safetensors_library_reads_the_same_tensors(model: Path) -> None:
    assert equal(safetensors.numpy.load(model.read_bytes()), TENSORS)


def test_equal_models_give_equal_bytes_in_whatever_order_they_were_built(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    checkpoint.write(other, dict(reversed(DOCUMENT.items())), dict(reversed(TENSORS.items())))
    assert other.read_bytes() == model.read_bytes()


def test_the_digest_is_the_one_the_docstring_defines(model: Path) -> None:
    header, data = parts(model)
    text = compact(header)
    assert signed(text + " " * (-len(text) % 8), data) == model.read_bytes()


def test_every_array_is_aligned_and_read_only(model: Path) -> None:
    for array in checkpoint.read(model)[1].values():
        assert array.flags.aligned
        assert not array.flags.writeable


def test_an_unaligned_tensor_of_another_writer_is_copied_into_place(model: Path) -> None:
    header, _ = parts(model)
    entries = {
        "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
        "b": {"dtype": "F64", "shape": [1], "data_offsets": [1, 9]},
    }
    text = compact({"__metadata__": header["__metadata__"], **entries})
    model.write_bytes(signed(text, b"\7" + np.float64(1.5).tobytes()))
    array = checkpoint.read(model)[1]["b"]
    assert array.flags.aligned
    assert array.tolist() == [1.5]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"time,level\n2026-01-01,4.2\n", "does not begin as a safetensors file"),
        (b'{"cfg": {"rnnforecast": {"model": true}}}', "does not begin as a safetensors file"),
        (b"PK\3\4 anything", "zip archive"),
        (safetensors.numpy.save({"w": np.zeros(3)}, {"format": "pt"}), "another program"),
    ],
    ids=["empty", "csv", "json", "zip", "safetensors"],
)
def test_a_foreign_file_is_named_for_what_it_is(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "m").write_bytes(content)
    assert kind in refusal(tmp_path / "m")


def test_a_folder_a_pipe_a_device_and_an_enormous_file_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    checkpoint.write(tmp_path / "large", DOCUMENT, TENSORS)
    with open(tmp_path / "large", "r+b") as file:
        file.truncate(checkpoint.FILE_LIMIT + 1)
    begin = time.monotonic()
    assert "directory" in refusal(tmp_path)
    assert "pipe or a device" in refusal(tmp_path / "pipe")
    assert "pipe or a device" in refusal(Path("/dev/zero"))
    assert "at most 1 GB" in refusal(tmp_path / "large")
    assert "null" in refusal(Path("a\0b"))
    assert time.monotonic() - begin < 2


def test_a_missing_model_is_not_found_and_the_hint_is_to_train(tmp_path: Path, model: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "no" / "folder", model / "inside"):
        refusal(path, NotFound)
    with pytest.raises(NotFound) as caught:
        checkpoint.read(Path("nowhere.safetensors"))
    assert caught.value.hint == "rnnforecast train DATA -o nowhere.safetensors"


def test_a_damaged_model_hints_at_the_previous_version_where_there_is_one(model: Path) -> None:
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    with pytest.raises(ModelUnusable) as caught:
        checkpoint.read(model)
    assert caught.value.hint == f"rnnforecast train DATA -o {model}"
    checkpoint.write(model, DOCUMENT, TENSORS)
    model.write_bytes(whole[:-1])
    with pytest.raises(ModelUnusable) as caught:
        checkpoint.read(model)
    assert caught.value.hint == f"restore the previous version: cp {model.with_name('model.prev.safetensors')} {model}"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["network.w", "scale", "context", "context.level", "errors.level"])
def test_what_is_not_finite_is_neither_saved_nor_loaded(model: Path, name: str, bad: float) -> None:
    tensors = {name: np.array([1.0, bad])}
    if name in ("context.level", "errors.level") and np.isnan(bad):
        checkpoint.write(model, {}, tensors)
        assert equal(checkpoint.read(model)[1], tensors)
        return
    before = model.read_bytes()
    with pytest.raises(TrainingFailed, match=name):
        checkpoint.write(model, DOCUMENT, tensors)
    assert model.read_bytes() == before
    checkpoint.write(model, {}, {name: np.array([1.0, 2.0])})
    header, _ = parts(model)
    model.write_bytes(signed(compact(header), tensors[name].tobytes()))
    assert name in refusal(model)


@pytest.mark.parametrize(
    ("document", "tensors"),
    [
        ({"a": "x" * 256_000}, {}),
        ({"a": float("nan")}, {}),
        ({"a": 2**63}, {}),
        ({"a": np.float32(1)}, {}),
        ({"a": {1, 2}}, {}),
        ({}, {"w": np.zeros(2, "f2")}),
        ({}, {"w": np.array(["a"])}),
        ({}, {"w\n": np.zeros(2)}),
        ({}, {"": np.zeros(2)}),
        ({}, {"__metadata__": np.zeros(2)}),
        ({}, {f"{'w' * 190}{i}": np.zeros(1) for i in range(5000)}),
    ],
    ids=["large", "nan", "2^63", "numpy", "set", "f2", "text", "newline", "nameless", "metadata", "header"],
)
def test_a_caller_who_asks_for_what_could_not_be_read_is_told_so_before_anything_is_written(
    tmp_path: Path, document: dict[str, Any], tensors: dict[str, Array]
) -> None:
    with pytest.raises((TypeError, ValueError)):
        checkpoint.write(tmp_path / "m", document, tensors)
    assert not list(tmp_path.iterdir())


def test_a_model_of_more_than_a_gigabyte_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    large = np.broadcast_to(np.uint8(0), (10**9,))
    with pytest.raises(OutputFailed, match="at most 1 GB"):
        checkpoint.write(tmp_path / "m", {}, {"w": large})


def test_reading_a_megabyte_takes_less_than_ten_milliseconds(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "m", DOCUMENT, {f"w{i}": np.ones(5000, "f4") for i in range(50)})
    times = []
    for _ in range(10):
        begin = time.perf_counter()
        checkpoint.read(tmp_path / "m")
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.010


def test_importing_and_reading_load_nothing_slow(model: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rnnforecast import checkpoint; checkpoint.read(Path(sys.argv[1]));"
        "print([m for m in 'filelock tempfile shutil safetensors torch pandas pickle'.split() if m in sys.modules])"
    )
    baseline = "import sys, numpy; print('pickle' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script, model], capture_output=True, text=True, check=True).stdout
    with_numpy = subprocess.run([sys.executable, "-c", baseline], capture_output=True, text=True, check=True).stdout
    assert found.strip() == ("['pickle']" if with_numpy.strip() == "True" else "[]")
