"""Where this program keeps what it can make or fetch again."""

from __future__ import annotations

import os
import pathlib

# Names another folder.
CACHE_VARIABLE = 'POSEWARP_CACHE'


def user_cache() -> pathlib.Path:
    """`$POSEWARP_CACHE`, or `posewarp_tf` in the user's cache folder as XDG names it; it need not exist yet."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return pathlib.Path(given).expanduser()
    root = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    return pathlib.Path(root) / 'posewarp_tf'
