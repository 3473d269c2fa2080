"""Animations of picture files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from posewarp_tf.files import atomic_path

_GIF_SIZE = 512
_NUM_PALETTE_FRAMES = 16


def write_gif(path: str | os.PathLike, frames: Sequence[str | os.PathLike], fps: float) -> None:
    """An endless animation of picture files of one size; shrunk to 512 pixels, 256 colours for all frames together."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, _NUM_PALETTE_FRAMES).astype(int))
    colors = _shared_palette([_small(frames[i]) for i in chosen])
    # Hundredths of a second, rounded so that the error does not add up.
    ends = [round(100 * (i + 1) / fps) for i in range(len(frames))]
    durations = [10 * (end - start) for start, end in zip([0, *ends], ends)]

    def pictures() -> Iterator[Image.Image]:
        for frame in frames:
            yield _small(frame).quantize(palette=colors, dither=Image.Dither.FLOYDSTEINBERG)

    rest = pictures()
    first = next(rest)
    with atomic_path(path) as temporary:
        first.save(temporary, format='GIF', save_all=True, append_images=rest, duration=durations, loop=0)


def _small(path: str | os.PathLike) -> Image.Image:
    with Image.open(path) as image:
        small = image.convert('RGB')
    small.thumbnail((_GIF_SIZE, _GIF_SIZE))
    return small


def _shared_palette(pictures: Sequence[Image.Image]) -> Image.Image:
    together = np.concatenate([np.asarray(picture)[::2, ::2] for picture in pictures])
    return Image.fromarray(together).quantize(256)
