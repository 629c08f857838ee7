"""What --diagnostics says: every fault by its name, with what to type about it."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.report.diagnosis import SHOWN, diagnosis_text
from rnnforecast.training.diagnostics import Diagnosis, Layer


def text_of(norms: list[float], gradient: float = 1.0, **saturated: float) -> str:
    return diagnosis_text(Diagnosis((Layer("layer 1", np.array(norms), saturated),), gradient, 1.0), "the lstm alone")


@pytest.mark.parametrize(
    ("text", "fault", "remedy"),
    [
        (text_of([0.0, 1e-9, 1.0]), "vanishing gradient: the first 2 of 3 recurrent steps", "--cell lstm or gru"),
        (text_of([1e5, 10.0, 1.0]), "exploding gradient", "--learning-rate or --clip"),
        (text_of([1.0, 1.0], gradient=50.0), "exploding gradient", "--bptt-steps"),
        (text_of([1.0, 1.0], forget=0.9), "saturated: forget gate", "--weight-decay"),
        (text_of([0.0, 0.0]), "no gradient reaches the recurrence", "--max-epochs"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_remedy(text: str, fault: str, remedy: str) -> None:
    assert fault in text
    assert remedy in text
    assert "nothing is wrong" not in text


def test_where_nothing_is_wrong_it_says_so() -> None:
    text = text_of([0.5, 1.0], forget=0.2)
    assert text.splitlines()[0] == "the lstm alone: gradient of the loss, norm 1 before clipping at 1"
    assert text.splitlines()[-1] == "  nothing is wrong with it"
    assert "forget gate saturated 20 %" in text


def test_of_many_steps_a_few_are_shown_the_first_and_the_last_among_them() -> None:
    line = text_of([float(k + 1) for k in range(100)]).splitlines()[1]
    assert " 1: 1.0e+00" in line
    assert " 100: 1.0e+02" in line
    assert line.count("e+0") == SHOWN
