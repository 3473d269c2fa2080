"""Animated pictures, GIF, WebP and PNG, in and out: short loops without sound, by Pillow alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path
from posewarp_tf.video.timing import Shown

ANIMATION_SUFFIXES = ('.gif', '.webp', '.png')

_GIF_SIZE = 512
_NUM_PALETTE_FRAMES = 16
# Two hundredths of a second is the least that browsers take a GIF's word for.
_GIF_MAX_FPS = 50
# Browsers show a picture for so long, in milliseconds, if a file says less than two hundredths of a second.
_UNSAID = 100


class Loop:
    """An animated picture, as `decoding.Film` is a video file; the times of all pictures are read at once.

    Raises:
        DataError: one picture alone, or none that can be read.
    """

    has_sound = False

    def __init__(self, path: str):
        self._path = path
        self.problem = ''
        times = []
        for shown in self.frames():
            times.append(shown.time + shown.duration)
            if len(times) == 1:
                self.size: tuple[int, int] = shown.item.shape[:2]
        if len(times) < 2:
            why = f': {self.problem}' if self.problem else ', expected a video or an animation'
            raise DataError(f'{path}: one picture{why}' if times else f'{path}: no picture that can be read{why}')
        self.duration = times[-1]
        self.rate = len(times) / self.duration

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Shown]:
        """All pictures as uint8 [H, W, 3] RGB, alpha on white."""
        del start
        time, number = Fraction(0), 0
        try:
            with Image.open(self._path) as image:
                while True:
                    image.seek(number)
                    image.load()
                    milliseconds = image.info.get('duration', 0)
                    duration = Fraction(milliseconds if milliseconds >= 20 else _UNSAID) / 1000
                    yield Shown(time, duration, _on_white(image))
                    time, number = time + duration, number + 1
        except EOFError:
            self.problem = ''
        except (OSError, SyntaxError, ValueError) as error:
            self.problem = f'it cannot be read after {number} pictures: {error}'

    def picture(self, item: np.ndarray) -> np.ndarray:
        """The item of a `Shown`."""
        return item


def write_animation(path: str | os.PathLike, frames: Sequence[str | os.PathLike], fps: float) -> None:
    """An endless animation of picture files of one size, .gif, .webp or .png by the suffix; whole or not at all.

    A GIF is shrunk to 512 pixels, has 256 colours for all frames together and at most 50 frames per second: of faster
    ones, only every second, third, ... is taken. A WebP is lossy (quality 90), a PNG exact; both have the frames' size.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix == '.gif':
        step = -int(-fps // _GIF_MAX_FPS)
        frames, fps = frames[::step], fps / step
    # In hundredths or thousandths of a second, rounded so that the error does not add up.
    unit = 10 if suffix == '.gif' else 1
    ends = [round(1000 / unit * (i + 1) / fps) for i in range(len(frames))]
    durations = [unit * (end - start) for start, end in zip([0, *ends], ends)]
    pictures = _Pictures(frames, _palette_of(frames) if suffix == '.gif' else None)
    with atomic_path(path) as temporary:
        first, rest = next(iter(pictures)), _Pictures(frames[1:], pictures.colors)
        first.save(temporary, save_all=True, append_images=rest, duration=durations, loop=0, quality=90)


class _Pictures:
    """Picture files, opened anew in each iteration, one at a time: Pillow goes through them more than once.

    With a palette, `colors`, they are small and have its colours.
    """

    def __init__(self, paths: Sequence[str | os.PathLike], colors: Image.Image | None):
        self._paths = paths
        self.colors = colors

    def __iter__(self) -> Iterator[Image.Image]:
        for path in self._paths:
            if self.colors is None:
                with Image.open(path) as image:
                    yield image.convert('RGB')
            else:
                yield _small(path).quantize(palette=self.colors, dither=Image.Dither.FLOYDSTEINBERG)


def _palette_of(paths: Sequence[str | os.PathLike]) -> Image.Image:
    """256 colours for all frames together, from some of them."""
    chosen = np.unique(np.linspace(0, len(paths) - 1, _NUM_PALETTE_FRAMES).astype(int))
    together = np.concatenate([np.asarray(_small(paths[i]))[::2, ::2] for i in chosen])
    return Image.fromarray(together).quantize(256)


def _small(path: str | os.PathLike) -> Image.Image:
    with Image.open(path) as image:
        small = image.convert('RGB')
    small.thumbnail((_GIF_SIZE, _GIF_SIZE))
    return small


def _on_white(image: Image.Image) -> np.ndarray:
    colors = image.convert('RGBA')
    return np.asarray(Image.alpha_composite(Image.new('RGBA', colors.size, 'white'), colors).convert('RGB'))
