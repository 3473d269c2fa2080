"""GFLA's two losses over flows, at the scales of its attentions."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.config import Config
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses.affine_regularization import affine_regularization
from posewarp_tf.losses.sampling_correctness import sampling_correctness
from posewarp_tf.losses.scene import Scene
from posewarp_tf.losses.vgg import TAPS


def correctness(scene: Scene) -> tf.Tensor:
    """Sum over scales of the sampling correctness."""
    mask = None
    if scene.config.loss.foreground_correctness:
        if 'target_parts' not in scene.batch:
            raise DataError('--foreground_correctness needs part maps, which this data set does not have')
        mask = tf.cast(scene.batch['target_parts'] > 0, tf.float32)[..., tf.newaxis]
    source, target = scene.features['source'], scene.features['target']
    taps = map(_correctness_tap, scene.config.model.attention_scales)
    flows = zip(taps, scene.outputs['flows'])
    return tf.add_n([sampling_correctness(flow, source[tap], target[tap], mask) for tap, flow in flows])


def correctness_taps(config: Config) -> dict[str, tuple[str, ...]]:
    taps = tuple(_correctness_tap(scale) for scale in config.model.attention_scales)
    return {'source': taps, 'target': taps}


def affine(scene: Scene) -> tf.Tensor:
    """Sum over scales of the affine regularisation of the neighbourhoods that each attention sees."""
    model = scene.config.model
    flows = zip(model.attention_scales, scene.outputs['flows'])
    return tf.add_n([affine_regularization(flow, model.attention_kernels[scale]) for scale, flow in flows])


def check_neighbourhoods(config: Config) -> None:
    """Raises ConfigError when a flow is smaller than the neighbourhood of the affine regularisation."""
    model = config.model
    for scale, kernel in model.attention_kernels.items():
        size = min(model.image_size) // 2**scale
        if size < kernel:
            raise ConfigError(
                f'--attention_kernels: got kernel {kernel} at scale {scale}, more than the {size} pixels that '
                f'--image_size={",".join(map(str, model.image_size))} leaves there'
            )


def _correctness_tap(scale: int) -> str:
    """The features of scale s are as large as its flow: relu(s + 1)_1."""
    tap = f'relu{scale + 1}_1'
    if tap not in TAPS:
        raise ConfigError(f'--attention_kernels: VGG-19 has no features at scale {scale} for the term correctness')
    return tap
