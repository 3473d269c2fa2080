"""From what people have (a picture, joints) to what a network takes; one way for training, prediction and exports."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from posewarp_tf.conventions import NUM_JOINTS, PART_NAMES
from posewarp_tf.ops import to_float_image
from posewarp_tf.poses.heatmaps import make_heatmaps
from posewarp_tf.settings.config import Config

Tensors = Mapping[str, tf.Tensor]


def raw_input_specs(config: Config, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
    """What `make_model_inputs` needs, by name.

    Always source_image uint8 [B, H, W, 3] and source_keypoints, target_keypoints float32 [B, 18, 2] in pixels of the
    image size; of the class maps (uint8 [B, H, W]) those that the config's model takes: `ModelConfig.class_maps`.
    """
    keypoints = tf.TensorSpec([batch_size, NUM_JOINTS, 2], tf.float32)
    class_map = tf.TensorSpec([batch_size, *config.model.image_size], tf.uint8)
    return {
        'source_image': tf.TensorSpec([batch_size, *config.model.image_size, 3], tf.uint8),
        'source_keypoints': keypoints,
        'target_keypoints': keypoints,
        **dict.fromkeys(config.model.class_maps, class_map),
    }


def make_model_inputs(raw: Tensors, config: Config) -> dict[str, tf.Tensor]:
    """The inputs of a model from tensors as in `raw_input_specs`."""
    inputs = {
        'source_image': to_float_image(raw['source_image']),
        'source_pose': make_pose(raw, 'source', config),
        'target_pose': make_pose(raw, 'target', config),
    }
    return {**inputs, 'source_garment': raw['source_garment']} if config.model.use_garment else inputs


def make_pose(raw: Tensors, side: str, config: Config) -> tf.Tensor:
    """The pose of one side ('source' or 'target') as a model sees it: float32 [B, H, W, pose channels].

    Heatmaps of its keypoints, its part map with one channel per part, or both, in this order.
    """
    representation, channels = config.model.pose_representation, []
    if representation != 'parts':
        channels.append(make_heatmaps(raw[f'{side}_keypoints'], config.model.image_size, config.data.heatmap_sigma))
    if representation != 'joints':
        channels.append(tf.one_hot(tf.cast(raw[f'{side}_parts'], tf.int32), len(PART_NAMES)))
    return channels[0] if len(channels) == 1 else tf.concat(channels, axis=-1)
