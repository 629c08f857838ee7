"""train: read, fit, score, save."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnforecast.cli.options import DEFAULT_MODEL, Config, Data, Quiet, Verbose, merged, with_settings
from rnnforecast.cli.streams import Voice
from rnnforecast.config import DataFlags, RunConfig
from rnnforecast.errors import TrainingFailed, UsageError
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.data.reading import Loaded
    from rnnforecast.model import Model


@with_settings(DataFlags, RunConfig)
def train(
    data: Data,
    output: Annotated[
        str,
        typer.Option("--output", "-o", envvar="RNNFORECAST_MODEL", metavar="FILE", help="the model file to write"),
    ] = DEFAULT_MODEL,
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
    voice = Voice(quiet)
    flags, asked = merged(given or {}, config)
    loaded, settings = read(data, flags, asked)
    with checkpoint.lock(Path(output)):
        checkpoint.check_writable(Path(output))
        introduce(voice, loaded, settings, verbose)
        model = fitted(voice, loaded, settings)
        save(model, Path(output))
    conclude(voice, model, output)


def read(data: list[str], flags: DataFlags, asked: dict[str, Any]) -> tuple[Loaded, RunConfig]:
    """The data and the settings, both refused before anything is written."""
    import sys

    from rnnforecast.data.reading import load
    from rnnforecast.data.split import configure, split

    loaded = load(data, flags, stdin=sys.stdin.buffer if sys.stdin is not None else None).looked_at(int(time.time()))
    settings = configure(loaded.panel, asked)
    split(loaded.panel, settings)
    return loaded, settings


def introduce(voice: Voice, loaded: Loaded, settings: RunConfig, verbose: bool) -> None:
    """What was found, what will be done: the lengths are always printed, since defaults chose them."""
    from rnnforecast.data.frequency import stamp_text, words
    from rnnforecast.data.names import listing

    panel, layout = loaded.panel, loaded.layout
    ends = stamp_text(panel.times(panel.cutoff).max(keepdims=True), layout)[0]
    rows = int(panel.lengths().sum())
    for finding in loaded.findings:
        if finding.severity == "warning" or verbose:
            voice.say(escaped(finding.text + (f"  ({finding.hint})" if finding.hint else "")))
    if layout.unused:
        voice.say(f"unused columns: {listing(layout.unused)} (--past or --future uses them)")
    voice.say(
        f"{listing(layout.target)}: {rows:,} steps of {panel.step.text()} up to {ends}, {len(panel.ids)} series; "
        f"{settings.cell} for {words(settings.horizon, panel.step)} ahead (-H) "
        f"from {words(settings.lookback, panel.step)} back (-L)"
    )


def fitted(voice: Voice, loaded: Loaded, settings: RunConfig) -> Model:
    """Train and score, with progress."""
    stand_somewhere()
    from rnnforecast.cli.console import watching
    from rnnforecast.evaluation.backtest import scored
    from rnnforecast.training.fit import fit

    try:
        with watching(voice) as observer:
            model = fit(loaded.panel, loaded.layout, settings, loaded.findings, observer)
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


def conclude(voice: Voice, model: Model, output: str) -> None:
    """The table, the verdict in a sentence, and what to type next."""
    from rnnforecast.cli.evaluate import score_text
    from rnnforecast.report.words import share_words, verdict

    scores, layout = model.scores, model.layout
    if scores is None:
        return
    voice.say("\n" + score_text(model, scores))
    words = verdict(scores, model.step, layout.target, layout.units)
    voice.say(words)
    if "share" not in words:
        voice.say(f"{share_words(scores, model.step)}.")
    labels = dict(zip(scores.rules, scores.labels, strict=True))
    voice.say(f"the rule that validation chose: {labels.get(scores.chosen, scores.chosen)}")
    size = Path(output).stat().st_size / 1e6
    next_command = "rnnforecast predict" + ("" if output == DEFAULT_MODEL else f" -m {shlex.quote(output)}")
    voice.say(escaped(f"saved {output} ({size:.1f} MB) after {model.about['seconds']:.0f} s. Next: {next_command}"))
