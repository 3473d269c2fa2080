"""Self-supervision through the objective, where every random warp is a shift that an oracle can read off the joints."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses import random_warp
from tests.losses.shifted_pair import BATCH, SHIFT, SIZE, flows, objective, oracle, scene, swapped, wrong_way
from tests.motions import flows_of, moving


@pytest.fixture
def only_shifts(monkeypatch):
    """Random warps that only shift, so that the oracle knows them."""
    for name in ('MAX_DEGREES', 'MAX_SCALING', 'MAX_BEND'):
        monkeypatch.setattr(random_warp, name, 0.0)


def test_self_supervision_costs_nothing_for_exact_flows_and_much_for_a_wrong_direction(only_shifts):
    goal, batch = objective('self_flow', 'equivariance'), scene()
    right = moving(flows(*SHIFT))
    terms = goal.generator_terms(batch, right, generator=oracle, step=3)
    assert terms['self_flow'].shape == terms['equivariance'].shape == (BATCH,)
    assert np.max(terms['self_flow']) < 1e-4
    assert np.max(terms['equivariance']) < 1e-4
    for wrong in (wrong_way, swapped, lambda inputs: moving(flows(0, 0, 2 * BATCH))):
        terms = goal.generator_terms(batch, right, generator=wrong, step=3)
        assert np.min(terms['self_flow']) > 1
        assert np.min(terms['equivariance']) > 1


def test_each_scale_of_self_flow_counts_half_as_much_as_the_next_finer(only_shifts):
    goal, batch = objective('self_flow'), scene()
    costs = []
    for wrong in range(4):

        def generator(inputs, wrong=wrong):
            exact = flows_of(oracle(inputs))
            return moving([flow + 3.0 * (index == wrong) for index, flow in enumerate(exact)])

        costs.append(float(goal.generator_terms(batch, moving(flows(*SHIFT)), generator=generator)['self_flow'][0]))
    np.testing.assert_allclose(costs, [6 / 8, 6 / 4, 6 / 2, 6], rtol=1e-3)


def test_pairs_with_a_moved_side_show_what_they_should(only_shifts):
    """One call for both pairs: (source, T source), then (T source, target)."""
    seen = []

    def generator(inputs):
        seen.append(inputs)
        return oracle(inputs)

    batch = scene()
    goal = objective('self_flow', 'equivariance', occlusion_weighting=False)
    goal.generator_terms(batch, moving(flows(*SHIFT)), generator=generator)
    (inputs,) = seen
    for name in ('image', 'keypoints', 'garment', 'parts'):
        first_source, second_source = np.split(inputs[f'source_{name}'], 2)
        first_target, second_target = np.split(inputs[f'target_{name}'], 2)
        np.testing.assert_array_equal(first_source, batch[f'source_{name}'])
        np.testing.assert_array_equal(second_target, batch[f'target_{name}'])
        np.testing.assert_array_equal(first_target, second_source)
        assert np.any(first_target != first_source)
    # The pose is of the moved joints: its brightest pixel lies on the joint.
    pose, joint = inputs['target_pose'][0, ..., 0].numpy(), inputs['target_keypoints'][0, 0].numpy()
    assert np.unravel_index(pose.argmax(), SIZE)[::-1] == tuple(joint.astype(int))


def test_random_warps_depend_on_seed_and_step_and_the_graph_agrees_with_eager():
    batch, outputs = scene(), moving(flows(1, 1))

    def cost(goal, step):
        return goal.generator_terms(batch, outputs, generator=oracle, step=step)['self_flow']

    goal = objective('self_flow')
    value = cost(goal, 3)
    np.testing.assert_allclose(tf.function(cost, autograph=False)(goal, tf.constant(3, tf.int64)), value, rtol=1e-4)
    assert np.all(cost(goal, 4) != value)
    assert np.all(cost(objective('self_flow', seed=1), 3) != value)


def test_terms_over_other_pairs_are_left_out_where_there_is_no_generator():
    goal = objective('photometric', 'self_flow', 'equivariance')
    assert list(goal.generator_terms(scene(), moving(flows(0, 0)))) == ['photometric']
