"""GFLA's two losses over flows, at the scales of its attentions, for every family of motions."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from posewarp_tf.errors import DataError
from posewarp_tf.losses.affine_regularization import affine_regularization
from posewarp_tf.losses.sampling_correctness import sampling_correctness
from posewarp_tf.losses.scene import Scene
from posewarp_tf.losses.taps import correctness_tap
from posewarp_tf.models.outputs import equally_long


def correctness(scene: Scene) -> tf.Tensor:
    """Sum over families and scales of the sampling correctness."""
    mask = _foreground(scene.batch) if scene.config.loss.foreground_correctness else None
    scales, target = scene.config.model.flow_scales, scene.features['target']
    return tf.add_n(
        [
            sampling_correctness(flow, scene.features[family][tap], target[tap], mask)
            for family, motion in scene.motions.items()
            for tap, flow in equally_long([correctness_tap(scale) for scale in scales], motion.flows)
        ]
    )


def affine(scene: Scene) -> tf.Tensor:
    """Sum over families and scales of the affine regularisation of the neighbourhoods that each attention sees."""
    kernels = list(scene.config.model.neighbourhoods.values())
    return tf.add_n(
        [
            affine_regularization(flow, kernel)
            for motion in scene.motions.values()
            for kernel, flow in equally_long(kernels, motion.flows)
        ]
    )


def _foreground(batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """How much a target pixel counts, [B, H, W, 1] in [0, 1]."""
    if 'target_weight' in batch:
        return batch['target_weight']
    if 'target_parts' not in batch:
        raise DataError('--foreground_correctness needs part maps, of videos masks, which this data set does not have')
    return tf.cast(batch['target_parts'] > 0, tf.float32)[..., tf.newaxis]
