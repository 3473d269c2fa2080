"""From what people have (a picture, joints) to what a network takes; one way for training, prediction and exports."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from posewarp_tf.config import Config
from posewarp_tf.conventions import NUM_JOINTS
from posewarp_tf.data.heatmaps import make_heatmaps
from posewarp_tf.ops import to_float_image

Tensors = Mapping[str, tf.Tensor]


def raw_input_specs(config: Config, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
    """What `make_model_inputs` needs, by name: uint8 pictures, keypoints [B, 18, 2] in pixels of the image size."""
    keypoints = tf.TensorSpec([batch_size, NUM_JOINTS, 2], tf.float32)
    return {
        'source_image': tf.TensorSpec([batch_size, *config.model.image_size, 3], tf.uint8),
        'source_keypoints': keypoints,
        'target_keypoints': keypoints,
    }


def make_model_inputs(raw: Tensors, config: Config) -> dict[str, tf.Tensor]:
    """The inputs of a model from tensors as in `raw_input_specs`."""
    return {
        'source_image': to_float_image(raw['source_image']),
        'source_pose': make_pose(raw, 'source', config),
        'target_pose': make_pose(raw, 'target', config),
    }


def make_pose(raw: Tensors, side: str, config: Config) -> tf.Tensor:
    """The pose of one side ('source' or 'target') as a model sees it: float32 [B, H, W, pose channels]."""
    return make_heatmaps(raw[f'{side}_keypoints'], config.model.image_size, config.data.heatmap_sigma)
