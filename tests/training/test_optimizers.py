import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.optimizers import LinearDecay, make_optimizer, update_moving_average


@pytest.mark.parametrize(('step', 'expected'), [(0, 0.2), (60, 0.2), (80, 0.1), (90, 0.05), (100, 0.0), (130, 0.0)])
def test_learning_rate_is_constant_and_then_falls_to_zero(step, expected):
    assert float(LinearDecay(0.2, start=60, end=100)(tf.constant(step))) == pytest.approx(expected)


def test_learning_rate_stays_constant_without_decay():
    optimizer = make_optimizer(TrainingConfig(learning_rate=0.5, decay_start=1.0), 3, [tf.Variable(0.0)], 0.1)
    schedule = LinearDecay.from_config(optimizer.get_config()['learning_rate']['config'])
    assert [float(schedule(step)) for step in range(4)] == pytest.approx([0.05] * 4)


def test_adam_follows_its_formula():
    config = TrainingConfig(learning_rate=0.01, adam_beta_1=0.5, adam_beta_2=0.9)
    variable = tf.Variable([1.0, -2.0])
    optimizer = make_optimizer(config, 100, [variable])
    expected, mean, square = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for step, gradient in enumerate(np.array([[0.3, -4.0], [0.1, 2.0], [-0.7, 1.0]]), start=1):
        optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
        mean = 0.5 * mean + 0.5 * gradient
        square = 0.9 * square + 0.1 * gradient**2
        expected = expected - 0.01 * (mean / (1 - 0.5**step)) / (np.sqrt(square / (1 - 0.9**step)) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)


def test_moving_average_follows_its_formula():
    model, average = (tf.keras.Sequential([tf.keras.layers.Dense(1, use_bias=False)]) for _ in range(2))
    for network in (model, average):
        network.build((None, 1))
    average.set_weights([np.array([[1.0]])])
    expected = 1.0
    for step, weight in enumerate((2.0, 5.0, -3.0)):
        model.set_weights([np.array([[weight]])])
        update_moving_average(average, model, decay=0.15, step=tf.constant(step))
        decay = min(0.15, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight
        assert average.weights[0].numpy().item() == pytest.approx(expected, rel=1e-6)
