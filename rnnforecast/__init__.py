"""Forecast rivers, tides and weather from the file the gauge wrote.

    import rnnforecast as rf
    model = rf.train(frame, target="level_m", horizon=48)
    model.predict(frame)

The doors open lazily (PEP 562): importing this package loads neither torch nor pandas nor numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnforecast.version import __version__

if TYPE_CHECKING:
    from rnnforecast.api import Model, backtest, evaluate, load, train

__all__ = ["Model", "__version__", "backtest", "evaluate", "load", "train"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rnnforecast' has no attribute {name!r}")
    from rnnforecast import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
