"""Every switch of PFL leaves out, or changes, the part that it names."""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.pfl_models import SIZE, random_inputs, set_flow, set_mask, small_model
from tests.motions import flows_of, masks_of


@pytest.fixture(scope='module')
def model():
    """Not to be changed."""
    return small_model()


ABLATIONS = {
    'no_flow': {'spatial_transform': 'none'},
    'one_stack': {'num_flow_stacks': 1},
    'pixel_warp': {'spatial_transform': 'pixel_warp'},
    'single_scale': {'alignment_scales': (2,)},
    'no_gate': {'use_gate': False},
    'no_garment_net': {'use_garment_net': False},
    'no_garment': {'use_garment': False},
}


@pytest.mark.parametrize('name', ABLATIONS)
def test_every_ablation_runs_and_changes_the_network(model, name):
    ablated = small_model(**ABLATIONS[name])
    assert ablated(random_inputs(ablated))['image'].shape == (2, *SIZE, 3)
    shapes = [[v.shape for v in network.variables] for network in (model, ablated)]
    assert (shapes[0] == shapes[1]) == (name == 'pixel_warp')


def test_pixel_warp_moves_the_source_before_it_is_encoded():
    model = small_model(spatial_transform='pixel_warp', use_garment_net=False)
    set_mask(model, 1)
    inputs = random_inputs(model)
    two_to_the_right = np.minimum(np.arange(SIZE[1]) + 2, SIZE[1] - 1)
    moved = {name: tf.gather(inputs[name], two_to_the_right, axis=2) for name in ('source_image', 'source_garment')}
    set_flow(model, (0.25, 0.0))
    by_flow = model(inputs)['image']
    set_flow(model, (0.0, 0.0))
    np.testing.assert_allclose(by_flow, model({**inputs, **moved})['image'], atol=1e-5)
    assert np.abs(by_flow - model(inputs)['image']).max() > 1e-3


def test_without_flow_there_are_no_flows_and_the_source_pose_is_seen():
    model = small_model(spatial_transform='none')
    assert model.stages == ('garment', 'synthesis', 'joint')
    inputs = random_inputs(model)
    outputs = model(inputs)
    assert flows_of(outputs) == masks_of(outputs) == []
    other = model({**inputs, 'source_pose': 1 - inputs['source_pose']})
    assert np.abs(outputs['image'] - other['image']).max() > 1e-3


def test_single_scale_reads_the_source_at_that_scale_alone():
    model = small_model(alignment_scales=(2,))
    masks = masks_of(model(random_inputs(model)))
    assert [float(np.max(mask)) > 0 for mask in masks] == [False, True, False, False]


def test_without_gate_the_warped_source_counts_everywhere():
    model = small_model(use_gate=False)
    assert {float(np.min(mask)) for mask in masks_of(model(random_inputs(model)))} == {1.0}


@pytest.mark.parametrize('options', [{'use_garment': False}, {'use_garment_net': False}])
def test_without_garment_net_its_stage_is_left_out(options):
    model = small_model(**options)
    assert model.stages == ('pose_flow', 'synthesis', 'joint')
    assert ('source_garment' in model.example_inputs()) == options.get('use_garment', True)
    assert 'garment' not in model(random_inputs(model))
