"""train's networks from the command line: presets, shapes, a cell of one's own, warm starts, diagnostics, records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnnforecast.config import PRESETS
from tests.cli.process import TINY, hourly, names_in, refused, run, shell, wave, works, write

STEPWISE = ("--segment-length", "1")
OWN = '''
"""A leaky integrator, as a package of one's own might hold it."""

summary = "leaky integrator"
states = 1


def init(input_size, hidden_size, rng):
    draw = lambda *shape: rng.uniform(-0.3, 0.3, shape).astype("float32")
    return {"inward": draw(hidden_size, input_size), "onward": draw(hidden_size, hidden_size)}


def step(x, state, params, xp):
    return (0.9 * state[0] + 0.1 * xp.tanh(x @ params["inward"].T + state[0] @ params["onward"].T),)
'''


@pytest.fixture
def package(tmp_path: Path) -> dict[str, str]:
    """A package beside the project that holds a cell; the environment that finds it."""
    (tmp_path / "elsewhere" / "mycells").mkdir(parents=True)
    (tmp_path / "elsewhere" / "mycells" / "__init__.py").touch()
    (tmp_path / "elsewhere" / "mycells" / "leaky.py").write_text(OWN)
    return {"PYTHONPATH": str(tmp_path / "elsewhere")}


def test_a_cell_of_ones_own_trains_and_forecasts_where_it_is_named(
    tide: dict[str, Path], package: dict[str, str], tmp_path: Path
) -> None:
    named = ("--cell", "mycells.leaky")
    works(run("train", tide["csv"], *TINY, *named, cwd=tmp_path, env=package))
    assert len(works(run("predict", *named, cwd=tmp_path, env=package)).rows) == 4
    assert "mycells.leaky" in works(run("info", *named, cwd=tmp_path, env=package)).out.decode()
    works(run("evaluate", tide["csv"], *named, cwd=tmp_path, env=package))
    refused(run("predict", cwd=tmp_path, env=package), 6, "never imports", "--cell mycells.leaky")
    refused(run("predict", "--cell", "gru", cwd=tmp_path, env=package), 6, "mycells.leaky")
    again = ("train", tide["csv"], "--from", "model.safetensors", "-o", "next.safetensors", "-q")
    refused(run(*again, cwd=tmp_path, env=package), 6, "never imports")
    works(run(*again, *named, "--max-epochs", "1", cwd=tmp_path, env=package))


def test_a_model_that_names_a_module_never_imports_it(
    tide: dict[str, Path], package: dict[str, str], tmp_path: Path
) -> None:
    works(run("train", tide["csv"], *TINY, "--cell", "mycells.leaky", "-q", cwd=tmp_path, env=package))
    module = tmp_path / "elsewhere" / "mycells" / "leaky.py"
    module.write_text(f"open({str(tmp_path / 'it ran')!r}, 'w')\n{OWN}")
    for words in (("predict",), ("info",), ("evaluate", tide["csv"]), ("predict", tide["csv"])):
        refused(run(*words, cwd=tmp_path, env=package), 6, "never imports")
    assert "it ran" not in names_in(tmp_path)


def test_a_file_of_settings_cannot_name_a_cell_of_ones_own(
    tide: dict[str, Path], package: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "rnnforecast.toml").write_text('cell = "mycells.leaky"\n')
    refused(run("train", tide["csv"], *TINY, cwd=tmp_path, env=package), 2, "on the flag only", "--cell package.module")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "has no attribute 'summary'"),
        (OWN.replace("def step", "def stop"), "has no attribute 'step'"),
        (OWN.replace("return (0.9", "return (0.9, 0.9"), "not a cell"),
        ("import no_such_module", "No module named 'no_such_module'"),
    ],
)
def test_a_module_that_is_no_cell_is_refused_with_what_it_lacks(
    code: str, says: str, tide: dict[str, Path], package: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere" / "mycells" / "leaky.py").write_text(code)
    refused(run("train", tide["csv"], *TINY, "--cell", "mycells.leaky", "-q", cwd=tmp_path, env=package), 2, says)


# --- presets, shapes, lengths of runs ---


def test_the_best_preset_stacks_networks_of_other_seeds_and_lookbacks_in_one_file(
    tide: dict[str, Path], tmp_path: Path
) -> None:
    done = works(run("train", tide["csv"], *TINY, "--preset", "best", "--hidden-size", "8", cwd=tmp_path))
    best = PRESETS["best"]
    count = best["num_networks"]
    assert f"training the {best['cell']}, {count} of {count}" in done.err
    card = json.loads(works(run("info", "--json", cwd=tmp_path)).out)
    assert card["members"][-count:] == ["network", *(f"network_{k}" for k in range(2, count + 1))]
    chosen = [card["settings"][name] for name in ("num_networks", "hidden_size", "max_epochs")]
    assert chosen == [count, 8, 1], "what was given wins over the preset"
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4
    assert names_in(tmp_path) == {"model.safetensors", "model.safetensors.lock"}


@pytest.mark.parametrize(
    ("shape", "lookback", "horizon"),
    [("one-to-one", 1, 1), ("one-to-many", 1, 24), ("many-to-one", 60, 1), ("many-to-many", 60, 24)],
)
def test_each_shape_sets_the_lengths_that_were_not_given(
    shape: str, lookback: int, horizon: int, tide: dict[str, Path], tmp_path: Path
) -> None:
    works(run("train", tide["csv"], "--shape", shape, "--max-epochs", "1", "-q", cwd=tmp_path))
    settings = json.loads(works(run("info", "--json", cwd=tmp_path)).out)["settings"]
    assert (settings["lookback"], settings["horizon"], settings["decoder"]) == (lookback, horizon, "direct")
    assert len(works(run("predict", cwd=tmp_path)).rows) == horizon


def test_max_time_ends_training_and_a_model_is_written_all_the_same(tide: dict[str, Path], tmp_path: Path) -> None:
    forever = ("--max-epochs", "1000000", "--patience", "0", "--max-time", "2s")
    works(run("train", tide["csv"], "-H", "4", "-L", "24", *forever, "-q", cwd=tmp_path))
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4


@pytest.mark.parametrize("text", ["0s", "soon", "2mo"])
def test_max_time_is_a_duration_of_a_second_or_more(text: str, tide: dict[str, Path], tmp_path: Path) -> None:
    refused(run("train", tide["csv"], *TINY, "--max-time", text, "-q", cwd=tmp_path), 2)


# --- warm starts, and what is left when training fails ---


def test_from_starts_with_the_weights_and_the_settings_of_a_model(
    tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    still = ("--learning-rate", "1e-9", "--metrics", "-", "-q")
    (told,) = works(run("train", tide["csv"], "--from", model, *still, cwd=tmp_path)).out.splitlines()
    first = json.loads(told)
    assert first["start_mae"] == pytest.approx(first["validation_mae"], rel=1e-6)
    settings = [json.loads(works(run("info", "--json", "-m", m, cwd=tmp_path)).out)["settings"]
                for m in (model, tmp_path / "model.safetensors")]  # fmt: skip
    assert settings[1] | {"learning_rate": 3e-4} == settings[0]
    assert works(run("predict", cwd=tmp_path)).out == works(run("predict", "-m", model, cwd=tmp_path)).out


def test_from_refuses_weights_that_do_not_fit(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    words = ("train", tide["csv"], "--from", model, "--hidden-size", "8", "-q")
    refused(run(*words, cwd=tmp_path), 6, "weights do not fit these settings", "leave --from out")
    refused(run("train", tide["csv"], "--from", "no.safetensors", "-q", cwd=tmp_path), 4, "no.safetensors")


DIVERGING = (
    "-H", "4", "-L", "24", *STEPWISE, "--cell", "rnn", "--activation", "relu", "--learning-rate", "10",
    "--warmup-epochs", "12", "--clip", "1e6", "--patience", "0", "--loss", "mse", "--floor", "none",
)  # fmt: skip


def test_training_that_diverges_is_exit_12_keeps_the_old_model_and_the_last_good_weights(
    tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").write_bytes(model.read_bytes())
    done = run("train", tide["csv"], *DIVERGING, "-q", cwd=tmp_path)
    refused(done, 12, "the loss is no longer a number", "--learning-rate 1")
    assert "--from model.training.safetensors" in done.err.replace(f"{tmp_path}/", "")
    assert (tmp_path / "model.safetensors").read_bytes() == model.read_bytes()
    calmer = ("--learning-rate", "1e-4", "--max-epochs", "1", "--warmup-epochs", "0", "-o", "next.safetensors")
    works(run("train", tide["csv"], "--from", "model.training.safetensors", *calmer, cwd=tmp_path))
    assert len(works(run("predict", "-m", "next.safetensors", cwd=tmp_path)).rows) == 4


def test_a_network_too_large_for_any_model_file_is_refused_before_training(
    tide: dict[str, Path], tmp_path: Path
) -> None:
    giant = ("--hidden-size", "4096", "--num-layers", "16")
    refused(run("train", tide["csv"], *TINY, *giant, "-q", cwd=tmp_path), 2, "parameters", "--hidden-size")


# --- diagnostics and records ---


def test_diagnostics_name_the_vanishing_gradient_and_its_remedy(tide: dict[str, Path], tmp_path: Path) -> None:
    elman = ("-H", "4", "-L", "90", *STEPWISE, "--cell", "rnn", "--max-epochs", "2", "--floor", "none")
    done = works(run("train", tide["csv"], *elman, "--diagnostics", cwd=tmp_path))
    assert "vanishing gradient: the first" in done.err
    assert "--cell lstm or gru" in done.err
    gated = ("-H", "4", "-L", "24", *STEPWISE, "--max-epochs", "2", "--floor", "none", "--diagnostics")
    done = works(run("train", tide["csv"], *gated, cwd=tmp_path))
    assert "nothing is wrong with it" in done.err
    assert "forget gate saturated" in done.err


def test_metrics_are_one_json_line_per_epoch(tide: dict[str, Path], tmp_path: Path) -> None:
    works(run("train", tide["csv"], "-H", "4", "-L", "24", "--max-epochs", "3", "--metrics", "m/e.jsonl", cwd=tmp_path))
    rows = [json.loads(line) for line in (tmp_path / "m" / "e.jsonl").read_text().splitlines()]
    assert [(row["network"], row["epoch"], row["max_epochs"]) for row in rows] == [(1, 1, 3), (1, 2, 3), (1, 3, 3)]
    for name in ("train_loss", "validation_mae", "start_mae", "learning_rate", "gradient_norm", "seconds"):
        assert all(row[name] > 0 for row in rows)


def test_metrics_that_cannot_be_written_are_refused(tide: dict[str, Path], tmp_path: Path) -> None:
    refused(run("train", tide["csv"], *TINY, "--metrics", tmp_path, "-q", cwd=tmp_path), 11, "could not be written")
    data = tide["csv"].read_bytes()
    refused(run("train", tide["csv"], *TINY, "--metrics", tide["csv"], "-q", cwd=tmp_path), 11, "is read from")
    assert tide["csv"].read_bytes() == data
    done = run("train", tide["csv"], *TINY, "--metrics", "/dev/full", "-q", cwd=tmp_path)
    refused(done, 11, "/dev/full: could not be written")


def test_metrics_never_take_the_place_of_anything_else(tide: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my notes\n")
    refused(run("train", tide["csv"], *TINY, "--metrics", "notes.txt", "-q", cwd=tmp_path), 11, "holds no metrics")
    assert (tmp_path / "notes.txt").read_text() == "my notes\n"
    for name in ("model.safetensors", "model.prev.safetensors", "model.training.safetensors", "model.safetensors.lock"):
        refused(run("train", tide["csv"], *TINY, "--metrics", name, "-q", cwd=tmp_path), 11, "belongs to the model")
        refused(run("train", tide["csv"], *TINY, "--tensorboard", name, "-q", cwd=tmp_path), 11, "belongs to the model")
    assert names_in(tmp_path) == {"notes.txt", "model.safetensors.lock"}


def test_training_goes_on_when_nobody_reads_its_metrics_any_more(tide: dict[str, Path], tmp_path: Path) -> None:
    words = ("train", tide["csv"], *TINY, "--max-epochs", "9", "--patience", "0", "--metrics", "-", "-q")
    done = shell('"$@" | head -1; exit ${PIPESTATUS[0]}', *words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 1
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4


def test_a_lone_network_that_reads_step_by_step_finds_the_tide(tmp_path: Path) -> None:
    """Its validation error rises for some epochs before it falls: no schedule may take it back from there."""
    times, levels = hourly(1500), wave(1500)
    data = write(tmp_path / "tide.csv", "time,level_m", [f"{t},{v}" for t, v in zip(times, levels, strict=True)])
    vanilla = ("--shape", "many-to-one", "-L", "48", *STEPWISE, "--no-skip", "--floor", "none", "--max-epochs", "25")
    works(run("train", data, *vanilla, cwd=tmp_path))
    scores = json.loads(works(run("evaluate", data, "--json", cwd=tmp_path)).out)
    mae = scores["targets"][0]["mae"]
    assert mae["network"][0] < 0.7 * mae["persistence"][0]


def test_tensorboard_gets_its_events_or_the_missing_extra_is_named(tide: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    works(run("train", tide["csv"], *TINY, "--tensorboard", "runs", "-q", cwd=tmp_path))
    (events,) = (tmp_path / "runs").iterdir()
    assert b"validation_mae" in events.read_bytes()


def test_without_tensorboard_the_extra_is_named(tide: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "hidden" / "tensorboard").mkdir(parents=True)
    (tmp_path / "hidden" / "tensorboard" / "__init__.py").write_text("raise ImportError('hidden')\n")
    done = run("train", tide["csv"], *TINY, "--tensorboard", "runs", "-q", cwd=tmp_path,
               env={"PYTHONPATH": str(tmp_path / "hidden")})  # fmt: skip
    refused(done, 3, "tensorboard", "rnnforecast[tensorboard]")
