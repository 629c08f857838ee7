"""The version, apart from the package's doors so that every room may name it."""

__version__ = "0.1.0"
