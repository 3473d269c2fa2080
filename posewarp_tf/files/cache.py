"""The user's cache: what can be made again, and need not be made twice."""

from __future__ import annotations

import os
import pathlib

import posewarp_tf


def cache_folder(purpose: str) -> pathlib.Path:
    """A folder for each purpose and version of this package, as XDG wants caches to lie; it need not exist yet."""
    root = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    return pathlib.Path(root) / 'posewarp_tf' / f'{purpose}-{posewarp_tf.__version__}'
