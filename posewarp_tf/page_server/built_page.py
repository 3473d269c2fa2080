"""The page itself, as npm builds it of exports/mobile: found in the package, and built first in a clone.

An installed package brings the built page along; npm is not needed there. The built page is 39 MB, nearly all of it
LiteRT.js (Apache-2.0) in four forms of which a browser takes one (packed_runtime.py makes 4 MB of them for a package),
and is never kept in the repository.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess

from posewarp_tf.errors import ConfigError

PAGE = pathlib.Path(__file__).resolve().with_name('page')
SOURCES = PAGE.parents[2] / 'exports' / 'mobile'
_WAY = '`make page` in a clone of the project builds it, with Node.js 20 or newer and npm'
_SECONDS = 600


def built_page() -> pathlib.Path:
    """The folder of the built page; in a clone it is built if it is missing or older than what it is built of.

    Raises:
        ConfigError: it is missing and cannot be built; the message says how to come by one.
    """
    is_built = (PAGE / 'index.html').is_file()
    if not (SOURCES / 'tools' / 'build.mjs').is_file():
        if not is_built:
            raise ConfigError(f'{PAGE}: this package was made without the page: {_WAY}, and into the next package')
        return PAGE
    if is_built and _newest(SOURCES) <= (PAGE / 'index.html').stat().st_mtime:
        return PAGE
    npm = shutil.which('npm')
    if npm:
        _build(npm)
    elif is_built:
        print(f'note: {PAGE} is older than {SOURCES}, and npm is not there to build it again')
    else:
        raise ConfigError(f'{PAGE}: the page is not built, and npm is not there to build it: {_WAY}')
    return PAGE


def _newest(folder: pathlib.Path) -> float:
    """When the sources of the page last changed, in seconds."""
    parts = ('page', 'served', 'tools', 'package-lock.json')
    places = [folder / part for part in parts]
    return max(path.stat().st_mtime for place in places for path in (place, *place.rglob('*')))


def _build(npm: str) -> None:
    print(f'building the page into {PAGE}', flush=True)
    if not (SOURCES / 'node_modules').is_dir():
        _run(npm, 'ci', '--no-audit', '--no-fund')
    _run(npm, 'run', '--silent', 'build', '--', f'--out={PAGE}')


def _run(npm: str, *arguments: str) -> None:
    command = f'npm --prefix {SOURCES} {" ".join(arguments)}'
    try:
        done = subprocess.run(
            [npm, *arguments], cwd=SOURCES, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f'the page cannot be built: {command}: not done within {_SECONDS} s') from error
    if done.returncode:
        raise ConfigError(f'the page cannot be built: {command}: {(done.stderr or done.stdout).strip()[-2000:]}')
