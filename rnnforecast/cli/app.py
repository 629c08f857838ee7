"""The command tree and the one error boundary. Commands import what they need when they run: --help stays light."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from rnnforecast.cli import evaluate, info, inspect, predict, train
from rnnforecast.cli.signals import Stopped, trap
from rnnforecast.cli.streams import error_lines, to_stderr
from rnnforecast.errors import ForecastError, Interrupted, OutputFailed
from rnnforecast.report.aligned import escaped
from rnnforecast.version import __version__

BUG = 1
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EPIPE}

app = typer.Typer(
    name="rnnforecast",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Forecast rivers, tides and weather from the file the gauge wrote.\n\n"
    "Start with:  rnnforecast train data.csv   then:  rnnforecast predict\n\n"
    "Data goes to stdout, words to stderr.",
    epilog="Exit codes: 0 ok, 1 bug, 2 usage, 3 missing extra, 4 not found, 5 data unusable, "
    "6 data and model disagree, 7 reading too old, 8 model locked, 9 model unusable, 11 output not written, "
    "12 training failed, 128+n signal n.",
)


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rnnforecast {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


for command in (train.train, predict.predict, evaluate.evaluate, inspect.inspect, info.info):
    app.command()(command)


def main() -> None:
    """Run the command line: every expected failure becomes one line and an exit code."""
    fill_closed_streams()
    trap()
    try:
        app()
    except Stopped as stopped:
        fail(Interrupted(stopped.number, stopped.hint))
    except ForecastError as error:
        fail(error)
    except OSError as error:
        # Commands turn theirs into errors of their own: what is left is Typer, writing help.
        fail(OutputFailed(f"stdout: could not be written: {error.strerror}") if error.errno in UNWRITABLE else error)
    except Exception as error:
        fail(error)


def fail(error: Exception) -> NoReturn:
    """One line and a hint, after the traceback where -v asks for it; then the exit code of the error."""
    if any(re.fullmatch("--verbose|-q?v+q?", word) for word in sys.argv[1:]) and not isinstance(error, Interrupted):
        to_stderr("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, ForecastError):
        to_stderr(error_lines(error))
        sys.exit(error.exit_code)
    to_stderr(f"rnnforecast: bug: {type(error).__name__}: {escaped(str(error))}")
    to_stderr("hint: run again with -v and report what it prints")
    sys.exit(BUG)


def fill_closed_streams() -> None:
    """Open the null device on descriptors 0 to 2 that are closed: or the next file opened would take messages for it.

    sys.stdout stays None, so that a result with nowhere to go is still an error.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
