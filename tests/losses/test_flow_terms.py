"""The terms of the pose flow through the objective, on a pair whose target is its source moved by a known shift."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.pfl.config import POSE_FLOW
from tests.losses.shifted_pair import BATCH, FACTORS, SHIFT, SIZE, flows, objective, oracle, scene, wrong_way
from tests.motions import flows_of, moving


@pytest.mark.parametrize('name', ['photometric', 'ssim', 'feature', 'label', 'part_label'])
def test_the_right_flow_costs_next_to_nothing_and_wrong_ones_much_more(name):
    goal, batch = objective(name, feature_scales=(0,)), scene()
    inner = np.zeros((BATCH, *SIZE), np.uint8)
    inner[:, 12:-12, 12:-12] = 1
    # Only pixels whose content is inside the source: the rest cannot be right.
    batch.update({f'target_{kind}': batch[f'target_{kind}'] * inner for kind in ('parts', 'garment')})

    def cost(x, y):
        return float(goal.generator_terms(batch, moving(flows(x, y)))[name][0])

    right = cost(*SHIFT)
    # Nothing at all, the other way, x and y swapped.
    for wrong in ((0, 0), (-4, 8), (-8, 4)):
        assert cost(*wrong) > 3 * right, wrong


@pytest.mark.parametrize('name', ['photometric', 'ssim', 'feature', 'label', 'texture'])
def test_gradient_points_to_the_right_flow_at_every_scale(name):
    """From a flow one pixel of each scale short of the right one, descent goes the rest of the way."""
    goal, batch = objective(name, feature_scales=(0, 1, 2, 3)), scene()
    if name == 'texture':
        # Two flat halves: what is fetched over the edge looks unlike the garment.
        batch = halves()
    short = [tf.Variable(flow - [1.0, 0.0]) for flow in flows(*SHIFT)]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(goal.generator_terms(batch, moving(short))[name])
    for factor, gradient in zip(FACTORS, tape.gradient(total, short)):
        if name == 'texture' and factor > 2:
            assert gradient is None
        else:
            assert tf.reduce_sum(gradient[..., 0]) < 0, factor


def halves():
    """Left of x = 48 in the source (44 in the target) dark cloth of class 4, right of it light cloth of class 5."""
    batch = scene()
    for side, edge in (('source', 48), ('target', 44)):
        left = np.broadcast_to(np.arange(SIZE[1]) < edge, (BATCH, *SIZE))
        batch[f'{side}_garment'] = tf.constant(np.where(left, 4, 5).astype(np.uint8))
        batch[f'{side}_image'] = tf.constant(
            np.where(left[..., None], -0.7, 0.7).astype(np.float32) * np.ones(3, np.float32)
        )
    return batch


def test_texture_lets_a_flow_fetch_any_place_of_the_garment():
    """8 pixels up is wrong for every pixel, but shows the same cloth."""
    goal, batch = objective('texture'), halves()
    costs = {
        shift: float(goal.generator_terms(batch, moving(flows(*shift)))['texture'][0])
        for shift in (SHIFT, (4, 0), (-8, -8))
    }
    assert costs[SHIFT] < 0.01 and costs[4, 0] < 0.01
    assert costs[-8, -8] > 0.03


def test_texture_of_a_garment_that_the_source_lacks_does_not_count():
    batch = halves()
    batch['source_garment'] = tf.where(batch['source_garment'] == 5, tf.constant(8, tf.uint8), batch['source_garment'])
    goal, wrong = objective('texture'), moving(flows(-20, -8))
    both = goal.generator_terms(halves(), wrong)['texture'][0]
    assert 0 < goal.generator_terms(batch, wrong)['texture'][0] != both
    batch['source_garment'] = tf.zeros_like(batch['source_garment'])
    assert goal.generator_terms(batch, wrong)['texture'][0] == 0


def test_occluded_pixels_weigh_less_but_never_nothing():
    """In the left half the way back leads elsewhere; there alone the pictures differ."""
    batch = scene()
    image = batch['target_image'].numpy()
    image[:, :, : SIZE[1] // 2] += 0.5
    batch['target_image'] = tf.constant(image)
    outputs = moving(flows(*SHIFT))

    def cost(generator):
        return float(objective('photometric').generator_terms(batch, outputs, generator=generator)['photometric'][0])

    def occluding(inputs):
        inside = tf.cast(tf.range(SIZE[1]) < SIZE[1] // 2 + SHIFT[0], tf.float32)[None, None, :, None]
        return moving(flow + 20.0 / k * inside[:, :, ::k] for k, flow in zip(FACTORS, flows_of(oracle(inputs))))

    plain = cost(None)
    assert cost(oracle) == pytest.approx(plain, rel=1e-4)
    assert 0.1 * plain < cost(occluding) < 0.7 * plain
    without = objective('photometric', occlusion_weighting=False)
    found = without.generator_terms(batch, outputs, generator=occluding)['photometric'][0]
    assert float(found) == pytest.approx(plain, rel=1e-5)


def test_the_swapped_pair_teaches_nothing():
    bias = tf.Variable(0.5)

    def generator(inputs):
        return moving([flow + bias for flow in flows_of(oracle(inputs))])

    with tf.GradientTape() as tape:
        terms = objective('photometric').generator_terms(scene(), moving(flows(0, 0)), generator=generator)
        total = tf.reduce_sum(terms['photometric'])
    assert tape.gradient(total, bias) is None


def test_only_the_foreground_counts():
    batch = scene()
    for name in ('parts', 'garment'):
        maps = batch[f'target_{name}'].numpy()
        maps[:, :, 24:] = 0
        batch[f'target_{name}'] = tf.constant(maps)
    image = batch['target_image'].numpy()
    image[:, :, 24:] = 1
    right = moving(flows(*SHIFT))
    goal = objective('photometric')
    before = goal.generator_terms(batch, right)['photometric']
    batch['target_image'] = tf.constant(image)
    np.testing.assert_allclose(goal.generator_terms(batch, right)['photometric'], before, rtol=1e-5)
    del batch['target_parts'], batch['target_garment']
    assert np.all(goal.generator_terms(batch, right)['photometric'] > 3 * before)


def test_smoothness_bends_at_the_edges_of_the_class_maps_and_nowhere_else():
    goal, batch = objective('smoothness'), scene()
    bent = [flow.numpy() for flow in flows(*SHIFT)]
    bent[-1][:, :, 13:] += 5
    outputs = moving(list(map(tf.constant, bent)))
    for kinds in (('parts',), ('garment',), ()):
        given = {name: value for name, value in batch.items() if name[7:] in ('image', *kinds)}
        assert goal.generator_terms(given, outputs)['smoothness'][0] > 0.01
        assert goal.generator_terms(given, moving(flows(*SHIFT)))['smoothness'][0] < 1e-5
    # Where the parts change the flow may break, as long as no garment map is there.
    edge = np.flatnonzero(np.diff(batch['target_parts'][0, 0].numpy().astype(int)))[0] + 1
    bent = [flow.numpy() for flow in flows(*SHIFT)]
    bent[-1][:, :, edge:] += 5
    given = {name: value for name, value in batch.items() if name != 'target_garment'}
    assert goal.generator_terms(given, moving(list(map(tf.constant, bent))))['smoothness'][0] < 1e-5


def test_every_term_is_one_float32_number_per_example_that_ignores_the_others():
    names = [*POSE_FLOW.weights, 'part_label']
    goal = objective(*names)
    first, second = scene(), scene(offset=5)
    batch = {name: tf.concat([value[:1], second[name][:1]], axis=0) for name, value in first.items()}
    rng = np.random.default_rng(0)
    outputs = {
        'motions': {'source': Motion([tf.constant(rng.normal(0, 1, flow.shape), tf.float32) for flow in flows(0, 0)])}
    }
    together = goal.generator_terms(batch, outputs, generator=wrong_way, step=2)
    assert set(together) == set(names)
    for i in range(2):
        half = tf.nest.map_structure(lambda tensor, i=i: tensor[i : i + 1], (batch, outputs))
        for name, value in goal.generator_terms(*half, generator=wrong_way, step=2).items():
            assert value.dtype == tf.float32 and value.shape == (1,)
            np.testing.assert_allclose(value, together[name][i : i + 1], rtol=1e-3, atol=1e-6, err_msg=name)


def test_missing_maps_are_named_with_the_flag():
    batch = scene()
    del batch['source_garment']
    with pytest.raises(DataError, match=r'pose_flow\.label needs source_garment'):
        objective('label').generator_terms(batch, moving(flows(0, 0)))


def test_features_at_a_scale_without_a_flow_are_an_error():
    with pytest.raises(ConfigError, match='--feature_scales: got 4, but the flows are of sizes 1/8, 1/4'):
        objective('feature', feature_scales=(4,))
