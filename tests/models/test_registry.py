"""Models as users meet them: by config, in any size and variant, saved and cloned."""

import os

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import JudgedModelConfig
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.registry import build_model, model_config
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import CONFIG_DIR, load_config
from tests.motions import flows_of, masks_of

SMALL = {
    'image_size': (64, 32),
    'base_filters': 4,
    'max_filters': 16,
    'flow_base_filters': 4,
    'flow_max_filters': 16,
    'flow_num_layers': 4,
    'attention_kernels': {2: 5, 3: 3},
    'discriminator_num_layers': 3,
}
VARIANTS = ('none', 'global_attention', 'bilinear', 'local_attention')

each_variant = pytest.mark.parametrize('spatial_transform', VARIANTS)


def random_inputs(model, batch=2):
    return {
        name: tf.random.stateless_normal((batch, *spec.shape[1:]), seed=(1, i))
        for i, (name, spec) in enumerate(model.example_inputs().items())
    }


def small_model(**options):
    return build_model(model_config(**{**SMALL, **options}))


@each_variant
def test_outputs_have_the_promised_shapes_and_ranges(spatial_transform):
    model = small_model(spatial_transform=spatial_transform)
    outputs = model(random_inputs(model))
    assert outputs['image'].shape == (2, 64, 32, 3)
    assert np.max(np.abs(outputs['image'])) <= 1
    has_flow = spatial_transform in ('bilinear', 'local_attention')
    assert [flow.shape for flow in flows_of(outputs)] == ([(2, 8, 4, 2), (2, 16, 8, 2)] if has_flow else [])
    assert [mask.shape for mask in masks_of(outputs)] == ([(2, 8, 4, 1), (2, 16, 8, 1)] if has_flow else [])
    assert all(np.min(mask) >= 0 and np.max(mask) <= 1 for mask in masks_of(outputs))


@each_variant
def test_every_stage_trains_its_own_variables(spatial_transform):
    model = small_model(spatial_transform=spatial_transform)
    inputs = random_inputs(model)
    for stage in model.stages:
        with tf.GradientTape() as tape:
            outputs = model.run_stage(inputs, stage, training=True)
            # Linear in no single output, so that softmaxes and norms pass something on.
            total = tf.add_n([tf.reduce_sum(t**3 + t) for t in tf.nest.flatten(outputs)])
        gradients = tape.gradient(total, model.stage_variables(stage))
        assert gradients and all(gradient is not None for gradient in gradients)
    assert model.stages[-1] == 'full'
    assert len(model.stage_variables('full')) == len(model.trainable_variables)


def test_attention_weights_sum_to_one():
    model = small_model()
    attentions = model(random_inputs(model), return_attention=True)['motions']['source'].attentions
    assert [attention.shape for attention in attentions] == [(2, 8, 4, 9), (2, 16, 8, 25)]
    for attention in attentions:
        np.testing.assert_allclose(tf.reduce_sum(attention, axis=-1), 1, rtol=1e-5)


SHIPPED = sorted(f[:-4] for f in os.listdir(CONFIG_DIR) if f.endswith('.cfg'))
# A small one of each model; the others are the same networks in other sizes.
OF_EACH_MODEL = {
    load_config(name).model.model: name for name in sorted(SHIPPED, key=lambda name: 'quickstart' in name)
}.values()
# A quarter of a minute each; the tests of the documents build them too.
LONG = ('gfla_dance_quickstart', 'gfla_face_quickstart', 'starter')


@pytest.mark.parametrize('name', SHIPPED)
def test_every_shipped_config_names_what_its_model_has(name):
    config = load_config(name)
    model = config.model.build()
    required = {stage.name for stage in config.model.stages if not stage.is_optional}
    assert required <= set(config.training.stage_steps)
    assert set(model.stages) <= set(config.loss.loss_weights)


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=() if name in OF_EACH_MODEL and name not in LONG else pytest.mark.slow)
        for name in SHIPPED
    ],
)
def test_every_shipped_config_builds(name, monkeypatch):
    # Only shapes matter; orthogonal kernels of full size take most of the time.
    monkeypatch.setattr(tf.keras.initializers.Orthogonal, '__call__', lambda self, shape, *_, **__: tf.zeros(shape))
    config = load_config(name)
    model = build_model(name)
    outputs = model(model.example_inputs())
    if config.model.makes_pictures:
        assert outputs['image'].shape[1:] == (*config.model.image_size, 3)
    else:
        assert set(outputs) == {'skeletons'}
    if isinstance(config.model, JudgedModelConfig):
        logits = build_discriminator(config)(tf.keras.Input((*config.model.image_size, 3)))
        assert all(tensor.shape[-1] == 1 for tensor in tf.nest.flatten(logits))
    if config.model.clip_form is not None:
        build_discriminator(config, 'clip')


def test_init_gain_scales_every_kernel_but_those_of_the_flow_heads():
    def kernel_norms(**options):
        tf.keras.utils.set_random_seed(0)
        return {v.name: np.linalg.norm(v) for v in small_model(**options).trainable_variables if v.shape.rank == 4}

    published, larger = kernel_norms(), kernel_norms(init_gain=0.2)
    for (name, norm), scaled in zip(published.items(), larger.values()):
        np.testing.assert_allclose(scaled, norm * (1 if 'head' in name else 10), rtol=1e-5)


def test_unknown_model_and_config_are_named():
    with pytest.raises(ConfigError, match="got 'gan'"):
        build_model(Config().replace(model='gan'))
    with pytest.raises(ConfigError, match="'gfla_fashon'.*gfla_fashion"):
        build_model('gfla_fashon')
