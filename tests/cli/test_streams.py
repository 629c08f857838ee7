"""Streams and surroundings: stdout carries only data, the same everywhere; a closed or full one mixes up nothing."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, environment, names_in, refused, run, shell, started, works

LIGHT = ("inspect DATA", "predict DATA -m MODEL", "evaluate DATA -m MODEL", "info -m MODEL")


@pytest.fixture
def words(request: pytest.FixtureRequest, tide: dict[str, Path], model: Path) -> list[str]:
    """The words of a light command, with real files."""
    files = {"DATA": str(tide["csv"]), "MODEL": str(model)}
    return [files.get(word, word) for word in request.param.split()]


each_light_command = pytest.mark.parametrize("words", LIGHT, indirect=True)


@each_light_command
def test_the_same_bytes_come_out_in_any_surroundings(words: list[str], tmp_path: Path) -> None:
    usual = works(run(*words, cwd=tmp_path)).out
    assert usual
    odd = [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "dumb", "COLUMNS": "20"},
        {"LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8", "TZ": "Asia/Kolkata", "FORCE_COLOR": "1", "COLUMNS": "0"},
        {"TZ": "America/St_Johns", "HOME": "/nonexistent", "TMPDIR": "/nonexistent", "PYTHONHASHSEED": "7"},
    ]
    for change in odd:
        assert works(run(*words, cwd=Path("/"), env=change)).out == usual


@each_light_command
def test_an_empty_environment_is_enough(words: list[str], tmp_path: Path) -> None:
    bare = shell('env -i "$@"', *words, cwd=tmp_path)
    assert works(bare).out == run(*words, cwd=tmp_path).out


@each_light_command
def test_quiet_is_silent_on_success(words: list[str], tmp_path: Path) -> None:
    done = run(*words, "-q", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == run(*words, cwd=tmp_path).out


def on_a_terminal(*words: str, cwd: Path) -> tuple[str, int]:
    """What a command writes to a terminal, stdout and stderr in one, and its exit code."""
    ours, theirs = pty.openpty()
    at_terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
    surroundings = environment({"TERM": "xterm-256color", "COLUMNS": "100"})
    with subprocess.Popen([*COMMAND, *words], cwd=cwd, env=surroundings, **at_terminal) as process:
        os.close(theirs)
        text = b""
        with suppress(OSError):  # Linux says EIO when the other side is closed
            while piece := os.read(ours, 65536):
                text += piece
        process.wait(timeout=60)
    os.close(ours)
    return text.decode().replace("\r\n", "\n"), process.returncode


def test_a_terminal_gets_the_same_rows_as_a_pipe(model: Path, tmp_path: Path) -> None:
    seen, code = on_a_terminal("predict", "-m", str(model), "-q", cwd=tmp_path)
    assert code == 0
    assert seen == works(run("predict", "-m", model, cwd=tmp_path)).out.decode()


def test_on_a_terminal_a_chart_and_a_bar_are_drawn_beside_the_rows(
    model: Path, tide: dict[str, Path], tmp_path: Path
) -> None:
    seen, code = on_a_terminal("predict", "-m", str(model), cwd=tmp_path)
    assert code == 0
    assert "┤" in seen
    assert works(run("predict", "-m", model, cwd=tmp_path)).out.decode() in seen
    quick = ("-H", "4", "-L", "24", "--max-epochs", "2", "--hidden-size", "4")
    seen, code = on_a_terminal("train", str(tide["csv"]), *quick, cwd=tmp_path)
    assert code == 0
    assert "━" in seen
    assert "saved model.safetensors" in seen


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "table"])
def test_twice_the_same_is_byte_for_byte_the_same(kind: str, model: Path, tmp_path: Path) -> None:
    first, second = (works(run("predict", "-m", model, "-f", kind, cwd=tmp_path)).out for _ in range(2))
    assert first == second


# --- closed, full and broken streams ---


@each_light_command
def test_a_closed_stdout_is_an_error_and_no_data_file_takes_its_words(words: list[str], tmp_path: Path) -> None:
    done = shell('"$@" -q >&-', *words, cwd=tmp_path)
    refused(done, 11, "stdout is closed", "-o FILE")
    assert shell('"$@" >&- 2>&-', *words, cwd=tmp_path).code == 11


def test_with_every_stream_closed_an_output_file_holds_the_data_alone(model: Path, tmp_path: Path) -> None:
    usual = works(run("predict", "-m", model, cwd=tmp_path)).out
    for closing in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        assert shell(f'"$@" -o out.csv {closing}', "predict", "-m", model, cwd=tmp_path).code == 0
        assert (tmp_path / "out.csv").read_bytes() == usual
    assert shell('"$@" 2>&-', "predict", "-m", model, cwd=tmp_path).out == usual


@pytest.mark.parametrize("words", [*LIGHT, "--help", "--version", "train -h"], indirect=True)
def test_a_full_stdout_is_an_error(words: list[str], tmp_path: Path) -> None:
    done = shell('"$@" >/dev/full', *words, cwd=tmp_path)
    assert done.code == 11
    assert done.err.splitlines()[-1] == "rnnforecast: stdout: could not be written: No space left on device"
    assert "Exception ignored" not in done.err


@pytest.mark.parametrize("words", [*LIGHT, "train --help"], indirect=True)
def test_a_reader_that_leaves_ends_us_quietly(words: list[str], tmp_path: Path) -> None:
    for reader in ("head -1", "true"):
        done = shell(f'"$@" -q | {reader}; exit ${{PIPESTATUS[0]}}', *words, cwd=tmp_path)
        assert done.code in (0, 128 + signal.SIGPIPE)
        assert done.err == ""


def test_a_reader_that_leaves_early_leaves_no_temporary_file(
    tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    script = f'"$@" -q < {tide["csv"]} | true; exit ${{PIPESTATUS[0]}}'
    done = shell(script, "predict", "-", "-m", model, cwd=tmp_path, env={"TMPDIR": str(spool)})
    assert done.code in (0, 128 + signal.SIGPIPE)
    assert done.err == ""
    assert names_in(spool) == set()


def test_stdin_is_read_only_where_a_dash_is_written(model: Path, tmp_path: Path) -> None:
    with started("predict", "-m", model, cwd=tmp_path) as process:
        assert process.wait(timeout=30) == 0  # its stdin is still open
        process.communicate()


def test_a_closed_or_empty_stdin_is_refused(model: Path, tmp_path: Path) -> None:
    refused(shell('"$@" <&-', "predict", "-", "-m", model, cwd=tmp_path), 5, "stdin: closed", "-")
    refused(run("predict", "-", "-m", model, cwd=tmp_path), 5, "stdin: empty")
    refused(run("inspect", "-", cwd=tmp_path), 5, "stdin: empty")


@pytest.mark.parametrize("command", ["predict - - -m MODEL", "inspect - -", "inspect - --with -"])
def test_stdin_named_twice_is_refused(command: str, tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    words = [str(model) if word == "MODEL" else word for word in command.split()]
    refused(run(*words, cwd=tmp_path, stdin=tide["csv"].read_bytes()), 2, "named twice")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_reading_stdin_leaves_no_temporary_file(
    number: signal.Signals, model: Path, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with started("predict", "-", "-m", model, cwd=tmp_path, env={"TMPDIR": str(spool)}) as process:
        assert process.stdin is not None
        process.stdin.write(b"time,level_m\n")
        process.stdin.flush()
        while not names_in(spool):
            assert process.poll() is None
        time.sleep(0.3)  # until it waits for more
        process.send_signal(number)
        assert process.wait(timeout=10) == 128 + number
        out, err = process.communicate()
    assert (out, err.count(b"\n")) == (b"", 1)
    assert names_in(spool) == set()


def test_a_deleted_folder_does_not_matter_where_paths_are_whole(model: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = shell('cd gone && rmdir ../gone && "$@"', "predict", "-m", model, cwd=tmp_path)
    assert works(done).out == run("predict", "-m", model, cwd=tmp_path).out
