"""Skeletons of a video before and after they were changed, side by side: a strip of a few frames, a film of all."""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Sequence

import numpy as np

from posewarp_tf.pictures.drawing import draw_skeleton, picture_grid
from posewarp_tf.pictures.picture_files import load_image, resize_image, save_image, size_at_height
from posewarp_tf.poses.keypoint_frame import KeypointFrame
from posewarp_tf.video.writing import write_video

_CELL_HEIGHT = 256
_NUM_SHOWN = 8
_DARK = 24
Size = tuple[int, int]


def make_strip(
    before: np.ndarray,
    after: np.ndarray,
    size: Size,
    pictures: Sequence[pathlib.Path] = (),
    num_shown: int = _NUM_SHOWN,
) -> np.ndarray:
    """Frames spread evenly over a video, those before above those after, uint8 [H, W, 3].

    Args:
        before, after: keypoints [frames, 18, 2] in pixels of frames of `size` (height, width), missing (-1, -1).
        pictures: the frames, to draw on; without them the ground is dark.
    """
    numbers = np.unique(np.linspace(0, len(before) - 1, num_shown).round().astype(int))
    rows = [[_drawn(poses, number, size, pictures) for number in numbers] for poses in (before, after)]
    return picture_grid(rows, [f'frame {number}' for number in numbers])


def write_film(
    path: str | os.PathLike,
    before: np.ndarray,
    after: np.ndarray,
    size: Size,
    fps: float,
    pictures: Sequence[pathlib.Path] = (),
) -> None:
    """All frames, before on the left, after on the right, as `write_video` writes them; arguments as above."""
    with tempfile.TemporaryDirectory() as folder:
        frames = []
        for number in range(len(before)):
            both = [_drawn(poses, number, size, pictures) for poses in (before, after)]
            frames.append(pathlib.Path(folder) / f'{number:05d}.png')
            save_image(frames[-1], np.concatenate(both, axis=1))
        write_video(path, frames, fps)


def _drawn(poses: np.ndarray, number: int, size: Size, pictures: Sequence[pathlib.Path]) -> np.ndarray:
    cell = size_at_height(size, _CELL_HEIGHT)
    ground = resize_image(load_image(pictures[number]), cell) if pictures else np.full((*cell, 3), _DARK, np.uint8)
    return draw_skeleton(ground, KeypointFrame(*size).to_pixels(poses[number], cell))
