"""Every model keeps the same contracts, whatever it is; a model joins by an entry in catalogue.py."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.models.inputs import make_model_inputs, raw_inputs
from posewarp_tf.models.registry import MODELS
from tests.models.catalogue import CATALOGUE, SIZE, build, random_inputs
from tests.toy_model.registered import toy_registered

each_model = pytest.mark.parametrize('title', CATALOGUE)


@pytest.fixture(scope='module', autouse=True)
def registered():
    with toy_registered():
        yield


@functools.cache
def model_of(title):
    """Not to be changed."""
    return build(title)


@functools.cache
def answer_of(title):
    return model_of(title)(random_inputs(model_of(title)))


def assert_same(expected, actual, **tolerance):
    tf.nest.assert_same_structure(expected, actual)
    for one, other in zip(tf.nest.flatten(expected), tf.nest.flatten(actual)):
        np.testing.assert_allclose(one, other, **tolerance)


def test_every_registered_model_is_in_the_catalogue():
    of_pictures = {name for name, config in MODELS.items() if config.material != 'skeletons'}
    assert {CATALOGUE[title].get('model', 'gfla') for title in CATALOGUE} == of_pictures


@each_model
def test_outputs_are_those_declared_in_their_shapes_and_ranges(title):
    config, outputs = model_of(title).model_config, answer_of(title)
    assert set(outputs) == {'image', 'motions', *(output.name for output in config.outputs)}
    assert outputs['image'].shape == (2, *SIZE, 3) and np.abs(outputs['image']).max() <= 1
    assert tuple(outputs['motions']) == config.families
    assert {tensor.dtype for tensor in tf.nest.flatten(outputs)} == {tf.float32}
    for motion in outputs['motions'].values():
        sizes = [(SIZE[0] // 2**scale, SIZE[1] // 2**scale) for scale in config.flow_scales]
        assert [flow.shape for flow in motion.flows] == [(2, *size, 2) for size in sizes]
        assert [mask.shape for mask in motion.masks] in ([], [(2, *size, 1) for size in sizes])
        assert all(np.min(mask) >= 0 and np.max(mask) <= 1 for mask in motion.masks)
    for output in config.outputs:
        answer = output.kind.answer(outputs[output.name]).numpy()
        assert answer.shape[:3] == (2, *SIZE)
        assert output.kind.draw(answer[0]).shape == (*SIZE, 3)


@each_model
def test_one_trace_serves_every_batch_and_examples_do_not_see_each_other(title):
    model, inputs = model_of(title), random_inputs(model_of(title))
    specs = {name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for name, tensor in inputs.items()}
    answer = tf.function(lambda inputs: model(inputs), input_signature=[specs])
    whole, alone = answer(inputs), answer({name: tensor[:1] for name, tensor in inputs.items()})
    assert answer.experimental_get_tracing_count() == 1
    assert_same(tf.nest.map_structure(lambda both: both[:1], whole), alone, atol=1e-4)


@each_model
def test_what_is_made_of_the_source_serves_any_pose(title):
    """start and step are the call in two halves; only inputs of the source reach the first."""
    model, inputs = model_of(title), random_inputs(model_of(title))
    of_target = {item.name for item in model.model_config.inputs if item.role == model.model_config.roles[-1]}
    state = model.start({name: tensor for name, tensor in inputs.items() if name not in of_target})
    assert_same(answer_of(title), model.step(state, inputs), atol=1e-5)
    other = {**inputs, **{name: tf.reverse(inputs[name], [1]) for name in of_target}}
    assert_same(model(other), model.step(state, other), atol=1e-5)


@each_model
def test_saved_file_gives_the_same_numbers(title, tmp_path):
    model = model_of(title)
    model.save(tmp_path / 'model.keras')
    loaded = tf.keras.models.load_model(tmp_path / 'model.keras')
    assert loaded.model_config == model.model_config
    assert_same(answer_of(title), loaded(random_inputs(model)), atol=0)


@each_model
def test_clone_has_the_same_architecture_and_fresh_weights(title):
    model = model_of(title)
    clone = type(model).from_config(model.get_config())
    clone.create_weights()
    assert clone.model_config == model.model_config
    assert [weight.shape for weight in clone.variables] == [weight.shape for weight in model.variables]
    assert any(np.any(one != other) for one, other in zip(clone.get_weights(), model.get_weights()))


@each_model
def test_half_precision_stays_close_and_gives_float32(title):
    tf.keras.mixed_precision.set_global_policy('mixed_bfloat16')
    try:
        half = build(title)
    finally:
        tf.keras.mixed_precision.set_global_policy('float32')
    half.set_weights(model_of(title).get_weights())
    outputs = half(random_inputs(half))
    assert {tensor.dtype for tensor in tf.nest.flatten(outputs)} == {tf.float32}
    assert np.mean(np.abs(outputs['image'] - answer_of(title)['image'])) < 0.05


@each_model
def test_gradients_reach_what_a_stage_trains_and_nothing_else(title):
    model, inputs = model_of(title), random_inputs(model_of(title))
    for stage in model.model_config.stages:
        with tf.GradientTape() as tape:
            outputs = model.run_stage(inputs, stage.name, training=True)
            # Linear in no single output, so that softmaxes and norms pass something on.
            total = tf.add_n([tf.reduce_sum(tensor**3 + tensor) for tensor in tf.nest.flatten(outputs)])
        gradients = tape.gradient(total, model.trainable_variables)
        reached = {v.ref() for v, gradient in zip(model.trainable_variables, gradients) if gradient is not None}
        assert {name for name, value in outputs.items() if name != 'motions' or value} == set(stage.computes)
        assert all(bool(motion.masks) == stage.makes_masks for motion in outputs.get('motions', {}).values())
        assert reached == {variable.ref() for variable in model.stage_variables(stage.name)}, stage.name
    assert model.complete_stages


@each_model
def test_raw_inputs_make_the_networks_inputs_and_pass_their_own_checks(title):
    model = model_of(title)
    config = model.model_config
    raw = {item.name: item.kind.example(config.image_size) for item in raw_inputs(config.inputs)}
    for item in raw_inputs(config.inputs):
        item.kind.check(raw[item.name], item.name, config.image_size)
        tensor = tf.constant(raw[item.name][np.newaxis])
        assert all(bool(good) for good, _ in item.kind.graph_checks(tensor, item.name, config.image_size))
    inputs = make_model_inputs({name: tf.constant(array[np.newaxis]) for name, array in raw.items()}, config)
    for name, spec in model.example_inputs().items():
        assert inputs[name].shape[1:] == spec.shape[1:] and inputs[name].dtype == spec.dtype
