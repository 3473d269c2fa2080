"""Fixtures for every test; goldens are small files of independently computed numbers."""

import json
import os
import pathlib

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np
import pytest

import posewarp_tf  # noqa: F401, before any test imports TensorFlow, so that all packages meet Keras 2

GOLDENS = pathlib.Path(__file__).parent / 'goldens'


class Golden(dict):
    """The arrays of one golden file, with its `meta` beside them."""

    def seeded_weights(self, shapes_key='shapes', seed_key='seed'):
        """The checkpoint the numbers were computed with: a flat dict of arrays in PyTorch's layouts."""
        rng = np.random.default_rng(self.meta[seed_key])
        weights = {}
        for key in sorted(self.meta[shapes_key]):
            shape = self.meta[shapes_key][key]
            array = rng.standard_normal(shape).astype(np.float32)
            if array.ndim >= 2 and not key.endswith(('_u', '_v')):
                array = array * np.float32(np.sqrt(2.0 / np.prod(shape[1:])))
            elif key.endswith('.bias'):
                array = array * np.float32(0.05)
            elif key.endswith('weight'):
                array = 1 + array * np.float32(0.1)
            weights[key] = self.get('uv:' + key, array)
        return weights


# First: xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Each file to one process, as its fixtures are shared; the exports, which share the largest ones, all to one."""
    for item in items:
        folder, name = item.path.parent.name, item.path.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == 'exports' else f'{folder}/{name}'))


@pytest.fixture(scope='session')
def golden():
    """`golden('ops')` loads tests/goldens/ops.npz."""

    def load(name):
        with np.load(GOLDENS / f'{name}.npz') as file:
            arrays = Golden({key: file[key] for key in file.files if key != 'meta'})
            arrays.meta = json.loads(str(file['meta']))
        return arrays

    return load


@pytest.fixture(scope='session')
def tiny_run(tmp_path_factory):
    """The run folder of a small model with random weights; not to be changed."""
    from tests.run_folders import make_run

    return make_run(tmp_path_factory.mktemp('tiny_run'))


@pytest.fixture(scope='session')
def tiny_predictor(tiny_run):
    from posewarp_tf.inference.predictor import Predictor

    return Predictor(tiny_run.path)


@pytest.fixture(scope='session')
def views_folder(tmp_path_factory):
    """Three chairs from all sides, 32x32, the first for testing; not to be changed."""
    from posewarp_tf.synthetic.objects.files import write_views

    folder = tmp_path_factory.mktemp('views') / 'chairs'
    write_views(folder, 'chair', 3, 32, show_progress=False)
    return folder


@pytest.fixture(scope='session')
def tiny_pfl_run(tmp_path_factory):
    """The same of a model that takes maps of parts and garments and a context; not to be changed."""
    from tests.run_folders import make_pfl_run

    return make_pfl_run(tmp_path_factory.mktemp('tiny_pfl_run'))


@pytest.fixture(scope='session')
def tiny_pfl_predictor(tiny_pfl_run):
    from posewarp_tf.inference.predictor import Predictor

    return Predictor(tiny_pfl_run.path)


@pytest.fixture
def tiny_dataset(tmp_path):
    """A folder in the DeepFashion layout, to read or to damage."""
    from tests.tiny_dataset import TinyDataset

    root = tmp_path / 'tiny'
    root.mkdir()
    return TinyDataset(root)


def assert_agrees(actual, expected, tolerance=1e-4):
    """Largest difference relative to the largest entry: 1e-4 for outputs, 1e-3 for gradients."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f'got shape {actual.shape}, expected {expected.shape}'
    error = np.max(np.abs(actual - expected)) / np.max(np.abs(expected))
    assert error <= tolerance, f'relative error {error:.2e}, expected at most {tolerance:.0e}'
