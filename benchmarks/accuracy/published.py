"""Published figures beside ours, each read in a primary source, and the goals set for each row.

Only the fair ETT table: all test windows, look-back free or 96, no `drop_last` on the test loader. A figure that was
not read in a table, figure or result file of its authors is not here.
"""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """Who, how good, whether recurrent, and where it stands."""

    who: str
    values: dict[str, float]
    recurrent: bool
    source: str


NAIVE2 = (18.383, 2.395)  # sMAPE and MASE of M4's Naive2 on Hourly
HORIZONS = (96, 192, 336, 720)
SEGRNN, DUET = "SegRNN Figures/Table2.png (b306b5a)", "DUET figures/duet_full_results.png"
README, SRSNET = "SegRNN README, drop_last fixed", "SRSNet figures/exp.png"
XPATCH, SPARSE = "xPatch figures/hyper-fair.png", "SparseTSF Figures/Table2.png"
PAPER = "TimeMixer++ paper, look-back 96"
NOTED = "read in a published fair table that our notes do not name"

# data: (who, recurrent, source, MSE/MAE at 96, 192, 336, 720)
ETT = {
    "etth1": (
        ("SegRNN, look-back 720", True, SEGRNN, ".351/.392 .392/.414 .423/.433 .466/.472"),
        ("SegRNN, look-back 96", True, README, ".368/.395 .408/.419 .444/.440 .446/.457"),
        ("DUET", False, DUET, ".352/.384 .398/.409 .414/.426 .429/.455"),
        ("xPatch", False, XPATCH, ".363/.390 .404/.414 .432/.432 .451/.457"),
        ("PDF", False, NOTED, ".360/.391 .392/.414 .418/.435 .456/.462"),
        ("SRSNet", False, SRSNET, ".366/.394 .400/.415 .424/.430 .426/.455"),
        ("SparseTSF/Linear", False, SPARSE, ".362/.389 .404/.412 .435/.428 .426/.448"),
        ("TimeMixer++", False, PAPER, ".361/.403 .416/.441 .430/.434 .467/.451"),
    ),
    "etth2": (
        ("SegRNN, look-back 720", True, SEGRNN, ".276/.335 .341/.389 .364/.403 .403/.448"),
        ("SegRNN, look-back 96", True, README, ".278/.335 .359/.389 .421/.436 .432/.455"),
        ("DUET", False, DUET, ".270/.336 .332/.374 .353/.397 .382/.425"),
        ("SRSNet", False, SRSNET, ".271/.338 .324/.372 .349/.394 .391/.434"),
        ("xPatch", False, XPATCH, ".274/.333 .336/.374 .366/.400 .388/.425"),
        ("FITS, look-back 720", False, NOTED, ".272/.336 .333/.375 .355/.396 .378/.423"),
        ("TimeMixer++", False, PAPER, "-/.328 - - -/.415"),
    ),
}


def ett(data: str, horizon: int) -> list[Figure]:
    """The published pairs of one horizon."""
    place = HORIZONS.index(horizon)
    told = []
    for who, recurrent, source, text in ETT[data]:
        pair = zip(("MSE", "MAE"), text.split()[place].split("/"), strict=False)
        told.append(Figure(who, {name: float(value) for name, value in pair if value != "-"}, recurrent, source))
    return told


def m4(who: str, smape: float, mase: float, owa: float, recurrent: bool) -> Figure:
    source = "M4-methods, Evaluation and Ranks.xlsx"
    return Figure(who, {"sMAPE": smape, "MASE": mase, "OWA": owa}, recurrent, source)


def fev(who: str, mase: float, recurrent: bool) -> Figure:
    return Figure(who, {"MASE": mase}, recurrent, "fev, benchmarks/fev_bench/results (1bc95fd)")


def gift(who: str, mase: float, recurrent: bool) -> Figure:
    """The same 414 series and 48 hours: its seasonal naive has M4's 1.193."""
    return Figure(who, {"MASE": mase}, recurrent, "gift-eval, results/*/all_results.csv (4fd98a9)")


PUBLISHED: dict[str, list[Figure]] = {
    **{f"{data}-{horizon}": ett(data, horizon) for data in ETT for horizon in HORIZONS},
    "fev-ett1h": [
        fev("TiRex-2 (zero-shot)", 1.102, True),
        fev("TiRex (zero-shot)", 1.118, True),
        fev("FlowState (zero-shot)", 1.119, True),
        fev("DeepAR (trained)", 1.231, True),
        fev("TS-ICL", 1.100, False),
        fev("PatchTST (trained)", 1.199, False),
        fev("TFT (trained)", 1.201, False),
        fev("seasonal naive", 1.323, False),
    ],
    "m4-hourly": [
        m4("ES-RNN (Smyl, winner)", 9.328, 0.893, 0.440, True),
        m4("RNN benchmark of M4", 14.70, 3.048, 1.036, True),
        m4("Doornik et al.", 8.913, 0.801, 0.410, False),
        m4("Pawlikowski", 9.611, 0.873, 0.444, False),
        m4("Montero-Manso", 11.506, 0.819, 0.484, False),
        m4("sNaive", 13.91, 1.193, 0.628, False),
        gift("TiRex (zero-shot)", 0.722, True),
        gift("Toto-2.0-2.5B (zero-shot)", 0.653, False),
        gift("Falcon-Agent", 0.607, False),
    ],
}


def by_place(measure: str, *goals: float | None) -> dict[str, float]:
    """One goal for the 1st, 2nd and 3rd lead each; None for none."""
    places = zip(("1st", "2nd", "3rd"), goals, strict=True)
    return {f"{measure}@{place}": goal for place, goal in places if goal is not None}


# At or below; by the place of the lead where there are several. "worst": of all gauges or rivers, at each lead.
GOALS: dict[str, dict[str, float]] = {
    "etth1-96": {"MSE": 0.350, "MAE": 0.383},
    "etth1-720": {"MSE": 0.415, "MAE": 0.442},
    "etth2-96": {"MSE": 0.265, "MAE": 0.325},
    "etth2-720": {"MSE": 0.374, "MAE": 0.414},
    "fev-ett1h": {"MASE": 1.099},
    "m4-hourly": {"OWA": 0.40, "MASE": 0.72},
    "tide": {
        **by_place("/B", 0.76, 0.90, 0.96), **by_place("worst /B", 0.97, 0.97, 1.01),
        **by_place("/B each", 0.76, 0.90, 0.96), **by_place("worst /B each", 0.97, 0.97, 1.01),
        **by_place("/own floors", 0.99, 0.99, 0.99), **by_place("worst /own floors", 1.01, 1.01, 1.01),
        **by_place("worst /best floor", 1.01, 1.01, 1.01),
    },
    "river": {
        **by_place("/persistence", 0.60, 0.63, 0.80), **by_place("worst /better", 1.02, 1.02, 1.02),
        **by_place("/own floors", 0.97, 0.97, 0.97), **by_place("worst /own floors", 1.01, 1.01, 1.01),
    },
    "river-rain-ahead": by_place("/persistence", None, 0.48, 0.48),
}  # fmt: skip


def best(name: str, measure: str, recurrent: bool) -> tuple[str, float] | None:
    """The lowest published value of a measure, of recurrent models or of all, and whose it is."""
    told = [(figure.values[measure], figure.who) for figure in PUBLISHED.get(name, ())
            if measure in figure.values and (figure.recurrent or not recurrent)]  # fmt: skip
    value, who = min(told, default=(None, ""))
    return None if value is None else (who, value)
