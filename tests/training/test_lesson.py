"""A lesson: windows in the order that was asked for, in batches as large as asked, each beside its anchor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnforecast.training.lesson import Lesson, as_torch, sliced
from tests.making import panel_of, rich, settings, tide, windows_of


@pytest.mark.parametrize("size", [1, 7, 32, 1000, 1500])
def test_batches_are_as_large_as_was_asked_and_in_the_order_given(size: int) -> None:
    config = settings(lookback=2, horizon=1)
    windows = windows_of(panel_of(np.arange(2100.0)), config)
    lesson = Lesson(windows, np.arange(1, 2001), np.arange(2000.0).reshape(-1, 1, 1))
    order = np.random.default_rng(0).permutation(2000)
    sizes, anchors, truths = [], [], []
    for batch, anchor in lesson.batches(order, size):
        assert anchor is not None
        sizes.append(len(batch.truth))
        anchors += anchor.ravel().tolist()
        truths += batch.truth.ravel().tolist()
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert sum(sizes) == 2000
    assert anchors == order.tolist()
    assert np.argsort(truths).tolist() == np.argsort(order).tolist()


def test_a_lesson_is_thinned_evenly_with_its_anchor() -> None:
    windows = windows_of(panel_of(tide(50)), settings(lookback=2))
    lesson = Lesson(windows, np.arange(1, 41), np.arange(40.0).reshape(-1, 1, 1))
    thin = lesson.thinned(14)
    assert thin.origins.tolist() == list(range(1, 41, 3))
    assert thin.anchor is not None
    assert thin.anchor.ravel().tolist() == list(range(0, 40, 3))
    assert lesson.thinned(40) is lesson


def test_without_an_anchor_there_is_none_in_any_batch() -> None:
    windows = windows_of(panel_of(tide(50)), settings(lookback=2))
    lesson = Lesson(windows, np.arange(1, 41), None)
    assert [anchor for _, anchor in lesson.thinned(14).batches(np.arange(14), 4)] == [None] * 4


def test_a_torch_batch_holds_what_the_window_holds_and_a_part_of_it_the_same_windows() -> None:
    panel = rich()
    batch = windows_of(panel, settings()).gather(np.arange(30, 50))
    by_torch = as_torch(batch)
    part = sliced(by_torch, slice(5, 8))
    for name, value in vars(batch).items():
        assert isinstance(getattr(by_torch, name), torch.Tensor)
        np.testing.assert_array_equal(getattr(by_torch, name).numpy(), value)
        np.testing.assert_array_equal(getattr(part, name).numpy(), value[5:8])
