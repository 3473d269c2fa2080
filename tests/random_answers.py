"""A batch and a model's outputs, both at random."""

import numpy as np

from posewarp_tf.conventions import VISIBILITY_VISIBLE
from posewarp_tf.models.outputs import Motion
from tests.run_folders import SIZE, person


def random_batch(batch_size):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (2, batch_size, *SIZE, 3)).astype(np.float32)
    return {
        'source_image': images[0],
        'target_image': images[1],
        **{f'{role}_keypoints': np.stack([person(SIZE)] * batch_size) for role in ('source', 'target')},
        **{f'{role}_parts': np.ones((batch_size, *SIZE), np.uint8) for role in ('source', 'target')},
        'source_name': np.array([f'a{index}.png'.encode() for index in range(batch_size)]),
        'target_name': np.array([f'b{index}.png'.encode() for index in range(batch_size)]),
        'flow': np.zeros((batch_size, *SIZE, 2), np.float32),
        'visibility': np.full((batch_size, *SIZE), VISIBILITY_VISIBLE, np.uint8),
    }


def random_outputs(batch_size):
    return {
        'image': np.zeros((batch_size, *SIZE, 3), np.float32),
        'motions': {
            'source': Motion(
                flows=[np.zeros((batch_size, 16, 16, 2), np.float32)],
                masks=[np.zeros((batch_size, 16, 16, 1), np.float32)],
            )
        },
    }
