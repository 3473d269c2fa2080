"""How steady a generated video is: all other scores see one frame at a time.

Frames are uint8 [n, H, W, 3]; all scores are mean absolute differences of colours in 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posewarp_tf.conventions import VISIBILITY_VISIBLE

# Numbers of generated frames, from 1 on, at which drift is read.
DRIFT_FRAMES = (6, 30, 60, 120)

VIDEO_PROTOCOL = {
    'warping_error': 'mean |frame i - frame i-1 moved by the exact flow| (bilinear) over pixels whose surface point '
    'is seen in both true frames; mean over frames but the first',
    'temporal_difference': 'mean |(frame i - frame i-1) - (true frame i - true frame i-1)|; mean over frames but the '
    'first',
    'drift': 'L1 of the frame of this number, the first being 1',
    'unit': 'colours in 0 to 1',
}


def warping_errors(frames: np.ndarray, flows: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """For each frame but the first, how far it is from the frame before moved to it: float64 [n - 1].

    Mean over visible pixels p of |frame_i(p) - frame_{i-1}(p + flow_i(p))|, frame i - 1 sampled bilinearly; not a
    number for a frame without such pixels.

    Args:
        frames: uint8 [n, H, W, 3].
        flows: [n, H, W, 2], the exact flow from each frame to the one before; that of the first is not used.
        visibility: uint8 [n, H, W], one of conventions.VISIBILITY_*.
    """
    from scipy.ndimage import map_coordinates

    _check(frames, flows[..., :1], visibility[..., np.newaxis])
    errors = np.full(len(frames) - 1, np.nan)
    for i in range(1, len(frames)):
        rows, columns = np.nonzero(visibility[i] == VISIBILITY_VISIBLE)
        if len(rows):
            dx, dy = np.moveaxis(flows[i].astype(np.float64), -1, 0)[:, rows, columns]
            before = np.moveaxis(frames[i - 1].astype(np.float64), -1, 0)
            places = [rows + dy, columns + dx]
            moved = np.stack([map_coordinates(channel, places, order=1, mode='nearest') for channel in before], axis=-1)
            errors[i - 1] = np.abs(frames[i, rows, columns] - moved).mean() / 255
    return errors


def temporal_differences(frames: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """For each frame but the first the mean of |(f_i - f_{i-1}) - (t_i - t_{i-1})|, float64 [n - 1].

    0 for a video whose every frame is off in the same way; flicker counts, and motion that the truth does not have.
    """
    _check(frames, truth)
    steps, true_steps = (np.diff(video.astype(np.float64), axis=0) for video in (frames, truth))
    return np.abs(steps - true_steps).mean(axis=(1, 2, 3)) / 255


def drift(frames: np.ndarray, truth: np.ndarray, at: Sequence[int] = DRIFT_FRAMES) -> dict[int, float]:
    """{number of a frame: its L1}, of those of `at` that the video has; numbers begin at 1."""
    _check(frames, truth)
    return {
        number: float(np.abs(frames[number - 1].astype(np.float64) - truth[number - 1]).mean() / 255)
        for number in at
        if number <= len(frames)
    }


def _check(frames: np.ndarray, *others: np.ndarray) -> None:
    for other in others:
        if frames.ndim != 4 or frames.shape[:3] != other.shape[:3]:
            raise ValueError(f'got frames {frames.shape} with {other.shape}, expected [n, H, W, ...] of the same sizes')
