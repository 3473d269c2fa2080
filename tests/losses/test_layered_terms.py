"""The terms of the layered model: known answers, and each pixel weighed as it should be."""

import types

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import PART_NAMES, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.losses import layered_terms as terms
from posewarp_tf.poses.body_layers import IN_LAYER, NUM_LAYERS

SIZE = (16, 24)
TORSO, ARM = PART_NAMES.index('torso'), PART_NAMES.index('left_lower_arm')
# Columns of the target: background, a visible torso, a visible arm, an occluded arm.
VISIBLE_TORSO, VISIBLE_ARM, HIDDEN_ARM = slice(8, 14), slice(14, 16), slice(16, 20)
FLOW = (6.0, -4.0)
SURE = 40.0


def batch():
    rng = np.random.default_rng(0)
    parts, visibility = np.zeros((2, 1, *SIZE), np.uint8)
    parts[..., VISIBLE_TORSO], parts[..., VISIBLE_ARM], parts[..., HIDDEN_ARM] = TORSO, ARM, ARM
    visibility[..., VISIBLE_TORSO], visibility[..., VISIBLE_ARM] = VISIBILITY_VISIBLE, VISIBILITY_VISIBLE
    visibility[..., HIDDEN_ARM] = VISIBILITY_OCCLUDED
    return {
        'target_image': rng.uniform(-1, 1, (1, *SIZE, 3)).astype(np.float32),
        'target_parts': parts,
        'source_parts': parts[:, :, ::-1].copy(),
        'flow': np.tile(np.float32(FLOW), (1, *SIZE, 1)),
        'visibility': visibility,
    }


def sure_of(labels, step):
    return SURE * (np.eye(len(PART_NAMES), dtype=np.float32)[labels[:, ::step, ::step]] - 0.5)


def perfect(truth):
    """Outputs at half and at full size that are right; layers that a pixel does not show move anywhere."""
    layers = {'flows': [], 'parts': [], 'visible': []}
    for step in (2, 1):
        own = IN_LAYER[truth['target_parts'][:, ::step, ::step]][..., np.newaxis] > 0
        flow = truth['flow'][:, ::step, ::step, np.newaxis] / step
        layers['flows'].append(np.where(own, flow, np.float32(77)))
        layers['parts'].append(sure_of(truth['target_parts'], step))
        visible = truth['visibility'][:, ::step, ::step, np.newaxis] == VISIBILITY_VISIBLE
        layers['visible'].append(np.where(visible, SURE, -SURE).astype(np.float32))
    picture = truth['target_image'].copy()
    return {**layers, 'source_parts': sure_of(truth['source_parts'], 2), 'person': picture, 'painted': picture.copy()}


def value(term, truth, layers):
    tensors = tf.nest.map_structure(tf.constant, (truth, {'layers': layers}))
    (number,) = getattr(terms, term)(types.SimpleNamespace(batch=tensors[0], outputs=tensors[1])).numpy()
    return float(number)


@pytest.mark.parametrize(
    'term',
    [
        'layer_flow',
        'part_cross_entropy',
        'source_part_cross_entropy',
        'silhouette_overlap',
        'layer_visibility',
        'person_l1',
        'painted_l1',
        'person_gradient',
    ],
)
def test_what_is_right_costs_nothing(term):
    truth = batch()
    # End-point errors are smoothed at zero, over a thirtieth of a pixel.
    assert 0 <= value(term, truth, perfect(truth)) < 0.006


@pytest.mark.parametrize('shift', [4.0, 8.0])
@pytest.mark.parametrize('axis', [0, 1])
def test_a_flow_that_is_k_pixels_off_costs_an_eighth_of_k_at_either_size(axis, shift):
    truth = batch()
    layers = perfect(truth)
    for flows, step in zip(layers['flows'], (2, 1)):
        flows[..., axis] += shift / step
    assert value('layer_flow', truth, layers) == pytest.approx(shift / 8, rel=1e-3)


def test_only_the_layer_that_a_pixel_shows_is_asked_for_its_flow():
    truth = batch()
    layers = perfect(truth)
    arm = IN_LAYER[ARM].argmax()
    for flows in layers['flows']:
        flows[..., arm, 0] += 100
        assert flows.shape[3] == NUM_LAYERS
    only_torso = {**truth, 'target_parts': np.where(truth['target_parts'] == ARM, 0, truth['target_parts'])}
    assert value('layer_flow', only_torso, layers) < 0.006
    assert value('layer_flow', truth, layers) > 1


def test_occluded_pixels_weigh_a_quarter_in_the_flow():
    truth = batch()
    layers = perfect(truth)
    for flows, step in zip(layers['flows'], (2, 1)):
        flows[:, :, slice(HIDDEN_ARM.start // step, HIDDEN_ARM.stop // step)] += np.float32((8 / step, 0))
    # Eight columns are visible, four occluded.
    assert value('layer_flow', truth, layers) == pytest.approx(0.25 * 4 / (8 + 0.25 * 4), abs=0.006)


@pytest.mark.parametrize('term', ['part_cross_entropy', 'source_part_cross_entropy'])
def test_not_knowing_the_parts_costs_the_logarithm_of_their_number(term):
    truth = batch()
    layers = perfect(truth)
    layers['parts'] = [np.zeros_like(logits) for logits in layers['parts']]
    layers['source_parts'] = np.zeros_like(layers['source_parts'])
    assert value(term, truth, layers) == pytest.approx(np.log(len(PART_NAMES)), rel=1e-5)


def test_sides_of_the_source_and_the_target_are_not_exchanged():
    truth = batch()
    layers = perfect(truth)
    swapped = {**truth, 'source_parts': truth['target_parts'], 'target_parts': truth['source_parts']}
    assert value('part_cross_entropy', swapped, layers) > 1
    assert value('source_part_cross_entropy', swapped, layers) > 1


def test_the_silhouette_is_judged_by_its_overlap_at_full_size():
    truth = batch()
    layers = perfect(truth)
    # Half of the twelve columns of the person are found, and nothing else.
    found = truth['target_parts'].copy()
    found[..., 14:20] = 0
    layers['parts'][-1] = sure_of(found, 1)
    rows = SIZE[0]
    assert value('silhouette_overlap', truth, layers) == pytest.approx(1 - (6 * rows + 1) / (12 * rows + 1), abs=1e-4)


def test_not_knowing_what_is_visible_costs_the_logarithm_of_two_on_the_person_only():
    truth = batch()
    layers = perfect(truth)
    person = [truth['target_parts'][:, ::step, ::step, np.newaxis] > 0 for step in (2, 1)]
    layers['visible'] = [np.where(there, np.float32(0), np.float32(SURE)) for there in person]
    assert value('layer_visibility', truth, layers) == pytest.approx(np.log(2), rel=1e-4)


def test_the_colours_of_the_background_are_not_judged():
    truth = batch()
    layers = perfect(truth)
    outside = np.broadcast_to(truth['target_parts'][..., np.newaxis] == 0, layers['person'].shape)
    for name in ('person', 'painted'):
        layers[name][outside] += 1
    for term in ('person_l1', 'painted_l1', 'person_gradient'):
        assert value(term, truth, layers) == pytest.approx(0, abs=1e-6)


def test_a_person_of_another_brightness_differs_by_it_and_has_the_same_slopes():
    truth = batch()
    layers = perfect(truth)
    layers['person'] = layers['person'] + np.float32(0.5)
    assert value('person_l1', truth, layers) == pytest.approx(0.5, rel=1e-4)
    assert value('person_gradient', truth, layers) == pytest.approx(0, abs=1e-5)


def test_slopes_are_compared_along_both_axes():
    truth = batch()
    layers = perfect(truth)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    layers['person'] = layers['person'] + (0.1 * x + 0.3 * y)[np.newaxis, :, :, np.newaxis]
    assert value('person_gradient', truth, layers) == pytest.approx(0.1 + 0.3, rel=1e-3)


def test_occluded_pixels_weigh_three_times_as_much_for_the_painter():
    truth = batch()
    layers = perfect(truth)
    layers['painted'][:, :, HIDDEN_ARM] += 1
    assert value('painted_l1', truth, layers) == pytest.approx(3 * 4 / (8 + 3 * 4), rel=1e-4)
