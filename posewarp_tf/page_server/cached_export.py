"""A run folder's TFLite file, exported when it is first asked for and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable

from posewarp_tf.files.cache import cache_folder
from posewarp_tf.runs.run_folder import RunFolder


def cached_export(run: RunFolder, export: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """The folder with the run's export; exports of earlier states of the same run folder are removed.

    Args:
        run: any run folder.
        export: writes an export into an empty folder; called only if there is none of this state of the run. The
            folder appears in the cache when `export` is done, or not at all.
    """
    shelf = cache_folder('app') / hashlib.sha256(os.fsencode(run.path.resolve())).hexdigest()[:16]
    place = shelf / run.fingerprint()
    if place.is_dir():
        return place
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.writing-', dir=shelf) as temporary:
        folder = pathlib.Path(temporary) / place.name
        folder.mkdir()
        export(folder)
        if not place.is_dir():  # Or another process was faster.
            os.replace(folder, place)
    for other in shelf.iterdir():
        if other != place and not other.name.startswith('.'):
            shutil.rmtree(other, ignore_errors=True)
    return place
