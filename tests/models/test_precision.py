"""Which precision networks compute in, and that an automatic choice goes by the times of its trial."""

import pytest
import tensorflow as tf

from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.models import precision
from tests.run_folders import SIZE, person, picture


@pytest.fixture
def times(monkeypatch):
    """Times that the next trials measure, by precision."""
    found = {}
    monkeypatch.setattr(precision, 'trial_seconds', lambda names, with_gradient: found)
    precision._fastest.cache_clear()
    yield found
    precision._fastest.cache_clear()


@pytest.mark.parametrize(
    ('bfloat16', 'expected'), [(0.5, 'bfloat16'), (0.8, 'bfloat16'), (0.9, 'float32'), (5.0, 'float32')]
)
def test_half_precision_is_chosen_where_it_saves_a_fifth_of_the_time_and_the_log_says_so(
    times, bfloat16, expected, caplog
):
    times.update(float32=1.0, bfloat16=bfloat16)
    with caplog.at_level('INFO', logger='absl'):
        assert precision.chosen_precision('auto') == expected
    assert f'precision: {expected}' in caplog.text
    assert f'float32 1000.0 ms, bfloat16 {1000 * bfloat16:.1f} ms' in caplog.text


def test_float16_is_chosen_only_on_gpus_where_bfloat16_is_slow(times, monkeypatch):
    monkeypatch.setattr(precision, '_has_gpu', lambda: True)
    times.update(float32=1.0, bfloat16=0.7, float16=0.3)
    assert precision.chosen_precision('auto') == 'bfloat16'
    precision._fastest.cache_clear()
    times.update(bfloat16=1.1)
    assert precision.chosen_precision('auto') == 'float16'


@pytest.mark.parametrize('with_gradient', [False, True])
def test_a_trial_times_each_precision(with_gradient):
    seconds = precision.trial_seconds(('float32', 'bfloat16'), with_gradient)
    assert set(seconds) == {'float32', 'bfloat16'} and min(seconds.values()) > 0
    assert tf.keras.mixed_precision.global_policy().name == 'float32'


def test_a_trained_model_computes_in_the_precision_that_is_asked_for_whatever_it_was_trained_in(tiny_run):
    half = Reposer(tiny_run.path, precision='bfloat16')
    assert half.model.output_conv.conv.compute_dtype == 'bfloat16'
    assert half.model.output_conv.conv.kernel.dtype == tf.float32
    plain = Reposer(tiny_run.path)
    assert plain.model.output_conv.conv.compute_dtype == 'float32'
    joints = tf.constant(person(SIZE)[tf.newaxis])
    raw = {'source_image': picture(SIZE)[tf.newaxis], 'source_keypoints': joints, 'target_keypoints': joints + 4.0}
    one, other = half(raw), plain(raw)
    assert one['motions']['source'].flows[-1].dtype == tf.float32
    error = tf.reduce_mean(tf.square((one['float_image'] - other['float_image']) / 2))
    assert 1e-9 < error < 1e-3
