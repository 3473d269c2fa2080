"""A tiny data set in the DeepFashion layout and a tiny network, so that a run takes seconds."""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.settings.config import Config

IMAGE_SIZE = (32, 32)


# A norm follows these convolutions and takes their bias out again: its gradient is nothing but rounding errors, which
# depend on the order of sums, and of which Adam makes steps. The network computes the same whatever they are.
_BIASES_WITHOUT_EFFECT = ('down_conv/bias/', 'residuals/0/conv_1/bias/', 'decoders/0/conv/bias/')


@pytest.fixture(scope='session')
def has_effect():
    """Whether an entry of a tiny network's checkpoint, by name, changes what it computes."""
    return lambda name: not any(part in name for part in _BIASES_WITHOUT_EFFECT)


@pytest.fixture(scope='session', autouse=True)
def quick_graphs():
    """A graph that runs for a few steps is not worth optimising."""
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
    yield
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': False})


@pytest.fixture(scope='session')
def data_dir(tmp_path_factory):
    """Smooth random pictures with random joints: 6 train and 4 test pictures, 12 train and 5 test pairs."""
    folder = tmp_path_factory.mktemp('data')
    rng = np.random.default_rng(0)
    for split, num_pictures, num_pairs in (('train', 6, 12), ('test', 4, 5)):
        (folder / split).mkdir()
        names = [f'fashionWOMENDressesid{split}{i}_1front.jpg' for i in range(num_pictures)]
        annotations = ['name:keypoints_y:keypoints_x']
        for name in names:
            coarse = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize(IMAGE_SIZE[::-1], Image.Resampling.BICUBIC).save(folder / split / name)
            y, x = rng.integers(0, 256, 18), rng.integers(0, 176, 18)
            annotations.append(f'{name}:{json.dumps(y.tolist())}:{json.dumps(x.tolist())}')
        pairs = ['from,to'] + [','.join(rng.choice(names, 2, replace=False)) for _ in range(num_pairs)]
        (folder / f'fasion-pairs-{split}.csv').write_text('\n'.join(pairs) + '\n')
        (folder / f'fasion-annotation-{split}.csv').write_text('\n'.join(annotations) + '\n')
    return folder


@pytest.fixture(scope='session')
def tiny_config(data_dir):
    """Both stages with every kind of loss that needs no VGG-19."""
    return Config().replace(
        data_dir=str(data_dir),
        image_size=IMAGE_SIZE,
        keypoint_size=(256, 176),
        base_filters=4,
        max_filters=8,
        num_layers=1,
        attention_kernels={1: 3},
        spatial_transform='bilinear',
        flow_base_filters=4,
        flow_max_filters=8,
        flow_num_layers=2,
        discriminator_base_filters=4,
        discriminator_max_filters=8,
        discriminator_num_layers=1,
        loss_weights={'flow': {'affine': 1.0}, 'full': {'affine': 0.1, 'l1': 5.0, 'adversarial': 2.0}},
        stage_steps={'flow': 2, 'full': 4},
        batch_size=2,
        learning_rate=1e-3,
        log_every=2,
        checkpoint_every=2,
        validate_every=2,
        validation_pairs=3,
        sample_every=100,
    )


@pytest.fixture(scope='session')
def train_command(tiny_config):
    """The command line that trains the tiny network in a run folder, with some flags changed."""

    def command(run_dir, **changes):
        model, training = tiny_config.model, tiny_config.training
        flags = {
            'run_dir': run_dir,
            'data_dir': tiny_config.data.data_dir,
            'keypoint_size': '256,176',
            'image_size': '32,32',
            'base_filters': model.base_filters,
            'max_filters': model.max_filters,
            'num_layers': model.num_layers,
            'attention_kernels': '1=3',
            'spatial_transform': model.spatial_transform,
            'flow_base_filters': model.flow_base_filters,
            'flow_max_filters': model.flow_max_filters,
            'flow_num_layers': model.flow_num_layers,
            'loss_weights': 'flow.correctness=0,flow.affine=1',
            'batch_size': training.batch_size,
            'learning_rate': training.learning_rate,
            **changes,
        }
        return [sys.executable, '-m', 'posewarp_tf.train', *(f'--{name}={value}' for name, value in flags.items())]

    return command
