"""One recurrent forecaster from orthogonal settings: normalise the window, encode it, decode the horizon.

The encoder reads `segment_length` time steps per recurrent step (SegRNN, Lin et al. 2023): fewer, wider steps are
faster and more accurate on long lookbacks; the oldest steps that fill no segment are left out.

The network corrects an anchor, the floor's forecast: y = loc + spread (anchor + unit network). Without a floor the
anchor is the window's own level. `unit` (H, T) is what the anchor typically misses, so that what is to be learned has
the size 1 whether the floor is good or bad: Adam's steps are as coarse on a tide, missed by centimetres, as on a flood.
Nothing after the cutoff enters but `future`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rnnforecast.network import encoder
from rnnforecast.network.arrays import Array, Params, init_linear, linear, prefixed, under
from rnnforecast.network.cells import cell_of
from rnnforecast.network.decoders import Code, Sizes, decoder_named
from rnnforecast.network.encoder import Dropout, Scan

if TYPE_CHECKING:
    from rnnforecast.config import RunConfig
    from rnnforecast.data.widths import Widths
    from rnnforecast.data.windows import Batch

SMALLEST_SPREAD = 0.05  # of the series' standard deviation: a flat window must not blow a ripple up


def input_size(widths: Widths) -> int:
    """Value, mask and age of each target and past covariate; future and static as they are."""
    return 3 * (widths.T + widths.P) + widths.F + widths.S


def each_its_own(config: RunConfig, targets: int) -> bool:
    """Whether the targets pass through the network one at a time, by the same weights."""
    return config.channels == "independent" and targets > 1


def init(config: RunConfig, widths: Widths, rng: Any) -> dict[str, Array]:
    """Fresh parameters, float32, drawn from `rng` (a numpy Generator)."""
    unit = rng.uniform(1.0, 1.0, (config.horizon, widths.T)).astype("float32")
    if each_its_own(config, widths.T):
        widths = replace(widths, T=1, S=widths.S + widths.T)
    cell, sizes = cell_of(config), sizes_of(config, widths)
    skip = init_linear("skip", sizes.L * sizes.T, sizes.H * sizes.T, rng, gain=0.0) if config.skip else {}
    return {
        "unit": unit,
        **skip,
        **prefixed(encoder.init(cell, config, input_size(widths), rng), "encoder"),
        **prefixed(decoder_named(config.decoder).init(sizes, cell, rng), "decoder"),
    }


def sizes_of(config: RunConfig, widths: Widths) -> Sizes:
    return Sizes(
        L=config.lookback,
        H=config.horizon,
        T=widths.T,
        F=widths.F,
        S=widths.S,
        D=config.hidden_size,
        Q=len(config.quantile_levels),
        E=encoder.width(config),
        steps=config.lookback // config.segment_length,
        segment_length=config.segment_length,
        num_layers=config.num_layers,
        attention=config.attention,
    )


def begin(params: dict[str, Array], config: RunConfig, unit: Array, start: Array) -> None:
    """Let untrained parameters forecast the anchor with the bands of its own errors.

    unit (H, T): the anchor's typical error; start (H, T, Q): quantiles of its errors in that unit, 0 at the median.
    """
    decoder = under(params, "decoder")
    if each_its_own(config, unit.shape[1]):
        start = start.mean(axis=1)[:, None]
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
    teacher: Array | None = None,
) -> Array:
    """Quantiles (B, H, T, Q) in series units.

    batch: arrays of `xp`, its context at least L long; anchor (B, H, T) in series units, or None; teacher (B, H, T):
    the truth where the decoder is to be fed it, NaN elsewhere.
    """
    B, T = len(batch.target), batch.target.shape[2]
    unit = params["unit"][None]  # (1, H, T)
    if not each_its_own(config, T):
        return joint(params, batch, anchor, unit, config, xp, scan, drop, teacher)
    apart = one_by_one(batch, xp)
    anchor, teacher = (None if v is None else in_turn(v, xp) for v in (anchor, teacher))
    unit = in_turn(xp.tile(unit, (B, 1, 1)), xp)
    out = joint(params, apart, anchor, unit, config, xp, scan, drop, teacher)  # (T B, H, 1, Q)
    return xp.concatenate([out[t * B : (t + 1) * B] for t in range(T)], axis=2)


def one_by_one(batch: Batch, xp: Any) -> Batch:
    """The targets of a batch as windows of their own, (B, ·, T) -> (T B, ·, 1); what they share is repeated.

    Which target it is, is told by T more static covariates (the channel code of SegRNN, Lin et al. 2023).
    """
    T, shared = batch.target.shape[2], ("past", "past_mask", "past_since", "future", "calendar", "tide", "static")
    own = {name: in_turn(getattr(batch, name), xp) for name in ("target", "mask", "since", "truth")}
    others = {name: xp.concatenate([getattr(batch, name)] * T, axis=0) for name in shared}
    which = xp.concatenate([0 * batch.target[:, 0, :1] + (t == k) for t in range(T) for k in range(T)], axis=1)
    codes = which.reshape(len(batch.target), T, T)
    each = xp.concatenate([codes[:, t] for t in range(T)], axis=0)  # (T B, T)
    return replace(batch, **own, **{**others, "static": xp.concatenate([others["static"], each], axis=1)})


def in_turn(values: Array, xp: Any) -> Array:
    """(B, n, T) -> (T B, n, 1): the first target of all windows, then the second."""
    return xp.concatenate([values[:, :, t : t + 1] for t in range(values.shape[2])], axis=0)


def joint(
    params: Params, batch: Batch, anchor: Array | None, unit: Array, config: RunConfig, xp: Any, scan: Scan,
    drop: Dropout, teacher: Array | None,
) -> Array:  # fmt: skip
    """`forward` where all targets pass through the network together."""
    L = config.lookback
    target, mask = batch.target[:, -L:], batch.mask[:, -L:]
    loc, spread = window_norm(target, mask, config.window_norm, xp)
    window = (target - loc) / spread  # (B, L, T)
    known = [batch.future, batch.calendar, batch.tide]
    future = xp.concatenate(known, axis=2)[:, -L - config.horizon :]  # (B, L + H, F)
    nothing = 0 * (loc + future[:, L:].sum(axis=2, keepdims=True))  # (B, H, T)
    cell, weights = cell_of(config), under(params, "encoder")
    x = inputs(window, mask, batch, future[:, :L], xp)
    outputs, memory = encoder.encode(weights, x, encoder.blank(cell, config, x, xp), cell, config, xp, scan, drop)

    def onward(value: Array, k: int, memory: encoder.Memory) -> tuple[Array, encoder.Memory]:
        step = frame(value, k, batch, future[:, L + k], xp)
        output, memory = encoder.encode(weights, step[:, None], memory, cell, config, xp, drop=drop)
        return output[:, -1], memory

    code = Code(
        cell=cell,
        outputs=outputs,
        memory=memory,
        onward=onward,
        drop=drop,
        last=window[:, -1],
        anchor=nothing if anchor is None else (anchor - loc) / spread,
        skip=linear(window.reshape(len(x), -1), params, "skip").reshape(nothing.shape) if config.skip else nothing,
        future=future[:, L:],
        static=batch.static,
        unit=unit,
        median=config.quantile_levels.index(0.5),
        teacher=None if teacher is None else (teacher - loc) / spread,
    )
    out = decoder_named(config.decoder).decode(under(params, "decoder"), code, xp) + code.skip[..., None]
    return loc[..., None] + spread[..., None] * (code.anchor[..., None] + unit[..., None] * out)  # (B, H, T, Q)


def inputs(window: Array, mask: Array, batch: Batch, future: Array, xp: Any) -> Array:
    """What the encoder reads: (B, L, I) from the window (B, L, T) and all that is beside it."""
    L = window.shape[1]
    past = [values[:, -L:] for values in (batch.past, batch.past_mask, batch.past_since)]
    return xp.concatenate([window, mask, batch.since[:, -L:], *past, future, repeated(batch.static, L, xp)], axis=2)


def frame(value: Array, k: int, batch: Batch, future: Array, xp: Any) -> Array:
    """The same for step k ahead: the forecast (B, T) taken as observed, past covariates missing, their age growing."""
    past, since = 0 * batch.past[:, -1], batch.past_since[:, -1] + (k + 1) / batch.past_since.shape[1]
    return xp.concatenate([value, 0 * value + 1, 0 * value, past, past, since, future, batch.static], axis=1)
