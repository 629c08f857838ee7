"""Forecast rivers, tides and weather from the file the gauge wrote."""

__version__ = "0.1.0"
