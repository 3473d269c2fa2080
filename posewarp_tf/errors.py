"""Errors a user can cause and mend. Their message alone must say what to do."""

from __future__ import annotations


class PosewarpError(ValueError):
    """Names the file, the row or the flag, what was got and what was expected."""


class ConfigError(PosewarpError):
    """A setting that cannot work."""


class DataError(PosewarpError):
    """A picture, an annotation or a data set that cannot be used."""


class RunError(PosewarpError):
    """A run folder, a checkpoint or a weight file that cannot be used."""


class LaneError(PosewarpError, ImportError):
    """Installed packages that do not go together."""
