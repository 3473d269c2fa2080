"""The bytes of a file, wherever it is: in a folder, as a part of a larger file (files/parts.py), or behind a URL."""

from __future__ import annotations

import io
import os

from posewarp_tf.errors import DataError
from posewarp_tf.files.parts import part_of
from posewarp_tf.lanes.remote_files import read_range, read_url, remote_size


def is_remote(path: str | os.PathLike) -> bool:
    """Whether something is named by a URL (http://, https://, s3://, gs://, ...) and not by a path."""
    return '://' in os.fspath(path)


def readable(path: str | os.PathLike) -> io.BytesIO | str:
    """What to give to a reader of files: the path of an ordinary file, the bytes of anything else.

    Raises:
        DataError: bytes that cannot be had; names the path.
    """
    name = os.fspath(path)
    return io.BytesIO(read_contents(name)) if is_remote(name) or part_of(name) else name


def read_contents(path: str) -> bytes:
    """The bytes that a path or a URL names.

    Raises:
        DataError: there is no such file, or it ends too early; names the path.
    """
    part = part_of(path)
    if part is None and is_remote(path):
        return read_url(path)
    try:
        if part is None:
            with open(path, 'rb') as file:
                return file.read()
        if is_remote(part.file):
            contents = read_range(*part)
        else:
            with open(part.file, 'rb') as file:
                file.seek(part.offset)
                contents = file.read(part.length)
    except OSError as error:
        raise DataError(f'{path}: unreadable: {error.strerror}') from error
    if len(contents) != part.length:
        raise DataError(f'{path}: got {len(contents)} bytes, expected {part.length}: {part.file} is damaged')
    return contents


def file_size(path: str) -> int | None:
    """Bytes of an ordinary file or of one behind a URL; None if there is no such file."""
    if is_remote(path):
        return remote_size(path)
    return os.path.getsize(path) if os.path.isfile(path) else None
