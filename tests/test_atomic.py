"""The writing side: whatever fails, is killed or stands in the way, the old model or the new one is there, whole."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast import checkpoint
from rnnforecast.errors import ForecastError, Locked, ModelUnusable, OutputFailed

CHILD = """
import os, signal, sys
from pathlib import Path
import numpy as np
from rnnforecast import checkpoint
from rnnforecast.errors import ForecastError
path = Path(sys.argv[1])
def write(n):
    checkpoint.write(path, {"n": n}, {"w": np.full(3000, n, "f4")})
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write(path, 1)
    return path


def write(path: Path, n: int) -> None:
    checkpoint.write(path, {"n": n}, {"w": np.full(3000, n, "f4")})


def version(path: Path) -> int:
    """Which model is there: its document and its weights must agree."""
    document, tensors = checkpoint.read(path)
    assert (tensors["w"] == document["n"]).all()
    return int(document["n"])


def litter(folder: Path) -> set[str]:
    known = {"model.safetensors", "model.safetensors.lock", "model.prev.safetensors"}
    return {path.name for path in folder.iterdir()} - known


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD + script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    return out


def refusal(action: Callable[[], object], kind: type[ForecastError] = OutputFailed) -> str:
    with pytest.raises(ForecastError) as caught:
        action()
    assert type(caught.value) is kind
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_the_version_before_the_present_one_is_kept(model: Path) -> None:
    previous = model.with_name("model.prev.safetensors")
    assert not previous.exists()
    for n in (2, 3):
        write(model, n)
        assert (version(model), version(previous)) == (n, n - 1)
    assert not litter(model.parent)


def test_the_previous_version_is_copied_where_hard_links_are_not_supported(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    write(model, 2)
    assert (version(model), version(model.with_name("model.prev.safetensors"))) == (2, 1)
    assert not litter(model.parent)


def test_two_models_whose_names_differ_in_their_ending_keep_their_own_previous_versions(tmp_path: Path) -> None:
    for n in (1, 2):
        write(tmp_path / "tide.v1", n)
        write(tmp_path / "tide.v2", 10 * n)
    assert version(tmp_path / "tide.v1.prev.safetensors") == 1
    assert version(tmp_path / "tide.v2.prev.safetensors") == 10


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_umask_is_honoured(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(tmp_path / "out" / "m", 1)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out" / "m").stat().st_mode) == 0o666 & ~umask


def test_a_symbolic_link_stays_and_its_target_is_replaced(model: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "current"
    link.parent.mkdir()
    link.symlink_to(model)
    write(link, 2)
    assert link.is_symlink()
    assert (version(model), version(link)) == (2, 2)
    assert [path.name for path in link.parent.iterdir()] == ["current"]


def test_the_target_of_a_dangling_link_is_made(tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "deep" / "model")
    write(link, 1)
    assert link.is_symlink()
    assert version(tmp_path / "deep" / "model") == 1


@pytest.mark.parametrize("action", [checkpoint.check_writable, lambda path: write(path, 1)], ids=["check", "write"])
@pytest.mark.parametrize("foreign", ["text", "empty", "folder", "pipe", "safetensors", "link to text", "loop"])
def test_what_is_not_ours_is_refused_and_left_alone(
    tmp_path: Path, foreign: str, action: Callable[[Path], object]
) -> None:
    path = tmp_path / "notes"
    make: dict[str, Callable[[], object]] = {
        "text": lambda: path.write_text("mine"),
        "empty": path.touch,
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "safetensors": lambda: path.write_bytes(b"\2\0\0\0\0\0\0\0{}"),
        "link to text": lambda: path.symlink_to(tmp_path / "text"),
        "loop": lambda: path.symlink_to(path),
    }
    (tmp_path / "text").write_text("mine")
    make[foreign]()
    before = {found.name: found.lstat() for found in tmp_path.iterdir()}
    assert str(path) in refusal(lambda: action(path))
    assert {found.name: found.lstat()[:9] for found in tmp_path.iterdir()} == {
        name: found[:9] for name, found in before.items()
    }


@pytest.mark.parametrize("name", ["model.prev.safetensors", "model.safetensors.lock"])
def test_a_foreign_file_under_a_name_that_belongs_to_the_model_is_refused(model: Path, name: str) -> None:
    other = model.with_name(name)
    other.write_text("mine")
    assert name in refusal(lambda: write(model, 2))
    assert (version(model), other.read_text()) == (1, "mine")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_that_is_no_file_is_not_used(model: Path, kind: str) -> None:
    lock, precious = model.with_name("model.safetensors.lock"), model.with_name("precious")
    lock.unlink()
    make: dict[str, Callable[[], object]] = {
        "link": lambda: lock.symlink_to(precious),
        "pipe": lambda: os.mkfifo(lock),
        "folder": lock.mkdir,
    }
    make[kind]()
    assert "not an empty lock file" in refusal(lambda: write(model, 2))
    assert not precious.exists()


def test_a_model_that_is_damaged_but_ours_can_be_replaced(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1])
    write(model, 2)
    assert version(model) == 2


def test_the_check_makes_the_folder_and_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "model.safetensors"
    checkpoint.check_writable(path)
    assert not path.exists()
    path.with_name(".model.safetensors.tmp").write_text("half")
    path.with_name(".model.prev.safetensors.tmp").write_text("half")
    checkpoint.check_writable(path)
    assert not litter(path.parent)


@pytest.mark.parametrize("name", ["x" * 253, "a\0b", "file/inside", "/proc/none/m", "", "."])
def test_an_impossible_name_is_refused_before_training(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    refusal(lambda: checkpoint.check_writable(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["file"] or len(name) > 250


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written_is_refused_with_the_old_model_intact(open_folder: Path) -> None:
    model = open_folder / "model.safetensors"
    write(model, 1)
    open_folder.chmod(0o555)
    script = """
if os.getuid() == 0:
    import filelock
    os.setuid(65534)
for action in (lambda: checkpoint.check_writable(path), lambda: write(2)):
    try:
        action()
    except ForecastError as error:
        print(error.exit_code, error.message)
"""
    lines = finish(child(script, model)).splitlines()
    assert lines == [f"11 {model}: could not be written: Permission denied"] * 2
    assert version(model) == 1
    assert not litter(open_folder)


HOLD = """
with checkpoint.lock(path):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_model_that_another_run_holds_is_locked_under_each_of_its_names(model: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(model)
    holder = child(HOLD, model)
    assert holder.stdout is not None
    holder.stdout.readline()
    for path in (model, link):
        assert str(path) in refusal(lambda path=path: write(path, 2), Locked)  # type: ignore[misc]
        refusal(lambda path=path: checkpoint.check_writable(path), Locked)  # type: ignore[misc]
    assert version(model) == 1
    finish(holder)
    write(model, 2)
    assert version(model) == 2


def test_the_lock_of_a_killed_run_does_not_block(model: Path) -> None:
    holder = child(HOLD, model)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert model.with_name("model.safetensors.lock").exists()
    write(model, 2)


def test_a_worker_that_ends_does_not_give_up_the_lock_of_its_run(model: Path) -> None:
    script = """
with checkpoint.lock(path):
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    print("held", flush=True)
    sys.stdin.readline()
"""
    holder = child(script, model)
    assert holder.stdout is not None
    holder.stdout.readline()
    refusal(lambda: write(model, 2), Locked)
    finish(holder)


def test_the_run_that_holds_the_lock_may_check_and_write_and_still_holds_it(model: Path) -> None:
    script = "try:\n    write(3)\nexcept ForecastError as error:\n    print(error.exit_code)"
    with checkpoint.lock(model):
        checkpoint.check_writable(model)
        write(model, 2)
        assert finish(child(script, model)) == "8\n"
    finish(child(script, model))
    assert version(model) == 3


def test_an_error_of_the_run_under_the_lock_is_not_taken_for_ours(model: Path) -> None:
    with pytest.raises(PermissionError, match="theirs"), checkpoint.lock(model):
        raise PermissionError("theirs")
    write(model, 2)


def test_a_failed_read_is_never_the_previous_version_in_silence(model: Path) -> None:
    write(model, 2)
    model.write_bytes(b"")
    refusal(lambda: version(model), ModelUnusable)
