"""GFLA's two losses over flows, at the scales of its attentions."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.errors import DataError
from posewarp_tf.losses.affine_regularization import affine_regularization
from posewarp_tf.losses.sampling_correctness import sampling_correctness
from posewarp_tf.losses.scene import Scene
from posewarp_tf.losses.taps import correctness_tap


def correctness(scene: Scene) -> tf.Tensor:
    """Sum over scales of the sampling correctness."""
    mask = None
    if scene.config.loss.foreground_correctness:
        if 'target_parts' not in scene.batch:
            raise DataError('--foreground_correctness needs part maps, which this data set does not have')
        mask = tf.cast(scene.batch['target_parts'] > 0, tf.float32)[..., tf.newaxis]
    source, target = scene.features['source'], scene.features['target']
    taps = map(correctness_tap, scene.config.model.attention_scales)
    flows = zip(taps, scene.outputs['flows'])
    return tf.add_n([sampling_correctness(flow, source[tap], target[tap], mask) for tap, flow in flows])


def affine(scene: Scene) -> tf.Tensor:
    """Sum over scales of the affine regularisation of the neighbourhoods that each attention sees."""
    model = scene.config.model
    flows = zip(model.attention_scales, scene.outputs['flows'])
    return tf.add_n([affine_regularization(flow, model.attention_kernels[scale]) for scale, flow in flows])
