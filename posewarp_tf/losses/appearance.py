"""How unlike two pictures are at each pixel: colours, structure, features. For pictures warped by a flow.

All take two [B, h, w, C] and give [B, h, w].
"""

from __future__ import annotations

import tensorflow as tf

CHARBONNIER_EPSILON = 1e-3

_SSIM_WINDOW = 3
_SSIM_CONSTANTS = (0.01**2, 0.03**2)


def charbonnier(image: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean over channels of sqrt((image - target)^2 + eps^2), eps = 1e-3: |difference|, smooth at 0.

    The photometric term of unsupervised flow (Meister et al., "UnFlow", AAAI 2018, section 3.2).
    """
    return tf.reduce_mean(tf.sqrt(tf.square(image - target) + CHARBONNIER_EPSILON**2), axis=-1)


def structural_dissimilarity(image: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean over channels of (1 - SSIM) / 2, in [0, 1], of pictures in [-1, 1].

        SSIM = (2 m1 m2 + c1) (2 cov + c2) / ((m1^2 + m2^2 + c1) (v1 + v2 + c2)),  c1 = 0.01^2, c2 = 0.03^2

    of the colours in [0, 1], with the means m, variances v and covariance over the 3 x 3 pixels around each (at the
    border: those that exist). Wang et al., IEEE TIP 13 (2004); window and halving as is usual for learned flow and
    depth (Godard et al., CVPR 2017).
    """
    first, second = (image + 1) / 2, (target + 1) / 2
    products = tf.concat([first, second, first**2, second**2, first * second], axis=-1)
    means = tf.nn.avg_pool2d(products, _SSIM_WINDOW, 1, 'SAME')
    mean_1, mean_2, square_1, square_2, product = tf.split(means, 5, axis=-1)
    constant_1, constant_2 = _SSIM_CONSTANTS
    luminance = (2 * mean_1 * mean_2 + constant_1) / (mean_1**2 + mean_2**2 + constant_1)
    covariance, variances = product - mean_1 * mean_2, square_1 - mean_1**2 + square_2 - mean_2**2
    structure = (2 * covariance + constant_2) / (variances + constant_2)
    return tf.reduce_mean(tf.clip_by_value((1 - luminance * structure) / 2, 0.0, 1.0), axis=-1)


def feature_dissimilarity(features: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """1 - cosine of the two feature vectors, in [0, 2]: independent of the scale of the features."""
    cosine = tf.math.l2_normalize(features, -1, 1e-12) * tf.math.l2_normalize(target, -1, 1e-12)
    return 1 - tf.reduce_sum(cosine, axis=-1)
