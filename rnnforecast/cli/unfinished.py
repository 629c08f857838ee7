"""An unfinished run beside the model: found at the start, said to be kept where training ends early."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rnnforecast.cli.recorders import Keeper
from rnnforecast.cli.signals import Stopped
from rnnforecast.cli.streams import Voice
from rnnforecast.errors import Interrupted, ModelUnusable, NotFound, OutputFailed, TrainingFailed

if TYPE_CHECKING:
    from rnnforecast.training.state import Unfinished


def found(path: Path, voice: Voice, wanted: bool) -> Unfinished | None:
    """The unfinished run, where one is wanted and there. One that is not wanted stays until an epoch replaces it.

    Raises OutputFailed where the file is a model, ModelUnusable where the run that is wanted cannot be read.
    """
    from rnnforecast import checkpoint
    from rnnforecast.training.state import is_run, unpack

    try:
        document, tensors = checkpoint.read(path)
        if not is_run(document):
            raise OutputFailed(f"{path}: a model, where the unfinished run is to be kept", "another name: -o FILE")
        run = unpack(document, tensors, str(path))
    except NotFound:
        if wanted:
            voice.say("nothing unfinished to resume: starting fresh")
        return None
    except ModelUnusable as error:
        if wanted:
            raise ModelUnusable(error.message, "--fresh starts anew") from error
        return None
    where = f"network {len(run.done) + 1}, " * bool(run.done) + f"epoch {run.progress.epochs}"
    voice.say(f"going on with the unfinished run after {where}" if wanted else
              f"an unfinished run ({where}) will be replaced; --resume goes on with one")  # fmt: skip
    return run if wanted else None


@contextmanager
def kept(keeper: Keeper, fresh: bool) -> Iterator[None]:
    """Where training ends early, say that its work is kept and how to go on."""
    try:
        yield
    except (Stopped, Interrupted) as stopped:
        if keeper.kept:
            without = ", without --fresh," if fresh else ""
            stopped.hint = f"the same command with --resume{without} goes on from the last epoch"
        raise
    except TrainingFailed as failed:
        if keeper.kept:
            start = f"--from {shlex.quote(str(keeper.path))}"
            failed.hint = f"{failed.hint}, and {start} to start from the last good weights"
        raise
