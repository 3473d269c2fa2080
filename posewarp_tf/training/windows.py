"""Clips of training in windows of a few frames, each of which goes on where the one before ended.

A batch of clips: `reference_image` [B, H, W, 3], `reference_pose`, `target_images` [B, n, H, W, 3], `target_poses`, and
where there are masks `target_masks` [B, n, H, W]; n is a multiple of WINDOW_FRAMES. A window is such a batch of
WINDOW_FRAMES frames with, of the frame before its first, what was made of it (`previous_image`), its pose
(`previous_pose`) and what it is (`previous_image_truth`): before the first window the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf.errors import DataError
from posewarp_tf.models.clips import TRAINING_WINDOWS, WINDOW_FRAMES

Tensors = Mapping[str, tf.Tensor]

# What a batch of clips holds of every frame.
_OVER_TIME = ('target_images', 'target_poses', 'target_masks')


def num_windows(frames: tf.Tensor) -> int:
    """How many windows clips [B, n, ...] have.

    Raises:
        DataError: they cannot be cut into whole windows.
    """
    num_frames = frames.shape[1]
    if num_frames is None or num_frames < WINDOW_FRAMES or num_frames % WINDOW_FRAMES:
        raise DataError(f'clips: got {num_frames} frames, expected a multiple of {WINDOW_FRAMES}')
    return num_frames // WINDOW_FRAMES


def whole_windows(batch: Tensors) -> dict[str, tf.Tensor]:
    """The first windows of test clips of any length, at most as many as in training.

    Of fewer frames than a window the last is repeated. Without masks, which only training has, all pixels count.
    """
    num_frames = batch['target_images'].shape[1]
    count = min(max(num_frames // WINDOW_FRAMES, 1), TRAINING_WINDOWS)
    frames = [min(frame, num_frames - 1) for frame in range(count * WINDOW_FRAMES)]
    cut = {name: tf.gather(batch[name], frames, axis=1) for name in _OVER_TIME if name in batch}
    masks = tf.ones(tf.shape(cut['target_images'])[:-1], tf.uint8)
    return {'target_masks': masks, **batch, **cut}


def first_state(batch: Tensors) -> dict[str, Any]:
    """What the first window goes on from: the reference."""
    image, pose = batch['reference_image'], batch['reference_pose']
    return {'previous_image': image, 'previous_pose': pose, 'previous_image_truth': image}


def cut_window(batch: Tensors, state: Tensors, index: tf.Tensor | int) -> dict[str, tf.Tensor]:
    """Window `index` of a batch, after the windows before ended in `state`."""
    window = {name: batch[name] for name in ('reference_image', 'reference_pose')}
    for name in _OVER_TIME:
        if name in batch:
            frames = batch[name]
            shape = [-1, num_windows(frames), WINDOW_FRAMES, *frames.shape[2:]]
            window[name] = tf.gather(tf.reshape(frames, shape), index, axis=1)
    return {**window, **state}


def next_state(window: Tensors, outputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """What the window after this one goes on from; no gradient flows back into it."""
    return {
        'previous_image': tf.stop_gradient(outputs['images'][:, -1]),
        'previous_pose': window['target_poses'][:, -1],
        'previous_image_truth': window['target_images'][:, -1],
    }
