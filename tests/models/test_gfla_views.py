"""GFLA's novel views agree with reference numbers of the published network, losses and gradients included."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.errors import ConfigError
from posewarp_tf.losses.objective import Objective
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.gfla_views.gfla_views import GFLAViews, turn_of
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, to_pytorch
from posewarp_tf.models.registry import build_model, model_config
from posewarp_tf.ops import to_float_image
from posewarp_tf.poses.views import VIEW_SIZE, view_vector, views_of_poses
from posewarp_tf.settings.config import Config
from tests.conftest import assert_agrees

# The picture is ill-conditioned: tiled constants under an instance norm.
PICTURE_TOLERANCE = 2e-3
SMALL = {
    'base_filters': 4, 'max_filters': 8, 'num_layers': 1, 'flow_base_filters': 4, 'flow_max_filters': 8,
    'flow_num_layers': 3, 'attention_kernels': {1: 3},
}  # fmt: skip


@pytest.fixture(scope='module')
def reference(golden):
    return golden('shapenet_train')


@pytest.fixture(scope='module')
def published(reference):
    model = GFLAViews(model_config('gfla_views'))
    with pytest.MonkeyPatch.context() as patch:
        # Orthogonal kernels of full size take most of the time.
        patch.setattr(tf.keras.initializers.Orthogonal, '__call__', lambda self, shape, *_, **__: tf.zeros(shape))
        model.create_weights()
    assign_pytorch_weights(model.pytorch_names(), reference.seeded_weights())
    return model


@pytest.fixture(scope='module')
def batch(reference):
    pictures = {
        f'{role}_image': to_float_image(tf.constant(decoded(reference[f'{role}_image_png'])[np.newaxis]))
        for role in ('source', 'target')
    }
    views = {f'{role}_view': tf.constant(views_of_poses(reference[f'{role}_view'])) for role in ('source', 'target')}
    return {**pictures, **views}


def decoded(png):
    return np.asarray(Image.open(io.BytesIO(png.tobytes())))


@pytest.fixture(scope='module')
def objective_of(golden, tmp_path_factory, reference):
    """`objective_of('flow')`, with the VGG-19 of the reference."""
    shapes = golden('losses')
    shapes.meta['vgg_seed'] = reference.meta['vgg_seed']
    path = tmp_path_factory.mktemp('vgg') / 'vgg19.npz'
    np.savez(path, **shapes.seeded_weights('vgg_shapes', 'vgg_seed'))
    return lambda stage: Objective(Config().replace(model='gfla_views', vgg_weights=str(path)), stage)


def assert_gradients_agree(model, tape, total, batch, reference, prefix, tolerances):
    """Norms of all gradients, and where the reference holds one the direction of it, of kernels and of both views."""
    variables = {key: (variable, kind) for key, variable, kind in reversed(model.pytorch_names())}
    names = reference.meta['grad_names']
    watched = [batch['source_view'], batch['target_view'], *(variables[name][0] for name in names)]
    found = tape.gradient(total, watched)
    for gradient, role in zip(found, ('source', 'target')):
        assert_agrees(gradient, reference[f'{prefix}grad_{role}_pose'], tolerances['views'])
    by_name = dict(zip(names, found[2:]))
    norms = np.array([-1.0 if by_name[name] is None else np.linalg.norm(by_name[name]) for name in names])
    assert_agrees(norms, reference[f'{prefix}grad_norm'], tolerances['norms'])
    for key in (key for key in reference if key.startswith(f'{prefix}grad:')):
        name = key.partition(':')[2]
        gradient = to_pytorch(by_name[name], variables[name][1])
        gradient = gradient[:32, -VIEW_SIZE:] if name.startswith('flow_net.cat.') else gradient
        expected = reference[key]
        cosine = np.vdot(gradient, expected) / np.linalg.norm(gradient) / np.linalg.norm(expected)
        assert cosine > tolerances['cosine'], key


def test_flow_stage_and_picture_agree_with_reference(reference, published, batch, objective_of):
    objective = objective_of('flow')
    with tf.GradientTape() as tape:
        tape.watch([batch['source_view'], batch['target_view']])
        outputs = published.run_stage(batch, 'flow')
        terms = objective.generator_terms(batch, outputs)
        total = tf.reduce_sum(objective.total(terms))
    assert_agrees(terms['correctness'][0], reference['flow_correctness'])
    assert_agrees(terms['affine'][0], reference['flow_regularization'])
    tolerances = {'views': 1e-3, 'norms': 1e-3, 'cosine': 0.9999}
    assert_gradients_agree(published, tape, total, batch, reference, 'flow_', tolerances)
    outputs = published(batch)
    motion = outputs['motions']['source']
    assert_agrees(motion.flows[0], reference['flow0'])
    assert_agrees(motion.masks[1], reference['mask1'])
    assert_agrees(outputs['image'][:, ::4, ::4], reference['image_every_4'], PICTURE_TOLERANCE)


@pytest.mark.slow
def test_full_stage_agrees_with_reference(reference, published, batch, objective_of):
    config = Config().replace(model='gfla_views')
    discriminator = build_discriminator(config)
    uv = {key[5:]: reference[key] for key in reference if key.startswith('uv_d:')}
    weights = {**reference.seeded_weights('shapes_d', 'seed_d'), **uv}
    assign_pytorch_weights(discriminator.pytorch_names(), weights)
    objective = objective_of('full')
    with tf.GradientTape() as tape:
        tape.watch([batch['source_view'], batch['target_view']])
        outputs = published(batch, training=True)
        # A power iteration for each of the real picture, the generated one and the generated one again.
        real = discriminator(batch['target_image'], training=True)
        fake = discriminator(tf.stop_gradient(outputs['image']), training=True)
        judge = {'image': lambda picture, training=False: discriminator(picture, training=True)}
        terms = objective.generator_terms(batch, outputs, judge)
        total = tf.reduce_sum(objective.total(terms))
    assert_agrees(tf.reduce_mean((real - 1) ** 2 + fake**2) / 2, reference['dis'])
    names = {
        'l1': 'app_gen', 'correctness': 'correctness', 'affine': 'regularization', 'perceptual': 'content',
        'style': 'style', 'adversarial': 'ad_gen',
    }  # fmt: skip
    for name, published_name in names.items():
        # Without their weights, which the total has.
        assert np.isclose(terms[name][0], reference[published_name], rtol=2e-4), name
    assert_agrees(total, reference['total'], 2e-4)
    tolerances = {'views': 0.1, 'norms': 1e-2, 'cosine': 0.995}
    assert_gradients_agree(published, tape, total, batch, reference, '', tolerances)


def test_number_of_parameters_is_the_published_one(published):
    def count(network):
        return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)

    assert count(published) == 14341323
    assert count(published.flow_estimator) == 7991286


@pytest.mark.parametrize('turn_modulation', [False, True])
@pytest.mark.parametrize('spatial_transform', ['local_attention', 'none'])
def test_any_size_of_whole_coarsest_pixels_works_and_the_view_changes_the_picture(spatial_transform, turn_modulation):
    tf.keras.utils.set_random_seed(1)
    settings = {**SMALL, 'spatial_transform': spatial_transform, 'turn_modulation': turn_modulation}
    model = build_model(model_config('gfla_views', image_size=(32, 48), init_gain=1.0, **settings))
    views = tf.constant(np.stack([view_vector(azimuth) for azimuth in (0, 40, 80)]))
    image = tf.repeat(tf.random.stateless_uniform((1, 32, 48, 3), (1, 1), -1, 1), 3, axis=0)
    outputs = model({'source_image': image, 'source_view': tf.repeat(views[:1], 3, axis=0), 'target_view': views})
    assert outputs['image'].shape == (3, 32, 48, 3)
    assert np.abs(outputs['image'][1] - outputs['image'][2]).max() > 1e-3
    if spatial_transform == 'none':
        assert outputs['motions'] == {} and model.stages == ('full',)
    else:
        (flow,) = outputs['motions']['source'].flows
        assert flow.shape == (3, 16, 24, 2)
        # As published a view adds nearly the same to the flow of every pixel; ours bends it.
        change = np.abs(flow[1] - flow[2])
        assert not turn_modulation or np.std(change) > 0.1 * np.std(flow)


def test_a_turn_is_told_by_the_circle_and_the_elevations_stay():
    source, target = (tf.constant(view_vector(*view)[np.newaxis]) for view in ((60, 10), (20, 0)))
    turn = turn_of({'source_view': source, 'target_view': target})
    angle = np.deg2rad(40)
    expected = [np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle), 0, 1, 0, 1, 0, 0]
    np.testing.assert_allclose(turn[0], expected, atol=1e-6)


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match='--image_size: got 64,68, expected multiples of 8'):
        model_config('gfla_views', image_size=(64, 68), **SMALL)
    with pytest.raises(ConfigError, match='--flow_num_layers: got 2, expected more than --num_layers=2'):
        model_config('gfla_views', **{**SMALL, 'num_layers': 2, 'flow_num_layers': 2})
