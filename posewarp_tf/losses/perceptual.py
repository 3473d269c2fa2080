"""Distances between images in the features of VGG-19 (Johnson et al., ECCV 2016), as GFLA weighs them.

Features are dicts from tap ('relu3_1') to map [B, h, w, C]; `losses/vgg.py` computes them. Values keep the dtype
of the features.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from posewarp_tf.losses.reconstruction import l1
from posewarp_tf.losses.taps import PERCEPTUAL_TAPS, STYLE_TAPS

Features = Mapping[str, tf.Tensor]


def perceptual_distance(generated: Features, target: Features) -> tf.Tensor:
    """Sum over PERCEPTUAL_TAPS of the mean absolute difference of the features: [B]."""
    return tf.add_n([l1(generated[tap], target[tap]) for tap in PERCEPTUAL_TAPS])


def style_distance(generated: Features, target: Features) -> tf.Tensor:
    """Sum over STYLE_TAPS of the mean absolute difference of the Gram matrices: [B]."""
    return tf.add_n([l1(gram_matrix(generated[tap]), gram_matrix(target[tap])) for tap in STYLE_TAPS])


def gram_matrix(features: tf.Tensor) -> tf.Tensor:
    """Products of channels, summed over pixels, over the number of entries: F'F / (h * w * C).

    Args:
        features: [B, h, w, C].

    Returns:
        [B, C, C].
    """
    _, height, width, channels = tf.unstack(tf.shape(features))
    flat = tf.reshape(features, (-1, height * width, channels))
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(height * width * channels, features.dtype)
