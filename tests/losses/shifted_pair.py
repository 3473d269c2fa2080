"""A pair whose target is its source moved by a known shift, and models that know the flow of any shift."""

import numpy as np
import tensorflow as tf

from posewarp_tf.losses.objective import Objective
from posewarp_tf.models.outputs import Motion
from posewarp_tf.settings.config import Config
from tests.motions import flows_of, moving

SIZE = (64, 96)
BATCH = 2

# Target pixel (x, y) shows source pixel (x + 4, y - 8): the right flow.
SHIFT = (4, -8)
FACTORS = (8, 4, 2, 1)


def config(weights, **values):
    settings = {'model': 'pfl', 'spatial_transform': 'bilinear', 'image_size': SIZE, 'vgg_weights': 'random'}
    settings.update({'heatmap_sigma': 2.0, 'feature_scales': (2,), **values})
    return Config().replace(loss_weights={'pose_flow': weights}, **settings)


def objective(*names, **values):
    return Objective(config(dict.fromkeys(names, 1.0), **values), 'pose_flow')


def flows(x, y, batch=BATCH):
    """The flow (x, y) in pixels of the picture, coarse first, each in pixels of its own."""
    return [
        tf.broadcast_to(tf.constant([x, y], tf.float32) / k, (batch, SIZE[0] // k, SIZE[1] // k, 2)) for k in FACTORS
    ]


def scene(offset=0):
    """Smooth pictures, joints and maps of which the target is the shifted source, over an endless plane."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32) + offset

    def person(dx, dy):
        waves = [np.sin((x + dx) / 9 + 1), np.cos((y + dy) / 11), np.sin((x + dx + y + dy) / 13)]
        garment = 4 + 4 * ((x + dx) // 12 % 2) + 1 * ((y + dy) // 16 % 2)
        keypoints = np.full((18, 2), -1.0)
        keypoints[:3] = np.array([[24, 30], [20, 34], [30, 36]]) - [dx, dy]
        return {
            'image': 0.8 * np.stack(waves, axis=-1),
            'garment': garment.astype(np.uint8),
            'parts': (1 + (x + dx) // 16 % 3).astype(np.uint8),
            'keypoints': keypoints.astype(np.float32),
            'pose': np.zeros((*SIZE, 18), np.float32),
        }

    sides = {'source': person(0, 0), 'target': person(*SHIFT)}
    return {
        f'{side}_{name}': tf.constant(np.stack([values] * BATCH))
        for side, values_of in sides.items()
        for name, values in values_of.items()
    }


def oracle(inputs):
    """The flow of any pair that is a shift, read off its joints: a target joint shows the same joint of the source."""
    source, target = inputs['source_keypoints'], inputs['target_keypoints']
    seen = tf.reduce_all((source >= 0) & (target >= 0), axis=-1, keepdims=True)
    sums = tf.reduce_sum(tf.where(seen, source - target, 0.0), axis=1)
    shift = sums / tf.reduce_sum(tf.cast(seen, tf.float32), axis=1)
    batch = shift.shape[0]
    return {
        'motions': {
            'source': Motion(
                [tf.broadcast_to(shift[:, None, None] / k, (batch, SIZE[0] // k, SIZE[1] // k, 2)) for k in FACTORS]
            )
        }
    }


def wrong_way(inputs):
    return moving([-flow for flow in flows_of(oracle(inputs))])


def swapped(inputs):
    return moving([flow[..., ::-1] for flow in flows_of(oracle(inputs))])
