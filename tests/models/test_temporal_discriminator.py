"""The discriminator of animations agrees with reference numbers and keeps the contracts of the others."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.discriminators.temporal import TemporalDiscriminator
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, to_pytorch
from tests.conftest import assert_agrees


def small(**options):
    model = TemporalDiscriminator(**{'base_filters': 4, 'max_filters': 8, 'num_layers': 3, **options})
    tf.keras.utils.set_random_seed(1)
    model(frames(model.num_frames))
    return model


def frames(number=6, size=16):
    return tf.random.stateless_normal((2, number, size, size, 3), seed=(0, 1))


def test_temporal_discriminator_agrees_with_reference(golden):
    numbers, model = golden('disc_temporal'), TemporalDiscriminator()
    x = tf.constant(numbers['x'].transpose(0, 2, 3, 4, 1))
    model(x)
    entries = model.pytorch_names()
    assert {id(variable) for _, variable, _ in entries} == {id(weight) for weight in model.weights}
    assert len(entries) == len(model.weights)
    assign_pytorch_weights(entries, numbers.seeded_weights())
    assert_agrees(np.transpose(model(x), (0, 3, 1, 2)), numbers['y_eval'])

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=True)
        total = tf.reduce_sum(y)
    assert_agrees(np.transpose(y, (0, 3, 1, 2)), numbers['y_train'])
    kernels = {key: (variable, kind) for key, variable, kind in entries if f'grad:{key}' in numbers}
    assert {kind for _, kind in kernels.values()} == {'conv', 'conv_3d'}
    gradients = tape.gradient(total, [x, *(variable for variable, _ in kernels.values())])
    assert_agrees(np.transpose(gradients[0], (0, 4, 1, 2, 3)), numbers['grad_x'], 1e-3)
    for (key, (_, kind)), gradient in zip(kernels.items(), gradients[1:]):
        assert_agrees(to_pytorch(gradient, kind), numbers[f'grad:{key}'], 1e-3)


def test_logits_are_one_float32_map_per_window():
    logits = small()(frames())
    assert logits.shape == (2, 2, 2, 1)
    assert logits.dtype == tf.float32


def test_every_frame_counts():
    model, window = small(), frames()
    plain = model(window)
    for index in range(6):
        changed = window.numpy()
        changed[:, index] = 0
        assert np.max(np.abs(model(changed) - plain)) > 0


def test_order_of_the_frames_counts():
    model, window = small(), frames()
    assert np.max(np.abs(model(window[:, ::-1]) - model(window))) > 0


@pytest.mark.parametrize('number', [5, 7])
def test_another_number_of_frames_is_an_error(number):
    with pytest.raises(ConfigError, match=f'got {number} frames, expected 6'):
        small()(frames(number))


@pytest.mark.parametrize('options', [{'num_frames': 4}, {'num_layers': 1}])
def test_too_few_frames_or_levels_are_an_error(options):
    with pytest.raises(ConfigError, match='expected at least 2 and 5'):
        small(**options)
