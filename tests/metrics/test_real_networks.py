"""LPIPS and Inception against PyTorch, torchvision, lpips and pytorch-fid; `make test-pytorch` installs them.

They run in an interpreter of their own, which the environment variable POSEWARP_PYTORCH names.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from posewarp_tf.metrics.lpips import VERSIONS, Lpips
from posewarp_tf.metrics.torch_inception import TorchInception

pytestmark = pytest.mark.pytorch


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """Pictures of the sizes of Market-1501, blurred so that they have edges."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp('pictures') / 'pictures.npz'
    stacks = np.cumsum(rng.normal(0, 0.3, (2, 3, 128, 65, 3)), axis=3)
    stacks = dict(zip(('first', 'second'), np.tanh(stacks).astype(np.float32)))
    np.savez(path, **stacks)
    return path, stacks


def run(folder, path, *words):
    script = pathlib.Path(__file__).with_name('real_networks.py')
    python = os.environ.get('POSEWARP_PYTORCH', sys.executable)
    command = [python, script, *words, str(folder), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.load(folder / 'result.npy')


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('net', ['alex', 'vgg', 'squeeze'])
def test_lpips_is_that_of_the_package_with_its_own_linear_weights(net, version, pictures, tmp_path):
    path, stacks = pictures
    expected = run(tmp_path, path, 'lpips', net, version)
    assert expected.min() > 0 and np.ptp(expected) > 0
    whole = Lpips([str(tmp_path / 'weights.pth')], version)
    in_parts = Lpips([str(tmp_path / 'trunk.pth'), str(tmp_path / 'linear.pth')], version)
    assert whole.network == in_parts.network == net
    for lpips in (whole, in_parts):
        np.testing.assert_allclose(lpips(stacks['first'], stacks['second']), expected, rtol=1e-4)


@pytest.mark.parametrize('variant', ['fid', 'torchvision'])
def test_inception_has_the_features_of_pytorch_fid(variant, pictures, tmp_path):
    path, stacks = pictures
    expected = run(tmp_path, path, 'inception', variant)
    inception = TorchInception(str(tmp_path / 'weights.pth'))
    assert inception.variant == variant
    features, probabilities = inception(stacks['first'])
    assert np.abs(features - expected).max() <= 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
