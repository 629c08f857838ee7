"""An unfinished run beside the model: found at the start, said to be kept where training ends early."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rnnforecast.cli.signals import Stopped
from rnnforecast.cli.streams import Voice
from rnnforecast.errors import Interrupted, ModelUnusable, NotFound, TrainingFailed
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.training.state import Unfinished


def found(path: Path, voice: Voice, wanted: bool) -> Unfinished | None:
    """The unfinished run to go on with; one that is not wanted, or that cannot be read, is dropped, and said so."""
    from rnnforecast import checkpoint
    from rnnforecast.training.state import unpack

    try:
        run = unpack(*checkpoint.read(path), str(path))
    except NotFound:
        if wanted:
            voice.say("nothing unfinished to resume: starting fresh")
        return None
    except ModelUnusable as error:
        voice.say(escaped(f"warning: the unfinished run cannot be read, starting fresh ({error.message})"))
        checkpoint.discard(path)
        return None
    where = f"network {len(run.done) + 1}, " * bool(run.done) + f"epoch {run.progress.epochs}"
    if wanted:
        voice.say(f"going on with the unfinished run after {where}")
        return run
    voice.say(f"an unfinished run ({where}) is dropped; --resume goes on with one")
    checkpoint.discard(path)
    return None


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Where training ends early, say that its work is kept and how to go on."""
    try:
        yield
    except (Stopped, Interrupted) as stopped:
        if path.exists():
            stopped.hint = "the same command with --resume goes on from the last epoch"
        raise
    except TrainingFailed as failed:
        if path.exists():
            failed.hint = f"{failed.hint}, and --from {shlex.quote(str(path))} to start from the last good weights"
        raise
