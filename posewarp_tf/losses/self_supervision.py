"""Flow learned from pairs made of one picture and its own warp (PFL's self-supervision by augmentation).

With T a random warp (random_warp.py), g its backward map and t(x) = g(x) - x its flow:

    moved target   (source, T source) has the flow t:                    |flow - t|_1
    moved source   the flow f' of (T source, target) is T after the flow f of (source, target):
                   a target pixel x shows the source's point x + f(x), which T source has at the y with g(y) = x + f(x).
                   So g(x + f'(x)) = x + f(x); compared there:           |x + f'(x) + t(x + f'(x)) - (x + f(x))|_1

Both in pixels of the flow's own map, averaged over the target's foreground where its content is inside the source; for
what T moves out of the picture, the second takes T's warp at the border.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.losses.reconstruction import weighted_mean
from posewarp_tf.ops import bilinear_sample, coords_grid, resize_flow


def self_flow_error(flow: tf.Tensor, exact_flow: tf.Tensor, foreground: tf.Tensor) -> tf.Tensor:
    """L1 distance of the flow of (source, T source) to that of the warp.

    Args:
        flow: [B, h, w, 2] in pixels of its own map.
        exact_flow: t [B, H, W, 2] in pixels of its own, of any size.
        foreground: [B, h, w], of T source.

    Returns:
        [B] in pixels of `flow`.
    """
    exact_flow = tf.stop_gradient(resize_flow(exact_flow, flow.shape[1:3]))
    error = tf.reduce_sum(tf.abs(flow - exact_flow), axis=-1)
    return weighted_mean(error, foreground * _lands_inside(exact_flow))


def equivariance_error(
    moved_flow: tf.Tensor, flow: tf.Tensor, exact_flow: tf.Tensor, foreground: tf.Tensor
) -> tf.Tensor:
    """L1 distance of g(x + f'(x)) to x + f(x).

    `flow` is the teacher, as photometric terms make it: no gradient reaches it.

    Args:
        moved_flow: f' [B, h, w, 2], of (T source, target).
        flow: f [B, h, w, 2], of (source, target).
        exact_flow: t [B, H, W, 2].
        foreground: [B, h, w], of the target.

    Returns:
        [B] in pixels of the flows.
    """
    flow = tf.stop_gradient(flow)
    exact_flow = tf.stop_gradient(resize_flow(exact_flow, flow.shape[1:3]))
    back_in_source = moved_flow + bilinear_sample(exact_flow, moved_flow)
    error = tf.reduce_sum(tf.abs(back_in_source - flow), axis=-1)
    return weighted_mean(error, foreground * _lands_inside(flow))


def _lands_inside(flow: tf.Tensor) -> tf.Tensor:
    """1 where a flow leads to a place inside its own map, else 0: [B, h, w]."""
    height, width = flow.shape[1:3]
    coords = coords_grid(height, width, flow.dtype) + flow
    inside = (coords >= 0) & (coords <= tf.constant([width - 1, height - 1], flow.dtype))
    return tf.cast(tf.reduce_all(inside, axis=-1), flow.dtype)
