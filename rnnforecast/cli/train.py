"""train: read, fit, score, save."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from rnnforecast.cli.console import watching
from rnnforecast.cli.options import DEFAULT_MODEL, Config, Data, Quiet, Verbose, merged, with_settings
from rnnforecast.cli.recorders import Keeper, recording, refuse_family
from rnnforecast.cli.streams import Voice, refuse_inputs
from rnnforecast.cli.unfinished import found, kept
from rnnforecast.config import DataFlags, RunConfig, with_preset
from rnnforecast.errors import TrainingFailed, UsageError
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.data.reading import Loaded
    from rnnforecast.model import Model
    from rnnforecast.training.observer import Observer
    from rnnforecast.training.state import Unfinished


@with_settings(DataFlags, RunConfig)
def train(
    data: Data,
    output: Annotated[
        str,
        typer.Option("--output", "-o", envvar="RNNFORECAST_MODEL", metavar="FILE", help="the model file to write"),
    ] = DEFAULT_MODEL,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with an unfinished run of the same data and settings")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="drop an unfinished run, whatever it is")] = False,
    source: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--from", metavar="MODEL", help="start from the weights and settings of this model"),
    ] = None,
    diagnostics: Annotated[
        bool, typer.Option("--diagnostics", help="tell how far back the gradient reaches, and which gates are stuck")
    ] = False,
    metrics: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--metrics", metavar="FILE", help="one JSON line per epoch; - is stdout"),
    ] = None,
    tensorboard: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--tensorboard", metavar="FOLDER", help="event files for TensorBoard (extra)"),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    config: Config = None,
    given: dict[str, Any] | None = None,
) -> None:
    """Look at the data, train, score against simple rules, write the model.

    Example: rnnforecast train gauge.csv -t level_m -H 2d -o kew.safetensors
    """
    from rnnforecast import checkpoint

    if output in ("", "-"):
        raise UsageError(f"a model goes to a file, got -o {output!r}", f"-o {DEFAULT_MODEL}")
    began, voice = time.monotonic(), Voice(quiet)
    flags, asked = merged(given or {}, config)
    refuse_inputs(metrics, [config or "", *data, *flags.join, *flags.future_data, output, source or ""])
    known = beginning(source, asked.get("cell"))
    loaded, settings = read(data, flags, asked, known)
    with checkpoint.lock(Path(output)) as target:
        checkpoint.check_writable(Path(output))
        refuse_family([metrics, tensorboard], target)
        resumed = found(checkpoint.unfinished(target), voice, resume and not fresh)
        introduce(voice, loaded, settings, verbose)
        heard = (len(resumed.done) + 1, resumed.progress.epochs) if resumed else None
        keeper = Keeper(checkpoint.unfinished(target), kept=resumed is not None)
        stand_somewhere()
        with kept(keeper, fresh), watching(voice) as watcher, recording(
            watcher, keeper, metrics, tensorboard, heard
        ) as observer:
            model = fitted(loaded, settings, observer, resumed, known)
        save(model, Path(output))
        checkpoint.discard(keeper.path)
    conclude(voice, model, output, time.monotonic() - began)
    if diagnostics:
        explain(voice, model, loaded)


def beginning(start: str | None, cell: str | None) -> Model | Unfinished | None:
    """What --from names: a model, or a run that did not end well, whose last good weights are there."""
    import numpy as np

    from rnnforecast.cli.models import read_any
    from rnnforecast.network import cells

    if start in ("", "-"):
        raise UsageError(f"--from names a model file, got {start!r}", f"--from {DEFAULT_MODEL}")
    cells.bring(cell, np)
    return None if start is None else read_any(start)


def read(
    data: list[str], flags: DataFlags, asked: dict[str, Any], known: Model | Unfinished | None
) -> tuple[Loaded, RunConfig]:
    """The data and the settings, both refused before anything is written. A model to start from gives its own."""
    from rnnforecast.cli.models import read_data, settings_known
    from rnnforecast.data.split import configure, split
    from rnnforecast.model import Model

    loaded = read_data(known, data, flags) if isinstance(known, Model) else load(data, flags)
    loaded = loaded.looked_at(int(time.time()))
    settings = configure(loaded.panel, {**settings_known(known), **with_preset(asked)})
    split(loaded.panel, settings)
    return loaded, settings


def load(data: list[str], flags: DataFlags) -> Loaded:
    import sys

    from rnnforecast.data import reading

    return reading.load(data, flags, stdin=sys.stdin.buffer if sys.stdin is not None else None)


def introduce(voice: Voice, loaded: Loaded, settings: RunConfig, verbose: bool) -> None:
    """What was found, what will be done: the lengths are always printed, since defaults chose them."""
    from rnnforecast.data.frequency import stamp_text, words
    from rnnforecast.data.names import listing

    panel, layout = loaded.panel, loaded.layout
    ends = stamp_text(panel.times(panel.cutoff).max(keepdims=True), layout)[0]
    rows = int(panel.lengths().sum())
    voice.tell(loaded.findings, verbose, hints=True)
    if layout.unused:
        voice.say(f"unused columns: {listing(layout.unused)} (--past or --future uses them)")
    voice.say(
        f"{listing(layout.target)}: {rows:,} steps of {panel.step.text()} up to {ends}, {len(panel.ids)} series; "
        f"{settings.cell} for {words(settings.horizon, panel.step)} ahead (-H) "
        f"from {words(settings.lookback, panel.step)} back (-L)"
    )


def fitted(
    loaded: Loaded, settings: RunConfig, observer: Observer, resumed: Unfinished | None,
    known: Model | Unfinished | None,
) -> Model:
    """Train and score."""
    from rnnforecast.evaluation.backtest import scored
    from rnnforecast.training.fit import fit

    try:
        model = fit(loaded.panel, loaded.layout, settings, loaded.findings, observer, resumed, known)
        observer.stage("scoring the test part")
        return scored(model, loaded.panel)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or "alloc" in str(error):  # torch's own are RuntimeErrors
            raise TrainingFailed("out of memory", "smaller --batch-size, --hidden-size or --lookback") from error
        raise


def stand_somewhere() -> None:
    """Leave a folder that was deleted: in one, the libraries that torch loads end the process."""
    try:
        os.getcwd()
    except FileNotFoundError:
        os.chdir("/")


def save(model: Model, path: Path) -> None:
    from rnnforecast import checkpoint
    from rnnforecast.packing import pack

    checkpoint.write(path, *pack(model))


def conclude(voice: Voice, model: Model, output: str, seconds: float) -> None:
    """The table, the verdict in a sentence, and what to type next."""
    from rnnforecast.cli.evaluate import score_tables
    from rnnforecast.report.words import share_words, verdict

    scores, layout = model.scores, model.layout
    if scores is None:
        return
    voice.say("\n" + score_tables(scores, model.step, layout))
    words = verdict(scores, model.step, layout.target, layout.units)
    voice.say(words)
    if "share" not in words:
        voice.say(f"{share_words(scores, model.step)}.")
    labels = dict(zip(scores.rules, scores.labels, strict=True))
    voice.say(f"the rule that validation chose: {labels.get(scores.chosen, scores.chosen)}")
    size = Path(output).stat().st_size / 1e6
    if 0 in model.about["epochs"]:
        voice.say("no epoch was better than what the network started with: try another --learning-rate or --schedule")
    next_command = "rnnforecast predict" + (" DATA --future-data FILE" if layout.future else "")
    next_command += "" if output == DEFAULT_MODEL else f" -m {shlex.quote(output)}"
    next_command += f" --cell {model.config.cell}" if "." in model.config.cell else ""
    voice.say(escaped(f"saved {output} ({size:.1f} MB) after {seconds:.0f} s. Next: {next_command}"))


def explain(voice: Voice, model: Model, loaded: Loaded) -> None:
    """What --diagnostics asks for, network by network."""
    from rnnforecast.report.diagnosis import diagnosis_text
    from rnnforecast.training.diagnostics import of_model

    names = model.members.labels(model.step)[len(model.members.floors) :]
    found = of_model(model, loaded.panel)
    for name, diagnosis in zip(names, found, strict=True):
        voice.say("\n" + diagnosis_text(diagnosis, name))
    if not found:
        voice.say("\nno network was trained: nothing to diagnose")
