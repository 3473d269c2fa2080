"""Clips of videos, random ones and those of the reference numbers, and the small networks that see them."""

import itertools

import numpy as np
import tensorflow as tf

from posewarp_tf.models.pytorch_names import assign_pytorch_weights
from posewarp_tf.models.registry import build_model, model_config

TASKS = ('dance', 'face')
SMALL = {
    'base_filters': 4,
    'max_filters': 8,
    'num_layers': 2,
    'flow_base_filters': 4,
    'flow_max_filters': 8,
    'flow_num_layers': 3,
    'attention_kernels': {1: 3, 2: 3},
    'discriminator_base_filters': 4,
    'discriminator_max_filters': 8,
    'discriminator_num_layers': 2,
    'image_size': (32, 32),
    'init_gain': 1.0,
}
# As few layers as there can be.
SHALLOW = {
    **SMALL,
    'num_layers': 1,
    'flow_num_layers': 2,
    'attention_kernels': {1: 3},
    'pose_channels': 2,
    'image_size': (16, 16),
}


def small_model(task, **options):
    tf.keras.utils.set_random_seed(3)
    return build_model(model_config(f'gfla_{task}', **{**SMALL, **options}))


def random_clips(channels, num_frames, batch=2, size=(32, 32), seed=0):
    """A batch as data modules make it, with masks; frames of one clip resemble each other."""
    rng = np.random.default_rng(seed)

    def random(*shape):
        return rng.uniform(-1, 1, shape).astype(np.float32)

    images = np.clip(random(batch, 1, *size, 3) + 0.2 * random(batch, num_frames + 1, *size, 3), -1, 1)
    poses = random(batch, num_frames + 1, *size, channels)
    clips = {
        'reference_image': images[:, 0],
        'reference_pose': poses[:, 0],
        'target_images': images[:, 1:],
        'target_poses': poses[:, 1:],
        'target_masks': rng.integers(0, 2, (batch, num_frames, *size)).astype(np.uint8),
    }
    return {name: tf.constant(values) for name, values in clips.items()}


def clip_material(config, num_frames=12):
    """Random clips as a material (data/materials.py): training batch n is a function of n alone, one test clip."""
    from posewarp_tf.data.materials import Material

    channels, batch_size, size = config.model.pose_channels, config.training.batch_size, config.model.image_size

    def training(config, maps, start_step, examples, shard):
        specs = {name: tf.TensorSpec(values.shape, values.dtype) for name, values in clips_of(0).items()}
        steps = itertools.count(start_step)
        return tf.data.Dataset.from_generator(lambda: map(clips_of, steps), output_signature=specs)

    def clips_of(step):
        return random_clips(channels, num_frames, batch_size, size, seed=step)

    def test(config, batch_size, max_clips):
        # A video that is no multiple of a window.
        clips = random_clips(channels, 8, 1, size, seed=2**31)
        clips.pop('target_masks')
        return tf.data.Dataset.from_tensors({**clips, 'name': tf.constant(['video'])})

    return Material(lambda config: None, training, test)


def published_model(task, reference):
    """The network of the reference numbers, with its weights."""
    model = model_config(f'gfla_{task}', image_size=(64, 64)).build()
    model.create_weights()
    assign_pytorch_weights(model.pytorch_names(), reference.seeded_weights())
    return model


def reference_clips(task, reference):
    """The twelve frames of `dance_train` or `face_train`."""
    images = reference['images'].astype(np.float32) / 127.5 - 1
    if task == 'face':
        maps = np.cumsum(reference['maps_row_steps'], axis=-2, dtype=np.uint8)
        poses = np.moveaxis(maps, 2, -1) / np.array([255.0] * 15 + [1.0], np.float32)
        clips = {'reference_image': images[:, 0], 'reference_pose': poses[:, 0]}
    else:
        poses = _dance_poses(reference['joints'], reference['skeletons'])
        clips = {
            'reference_image': reference['reference_images'].astype(np.float32) / 127.5 - 1,
            'reference_pose': _dance_poses(reference['reference_joints'], reference['reference_skeletons']),
            'target_masks': reference['masks'][..., 0] // 255,
        }
    clips.update({'target_images': images, 'target_poses': poses})
    return {name: tf.constant(values) for name, values in clips.items()}


def _dance_poses(joints, skeletons):
    """Heat maps of joints (y, x), none of those with a zero, and the drawn skeletons behind them."""
    y, x = np.mgrid[:64, :64]
    joints = joints[..., np.newaxis, np.newaxis, :, :]
    squared = (y[..., np.newaxis] - joints[..., 0]) ** 2 + (x[..., np.newaxis] - joints[..., 1]) ** 2
    heatmaps = np.where(np.all(joints > 0, axis=-1), np.exp(-squared / 72), 0)
    return np.concatenate([heatmaps, skeletons], axis=-1).astype(np.float32)
