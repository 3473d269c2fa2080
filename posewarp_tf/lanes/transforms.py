"""The plane of pictures moved by matrices: tensorflow-addons, or the operation of stock TensorFlow that it calls."""

from __future__ import annotations

import warnings

import tensorflow as tf

from posewarp_tf import lanes


def move_by_matrices(images: tf.Tensor, backward: tf.Tensor, interpolation: str) -> tf.Tensor:
    """Pictures resampled where matrices lead; outside a picture its nearest edge pixel goes on.

    new(x, y) = old(x', y') with (x', y', 1) = backward (x, y, 1).

    Args:
        images: [B, H, W, C] of any dtype that ImageProjectiveTransformV3 takes.
        backward: float32 [B, 3, 3], affine: the last row is (0, 0, 1).
        interpolation: 'bilinear' or 'nearest'.

    Returns:
        The shape and dtype of `images`.
    """
    move = move_with_addons if lanes.has('tensorflow-addons') else move_with_stock
    return move(images, backward, interpolation)


def move_with_addons(images: tf.Tensor, backward: tf.Tensor, interpolation: str) -> tf.Tensor:
    """`move_by_matrices` by tensorflow-addons."""
    with warnings.catch_warnings():
        # Its end-of-life notice; requirements.txt pins the version.
        warnings.simplefilter('ignore')
        import tensorflow_addons.image as addons_image
    flat = addons_image.transform_ops.matrices_to_flat_transforms(backward)
    return addons_image.transform(images, flat, interpolation=interpolation, fill_mode='nearest')


def move_with_stock(images: tf.Tensor, backward: tf.Tensor, interpolation: str) -> tf.Tensor:
    """`move_by_matrices` by stock TensorFlow."""
    flat = tf.reshape(backward / backward[:, 2:, 2:], [-1, 9])[:, :8]
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=flat,
        output_shape=tf.shape(images)[1:3],
        interpolation=interpolation.upper(),
        fill_mode='NEAREST',
        fill_value=0.0,
    )
    return tf.ensure_shape(moved, images.shape)
