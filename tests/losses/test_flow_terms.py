"""The terms of the pose flow through the objective, on a pair whose target is its source moved by a known shift."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.config import Config
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.loss_weights import PFL_LOSS_WEIGHTS
from posewarp_tf.losses import random_warp
from posewarp_tf.losses.objective import Objective

SIZE = (64, 96)
BATCH = 2

# Target pixel (x, y) shows source pixel (x + 4, y - 8): the right flow.
SHIFT = (4, -8)
FACTORS = (8, 4, 2, 1)


def config(weights, **values):
    settings = {'image_size': SIZE, 'vgg_weights': 'random', 'heatmap_sigma': 2.0, 'feature_scales': (2,), **values}
    return Config().replace(loss_weights={'pose_flow': weights}, **settings)


def objective(*names, **values):
    return Objective(config(dict.fromkeys(names, 1.0), **values), 'pose_flow')


def flows(x, y, batch=BATCH):
    """The flow (x, y) in pixels of the picture, coarse first, each in pixels of its own."""
    return [
        tf.broadcast_to(tf.constant([x, y], tf.float32) / k, (batch, SIZE[0] // k, SIZE[1] // k, 2)) for k in FACTORS
    ]


def scene(offset=0):
    """Smooth pictures, joints and maps of which the target is the shifted source, over an endless plane."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32) + offset

    def person(dx, dy):
        waves = [np.sin((x + dx) / 9 + 1), np.cos((y + dy) / 11), np.sin((x + dx + y + dy) / 13)]
        garment = 4 + 4 * ((x + dx) // 12 % 2) + 1 * ((y + dy) // 16 % 2)
        keypoints = np.full((18, 2), -1.0)
        keypoints[:3] = np.array([[24, 30], [20, 34], [30, 36]]) - [dx, dy]
        return {
            'image': 0.8 * np.stack(waves, axis=-1),
            'garment': garment.astype(np.uint8),
            'parts': (1 + (x + dx) // 16 % 3).astype(np.uint8),
            'keypoints': keypoints.astype(np.float32),
            'pose': np.zeros((*SIZE, 18), np.float32),
        }

    sides = {'source': person(0, 0), 'target': person(*SHIFT)}
    return {
        f'{side}_{name}': tf.constant(np.stack([values] * BATCH))
        for side, values_of in sides.items()
        for name, values in values_of.items()
    }


def oracle(inputs):
    """The flow of any pair that is a shift, read off its joints: a target joint shows the same joint of the source."""
    source, target = inputs['source_keypoints'], inputs['target_keypoints']
    seen = tf.reduce_all((source >= 0) & (target >= 0), axis=-1, keepdims=True)
    sums = tf.reduce_sum(tf.where(seen, source - target, 0.0), axis=1)
    shift = sums / tf.reduce_sum(tf.cast(seen, tf.float32), axis=1)
    batch = shift.shape[0]
    return {
        'flows': [tf.broadcast_to(shift[:, None, None] / k, (batch, SIZE[0] // k, SIZE[1] // k, 2)) for k in FACTORS]
    }


def wrong_way(inputs):
    return {'flows': [-flow for flow in oracle(inputs)['flows']]}


def swapped(inputs):
    return {'flows': [flow[..., ::-1] for flow in oracle(inputs)['flows']]}


@pytest.fixture
def only_shifts(monkeypatch):
    """Random warps that only shift, so that the oracle knows them."""
    for name in ('MAX_DEGREES', 'MAX_SCALING', 'MAX_BEND'):
        monkeypatch.setattr(random_warp, name, 0.0)


@pytest.mark.parametrize('name', ['photometric', 'ssim', 'feature', 'label', 'part_label'])
def test_the_right_flow_costs_next_to_nothing_and_wrong_ones_much_more(name):
    goal, batch = objective(name, feature_scales=(0,)), scene()
    inner = np.zeros((BATCH, *SIZE), np.uint8)
    inner[:, 12:-12, 12:-12] = 1
    # Only pixels whose content is inside the source: the rest cannot be right.
    batch.update({f'target_{kind}': batch[f'target_{kind}'] * inner for kind in ('parts', 'garment')})

    def cost(x, y):
        return float(goal.generator_terms(batch, {'flows': flows(x, y)})[name][0])

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
        total = tf.reduce_sum(goal.generator_terms(batch, {'flows': short})[name])
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
        shift: float(goal.generator_terms(batch, {'flows': flows(*shift)})['texture'][0])
        for shift in (SHIFT, (4, 0), (-8, -8))
    }
    assert costs[SHIFT] < 0.01 and costs[4, 0] < 0.01
    assert costs[-8, -8] > 0.03


def test_texture_of_a_garment_that_the_source_lacks_does_not_count():
    batch = halves()
    batch['source_garment'] = tf.where(batch['source_garment'] == 5, tf.constant(8, tf.uint8), batch['source_garment'])
    goal, wrong = objective('texture'), {'flows': flows(-20, -8)}
    both = goal.generator_terms(halves(), wrong)['texture'][0]
    assert 0 < goal.generator_terms(batch, wrong)['texture'][0] != both
    batch['source_garment'] = tf.zeros_like(batch['source_garment'])
    assert goal.generator_terms(batch, wrong)['texture'][0] == 0


def test_self_supervision_costs_nothing_for_exact_flows_and_much_for_a_wrong_direction(only_shifts):
    goal, batch = objective('self_flow', 'equivariance'), scene()
    right = {'flows': flows(*SHIFT)}
    terms = goal.generator_terms(batch, right, generator=oracle, step=3)
    assert terms['self_flow'].shape == terms['equivariance'].shape == (BATCH,)
    assert np.max(terms['self_flow']) < 1e-4
    assert np.max(terms['equivariance']) < 1e-4
    for wrong in (wrong_way, swapped, lambda inputs: {'flows': flows(0, 0, 2 * BATCH)}):
        terms = goal.generator_terms(batch, right, generator=wrong, step=3)
        assert np.min(terms['self_flow']) > 1
        assert np.min(terms['equivariance']) > 1


def test_each_scale_of_self_flow_counts_half_as_much_as_the_next_finer(only_shifts):
    goal, batch = objective('self_flow'), scene()
    costs = []
    for wrong in range(4):

        def generator(inputs, wrong=wrong):
            exact = oracle(inputs)['flows']
            return {'flows': [flow + 3.0 * (index == wrong) for index, flow in enumerate(exact)]}

        costs.append(float(goal.generator_terms(batch, {'flows': flows(*SHIFT)}, generator=generator)['self_flow'][0]))
    np.testing.assert_allclose(costs, [6 / 8, 6 / 4, 6 / 2, 6], rtol=1e-3)


def test_pairs_with_a_moved_side_show_what_they_should(only_shifts):
    """One call for both pairs: (source, T source), then (T source, target)."""
    seen = []

    def generator(inputs):
        seen.append(inputs)
        return oracle(inputs)

    batch = scene()
    goal = objective('self_flow', 'equivariance', occlusion_weighting=False)
    goal.generator_terms(batch, {'flows': flows(*SHIFT)}, generator=generator)
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


def test_occluded_pixels_weigh_less_but_never_nothing():
    """In the left half the way back leads elsewhere; there alone the pictures differ."""
    batch = scene()
    image = batch['target_image'].numpy()
    image[:, :, : SIZE[1] // 2] += 0.5
    batch['target_image'] = tf.constant(image)
    outputs = {'flows': flows(*SHIFT)}

    def cost(generator):
        return float(objective('photometric').generator_terms(batch, outputs, generator=generator)['photometric'][0])

    def occluding(inputs):
        inside = tf.cast(tf.range(SIZE[1]) < SIZE[1] // 2 + SHIFT[0], tf.float32)[None, None, :, None]
        return {'flows': [flow + 20.0 / k * inside[:, :, ::k] for k, flow in zip(FACTORS, oracle(inputs)['flows'])]}

    plain = cost(None)
    assert cost(oracle) == pytest.approx(plain, rel=1e-4)
    assert 0.1 * plain < cost(occluding) < 0.7 * plain
    without = objective('photometric', occlusion_weighting=False)
    found = without.generator_terms(batch, outputs, generator=occluding)['photometric'][0]
    assert float(found) == pytest.approx(plain, rel=1e-5)


def test_the_swapped_pair_teaches_nothing():
    bias = tf.Variable(0.5)

    def generator(inputs):
        return {'flows': [flow + bias for flow in oracle(inputs)['flows']]}

    with tf.GradientTape() as tape:
        terms = objective('photometric').generator_terms(scene(), {'flows': flows(0, 0)}, generator=generator)
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
    right = {'flows': flows(*SHIFT)}
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
    outputs = {'flows': list(map(tf.constant, bent))}
    for kinds in (('parts',), ('garment',), ()):
        given = {name: value for name, value in batch.items() if name[7:] in ('image', *kinds)}
        assert goal.generator_terms(given, outputs)['smoothness'][0] > 0.01
        assert goal.generator_terms(given, {'flows': flows(*SHIFT)})['smoothness'][0] < 1e-5
    # Where the parts change the flow may break, as long as no garment map is there.
    edge = np.flatnonzero(np.diff(batch['target_parts'][0, 0].numpy().astype(int)))[0] + 1
    bent = [flow.numpy() for flow in flows(*SHIFT)]
    bent[-1][:, :, edge:] += 5
    given = {name: value for name, value in batch.items() if name != 'target_garment'}
    assert goal.generator_terms(given, {'flows': list(map(tf.constant, bent))})['smoothness'][0] < 1e-5


def test_every_term_is_one_float32_number_per_example_that_ignores_the_others():
    names = [*PFL_LOSS_WEIGHTS['pose_flow'], 'part_label']
    goal = objective(*names)
    first, second = scene(), scene(offset=5)
    batch = {name: tf.concat([value[:1], second[name][:1]], axis=0) for name, value in first.items()}
    rng = np.random.default_rng(0)
    outputs = {'flows': [tf.constant(rng.normal(0, 1, flow.shape), tf.float32) for flow in flows(0, 0)]}
    together = goal.generator_terms(batch, outputs, generator=wrong_way, step=2)
    assert set(together) == set(names)
    for i in range(2):
        half = tf.nest.map_structure(lambda tensor, i=i: tensor[i : i + 1], (batch, outputs))
        for name, value in goal.generator_terms(*half, generator=wrong_way, step=2).items():
            assert value.dtype == tf.float32 and value.shape == (1,)
            np.testing.assert_allclose(value, together[name][i : i + 1], rtol=1e-3, atol=1e-6, err_msg=name)


def test_random_warps_depend_on_seed_and_step_and_the_graph_agrees_with_eager():
    batch, outputs = scene(), {'flows': flows(1, 1)}

    def cost(goal, step):
        return goal.generator_terms(batch, outputs, generator=oracle, step=step)['self_flow']

    goal = objective('self_flow')
    value = cost(goal, 3)
    np.testing.assert_allclose(tf.function(cost, autograph=False)(goal, tf.constant(3, tf.int64)), value, rtol=1e-4)
    assert np.all(cost(goal, 4) != value)
    assert np.all(cost(objective('self_flow', seed=1), 3) != value)


def test_terms_over_other_pairs_are_left_out_where_there_is_no_generator():
    goal = objective('photometric', 'self_flow', 'equivariance')
    assert list(goal.generator_terms(scene(), {'flows': flows(0, 0)})) == ['photometric']


def test_missing_maps_are_named_with_the_flag_and_the_folder():
    batch = scene()
    del batch['source_garment']
    with pytest.raises(DataError, match=r'pose_flow\.label needs source_garment, maps of the folder parsing/.*label=0'):
        objective('label').generator_terms(batch, {'flows': flows(0, 0)})


@pytest.mark.parametrize(
    'scales, message', [((4,), 'got 4, but the flows are of sizes 1/8, 1/4'), ((5,), 'got 5, exp')]
)
def test_features_at_a_scale_without_a_flow_are_an_error(scales, message):
    with pytest.raises(ConfigError, match='--feature_scales: ' + message):
        objective('feature', feature_scales=scales).generator_terms(scene(), {'flows': flows(0, 0)})
