"""One recurrent forecaster from orthogonal settings: normalise the window, encode it, decode the horizon.

The encoder reads `segment_length` time steps per recurrent step (SegRNN, Lin et al. 2023): fewer, wider steps are
faster and more accurate on long lookbacks; the oldest steps that fill no segment are left out.

The network corrects an anchor, the floor's forecast: y = loc + spread (anchor + unit network). Without a floor the
anchor is the window's own level. `unit` (H, T) is what the anchor typically misses, so that what is to be learned has
the size 1 whether the floor is good or bad: Adam's steps are as coarse on a tide, missed by centimetres, as on a flood.
Nothing after the cutoff enters but `future`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnforecast.network import encoder
from rnnforecast.network.arrays import Array, Params, prefixed, under
from rnnforecast.network.cells import cell_named
from rnnforecast.network.decoders import Code, Sizes, decoder_named
from rnnforecast.network.encoder import Dropout, Scan

if TYPE_CHECKING:
    from rnnforecast.config import RunConfig
    from rnnforecast.data.widths import Widths
    from rnnforecast.data.windows import Batch

SMALLEST_SPREAD = 0.05  # of the series' standard deviation: a flat window must not blow a ripple up


def input_size(widths: Widths) -> int:
    """Value, mask and age of each target; value and mask of each past covariate; future and static as they are."""
    return 3 * widths.T + 2 * widths.P + widths.F + widths.S


def init(config: RunConfig, widths: Widths, rng: Any) -> dict[str, Array]:
    """Fresh parameters, float32, drawn from `rng` (a numpy Generator)."""
    cell = cell_named(config.cell)
    D, Q = config.hidden_size, len(config.quantile_levels)
    sizes = Sizes(config.lookback, config.horizon, widths.T, widths.F, widths.S, D, Q)
    segment = config.segment_length * input_size(widths)
    return {
        "unit": rng.uniform(1.0, 1.0, (config.horizon, widths.T)).astype("float32"),
        **prefixed(encoder.init(cell, segment, D, config.num_layers, rng), "encoder"),
        **prefixed(decoder_named(config.decoder).init(sizes, rng), "decoder"),
    }


def begin(params: dict[str, Array], config: RunConfig, unit: Array, start: Array) -> None:
    """Let untrained parameters forecast the anchor with the bands of its own errors.

    unit (H, T): the anchor's typical error; start (H, T, Q): quantiles of its errors in that unit, 0 at the median.
    """
    decoder = under(params, "decoder")
    decoder_named(config.decoder).begin(decoder, start)
    params |= {"unit": unit, **prefixed(decoder, "decoder")}


def window_norm(target: Array, mask: Array, kind: str, xp: Any) -> tuple[Array, Array]:
    """Level and spread (B, 1, T) of the observed values of each window, target (B, L, T) in series units."""
    one = xp.ones_like(target[:, :1])
    if kind == "none":
        return 0 * one, one
    if kind == "last":
        return target[:, -1:], one
    count = mask.sum(axis=1, keepdims=True) + 1e-6
    loc = (target * mask).sum(axis=1, keepdims=True) / count
    variance = (mask * (target - loc) ** 2).sum(axis=1, keepdims=True) / count
    spread = xp.maximum(xp.sqrt(variance), SMALLEST_SPREAD * one)
    return (target[:, -1:], spread) if kind == "last_std" else (loc, spread)


def segmented(x: Array, length: int) -> Array:
    """(B, L, I) -> (B, L // length, length I): the newest segment ends at the cutoff."""
    B, L, I = x.shape  # noqa: E741
    return x[:, L % length :].reshape(B, L // length, length * I)


def repeated(static: Array, length: int, xp: Any) -> Array:
    """(B, S) -> (B, length, S)."""
    return xp.stack([static] * length, axis=1)


def forward(
    params: Params,
    batch: Batch,
    anchor: Array | None,
    config: RunConfig,
    xp: Any,
    scan: Scan = encoder.scan_steps,
    drop: Dropout = lambda x: x,
) -> Array:
    """Quantiles (B, H, T, Q) in series units.

    batch: arrays of `xp`, its context at least L long; anchor (B, H, T) in series units, or None.
    """
    L, H = config.lookback, config.horizon
    target, mask, since = batch.target[:, -L:], batch.mask[:, -L:], batch.since[:, -L:]
    future = xp.concatenate([batch.future, batch.calendar], axis=2)[:, -H - L :]  # (B, L + H, F)
    known = future[:, L:]
    loc, spread = window_norm(target, mask, config.window_norm, xp)
    nothing = 0 * (loc + known.sum(axis=2, keepdims=True))  # (B, H, T)
    anchored = nothing if anchor is None else (anchor - loc) / spread
    x = xp.concatenate(
        [
            (target - loc) / spread, mask, since,
            batch.past[:, -L:], batch.past_mask[:, -L:], future[:, :L], repeated(batch.static, L, xp),
        ],
        axis=2,
    )  # (B, L, I)
    cell, layers = cell_named(config.cell), under(params, "encoder")
    x = segmented(x, config.segment_length)
    states = encoder.zero_state(cell, x, config.hidden_size, config.num_layers, xp)
    outputs, states = encoder.encode(layers, x, states, cell, xp, scan, drop)
    past_missing = 0 * xp.concatenate([batch.past[:, -1], batch.past_mask[:, -1]], axis=1)  # (B, 2 P)

    def frame(value: Array, future: Array) -> Array:
        """The encoder's input for a step that was not observed but forecast."""
        return xp.concatenate([value, 0 * value + 1, 0 * value, past_missing, future, batch.static], axis=1)

    code = Code(
        hidden=drop(outputs[:, -1]),
        states=states,
        window=(target - loc) / spread,
        advance=lambda step, now: encoder.advance(layers, step, now, cell, xp),
        frame=frame,
        anchor=anchored,
        future=known,
        static=batch.static,
        median=config.quantile_levels.index(0.5),
        unit=params["unit"],
    )
    out = decoder_named(config.decoder).decode(under(params, "decoder"), code, xp)  # (B, H, T, Q)
    return loc[..., None] + spread[..., None] * (anchored[..., None] + params["unit"][..., None] * out)
