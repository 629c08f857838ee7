"""The network, written once: pure functions of (parameters, batch, xp) that run on numpy and on torch alike.

Nothing here imports either: `xp` is the module, arrays are whatever it makes, parameters are a flat dictionary of
arrays ("encoder.0.input_weight"). The names used from `xp` are the few that both spell the same way.

B batch, L lookback, H horizon, T targets, P past, F future, S static covariates, D hidden size, Q quantile levels.
"""
