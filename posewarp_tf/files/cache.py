"""Where this program keeps what it has compiled, fetched or computed for later runs."""

from __future__ import annotations

import os
import pathlib

import posewarp_tf


def cache_folder(use: str) -> pathlib.Path:
    """The folder for one `use` ('ops', 'people') by this version, as XDG wants caches to lie; it need not exist yet."""
    root = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    return pathlib.Path(root) / 'posewarp_tf' / f'{use}-{posewarp_tf.__version__}'
