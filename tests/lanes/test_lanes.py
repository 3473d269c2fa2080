"""The two sets of packages: which one this is, Keras 2 in both, and twins of stock TensorFlow that equal a package."""

import functools
import http.server
import importlib.metadata
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.internal import api_implementation

from posewarp_tf import lanes
from posewarp_tf.errors import DataError, LaneError
from posewarp_tf.lanes import colors, photo_quality, remote_files, transforms

HAS_KERAS_3 = tuple(map(int, tf.__version__.split('.')[:2])) >= (2, 16)


def run_python(program, **environment):
    environment = {name: value for name, value in os.environ.items() if name != 'TF_USE_LEGACY_KERAS'} | environment
    return subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True, check=False)


def test_keras_is_keras_2():
    assert tf.keras.layers.Layer.__module__.split('.')[0] == ('tf_keras' if HAS_KERAS_3 else 'keras')
    package = sys.modules[tf.keras.layers.Layer.__module__.split('.')[0]]
    assert package.__version__.startswith('2.')


def test_protocol_buffers_are_not_read_by_python_alone():
    # Building graphs and reading SavedModels would take several times as long.
    assert api_implementation.Type() in ('upb', 'cpp')


@pytest.mark.parametrize('before', ['', 'import tensorflow; '])
def test_importing_the_package_is_enough_for_keras_2(before):
    finished = run_python(
        f'{before}import posewarp_tf, tensorflow as tf; from posewarp_tf.layers.blocks import EncoderBlock; '
        'print(EncoderBlock(4)(tf.zeros([1, 8, 8, 3])).shape)'
    )
    assert finished.stdout.strip() == '(1, 4, 4, 4)', finished.stderr


def test_colours_change_although_tensorflow_was_imported_first():
    finished = run_python(
        'import tensorflow as tf; from posewarp_tf.data.augmentation import jitter_colors; '
        'print(jitter_colors(tf.zeros([2, 4, 4, 3]), tf.constant([0, 1], tf.int64)).shape)'
    )
    assert finished.stdout.splitlines()[-1:] == ['(2, 4, 4, 3)'], finished.stderr


def test_keras_3_in_use_is_an_error_that_says_what_to_do():
    finished = run_python('import tensorflow as tf; tf.keras.layers.Dense(1); import posewarp_tf')
    if HAS_KERAS_3:
        assert finished.returncode == 1
        assert 'import posewarp_tf before the first use of tf.keras, or set TF_USE_LEGACY_KERAS=1' in finished.stderr
    else:
        assert finished.returncode == 0, finished.stderr


def test_a_new_tensorflow_without_keras_2_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(lanes, 'installed_version', lambda package: '2.21.0')
    monkeypatch.setattr(lanes.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(LaneError, match=r'pip install "tf-keras==2.21.\*"'):
        lanes.use_keras_2()


def test_description_names_every_package():
    words = lanes.describe()
    assert f'TensorFlow {tf.__version__}' in words
    for package in lanes.OPTIONAL_PACKAGES:
        there = lanes.has(package)
        assert (f'{package} {importlib.metadata.version(package)}' if there else f'no {package} (stock') in words


@pytest.fixture
def images():
    return tf.constant(np.random.default_rng(0).uniform(0, 1, (5, 20, 31, 3)), tf.float32)


@pytest.fixture
def amounts():
    rng = np.random.default_rng(1)
    ranges = {'brightness': (-0.3, 0.3), 'contrast': (0.5, 1.5), 'saturation': (0.0, 3.0), 'hue': (-0.5, 0.5)}
    return {name: tf.constant(rng.uniform(*limits, 5), tf.float32) for name, limits in ranges.items()}


def matrices(count):
    """Affine matrices that are neither the identity nor symmetric in x and y."""
    rng = np.random.default_rng(2)
    linear = np.eye(2) + rng.uniform(-0.3, 0.3, (count, 2, 2))
    shift = rng.uniform(-6, 6, (count, 2, 1))
    last = np.tile([[[0.0, 0.0, 1.0]]], (count, 1, 1))
    return tf.constant(np.concatenate([np.concatenate([linear, shift], axis=2), last], axis=1), tf.float32)


# Of each package, what it computes and what its twin computes.
TWINS = {
    'tensorflow-addons': (
        lambda images, amounts: transforms.move_with_addons(images, matrices(len(images)), 'bilinear'),
        lambda images, amounts: transforms.move_with_stock(images, matrices(len(images)), 'bilinear'),
        0.0,
    ),
    'keras-cv': (
        lambda images, amounts: colors.change_with_keras_cv(images, **amounts),
        lambda images, amounts: colors.change_with_stock(images, **amounts),
        1e-6,
    ),
}


@pytest.mark.parametrize('package', TWINS)
def test_twin_equals_the_package_or_serves_in_its_place(package, images, amounts):
    of_package, of_twin, tolerance = TWINS[package]
    chosen = {
        'tensorflow-addons': lambda: transforms.move_by_matrices(images, matrices(len(images)), 'bilinear'),
        'keras-cv': lambda: colors.change_colors(images, **amounts),
    }[package]()
    expected = of_twin(images, amounts)
    if lanes.has(package):
        np.testing.assert_allclose(of_package(images, amounts), expected, atol=tolerance, rtol=0)
    np.testing.assert_allclose(chosen, expected, atol=tolerance, rtol=0)
    assert np.abs(expected - images).max() > 0.1


# What keras-cv does one picture after the other, and what it takes for each of the five.
QUALITY_TWINS = {
    'blur': tf.constant([0.3, 0.7, 1.0, 1.5, 2.0]),
    'compress': tf.constant([20, 40, 60, 80, 95]),
}


@pytest.mark.parametrize('name', QUALITY_TWINS)
def test_twins_of_blur_and_compression_equal_the_package_or_serve_in_its_place(name, images):
    of_package, of_twin = (getattr(photo_quality, f'{name}_with_{which}') for which in ('keras_cv', 'stock'))
    expected = of_twin(images, QUALITY_TWINS[name])
    if lanes.has('keras-cv'):
        np.testing.assert_allclose(of_package(images, QUALITY_TWINS[name]), expected, atol=1e-6, rtol=0)
    np.testing.assert_allclose(getattr(photo_quality, name)(images, QUALITY_TWINS[name]), expected, atol=1e-6, rtol=0)
    assert np.abs(expected - images).max() > 0.1


def test_nearest_twin_moves_numbers_of_classes_unchanged():
    maps = tf.constant(np.random.default_rng(3).integers(0, 20, (5, 20, 31, 1)), tf.uint8)
    moved = transforms.move_with_stock(maps, matrices(5), 'nearest')
    assert moved.dtype == tf.uint8
    if lanes.has('tensorflow-addons'):
        np.testing.assert_array_equal(moved, transforms.move_with_addons(maps, matrices(5), 'nearest'))
    rows, columns = np.mgrid[:20, :31]
    points = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ matrices(5).numpy()[0].T
    x, y = np.rint(points[..., 0]).clip(0, 30).astype(int), np.rint(points[..., 1]).clip(0, 19).astype(int)
    assert np.mean(moved.numpy()[0, ..., 0] == maps.numpy()[0, y, x, 0]) > 0.99


def test_stock_colours_are_what_their_docstring_says(images):
    same = {'contrast': 1.0, 'saturation': 1.0, 'brightness': 0.0, 'hue': 0.0}

    def changed(**amounts):
        values = {name: tf.fill([5], value) for name, value in {**same, **amounts}.items()}
        return colors.change_with_stock(images, **values).numpy()

    pictures = images.numpy()
    np.testing.assert_allclose(changed(), pictures, atol=1e-5)
    np.testing.assert_allclose(changed(brightness=0.2), np.minimum(pictures + 0.2, 1), atol=1e-5)
    means = pictures.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(changed(contrast=0.5), (pictures + means) / 2, atol=1e-5)
    np.testing.assert_allclose(changed(saturation=0.0), pictures.max(axis=-1, keepdims=True).repeat(3, -1), atol=1e-5)
    # A third of a turn takes red to green to blue.
    np.testing.assert_allclose(changed(hue=1 / 3), np.roll(pictures, 1, axis=-1), atol=1e-5)


@pytest.fixture
def server_url(tmp_path):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


def test_files_behind_urls_are_the_same_with_and_without_tensorflow_io(server_url, tmp_path):
    content = np.random.default_rng(0).bytes(100_000)
    (tmp_path / 'file.bin').write_bytes(content)
    assert remote_files.read_with_python(f'{server_url}/file.bin') == content
    assert remote_files.read_url(f'{server_url}/file.bin') == content
    if lanes.has('tensorflow-io'):
        assert remote_files.read_with_tensorflow_io(f'{server_url}/file.bin') == content


def test_without_tensorflow_io_what_cannot_be_fetched_is_named(server_url, monkeypatch):
    monkeypatch.setattr(lanes, 'has', lambda package: False)
    with pytest.raises(DataError, match=r'/nobody.png: cannot be fetched: the server answers 404'):
        remote_files.read_url(f'{server_url}/nobody.png')
    with pytest.raises(DataError, match='http://127.0.0.1:9/photo.png: cannot be fetched: .*refused'):
        remote_files.read_url('http://127.0.0.1:9/photo.png')
    with pytest.raises(DataError, match='nowhere://photo.png: cannot be fetched: .*without tensorflow-io'):
        remote_files.read_url('nowhere://photo.png')
