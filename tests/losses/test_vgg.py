"""VGG-19: where its weights come from, and what it computes with them."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.losses.vgg import TAPS, VGGFeatures
from posewarp_tf.models.precision import computing_in
from posewarp_tf.pytorch_files.writer import write_tensors
from tests.conftest import assert_agrees

FEW = ('relu1_1', 'relu2_1')


def picture(height=16, width=24):
    return np.random.default_rng(0).uniform(-1, 1, (1, height, width, 3)).astype(np.float32)


@pytest.fixture(scope='module')
def keras_vgg(tmp_path_factory):
    """A VGG-19 with weights like the downloaded ones, and the file that Keras would download."""
    tf.keras.utils.set_random_seed(0)
    network = tf.keras.applications.VGG19(include_top=False, weights=None)
    for layer in network.layers:
        if layer.weights:
            layer.bias.assign(tf.random.normal(layer.bias.shape, stddev=5.0))
    path = str(tmp_path_factory.mktemp('vgg') / 'vgg19_notop.h5')
    network.save_weights(path)
    return network, path


@pytest.fixture(scope='module')
def few_layers(golden):
    """The first three convolutions, with the names of torchvision's whole network."""
    weights = golden('losses').seeded_weights('vgg_shapes', 'vgg_seed')
    return {f'features.{key}': weights[key] for key in weights if int(key.split('.')[0]) <= 5}


def saved(path, arrays):
    np.savez(path, **arrays)
    return str(path)


def test_taps_have_the_sizes_of_their_blocks():
    features = VGGFeatures(TAPS, 'random')(picture(32, 48), TAPS)
    assert list(features) == list(TAPS)
    for tap, value in features.items():
        block = int(tap[4])
        assert value.shape == (1, 32 >> block - 1, 48 >> block - 1, min(64 << block - 1, 512))
        assert np.all(value >= 0)


def test_torchvision_file_is_used_as_it_is(few_layers, tmp_path):
    image = picture()
    features = VGGFeatures(FEW, saved(tmp_path / 'vgg.npz', few_layers))(image, FEW)

    def conv(x, number):
        kernel, bias = few_layers[f'features.{number}.weight'], few_layers[f'features.{number}.bias']
        return tf.nn.relu(tf.nn.conv2d(x, kernel.transpose(2, 3, 1, 0), 1, 'SAME') + bias)

    first = conv(image, 0)
    assert_agrees(features['relu1_1'], first)
    assert_agrees(features['relu2_1'], conv(tf.nn.max_pool2d(conv(first, 2), 2, 2, 'VALID'), 5))


def test_a_pytorch_file_is_the_same_as_one_of_numpy(few_layers, tmp_path):
    write_tensors(tmp_path / 'vgg.pth', {**few_layers, 'classifier.0.weight': np.zeros((4, 5), np.float32)})
    first = VGGFeatures(FEW, str(tmp_path / 'vgg.pth'))(picture(), FEW)
    second = VGGFeatures(FEW, saved(tmp_path / 'vgg.npz', few_layers))(picture(), FEW)
    for tap in FEW:
        np.testing.assert_array_equal(first[tap], second[tap])


def test_keras_file_is_the_same_network_in_torchvision_units(keras_vgg):
    """Keras' own network on BGR in its units gives the same features, 57.375 times as large, and the same gradient."""
    network, path = keras_vgg
    taps = ('relu2_2', 'relu4_1')
    layers = [network.get_layer(name).output for name in ('block2_conv2', 'block4_conv1')]
    original, extract = tf.keras.Model(network.input, layers), VGGFeatures(taps, path)
    image = tf.constant(picture())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        expected = original(57.375 * image[..., ::-1])
        features = [57.375 * value for value in extract(image, taps).values()]
        squares = [tf.add_n([tf.reduce_mean(value**2) for value in found]) for found in (features, expected)]
    for value, other in zip(features, expected):
        assert_agrees(value, other)
    gradient, expected_gradient = (tape.gradient(square, image) for square in squares)
    assert_agrees(gradient, expected_gradient)


def test_downloaded_weights_are_those_of_the_keras_file(keras_vgg, monkeypatch):
    original, path = tf.keras.applications.VGG19, keras_vgg[1]

    def downloading(include_top, weights):
        return original(include_top=include_top, weights=path if weights == 'imagenet' else weights)

    monkeypatch.setattr(tf.keras.applications, 'VGG19', downloading)
    downloaded, read = (VGGFeatures(FEW, weights)(picture(), FEW) for weights in ('imagenet', path))
    for tap in FEW:
        np.testing.assert_array_equal(downloaded[tap], read[tap])


def test_failing_download_says_what_to_do(monkeypatch):
    original = tf.keras.applications.VGG19

    def failing(include_top, weights):
        if weights == 'imagenet':
            raise Exception('URL fetch failure on https://example.org: no network')
        return original(include_top=include_top, weights=weights)

    monkeypatch.setattr(tf.keras.applications, 'VGG19', failing)
    with pytest.raises(RunError) as error:
        VGGFeatures(FEW, 'imagenet')
    for part in ('no network', '--vgg_weights=PATH', 'vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5', '=random'):
        assert part in str(error.value)


def test_random_weights_are_the_same_every_time_and_keep_the_size_of_features():
    image = np.random.default_rng(1).standard_normal((1, 32, 32, 3)).astype(np.float32)
    first, second = (VGGFeatures(['relu4_1'], 'random')(image, TAPS) for _ in range(2))
    for tap, value in first.items():
        np.testing.assert_array_equal(value, second[tap])
        assert 0.3 < np.mean(value**2) < 3


def test_only_layers_up_to_the_deepest_tap_are_needed(few_layers, tmp_path):
    path = saved(tmp_path / 'vgg.npz', few_layers)
    assert set(VGGFeatures(FEW, path)(picture(), ['relu2_1'])) == {'relu2_1'}
    with pytest.raises(RunError, match='layer block2_conv2 is missing'):
        VGGFeatures(['relu2_2'], path)


@pytest.mark.parametrize(('precision', 'differs'), [('float16', 1e-3), ('bfloat16', 2e-2)])
def test_is_frozen_and_gives_float32_in_half_precision(few_layers, tmp_path, precision, differs):
    """In bfloat16 it computes in it, with gradients that lead the same way; under float16 only the picture is so."""
    path, image = saved(tmp_path / 'vgg.npz', few_layers), tf.constant(picture())

    def features_and_gradient():
        extract = VGGFeatures(FEW, path)
        with tf.GradientTape() as tape:
            tape.watch(image)
            features = extract(tf.cast(image, tf.keras.mixed_precision.global_policy().compute_dtype), FEW)
            total = tf.add_n([tf.reduce_sum(value**2) for value in features.values()])
        assert tape.watched_variables() == ()
        return features, tape.gradient(total, image)

    expected, direction = features_and_gradient()
    with computing_in(precision):
        features, gradient = features_and_gradient()
    for tap in FEW:
        assert features[tap].dtype == tf.float32
        error = np.abs(features[tap] - expected[tap]).max() / np.max(expected[tap])
        assert (1e-3 if precision == 'bfloat16' else 0) < error < differs
    cosine = tf.reduce_sum(gradient * direction) / (tf.norm(gradient) * tf.norm(direction))
    assert cosine > 0.999


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('nowhere.npz', 'no file .*nowhere.npz'),
        ('weights.onnx', "expected 'imagenet', 'random', 'hed' or the path"),
        ('damaged.npz', 'damaged.npz is not an .npz file, or damaged'),
        ('damaged.h5', 'damaged.h5 cannot be read'),
        ('other.npz', 'layer block1_conv1 is missing'),
        ('narrow.npz', r'block1_conv2: got a kernel \(3, 3, 64, 32\).*expected \(3, 3, 64, 64\)'),
    ],
)
def test_file_that_cannot_serve_is_named(few_layers, tmp_path, name, message):
    for damaged in ('damaged.npz', 'damaged.h5'):
        (tmp_path / damaged).write_bytes(b'PK\x03\x04 not really')
    saved(tmp_path / 'other.npz', {'weight': np.zeros(3)})
    narrow = {'features.2.weight': few_layers['features.2.weight'][:32]}
    saved(tmp_path / 'narrow.npz', {**few_layers, **narrow})
    with pytest.raises(RunError, match=message):
        VGGFeatures(FEW, str(tmp_path / name))
