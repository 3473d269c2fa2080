"""Synthetic figures: joints, part maps and garment maps tell the same story as the picture."""

import dataclasses

import numpy as np
import pytest

from posewarp_tf import conventions, synthetic
from posewarp_tf.synthetic.drawn import geometry, raster
from posewarp_tf.synthetic.drawn.pieces import GARMENT, PART
from posewarp_tf.synthetic.drawn.pose import ArmPose

SIZE = (96, 64)
JOINT = {name: index for index, name in enumerate(conventions.JOINT_NAMES)}


@pytest.fixture(scope='module')
def pictures():
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        person = synthetic.sample_person(rng)
        found.append(synthetic.render(person, synthetic.sample_pose(rng), SIZE))
    return found


def draw(seed, pose, size=SIZE):
    return synthetic.render(synthetic.sample_person(np.random.default_rng(seed)), pose, size)


def present(joints, name):
    return joints[JOINT[name], 0] >= 0


def test_maps_have_the_picture_size_and_known_classes(pictures):
    for picture in pictures:
        assert picture.image.shape == (*SIZE, 3)
        assert picture.image.dtype == picture.parts.dtype == picture.garments.dtype == np.uint8
        assert picture.parts.shape == picture.garments.shape == SIZE
        assert picture.parts.max() < len(conventions.PART_NAMES)
        assert picture.garments.max() < len(conventions.GARMENT_NAMES)
        np.testing.assert_array_equal(picture.parts == 0, picture.garments == 0)
        assert 0.05 < (picture.parts > 0).mean() < 0.5


def test_every_garment_class_is_worn_by_somebody():
    people = [synthetic.sample_person(np.random.default_rng(seed)) for seed in range(150)]
    worn = {piece.garment for person in people for piece in person.pieces}
    assert worn == set(range(1, len(conventions.GARMENT_NAMES)))


def test_every_part_shows_on_a_figure_with_free_limbs():
    picture = draw(3, synthetic.Pose(arms={side: ArmPose(abduction=0.7) for side in ('right', 'left')}))
    assert set(np.unique(picture.parts)) == set(range(len(conventions.PART_NAMES)))


def test_joints_lie_on_their_limbs(pictures):
    for name in ('elbow', 'wrist', 'knee', 'ankle'):
        upper, lower = ('upper_arm', 'lower_arm') if name in ('elbow', 'wrist') else ('upper_leg', 'lower_leg')
        near, seen = 0, 0
        for picture in pictures:
            for side in ('right', 'left'):
                x, y = picture.keypoints[JOINT[f'{side}_{name}']]
                if x >= 0:
                    seen += 1
                    here = picture.parts[int(round(y)), int(round(x))]
                    near += here in (PART[f'{side}_{upper}'], PART[f'{side}_{lower}'])
        assert seen > 12
        assert near >= 0.85 * seen


def test_missing_joints_are_missing_in_both_coordinates(pictures):
    for picture in pictures:
        missing = picture.keypoints == conventions.MISSING
        np.testing.assert_array_equal(missing[:, 0], missing[:, 1])
        assert picture.keypoints.shape == (conventions.NUM_JOINTS, 2)


@pytest.mark.parametrize('seed', range(3))
def test_the_right_side_is_at_the_left_of_a_front_view(seed):
    picture = draw(seed, synthetic.Pose())
    columns = np.arange(SIZE[1])[None, :]
    for name in ('shoulder', 'hip', 'knee', 'eye', 'ear'):
        assert picture.keypoints[JOINT[f'right_{name}'], 0] < picture.keypoints[JOINT[f'left_{name}'], 0]
    for name in ('upper_arm', 'lower_leg'):
        right, left = (picture.parts == PART[f'{side}_{name}'] for side in ('right', 'left'))
        assert (columns * right).sum() / right.sum() < (columns * left).sum() / left.sum()


@pytest.mark.parametrize('seed', range(3))
def test_a_back_view_is_flipped_and_has_no_face(seed):
    joints = draw(seed, synthetic.Pose(yaw=np.pi)).keypoints
    assert joints[JOINT['right_shoulder'], 0] > joints[JOINT['left_shoulder'], 0]
    for name in ('nose', 'right_eye', 'left_eye'):
        assert not present(joints, name)


def test_a_side_view_shows_one_eye():
    # Turned to the right of the picture, a figure shows its right side.
    joints = draw(0, synthetic.Pose(yaw=np.pi / 2)).keypoints
    assert present(joints, 'right_eye') and present(joints, 'right_ear')
    assert not present(joints, 'left_eye') and not present(joints, 'left_ear')


def test_a_wrist_behind_the_back_is_missing():
    behind = ArmPose(reach=(0.0, 0.06, -0.11), elbow_towards=(0.6, 0.0, -1.0))
    pose = synthetic.Pose(arms={'right': behind, 'left': ArmPose(abduction=0.5)})
    front = draw(5, pose).keypoints
    back = draw(5, dataclasses.replace(pose, yaw=np.pi)).keypoints
    assert not present(front, 'right_wrist') and present(front, 'left_wrist')
    assert present(back, 'right_wrist')


def test_joints_and_maps_scale_with_the_picture():
    pose = synthetic.Pose(yaw=0.4)
    small, large = draw(6, pose), draw(6, pose, (192, 128))
    # Pixel centres lie on whole numbers.
    seen = small.keypoints[:, 0] >= 0
    np.testing.assert_array_equal(large.keypoints[:, 0] >= 0, seen)
    np.testing.assert_allclose(large.keypoints[seen], small.keypoints[seen] * 2 + 0.5, atol=1e-3)
    assert (large.parts[::2, ::2] == small.parts).mean() > 0.97


@pytest.mark.parametrize('size', [(33, 21), (40, 90), (64, 64)])
def test_any_picture_size(size):
    picture = draw(7, synthetic.Pose(), size)
    assert picture.image.shape == (*size, 3)
    assert (picture.parts == PART['head']).any()
    assert (picture.parts == PART['left_lower_leg']).any()


def test_outlines_are_anti_aliased():
    picture = draw(8, synthetic.Pose())
    ground = synthetic.render(picture.person, dataclasses.replace(picture.pose, shift=(9.0, 0.0)), SIZE).image
    changed = np.abs(picture.image.astype(int) - ground).max(axis=-1) > 8
    # Pixels whose centre is background and which the figure still colours: its outline, besides its shadow.
    rim = changed & (picture.parts == 0)
    assert 20 < rim[: int(0.8 * SIZE[0])].sum() < 0.5 * (picture.parts > 0).sum()


def test_the_same_seed_draws_the_same_picture(pictures):
    rng = np.random.default_rng(4)
    again = synthetic.render(synthetic.sample_person(rng), synthetic.sample_pose(rng), SIZE)
    np.testing.assert_array_equal(again.image, pictures[4].image)
    np.testing.assert_array_equal(again.keypoints, pictures[4].keypoints)
    assert (again.image != pictures[5].image).mean() > 0.3


def test_a_person_keeps_its_clothes_in_every_pose():
    rng = np.random.default_rng(11)
    person = synthetic.sample_person(rng)
    poses = [dataclasses.replace(synthetic.sample_pose(rng), yaw=yaw) for yaw in (0.3, -0.4)]
    first, second = (synthetic.render(person, pose, SIZE) for pose in poses)
    worn = [set(np.unique(picture.garments[picture.garments > 0])) for picture in (first, second)]
    assert len(worn[0] & worn[1]) >= 5
    top = [picture.albedo[picture.garments == GARMENT['hair']].mean(axis=0) for picture in (first, second)]
    np.testing.assert_allclose(top[0], top[1], atol=0.05)


def test_the_nearest_triangle_wins_as_in_a_plain_loop():
    rng = np.random.default_rng(0)
    height, width = 14, 11
    corners = rng.uniform([-3, -3, 0], [width + 2, height + 2, 1], (25, 3, 3))
    best = np.full((height, width), -np.inf)
    owner = np.full((height, width), -1)
    for index, (a, b, c) in enumerate(corners):
        for y in range(height):
            for x in range(width):
                weights = np.linalg.solve(np.stack([*np.stack([a, b, c])[:, :2].T, np.ones(3)]), [x, y, 1])
                depth = weights @ [a[2], b[2], c[2]]
                if (weights >= 0).all() and depth > best[y, x]:
                    best[y, x], owner[y, x] = depth, index
    found = raster.fragments(corners, height, width)
    hit = raster.nearest(found, height * width)
    drawn = np.where(hit >= 0, found.triangle[hit], -1).reshape(height, width)
    np.testing.assert_array_equal(drawn, owner)
    shown = hit[hit >= 0]
    np.testing.assert_allclose(found.depth[shown], best[owner >= 0], atol=1e-9)
    where = np.einsum('fk,fkc->fc', found.weights, corners[found.triangle])
    np.testing.assert_allclose(where[:, 0] + width * where[:, 1], found.sample, atol=1e-9)


def test_profiles_go_through_their_knots_without_overshooting():
    knots = ((0.0, 1.0), (1.0, 3.0), (2.0, 3.0), (4.0, 0.0))
    values = geometry.smooth_profile(knots, np.array([0.0, 1.0, 2.0, 4.0, 9.0]))
    np.testing.assert_allclose(values, [1.0, 3.0, 3.0, 0.0, 0.0], atol=1e-12)
    dense = geometry.smooth_profile(knots, np.linspace(0, 4, 200))
    assert dense.max() <= 3.0 + 1e-9 and dense.min() >= -1e-9


def test_a_rounded_chain_meets_its_straight_parts():
    chain = np.array([[0.0, 0, 0], [1.0, 0, 0], [1.0, 1.0, 0]])
    points, tangents = geometry.rounded_chain(chain, np.array([0.5, 0.8, 1.0, 1.2, 1.6]), 0.2)
    np.testing.assert_allclose(points[[0, 1, 3, 4]], [[0.5, 0, 0], [0.8, 0, 0], [1, 0.2, 0], [1, 0.6, 0]], atol=1e-12)
    np.testing.assert_allclose(tangents[2], np.array([1, 1, 0]) / np.sqrt(2), atol=1e-12)


def test_nobody_turns_further_than_max_yaw():
    yaws = [np.degrees(abs(synthetic.sample_pose(np.random.default_rng(i), max_yaw=35).yaw)) for i in range(200)]
    assert max(yaws) <= 35
    assert max(np.degrees(abs(synthetic.sample_pose(np.random.default_rng(i)).yaw)) for i in range(200)) > 145
