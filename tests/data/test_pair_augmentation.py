"""Another camera for each side of a pair: pictures, maps, joints and the exact flow go along."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf import synthetic
from posewarp_tf.conventions import (
    JOINT_NAMES,
    PART_NAMES,
    VISIBILITY_BACKGROUND,
    VISIBILITY_OCCLUDED,
    VISIBILITY_VISIBLE,
)
from posewarp_tf.data.camera import MAX_BEND, NUM_DRAWS, Camera, CameraRanges, random_camera
from posewarp_tf.data.pair_augmentation import augment_pairs, hashed_uniform, move_pairs
from posewarp_tf.errors import ConfigError
from posewarp_tf.ops import bilinear_sample, to_float_image

SIZE = (64, 48)
SEED = tf.constant([3, 5], tf.int64)
UNMOVED = tf.constant([False, False])


def camera(degrees=0.0, scale=1.0, shift=(0.0, 0.0), mirror=False, size=SIZE, count=2):
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1 if mirror else 1, 1])
    matrix, shift = np.tile(matrix, (count, 1, 1)), np.tile(shift, (count, 1))
    return Camera(tf.constant(matrix, tf.float32), tf.constant(shift, tf.float32), size)


def bent_camera(size=SIZE, share=MAX_BEND, count=4, ranges=None):
    draws = tf.random.stateless_uniform([count, NUM_DRAWS], [1, 2], -1.0, 1.0)
    bend = share * min(size)
    return random_camera(draws, size, ranges or CameraRanges(), bend, tf.constant([False, True] * (count // 2)))


def grid(size=SIZE):
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack([x, y], axis=-1).astype(np.float32)


def make_batch(flow=None, size=SIZE, count=2):
    """Noise with the same person all over it, joints everywhere, and a flow [H, W, 2]."""
    rng = np.random.default_rng(0)
    batch = {}
    for side in ('source', 'target'):
        batch[f'{side}_image'] = rng.uniform(-1, 1, (count, *size, 3)).astype(np.float32)
        batch[f'{side}_keypoints'] = (rng.uniform(0.2, 0.8, (count, 18, 2)) * size[::-1]).astype(np.float32)
        batch[f'{side}_parts'] = rng.integers(1, 11, (count, *size), dtype=np.uint8)
        batch[f'{side}_garment'] = rng.integers(1, 16, (count, *size), dtype=np.uint8)
    batch['flow'] = np.tile(np.zeros((*size, 2), np.float32) if flow is None else flow, (count, 1, 1, 1))
    batch['visibility'] = np.full((count, *size), VISIBILITY_VISIBLE, np.uint8)
    return {name: tf.constant(values) for name, values in batch.items()}


def drawn_batch(seeds, size=(128, 96)):
    """Drawn people with their exact flow."""
    sides, truth = {'source': [], 'target': []}, []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        person = synthetic.sample_person(rng)
        source, target = (synthetic.render(person, synthetic.sample_pose(rng), size) for _ in range(2))
        truth.append(synthetic.exact_flow(source, target))
        sides['source'].append(source)
        sides['target'].append(target)
    batch = {}
    for side, pictures in sides.items():
        batch[f'{side}_image'] = to_float_image(tf.constant(np.stack([picture.image for picture in pictures])))
        batch[f'{side}_keypoints'] = tf.constant(np.stack([picture.keypoints for picture in pictures]), tf.float32)
        batch[f'{side}_parts'] = tf.constant(np.stack([picture.parts for picture in pictures]))
    flows, visibilities = zip(*truth)
    batch['flow'] = tf.constant(np.stack(flows), tf.float32)
    batch['visibility'] = tf.constant(np.stack(visibilities), tf.uint8)
    return batch


def test_cameras_that_do_nothing_change_nothing():
    batch = make_batch(flow=np.float32(grid() * 0.1 - 2))
    moved = move_pairs(batch, camera(), camera(), UNMOVED)
    assert moved.keys() == batch.keys()
    for name, values in batch.items():
        if name not in ('flow', 'visibility'):
            np.testing.assert_allclose(moved[name], values, atol=2e-5, err_msg=name)
    np.testing.assert_allclose(moved['flow'], batch['flow'], atol=2e-5)
    # Where the source place lies outside the source, nothing is seen of it.
    place = grid() + batch['flow'][0].numpy()
    outside = np.any((place < -0.5) | (place >= np.array(SIZE[::-1]) - 0.5), axis=-1)
    np.testing.assert_array_equal(moved['visibility'][0] == VISIBILITY_OCCLUDED, outside)
    assert 0 < outside.mean() < 0.2


def test_shifts_move_everything_by_whole_pixels():
    batch = make_batch(flow=np.tile(np.float32([1, -2]), (*SIZE, 1)))
    moved = move_pairs(batch, camera(shift=(4, 1)), camera(shift=(-3, 2)), UNMOVED)
    for name in ('source_image', 'source_parts', 'source_garment'):
        np.testing.assert_allclose(moved[name][:, 1:, 4:], batch[name][:, :-1, :-4], atol=1e-5)
    for name in ('target_image', 'target_parts', 'target_garment'):
        np.testing.assert_allclose(moved[name][:, 2:, :-3], batch[name][:, :-2, 3:], atol=1e-5)
    for name in ('target_parts', 'target_garment', 'visibility'):
        assert not np.any(moved[name][:, :2]) and not np.any(moved[name][:, :, -3:])
    np.testing.assert_allclose(moved['target_keypoints'], batch['target_keypoints'] + [-3, 2], atol=1e-5)
    # Old flow, and the old place of the target, and what the source's camera adds.
    person = moved['visibility'].numpy() != VISIBILITY_BACKGROUND
    np.testing.assert_allclose(moved['flow'].numpy()[person], np.tile([1 + 3 + 4, -2 - 2 + 1], (person.sum(), 1)))
    assert not np.any(moved['flow'].numpy()[~person])
    seen = moved['visibility'][0].numpy() == VISIBILITY_VISIBLE
    place = grid() + [8, -3]
    inside = np.all((place >= -0.5) & (place < np.array(SIZE[::-1]) - 0.5), axis=-1)
    np.testing.assert_array_equal(seen, inside & person[0])


@pytest.mark.parametrize('mirror', [False, True])
def test_the_flow_of_turned_cameras_is_the_composed_map(mirror):
    # A linear flow is read exactly between pixels.
    matrix, offset = np.array([[0.9, 0.2], [-0.15, 1.1]]), np.array([3.0, -4.0])
    flow = (grid() @ matrix.T + offset - grid()).astype(np.float32)
    source = camera(20, 1.2, (3, -2), mirror)
    target = camera(-15, 0.9, (-2.5, 4), mirror)
    moved = move_pairs(make_batch(flow), source, target, tf.constant([mirror] * 2))
    old = target.backward(tf.constant(grid().reshape(1, -1, 2))).numpy()
    inside = np.all((old >= 0) & (old <= np.array(SIZE[::-1]) - 1), axis=-1).reshape(2, *SIZE)
    sources = (old @ matrix.T + offset).astype(np.float32)
    expected = source.forward(tf.constant(sources)).numpy().reshape(2, *SIZE, 2) - grid()
    assert inside.mean() > 0.5
    np.testing.assert_allclose(moved['flow'].numpy()[inside], expected[inside], atol=1e-3)
    # x and y exchanged would not do.
    assert np.abs(moved['flow'].numpy()[inside] - expected[inside][:, ::-1]).mean() > 1


@pytest.mark.parametrize(('share', 'size'), [(0.0, SIZE), (0.06, (128, 96)), (MAX_BEND, SIZE), (MAX_BEND, (256, 192))])
def test_forward_and_backward_are_inverse(share, size):
    moving = bent_camera(size, share, count=16)
    points = tf.constant(np.tile(grid(size)[::5, ::5].reshape(1, -1, 2), (16, 1, 1)))
    np.testing.assert_allclose(moving.forward(moving.backward(points)), points, atol=0.01)
    np.testing.assert_allclose(moving.backward(moving.forward(points)), points, atol=0.02)


def test_bends_are_as_large_as_said_and_smooth():
    still = CameraRanges(0.0, (1.0, 1.0), 0.0, 1.0, 0.0)
    moving = bent_camera((128, 96), 0.06, 64, still)
    points = grid((128, 96)).reshape(1, -1, 2)
    bent = moving.backward(tf.constant(points)).numpy()
    bent[1::2, :, 0] = 95 - bent[1::2, :, 0]
    bend = (bent - points).reshape(64, 128, 96, 2)
    assert 3 < np.abs(bend).max() <= 0.06 * 96 and 1 < bend.std() < 2.5
    assert np.abs(np.diff(bend, axis=1)).max() < 0.3 and np.abs(np.diff(bend, axis=2)).max() < 0.3
    with pytest.raises(ConfigError, match=r'bend: got 9\.0 px for pictures of 128x96, expected 0 to 8'):
        random_camera(tf.zeros([1, NUM_DRAWS]), (128, 96), still, 9.0, tf.constant([False]))


def test_cameras_stay_in_their_ranges():
    draws = tf.random.stateless_uniform([4096, NUM_DRAWS], [1, 2], -1.0, 1.0)
    mirrored = tf.range(4096) % 2 == 0
    moving = random_camera(draws, SIZE, CameraRanges(), 0.0, mirrored)
    middle = np.array([(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2], np.float32)
    corners = np.tile(middle + np.float32([[0, 0], [1, 0], [0, 1]]), (4096, 1, 1))
    origin, right, down = np.moveaxis(moving.forward(tf.constant(corners)).numpy(), 1, 0)
    right, down = right - origin, down - origin
    determinant = right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]
    np.testing.assert_array_equal(determinant < 0, mirrored)
    right = np.where(mirrored[:, None], -right, right)
    scale, degrees = np.sqrt(np.abs(determinant)), np.degrees(np.arctan2(right[:, 1], right[:, 0]))
    for values, low, high in (
        (scale, 0.7, 1.4),
        (degrees, -25, 25),
        ((origin - middle)[:, 0] / SIZE[1], -0.12, 0.12),
        ((origin - middle)[:, 1] / SIZE[0], -0.12, 0.12),
    ):
        slack = 0.02 * (high - low)
        assert low - 1e-3 <= values.min() < low + slack and high - slack < values.max() <= high + 1e-3


def test_mirrored_pairs_have_joints_and_parts_of_the_other_side():
    batch = make_batch()
    mirrored = tf.constant([True, True])
    moved = move_pairs(batch, camera(mirror=True), camera(mirror=True), mirrored)
    for side in ('source', 'target'):
        np.testing.assert_allclose(moved[f'{side}_image'], batch[f'{side}_image'][:, :, ::-1], atol=2e-5)
        np.testing.assert_array_equal(moved[f'{side}_garment'], batch[f'{side}_garment'][:, :, ::-1])
        left, right = JOINT_NAMES.index('left_wrist'), JOINT_NAMES.index('right_wrist')
        expected = batch[f'{side}_keypoints'].numpy()[:, left] * [-1, 1] + [SIZE[1] - 1, 0]
        np.testing.assert_allclose(moved[f'{side}_keypoints'][:, right], expected, atol=1e-4)
        left, right = PART_NAMES.index('left_lower_leg'), PART_NAMES.index('right_lower_leg')
        np.testing.assert_array_equal(
            moved[f'{side}_parts'] == right, batch[f'{side}_parts'].numpy()[:, :, ::-1] == left
        )
        torso = PART_NAMES.index('torso')
        np.testing.assert_array_equal(
            moved[f'{side}_parts'] == torso, batch[f'{side}_parts'].numpy()[:, :, ::-1] == torso
        )
    np.testing.assert_allclose(moved['flow'], 0, atol=2e-5)


def test_joints_that_leave_and_missing_ones_are_missing():
    batch = make_batch()
    points = np.tile(np.float32([[20, 30], [46, 30], [20, 2], [-1, -1]]), (2, 5, 1))[:, :18]
    batch['source_keypoints'] = tf.constant(points)
    moved = move_pairs(batch, camera(shift=(3, -4)), camera(), UNMOVED)
    np.testing.assert_allclose(moved['source_keypoints'][0, :4], [[23, 26], [-1, -1], [-1, -1], [-1, -1]], atol=1e-5)


def _difference(batch):
    """Mean absolute difference of the warped source to the target, by example, over visible pixels."""
    seen = (batch['visibility'].numpy() == VISIBILITY_VISIBLE)[..., None]
    warped = bilinear_sample(batch['source_image'], batch['flow'])
    return np.sum(np.abs(warped - batch['target_image']) * seen, axis=(1, 2, 3)) / seen.sum(axis=(1, 2, 3)) / 3


@pytest.mark.parametrize('bend', [0.0, 5.0])
def test_the_new_flow_leads_from_the_new_source_to_the_new_target(bend):
    batch = drawn_batch(range(4))
    for step in range(3):
        moved = augment_pairs(batch, tf.constant([0, step], tf.int64), bend=bend)
        zero = _difference({**moved, 'flow': tf.zeros_like(moved['flow'])})
        assert np.all(_difference(moved) < 1.25 * _difference(batch) + 0.01)
        assert _difference(moved).mean() < 0.65 * zero.mean()
        # The person is where the maps say.
        both = (moved['visibility'].numpy() > 0) == (moved['target_parts'].numpy() > 0)
        assert both.mean() > 0.97
        assert np.abs(moved['target_image'] - batch['target_image']).mean() > 0.05


def test_a_compiled_function_gives_what_an_eager_one_gives():
    batch = {name: values for name, values in make_batch(grid() * 0.1).items() if not name.endswith('garment')}
    compiled = tf.function(lambda inputs, seed: augment_pairs(inputs, seed, bend=2.0), jit_compile=True)(batch, SEED)
    eager = augment_pairs(batch, SEED, bend=2.0)
    assert compiled.keys() == eager.keys() == batch.keys()
    for name, values in eager.items():
        assert values.dtype == compiled[name].dtype == batch[name].dtype and values.shape == batch[name].shape
        if values.dtype == tf.uint8:
            assert np.mean(values == compiled[name]) > 0.999
        else:
            assert np.isfinite(values).all()
            close = np.isclose(values, compiled[name], atol=1e-3)
            assert close.mean() > 0.999, name


def test_the_seed_alone_decides_and_every_example_has_its_own_cameras():
    batch = make_batch()
    batch = {name: tf.concat([values[:1], values[:1]], axis=0) for name, values in batch.items()}
    moved, again = (augment_pairs(batch, SEED, bend=2.0) for _ in range(2))
    for name, values in moved.items():
        np.testing.assert_array_equal(values, again[name])
    assert np.abs(moved['flow'][0] - moved['flow'][1]).mean() > 1
    assert np.abs(moved['flow'] - augment_pairs(batch, SEED + 1, bend=2.0)['flow']).mean() > 1


def test_draws_are_uniform_and_independent():
    draws = np.stack([hashed_uniform(64, 50, tf.constant([1, step])).numpy() for step in range(20)])
    assert draws.min() >= -1 and draws.max() < 1
    counts = np.histogram(draws, bins=20, range=(-1, 1))[0] / draws.size * 20
    np.testing.assert_allclose(counts, 1, atol=0.06)
    for axis in range(3):
        first, second = np.moveaxis(draws, axis, 0)[:-1], np.moveaxis(draws, axis, 0)[1:]
        assert abs(np.mean(first * second)) * 3 < 0.03
