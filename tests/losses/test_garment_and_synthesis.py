"""Terms of the garment, synthesis and joint stages through the objective."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses import adversarial
from posewarp_tf.losses.labels import class_balanced_cross_entropy
from posewarp_tf.losses.objective import Objective
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.settings.config import Config

SIZE = (32, 32)
BATCH = 2
SETTINGS = {
    'image_size': SIZE,
    'vgg_weights': 'random',
    'use_garment': True,
    'model': 'pfl',
    'spatial_transform': 'bilinear',
    'discriminator': 'multiscale_patch',
    'discriminator_base_filters': 4,
    'discriminator_num_layers': 2,
}


def objective(stage, weights, **values):
    return Objective(config(stage, weights, **values), stage)


def config(stage, weights, **values):
    return Config().replace(loss_weights={stage: weights}, **{**SETTINGS, **values})


def scene(seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-1, 1, (3, BATCH, *SIZE, 3)).astype(np.float32)
    batch = {
        'source_image': images[0],
        'target_image': images[1],
        'target_garment': rng.integers(0, 16, (BATCH, *SIZE)).astype(np.uint8),
    }
    outputs = {
        'image': images[2],
        'garment': rng.normal(0, 2, (BATCH, *SIZE, 16)).astype(np.float32),
        'composition_mask': rng.uniform(0, 1, (BATCH, *SIZE, 1)).astype(np.float32),
        'motions': {},
    }
    return tf.nest.map_structure(tf.constant, (batch, outputs))


class Critic:
    """Two maps of logits and one of features; it counts."""

    def __init__(self):
        self.calls = []

    def __call__(self, picture, training=False, return_features=False):
        self.calls.append((tuple(picture.shape), training))
        features = tf.nn.avg_pool2d(picture, 8, 8, 'VALID')
        logits = [tf.reduce_mean(features, axis=-1, keepdims=True), tf.nn.avg_pool2d(features[..., :1], 2, 2, 'VALID')]
        return (logits, [features]) if return_features else logits


def test_cross_entropy_and_mask_prior_are_what_they_say():
    batch, outputs = scene()
    goal = objective('joint', {'garment_cross_entropy': 1.0, 'mask_prior': 1.0})
    terms = goal.generator_terms(batch, outputs)
    expected = class_balanced_cross_entropy(outputs['garment'], batch['target_garment'])
    np.testing.assert_allclose(terms['garment_cross_entropy'], expected, rtol=1e-6)
    np.testing.assert_allclose(terms['mask_prior'], np.mean(outputs['composition_mask'], axis=(1, 2, 3)), rtol=1e-6)
    assert goal.judges == ()


def test_a_discriminator_of_garments_sees_probabilities_and_one_hot_maps():
    batch, outputs = scene()
    goal = objective('garment', {'garment_adversarial': 1.0})
    assert goal.judges == ('garment',)
    critic = Critic()
    terms = goal.discriminator_terms(batch, outputs, critic, subject='garment')
    assert critic.calls == [((2 * BATCH, *SIZE, 16), True)]
    fake, real = tf.nn.softmax(outputs['garment']), tf.one_hot(batch['target_garment'], 16)
    expected = adversarial.discriminator_losses('lsgan', critic(real), critic(fake))
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5)
    found = goal.generator_terms(batch, outputs, {'garment': critic})['garment_adversarial']
    np.testing.assert_allclose(found, adversarial.generator_loss('lsgan', critic(fake)), rtol=1e-5)


def test_feature_matching_shares_its_pass_with_the_adversarial_term():
    batch, outputs = scene()
    goal = objective('synthesis', {'adversarial': 1.0, 'feature_matching': 10.0})
    assert goal.judges == ('image',)
    critic = Critic()
    terms = goal.generator_terms(batch, outputs, {'image': critic})
    assert critic.calls == [((BATCH, *SIZE, 3), False)] * 2
    pooled = [tf.nn.avg_pool2d(picture, 8, 8, 'VALID') for picture in (outputs['image'], batch['target_image'])]
    np.testing.assert_allclose(terms['feature_matching'], np.abs(pooled[0] - pooled[1]).mean(axis=(1, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(
        terms['adversarial'], adversarial.generator_loss('lsgan', critic(outputs['image'])), rtol=1e-5
    )
    same = {**outputs, 'image': batch['target_image']}
    assert np.max(goal.generator_terms(batch, same, {'image': critic})['feature_matching']) == 0


@pytest.mark.parametrize('form', ['lsgan', 'hinge', 'wgan-gp'])
@pytest.mark.parametrize('name', ['res', 'patch', 'multiscale_patch'])
def test_every_discriminator_serves_every_form_and_matches_features(name, form):
    weights = {'adversarial': 1.0, 'feature_matching': 1.0}
    settings = config('synthesis', weights, discriminator=name, adversarial_loss=form)
    goal, discriminator = Objective(settings, 'synthesis'), build_discriminator(settings)
    batch, outputs = scene()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(outputs['image'])
        terms = goal.generator_terms(batch, outputs, {'image': discriminator})
        judged = tf.add_n(list(goal.discriminator_terms(batch, outputs, discriminator, step=1).values()))
    for term in weights:
        assert terms[term].shape == (BATCH,)
        assert np.any(tape.gradient(terms[term], outputs['image']) != 0)
    assert judged.shape == (BATCH,)
    assert tape.gradient(judged, outputs['image']) is None
    gradients = tape.gradient(judged, discriminator.trainable_variables)
    assert any(np.any(gradient != 0) for gradient in gradients if gradient is not None)


def test_a_stage_may_have_a_discriminator_for_each_of_its_outputs():
    goal = objective('joint', {'adversarial': 1.0, 'garment_adversarial': 1.0})
    assert goal.judges == ('image', 'garment')
    batch, outputs = scene()
    critics = {'image': Critic(), 'garment': Critic()}
    terms = goal.generator_terms(batch, outputs, critics)
    assert critics['image'].calls == [((BATCH, *SIZE, 3), False)]
    assert critics['garment'].calls == [((BATCH, *SIZE, 16), False)]
    fake = Critic()(tf.nn.softmax(outputs['garment']))
    np.testing.assert_allclose(terms['garment_adversarial'], adversarial.generator_loss('lsgan', fake), rtol=1e-5)


def test_a_term_about_an_output_that_no_discriminator_of_the_stage_judges_is_refused():
    with pytest.raises(ConfigError, match='synthesis.garment_adversarial: the discriminators of the stage judge image'):
        objective('synthesis', {'garment_adversarial': 1.0})


def test_garment_terms_of_a_model_without_garment_net_are_left_out_and_noted():
    goal = objective('joint', {'garment_cross_entropy': 1.0, 'mask_prior': 1.0}, use_garment_net=False)
    batch, outputs = scene()
    del outputs['garment']
    assert list(goal.generator_terms(batch, outputs)) == ['mask_prior']
    assert goal.notes() == {'terms_left_out': 'garment_cross_entropy (the model has no GarmentNet)'}


def test_missing_garment_maps_are_named():
    batch, outputs = scene()
    del batch['target_garment']
    with pytest.raises(DataError, match=r'garment\.garment_cross_entropy needs target_garment'):
        objective('garment', {'garment_cross_entropy': 1.0}).generator_terms(batch, outputs)
