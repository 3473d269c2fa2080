"""Reading pictures inside tf.data graphs: decoded in parallel, squashed to one size, kept in memory.

Ordinary JPEGs are decoded by TensorFlow, without Python; everything else (PNG with alpha or 16 bits, a JPEG
with EXIF data or without an end, ...) goes through `picture_files.load_image`. Both give the same picture.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from absl import logging
from tqdm import tqdm

from posewarp_tf.data.truth import load_flow
from posewarp_tf.errors import DataError
from posewarp_tf.files import parts
from posewarp_tf.ops import resize_flow
from posewarp_tf.pictures import picture_files
from posewarp_tf.pictures.class_maps import Coding, load_class_map
from posewarp_tf.pictures.contents import read_contents
from posewarp_tf.pictures.picture_files import load_image

# Part of the memory that is available which decoded pictures may fill.
_MEMORY_SHARE = 0.5


def read_picture(path: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """In graph: the picture at `path` as uint8 [height, width, 3].

    Squashed to `size` without padding or cropping, as in the published data loader, by an anti-aliased
    bilinear filter (that of Pillow, within one grey level).
    """
    contents = _read_contents(path)
    image = tf.cond(_is_plain_jpeg(contents), lambda: _decode_jpeg(contents), lambda: _load_image(path))
    image = tf.image.resize(image, size, antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)


def read_class_map(path: tf.Tensor, size: tuple[int, int], coding: Coding) -> tf.Tensor:
    """In graph: a map of classes, of conventions.py, as uint8 [height, width], resized to the nearest pixel."""
    classes = tf.numpy_function(lambda name: load_class_map(name.decode(), coding), [path], tf.uint8)
    classes = tf.ensure_shape(classes, [None, None])[..., tf.newaxis]
    return tf.image.resize(classes, size, method='nearest')[..., 0]


def read_flow(path: tf.Tensor, size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """In graph: an exact flow float32 [height, width, 2] and its visibility uint8 [height, width], resized to `size`.

    Both take the value of the nearest pixel, since neither can be averaged over the edge of a person.
    """
    flow, visibility = tf.numpy_function(lambda name: load_flow(name.decode()), [path], (tf.float32, tf.uint8))
    flow, visibility = tf.ensure_shape(flow, [None, None, 2]), tf.ensure_shape(visibility, [None, None])
    resized = resize_flow(flow[tf.newaxis], size, 'nearest')[0]
    return resized, tf.image.resize(visibility[..., tf.newaxis], size, 'nearest')[..., 0]


def _read_contents(path: tf.Tensor) -> tf.Tensor:
    """In graph: the bytes of a file, or of a part of a larger one (files/parts.py)."""

    def read_part() -> tf.Tensor:
        contents = tf.numpy_function(lambda name: read_contents(name.decode()), [path], tf.string)
        return tf.ensure_shape(contents, [])

    return tf.cond(tf.strings.regex_full_match(path, parts.PATTERN), read_part, lambda: tf.io.read_file(path))


def _is_plain_jpeg(contents: tf.Tensor) -> tf.Tensor:
    """Whether TensorFlow may decode the file: a whole JPEG of sane size that EXIF data cannot have turned."""
    is_jpeg = tf.strings.substr(contents, 0, 3) == b'\xff\xd8\xff'
    # A file that does not end with the end-of-image marker may be truncated: Pillow names what is wrong.
    end = tf.maximum(tf.strings.length(contents) - 2, 0)
    is_whole = tf.strings.substr(contents, end, 2) == b'\xff\xd9'
    may_be_turned = tf.size(tf.strings.split(contents, b'Exif\0\0', maxsplit=1)) > 1

    def has_sane_size() -> tf.Tensor:
        height, width = tf.unstack(tf.cast(tf.io.extract_jpeg_shape(contents)[:2], tf.int64))
        return height * width <= picture_files.MAX_PIXELS

    return tf.cond(is_jpeg & is_whole & ~may_be_turned, has_sane_size, lambda: False)


def _decode_jpeg(contents: tf.Tensor) -> tf.Tensor:
    # The slow, exact transform: the default is faster but differs from Pillow's.
    return tf.io.decode_jpeg(contents, channels=3, dct_method='INTEGER_ACCURATE')


def _load_image(path: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(lambda name: load_image(name.decode()), [path], tf.uint8), [None, None, 3])


class PictureStore:
    """Pictures of one kind by their number, from memory where they fit and from disk where not.

    With `cache`, all pictures are read once when the store is made (so a bad one is reported then, not in
    the middle of a run), if they fill at most half of the memory that is available.

    Args:
        paths: of the pictures.
        read: in graph, path -> uint8 tensor of `shape`.
        shape: of every picture read.
        num_workers: parallel reads; 0: as tf.data likes.
        cache: whether they may be kept.
    """

    def __init__(
        self,
        paths: Sequence[str],
        read: Callable[[tf.Tensor], tf.Tensor],
        shape: Sequence[int],
        num_workers: int,
        cache: bool,
    ):
        self._paths = list(paths)
        self._read = read
        self._shape = tuple(shape)
        num_bytes = len(self._paths) * int(np.prod(self._shape))
        limit = int(_available_memory() * _MEMORY_SHARE)
        self._pictures: np.ndarray | None = None
        if cache and num_bytes <= limit:
            self._pictures = self._read_all(num_workers)
            logging.info('%d pictures are kept in memory (%.1f MB)', len(self._paths), num_bytes / 1e6)
        elif cache:
            logging.info(
                '%d pictures would take %.1f GB, more than half of the memory available (%.1f GB): read as needed',
                len(self._paths),
                num_bytes / 1e9,
                2 * limit / 1e9,
            )

    def get(self, numbers: tf.Tensor) -> tf.Tensor:
        """In graph: uint8 [len(numbers), *shape]."""
        if self._pictures is not None:
            pictures = self._pictures
            found = tf.numpy_function(lambda rows: pictures[rows], [numbers], tf.uint8)
            return tf.ensure_shape(found, [*numbers.shape, *self._shape])
        spec = tf.TensorSpec(self._shape, tf.uint8)
        return tf.map_fn(self._read, tf.gather(tf.constant(self._paths), numbers), fn_output_signature=spec)

    @property
    def kept(self) -> np.ndarray | None:
        """All pictures, uint8 [n, *shape], if they are in memory."""
        return self._pictures

    def _read_all(self, num_workers: int) -> np.ndarray:
        pictures = np.empty([len(self._paths), *self._shape], np.uint8)
        dataset = tf.data.Dataset.from_tensor_slices(self._paths)
        dataset = dataset.map(self._read, num_workers or tf.data.AUTOTUNE, deterministic=True).prefetch(32)
        progress = tqdm(total=len(self._paths), desc='reading pictures', unit='', leave=False, delay=1, disable=None)
        with reading(self._paths), progress:
            for i, picture in enumerate(dataset.as_numpy_iterator()):
                pictures[i] = picture
                progress.update()
        return pictures


@contextlib.contextmanager
def reading(paths: Sequence[str] = ()) -> Iterator[None]:
    """Turns TensorFlow's errors about unreadable files, raised while iterating a data set, into DataErrors.

    `paths`: where to look for the culprit when TensorFlow does not name it.
    """
    try:
        yield
    except tf.errors.OpError as error:
        _, found, text = error.message.partition('DataError: ')
        if found:
            raise DataError(text.splitlines()[0]) from error
        for path in paths:
            load_image(path)
        if 'jpeg' in error.message.lower():
            raise DataError(
                'a picture cannot be decoded: `python -m posewarp_tf.data.check --decode_all` on --data_dir names it'
            ) from error
        raise


def _available_memory() -> int:
    """Bytes."""
    with contextlib.suppress(OSError), open('/proc/meminfo', encoding='ascii') as file:
        for line in file:
            if line.startswith('MemAvailable:'):
                return int(line.split()[1]) * 1024
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
