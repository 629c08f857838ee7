"""Default settings on the sample data and, where it lies, on a measured tide: the stack against its own floor.

    python benchmarks/skill.py [SEEDS]

For each series, cell and seed the public `rf.train` is run twice, with the floor and with floor="none"; all choices are
made on validation, and the test part is read once per line, by `train` itself. Columns: the network's share, the
stack's error over the error of the rule that validation chose, and the lone network's error over no change and over
the seasonal rule; each as median [min, max] over seeds, and the CPU seconds of one training.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

import pandas as pd

import rnnforecast as rf

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "sample_data"
TIDE = ROOT.parent / "shared/data/tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv"
SERIES = {
    "river, daily": (SAMPLES / "river_fulda_1979_1988_daily.csv", "discharge_m3s", {}),
    "stream, 15 min": (SAMPLES / "flood_plumtree_run_2018_15min.csv", "stage_m", {}),
    "weather, hourly": (SAMPLES / "weather_jfk_2013_hourly.csv", "temp_c", {}),
    "tide, simulated": (SAMPLES / "tide_la_jolla_2018_simulated_hourly.csv", "water_level_m", {}),
    "tide, measured": (TIDE, "water_level_m", {"start": "2018-01-01T00:00Z", "end": "2018-12-31T23:00Z"}),
}


def errors(model: rf.Model, metric: str) -> pd.Series:
    """Mean error of each rule over the leads."""
    return model.scores.groupby("rule")[metric].mean()


def one(path: Path, settings: dict[str, object]) -> dict[str, float]:
    """Both trainings of one line."""
    frame = pd.read_csv(path)
    started = time.process_time()
    model = rf.train(frame, **settings)
    seconds = time.process_time() - started
    mae, rmse = errors(model, "mae"), errors(model, "rmse")
    alone = errors(rf.train(frame, floor="none", **settings), "mae")
    chosen = model.core.ranking[0]
    return {
        "share": float(model.core.share.mean()),
        "MAE/chosen": mae["model"] / mae[chosen],
        "RMSE/chosen": rmse["model"] / rmse[chosen],
        "alone/no change": alone["network"] / alone["persistence"],
        "alone/seasonal": alone["network"] / alone["seasonal"] if "seasonal" in alone else float("nan"),
        "coverage 80 %": float(model.core.scores.coverage.mean()) if model.core.scores else float("nan"),
        "windows": float(model.core.scores.num_windows) if model.core.scores else 0.0,
        "CPU s": seconds,
    }


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    shown = False
    for name, (path, target, flags) in SERIES.items():
        if not path.exists():
            print(f"{name}: {path.name} is not here, left out")
            continue
        for cell in ("lstm", "gru"):
            lines = [one(path, {"target": target, "cell": cell, "seed": s, **flags}) for s in range(seeds)]
            if not shown:
                print(f"{'series':16} cell " + " ".join(f"{column:>20}" for column in lines[0]))
                shown = True
            cells = [[line[column] for line in lines] for column in lines[0]]
            texts = [f"{median(c):.3f} [{min(c):.3f}, {max(c):.3f}]" for c in cells]
            print(f"{name:16} {cell:4} " + " ".join(f"{text:>20}" for text in texts), flush=True)


if __name__ == "__main__":
    main()
