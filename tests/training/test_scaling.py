"""The model of scaling against messages that go round a ring, and a network whose weights are counted."""

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.models.registry import build_model
from posewarp_tf.training.scaling import gradient_bytes, ring_seconds
from posewarp_tf.training.scaling_benchmark import images_per_second, images_per_second_of_devices


@pytest.mark.parametrize('replicas', [1, 2, 5, 8])
def test_the_time_is_that_of_the_messages_that_sum_arrays_on_a_ring(replicas):
    """Arrays in as many pieces as replicas: each is summed on its way round, and sent round once more."""
    length, rate, latency = 40, 10.0, 0.25
    arrays = np.random.default_rng(0).normal(size=(replicas, replicas, length // replicas))
    held, seconds = arrays.copy(), 0.0
    for step in range(2 * (replicas - 1)):
        sent = [(member, (member - step) % replicas) for member in range(replicas)]
        messages = [held[member, piece].copy() for member, piece in sent]
        for (member, piece), message in zip(sent, messages):
            receiver = (member + 1) % replicas
            held[receiver, piece] = message + (held[receiver, piece] if step < replicas - 1 else 0)
        # All at the same time; a number is a byte here.
        seconds += latency + len(messages[0]) / rate
    np.testing.assert_allclose(held, np.broadcast_to(arrays.sum(axis=0), held.shape))
    assert ring_seconds(length, replicas, rate, latency) == pytest.approx(seconds)


def test_gradients_are_four_bytes_for_each_weight_that_a_stage_trains(tiny_config):
    found = gradient_bytes(tiny_config.replace(loss_weights={'flow': {'affine': 1.0}, 'full': {'l1': 1.0}}))
    model = build_model(tiny_config)
    assert found['flow'] == 4 * sum(np.prod(weight.shape) for weight in model.flow_estimator.trainable_variables)
    assert found['full'] == 4 * sum(np.prod(weight.shape) for weight in model.trainable_variables)
    judged = gradient_bytes(tiny_config)
    assert judged['flow'] == found['flow'] and judged['full'] > found['full']


@pytest.mark.slow
def test_processes_are_timed_together_and_apart(tiny_config):
    for together in (False, True):
        assert 0.01 < images_per_second(tiny_config, 2, 1, together) < 1e4


@pytest.mark.slow
def test_logical_devices_are_timed_against_one(tiny_config):
    for together in (False, True):
        assert 0.01 < images_per_second_of_devices(tiny_config, 2, 1, together) < 1e4


@pytest.mark.slow
def test_a_process_that_fails_ends_the_measurement(tiny_config):
    with pytest.raises(RunError, match='a process has ended with exit code 1'):
        images_per_second(tiny_config.replace(num_gpus=99, batch_size=99), 1, 1, together=True)
