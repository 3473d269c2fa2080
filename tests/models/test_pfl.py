"""PFL's networks together: outputs, composition, stages, settings."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.registry import model_config
from tests.models.pfl_models import FLOW_SHAPES, SIZE, SMALL, random_inputs, set_flow, set_mask, small_model
from tests.motions import flows_of, masks_of


@pytest.fixture(scope='module')
def model():
    """Not to be changed."""
    return small_model()


def test_outputs_have_the_promised_shapes_types_and_ranges(model):
    outputs = model(random_inputs(model))
    assert outputs['image'].shape == (2, *SIZE, 3)
    assert outputs['garment'].shape == (2, *SIZE, 16)
    assert outputs['composition_mask'].shape == (2, *SIZE, 1)
    assert [flow.shape for flow in flows_of(outputs)] == FLOW_SHAPES
    assert [mask.shape for mask in masks_of(outputs)] == [(*shape[:3], 1) for shape in FLOW_SHAPES]
    assert {tensor.dtype for tensor in tf.nest.flatten(outputs)} == {tf.float32}
    assert np.abs(outputs['image']).max() <= 1
    for mask in (*masks_of(outputs), outputs['composition_mask']):
        assert np.min(mask) >= 0 and np.max(mask) <= 1


def test_flows_are_small_at_first_and_lead_from_target_to_source():
    model = small_model()
    inputs = random_inputs(model)
    assert max(np.abs(flow).max() for flow in flows_of(model(inputs))) < 1
    set_flow(model, (0.5, -0.25))
    set_mask(model, 0)
    outputs = model(inputs)
    for index, flow in enumerate(flows_of(outputs)):
        np.testing.assert_allclose(flow, np.broadcast_to(2**index * np.float32([0.5, -0.25]), flow.shape), atol=1e-5)
    # Four pixels to the right and two up, where that is inside: x before y.
    source = inputs['source_image'].numpy()
    np.testing.assert_allclose(outputs['image'][:, 2:, :-4], source[:, :-2, 4:], atol=1e-5)


def test_later_stacks_add_to_the_flow_of_the_earlier_ones():
    two, one = small_model(num_flow_stacks=2), small_model(num_flow_stacks=1)
    one.pose_flow_net.stacks[0].set_weights(two.pose_flow_net.stacks[0].get_weights())
    inputs = random_inputs(two)
    first = flows_of(one.run_stage(inputs, 'pose_flow'))
    assert np.abs(flows_of(two.run_stage(inputs, 'pose_flow'))[-1] - first[-1]).max() > 1e-3
    for head in two.pose_flow_net.stacks[1].heads:
        head.flow_conv.kernel.assign(tf.zeros_like(head.flow_conv.kernel))
    for flow, expected in zip(flows_of(two.run_stage(inputs, 'pose_flow')), first):
        np.testing.assert_allclose(flow, expected, atol=1e-6)


def test_mask_chooses_between_picture_and_warped_source():
    model = small_model()
    inputs = random_inputs(model)
    set_mask(model, 1)
    synthesised = model(inputs)['image']
    set_mask(model, 0)
    context = model(inputs)['image']
    assert np.abs(synthesised - context).mean() > 0.1
    model.synthesis_net.mask_conv.bias.assign([np.log(3.0)])
    np.testing.assert_allclose(model(inputs)['image'], 0.75 * synthesised + 0.25 * context, atol=1e-5)


def test_given_context_is_shown_as_it_is_and_nowhere_else(model):
    inputs = random_inputs(model)
    given = tf.random.stateless_uniform((2, *SIZE, 3), (9, 9), -1, 1)
    where = np.zeros((2, *SIZE, 1), np.float32)
    where[:, :10] = 1
    outputs = model({**inputs, 'context_image': given, 'context_mask': tf.constant(where)})
    without = model(inputs)
    np.testing.assert_allclose(outputs['image'][:, :10], given[:, :10], atol=1e-6)
    np.testing.assert_allclose(outputs['image'][:, 10:], without['image'][:, 10:], atol=1e-6)
    assert np.abs(outputs['composition_mask'][:, :10]).max() == 0


def test_closed_gate_keeps_the_source_out():
    model = small_model(use_garment_net=False)
    inputs = random_inputs(model)
    set_mask(model, 1)
    other = {**inputs, 'source_image': -inputs['source_image']}
    flows = flows_of(model(inputs))
    set_flow(model, (0.25, 0.25))
    assert np.abs(model(inputs)['image'] - model(other)['image']).max() > 1e-2
    for alignment in model.synthesis_net.body.alignments:
        alignment.gate_conv.kernel.assign(tf.zeros_like(alignment.gate_conv.kernel))
        alignment.gate_conv.bias.assign([-100.0])
    outputs = model(inputs)
    np.testing.assert_allclose(outputs['image'], model(other)['image'], atol=1e-6)
    assert len(masks_of(outputs)) == len(flows)
    assert max(np.max(mask) for mask in masks_of(outputs)) < 1e-6


@pytest.mark.parametrize('stage', ['pose_flow', 'garment', 'synthesis', 'joint'])
def test_gradients_reach_what_a_stage_trains_and_nothing_else(model, stage):
    assert model.stages == ('pose_flow', 'garment', 'synthesis', 'joint')
    parts = {'pose_flow': model.pose_flow_net, 'garment': model.garment_net, 'synthesis': model.synthesis_net}
    inputs = random_inputs(model)
    with tf.GradientTape() as tape:
        outputs = model.run_stage(inputs, stage, training=True)
        total = tf.add_n([tf.reduce_sum(t**3 + t) for t in tf.nest.flatten(outputs)])
    gradients = tape.gradient(total, model.trainable_variables)
    reached = {v.ref() for v, gradient in zip(model.trainable_variables, gradients) if gradient is not None}
    assert reached == {v.ref() for v in model.stage_variables(stage)}
    assert reached == {
        v.ref() for name, part in parts.items() for v in part.trainable_variables if stage in (name, 'joint')
    }


def test_stages_compute_no_further_than_they_need(model):
    inputs = random_inputs(model)
    assert set(model.run_stage(inputs, 'pose_flow')) == {'motions'}
    assert set(model.run_stage(inputs, 'garment')) == {'motions', 'garment'}
    whole = model(inputs)
    for stage in model.complete_stages:
        for expected, actual in zip(tf.nest.flatten(whole), tf.nest.flatten(model.run_stage(inputs, stage))):
            np.testing.assert_allclose(expected, actual, atol=1e-6)


def test_picture_depends_on_the_predicted_garment_map():
    model = small_model()
    inputs = random_inputs(model)
    before = model(inputs)
    model.garment_net.logits_conv.bias.assign(np.linspace(-3, 3, 16))
    after = model(inputs)
    assert np.abs(before['image'] - after['image']).max() > 1e-3
    np.testing.assert_array_equal(flows_of(before)[-1], flows_of(after)[-1])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'spatial_transform': 'local_attention'},
            "--spatial_transform: got 'local_attention', expected one of 'none'",
        ),
        ({'num_flow_stacks': 4}, '--num_flow_stacks: got 4, expected 1 to 3'),
        ({'alignment_scales': (0, 4)}, '--alignment_scales: got 0,4, expected different numbers of 0 to 3'),
        ({'alignment_scales': ()}, '--alignment_scales: got , expected'),
        ({'num_layers': 2}, '--num_layers: got 2, expected at least 3'),
        ({'flow_num_layers': 2}, '--flow_num_layers: got 2, expected at least 3'),
        ({'flow_num_layers': 6}, r'--image_size: got 32,64, expected multiples of 64 \(--flow_num_layers=6\)'),
        ({'attention_kernels': {1: 3}}, r'--attention_kernels: --model=pfl has no such setting \(--model=gfla has\)'),
        ({'model': 'gfla'}, r'has no such setting \(--model=pfl has\)'),
    ],
)
def test_settings_that_cannot_work_name_the_flag(options, message):
    with pytest.raises(ConfigError, match=message):
        model_config(**{**SMALL, **options})


def test_pose_channels_follow_from_the_representation():
    config = model_config(**SMALL)
    for representation, channels in (('both', 29), ('parts', 11), ('joints', 18)):
        config = dataclasses.replace(config, pose_representation=representation)
        assert config.pose_channels == channels
    with pytest.raises(ConfigError, match='--pose_channels: got 5, expected 11 with --pose_representation=parts'):
        model_config(pose_channels=5, pose_representation='parts')
    model = small_model(pose_representation='both')
    assert model.example_inputs()['target_pose'].shape[-1] == 29
