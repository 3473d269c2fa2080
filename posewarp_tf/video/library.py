"""PyAV, which reads and writes video files, imported when it is first needed."""

from __future__ import annotations

import importlib
from typing import Any

from posewarp_tf.errors import ConfigError


def load_av(path: str) -> Any:
    """The module `av`.

    Raises:
        ConfigError: it is not installed; names the file that needs it.
    """
    try:
        return importlib.import_module('av')
    except ImportError as error:
        raise ConfigError(f"{path}: video files need PyAV ({error}): pip install 'posewarp_tf[video]'") from error
