"""The objective: which terms, with which weights, from what."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses import adversarial
from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.sampling_correctness import sampling_correctness
from posewarp_tf.losses.terms import TERMS
from posewarp_tf.losses.vgg import VGGFeatures
from posewarp_tf.models.gfla.config import FULL
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.registry import MODELS
from posewarp_tf.settings.config import Config
from tests.conftest import assert_agrees
from tests.motions import flows_of, moving

SIZE = (32, 64)


def config(stage='full', **values):
    """A config for small pictures; `weights` are those of one stage."""
    weights = values.pop('weights', None)
    if weights is not None:
        values['loss_weights'] = {stage: weights}
    own = {'attention_kernels': {2: 5, 3: 3}} if values.get('model', 'gfla') == 'gfla' else {}
    settings = {'image_size': SIZE, **own, 'vgg_weights': 'random', **values}
    return Config().replace(**settings)


def scene(batch_size=2, seed=0):
    """A batch and the outputs of a model."""
    rng = np.random.default_rng(seed)
    images = rng.uniform(-1, 1, (3, batch_size, *SIZE, 3)).astype(np.float32)
    flows = [rng.normal(0, 1, (batch_size, SIZE[0] >> s, SIZE[1] >> s, 2)).astype(np.float32) for s in (3, 2)]
    batch = {'source_image': images[0], 'target_image': images[1]}
    batch['target_parts'] = rng.integers(0, 3, (batch_size, *SIZE)).astype(np.uint8)
    return tf.nest.map_structure(tf.constant, (batch, {'image': images[2], 'motions': {'source': Motion(flows)}}))


class Critic:
    """A discriminator that counts; logits are the means of patches of the first channel."""

    def __init__(self):
        self.calls = []

    def __call__(self, image, training=False):
        self.calls.append((image.shape[0], training))
        return tf.nn.avg_pool2d(image[..., :1], 8, 8, 'VALID') * 3


@pytest.fixture(scope='module')
def full():
    return Objective(config(), 'full')


def test_flow_stage_agrees_with_reference(golden, golden_vgg_path):
    numbers = golden('losses')
    terms = Objective(config(image_size=(64, 64), vgg_weights=golden_vgg_path), 'flow').generator_terms(
        {'source_image': numbers['source'], 'target_image': numbers['target']},
        moving([numbers['c_flow0'], numbers['c_flow1']]),
    )
    assert list(terms) == ['correctness', 'affine']
    assert_agrees(tf.reduce_mean(terms['correctness']), numbers['correctness'])


def test_terms_agree_with_reference(golden, golden_vgg_path):
    """The affine term has flows of its own; content and style compare the target, as generated, with the source."""
    numbers = golden('losses')
    weights = {'affine': 0.5, 'perceptual': 1.0, 'style': 2.0}
    goal = Objective(config(image_size=(64, 64), vgg_weights=golden_vgg_path, weights=weights), 'full')
    images = {'source_image': numbers['target'], 'target_image': numbers['source']}
    outputs = {'image': numbers['target'], 'motions': {'source': Motion([numbers['flow0'], numbers['flow1']])}}
    terms = goal.generator_terms(images, outputs)
    expected = {
        'affine': numbers['regularization'],
        'perceptual': numbers['content'],
        'style': numbers['style'],
    }
    assert set(terms) == set(expected)
    for name, value in expected.items():
        assert_agrees(tf.reduce_mean(terms[name]), value)
    total = sum(weights[name] * value for name, value in expected.items())
    assert_agrees(tf.reduce_mean(goal.total(terms)), total)


def test_every_term_is_one_float32_number_per_example_that_ignores_the_others(full):
    """So the sums of two halves of a batch are the sum of the whole."""
    batch, outputs = scene()
    together = full.generator_terms(batch, outputs, {'image': Critic()})
    discriminator = full.discriminator_terms(batch, outputs, Critic())
    assert set(together) == set(FULL.weights)
    for i in range(2):
        half = tf.nest.map_structure(lambda tensor, i=i: tensor[i : i + 1], (batch, outputs))
        for whole, part in (
            (together, full.generator_terms(*half, {'image': Critic()})),
            (discriminator, full.discriminator_terms(*half, Critic())),
            ({'total': full.total(together)}, {'total': full.total(full.generator_terms(*half, {'image': Critic()}))}),
        ):
            for name, value in whole.items():
                assert value.shape == (2,)
                assert value.dtype == tf.float32
                np.testing.assert_allclose(part[name], value[i : i + 1], rtol=1e-4, err_msg=name)


def test_total_is_the_weighted_sum(full):
    terms = full.generator_terms(*scene(), {'image': Critic()})
    expected = sum(FULL.weights[name] * np.array(value) for name, value in terms.items())
    np.testing.assert_allclose(full.total(terms), expected, rtol=1e-5)


def test_gradient_reaches_flows_and_image_but_not_the_pictures_of_the_batch(full):
    batch, outputs = scene()
    pictures = [batch['source_image'], batch['target_image']]
    with tf.GradientTape() as tape:
        tape.watch([outputs, batch['source_image']])
        terms = full.generator_terms(batch, outputs, {'image': Critic()})
        total = tf.reduce_sum(full.total({name: terms[name] for name in FULL.weights}))
    *generated, source = tape.gradient(total, [outputs['image'], *flows_of(outputs), pictures[0]])
    assert all(np.any(gradient != 0) for gradient in generated)
    assert source is None


def test_each_image_passes_vgg_once_and_no_deeper_than_needed(monkeypatch):
    passes = []
    original = VGGFeatures.__call__

    def counting(self, image, taps):
        passes.append(sorted(taps))
        return original(self, image, taps)

    monkeypatch.setattr(VGGFeatures, '__call__', counting)
    goal = Objective(config(weights={'correctness': 1.0, 'perceptual': 1.0, 'style': 0.0}), 'full')
    goal.generator_terms(*scene())
    perceptual = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
    assert sorted(passes, key=len) == [['relu3_1', 'relu4_1'], perceptual, perceptual]


def test_terms_without_weight_are_not_computed_and_need_nothing():
    goal = Objective(config(weights={'l1': 1.0, 'style': 0.0, 'adversarial': 0}, vgg_weights='imagenet'), 'full')
    batch, outputs = scene()
    terms = goal.generator_terms(batch, {'image': outputs['image']})
    np.testing.assert_allclose(
        terms['l1'], np.abs(outputs['image'] - batch['target_image']).mean(axis=(1, 2, 3)), rtol=1e-5
    )
    assert list(terms) == ['l1']
    assert goal.judges == ()
    assert goal.notes() == {}


def test_low_precision_outputs_are_measured_in_float32():
    goal = Objective(config(weights={'l1': 1.0, 'affine': 1.0, 'adversarial': 1.0}), 'full')
    batch, outputs = scene()
    half = tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float16), outputs)
    expected = goal.generator_terms(batch, outputs, {'image': Critic()})
    for name, value in goal.generator_terms(batch, half, {'image': Critic()}).items():
        assert value.dtype == tf.float32
        np.testing.assert_allclose(value, expected[name], rtol=1e-2)


def test_discriminator_sees_both_images_in_one_training_call_and_the_generator_leaves_it_alone():
    goal = Objective(config(weights={'adversarial': 2.0}), 'full')
    batch, outputs = scene()
    critic = Critic()
    terms = goal.discriminator_terms(batch, outputs, critic)
    assert critic.calls == [(4, True)]
    expected = adversarial.discriminator_losses('lsgan', critic(batch['target_image']), critic(outputs['image']))
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5)
    critic = Critic()
    generator = goal.generator_terms(batch, outputs, {'image': critic})['adversarial']
    assert critic.calls == [(2, False)]
    np.testing.assert_allclose(generator, adversarial.generator_loss('lsgan', critic(outputs['image'])), rtol=1e-6)


@pytest.mark.parametrize('form', ['lsgan', 'hinge', 'wgan-gp'])
def test_update_of_the_discriminator_does_not_reach_the_generator(form):
    goal = Objective(config(weights={'adversarial': 1.0}, adversarial_loss=form), 'full')
    batch, outputs = scene()
    slope = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        tape.watch(outputs['image'])
        terms = goal.discriminator_terms(
            batch, outputs, lambda image, training: slope * Critic()(image), step=tf.Variable(3, dtype=tf.int64)
        )
        total = tf.reduce_sum(tf.add_n(list(terms.values())))
    of_image, of_slope = tape.gradient(total, [outputs['image'], slope])
    assert of_image is None
    assert of_slope != 0
    assert set(terms) == {'real', 'fake'} | ({'gradient_penalty'} if form == 'wgan-gp' else set())


def test_without_a_discriminator_the_other_terms_remain():
    goal = Objective(config(weights={'adversarial': 2.0, 'l1': 3.0}), 'full')
    assert goal.judges == ('image',)
    terms = goal.generator_terms(*scene())
    assert list(terms) == ['l1']
    np.testing.assert_allclose(goal.total(terms), 3 * terms['l1'], rtol=1e-6)


def test_foreground_is_where_the_target_has_a_part():
    goal = Objective(config('flow', weights={'correctness': 1.0}, foreground_correctness=True), 'flow')
    batch, outputs = scene()
    taps = ('relu4_1', 'relu3_1')
    extract = VGGFeatures(taps, 'random')
    source, target = extract(batch['source_image'], taps), extract(batch['target_image'], taps)
    mask = (batch['target_parts'].numpy()[..., None] > 0).astype(np.float32)
    expected = sum(sampling_correctness(f, source[t], target[t], mask) for f, t in zip(flows_of(outputs), taps))
    np.testing.assert_allclose(goal.generator_terms(batch, outputs)['correctness'], expected, rtol=1e-5)
    del batch['target_parts']
    with pytest.raises(DataError, match='--foreground_correctness needs part maps'):
        goal.generator_terms(batch, outputs)


@pytest.mark.parametrize('transform', ['none', 'global_attention'])
def test_flow_terms_of_a_model_without_flow_are_left_out_and_noted(transform):
    goal = Objective(config(spatial_transform=transform, weights={'correctness': 5.0, 'affine': 1, 'l1': 5.0}), 'full')
    batch, outputs = scene()
    assert list(goal.generator_terms(batch, {**outputs, 'motions': {}})) == ['l1']
    reason = f'(spatial_transform={transform} has no flow)'
    assert goal.notes() == {'terms_left_out': f'correctness {reason}, affine {reason}'}


def test_random_vgg_is_noted_and_warned_about(caplog):
    with caplog.at_level('WARNING', logger='absl'):
        goal = Objective(config('flow', weights={'correctness': 1.0}), 'flow')
    assert goal.notes() == {'vgg_weights': 'random'}
    assert [record.message for record in caplog.records] == [
        '--vgg_weights=random: losses compare pictures in the features of an untrained VGG-19'
    ]


@pytest.mark.parametrize(
    ('stage', 'values', 'message'),
    [
        ('full', {'weights': {'l1': 1.0, 'lpips': 1.0}}, r'unknown full.lpips: the terms are correctness, affine, l1'),
        ('dream', {}, "no terms for stage 'dream', only for flow, full"),
        ('full', {'weights': {'l1': 0.0}}, "stage 'full' has no term with a weight"),
        ('flow', {'spatial_transform': 'none'}, 'correctness: spatial_transform=none has no flow; affine: '),
        ('garment', {'model': 'pfl'}, 'garment_cross_entropy: the model has no GarmentNet'),
        ('flow', {'image_size': (32, 32), 'attention_kernels': {3: 5}}, 'got kernel 5 at scale 3, more than the 4'),
        (
            'flow',
            {'attention_kernels': {5: 1}, 'num_layers': 5, 'flow_num_layers': 6, 'image_size': (64, 64)},
            'no features at scale 5',
        ),
        (
            'full',
            {'image_size': (8, 32), 'attention_kernels': {1: 3}, 'flow_num_layers': 2},
            'got 8,32, expected at least 16,16 for the features relu5_2 of VGG-19',
        ),
    ],
)
def test_objective_that_cannot_work_is_refused(stage, values, message):
    with pytest.raises(ConfigError, match=message):
        Objective(config(stage, **values), stage)


def test_term_over_an_output_that_the_stage_lacks_is_refused():
    batch, outputs = scene()
    goal = Objective(config('flow', weights={'l1': 1.0}), 'flow')
    with pytest.raises(ConfigError, match='flow.l1: the stage computes no image'):
        goal.generator_terms(batch, moving(flows_of(outputs)))
    goal = Objective(config('flow', weights={'adversarial': 1.0}), 'flow')
    with pytest.raises(ConfigError, match='flow.adversarial: the stage computes no image'):
        goal.discriminator_terms(batch, moving(flows_of(outputs)), Critic())


@pytest.mark.parametrize('jit_compile', [False, True])
def test_graph_agrees_with_eager(jit_compile):
    weights = {'correctness': 5.0, 'affine': 0.1, 'l1': 1.0, 'adversarial': 1.0}
    goal = Objective(config(weights=weights, adversarial_loss='wgan-gp'), 'full')

    def compute(batch, outputs):
        terms = goal.generator_terms(batch, outputs, {'image': Critic()})
        return {**terms, **goal.discriminator_terms(batch, outputs, Critic(), step=5)}

    expected = compute(*scene())
    for name, value in tf.function(compute, jit_compile=jit_compile)(*scene()).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, err_msg=name)


def test_every_term_of_the_default_weights_is_known():
    assert {name for config in MODELS.values() for stage in config.all_stages for name in stage.weights} <= set(TERMS)
