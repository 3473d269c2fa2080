"""The sizes of pictures that a config accepts are those that its networks can compute."""

import functools

import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.registry import build_model, model_config
from tests.motions import flows_of

WIDTHS = {
    'base_filters': 1, 'max_filters': 1, 'flow_base_filters': 1, 'flow_max_filters': 1
}  # fmt: skip

# Levels of the generator and of the flow's network, and what else belongs to such a network.
NETWORKS = {
    'gfla, flow deeper': {'num_layers': 2, 'flow_num_layers': 4, 'attention_kernels': {1: 3, 2: 3}},
    'gfla, one scale': {'num_layers': 1, 'flow_num_layers': 3, 'attention_kernels': {1: 5}},
    'gfla, generator deeper': {
        'num_layers': 4, 'flow_num_layers': 3, 'attention_kernels': {2: 3}, 'spatial_transform': 'bilinear'
    },
    'gfla without flow': {
        'num_layers': 2, 'flow_num_layers': 4, 'attention_kernels': {1: 3}, 'spatial_transform': 'global_attention'
    },
    'gfla without transformation': {'num_layers': 3, 'attention_kernels': {}, 'spatial_transform': 'none'},
    'pfl, flow deeper': {
        'model': 'pfl', 'spatial_transform': 'bilinear', 'num_layers': 3, 'flow_num_layers': 4, 'use_garment': True
    },
    'pfl, generator deeper': {
        'model': 'pfl', 'spatial_transform': 'bilinear', 'num_layers': 4, 'flow_num_layers': 3,
        'alignment_scales': (0, 3),
    },
    'pfl without flow': {
        'model': 'pfl', 'spatial_transform': 'none', 'num_layers': 1, 'flow_num_layers': 4, 'alignment_scales': (0, 1)
    },
}  # fmt: skip
SIDES = (2, 6, 8, 11, 12, 24)
SIZES = sorted(
    {(a, b) for side in SIDES for a, b in ((side, 16), (16, side))} | {(16, 16), (8, 8), (6, 6), (48, 32), (44, 20)}
)


GARMENT_WIDTHS = {'garment_base_filters': 1, 'garment_max_filters': 1}


def config_of(settings, size):
    widths = {**WIDTHS, **(GARMENT_WIDTHS if settings.get('model') == 'pfl' else {})}
    return model_config(**widths, **settings, image_size=size)


def is_accepted(settings, size):
    try:
        config_of(settings, size)
    except ConfigError as error:
        assert str(error).startswith(f'--image_size: got {size[0]},{size[1]}, expected multiples of ')
        return False
    return True


@functools.cache
def small_model(network):
    """One model serves every size: convolutions do not mind."""
    return build_model(config_of(NETWORKS[network], (64, 64)))


def blank_inputs(model, size):
    return {name: tf.zeros((1, *size, *spec.shape[3:]), spec.dtype) for name, spec in model.example_inputs().items()}


def is_computed(model, size):
    """Whether the network runs on pictures of a size and gives a picture of that size, and flows of its scales."""
    try:
        outputs = model(blank_inputs(model, size))
    except (ValueError, tf.errors.InvalidArgumentError):
        return False
    scales = model.model_config.flow_scales if flows_of(outputs) else ()
    flow_sizes = [tuple(flow.shape[1:3]) for flow in flows_of(outputs)]
    expected = [(size[0] / 2**scale, size[1] / 2**scale) for scale in scales]
    return outputs['image'].shape == (1, *size, 3) and flow_sizes == expected


@pytest.mark.parametrize('network', NETWORKS)
def test_a_size_is_accepted_exactly_when_the_network_computes_it(network):
    accepted = {size: is_accepted(NETWORKS[network], size) for size in SIZES}
    assert accepted == {size: is_computed(small_model(network), size) for size in SIZES}
    assert 0 < sum(accepted.values()) < len(SIZES)


def test_the_size_of_the_field_is_accepted_where_the_flow_has_four_levels():
    assert model_config(image_size=(256, 176), flow_num_layers=4).image_size == (256, 176)
    message = '--image_size: got 256,176, expected multiples of 32 (--flow_num_layers=5)'
    with pytest.raises(ConfigError) as error:
        model_config(image_size=(256, 176))
    assert str(error.value) == message
    assert model_config(image_size=(512, 352)).flow_num_layers == 5


@pytest.mark.parametrize('size', [(), (64,), (64, 64, 3), (0, 64), (-32, 32)])
def test_what_is_no_height_and_width_is_refused(size):
    with pytest.raises(ConfigError, match='--image_size: got .*expected a height and a width'):
        model_config(image_size=size)


@pytest.mark.parametrize('network', NETWORKS)
def test_every_stage_computes_the_outputs_that_it_declares(network):
    model = small_model(network)
    assert model.stages == tuple(stage.name for stage in model.model_config.stages)
    for stage in model.model_config.stages:
        outputs = model.run_stage(blank_inputs(model, (16, 32)), stage.name)
        # There may be no motions.
        assert {name for name, value in outputs.items() if name != 'motions' or value} == set(stage.computes)
