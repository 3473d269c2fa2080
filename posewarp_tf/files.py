"""Outputs appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a temporary path beside `path`; renames it to `path` on success, removes it on failure.

    The temporary name keeps the suffix, from which writers choose a format.
    """
    final = pathlib.Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f'.{final.stem}-', suffix=final.suffix, dir=final.parent)
    os.close(handle)
    temporary = pathlib.Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, final)
    except OSError as error:
        # A full disk is reported without a name, other failures with the temporary one.
        if error.filename in (None, name):
            error.filename = os.fspath(final)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a whole text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
