"""Files behind URLs: TensorFlow's file systems, which tensorflow-io extends; without it Python reads http and https."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from posewarp_tf import lanes
from posewarp_tf.errors import DataError

_SECONDS = 60


def read_url(url: str) -> bytes:
    """The bytes behind a URL.

    Raises:
        DataError: they cannot be fetched; names the URL and says why.
    """
    if lanes.has('tensorflow-io'):
        return read_with_tensorflow_io(url)
    return read_with_python(url) if url.startswith(('http://', 'https://')) else _read_with_tensorflow(url)


def read_with_tensorflow_io(url: str) -> bytes:
    """`read_url` through the file systems that tensorflow-io adds (http, https, s3, ...)."""
    return _read_with_tensorflow(url)


def read_with_python(url: str) -> bytes:
    """`read_url` of http and https by the standard library."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise DataError(f'{url}: cannot be fetched: the server answers {error.code} {error.reason}') from error
    except (OSError, ValueError) as error:
        raise DataError(f'{url}: cannot be fetched: {getattr(error, "reason", error)}') from error


def read_range(url: str, offset: int, length: int) -> bytes:
    """`length` bytes behind a URL (gs://, s3://, ...) from byte `offset` on, or fewer where it ends before.

    Raises:
        DataError: they cannot be fetched; names the URL and says why.
    """
    with _file_systems(url) as tf, tf.io.gfile.GFile(url, 'rb') as file:
        file.seek(offset)
        return file.read(length)


def remote_size(url: str) -> int | None:
    """Bytes of the file behind a URL (gs://, s3://, ...); None if there is none.

    Raises:
        DataError: the place cannot be asked; names the URL and says why.
    """
    with _file_systems(url) as tf:
        try:
            return tf.io.gfile.stat(url).length
        except tf.errors.NotFoundError:
            return None


def _read_with_tensorflow(url: str) -> bytes:
    with _file_systems(url) as tf:
        return tf.io.read_file(url).numpy()


@contextlib.contextmanager
def _file_systems(url: str) -> Iterator[Any]:
    """TensorFlow, with the file systems of tensorflow-io where that is installed; what fails is a DataError."""
    import tensorflow as tf

    if lanes.has('tensorflow-io'):
        import tensorflow_io  # noqa: F401, registers the file systems
    try:
        yield tf
    except tf.errors.OpError as error:
        reason = error.message.splitlines()[0]
        if not lanes.has('tensorflow-io'):
            reason += '; without tensorflow-io only http and https and what TensorFlow itself reads'
        raise DataError(f'{url}: cannot be fetched: {reason}') from error
