"""Texture of each garment: where nothing in the source truly matches, the flow should still fetch the same cloth."""

from __future__ import annotations

import tensorflow as tf


def texture_distance(
    image: tf.Tensor, target: tf.Tensor, labels: tf.Tensor, shared: tf.Tensor, num_labels: int
) -> tf.Tensor:
    """Difference of the Gram matrices of two pictures, garment by garment.

        sum over labels l of n_l mean_ij |G_l(image) - G_l(target)|_ij / sum over labels of n_l
        G_l = sum over the n_l pixels p with label l of d(p) d(p)' / n_l

    d are the `texture_descriptors`. Gram matrices after Gatys et al., CVPR 2016; per garment label as the objective of
    pose flow asks. They do not say where in the garment a pixel lies, only what it and its neighbours look like.

    Args:
        image: the warped source [B, h, w, 3] in [-1, 1].
        target: [B, h, w, 3].
        labels: [B, h, w], integers: the garment of each target pixel, 0 for the background, which does not count.
        shared: bool [B, num_labels]: labels that count, those present in the source and in the target.
        num_labels: number of labels, the background included.

    Returns:
        [B]; 0 where no label is shared.
    """
    inside = tf.one_hot(labels, num_labels, dtype=image.dtype) * tf.cast(shared, image.dtype)[:, None, None, :]
    inside = tf.reshape(inside[..., 1:], (-1, image.shape[1] * image.shape[2], num_labels - 1))
    difference = _products(image) - _products(target)
    # One matrix product gives the sums over every label: [B, labels, entries of a Gram matrix].
    sums = tf.abs(tf.matmul(inside, difference, transpose_a=True))
    return tf.reduce_sum(tf.reduce_mean(sums, axis=2), axis=1) / tf.maximum(tf.reduce_sum(inside, axis=(1, 2)), 1)


def texture_descriptors(image: tf.Tensor) -> tf.Tensor:
    """What a pixel looks like, [B, h, w, 6]: (1, colour, change of brightness to the right, and downwards).

    With the 1 the Gram matrix holds the mean of every other entry too; without it a colour and its negative would
    have the same. Brightness is the mean of the colours; at the last column and row it does not change.
    """
    brightness = tf.reduce_mean(image, axis=-1, keepdims=True)
    right = tf.pad(brightness[:, :, 1:] - brightness[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
    below = tf.pad(brightness[:, 1:] - brightness[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    return tf.concat([tf.ones_like(brightness), image, right, below], axis=-1)


def _products(image: tf.Tensor) -> tf.Tensor:
    """d d' of every pixel: [B, h * w, 36]."""
    descriptors = texture_descriptors(image)
    size = descriptors.shape[-1]
    products = descriptors[..., :, tf.newaxis] * descriptors[..., tf.newaxis, :]
    return tf.reshape(products, (-1, image.shape[1] * image.shape[2], size * size))
