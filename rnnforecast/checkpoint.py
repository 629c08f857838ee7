"""Model <-> one file: a JSON document and named tensors, as safetensors. Knows nothing of models.

- Layout: 8 bytes, the header's length n (little-endian); n bytes, the header, one JSON object padded with spaces to a
  multiple of 8; then the data of all tensors without holes, widest type first, so that every one is aligned.
- The header's `__metadata__` holds four strings: `rnnforecast` (the marker by which a file is known as ours),
  `format_version`, `sha256` and `document`.
- `sha256` is the SHA-256 in 64 small hexadecimal digits of the whole file, first byte to last, in which those 64
  digits themselves are each taken as `0`: the header without the digest, then the whole data buffer.
- Any safetensors reader opens the file. It is packed and parsed here because the library writes metadata in no fixed
  order, and equal models are to give equal bytes, and because the bytes hashed must be the bytes parsed.
- Nothing is pickled; no name in the file becomes a path or an import.
- Sizes are Python integers, checked against the limits below before numpy sees them.
- Order within the document's objects is not kept (keys are sorted): what has an order belongs in a list.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnnforecast import atomic, strict_json
from rnnforecast.errors import ModelUnusable, NotFound, OutputFailed, TrainingFailed

Array = np.ndarray[Any, np.dtype[Any]]

FORMAT_VERSION = 1
FILE_LIMIT = 1_000_000_000  # bytes
HEADER_LIMIT = 1_000_000  # bytes
DOCUMENT_LIMIT = 256_000  # bytes of ASCII JSON
DIMENSION_LIMIT = 8
MAY_HOLD_GAPS = ("context.", "errors.")  # a gauge's history has holes; weights and scales have none

DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "F32": np.dtype("<f4"),
    "U8": np.dtype("u1"),
}
ANOTHER = "name a model that train wrote: -m FILE"
MARKER = b'"rnnforecast":'
NO_DIGEST = b"0" * 64


class _Slot(NamedTuple):
    """Where a tensor lies in the data buffer; sorts by place."""

    begin: int  # bytes
    end: int
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def write(path: Path, document: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Replace the model at `path` by these; the version that was there is kept as `STEM.prev.safetensors`.

    `document` is plain JSON, at most 256 kB; `tensors` are float32, float64, int64 or uint8 of any shape, their names
    printable ASCII. Takes the lock, unless this thread holds it already. A symbolic link at `path` stays one.

    Raises TrainingFailed (a tensor is not finite; NaN is allowed in `context.*` and `errors.*`), OutputFailed, Locked;
    TypeError or ValueError where the caller is at fault.
    """
    size = sum(tensor.nbytes for tensor in tensors.values())
    if size > FILE_LIMIT - HEADER_LIMIT:
        raise OutputFailed(f"{path}: the model takes {size} bytes; at most 1 GB is written", "train on fewer series")
    if fault := _not_finite(tensors):
        raise TrainingFailed(f"{fault}; the model was not saved", "lower --learning-rate")
    data = _encode(document, tensors)
    _decode(path, data)  # what could not be read again must never replace what can
    with lock(path) as target:
        atomic.replace(target, data)


def keep(path: Path, document: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Replace the unfinished run at `path` by this one; no previous version is kept. The caller holds the model's lock.

    Raises OutputFailed; ValueError where the caller is at fault.
    """
    data = _encode(document, tensors)
    _decode(path, data)
    atomic.put(path, data)


def discard(path: Path) -> None:
    """Remove an unfinished run, if there is one. The caller holds the model's lock. Raises OutputFailed."""
    with atomic.refusing(path):
        path.unlink(missing_ok=True)


def unfinished(target: Path) -> Path:
    """Where the unfinished run of the model at `target` is kept: model.safetensors -> model.training.safetensors.

    For a model of another ending, MODEL.training: `kew` and `kew.safetensors` have locks, and runs, of their own.
    """
    stem = target.name.removesuffix(".safetensors")
    return target.with_name(f"{stem}.training{target.name[len(stem):]}")


def family(target: Path) -> set[Path]:
    """Every name that a run of the model at `target` may write or remove."""
    files = [target, atomic.previous(target), unfinished(target)]
    return {*files, *map(atomic.temporary, files), Path(f"{target}.lock")}


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The document and the tensors of the model at `path`. The arrays are read-only views of the file's bytes.

    Raises NotFound, and ModelUnusable for everything that is not, byte for byte, a model that `write` wrote.
    """
    data = _load(path)
    try:
        return _decode(path, data)
    except ValueError as damage:
        raise ModelUnusable(f"{path}: damaged: {damage}", _remedy(path)) from damage


def lock(path: Path) -> AbstractContextManager[Path]:
    """Hold the model at `path` against other runs, on `PATH.lock` beside it; its folder is made.

    Never waits; ends with its process, however that ends; the same thread may take it again. Yields the file behind
    any symbolic link.

    Raises Locked (another run holds it), OutputFailed (what lies at `path` is not ours; its folder cannot be made).
    """
    return atomic.lock(path, _foreign)


def check_writable(path: Path) -> None:
    """Show before training that `write(path, …)` will not be refused; makes the folder, removes a killed run's rest.

    Raises Locked, OutputFailed.
    """
    with lock(path) as target:
        atomic.refuse_foreign(unfinished(target), _foreign)
        atomic.probe(unfinished(target))
        atomic.probe(target)


def _load(path: Path) -> bytes:
    try:
        with atomic.open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if foreign := _foreign(file.peek()):
                raise ModelUnusable(f"{path}: not an rnnforecast model ({foreign})", ANOTHER)
            if size > FILE_LIMIT:
                raise ModelUnusable(f"{path}: damaged: it takes {size} bytes; at most 1 GB is read", _remedy(path))
            return file.read(size)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{path}: no such model", _training(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelUnusable(f"{path}: could not be read: {reason}", ANOTHER) from error


def _remedy(path: Path) -> str:
    from shlex import quote

    previous = atomic.previous(Path(os.path.realpath(path)))
    if previous.is_file():
        return f"restore the previous version: cp {quote(str(previous))} {quote(str(path))}"
    return _training(path)


def _training(path: Path) -> str:
    from shlex import quote

    return f"rnnforecast train DATA -o {quote(str(path))}"


def _foreign(head: bytes) -> str:
    """What a file that begins with `head` (some kilobytes) is, in words; empty if it is ours, be it damaged.

    Ours: the marker stands in a header of plausible length. Text never passes, as its first eight characters make an
    enormous length.
    """
    length = int.from_bytes(head[:8], "little")
    if length <= HEADER_LIMIT and head[8:9] == b"{":
        return "" if MARKER in head[8 : 8 + length] else "a safetensors file of another program"
    if head.startswith(b"PK"):
        return "a zip archive, such as torch.save writes; it is never unpacked"
    if head.startswith(b"\x80"):
        return "a pickle; it is never unpickled"
    return "it does not begin as a safetensors file" if head else "it is empty"


def _encode(document: Mapping[str, Any], tensors: Mapping[str, Array]) -> bytes:
    entries: dict[str, Any] = {}
    parts: list[bytes] = []
    end = 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        code = _code(name, tensors[name])
        parts.append(tensors[name].astype(DTYPES[code], copy=False).tobytes())
        begin, end = end, end + len(parts[-1])
        entries[name] = {"dtype": code, "shape": list(tensors[name].shape), "data_offsets": [begin, end]}
    header = _header(document, entries)
    length = len(header).to_bytes(8, "little")
    digest = _digest([length, header, *parts])
    signed = header.replace(b'"sha256":"' + NO_DIGEST, b'"sha256":"' + digest, 1)
    return b"".join([length, signed, *parts])


def _code(name: str, tensor: Array) -> str:
    for code, dtype in DTYPES.items():
        if tensor.dtype.newbyteorder("<") == dtype:
            return code
    raise TypeError(f"tensor {name!r} is {tensor.dtype}; expected float32, float64, int64 or uint8")


def _header(document: Mapping[str, Any], entries: dict[str, Any]) -> bytes:
    """The header with a digest of zeros. A quote inside the document is escaped, so `"sha256":` is there once."""
    metadata = {
        "rnnforecast": "model",
        "format_version": str(FORMAT_VERSION),
        "sha256": NO_DIGEST.decode(),
        "document": json.dumps(document, allow_nan=False, sort_keys=True, separators=(",", ":")),
    }
    text = json.dumps({"__metadata__": metadata, **entries}, separators=(",", ":"))
    return (text + " " * (-len(text) % 8)).encode("ascii")


def _digest(parts: Iterable[bytes | memoryview]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest().encode()


def _decode(path: Path, data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Raises ValueError where the bytes are damaged, ModelUnusable where they are of a newer format."""
    start = 8 + int.from_bytes(data[:8], "little")
    if not 8 < start <= min(len(data), 8 + HEADER_LIMIT):
        raise ValueError(f"its header takes {start - 8} bytes, of {len(data)} in the file")
    entries = strict_json.parsed(data[8:start].decode("utf-8"))
    metadata = _metadata(path, entries)
    slots = _slots(entries, len(data) - start)
    if not re.fullmatch("[0-9a-f]{64}", metadata["sha256"]):
        raise ValueError("its SHA-256 is not 64 hexadecimal digits")
    digest = metadata["sha256"].encode()
    if _digest([data[:8], data[8:start].replace(digest, NO_DIGEST), memoryview(data)[start:]]) != digest:
        raise ValueError("its SHA-256 is not the one it was written with")
    tensors = {slot.name: _view(data, start, slot) for slot in slots}
    if fault := _not_finite(tensors):
        raise ValueError(fault)
    return _document(metadata["document"]), tensors


def _metadata(path: Path, entries: dict[str, Any]) -> dict[str, str]:
    """Take the metadata out of the header; the format version is judged before all else."""
    metadata = entries.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata is not strings by name")
    version = metadata.get("format_version", "")
    if not re.fullmatch("[1-9][0-9]{0,8}", version):
        raise ValueError("it has no format version")
    if int(version) > FORMAT_VERSION:
        raise ModelUnusable(
            f"{path}: format version {version}, this rnnforecast reads {FORMAT_VERSION}",
            "upgrade with pip install -U rnnforecast",
        )
    if metadata.keys() != {"rnnforecast", "format_version", "sha256", "document"}:
        raise ValueError("its metadata lacks an entry or has one too many")
    return metadata


def _slots(entries: dict[str, Any], size: int) -> list[_Slot]:
    """The tensors in the order of the buffer, which they must fill exactly: `size` in bytes."""
    slots = sorted(_slot(name, entry) for name, entry in entries.items())
    end = 0
    for slot in slots:
        if slot.begin != end:
            raise ValueError(f"tensor {_shown(slot.name)} begins at byte {slot.begin}, expected {end}")
        end = slot.end
    if end != size:
        raise ValueError(f"its data takes {size} bytes, expected {end}")
    return slots


def _slot(name: str, entry: Any) -> _Slot:
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= 200):
        raise ValueError(f"the tensor name {_shown(name)} is not 1 to 200 printable ASCII characters")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {_shown(name)} is not described by dtype, shape and data_offsets")
    shape, offsets, dtype = _sizes(entry["shape"]), _sizes(entry["data_offsets"]), DTYPES.get(str(entry["dtype"]))
    if dtype is None or shape is None or offsets is None or len(offsets) != 2:
        raise ValueError(f"tensor {_shown(name)} has an unknown dtype, or an impossible shape or offset")
    begin, end = offsets
    if prod(shape) * dtype.itemsize != end - begin:
        raise ValueError(f"tensor {_shown(name)} has {end - begin} bytes, which its shape does not fill")
    return _Slot(begin, end, name, dtype, shape)


def _sizes(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list) or len(value) > DIMENSION_LIMIT:
        return None
    return tuple(value) if all(type(size) is int and 0 <= size <= FILE_LIMIT for size in value) else None


def _view(data: bytes, start: int, slot: _Slot) -> Array:
    """A read-only array over the file's own bytes; a copy where another writer did not align them."""
    array: Array = np.ndarray(slot.shape, slot.dtype, data, start + slot.begin)
    return array if array.flags.aligned else array.copy()


def _document(text: str) -> dict[str, Any]:
    if len(text) > DOCUMENT_LIMIT:
        raise ValueError(f"its document takes {len(text)} characters; at most {DOCUMENT_LIMIT} are expected")
    return strict_json.parsed(text)


def _not_finite(tensors: Mapping[str, Array]) -> str:
    """What is wrong with the first tensor that holds a number it may not hold; empty if all is well."""
    for name, tensor in tensors.items():
        if name.startswith(MAY_HOLD_GAPS) and np.isinf(tensor).any():
            return f"tensor {_shown(name)} holds infinite values"
        if not name.startswith(MAY_HOLD_GAPS) and not np.isfinite(tensor).all():
            return f"tensor {_shown(name)} holds values that are not finite"
    return ""


def _shown(name: str) -> str:
    return ascii(name[:60])
