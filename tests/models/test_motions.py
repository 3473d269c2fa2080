"""Motions by family, and lists that must fit each other."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.objective import Objective
from posewarp_tf.metrics.flow import FlowErrors
from posewarp_tf.models.outputs import Motion, each_flow, equally_long, titled
from posewarp_tf.models.panels import panels
from posewarp_tf.settings.config import Config


def motion(value, sizes=((4, 8), (8, 16))):
    return Motion([tf.fill((2, *size, 2), float(value)) for size in sizes], [tf.ones((2, *size, 1)) for size in sizes])


def test_lists_of_different_lengths_are_an_error():
    assert list(equally_long([1, 2], 'ab')) == [(1, 'a'), (2, 'b')]
    with pytest.raises(ValueError, match='lengths 2, 1, expected equal'):
        equally_long([1, 2], 'a')


def test_flows_come_family_by_family_and_coarse_first():
    motions = {'source': motion(1), 'previous': motion(2)}
    found = [(family, index, float(flow[0, 0, 0, 0])) for family, index, flow in each_flow(motions)]
    assert found == [('source', 0, 1), ('source', 1, 1), ('previous', 0, 2), ('previous', 1, 2)]
    assert titled('source', 'flow') == 'flow' and titled('previous', 'flow') == 'flow_previous'


def test_an_objective_counts_every_family_and_refuses_one_with_a_scale_too_few():
    config = Config().replace(
        image_size=(32, 64), attention_kernels={2: 3, 3: 3}, loss_weights={'flow': {'affine': 1.0}}
    )
    goal = Objective(config, 'flow')
    batch = {f'{role}_image': tf.zeros((2, 32, 64, 3)) for role in ('source', 'target')}
    rng = np.random.default_rng(0)
    bent = Motion([tf.constant(rng.normal(0, 1, (2, *size, 2)), tf.float32) for size in ((4, 8), (8, 16))])
    one = goal.generator_terms(batch, {'motions': {'source': bent}})['affine']
    two = goal.generator_terms(batch, {'motions': {'source': bent, 'previous': bent}})['affine']
    np.testing.assert_allclose(two, 2 * one, rtol=1e-5)
    with pytest.raises(ValueError, match='lists of lengths 2, 1'):
        goal.generator_terms(batch, {'motions': {'source': Motion(bent.flows[1:])}})


def test_a_second_family_is_drawn_and_scored_under_its_own_name():
    rng = np.random.default_rng(0)
    batch = {f'{role}_image': rng.uniform(-1, 1, (2, 16, 32, 3)).astype(np.float32) for role in ('source', 'previous')}
    outputs = {'motions': {family: motion(number) for number, family in enumerate(('source', 'previous'))}}
    outputs = tf.nest.map_structure(np.asarray, outputs)
    found = panels(batch, outputs, 0)
    assert list(found) == ['source', 'warped', 'flow', 'mask', 'warped_previous', 'flow_previous', 'mask_previous']
    np.testing.assert_array_equal(found['warped'], found['source'])
    errors, exact = FlowErrors(), np.zeros((2, 16, 32, 2), np.float32)
    for family, one in outputs['motions'].items():
        errors.add(one.flows[1:], exact, np.ones((2, 16, 32), np.uint8), family)
    scores = errors.result()
    assert set(scores) == {'scale_1', 'scale_1_previous'}
    assert scores['scale_1']['visible']['model'] == 0 < scores['scale_1_previous']['visible']['model']
