"""Files of PyTorch itself, in both directions. `make test-pytorch` runs these tests and installs PyTorch for them.

PyTorch runs in an interpreter of its own, which the environment variable POSEWARP_PYTORCH names.
"""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from posewarp_tf.layers.spectral_norm import SpectralConv2D
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, named_variables
from posewarp_tf.pytorch_files.exporting import export_run
from posewarp_tf.pytorch_files.importing import PytorchWeights, import_pytorch, write_run
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.settings.flags import load_config
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.conftest import assert_agrees
from tests.source_code import ROOT
from tests.tensor_files.torch_save import state_dict, torch_save

pytestmark = pytest.mark.pytorch

NETWORKS = ('poseflownet', 'pose_fashion', 'pose_market', 'disc_res', 'disc_res_market', 'disc_patch', 'disc_temporal')

each_container = pytest.mark.parametrize('container', ['zip', 'stream'])


def pytorch(*arguments):
    script = pathlib.Path(__file__).with_name('real_pytorch.py')
    python = os.environ.get('POSEWARP_PYTORCH', sys.executable)
    done = subprocess.run([python, script, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_network_that_is_timed_as_a_rival_is_the_published_one():
    script = ROOT / 'custom_ops' / 'benchmarks' / 'pytorch_network.py'
    python = os.environ.get('POSEWARP_PYTORCH', sys.executable)
    done = subprocess.run([python, script, '--size=64', '--repeats=1'], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    difference = re.search(r'the reference picture to (\S+)\n', done.stdout)[1]
    assert 0 < float(difference) <= 1e-4
    assert len(re.findall(r'median [\d.]+ s', done.stdout)) == 4


def saved_by_pytorch(arrays, path, container):
    np.savez(path.with_suffix('.npz'), **arrays)
    pytorch('save', path.with_suffix('.npz'), path, container)
    return path


def assert_same(actual, expected):
    assert set(actual) == set(expected)
    for key, array in expected.items():
        np.testing.assert_array_equal(actual[key], array)


@each_container
@pytest.mark.parametrize('name', NETWORKS)
def test_seeded_weights_saved_by_pytorch_are_read_exactly(name, container, golden, tmp_path):
    weights = golden(name).seeded_weights()
    assert_same(read_tensors(saved_by_pytorch(weights, tmp_path / 'a.pth', container)), weights)


@each_container
def test_generator_saved_by_pytorch_gives_the_reference_image(container, golden, tmp_path):
    reference = golden('pose_market')
    path = saved_by_pytorch(reference.seeded_weights(), tmp_path / 'a.pth', container)
    inputs = {key: reference[key] for key in ('source_image', 'source_pose', 'target_pose')}
    assert_agrees(import_pytorch(path)(inputs)['image'], reference['image'])


def test_everything_a_state_dict_can_hold_is_read(tmp_path):
    pytorch('save_strange', tmp_path)
    with np.load(tmp_path / 'expected.npz') as file:
        expected = {key: file[key] for key in file.files}
    paths = sorted(tmp_path.glob('*.pth'))
    assert len(paths) == 21
    for path in paths:
        name = path.name.split('.')[0]
        arrays = {f'{name}/{key}': array for key, array in read_tensors(path).items()}
        assert_same(arrays, {key: array for key, array in expected.items() if key.startswith(f'{name}/')})


@each_container
def test_test_files_are_those_of_pytorch_byte_for_byte(container, golden, tmp_path):
    weights = golden('disc_res').seeded_weights()
    real = saved_by_pytorch(weights, tmp_path / 'a.pth', container).read_bytes()
    if container == 'stream':
        # Storages are named by their addresses, in the order of the pickle.
        keys = re.findall(rb'X[\x0c-\x12]\0\0\0(\d{12,18})', real)[: len(weights)]
        own = torch_save(tmp_path / 'a.pth', state_dict(weights), container, storage_key=lambda i: keys[i].decode())
        assert own.read_bytes() == real
    else:
        own = torch_save(tmp_path / 'a.pth', state_dict(weights), container).read_bytes()
        # The serialization id, a hash, stands in one entry and its checksum in two places.
        differing = np.flatnonzero(np.frombuffer(own, np.uint8) != np.frombuffer(real, np.uint8))
        assert len(own) == len(real) and 0 < len(differing) <= 40 + 4 + 4


@pytest.mark.parametrize('name', ['disc_res', 'disc_temporal'])
def test_pytorch_loads_what_is_written(name, golden, tmp_path):
    weights = golden(name).seeded_weights()
    write_tensors(tmp_path / 'a.pth', weights)
    pytorch('load', tmp_path / 'a.pth', tmp_path / 'loaded.npz')
    with np.load(tmp_path / 'loaded.npz') as file:
        assert_same(dict(file), weights)


def test_pytorch_loads_an_exported_run(golden, tmp_path):
    path = saved_by_pytorch(golden('pose_market').seeded_weights(), tmp_path / 'a.pth', 'stream')
    write_run(tmp_path / 'run', load_config('gfla_market'), PytorchWeights(path), None)
    export_run(tmp_path / 'run', tmp_path / 'exported.pth')
    pytorch('load', tmp_path / 'exported.pth', tmp_path / 'loaded.npz')
    with np.load(tmp_path / 'loaded.npz') as file:
        assert_same(dict(file), dict(read_tensors(tmp_path / 'exported.pth')))


def test_spectral_norm_of_pytorch_takes_written_weights_and_agrees(golden, tmp_path):
    weights = {key: array for key, array in golden('disc_res').seeded_weights().items() if key.startswith('conv.')}
    write_tensors(tmp_path / 'a.pth', weights)
    image = np.random.default_rng(0).standard_normal((2, 128, 5, 4)).astype(np.float32)
    np.save(tmp_path / 'image.npy', image)
    pytorch('spectral', tmp_path / 'a.pth', tmp_path / 'image.npy', tmp_path / 'output.npy')
    layer = SpectralConv2D(1, 1)
    layer.build((None, None, None, 128))
    assign_pytorch_weights(named_variables({'conv': layer}), weights)
    assert_agrees(np.moveaxis(layer(np.moveaxis(image, 1, -1)), -1, 1), np.load(tmp_path / 'output.npy'))
