"""One step on networks so small that it can be computed by hand."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.runs.checkpoints import CheckpointFolder
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training import train_step
from posewarp_tf.training.train_step import Networks, TrainStep


class Scale(tf.keras.Model):
    """image = weight * source_image; the discriminator is weight * image."""

    def __init__(self, weight):
        super().__init__()
        self.scale = tf.keras.layers.Dense(1, use_bias=False, kernel_initializer=tf.keras.initializers.Constant(weight))
        self.scale.build((None, 1))

    def call(self, image, training=False):
        return tf.cast(self.scale(image), tf.float32)

    def run_stage(self, batch, stage, training=False):
        return {'image': self(batch['source_image'])}

    def stage_variables(self, stage):
        return self.trainable_variables


class LeastSquares:
    """L = (image - target)^2 + 3 (D(image) - 1)^2; L_D = (D(target) - 1)^2 + D(image)^2."""

    def generator_terms(self, batch, outputs, discriminators=None, generator=None, step=0):
        terms = {'square': tf.reduce_sum((outputs['image'] - batch['target_image']) ** 2, axis=1)}
        if discriminators:
            terms['adversarial'] = tf.reduce_sum((discriminators['image'](outputs['image']) - 1) ** 2, axis=1)
        return terms

    def total(self, terms):
        return terms['square'] + 3 * terms.get('adversarial', 0.0)

    def discriminator_terms(self, batch, outputs, discriminator, step, subject):
        return {
            'real': tf.reduce_sum((discriminator(batch['target_image']) - 1) ** 2, axis=1),
            'fake': tf.reduce_sum(discriminator(tf.stop_gradient(outputs['image'])) ** 2, axis=1),
        }


SOURCE, TARGET = np.array([0.5, 2.0]), np.array([1.0, 3.0])
BATCH = {
    'source_image': tf.constant(SOURCE[:, None], tf.float32),
    'target_image': tf.constant(TARGET[:, None], tf.float32),
}


@pytest.fixture
def gradient_descent(monkeypatch):
    """Plain gradient descent of rate 0.1 (0.01 for the discriminator), which is easy to follow by hand."""
    monkeypatch.setattr(
        train_step,
        'make_optimizer',
        lambda config, steps, variables, ratio=1.0, updates_per_step=1: tf.keras.optimizers.SGD(0.1 * ratio),
    )


def make_step(config, model, discriminator=None, average=None, objective=None):
    config = dataclasses.replace(config, stage_steps={'full': 10})
    discriminators = {} if discriminator is None else {'image': discriminator}
    return TrainStep(config, 'full', objective or LeastSquares(), Networks(model, average, discriminators))


def weight_of(model):
    return float(model.scale.kernel[0, 0])


def test_generator_descends_the_mean_over_the_batch(gradient_descent):
    model = Scale(0.5)
    losses = make_step(TrainingConfig(batch_size=2), model)(BATCH)
    assert float(losses['total']) == pytest.approx(np.mean((0.5 * SOURCE - TARGET) ** 2))
    gradient = np.mean(2 * (0.5 * SOURCE - TARGET) * SOURCE)
    assert weight_of(model) == pytest.approx(0.5 - 0.1 * gradient, rel=1e-6)


def test_discriminator_goes_first_and_generator_meets_the_updated_one(gradient_descent):
    model, discriminator = Scale(0.5), Scale(0.3)
    losses = make_step(TrainingConfig(batch_size=2), model, discriminator)(BATCH)
    image = 0.5 * SOURCE
    real, fake = (0.3 * TARGET - 1) ** 2, (0.3 * image) ** 2
    d_gradient = np.mean(2 * (0.3 * TARGET - 1) * TARGET + 2 * 0.3 * image * image)
    d_weight = 0.3 - 0.01 * d_gradient
    adversarial = (d_weight * image - 1) ** 2
    gradient = np.mean(2 * (image - TARGET) * SOURCE + 3 * 2 * (d_weight * image - 1) * d_weight * SOURCE)
    assert weight_of(discriminator) == pytest.approx(d_weight, rel=1e-6)
    assert weight_of(model) == pytest.approx(0.5 - 0.1 * gradient, rel=1e-6)
    expected = {
        'total': np.mean((image - TARGET) ** 2 + 3 * adversarial),
        'square': np.mean((image - TARGET) ** 2),
        'adversarial': np.mean(adversarial),
        'discriminator_real': np.mean(real),
        'discriminator_fake': np.mean(fake),
    }
    assert {name: float(loss) for name, loss in losses.items()} == pytest.approx(expected, rel=1e-6)


def test_gradient_is_clipped_to_its_global_norm(gradient_descent):
    model = Scale(0.5)
    make_step(TrainingConfig(batch_size=2, gradient_clip_norm=0.25), model)(BATCH)
    assert weight_of(model) == pytest.approx(0.5 + 0.1 * 0.25, rel=1e-6)


def test_terms_may_run_the_generator_and_know_the_step():
    class Curious(LeastSquares):
        def generator_terms(self, batch, outputs, discriminators=None, generator=None, step=0):
            twice = generator({'source_image': outputs['image']})['image']
            return {'square': tf.reduce_sum(twice**2, axis=1) + tf.cast(step, tf.float32)}

    model = Scale(0.5)
    step = make_step(TrainingConfig(batch_size=2), model, objective=Curious())
    first = float(step(BATCH)['total'])
    assert first == pytest.approx(np.mean((0.25 * SOURCE) ** 2), rel=1e-6)
    weight = weight_of(model)
    assert float(step(BATCH)['total']) == pytest.approx(np.mean((weight**2 * SOURCE) ** 2) + 1, rel=1e-6)


def test_a_stage_may_have_its_own_learning_rate():
    training = TrainingConfig(batch_size=2, learning_rate=0.5, stage_learning_rates={'full': 0.25})
    assert make_step(training, Scale(0.5)).learning_rate == 0.25


def test_average_follows_the_updated_generator(gradient_descent):
    model, average = Scale(0.5), Scale(0.5)
    make_step(TrainingConfig(batch_size=2, ema_decay=0.1), model, average=average)(BATCH)
    assert weight_of(average) == pytest.approx(0.1 * 0.5 + 0.9 * weight_of(model), rel=1e-6)


def test_step_is_traced_once():
    step = make_step(TrainingConfig(batch_size=2), Scale(0.5), Scale(0.3))
    for _ in range(4):
        step(BATCH)
    assert step._graph.experimental_get_tracing_count() == 1


def test_compiled_step_does_the_same():
    networks = {}
    for jit_compile in (False, True):
        with tf.distribute.MirroredStrategy(['CPU:0']).scope():
            networks[jit_compile] = model, discriminator, average = Scale(0.5), Scale(0.3), Scale(0.5)
            config = TrainingConfig(batch_size=2, learning_rate=0.01, ema_decay=0.5, jit_compile=jit_compile)
            step = make_step(config, model, discriminator, average)
        for _ in range(3):
            step(BATCH)
    assert step._graph.function_spec.jit_compile
    for plain, compiled in zip(networks[False], networks[True]):
        assert weight_of(compiled) == pytest.approx(weight_of(plain), rel=1e-5)


@pytest.fixture
def half_precision():
    tf.keras.mixed_precision.set_global_policy('mixed_float16')
    yield
    tf.keras.mixed_precision.set_global_policy('float32')


def test_loss_scaling_does_not_change_the_update(half_precision, tmp_path):
    config = TrainingConfig(batch_size=2, learning_rate=0.01, adam_beta_1=0.5, gradient_clip_norm=1.0)
    model = Scale(0.5)
    step = make_step(config, model)
    assert isinstance(step.parts['optimizer'], tf.keras.mixed_precision.LossScaleOptimizer)
    tf.keras.mixed_precision.set_global_policy('float32')
    reference = Scale(0.5)
    reference_step = make_step(config, reference)
    # Small enough for the initial loss scale.
    batch = {name: 0.1 * image for name, image in BATCH.items()}
    for _ in range(3):
        step(batch)
        reference_step(batch)
    assert model.scale.kernel.dtype == tf.float32
    assert weight_of(model) == pytest.approx(weight_of(reference), rel=1e-3)
    assert weight_of(model) > 0.52

    CheckpointFolder(tmp_path, 1, step.parts).save(3)
    assert CheckpointFolder(tmp_path, 1, step.parts).restore() == 3


def test_overflow_of_half_precision_skips_the_step_and_lowers_the_loss_scale(half_precision):
    model = Scale(0.5)
    step = make_step(TrainingConfig(batch_size=2), model)
    optimizer = step.parts['optimizer']
    before = float(optimizer.loss_scale)
    step({**BATCH, 'target_image': tf.constant([[6e4], [6e4]])})
    assert weight_of(model) == 0.5
    assert float(optimizer.loss_scale) == before / 2
