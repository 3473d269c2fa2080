"""Where this program keeps what it can make, compute or fetch again."""

from __future__ import annotations

import os
import pathlib

import posewarp_tf

# Names another folder.
CACHE_VARIABLE = 'POSEWARP_CACHE'


def user_cache() -> pathlib.Path:
    """`$POSEWARP_CACHE`, or `posewarp_tf` in the user's cache folder as XDG names it; it need not exist yet."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return pathlib.Path(given).expanduser()
    root = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    return pathlib.Path(root) / 'posewarp_tf'


def cache_folder(use: str) -> pathlib.Path:
    """The part of it for one `use` ('ops', 'people') by this version."""
    return user_cache() / f'{use}-{posewarp_tf.__version__}'
