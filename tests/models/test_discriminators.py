"""Discriminators against the reference numbers, and as Keras models."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.errors import ConfigError
from posewarp_tf.models.discriminators.build import DISCRIMINATORS, build_discriminator
from posewarp_tf.models.discriminators.image import (
    Discriminator,
    MultiscalePatchDiscriminator,
    PatchDiscriminator,
    ResDiscriminator,
)
from posewarp_tf.models.discriminators.temporal import TemporalDiscriminator
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, to_pytorch
from posewarp_tf.settings.config import Config
from tests.conftest import assert_agrees

PUBLISHED = {
    'disc_res': lambda: ResDiscriminator(base_filters=32, max_filters=128, num_layers=4),
    'disc_res_market': lambda: ResDiscriminator(base_filters=32, max_filters=128, num_layers=3),
    'disc_patch': lambda: PatchDiscriminator(base_filters=64, max_filters=512, num_layers=3),
}
SMALL = [ResDiscriminator, PatchDiscriminator]
ALL = [*SMALL, MultiscalePatchDiscriminator, TemporalDiscriminator]


def small(network):
    tf.keras.utils.set_random_seed(3)
    model = network(base_filters=4, max_filters=8, num_layers=2 if network is MultiscalePatchDiscriminator else 3)
    model(judged(network, batch=1))
    return model


def flat(logits):
    """[B, all logits of an example], of one map or several."""
    maps = tf.nest.flatten(logits)
    return np.concatenate([np.reshape(values, (len(values), -1)) for values in maps], axis=1)


def judged(network, batch=2):
    """What a discriminator judges: pictures, or windows of six frames."""
    if network is TemporalDiscriminator:
        return np.stack([picture(batch=batch, seed=seed) for seed in range(6)], axis=1)
    return picture(batch=batch)


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


def test_every_discriminator_is_in_the_catalogue():
    assert set(ALL) == set(Discriminator.__subclasses__()) >= set(DISCRIMINATORS.values())


@pytest.mark.parametrize('network', ALL)
def test_examples_do_not_see_each_other(network):
    model, image = small(network), judged(network)
    np.testing.assert_allclose(flat(model(image))[:1], flat(model(image[:1])), atol=1e-6)


@pytest.mark.parametrize('network', ALL)
def test_only_training_calls_move_the_spectral_vectors(network):
    model = small(network)
    before = [weight.numpy() for weight in model.non_trainable_weights]
    model(judged(network))
    model(judged(network), training=False)
    for weight, value in zip(model.non_trainable_weights, before):
        np.testing.assert_array_equal(weight, value)
    model(judged(network), training=True)
    assert any(np.any(weight.numpy() != value) for weight, value in zip(model.non_trainable_weights, before))


@pytest.mark.parametrize('network', ALL)
def test_saved_model_computes_the_same(network, tmp_path):
    model = small(network)
    model(judged(network), training=True)
    model.save(tmp_path / 'discriminator.keras')
    loaded = tf.keras.models.load_model(tmp_path / 'discriminator.keras')
    np.testing.assert_array_equal(flat(loaded(judged(network))), flat(model(judged(network))))


@pytest.mark.parametrize('network', ALL)
def test_clone_is_a_network_of_the_same_options_with_its_own_weights(network):
    model = small(network)
    clone = tf.keras.models.clone_model(model)
    clone(judged(network))
    assert clone.get_config() == model.get_config()
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(flat(clone(judged(network))), flat(model(judged(network))))
    assert not {id(weight) for weight in clone.weights} & {id(weight) for weight in model.weights}


@pytest.mark.parametrize('network', ALL)
def test_compiled_training_call_agrees_with_eager(network):
    eager, compiled = small(network), small(network)
    actual = tf.function(compiled, jit_compile=True)(judged(network), training=True)
    np.testing.assert_allclose(flat(actual), flat(eager(judged(network), training=True)), atol=1e-6)


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


def test_multiscale_sees_the_image_at_half_size_too():
    model = small(MultiscalePatchDiscriminator)
    image = picture(96, 64)
    logits = model(image)
    halved = image.reshape(2, 48, 2, 32, 2, 3).mean(axis=(2, 4))
    assert [values.shape for values in logits] == [(2, 22, 14, 1), (2, 10, 6, 1)]
    np.testing.assert_allclose(logits[0], model.scales[0](image), atol=1e-6)
    np.testing.assert_allclose(logits[1], model.scales[1](halved), atol=1e-6)


def test_multiscale_image_too_small_for_its_coarsest_scale_is_an_error():
    with pytest.raises(ConfigError, match='--discriminator_num_scales: got 2.* at least 24x24'):
        small(MultiscalePatchDiscriminator)(picture(64, 23))


def test_features_are_what_the_logits_are_made_of():
    for network in SMALL:
        model = small(network)
        logits, features = model(picture(), return_features=True)
        np.testing.assert_array_equal(logits, model(picture()))
        assert len(features) == 3 + (network is PatchDiscriminator)
        assert [feature.shape[1] for feature in features[:3]] == [16, 8, 4]
    head = model.convs[-1]
    np.testing.assert_allclose(head(tf.nn.leaky_relu(features[-1], 0.1)), logits, atol=1e-6)
    logits, features = small(MultiscalePatchDiscriminator)(picture(64, 64), return_features=True)
    assert len(logits) == 2 and len(features) == 6


def test_registry_builds_a_discriminator_of_images_or_of_garment_maps():
    for name in DISCRIMINATORS:
        config = Config().replace(
            model='pfl', use_garment=True, image_size=(96, 64),
            discriminator=name, discriminator_base_filters=4, discriminator_num_layers=2,
            discriminator_num_scales=3,
        )  # fmt: skip
        for subject, channels in (('image', 3), ('garment', len(GARMENT_NAMES))):
            discriminator = build_discriminator(config, subject)
            logits = tf.nest.flatten(discriminator(tf.zeros((1, 96, 64, channels))))
            assert len(logits) == (3 if name == 'multiscale_patch' else 1)
