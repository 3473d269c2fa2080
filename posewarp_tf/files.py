"""Outputs appear whole or not at all; text comes in with errors that name its file."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator

from posewarp_tf.errors import DataError


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


def read_text(path: str | os.PathLike) -> str:
    """A whole text file, with or without a byte order mark.

    Raises:
        DataError: it is missing, not UTF-8, unreadable or blank.
    """
    try:
        text = pathlib.Path(path).read_text(encoding='utf-8-sig')
    except FileNotFoundError as error:
        raise DataError(f'{path}: no such file') from error
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f'{path}: unreadable text file: {error}') from error
    if not text.strip():
        raise DataError(f'{path}: the file is empty')
    return text


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
