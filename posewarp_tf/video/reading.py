"""Videos in: frames one after the other, uint8 RGB, upright, at a constant rate.

Whatever is called a video: files that PyAV reads (MP4, MOV, WebM, MKV, AVI, ...) and animated GIF, WebP and PNG.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.files.kinds import AVIF, HEIC, NUM_BYTES, TEXT_KINDS, kind_of
from posewarp_tf.video.animations import Loop
from posewarp_tf.video.decoding import Film
from posewarp_tf.video.timing import at_constant_rate

_EXPECTED = 'expected a video (MP4, MOV, WebM, MKV, AVI) or an animated GIF, WebP or PNG'
_ANIMATED = ('a GIF picture', 'a WebP picture', 'a PNG picture')
_OTHERS = (
    *(*TEXT_KINDS, HEIC, AVIF, 'a JPEG picture', 'a BMP picture', 'a TIFF picture', 'text in UTF-16'),
    *('a ZIP archive', 'a gzip archive', 'a PDF document', 'a NumPy array (.npy)', 'text that is not UTF-8'),
)
# Rates as fractions with at most this denominator: 30000/1001 and everything that people type.
_MAX_DENOMINATOR = 1001


class VideoReader:
    """The frames of a video; each iteration reads the file anew and holds a few frames in memory, however long it is.

        for frame in VideoReader('dance.mp4', fps=25): ...  # uint8 [H, W, 3] RGB

    Frames are turned as the file says (display matrix or rotate tag). Those of a variable rate are repeated or left out
    by their presentation times, so that they come at a constant one. What can be read of a broken file is read.

    Attributes:
        path: of the file.
        size: (height, width) of the frames; pixels are square.
        fps: frames per second that come out: those asked for, or the video's average.
        duration: seconds of the part that is read, as the file states it; None if it does not.
        num_frames: how many will come, estimated from the duration; None if that is not known.
        has_sound: whether there is a sound track.
        start, max_seconds: as given.
        problem: after an iteration, what was wrong with the file ('' if nothing was), in words.

    Args:
        path: a file.
        fps: frames per second; None: the average of the video.
        start: seconds of the video to leave out.
        max_seconds: seconds to read at most; None: to the end.

    Raises:
        DataError: no such file, no video, nothing in it that can be decoded; says what was found. In an iteration: the
            video is over before `start`.
        ConfigError: the extra `video` is not installed.
    """

    def __init__(
        self, path: str | os.PathLike, fps: float | None = None, start: float = 0.0, max_seconds: float | None = None
    ):
        self.path = os.fspath(path)
        self._source: Loop | Film = Loop(self.path) if _kind(self.path) in _ANIMATED else Film(self.path)
        self._rate = Fraction(fps or self._source.rate).limit_denominator(_MAX_DENOMINATOR)
        self.start, self.max_seconds = start, max_seconds
        self._start = Fraction(start).limit_denominator(1000)
        self._end = None if max_seconds is None else self._start + Fraction(max_seconds).limit_denominator(1000)
        self.fps = float(self._rate)
        self.size = self._source.size
        self.has_sound = self._source.has_sound
        stated = self._source.duration
        ends = [end for end in (stated, self._end) if end is not None]
        self.duration = None if stated is None else max(float(min(ends) - self._start), 0.0)
        self.num_frames = None if self.duration is None else round(self.duration * self.fps)

    @property
    def problem(self) -> str:
        return self._source.problem

    def __iter__(self) -> Iterator[np.ndarray]:
        items = at_constant_rate(self._source.frames(self._start), self._rate, self._start, self._end)
        is_empty = True
        for item in items:
            is_empty = False
            yield self._source.picture(item)
        if is_empty:
            words = f' ({self.problem})' if self.problem else ''
            raise DataError(f'{self.path}: nothing is shown after {float(self._start):g} s{words}')


def is_film(path: str | os.PathLike) -> bool:
    """Whether a file is no picture alone: a video, an animation, or something that only a `VideoReader` can refuse.

    Raises:
        DataError: no such file.
    """
    path = os.fspath(path)
    if '://' in path or os.path.isdir(path):
        return False
    if not os.path.exists(path):
        raise DataError(f'{path}: no such file')
    with open(path, 'rb') as file:
        kind = kind_of(file.read(NUM_BYTES))
    if kind not in _ANIMATED:
        return not kind.endswith(' picture')
    try:
        with Image.open(path) as image:
            return getattr(image, 'n_frames', 1) > 1
    except (OSError, SyntaxError, ValueError, EOFError):
        # It is damaged, and who reads it as a picture says in what way.
        return False


def _kind(path: str) -> str:
    """What the file is, told by its content."""
    if '://' in path:
        raise DataError(f'{path}: videos are read from files: download it first')
    if not os.path.exists(path):
        raise DataError(f'{path}: no such file')
    if os.path.isdir(path):
        raise DataError(f'{path}: a folder, {_EXPECTED}')
    with open(path, 'rb') as file:
        kind = kind_of(file.read(NUM_BYTES))
    if kind in (*_OTHERS, 'an empty file'):
        raise DataError(f'{path}: {kind}, {_EXPECTED}')
    return kind
