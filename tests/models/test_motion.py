"""Motion extraction agrees with reference numbers of the published network, and keeps the contracts of models."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.motion.motion import MotionNet
from posewarp_tf.models.pytorch_names import assign_pytorch_weights
from posewarp_tf.models.registry import build_model, model_config
from tests.conftest import assert_agrees


def published_model(reference):
    model = MotionNet(model_config('motion'))
    model.create_weights()
    assign_pytorch_weights(model.pytorch_names(), reference.seeded_weights())
    return model


def answer(model, keypoints):
    """From and to the layout of the published code, [B, 34, T]."""
    return np.swapaxes(model({'skeletons': np.swapaxes(keypoints, 1, 2)})['skeletons'], 1, 2)


@pytest.fixture
def small():
    tf.keras.utils.set_random_seed(3)
    return build_model(model_config('motion', motion_channels=8, init_gain=1.0))


@pytest.fixture
def skeletons():
    return tf.random.stateless_uniform((3, 90, 34), (1, 2), -1, 1)


def test_output_agrees_with_reference(golden):
    reference = golden('motion_extraction')
    assert_agrees(answer(published_model(reference), reference['keypoints']), reference['output'])


def test_loss_and_gradients_agree_with_reference(golden):
    reference = golden('motion_extraction_train')
    model = published_model(reference)
    skeletons = tf.constant(reference['train_input'].T[np.newaxis])
    with tf.GradientTape() as tape:
        tape.watch(skeletons)
        output = model({'skeletons': skeletons})['skeletons']
        loss = tf.reduce_mean(tf.square(output - reference['train_truth'].T))
    entries = sorted(model.pytorch_names(), key=lambda entry: entry[0])
    assert [key for key, _, _ in entries] == reference.meta['grad_names']
    gradients = tape.gradient(loss, [skeletons, *(variable for _, variable, _ in entries)])
    assert_agrees(np.swapaxes(output, 1, 2), reference['train_output'])
    assert_agrees(loss, reference['loss'])
    assert_agrees(np.swapaxes(gradients[0], 1, 2), reference['grad_input'], 1e-3)
    norms = np.array([np.linalg.norm(gradient) for gradient in gradients[1:]])
    assert_agrees(norms, reference['grad_norm'], 1e-2)
    by_key = {key: np.transpose(gradient) for (key, _, _), gradient in zip(entries, gradients[1:])}
    for key in (name for name in reference if name.startswith('grad:')):
        found, expected = by_key[key[5:]], reference[key]
        found = found[:32, :32] if found.ndim > 1 and found.shape[1] > 1 else found
        cosine = np.vdot(found, expected) / np.linalg.norm(found) / np.linalg.norm(expected)
        assert cosine > 0.999, key


def test_number_of_parameters_is_the_published_one():
    model = MotionNet(model_config('motion'))
    model.create_weights()
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == 1834786


def test_one_trace_serves_any_batch_and_length_and_examples_do_not_see_each_other(small, skeletons):
    spec = {'skeletons': tf.TensorSpec((None, None, 34))}
    traced = tf.function(lambda inputs: small(inputs)['skeletons'], input_signature=[spec])
    whole = traced({'skeletons': skeletons})
    assert whole.shape == (3, 10, 34)
    np.testing.assert_allclose(traced({'skeletons': skeletons[1:2]}), whole[1:2], atol=1e-5)
    assert traced({'skeletons': skeletons[:, :81]}).shape == (3, 1, 34)
    assert traced.experimental_get_tracing_count() == 1


def test_saved_file_and_clone_are_of_the_same_network(small, skeletons, tmp_path):
    small.save(tmp_path / 'model.keras')
    loaded = tf.keras.models.load_model(tmp_path / 'model.keras')
    assert loaded.model_config == small.model_config
    expected = small({'skeletons': skeletons})['skeletons']
    np.testing.assert_array_equal(loaded({'skeletons': skeletons})['skeletons'], expected)
    clone = MotionNet.from_config(small.get_config())
    clone.create_weights()
    assert [weight.shape for weight in clone.variables] == [weight.shape for weight in small.variables]


def test_dropout_is_of_training_alone_and_of_each_example(small, skeletons):
    plain = small({'skeletons': skeletons})['skeletons']
    dropped = small({'skeletons': skeletons}, training=True)['skeletons']
    assert not np.allclose(plain, dropped, atol=1e-3)
    np.testing.assert_allclose(small({'skeletons': skeletons[2:]}, training=True)['skeletons'], dropped[2:], atol=1e-5)


def test_half_precision_stays_close_and_gives_float32(small, skeletons):
    tf.keras.mixed_precision.set_global_policy('mixed_bfloat16')
    try:
        half = build_model(small.model_config)
    finally:
        tf.keras.mixed_precision.set_global_policy('float32')
    half.set_weights(small.get_weights())
    output = half({'skeletons': skeletons})['skeletons']
    assert output.dtype == tf.float32
    assert np.mean(np.abs(output - small({'skeletons': skeletons})['skeletons'])) < 0.05


def test_gradients_reach_every_weight(small, skeletons):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(small.run_stage({'skeletons': skeletons}, 'extraction', training=True)['skeletons'] ** 2)
    for variable, gradient in zip(small.trainable_variables, tape.gradient(total, small.stage_variables('extraction'))):
        assert gradient is not None and np.any(gradient), variable.name


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match='--motion_channels: got 7, expected an even number'):
        model_config('motion', motion_channels=7)
    with pytest.raises(ConfigError, match=r'--motion_dropout: got 1\.0, expected less than 1'):
        model_config('motion', motion_dropout=1.0)


def test_a_network_that_corrects_joints_answers_alike_wherever_and_however_large_the_person_is(skeletons):
    tf.keras.utils.set_random_seed(3)
    model = build_model(model_config('motion', motion_channels=8, motion_base='joints', init_gain=1.0))
    way = np.repeat(np.float32([0.3, -0.2]), 17)
    moved = model({'skeletons': 0.5 * skeletons + way})['skeletons']
    answer = model({'skeletons': skeletons})['skeletons']
    np.testing.assert_allclose(moved, 0.5 * answer + way, atol=1e-4)
    # A fresh network corrects little: the left knee is where it was on average around each frame.
    knee = np.mean([skeletons[:, 40 + shift : 50 + shift, 13] for shift in range(-3, 4)], axis=0)
    np.testing.assert_allclose(answer[..., 5], knee, atol=0.15)
