"""Layers of a body: each moves on its own, and the parts of the target say which of them is seen where."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.ops import bilinear_sample, resize_flow
from posewarp_tf.poses.body_layers import IN_LAYER, NUM_LAYERS

# Halvings after which no person is left in the means of a background.
_BACKGROUND_LEVELS = 5


def layer_shares(parts: tf.Tensor) -> tf.Tensor:
    """Probabilities of layers [B, h, w, layers] from those of parts [B, h, w, parts]; the rest is background."""
    return tf.einsum('bhwp,pl->bhwl', tf.cast(parts, tf.float32), tf.constant(IN_LAYER))


def layer_images(image: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """Pictures [B, H, W, layers, 3] of single layers: what is not of a layer has the colours of its nearest pixels.

    Of a layer that is not seen at all it is the whole picture.

    Args:
        image: [B, H, W, 3].
        shares: [B, H, W, layers].
    """
    # Pixels at the edge of a layer have something of both sides.
    certain = tf.clip_by_value(2.0 * shares - 1.0, 0.0, 1.0)
    others = tf.tile(1.0 - certain[..., tf.newaxis], [1, 1, 1, 1, 3])
    height, width = image.shape[1:3]
    flat = [-1, height, width, 3 * NUM_LAYERS]
    whole = tf.tile(image, [1, 1, 1, NUM_LAYERS])
    filled = tf.reshape(fill_background(whole, tf.reshape(others, flat)), [-1, height, width, NUM_LAYERS, 3])
    seen = tf.minimum(tf.reduce_sum(certain, axis=(1, 2), keepdims=True), 1.0)[..., tf.newaxis]
    return seen * filled + (1.0 - seen) * tf.reshape(whole, [-1, height, width, NUM_LAYERS, 3])


def move_layers(source: tf.Tensor, shares: tf.Tensor, flows: tf.Tensor, impl: str) -> tuple[tf.Tensor, tf.Tensor]:
    """What each layer shows if it were alone.

    Args:
        source: [B, h, w, layers, C], of each layer.
        shares: [B, h, w, layers] of the source.
        flows: [B, h, w, layers, 2].

    Returns:
        The source moved by each layer's flow [B, h, w, layers, C], and how much of it is that layer [B, h, w, layers].
    """
    known = tf.concat([source, shares[..., tf.newaxis]], axis=-1)
    moved = [bilinear_sample(known[..., layer, :], flows[..., layer, :], impl) for layer in range(NUM_LAYERS)]
    stacked = tf.stack(moved, axis=3)
    return stacked[..., :-1], stacked[..., -1]


def composed(layers: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """The mean [B, h, w, C] of layers [B, h, w, layers, C] by shares [B, h, w, layers], whatever their sum."""
    weights = shares + 1e-6
    return tf.einsum('bhwlc,bhwl->bhwc', layers, weights / tf.reduce_sum(weights, axis=-1, keepdims=True))


def nearest_layer(shares: tf.Tensor) -> tf.Tensor:
    """1 for the layer that has the largest share at each pixel, 0 for the others: [B, h, w, layers]."""
    return tf.one_hot(tf.argmax(shares, axis=-1), NUM_LAYERS)


def flows_at(flows: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Flows of layers [B, h, w, layers, 2] at another size, in pixels of that."""
    return tf.stack([resize_flow(flow, size) for flow in tf.unstack(flows, axis=3)], axis=3)


def mean_colors(image: tf.Tensor, parts: tf.Tensor, target_parts: tf.Tensor) -> tf.Tensor:
    """In each target pixel the mean colour of its part in the source: [B, H, W, 3].

    Args:
        image, parts: of the source, [B, h, w, 3] and probabilities [B, h, w, P].
        target_parts: probabilities [B, H, W, P].
    """
    sums = tf.einsum('bhwp,bhwc->bpc', parts, image)
    colors = sums / (tf.reduce_sum(parts, axis=(1, 2))[..., tf.newaxis] + 1.0)
    return tf.einsum('bhwp,bpc->bhwc', target_parts, colors)


def fill_background(image: tf.Tensor, person: tf.Tensor) -> tf.Tensor:
    """The picture [B, H, W, C] with what is around in place of the person [B, H, W, 1 or C] in 0 to 1: push and pull.

    Means of what is known are made coarser until nothing is unknown, and fill the holes of the finer ones.
    """
    known = 1.0 - person
    pyramid = [(image * known, known)]
    for _ in range(_BACKGROUND_LEVELS):
        pyramid.append(tuple(tf.nn.avg_pool2d(values, 2, 2, 'SAME') for values in pyramid[-1]))
    colors, weight = pyramid[-1]
    total = tf.reduce_sum(weight, axis=(1, 2), keepdims=True)
    mean = tf.reduce_sum(colors, axis=(1, 2), keepdims=True) / (total + 1e-6)
    filled = _over(colors, weight, mean)
    for colors, weight in pyramid[-2::-1]:
        filled = _over(colors, weight, tf.image.resize(filled, colors.shape[1:3]))
    return filled


def _over(colors: tf.Tensor, weight: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
    """Colours that hold for `weight` of a pixel, already multiplied by it; the rest is what lies below."""
    share = tf.minimum(weight * 2.0, 1.0)
    return colors / (weight + 1e-6) * share + below * (1.0 - share)
