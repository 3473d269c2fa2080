"""What a flow is like by itself: smooth inside a body part, and undone by the flow of the swapped pair."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.ops import bilinear_sample

# Two flows that lead apart by more than this are at odds (Meister et al., "UnFlow", AAAI 2018, section 3.2):
# |f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5.
_RELATIVE_TOLERANCE = 0.01
_TOLERANCE = 0.5

# Ours: what an occluded pixel weighs at least, so that it still learns.
SMALLEST_WEIGHT = 0.2

# Ours: how fast a picture's edges let go of the flow where no map of classes says where the parts end.
_EDGE_SHARPNESS = 10.0


def second_order_smoothness(flow: tf.Tensor, weight_x: tf.Tensor, weight_y: tf.Tensor) -> tf.Tensor:
    """Edge-aware second-order smoothness: any affine flow is free.

        mean over pixels of w_x |f(x - 1) - 2 f(x) + f(x + 1)|_1 + w_y |f(y - 1) - 2 f(y) + f(y + 1)|_1

    Second order after Trobin et al. (DAGM 2008) and UnFlow, equation 7; edge weights from `label_edges` or
    `picture_edges`.

    Args:
        flow: [B, h, w, 2].
        weight_x: [B, h, w - 2], of the pixels that have both neighbours.
        weight_y: [B, h - 2, w].

    Returns:
        [B] in pixels.
    """
    bend_x = tf.reduce_sum(tf.abs(flow[:, :, 2:] - 2 * flow[:, :, 1:-1] + flow[:, :, :-2]), axis=-1)
    bend_y = tf.reduce_sum(tf.abs(flow[:, 2:] - 2 * flow[:, 1:-1] + flow[:, :-2]), axis=-1)
    return tf.reduce_mean(weight_x * bend_x, axis=(1, 2)) + tf.reduce_mean(weight_y * bend_y, axis=(1, 2))


def label_edges(labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(w_x, w_y) from a map of classes [B, h, w]: 1 where a pixel and both its neighbours are of one class, else 0."""
    same_x, same_y = labels[:, :, 1:] == labels[:, :, :-1], labels[:, 1:] == labels[:, :-1]
    inside_x, inside_y = same_x[:, :, 1:] & same_x[:, :, :-1], same_y[:, 1:] & same_y[:, :-1]
    return tf.cast(inside_x, tf.float32), tf.cast(inside_y, tf.float32)


def picture_edges(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(w_x, w_y) from a picture [B, h, w, 3]: exp(-10 * mean over colours of |next - previous|)."""
    edge_x = tf.reduce_mean(tf.abs(image[:, :, 2:] - image[:, :, :-2]), axis=-1)
    edge_y = tf.reduce_mean(tf.abs(image[:, 2:] - image[:, :-2]), axis=-1)
    return tf.exp(-_EDGE_SHARPNESS * edge_x), tf.exp(-_EDGE_SHARPNESS * edge_y)


def consistency_weight(flow: tf.Tensor, backward_flow: tf.Tensor) -> tf.Tensor:
    """How far a pixel can be trusted to be seen in both pictures, in (0.2, 1]; no gradient.

        d = f(x) + b(x + f(x)),  weight = 0.2 + 0.8 exp(-|d|^2 / (2 (0.01 (|f|^2 + |b|^2) + 0.5)))

    The forward-backward check of UnFlow, softened: it lowers the weight of occluded pixels and never takes it away.

    Args:
        flow: f, target -> source, [B, h, w, 2].
        backward_flow: b, source -> target (the flow of the pair with its sides swapped), [B, h, w, 2].

    Returns:
        [B, h, w], 1 where the way there and back ends where it began.
    """
    flow, backward_flow = tf.stop_gradient(flow), tf.stop_gradient(backward_flow)
    way_back = bilinear_sample(backward_flow, flow)
    squares = tf.reduce_sum(flow**2 + way_back**2, axis=-1)
    gap = tf.reduce_sum((flow + way_back) ** 2, axis=-1)
    weight = tf.exp(-gap / (2 * (_RELATIVE_TOLERANCE * squares + _TOLERANCE)))
    return tf.stop_gradient(SMALLEST_WEIGHT + (1 - SMALLEST_WEIGHT) * weight)
