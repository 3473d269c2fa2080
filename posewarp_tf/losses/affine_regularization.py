"""Affine regularisation: neighbouring flow vectors should belong to one affine motion (GFLA, section 3.3)."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf


def affine_regularization(flow: tf.Tensor, kernel_size: int) -> tf.Tensor:
    """How far each k x k neighbourhood of a flow is from an affine map.

        mean over neighbourhoods of |M t_x|^2 + |M t_y|^2,   M = A (A'A)^-1 A' - I

    with t_x, t_y the k*k coordinates that the flow points at and A the [k*k, 3] matrix of the neighbourhood's own
    coordinates (x, y, 1). M t is what the best affine fit leaves over. Only neighbourhoods that lie wholly inside
    the map count.

    Args:
        flow: [B, H, W, 2] in pixels of its own map, H and W at least `kernel_size`; float32 or float64.
        kernel_size: k.

    Returns:
        [B] in squared pixels, dtype of `flow`.
    """
    # The pixel grid itself is affine: M takes it to zero, so the flow alone gives the same (and rounds less).
    residual = tf.constant(_affine_residual(kernel_size), flow.dtype)
    filters = tf.reshape(tf.transpose(residual), (kernel_size, kernel_size, 1, kernel_size**2))
    squared = [tf.nn.conv2d(flow[..., axis : axis + 1], filters, 1, 'VALID') ** 2 for axis in (0, 1)]
    return tf.reduce_mean(tf.reduce_sum(squared[0] + squared[1], axis=-1), axis=(1, 2))


@functools.cache
def _affine_residual(kernel_size: int) -> np.ndarray:
    """M [k*k, k*k] in float64, entries row by row (y outer)."""
    y, x = np.mgrid[:kernel_size, :kernel_size].reshape(2, -1) - (kernel_size - 1) / 2
    coordinates = np.stack([x, y, np.ones_like(x)], axis=1)
    # The pseudo-inverse also covers k = 1, where every neighbourhood is affine.
    return coordinates @ np.linalg.pinv(coordinates) - np.eye(kernel_size**2)
