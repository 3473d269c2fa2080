"""Losses over maps of classes: do warped labels agree, and are garments predicted?"""

from __future__ import annotations

import tensorflow as tf


def label_disagreement(labels: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Half the sum over classes of |difference|, in [0, 1]: two soft maps [B, h, w, classes] -> [B, h, w].

    For hard target labels: 1 - the warped share of the right class.
    """
    return tf.reduce_sum(tf.abs(labels - target), axis=-1) / 2


def class_balanced_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Cross entropy of a map of classes in which a rare class weighs more than its share of the pixels.

        sum over pixels of w(c) (-log softmax(logits)_c) / sum over pixels of w(c),   w(c) = 1 / sqrt(n_c)

    with c the class of the pixel and n_c the number of such pixels in the example. A class as a whole then counts as
    sqrt(n_c): between its area and all classes alike, which would make small garments grow (the root is ours).

    Args:
        logits: [B, H, W, classes].
        labels: [B, H, W], integers.

    Returns:
        [B].
    """
    one_hot = tf.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    counts = tf.reduce_sum(one_hot, axis=(1, 2), keepdims=True)
    weight = tf.reduce_sum(one_hot * tf.math.rsqrt(tf.maximum(counts, 1)), axis=-1)
    entropy = -tf.reduce_sum(one_hot * tf.nn.log_softmax(logits), axis=-1)
    return tf.reduce_sum(weight * entropy, axis=(1, 2)) / tf.reduce_sum(weight, axis=(1, 2))
