"""PFL's networks together: outputs, composition, stages, and every switch that leaves a part of them out."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.config import ModelConfig
from posewarp_tf.errors import ConfigError
from posewarp_tf.models.registry import build_model

SIZE = (32, 64)
SMALL = {
    'model': 'pfl',
    'image_size': SIZE,
    'spatial_transform': 'bilinear',
    'use_garment': True,
    'base_filters': 4,
    'max_filters': 8,
    'garment_base_filters': 4,
    'garment_max_filters': 8,
    'num_layers': 3,
    'flow_base_filters': 4,
    'flow_max_filters': 8,
    'flow_num_layers': 3,
    'init_gain': 1.0,
}
FLOW_SHAPES = [(2, 4, 8, 2), (2, 8, 16, 2), (2, 16, 32, 2), (2, 32, 64, 2)]


def small_model(**options):
    tf.keras.utils.set_random_seed(3)
    return build_model(ModelConfig(**{**SMALL, **options}))


def random_inputs(model, batch=2):
    inputs = {}
    for i, (name, spec) in enumerate(model.example_inputs().items()):
        shape = (batch, *spec.shape[1:])
        if spec.dtype == tf.uint8:
            inputs[name] = tf.cast(tf.random.stateless_uniform(shape, (1, i), 0, 16, tf.int32), tf.uint8)
        else:
            inputs[name] = tf.random.stateless_uniform(shape, (1, i), -1, 1)
    return inputs


@pytest.fixture(scope='module')
def model():
    """Not to be changed."""
    return small_model()


def set_flow(model, coarsest_flow):
    """Makes a model's flow the same everywhere, given in pixels of its coarsest map."""
    for index, stack in enumerate(model.pose_flow_net.stacks):
        for scale, head in enumerate(stack.heads):
            head.flow_conv.kernel.assign(tf.zeros_like(head.flow_conv.kernel))
            head.flow_conv.bias.assign(coarsest_flow if index == scale == 0 else (0, 0))


def set_mask(model, value):
    """Makes the mask of SynthesisNet 0 or 1 everywhere."""
    mask_conv = model.synthesis_net.mask_conv
    mask_conv.kernel.assign(tf.zeros_like(mask_conv.kernel))
    mask_conv.bias.assign([100.0 if value else -100.0])


def test_outputs_have_the_promised_shapes_types_and_ranges(model):
    outputs = model(random_inputs(model))
    assert outputs['image'].shape == (2, *SIZE, 3)
    assert outputs['garment'].shape == (2, *SIZE, 16)
    assert outputs['composition_mask'].shape == (2, *SIZE, 1)
    assert [flow.shape for flow in outputs['flows']] == FLOW_SHAPES
    assert [mask.shape for mask in outputs['masks']] == [(*shape[:3], 1) for shape in FLOW_SHAPES]
    assert {tensor.dtype for tensor in tf.nest.flatten(outputs)} == {tf.float32}
    assert np.abs(outputs['image']).max() <= 1
    for mask in (*outputs['masks'], outputs['composition_mask']):
        assert np.min(mask) >= 0 and np.max(mask) <= 1


def test_one_trace_serves_every_batch_and_examples_do_not_see_each_other(model):
    inputs = random_inputs(model)
    specs = {name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for name, tensor in inputs.items()}
    answer = tf.function(lambda inputs: model(inputs), input_signature=[specs])
    whole, alone = answer(inputs), answer({name: tensor[:1] for name, tensor in inputs.items()})
    for both, one in zip(tf.nest.flatten(whole), tf.nest.flatten(alone)):
        np.testing.assert_allclose(both[:1], one, atol=1e-4)


def test_saved_model_file_gives_the_same_numbers(model, tmp_path):
    inputs = random_inputs(model)
    model.save(tmp_path / 'model.keras')
    loaded = tf.keras.models.load_model(tmp_path / 'model.keras')
    assert loaded.model_config == model.model_config
    for expected, actual in zip(tf.nest.flatten(model(inputs)), tf.nest.flatten(loaded(inputs))):
        np.testing.assert_array_equal(expected, actual)


def test_mixed_precision_stays_close_and_returns_float32(model):
    tf.keras.mixed_precision.set_global_policy('mixed_bfloat16')
    try:
        half = small_model()
    finally:
        tf.keras.mixed_precision.set_global_policy('float32')
    half.set_weights(model.get_weights())
    assert half.synthesis_net.color_conv.compute_dtype == 'bfloat16'
    inputs = random_inputs(model)
    single, mixed = model(inputs), half(inputs)
    assert {tensor.dtype for tensor in tf.nest.flatten(mixed)} == {tf.float32}
    assert np.mean(np.abs(single['image'] - mixed['image'])) < 0.05
    np.testing.assert_allclose(single['flows'][-1], mixed['flows'][-1], atol=0.05)


def test_flows_are_small_at_first_and_lead_from_target_to_source():
    model = small_model()
    inputs = random_inputs(model)
    assert max(np.abs(flow).max() for flow in model(inputs)['flows']) < 1
    set_flow(model, (0.5, -0.25))
    set_mask(model, 0)
    outputs = model(inputs)
    for index, flow in enumerate(outputs['flows']):
        np.testing.assert_allclose(flow, np.broadcast_to(2**index * np.float32([0.5, -0.25]), flow.shape), atol=1e-5)
    # Four pixels to the right and two up, where that is inside: x before y.
    source = inputs['source_image'].numpy()
    np.testing.assert_allclose(outputs['image'][:, 2:, :-4], source[:, :-2, 4:], atol=1e-5)


def test_later_stacks_add_to_the_flow_of_the_earlier_ones():
    two, one = small_model(num_flow_stacks=2), small_model(num_flow_stacks=1)
    one.pose_flow_net.stacks[0].set_weights(two.pose_flow_net.stacks[0].get_weights())
    inputs = random_inputs(two)
    first = one.estimate_flows(inputs)
    assert np.abs(two.estimate_flows(inputs)[-1] - first[-1]).max() > 1e-3
    for head in two.pose_flow_net.stacks[1].heads:
        head.flow_conv.kernel.assign(tf.zeros_like(head.flow_conv.kernel))
    for flow, expected in zip(two.estimate_flows(inputs), first):
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
    flows = model.estimate_flows(inputs)
    set_flow(model, (0.25, 0.25))
    assert np.abs(model(inputs)['image'] - model(other)['image']).max() > 1e-2
    for alignment in model.synthesis_net.body.alignments:
        alignment.gate_conv.kernel.assign(tf.zeros_like(alignment.gate_conv.kernel))
        alignment.gate_conv.bias.assign([-100.0])
    outputs = model(inputs)
    np.testing.assert_allclose(outputs['image'], model(other)['image'], atol=1e-6)
    assert len(outputs['masks']) == len(flows)
    assert max(np.max(mask) for mask in outputs['masks']) < 1e-6


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
    assert set(model.run_stage(inputs, 'pose_flow')) == {'flows', 'masks'}
    assert set(model.run_stage(inputs, 'garment')) == {'flows', 'masks', 'garment'}
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
    np.testing.assert_array_equal(before['flows'][-1], after['flows'][-1])


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
    assert outputs['flows'] == outputs['masks'] == []
    other = model({**inputs, 'source_pose': 1 - inputs['source_pose']})
    assert np.abs(outputs['image'] - other['image']).max() > 1e-3


def test_single_scale_reads_the_source_at_that_scale_alone():
    model = small_model(alignment_scales=(2,))
    masks = model(random_inputs(model))['masks']
    assert [float(np.max(mask)) > 0 for mask in masks] == [False, True, False, False]


def test_without_gate_the_warped_source_counts_everywhere():
    model = small_model(use_gate=False)
    assert {float(np.min(mask)) for mask in model(random_inputs(model))['masks']} == {1.0}


@pytest.mark.parametrize('options', [{'use_garment': False}, {'use_garment_net': False}])
def test_without_garment_net_its_stage_is_left_out(options):
    model = small_model(**options)
    assert model.stages == ('pose_flow', 'synthesis', 'joint')
    assert ('source_garment' in model.required_inputs) == options.get('use_garment', True)
    assert 'garment' not in model(random_inputs(model))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'spatial_transform': 'local_attention'}, "--spatial_transform: got 'local_attention', expected one of none"),
        ({'num_flow_stacks': 4}, '--num_flow_stacks: got 4, expected 1 to 3'),
        ({'alignment_scales': (0, 4)}, '--alignment_scales: got 0,4, expected different numbers of 0 to 3'),
        ({'alignment_scales': ()}, '--alignment_scales: got , expected'),
        ({'num_layers': 2}, '--num_layers: got 2, expected at least 3'),
        ({'flow_num_layers': 2}, '--flow_num_layers: got 2, expected at least 3'),
        ({'flow_num_layers': 6}, '--flow_num_layers: got 6, but --image_size=32,64 cannot be halved so often'),
        ({'model': 'gfla', 'spatial_transform': 'none'}, '--use_garment: GFLA takes no garment maps'),
        ({'model': 'gfla', 'spatial_transform': 'pixel_warp', 'use_garment': False}, 'which only PFL has'),
    ],
)
def test_settings_that_cannot_work_name_the_flag(options, message):
    with pytest.raises(ConfigError, match=message):
        ModelConfig(**{**SMALL, 'attention_kernels': {1: 3}, **options})


def test_pose_channels_follow_from_the_representation():
    config = ModelConfig(**SMALL)
    for representation, channels in (('both', 29), ('parts', 11), ('joints', 18)):
        config = dataclasses.replace(config, pose_representation=representation)
        assert config.pose_channels == channels
    with pytest.raises(ConfigError, match='--pose_channels: got 5, expected 11 with --pose_representation=parts'):
        ModelConfig(pose_channels=5, pose_representation='parts')
    model = small_model(pose_representation='both')
    assert model.example_inputs()['target_pose'].shape[-1] == 29
