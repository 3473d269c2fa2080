"""Spectral normalisation against NumPy's singular values and loops over pixels."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.layers.spectral_norm import SpectralConv2D


def built(channels=3, **options):
    tf.keras.utils.set_random_seed(5)
    layer = SpectralConv2D(**{'filters': 6, 'kernel_size': 3, 'padding': 1, **options})
    layer.build((None, None, None, channels))
    return layer


def image(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def largest_singular_value(layer):
    kernel = layer.kernel.numpy()
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def sigma(layer):
    """u' W v, written with NumPy."""
    matrix = layer.kernel.numpy().transpose(3, 2, 0, 1).reshape(layer.filters, -1)
    return layer.u.numpy() @ matrix @ layer.v.numpy()


def test_training_calls_converge_to_the_largest_singular_value():
    layer = built()
    x = image(1, 8, 8, 3)
    for _ in range(100):
        layer(x, training=True)
    np.testing.assert_allclose(sigma(layer), largest_singular_value(layer), rtol=1e-5)
    expected = tf.nn.conv2d(x, layer.kernel / largest_singular_value(layer), 1, 'SAME')
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_training_call_does_one_iteration_v_then_u_and_uses_it():
    layer = built()
    kernel, u = layer.kernel.numpy(), layer.u.numpy()
    matrix = kernel.transpose(3, 2, 0, 1).reshape(6, -1)
    v = matrix.T @ u / np.linalg.norm(matrix.T @ u)
    u = matrix @ v / np.linalg.norm(matrix @ v)
    x = image(1, 5, 5, 3)
    actual = layer(x, training=True)
    np.testing.assert_allclose(layer.v, v, atol=1e-6)
    np.testing.assert_allclose(layer.u, u, atol=1e-6)
    np.testing.assert_allclose(actual, tf.nn.conv2d(x, kernel / (u @ matrix @ v), 1, 'SAME'), atol=1e-5)


def test_inference_changes_nothing():
    layer = built()
    before = [weight.numpy() for weight in layer.weights]
    first, second = layer(image(1, 8, 8, 3)), layer(image(1, 8, 8, 3), training=False)
    np.testing.assert_array_equal(first, second)
    for weight, value in zip(layer.weights, before):
        np.testing.assert_array_equal(weight, value)


def test_fresh_layer_is_normalised_before_its_first_training_call():
    ratio = sigma(built(filters=32)) / largest_singular_value(built(filters=32))
    assert 0.5 < ratio <= 1.0


def test_even_kernel_pads_with_one_zero_on_every_side():
    layer = built(channels=2, filters=3, kernel_size=4, strides=2, padding=1)
    layer.bias.assign([0.5, -1.0, 2.0])
    x = image(1, 6, 8, 2)
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    kernel = layer.kernel.numpy() / sigma(layer)
    expected = np.zeros((3, 4, 3))
    for row, column in np.ndindex(3, 4):
        patch = padded[2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
        expected[row, column] = np.tensordot(patch, kernel, 3) + [0.5, -1.0, 2.0]
    np.testing.assert_allclose(layer(x)[0], expected, atol=1e-5)


def test_gradient_of_the_kernel_goes_through_sigma_but_not_through_u_and_v():
    """Against float64 differences of sum(conv(x, W / (u' W v))) with u and v held."""
    layer = built(channels=2, filters=3)
    x = image(1, 4, 4, 2).astype(np.float64)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(x.astype(np.float32), training=True) ** 2)
    actual = tape.gradient(value, layer.kernel).numpy()
    u, v = layer.u.numpy().astype(np.float64), layer.v.numpy().astype(np.float64)

    def function(kernel):
        scale = u @ kernel.transpose(3, 2, 0, 1).reshape(3, -1) @ v
        return np.sum(tf.nn.conv2d(x, kernel / scale, 1, 'SAME').numpy() ** 2)

    kernel = layer.kernel.numpy().astype(np.float64)
    expected = np.zeros_like(kernel)
    for index in np.ndindex(kernel.shape):
        step = np.zeros_like(kernel)
        step[index] = 1e-5
        expected[index] = (function(kernel + step) - function(kernel - step)) / 2e-5
    np.testing.assert_allclose(actual, expected, atol=1e-4 * np.abs(expected).max())


def test_mixed_precision_keeps_sigma_and_variables_in_float32():
    layer = built(dtype='mixed_bfloat16')
    x = image(1, 8, 8, 3)
    assert layer(x, training=True).dtype == tf.bfloat16
    assert {weight.dtype for weight in layer.weights} == {tf.float32}
    plain = built()
    plain(x, training=True)
    np.testing.assert_array_equal(layer.u, plain.u)
    np.testing.assert_array_equal(layer.v, plain.v)


@pytest.mark.parametrize('jit_compile', [False, True])
def test_graph_and_compiled_calls_agree_with_eager(jit_compile):
    eager, traced = built(), built()
    x = image(2, 6, 6, 3)
    function = tf.function(traced, jit_compile=jit_compile)
    for _ in range(3):
        np.testing.assert_allclose(function(x, training=True), eager(x, training=True), atol=1e-5)
    np.testing.assert_allclose(traced.u, eager.u, atol=1e-6)
    np.testing.assert_allclose(traced.v, eager.v, atol=1e-6)


def test_config_makes_the_same_layer():
    layer = built(strides=2, padding=0, use_bias=False, kernel_initializer=tf.keras.initializers.Orthogonal(0.5))
    copy = SpectralConv2D.from_config(layer.get_config())
    copy.build((None, None, None, 3))
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(image(1, 7, 7, 3)), layer(image(1, 7, 7, 3)))
    assert copy.kernel_initializer.gain == 0.5
    assert copy.bias is None


# Logical devices must be made before TensorFlow's first operation, so the replicas live in a process of their own.
REPLICAS = """
import numpy as np
import tensorflow as tf
from posewarp_tf.layers.spectral_norm import SpectralConv2D

cpu = tf.config.list_physical_devices('CPU')[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])
with strategy.scope():
    layer = SpectralConv2D(6, 3, padding=1)
    layer.build((None, None, None, 3))
start = layer.u.numpy()
images = tf.random.stateless_normal((4, 8, 8, 3), (1, 2))
halves = strategy.experimental_distribute_values_from_function(
    lambda context: images[2 * context.replica_id_in_sync_group :][:2]
)
run = tf.function(lambda image: strategy.run(layer, args=(image,), kwargs={'training': True}))
for _ in range(3):
    run(halves)
assert np.any(layer.u.numpy() != start)
for vector in (layer.u, layer.v):
    first, second = vector.values
    np.testing.assert_array_equal(first, second)
kept = layer.u.numpy()
path = tf.train.Checkpoint(layer=layer).save('{folder}/checkpoint')
layer.u.assign(tf.zeros(6))
tf.train.Checkpoint(layer=layer).restore(path)
for replica in layer.u.values:
    np.testing.assert_array_equal(replica, kept)
"""


def test_replicas_keep_the_same_vectors_and_get_them_back_from_a_checkpoint(tmp_path):
    code = REPLICAS.replace('{folder}', str(tmp_path))
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run([sys.executable, '-c', code], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
