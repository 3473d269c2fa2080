"""Terms that learn from exact flow and visibility: known answers, and each pixel in the term that is about it."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses.chosen_terms import check_outputs
from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.truth_terms import END_POINT_EPSILON, binary_cross_entropy, end_point_error
from posewarp_tf.settings.config import Config
from tests.losses.shifted_pair import BATCH, FACTORS, SHIFT, SIZE, config, flows, objective, scene
from tests.motions import moving

# Columns of the picture: half of it background, then a visible person, then an occluded one.
_VISIBLE, _OCCLUDED = slice(48, 80), slice(80, 96)
FLOW_TERMS = {'supervised_flow': _VISIBLE, 'supervised_occluded_flow': _OCCLUDED}
WEIGHTS = sum(1 / factor for factor in FACTORS)


def batch_with_truth():
    visibility = np.zeros((BATCH, *SIZE), np.uint8)
    visibility[..., _VISIBLE] = VISIBILITY_VISIBLE
    visibility[..., _OCCLUDED] = VISIBILITY_OCCLUDED
    flow = np.tile(np.float32(SHIFT), (BATCH, *SIZE, 1))
    flow[visibility == 0] = 0
    return {**scene(), 'flow': tf.constant(flow), 'visibility': tf.constant(visibility)}


def masks_of_blocks(columns, value, rest):
    """Masks of every scale that are `value` in some columns of the picture and `rest` elsewhere."""
    full = np.full((BATCH, *SIZE, 1), rest, np.float32)
    full[:, :, columns] = value
    return [tf.constant(full[:, ::factor, ::factor]) for factor in FACTORS]


@pytest.mark.parametrize('term', FLOW_TERMS)
def test_the_error_is_in_pixels_of_the_picture_at_every_scale(term):
    goal, batch = objective(term), batch_with_truth()
    assert float(goal.generator_terms(batch, moving(flows(*SHIFT)))[term][0]) < 1e-3
    off = goal.generator_terms(batch, moving(flows(SHIFT[0] + 3, SHIFT[1] - 4)))[term]
    np.testing.assert_allclose(off, [WEIGHTS * (5 - END_POINT_EPSILON)] * BATCH, rtol=1e-4)
    # x and y exchanged are wrong by 12 pixels along both axes.
    exchanged = goal.generator_terms(batch, moving(flows(*SHIFT[::-1])))[term]
    np.testing.assert_allclose(exchanged, [WEIGHTS * 12 * np.sqrt(2)] * BATCH, rtol=2e-3)


@pytest.mark.parametrize('term', FLOW_TERMS)
def test_only_the_pixels_that_a_flow_term_is_about_count(term):
    goal, batch = objective(term), batch_with_truth()
    columns = FLOW_TERMS[term]
    wrong = batch['flow'].numpy()
    outside = np.ones(SIZE[1], bool)
    outside[columns] = False
    wrong[:, :, outside] += 100
    value = goal.generator_terms({**batch, 'flow': tf.constant(wrong)}, moving(flows(*SHIFT)))[term]
    np.testing.assert_allclose(value, 0, atol=1e-3)
    wrong[0, :, columns] += 1
    value = goal.generator_terms({**batch, 'flow': tf.constant(wrong)}, moving(flows(*SHIFT)))[term]
    assert value[0] > 1 and value[1] < 1e-3
    nobody = {**batch, 'visibility': tf.zeros_like(batch['visibility'])}
    np.testing.assert_array_equal(goal.generator_terms(nobody, moving(flows(0, 0)))[term], 0)


@pytest.mark.parametrize('term', FLOW_TERMS)
def test_descent_leads_to_the_true_flow_at_every_scale(term):
    goal, batch = objective(term), batch_with_truth()
    short = [tf.Variable(flow - [1.0, 0.0]) for flow in flows(*SHIFT)]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(goal.generator_terms(batch, moving(short))[term])
    for gradient in tape.gradient(total, short):
        assert tf.reduce_sum(gradient[..., 0]) < 0 and np.abs(tf.reduce_sum(gradient[..., 1])) < 1e-5


def test_gradients_are_those_of_numeric_differences(check_gradient):
    rng = np.random.default_rng(0)
    flow, exact = rng.normal(0, 1, (2, 1, 2, 3, 2))
    check_gradient(end_point_error, flow, exact)
    mask, truth = rng.uniform(0.2, 0.8, (2, 1, 2, 3))
    check_gradient(binary_cross_entropy, mask, truth)


def test_masks_that_take_what_is_visible_cost_nothing():
    goal, batch = objective('visibility_mask'), batch_with_truth()

    def cost(masks):
        return float(goal.generator_terms(batch, moving(flows(*SHIFT), masks))['visibility_mask'][0])

    assert cost(masks_of_blocks(_VISIBLE, 1.0, 0.0)) < 1e-5
    # What a mask says of the background is nobody's business.
    assert cost(masks_of_blocks(slice(0, 80), 1.0, 0.0)) < 1e-5
    np.testing.assert_allclose(cost(masks_of_blocks(_VISIBLE, 0.5, 0.5)), np.log(2), rtol=1e-4)
    assert cost(masks_of_blocks(_VISIBLE, 0.0, 1.0)) > 10
    with pytest.raises(ConfigError, match='visibility_mask: the stage makes no masks'):
        cost([])


def test_a_block_that_is_half_visible_wants_half_a_mask():
    goal, batch = objective('visibility_mask'), batch_with_truth()
    stripes = np.where(np.arange(SIZE[1]) % 2, VISIBILITY_VISIBLE, VISIBILITY_OCCLUDED).astype(np.uint8)
    batch['visibility'] = tf.constant(np.tile(stripes, (BATCH, SIZE[0], 1)))
    coarse = [tf.Variable(tf.fill([BATCH, 8, 12, 1], value)) for value in (0.4, 0.5, 0.6)]
    finer = masks_of_blocks(_VISIBLE, 0.5, 0.5)[1:]
    with tf.GradientTape() as tape:
        costs = [
            tf.reduce_sum(goal.generator_terms(batch, moving(flows(0, 0), [mask, *finer]))['visibility_mask'])
            for mask in coarse
        ]
    slopes = [float(tf.reduce_sum(gradient)) for gradient in tape.gradient(costs, coarse)]
    assert slopes[0] < -0.1 and abs(slopes[1]) < 1e-4 and slopes[2] > 0.1


def test_the_composition_mask_synthesises_what_is_hidden():
    settings = Config().replace(
        model='pfl', image_size=SIZE, vgg_weights='random', loss_weights={'synthesis': {'visibility_composition': 1.0}}
    )
    goal, batch = Objective(settings, 'synthesis'), batch_with_truth()

    def cost(columns, value, rest):
        mask = masks_of_blocks(columns, value, rest)[-1]
        outputs = {'composition_mask': mask, 'image': batch['target_image'], **moving(flows(*SHIFT))}
        return float(goal.generator_terms(batch, outputs)['visibility_composition'][0])

    assert cost(_OCCLUDED, 1.0, 0.0) < 1e-5
    np.testing.assert_allclose(cost(_OCCLUDED, 0.5, 0.5), np.log(2), rtol=1e-4)
    assert cost(_VISIBLE, 1.0, 0.0) > 10


def test_gfla_learns_from_truth_too():
    settings = Config().replace(
        image_size=SIZE, loss_weights={'flow': {'supervised_flow': 1.0, 'visibility_mask': 2.0}}
    )
    outputs = moving(flows(*SHIFT)[:2], masks_of_blocks(_VISIBLE, 1.0, 0.0)[:2])
    terms = Objective(settings, 'flow').generator_terms(batch_with_truth(), outputs)
    assert set(terms) == {'supervised_flow', 'visibility_mask'}
    assert all(np.all(value < 1e-3) for value in terms.values())


def test_masks_are_asked_of_stages_that_make_some():
    with pytest.raises(ConfigError, match='pose_flow.visibility_mask: .* makes no masks; .*: synthesis, joint'):
        check_outputs(config({'visibility_mask': 1.0}), 'pose_flow')
    check_outputs(Config().replace(loss_weights={'flow': {'visibility_mask': 1.0}}), 'flow')


def test_what_is_missing_or_would_be_wrong_is_said():
    with pytest.raises(DataError, match='pose_flow.supervised_flow needs flow, which the batch has not'):
        objective('supervised_flow').generator_terms(scene(), moving(flows(*SHIFT)))
    with pytest.raises(ConfigError, match='--augmentation: got affine, .*supervised_flow.*--pair_augmentation'):
        objective('supervised_flow', augmentation='affine')
