"""RESULTS.md from the files in results/: ours, mean ± standard deviation over seeds, beside what is published.

    python benchmarks/accuracy/table.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from published import GOALS, PUBLISHED, best
from results import PLACES, Result, load
from rows import ROWS, SUMMARIES

FILE = Path(__file__).resolve().parent / "RESULTS.md"
MEASURES = {"ltsf": ["MSE", "MAE"], "fev": ["MASE"], "m4": ["sMAPE", "MASE", "OWA"]}
NAIVE = {"sunspots": "132 months", "exchange": "7 days", "taylor": "336 half hours"}
TIDES = ["RMSE", "within 15 cm", "UTide", "A", "B", "B each", "/A", "/B", "/B each", "best floor", "/best floor",
         "/own floors"]  # fmt: skip
RIVERS = ["RMSE", "NSE", "persistence", "ridge", "/persistence", "/better", "best floor", "/best floor", "/own floors"]
COUNTS = ["windows", "seeds", "CPU s", "reads"]
HEAD = """# Accuracy: results

Made by `table.py` from results/; do not edit. README.md says what the rows are and how they are scored. Ours: mean ±
standard deviation over seeds. CPU s: of one seed, training and scoring and, on tides and rivers, the second training
without a network. Reads: models that have met this row's test part so far.
"""
TIDE_WORDS = """RMSE in cm, exactly at the lead. A: UTide + last residual. B: UTide + residual decayed by one AR(1)
coefficient. B each: by a coefficient of each lead. /X: RMSE over that of X. Best floor: the lowest of the simple rules
at this lead. Own floors: the same stack trained without a network."""
RIVER_WORDS = """RMSE in the unit of the data, exactly at the lead (hours at Kenduskeag, quarters of an hour at
Plumtree, days elsewhere). /better: over the better of persistence and ridge; own floors as above. Rain-ahead rows know
the weather of the horizon as it was observed: a bound on what a perfect weather forecast is worth, not a forecast."""


def number(value: float) -> str:
    """Three decimals, fewer for large numbers."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def ours(result: Result, key: str, alone: bool = False) -> str:
    """Mean ± spread; the mean alone on demand, or with one seed."""
    if key not in result["mean"]:
        return "-"
    spread = result["sd"][key]
    return number(result["mean"][key]) + ("" if alone or spread is None else f" ± {spread:.3f}")


def counts(result: Result) -> list[str]:
    seconds = result.get("seconds", {}).get("cpu")
    return [str(result.get("windows", "-")), str(len(result["seeds"])), "-" if seconds is None else f"{seconds:.0f}",
            str(result.get("reads", "-"))]  # fmt: skip


def marked(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def here(protocols: Iterable[str]) -> Iterator[Result]:
    """The results that are there, in the order of the rows."""
    for name, row in ROWS.items():
        result = load(name) if row.protocol in protocols else None
        if result:
            yield result


def beside(name: str, measure: str, recurrent: bool) -> str:
    found = best(name, measure, recurrent)
    return f"{number(found[1])} {found[0]}" if found else "-"


def goal(name: str, key: str) -> str:
    value = GOALS.get(name, {}).get(key)
    return "-" if value is None else number(value)


def published_rows() -> str:
    """One line for each row and measure that has published figures."""
    lines = []
    for result in here(MEASURES):
        name = result["row"]
        for measure in MEASURES[result["protocol"]]:
            others = [beside(name, measure, True), beside(name, measure, False), goal(name, measure)]
            lines.append([name, measure, ours(result, measure), *others, *counts(result)])
    return marked(["row", "measure", "ours", "best recurrent published", "best published", "goal", *COUNTS], lines)


def extra_rows() -> str:
    """MSE and MAE beside the two naive rules."""
    lines = []
    for result in here(["extras"]):
        pairs = [[ours(result, f"{rule}{measure}", bool(rule)) for measure in ("MSE", "MAE")]
                 for rule in ("", "last value ", "seasonal naive ")]  # fmt: skip
        lines.append([result["row"], NAIVE[result["row"]], *map(" / ".join, pairs), *counts(result)])
    return marked(["row", "season", "ours", "last value", "seasonal naive", *COUNTS], lines)


def water_rows(protocol: str, columns: list[str]) -> str:
    """One line for each row and lead; the spread is shown for the model's own error."""
    lines = []
    for result in here([protocol]):
        for lead in ROWS[result["row"]].facts["leads"]:
            values = [ours(result, f"{column}@{lead}", column != "RMSE") for column in columns]
            lines.append([result["row"], str(lead), *values, *counts(result)])
    return marked(["row", "lead", *columns, *COUNTS], lines)


def summary_rows() -> str:
    """Geometric mean of each ratio, with its worst row, by the place of the lead."""
    lines = []
    for name in SUMMARIES:
        result = load(name) or {"mean": {}, "sd": {}}
        for measure in [key.removesuffix("@1st") for key in result["mean"] if key.endswith("@1st")]:
            values = [ours(result, f"{measure}@{place}") for place in PLACES]
            goals = [goal(name, f"{measure}@{place}") for place in PLACES]
            lines.append([name, measure, *values, " ".join(goals) if set(goals) != {"-"} else "-"])
    return marked(["rows", "ratio", *(f"{place} lead" for place in PLACES), "goals"], lines)


def sources() -> str:
    """Every published figure, with where it stands."""
    lines = []
    for name, figures in PUBLISHED.items():
        for figure in figures:
            values = ", ".join(f"{measure} {value:g}" for measure, value in figure.values.items())
            if values:
                lines.append([name, figure.who, "yes" if figure.recurrent else "no", values, figure.source])
    return marked(["row", "who", "recurrent", "figures", "source"], lines)


def text() -> str:
    """The whole file."""
    sections = {
        "Published tables": published_rows(), "Tides": f"{TIDE_WORDS}\n\n{water_rows('tides', TIDES)}",
        "Rivers": f"{RIVER_WORDS}\n\n{water_rows('rivers', RIVERS)}",
        "Geometric means": summary_rows(),
        "Extras": f"MSE / MAE of standardised values, every window.\n\n{extra_rows()}",
        "Where the published figures stand": sources(),
    }  # fmt: skip
    return HEAD + "".join(f"\n## {title}\n\n{body}\n" for title, body in sections.items())


def write() -> None:
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
