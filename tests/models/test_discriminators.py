"""Discriminators against the reference numbers, and as Keras models."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.discriminators import PatchDiscriminator, ResDiscriminator
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, to_pytorch
from tests.conftest import assert_agrees

PUBLISHED = {
    'disc_res': lambda: ResDiscriminator(base_filters=32, max_filters=128, num_layers=4),
    'disc_res_market': lambda: ResDiscriminator(base_filters=32, max_filters=128, num_layers=3),
    'disc_patch': lambda: PatchDiscriminator(base_filters=64, max_filters=512, num_layers=3),
}
SMALL = [ResDiscriminator, PatchDiscriminator]


def small(network):
    tf.keras.utils.set_random_seed(3)
    model = network(base_filters=4, max_filters=8, num_layers=3)
    model(tf.zeros((1, 32, 32, 3)))
    return model


def picture(height=32, width=32, batch=2, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (batch, height, width, 3)).astype(np.float32)


@pytest.mark.parametrize('name', PUBLISHED)
def test_agrees_with_reference(golden, name):
    numbers, model = golden(name), PUBLISHED[name]()
    model.build((None, None, None, 3))
    entries = model.pytorch_names()
    assign_pytorch_weights(entries, numbers.seeded_weights())
    x = tf.constant(numbers['x'].transpose(0, 2, 3, 1))
    assert_agrees(np.transpose(model(x), (0, 3, 1, 2)), numbers['y_eval'])

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=True)
        total = tf.reduce_sum(y)
    assert_agrees(np.transpose(y, (0, 3, 1, 2)), numbers['y_train'])

    kernels = {key: variable for key, variable, _ in entries if f'grad:{key}' in numbers}
    assert kernels
    gradients = tape.gradient(total, [x, *kernels.values()])
    assert_agrees(np.transpose(gradients[0], (0, 3, 1, 2)), numbers['grad_x'], 1e-3)
    for key, gradient in zip(kernels, gradients[1:]):
        assert_agrees(to_pytorch(gradient, 'conv'), numbers[f'grad:{key}'], 1e-3)


@pytest.mark.parametrize('name', PUBLISHED)
def test_every_weight_has_one_name(golden, name):
    model = PUBLISHED[name]()
    model.build((None, None, None, 3))
    entries = model.pytorch_names()
    assert {key for key, _, _ in entries} == set(golden(name).meta['shapes'])
    assert {id(variable) for _, variable, _ in entries} == {id(weight) for weight in model.weights}
    assert len(entries) == len(model.weights)


@pytest.mark.parametrize(('network', 'shape'), [(ResDiscriminator, (4, 8)), (PatchDiscriminator, (2, 6))])
def test_logits_are_one_float32_map_of_the_documented_size(network, shape):
    logits = small(network)(picture(32, 64))
    assert logits.shape == (2, *shape, 1)
    assert logits.dtype == tf.float32


@pytest.mark.parametrize(('network', 'size'), [(ResDiscriminator, 8), (PatchDiscriminator, 24)])
def test_image_too_small_for_its_levels_is_an_error(network, size):
    assert np.prod(small(network)(picture(size, size)).shape) > 0
    with pytest.raises(ConfigError, match=f'--discriminator_num_layers: got 3.* at least {size}x{size}'):
        small(network)(picture(size, size - 1))


@pytest.mark.parametrize('network', SMALL)
def test_examples_do_not_see_each_other(network):
    model, image = small(network), picture()
    np.testing.assert_allclose(model(image)[:1], model(image[:1]), atol=1e-6)


@pytest.mark.parametrize('network', SMALL)
def test_only_training_calls_move_the_spectral_vectors(network):
    model = small(network)
    before = [weight.numpy() for weight in model.non_trainable_weights]
    model(picture())
    model(picture(), training=False)
    for weight, value in zip(model.non_trainable_weights, before):
        np.testing.assert_array_equal(weight, value)
    model(picture(), training=True)
    assert any(np.any(weight.numpy() != value) for weight, value in zip(model.non_trainable_weights, before))


@pytest.mark.parametrize('network', SMALL)
def test_saved_model_computes_the_same(network, tmp_path):
    model = small(network)
    model(picture(), training=True)
    model.save(tmp_path / 'discriminator.keras')
    loaded = tf.keras.models.load_model(tmp_path / 'discriminator.keras')
    np.testing.assert_array_equal(loaded(picture()), model(picture()))


@pytest.mark.parametrize('network', SMALL)
def test_clone_is_a_network_of_the_same_options_with_its_own_weights(network):
    model = small(network)
    clone = tf.keras.models.clone_model(model)
    clone(picture())
    assert clone.get_config() == model.get_config()
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(picture()), model(picture()))
    assert not {id(weight) for weight in clone.weights} & {id(weight) for weight in model.weights}


@pytest.mark.parametrize('network', SMALL)
def test_compiled_training_call_agrees_with_eager(network):
    eager, compiled = small(network), small(network)
    actual = tf.function(compiled, jit_compile=True)(picture(), training=True)
    np.testing.assert_allclose(actual, eager(picture(), training=True), atol=1e-6)


@pytest.mark.parametrize('network', SMALL)
def test_mixed_precision_changes_little(network):
    plain = small(network)
    tf.keras.mixed_precision.set_global_policy('mixed_bfloat16')
    try:
        mixed = small(network)
        mixed.set_weights(plain.get_weights())
        logits = mixed(picture(), training=True)
    finally:
        tf.keras.mixed_precision.set_global_policy('float32')
    assert logits.dtype == tf.float32
    assert {weight.dtype for weight in mixed.weights} == {tf.float32}
    assert_agrees(logits, plain(picture(), training=True), 0.05)
