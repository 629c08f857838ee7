"""Linear maps from sums: each shortcut against the same thing done row by row."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.windows import Batch
from rnnforecast.floors import _linear, folds, thinned
from rnnforecast.floors._linear import Basis, Linear, Sums, sums_of
from tests import making
from tests.making import Array, panel_of, tide, windows_of

K, H = 5, 3
Rows = tuple[Array, Array]  # x (n, K) and y (n, H)


def rows(seed: int, n: int = 40) -> Rows:
    """Features of different sizes and what a map makes of them, with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, K)) * np.array([1.0, 3.0, 0.2, 1.0, 1.0]) + 0.5
    y = x @ np.random.default_rng(99).normal(size=(K, H)) + rng.normal(size=(n, H))
    return x, y


def five() -> list[Rows]:
    return [rows(seed) for seed in range(5)]


def sums(parts: list[Rows]) -> list[Sums]:
    return [sums_of(x, y) for x, y in parts]


def joined(parts: list[Rows]) -> Rows:
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def ridge_of(x: Array, y: Array, penalty: float) -> Array:
    level = np.trace(x.T @ x) / x.shape[1]
    return np.linalg.solve(x.T @ x + penalty * level * np.eye(x.shape[1]), x.T @ y)


def assert_same(found: Sums, expected: Sums) -> None:
    for name in ("xx", "xy", "yy", "rows"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-12, err_msg=name)


def test_sums_are_those_of_the_rows() -> None:
    x, y = rows(0)
    found = sums_of(x, y)
    np.testing.assert_allclose(found.xx, sum(np.outer(row, row) for row in x))
    np.testing.assert_allclose(found.xy, sum(np.outer(row, came) for row, came in zip(x, y, strict=True)))
    np.testing.assert_allclose(found.yy, (y**2).sum(axis=0))
    assert found.rows == 40


def test_sums_add_up_as_rows_do() -> None:
    parts = five()
    assert_same(_linear.added(sums(parts)), sums_of(*joined(parts)))
    assert_same(_linear.added(sums(parts)[:1]), sums_of(*parts[0]))


def test_sums_of_some_columns_are_those_of_their_rows() -> None:
    x, y = rows(0)
    for columns in ([0, 2, 4], [4], [3, 1]):
        assert_same(sums_of(x, y).of(np.array(columns)), sums_of(x[:, columns], y))


def test_sums_of_scaled_features_are_those_of_scaled_rows() -> None:
    x, y = rows(0)
    by = np.array([1.0, 0.1, 7.0, 2.0, 1e3])
    assert_same(sums_of(x, y).scaled(by), sums_of(x * by, y))


def test_the_error_of_a_map_is_that_of_forecasting_the_rows() -> None:
    x, y = rows(0)
    weights = np.random.default_rng(1).normal(size=(K, H))
    np.testing.assert_allclose(sums_of(x, y).errors(weights), ((y - x @ weights) ** 2).mean(axis=0))
    assert sums_of(x[:0], y[:0]).errors(weights).tolist() == [0.0] * H


@pytest.mark.parametrize("n", [3, 40])
def test_a_basis_solves_what_a_solver_solves(n: int) -> None:
    """Also of fewer rows than features, and with a penalty of its own for each lead."""
    x, y = rows(0, n)
    penalty = np.array([1e-4, 0.3, 20.0])
    expected = np.stack([ridge_of(x, y, p)[:, h] for h, p in enumerate(penalty)], axis=1)
    np.testing.assert_allclose(Basis(sums_of(x, y)).solution(penalty), expected, rtol=1e-7)


def test_a_basis_of_nothing_says_nothing() -> None:
    x, y = rows(0)
    assert not Basis(sums_of(x[:0], y[:0])).solution(np.full(H, 1e-6)).any()


def test_the_errors_of_all_penalties_are_those_of_forecasting_the_block() -> None:
    (x, y), (new, came) = rows(0), rows(1)
    found = Basis(sums_of(x, y)).errors(sums_of(new, came))
    expected = [((came - new @ ridge_of(x, y, p)) ** 2).mean(axis=0) for p in _linear.PENALTIES]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("lookback", "shares", "dropped"),
    [(24, (1, 4, 16), [0, 18, 23]), (24, (1, 2, 4), [0, 12, 18]), (3, (1, 4, 16), [0, 2]), (1, (1, 4, 16), [0])],
)
def test_candidates_leave_out_the_oldest_lags_and_none_is_tried_twice(lookback, shares, dropped) -> None:
    found = _linear.reaches(lookback, 30, shares)
    assert [columns.tolist() for columns in found] == [list(range(d, 30)) for d in dropped]


def simplex(n: int, steps: int) -> Array:
    """All convex weights that are multiples of 1 / steps."""
    every = [point for point in product(range(steps + 1), repeat=n - 1) if sum(point) <= steps]
    points = np.array(every, np.float64).reshape(len(every), n - 1)
    return np.concatenate([points, steps - points.sum(axis=1, keepdims=True)], axis=1) / steps


def maps_of(seed: int, n: int, apart: float) -> list[Array]:
    """For each of five blocks, n candidates' maps (n, K, H) about the one that made the rows."""
    rng, true = np.random.default_rng(seed), np.random.default_rng(99).normal(size=(K, H))
    common = true + apart * rng.normal(size=(n, K, H))
    return [common + 0.05 * rng.normal(size=(n, K, H)) for _ in range(5)]


def mixed_error(parts: list[Rows], maps: list[Array], share: Array, lead: int) -> float:
    """Of one mixture, forecast row by row; blocks count alike."""
    errors = [
        ((y[:, lead] - x @ np.tensordot(share, block[:, :, lead], 1)) ** 2).mean()
        for (x, y), block in zip(parts, maps, strict=True)
    ]
    return float(np.mean(errors))


@pytest.mark.parametrize(("n", "steps"), [(1, 1), (2, 200), (3, 50)])
@pytest.mark.parametrize("apart", [0.05, 0.5, 2.0])
def test_a_mixture_is_as_good_as_the_best_of_all_mixtures(n: int, steps: int, apart: float) -> None:
    for seed in range(3):
        parts, maps = five(), maps_of(seed, n, apart)
        share = _linear.mixture(sums(parts), maps)
        assert share.shape == (n, H)
        np.testing.assert_allclose(share.sum(axis=0), 1.0)
        assert (share >= 0).all()
        for lead in range(H):
            best = min(mixed_error(parts, maps, point, lead) for point in simplex(n, steps))
            assert mixed_error(parts, maps, share[:, lead], lead) < 1.002 * best


def test_a_candidate_that_is_right_is_taken_alone() -> None:
    parts = [(x, x @ np.ones((K, H))) for x, _ in five()]
    maps = [np.stack([np.zeros((K, H)), np.ones((K, H)), np.full((K, H), -1.0)])] * 5
    np.testing.assert_allclose(_linear.mixture(sums(parts), maps), [[0] * H, [1] * H, [0] * H], atol=1e-3)


def test_products_of_errors_are_those_of_the_rows() -> None:
    (x, y), maps = rows(3), maps_of(0, 3, 0.5)[0]
    wrong = y - np.stack([x @ m for m in maps])  # (n, rows, H)
    np.testing.assert_allclose(
        _linear.cross(sums_of(x, y), maps), np.einsum("irh,jrh->hij", wrong, wrong) / len(x), rtol=1e-9
    )


def nearest(point: Array) -> Array:
    """The convex weights nearest to a point: what is taken off all of them, found by halving."""
    low, high = point.min() - 1.0, point.max()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(point - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(point - high, 0)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=1, max_size=5))
@settings(deadline=None)
def test_a_point_is_projected_to_the_nearest_convex_weights(points: list[list[float]]) -> None:
    found = _linear.on_simplex(np.array(points))
    np.testing.assert_allclose(found, [nearest(np.array(point)) for point in points], atol=1e-9)


def by_hand(parts: list[Rows], candidates: list[list[int]]) -> list[list[Array]]:
    """For each candidate its maps without each block and, last, of all: penalties by trying each of them."""
    found = []
    for columns in candidates:
        taken = [(x[:, columns], y) for x, y in parts]
        rests = [joined([other for other in taken if other is not one]) for one in taken]
        errors = np.array([
            [((y - x @ ridge_of(*rest, p)) ** 2).mean(axis=0) for (x, y), rest in zip(taken, rests, strict=True)]
            for p in _linear.PENALTIES
        ]).mean(axis=1)  # (penalties, H)
        chosen = _linear.PENALTIES[errors.argmin(axis=0)]
        maps = []
        for rest in [*rests, joined(taken)]:
            whole = np.zeros((K, H))
            whole[columns] = np.stack([ridge_of(*rest, p)[:, h] for h, p in enumerate(chosen)], axis=1)
            maps.append(whole)
        found.append(maps)
    return found


def test_a_whole_fit_equals_the_one_done_row_by_row() -> None:
    """Loops over candidates, blocks and penalties and no shared sums; then the mixture, which is tested above."""
    parts, candidates = five(), [[0, 1, 2, 3, 4], [2, 3, 4], [4]]
    found = _linear.solved(sums(parts), [np.array(c) for c in candidates])
    maps = np.array(by_hand(parts, candidates))  # (candidates, blocks + 1, K, H)
    share = _linear.mixture(sums(parts), list(maps[:, :-1].transpose(1, 0, 2, 3)))
    expected = np.einsum("ch,cbkh->bkh", share, maps)
    np.testing.assert_allclose(found.weights, expected[-1], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.held_out, expected[:-1], rtol=1e-5, atol=1e-7)
    errors = [((y - x @ w) ** 2).mean(axis=0) for (x, y), w in zip(parts, expected[:-1], strict=True)]
    np.testing.assert_allclose(found.errors, errors, rtol=1e-5)


def test_one_block_alone_is_its_own_judge() -> None:
    """With nothing held out there is nothing better than the rows themselves."""
    part = rows(0)
    found = _linear.solved(sums([part]), [np.arange(K)])
    np.testing.assert_allclose(found.held_out[0], found.weights)
    np.testing.assert_allclose(found.weights, ridge_of(*part, _linear.PENALTIES[0]), rtol=1e-5)


def linear(value: float, features: int, errors: Array) -> Linear:
    return Linear(np.full((features, H), value), [np.full((features, H), value + b + 1) for b in range(5)], errors)


GAINS = np.array([[1.0, 1.0, -0.1], [1.1, -1.0, -0.1], [0.9, 1.0, -0.1], [1.0, -1.0, -0.1], [1.0, 0.5, -0.1]])


def test_more_features_are_used_at_the_leads_where_they_gain_for_sure() -> None:
    """Lead 0 gains in every block, lead 1 in some and loses in others (0.1 of a standard error 0.46), lead 2 loses."""
    plain, rich = linear(10.0, 3, np.full((5, H), 2.0)), linear(20.0, 5, 2.0 - GAINS)
    found = _linear.where_better(plain, rich)
    for k, weights in enumerate((found.weights, *found.held_out)):
        assert weights[:, 0].tolist() == [20.0 + k] * 5
        for lead in (1, 2):
            assert weights[:, lead].tolist() == [10.0 + k] * 3 + [0.0] * 2
    np.testing.assert_array_equal(found.errors[:, 0], 2.0 - GAINS[:, 0])
    np.testing.assert_array_equal(found.errors[:, 1:], 2.0)


@pytest.mark.parametrize(("gain", "taken"), [(0.99, False), (1.01, True)])
def test_a_gain_must_be_more_than_one_standard_error(gain: float, taken: bool) -> None:
    noise = np.array([1.0, -1.0, 2.0, -2.0, 0.0])
    error = noise.std(ddof=1) / np.sqrt(5)
    better = 2.0 - (gain * error + noise)[:, None] * np.ones(H)
    found = _linear.where_better(linear(10.0, 3, np.full((5, H), 2.0)), linear(20.0, 5, better))
    assert (found.weights[0] == (20.0 if taken else 10.0)).all()


def test_a_single_block_proves_no_gain() -> None:
    plain, rich = (Linear(np.full((K, H), v), [np.full((K, H), v)], np.full((1, H), -v)) for v in (1.0, 2.0))
    assert (_linear.where_better(plain, rich).weights == 1.0).all()


def two_more(kind: str, size: float = 1.0) -> list[Rows]:
    """Five blocks whose last two features matter at lead 1, or at none."""
    found = []
    for seed in range(5):
        x, y = rows(seed, 200)
        more = np.random.default_rng(seed + 20).normal(size=(200, 2))
        y[:, 1] += more.sum(axis=1) * (kind == "useful")
        found.append((np.concatenate([x, size * more], axis=1), y))
    return found


def test_features_that_help_at_one_lead_are_used_at_that_lead_alone() -> None:
    parts = two_more("useful")
    found = _linear.with_more(sums(parts), 2, K)
    plain = _linear.solved(sums([(x[:, :K], y) for x, y in parts]), _linear.reaches(K, K))
    assert found.weights.shape == (K + 2, H)
    for with_them, without in zip([found.weights, *found.held_out], [plain.weights, *plain.held_out], strict=True):
        np.testing.assert_allclose(with_them[K:, 1], 1.0, atol=0.15)
        assert not with_them[K:, [0, 2]].any()
        np.testing.assert_allclose(with_them[:K, [0, 2]], without[:, [0, 2]], rtol=1e-9)
    assert (found.errors[:, 1] < 0.6 * plain.errors[:, 1]).all()
    np.testing.assert_allclose(found.errors[:, [0, 2]], plain.errors[:, [0, 2]])


def test_the_unit_of_more_features_does_not_matter() -> None:
    small, large = (_linear.with_more(sums(two_more("useful", size)), 2, K) for size in (1e-3, 1e4))
    np.testing.assert_allclose(small.weights[K:] * 1e-3, large.weights[K:] * 1e4, rtol=1e-6)
    np.testing.assert_allclose(small.weights[:K], large.weights[:K], rtol=1e-6)


def test_features_from_a_number_on_are_evened_to_mean_square_1() -> None:
    parts = two_more("useful", 1e3)
    by = _linear.even(sums(parts), K)
    x, _ = joined(parts)
    np.testing.assert_allclose(((x * by) ** 2).mean(axis=0)[K:], 1.0)
    assert by[:K].tolist() == [1.0] * K
    dry = [sums_of(x * 0, y) for x, y in parts]
    assert np.isfinite(_linear.even(dry, K)).all()
    assert not _linear.with_more(dry, 2, K).weights.any()


def test_a_scaled_map_of_features_is_the_map_of_scaled_features() -> None:
    x, y = rows(0)
    by = np.array([1.0, 0.1, 7.0, 2.0, 10.0])
    there = _linear.solved(sums([(x * by, y)]), [np.arange(K)])
    here = there.scaled(by)
    np.testing.assert_allclose(x @ here.weights, (x * by) @ there.weights)
    np.testing.assert_allclose(x @ here.held_out[0], (x * by) @ there.held_out[0])
    np.testing.assert_array_equal(here.errors, there.errors)


CONFIG = making.settings(lookback=6, horizon=H)


def values_of(batch: Batch) -> Rows:
    return batch.target[:, -2:, 0].astype(np.float64), batch.truth[:, :, 0].astype(np.float64)


def test_sums_are_kept_apart_by_time_block() -> None:
    windows, origins = windows_of(panel_of(tide(100), tide(80, 1)), CONFIG), np.r_[6:96, 106:176]
    found, blocks = _linear.block_sums(windows, origins, values_of), folds(windows, origins)
    for block, one in enumerate(found):
        assert_same(one, sums_of(*values_of(windows.gather(origins[blocks == block]))))
    assert len(found) == 5


def test_of_more_windows_than_it_takes_each_block_gives_its_share_and_all_hours(monkeypatch) -> None:
    windows, origins = windows_of(panel_of(tide(500)), CONFIG), np.arange(6, 490)
    blocks = folds(windows, origins)
    monkeypatch.setattr(_linear, "MOST_WINDOWS", 100)
    found = _linear.block_sums(windows, origins, values_of)
    for block, one in enumerate(found):
        taken = thinned(origins[blocks == block], 20)
        assert_same(one, sums_of(*values_of(windows.gather(taken))))
    assert sum(one.rows for one in found) == 100
    assert len(set((thinned(np.arange(24 * 200), 200) % 24).tolist())) == 24  # every 24th would meet one hour only


def test_windows_cut_in_pieces_add_up_to_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    windows, origins = windows_of(panel_of(tide(100)), CONFIG), np.arange(6, 96)
    whole = _linear.block_sums(windows, origins, values_of)
    monkeypatch.setattr("rnnforecast.floors.GATHER", 7)
    for one, other in zip(_linear.block_sums(windows, origins, values_of), whole, strict=True):
        assert_same(one, other)


def test_the_maps_of_several_targets_stand_side_by_side_with_their_lookback() -> None:
    maps = [linear(value, K, np.zeros((5, H))) for value in (10.0, 20.0)]
    whole, without = _linear.stacked(maps, CONFIG)
    for k, params in enumerate([whole, *without]):
        assert params["weights"].shape == (2, K, H)
        assert params["weights"][:, 0, 0].tolist() == [10.0 + k, 20.0 + k]
        assert _linear.valid(params, CONFIG, 2, K)
    assert len(without) == 5


def test_a_map_made_for_another_lookback_is_refused_though_its_size_is_right() -> None:
    whole, _ = _linear.stacked([linear(10.0, K, np.zeros((5, H)))], CONFIG)
    for wrong in (np.array(7), np.array([6]), np.array(6.0), np.array(6, np.int32)):
        assert not _linear.valid({**whole, "lookback": wrong}, CONFIG, 1, K)
