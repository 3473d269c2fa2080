"""Colours of pictures changed by given amounts: keras-cv's layers, or the same arithmetic in stock TensorFlow.

All functions take pictures float32 [B, H, W, 3] in [0, 1] and one amount per picture, float32 [B].
"""

from __future__ import annotations

import functools

import tensorflow as tf

from posewarp_tf import lanes


def change_colors(
    pictures: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor, hue: tf.Tensor
) -> tf.Tensor:
    """Pictures with other colours, in this order, clipped to [0, 1] after the first three.

    Args:
        pictures: float32 [B, H, W, 3] in [0, 1].
        brightness: added to every value.
        contrast: factor of the distance to the mean of each channel of the picture.
        saturation: factor of the saturation (HSV).
        hue: added to the hue, in turns of the colour circle.
    """
    change = change_with_keras_cv if lanes.has('keras-cv') else change_with_stock
    return change(pictures, brightness, contrast, saturation, hue)


def change_with_keras_cv(
    pictures: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor, hue: tf.Tensor
) -> tf.Tensor:
    """`change_colors` by keras-cv's layers."""
    brighten, contrasting, saturate, turn = _keras_cv_layers()
    pictures = brighten.augment_images(pictures, transformations=_per_picture(brightness))
    pictures = contrasting.augment_images(pictures, transformations=_per_picture(contrast))
    # Its scale of saturation: 0.5 changes nothing, f / (1 + f) multiplies by f.
    pictures = saturate.augment_images(pictures, transformations=saturation / (1.0 + saturation))
    return turn.augment_images(pictures, transformations=hue)


def change_with_stock(
    pictures: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor, hue: tf.Tensor
) -> tf.Tensor:
    """`change_colors` by stock TensorFlow."""
    pictures = tf.clip_by_value(pictures + _per_picture(brightness), 0.0, 1.0)
    means = tf.reduce_mean(pictures, axis=(1, 2), keepdims=True)
    pictures = tf.clip_by_value(means + (pictures - means) * _per_picture(contrast), 0.0, 1.0)
    hues, saturations, values = tf.unstack(tf.image.rgb_to_hsv(pictures), axis=-1)
    saturations = tf.clip_by_value(saturations * saturation[:, tf.newaxis, tf.newaxis], 0.0, 1.0)
    hues = tf.math.floormod(hues + hue[:, tf.newaxis, tf.newaxis], 1.0)
    return tf.image.hsv_to_rgb(tf.stack([hues, saturations, values], axis=-1))


@functools.lru_cache(maxsize=1)
def _keras_cv_layers() -> tuple:
    import keras_cv

    layers, value_range = keras_cv.layers, (0.0, 1.0)
    # Their own random factors are never drawn.
    return (
        layers.RandomBrightness(1.0, value_range, dtype='float32'),
        layers.RandomContrast(value_range, 1.0, dtype='float32'),
        layers.RandomSaturation(1.0, dtype='float32'),
        layers.RandomHue(1.0, value_range, dtype='float32'),
    )


def _per_picture(amounts: tf.Tensor) -> tf.Tensor:
    return amounts[:, tf.newaxis, tf.newaxis, tf.newaxis]
