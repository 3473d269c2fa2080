"""Outputs appear whole or not at all; text comes in with errors that name its file."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import tempfile
from collections.abc import Iterator

from posewarp_tf.errors import DataError
from posewarp_tf.files.kinds import NUM_BYTES, TEXT_KINDS, kind_of


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


def read_text(path: str | os.PathLike, expected: str = 'a text file', not_from_media: str = '') -> str:
    """A whole text file, with or without a byte order mark; line ends become newlines.

    Raises:
        DataError: it is missing, no text in UTF-8 (says what it is instead, what was `expected` and, of a picture or
            a video, `not_from_media`), unreadable or blank.
    """
    try:
        with open(path, 'rb') as file:
            contents = file.read(NUM_BYTES)
            kind = kind_of(contents)
            if contents and kind not in TEXT_KINDS:
                hint = 'save it as UTF-8' if kind.startswith('text') else ''
                hint = not_from_media if kind.endswith(('picture', 'video')) else hint
                raise DataError(f'{path}: {kind}, expected {expected}' + (f': {hint}' if hint else ''))
            contents += file.read()
        text = io.TextIOWrapper(io.BytesIO(contents), encoding='utf-8-sig').read()
    except FileNotFoundError as error:
        raise DataError(f'{path}: no such file') from error
    except IsADirectoryError as error:
        raise DataError(f'{path}: a folder, expected {expected}') from error
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: text that is not UTF-8: save it as UTF-8 ({error})') from error
    except OSError as error:
        raise DataError(f'{path}: unreadable text file: {error.strerror}') from error
    if not text.strip():
        raise DataError(f'{path}: the file is empty')
    return text


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
