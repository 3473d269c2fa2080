"""Random changes of training pictures, each fully determined by a stateless seed."""

from __future__ import annotations

import math

import tensorflow as tf

from posewarp_tf.conventions import MISSING
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.lanes.colors import change_colors
from posewarp_tf.lanes.transforms import move_by_matrices

# As published for Market-1501.
MAX_DEGREES = 5.0
MAX_SHIFT = 5.0
SCALE_RANGE = (0.95, 1.05)

# Parts of the [0, 1] range, of the distance to the mean, of s / (1 + s) for a saturation factor s (0.5: unchanged) and
# of the colour circle.
_BRIGHTNESS = 0.1
_CONTRAST = 0.2
_SATURATION = (0.4, 0.6)
_HUE = 0.02


def random_affine(
    count: int, size: tuple[int, int], seed: tf.Tensor, shard: Shard = WHOLE, roles: int = 1
) -> tf.Tensor:
    """`count` random motions of the picture plane as float32 [count, 3, 3].

    A matrix takes (x, y, 1) of a point of the old picture to its place in the new one: rotation by up to 5
    degrees and scaling by 0.95 to 1.05 about the picture's centre, then a shift of up to 5 px per axis, all
    uniform. They are those of a shard's part of a batch, for the examples in each of `roles`.
    """
    height, width = size
    draws = shard.of(tf.random.stateless_uniform([count * shard.count, 4], seed, -1.0, 1.0), roles=roles)
    angle = draws[:, 0] * (MAX_DEGREES * math.pi / 180)
    low, high = SCALE_RANGE
    scale = (low + high) / 2 + draws[:, 1] * (high - low) / 2
    cos, sin = scale * tf.cos(angle), scale * tf.sin(angle)
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    shift_x = center_x - cos * center_x + sin * center_y + draws[:, 2] * MAX_SHIFT
    shift_y = center_y - sin * center_x - cos * center_y + draws[:, 3] * MAX_SHIFT
    zero, one = tf.zeros_like(cos), tf.ones_like(cos)
    rows = tf.stack([cos, -sin, shift_x, sin, cos, shift_y, zero, zero, one], axis=-1)
    return tf.reshape(rows, [count, 3, 3])


def move_images(images: tf.Tensor, matrices: tf.Tensor, interpolation: str = 'bilinear') -> tf.Tensor:
    """Images [B, H, W, C] moved by `random_affine` matrices [B, 3, 3], same shape and dtype.

    What comes in from outside continues the nearest edge pixel: Market pictures have no plain background
    that a constant colour would continue.
    """
    # Resampling asks where each new pixel comes from.
    return move_by_matrices(images, tf.linalg.inv(matrices), interpolation)


def move_class_maps(maps: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Class maps [B, H, W] moved by the same matrices; every pixel takes the nearest class."""
    return move_images(maps[..., tf.newaxis], matrices, 'nearest')[..., 0]


def move_keypoints(keypoints: tf.Tensor, matrices: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Keypoints [B, J, 2] moved by the same matrices; joints that leave the picture become missing."""
    height, width = size
    moved = tf.einsum('bij,bkj->bki', matrices[:, :2, :2], keypoints) + matrices[:, tf.newaxis, :2, 2]
    inside = (moved >= 0.0) & (moved < tf.constant([width, height], tf.float32))
    seen = tf.reduce_all((keypoints >= 0.0) & inside, axis=-1, keepdims=True)
    return tf.where(seen, moved, MISSING)


def jitter_colors(images: tf.Tensor, seed: tf.Tensor, shard: Shard = WHOLE) -> tf.Tensor:
    """Images [2 B, H, W, 3] in [-1, 1], sources then targets; both of a pair get the same random factors.

    Brightness +-0.1 of the range, contrast 0.8 to 1.2, saturation 0.67 to 1.5, hue +-0.02 of the colour
    circle, in this order.
    """
    draws = shard.of(tf.random.stateless_uniform([4, images.shape[0] // 2 * shard.count], seed, -1.0, 1.0), axis=1)
    draws = tf.concat([draws, draws], axis=1)
    middle, spread = sum(_SATURATION) / 2, (_SATURATION[1] - _SATURATION[0]) / 2
    share = middle + draws[2] * spread
    changed = change_colors(
        (images + 1.0) / 2.0,
        brightness=draws[0] * _BRIGHTNESS,
        contrast=1.0 + draws[1] * _CONTRAST,
        saturation=share / (1.0 - share),
        hue=draws[3] * _HUE,
    )
    return changed * 2.0 - 1.0
