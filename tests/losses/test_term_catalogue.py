"""Every term of every objective keeps the same contracts; a term joins by being in `TERMS`."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.needs import NEEDS
from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.terms import TERMS
from posewarp_tf.models.outputs import Motion
from posewarp_tf.settings.config import Config

SIZE = (64, 64)
# By model: the stage that computes most, the scales of its flows, and its settings.
MODELS = {
    'gfla': ('full', (3, 2), {}),
    'pfl': ('joint', (3, 2, 1, 0), {'use_garment': True}),
    'layered': ('layers', (0,), {}),
    'motion': ('extraction', (), {}),
}
OF_LAYERS = {name for name, needs in NEEDS.items() if needs.output == 'layers'}
OF_SKELETONS = {name for name, needs in NEEDS.items() if needs.output == 'skeletons'}
# tests/losses/test_window_terms.py asks for them.
OF_CLIPS = {name for name, needs in NEEDS.items() if needs.subject == 'clip'}
# PFL has no attention, whose neighbourhoods alone the term is about; GFLA makes no garment map and no composition mask.
# The layered model and that of skeletons are asked for their own terms only: those of pictures and flows are those of
# the others.
LACKING = {
    'pfl': {'affine', *OF_LAYERS, *OF_SKELETONS, *OF_CLIPS},
    'gfla': {
        *(name for name, needs in NEEDS.items() if needs.output in ('garment', 'composition_mask')),
        *OF_LAYERS,
        *OF_SKELETONS,
        *OF_CLIPS,
    },
    'layered': set(NEEDS) - OF_LAYERS,
    'motion': set(NEEDS) - OF_SKELETONS,
}
CATALOGUE = [(model, term) for model in MODELS for term in TERMS if term not in LACKING[model]]


def make_motions(inputs, scales):
    """Flows that depend on the pictures of their own example alone."""
    image = inputs['source_image'] - 0.5 * inputs['target_image']
    pooled = [tf.nn.avg_pool2d(image, 2**scale, 2**scale, 'VALID') if scale else image for scale in scales]
    return {'source': Motion([2 * picture[..., :2] for picture in pooled], [tf.sigmoid(p[..., :1]) for p in pooled])}


def make_layers(rng):
    def random(*shape):
        return tf.constant(rng.uniform(-1, 1, (2, *shape)).astype(np.float32))

    half = SIZE[0] // 2, SIZE[1] // 2
    return {
        'flows': [random(*half, 6, 2), random(*SIZE, 6, 2)],
        'parts': [random(*half, 11), random(*SIZE, 11)],
        'visible': [random(*half, 1), random(*SIZE, 1)],
        'source_parts': random(*half, 11),
        'person': random(*SIZE, 3),
        'painted': random(*SIZE, 3),
    }


@functools.cache
def scene(model):
    rng = np.random.default_rng(0)
    batch = {}
    for role in ('source', 'target'):
        batch[f'{role}_image'] = tf.constant(rng.uniform(-1, 1, (2, *SIZE, 3)).astype(np.float32))
        batch[f'{role}_keypoints'] = tf.constant(rng.uniform(0, 63, (2, 18, 2)).astype(np.float32))
        for kind, count in (('parts', 11), ('garment', 16)):
            blocks = rng.integers(0, count, (2, 2, 2)).astype(np.uint8)
            batch[f'{role}_{kind}'] = tf.constant(blocks.repeat(32, axis=1).repeat(32, axis=2))
        batch[f'{role}_pose'] = tf.zeros((2, *SIZE, 18))
    batch['flow'] = tf.constant(rng.uniform(-5, 5, (2, *SIZE, 2)).astype(np.float32))
    batch['target_skeletons'] = tf.constant(rng.uniform(-1, 1, (2, 24, 34)).astype(np.float32))
    batch['visibility'] = tf.constant(rng.integers(0, 3, (2, *SIZE)).astype(np.uint8))
    outputs = {
        'image': tf.constant(rng.uniform(-1, 1, (2, *SIZE, 3)).astype(np.float32)),
        'garment': tf.constant(rng.normal(0, 1, (2, *SIZE, 16)).astype(np.float32)),
        'composition_mask': tf.constant(rng.uniform(0, 1, (2, *SIZE, 1)).astype(np.float32)),
        'motions': make_motions(batch, MODELS[model][1]),
        'layers': make_layers(rng),
        'skeletons': tf.constant(rng.uniform(-1, 1, (2, 24, 34)).astype(np.float32)),
    }
    return batch, outputs


@functools.cache
def objective(model):
    stage, _, settings = MODELS[model]
    weights = {stage: {term: 1.0 for name, term in CATALOGUE if name == model}}
    config = Config().replace(model=model, image_size=SIZE, vgg_weights='random', loss_weights=weights, **settings)
    return Objective(config, stage)


def critic(picture, training=False, return_features=False):
    logits = tf.reduce_mean(picture**2, axis=(1, 2, 3), keepdims=True)
    return (logits, [picture[:, ::4, ::4]]) if return_features else logits


def terms_of(model, batch, outputs):
    scales = MODELS[model][1]
    return objective(model).generator_terms(
        batch,
        outputs,
        {'image': critic, 'garment': critic},
        lambda inputs: {'motions': make_motions(inputs, scales)},
        step=3,
    )


@functools.cache
def together(model):
    return terms_of(model, *scene(model))


def test_every_term_is_in_the_catalogue():
    assert {term for _, term in CATALOGUE} | OF_CLIPS == set(TERMS) == set(NEEDS)
    for model in MODELS:
        assert set(together(model)) == {term for name, term in CATALOGUE if name == model}


@pytest.mark.parametrize(('model', 'term'), CATALOGUE)
def test_a_term_is_one_finite_float32_number_per_example(model, term):
    value = together(model)[term]
    assert value.shape == (2,) and value.dtype == tf.float32 and np.isfinite(value).all()
    assert value[0] != value[1]


@pytest.mark.parametrize('model', MODELS)
def test_examples_do_not_see_each_other(model):
    alone = [terms_of(model, *tf.nest.map_structure(lambda t, i=i: t[i : i + 1], scene(model))) for i in range(2)]
    for term, value in together(model).items():
        np.testing.assert_allclose(value, np.concatenate([one[term] for one in alone]), rtol=2e-4, err_msg=term)


@pytest.mark.parametrize(('model', 'term'), CATALOGUE)
def test_a_gradient_reaches_the_output_that_the_term_is_about_and_no_other(model, term):
    batch, outputs = scene(model)
    flat = {name: tf.nest.flatten(value) for name, value in outputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(flat)
        value = tf.reduce_sum(terms_of(model, batch, outputs)[term])
    reached = {
        name
        for name, gradients in tape.gradient(value, flat).items()
        if any(gradient is not None and np.any(gradient) for gradient in gradients)
    }
    # Those over pairs with a moved side learn from the generator's answers to these.
    assert reached == ({NEEDS[term].output} if not TERMS[term].pair else set()), reached
