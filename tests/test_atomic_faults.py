"""Faults swept over every step of a write: after each, the old model or the new one is there, whole."""

from __future__ import annotations

import errno
import os
import random
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnforecast.errors import OutputFailed
from tests.test_atomic import child, finish, litter, refusal, version, write

SYSTEM_CALLS = ("open", "link", "replace", "fsync", "unlink")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write(path, 1)
    return path


@pytest.mark.parametrize("limit", [0, 512, 4096])
def test_a_full_disk_is_refused_with_the_old_model_intact(model: Path, limit: int) -> None:
    script = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    write(2)
except ForecastError as error:
    print(error.exit_code, error.message, "|", error.hint)
"""
    out = finish(child(script, model))
    assert out == f"11 {model}: could not be written: File too large | make room there, or write elsewhere: -o FILE\n"
    assert version(model) == 1
    assert not litter(model.parent)


def test_every_system_call_that_fails_leaves_one_whole_model_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th call fails, for all n, until a write has no n-th call left."""
    calls = 0

    def failing(real: Callable[..., Any], at: int) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(errno.EIO, "Input/output error")
            return real(*arguments, **keywords)

        return call

    failed = 0
    for at in range(1, 100):
        model = tmp_path / str(at) / "model.safetensors"
        write(model, 1)
        write(model, 2)
        calls = 0
        with monkeypatch.context() as patch:
            for name in SYSTEM_CALLS:
                patch.setattr(os, name, failing(getattr(os, name), at))
            try:
                write(model, 3)
            except OutputFailed:
                failed += 1
        if calls < at:
            break
        assert version(model) in (2, 3)
        assert version(model.with_name("model.prev.safetensors")) in (1, 2)
        write(model, 4)
        assert not litter(model.parent)
    assert calls < at
    assert failed >= 8


def test_a_sync_that_fails_is_an_error_and_the_old_model_stays(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    assert "Input/output error" in refusal(lambda: write(model, 2))
    assert version(model) == 1
    assert not litter(model.parent)


def test_everything_is_synced_before_the_rename_and_the_folder_after(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, rename = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        order.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        sync(descriptor)

    def replace(source: Path, target: Path) -> None:
        order.append(f"rename to {target.name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write(model, 2)
    assert order == ["sync file", "rename to model.prev.safetensors", "rename to model.safetensors", "sync folder"]


def test_an_interrupt_leaves_the_old_model_and_no_litter(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(model, 2)
    assert version(model) == 1
    assert not litter(model.parent)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_killed_at_any_system_call_leaves_one_whole_model(tmp_path: Path, after: bool) -> None:
    """One child forks a writer for each k; the writer kills itself at its k-th call, before it or after it."""
    script = f"""
def kill_at(k):
    count = 0
    def patched(real):
        def call(*arguments, **keywords):
            nonlocal count
            count += 1
            mine = count == k
            if mine and not {after}:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return real(*arguments, **keywords)
            finally:
                if mine:
                    os.kill(os.getpid(), signal.SIGKILL)
        return call
    for name in {SYSTEM_CALLS}:
        setattr(os, name, patched(getattr(os, name)))
import filelock
folder = path
for k in range(1, 100):
    path = folder / str(k) / "model.safetensors"
    write(1)
    write(2)
    if (pid := os.fork()) == 0:
        kill_at(k)
        write(3)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        print(k)
        break
"""
    survived = int(finish(child(script, tmp_path)))
    assert survived > 12
    seen = set()
    for k in range(1, survived):
        model = tmp_path / str(k) / "model.safetensors"
        seen.add(version(model))
        assert version(model.with_name("model.prev.safetensors")) in (1, 2)
        write(model, 4)
        assert version(model) == 4
        assert not litter(model.parent)
    assert seen == {2, 3}


def test_a_run_killed_at_a_random_moment_leaves_one_whole_model(model: Path) -> None:
    script = """
print("ready", flush=True)
n = 1
while True:
    n += 1
    write(n)
"""
    chance = random.Random(7)
    for _ in range(8):
        process = child(script, model)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.02, 0.2))
        process.kill()
        process.communicate()
        assert version(model) >= 1
    write(model, 9999)
    assert version(model) == 9999
    assert not litter(model.parent)


def test_a_reader_beside_a_writer_always_meets_a_whole_model(model: Path) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def keep_reading() -> None:
        try:
            while not stop.is_set():
                version(model)
        except BaseException as error:
            failures.append(error)

    reader = threading.Thread(target=keep_reading)
    reader.start()
    for n in range(2, 60):
        write(model, n)
    stop.set()
    reader.join()
    assert not failures
