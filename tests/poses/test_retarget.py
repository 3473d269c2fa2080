"""A stranger's pose, struck by the person of the photo: compared with that person built in that pose."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.poses.retarget import RETARGET_MODES, Retargeter, retarget
from posewarp_tf.synthetic.drawn.figure import Body, pose_skeleton
from posewarp_tf.synthetic.drawn.pose import sample_pose

# Lengths in pixels. Neither is the other's enlargement, and neither has the proportions of the table.
SMALL = {
    'torso': 60, 'shoulder': 22, 'hip': 11, 'neck': 20, 'upper_arm': 36, 'lower_arm': 29, 'upper_leg': 47,
    'lower_leg': 50, 'head': 7,
}  # fmt: skip
TALL = {
    'torso': 110, 'shoulder': 45, 'hip': 24, 'neck': 44, 'upper_arm': 76, 'lower_arm': 64, 'upper_leg': 108,
    'lower_leg': 99, 'head': 12,
}  # fmt: skip
# Degrees; 0 points down the picture, 90 to its right.
STANDING = {
    'torso': 180, 'shoulders': 88, 'hips': 91, 'neck': 178, 'head': 3, 'right_upper_arm': -20, 'right_lower_arm': -10,
    'left_upper_arm': 15, 'left_lower_arm': 30, 'right_upper_leg': -5, 'right_lower_leg': 2, 'left_upper_leg': 8,
    'left_lower_leg': 4,
}  # fmt: skip
DANCING = {
    'torso': 165, 'shoulders': 70, 'hips': 100, 'neck': 190, 'head': 20, 'right_upper_arm': -120,
    'right_lower_arm': 170, 'left_upper_arm': 95, 'left_lower_arm': 20, 'right_upper_leg': -60, 'right_lower_leg': 15,
    'left_upper_leg': 10, 'left_lower_leg': 30,
}  # fmt: skip
# In units of the head, in a head that looks at the camera and is upright.
FACE = {'right_eye': (-1, -1.1), 'left_eye': (1.1, -1), 'right_ear': (-2.4, -0.4), 'left_ear': (2.3, -0.5)}
ANKLES = [JOINT_NAMES.index('right_ankle'), JOINT_NAMES.index('left_ankle')]


def step(angle, length):
    return length * np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def body(lengths, angles, hips=(200.0, 300.0), seen=()):
    """Joints by walking from the hips; `seen` is the share of a limb that the camera sees, 1 unless it is said."""
    share = {**dict.fromkeys(angles, 1.0), **dict(seen)}
    at = {'hips': np.asarray(hips, float)}
    at['neck'] = at['hips'] + step(angles['torso'], lengths['torso'] * share['torso'])
    at['nose'] = at['neck'] + step(angles['neck'], lengths['neck'] * share['neck'])
    turn = np.deg2rad(angles['head'])
    for name, (x, y) in FACE.items():
        turned = np.array([np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y])
        at[name] = at['nose'] + lengths['head'] * turned
    for side, sign in (('right', -1), ('left', 1)):
        at[f'{side}_shoulder'] = at['neck'] + sign * step(angles['shoulders'], lengths['shoulder'] * share['shoulders'])
        at[f'{side}_hip'] = at['hips'] + sign * step(angles['hips'], lengths['hip'] * share['hips'])
        for start, first, middle, second, end in (
            ('shoulder', 'upper_arm', 'elbow', 'lower_arm', 'wrist'),
            ('hip', 'upper_leg', 'knee', 'lower_leg', 'ankle'),
        ):
            first_name, second_name = f'{side}_{first}', f'{side}_{second}'
            reach = step(angles[first_name], lengths[first] * share[first_name])
            at[f'{side}_{middle}'] = at[f'{side}_{start}'] + reach
            reach = step(angles[second_name], lengths[second] * share[second_name])
            at[f'{side}_{end}'] = at[f'{side}_{middle}'] + reach
    return np.array([at[name] for name in JOINT_NAMES], np.float32)


def without(keypoints, *names):
    keypoints = keypoints.copy()
    keypoints[[i for i, name in enumerate(JOINT_NAMES) if any(part in name for part in names)]] = -1
    return keypoints


def only(keypoints, *names):
    return without(keypoints, *(name for name in JOINT_NAMES if not any(part in name for part in names)))


def size_beside(ours, theirs):
    """The median of the ratios of trunk, arms and legs."""
    return np.median([ours[n] / theirs[n] for n in ('torso', 'upper_arm', 'lower_arm', 'upper_leg', 'lower_leg')])


def placed(keypoints, ours, theirs, hips_from, hips_to):
    return (keypoints - hips_from) * size_beside(ours, theirs) + hips_to


def on_ground_of(keypoints, other):
    return keypoints + [0, other[ANKLES, 1].max() - keypoints[ANKLES, 1].max()]


SOURCE = body(SMALL, STANDING, (300, 250))
TARGET = body(TALL, DANCING, (900, 700))


def test_place_scales_by_the_median_limb_and_lays_hips_on_hips():
    expected = placed(TARGET, SMALL, TALL, (900, 700), (300, 250))
    np.testing.assert_allclose(retarget(SOURCE, TARGET, 'place'), expected, atol=1e-3)


def test_limbs_gives_the_source_person_in_the_targets_pose():
    expected = on_ground_of(body(SMALL, DANCING, (300, 250)), SOURCE)
    answer = retarget(SOURCE, TARGET, 'limbs')
    np.testing.assert_allclose(answer, expected, atol=1e-3)
    assert answer.dtype == np.float32 and answer.shape == (18, 2)


def test_none_changes_nothing():
    np.testing.assert_array_equal(retarget(SOURCE, TARGET, 'none'), TARGET)


def test_a_limb_that_points_at_the_camera_stays_as_short_in_proportion():
    seen = {'left_upper_leg': 0.3, 'right_lower_arm': 0.5, 'left_upper_arm': 0.01}
    target = body(TALL, DANCING, (900, 700), seen)
    expected = on_ground_of(body(SMALL, DANCING, (300, 250), seen), SOURCE)
    np.testing.assert_allclose(retarget(SOURCE, target, 'limbs'), expected, atol=1e-3)


def test_a_side_view_does_not_make_shoulders_and_hips_wide():
    seen = {'shoulders': 0.1, 'hips': 0.1}
    answer = retarget(SOURCE, body(TALL, DANCING, (900, 700), seen), 'limbs')
    for side in ('right', 'left'):
        shoulder = np.linalg.norm(answer[JOINT_NAMES.index(f'{side}_shoulder')] - answer[JOINT_NAMES.index('neck')])
        assert 0.1 * SMALL['shoulder'] * 0.8 < shoulder < 0.1 * SMALL['shoulder'] * 1.7


@pytest.mark.parametrize('mode', RETARGET_MODES)
def test_ones_own_pose_changes_nothing(mode):
    for pose in (SOURCE, TARGET, without(TARGET, 'hip', 'left_eye'), body(SMALL, DANCING, seen={'torso': 0.2})):
        np.testing.assert_allclose(retarget(pose, pose, mode), pose, atol=1e-3)


@pytest.mark.parametrize('mode', ['place', 'limbs'])
def test_where_and_how_large_the_target_was_is_forgotten(mode):
    expected = retarget(SOURCE, TARGET, mode)
    np.testing.assert_allclose(retarget(SOURCE, 0.37 * TARGET + [512, -80], mode), expected, atol=1e-3)
    moved = retarget(1.7 * SOURCE + [30, 400], TARGET, mode)
    np.testing.assert_allclose(moved, 1.7 * expected + [30, 400], atol=2e-3)


@pytest.mark.parametrize('mode', ['place', 'limbs'])
def test_a_mirror_before_is_a_mirror_after(mode):
    swapped = [JOINT_NAMES.index(n.replace('right', '#').replace('left', 'right').replace('#', 'left'))
               for n in JOINT_NAMES]  # fmt: skip
    mirror = [-1, 1] * TARGET[swapped] + [2000, 0]
    expected = [-1, 1] * retarget(SOURCE, TARGET, mode)[swapped] + [2000, 0]
    answer = retarget([-1, 1] * SOURCE[swapped] + [2000, 0], mirror, mode)
    np.testing.assert_allclose(answer, expected, atol=1e-3)


def test_feet_stand_on_the_ground_and_not_beside_it():
    """The photo's ground: somebody who crouches comes down. With x and y swapped the ground would be a wall."""
    crouching = {**STANDING, 'right_upper_leg': -80, 'right_lower_leg': 40, 'left_upper_leg': 75, 'left_lower_leg': -35}
    target = body(TALL, crouching, (900, 700))
    answer = retarget(SOURCE, target, 'limbs')
    assert answer[ANKLES, 1].max() == pytest.approx(SOURCE[ANKLES, 1].max(), abs=1e-3)
    hips = answer[[JOINT_NAMES.index('right_hip'), JOINT_NAMES.index('left_hip')]].mean(axis=0)
    assert hips[0] == pytest.approx(300, abs=1e-3) and abs(hips[1] - 250) > 1


def test_a_foot_that_is_not_seen_beside_one_that_stands_changes_nothing():
    expected = retarget(SOURCE, TARGET, 'limbs')
    np.testing.assert_allclose(retarget(without(SOURCE, 'left_ankle'), TARGET, 'limbs'), expected, atol=1e-3)


def test_somebody_of_whom_only_a_raised_foot_is_seen_stands_on_the_other():
    stepping = {**STANDING, 'left_upper_leg': 80, 'left_lower_leg': 0}
    source, target = body(SMALL, stepping, (300, 250)), body(TALL, stepping, (900, 700))
    for ours, theirs in ((without(source, 'right_ankle'), TARGET), (SOURCE, without(target, 'right_ankle'))):
        answer, ground = retarget(ours, theirs, 'limbs'), retarget(ours, theirs, 'place')
        assert answer[ANKLES, 1].max() == pytest.approx(ground[ANKLES, 1].max(), abs=1e-3)
        assert abs(answer[ANKLES, 1].max() - ours[ANKLES, 1].max()) > 1


def test_joints_that_the_target_lacks_stay_missing_and_the_others_do_not_move():
    whole = retarget(SOURCE, TARGET, 'limbs')
    for names in (('left_wrist',), ('right_eye',), ('right_knee', 'right_ankle')):
        answer = retarget(SOURCE, without(TARGET, *names), 'limbs')
        np.testing.assert_allclose(answer, without(whole, *names), atol=1e-3)


def test_a_wrist_without_its_elbow_hangs_on_the_shoulder():
    straight = {**DANCING, 'left_lower_arm': DANCING['left_upper_arm']}
    target = body(TALL, straight, (900, 700))
    whole = retarget(SOURCE, target, 'limbs')
    answer = retarget(SOURCE, without(target, 'left_elbow'), 'limbs')
    np.testing.assert_allclose(answer, without(whole, 'left_elbow'), atol=1e-3)


def test_a_neck_that_a_file_lacks_is_between_the_shoulders():
    whole = retarget(SOURCE, TARGET, 'limbs')
    np.testing.assert_allclose(retarget(SOURCE, without(TARGET, 'neck'), 'limbs'), without(whole, 'neck'), atol=1e-3)


def test_lengths_that_the_source_hides_come_from_the_mirrored_limb():
    expected = retarget(SOURCE, TARGET, 'limbs')
    answer = retarget(without(SOURCE, 'left_elbow', 'left_wrist', 'right_knee'), TARGET, 'limbs')
    np.testing.assert_allclose(answer, expected, atol=1e-3)


def test_lengths_that_neither_side_shows_come_from_the_proportions_of_people():
    """Of a person with the proportions of the table: the hidden lower legs are found exactly."""
    shares = {'torso': 0.288, 'shoulder': 0.11, 'hip': 0.055, 'neck': 0.1, 'upper_arm': 0.186, 'lower_arm': 0.146,
              'upper_leg': 0.245, 'lower_leg': 0.246, 'head': 0.03}  # fmt: skip
    average = {name: 310 * share for name, share in shares.items()}
    source = without(body(average, STANDING, (300, 250)), 'ankle', 'wrist')
    retargeter = Retargeter(source, TARGET, 'limbs')
    assert 'by proportions, not seen in the source: lower arm, lower leg' in retargeter.words
    np.testing.assert_allclose(retargeter(TARGET), body(average, DANCING, (300, 250)), atol=1e-2)


def test_the_head_keeps_the_size_of_the_sources():
    for mode, head in (('place', TALL['head'] * size_beside(SMALL, TALL)), ('limbs', SMALL['head'])):
        answer = retarget(SOURCE, TARGET, mode)
        ears = answer[JOINT_NAMES.index('left_ear')] - answer[JOINT_NAMES.index('right_ear')]
        assert np.linalg.norm(ears) == pytest.approx(head * np.hypot(4.7, 0.1), abs=1e-3)


@pytest.mark.parametrize(
    ('hidden_in_source', 'hidden_in_target', 'words', 'joints'),
    [
        ((), (), 'placed by the hips', ('right_hip', 'left_hip')),
        (('hip', 'knee', 'ankle'), (), 'placed by the neck', ('neck',)),
        ((), ('left_hip',), 'placed by the neck', ('neck',)),
        (('neck', 'shoulder'), ('hip',), 'placed by the joints that both have', ('nose', 'elbow', 'wrist', 'knee')),
    ],
)
def test_without_hips_people_are_laid_upon_each_other_by_what_they_have(
    hidden_in_source, hidden_in_target, words, joints
):
    source, target = without(SOURCE, *hidden_in_source), without(TARGET, *hidden_in_target)
    retargeter = Retargeter(source, target, 'place')
    assert words in retargeter.words
    if words.endswith('have'):
        joints = (*joints, 'ankle', 'eye', 'ear')
    chosen = [i for i, name in enumerate(JOINT_NAMES) if any(part in name for part in joints)]
    np.testing.assert_allclose(retargeter(target)[chosen].mean(axis=0), source[chosen].mean(axis=0), atol=1e-3)
    assert np.all(np.isfinite(retarget(source, target, 'limbs')))


def dance(lengths, at):
    """24 frames that swing and travel, 5 px to the right and 1 px up each, as large as in frame 0."""
    frames = []
    for t in range(24):
        swing = 30 * np.sin(2 * np.pi * t / 24)
        sides = {name: angle + (swing if 'right' in name else -swing) for name, angle in STANDING.items()}
        angles = {**sides, 'torso': 180 + swing / 5}
        frames.append(body(lengths, angles, np.add(at, [5.0 * t, -1.0 * t])))
    return np.stack(frames)


def test_a_sequence_keeps_its_motion_through_space():
    targets = dance(TALL, (900, 700))
    retargeter = Retargeter(SOURCE, targets, 'place')
    answers = np.stack([retargeter(target) for target in targets])
    np.testing.assert_allclose(answers, placed(targets, SMALL, TALL, (900, 700), (300, 250)), atol=1e-3)
    hips = answers[:, [JOINT_NAMES.index('right_hip'), JOINT_NAMES.index('left_hip')]].mean(axis=1)
    travelled = size_beside(SMALL, TALL) * np.array([5.0 * 23, -23.0])
    np.testing.assert_allclose(hips[-1] - hips[0], travelled, atol=1e-3)


def test_every_frame_of_a_sequence_shows_the_sources_limbs_as_far_above_the_ground_as_the_targets():
    targets = dance(TALL, (900, 700))
    retargeter, placer = Retargeter(SOURCE, targets, 'limbs'), Retargeter(SOURCE, targets, 'place')
    size = size_beside(SMALL, TALL)
    for t, (target, own) in enumerate(zip(targets, dance(SMALL, (0, 0)))):
        hips = np.array([300 + size * 5 * t, 250 - size * t])
        above = placer(targets[0])[ANKLES, 1].max() - placer(target)[ANKLES, 1].max()
        expected = on_ground_of(own - [5 * t, -t] + hips, SOURCE - np.float32([0, above]))
        np.testing.assert_allclose(retargeter(target), expected, atol=1e-2)


def test_a_limb_that_only_some_frames_show_whole_has_that_length_in_all():
    """Both thighs point at the camera in the first half."""
    targets = dance(TALL, (900, 700))
    seen = {'right_upper_leg': 0.3, 'left_upper_leg': 0.3}
    targets[:12] = [body(TALL, STANDING, (900, 700), seen)] * 12
    answer = Retargeter(SOURCE, targets, 'limbs')(targets[0])
    knee, hip = (answer[JOINT_NAMES.index(f'left_{name}')] for name in ('knee', 'hip'))
    assert np.linalg.norm(knee - hip) == pytest.approx(0.3 * SMALL['upper_leg'], abs=1e-2)


def test_a_person_who_comes_nearer_gets_larger():
    targets = np.stack([TARGET, 1.5 * TARGET, 2 * TARGET])
    for mode in ('place', 'limbs'):
        retargeter = Retargeter(SOURCE, targets, mode)
        first, last = retargeter(targets[0]), retargeter(targets[2])
        np.testing.assert_allclose(np.ptp(last, axis=0), 2 * np.ptp(first, axis=0), atol=2e-2)


def test_a_first_frame_that_shows_nobody_is_not_the_measure():
    targets = np.stack([np.full((18, 2), -1, np.float32), without(TARGET, 'hip', 'knee', 'ankle'), TARGET])
    retargeter = Retargeter(SOURCE, targets, 'limbs')
    assert 'as in frame 2' in retargeter.words
    np.testing.assert_allclose(retargeter(TARGET), retarget(SOURCE, TARGET, 'limbs'), atol=1e-3)
    assert np.all(retargeter(targets[0]) == -1)


def test_a_frame_that_hides_hips_or_feet_does_not_jump():
    retargeter = Retargeter(SOURCE, TARGET, 'limbs')
    whole = retargeter(TARGET)
    for names, most in ((('ankle',), 1e-3), (('hip', 'ankle'), 1e-3), (('right_hip',), 3.0)):
        np.testing.assert_allclose(retargeter(without(TARGET, *names))[:8], whole[:8], atol=most)


@pytest.mark.parametrize(
    ('source', 'target', 'message'),
    [
        (only(SOURCE), TARGET, 'the source person: all 18 joints are missing'),
        (only(SOURCE, 'nose', 'left_wrist'), TARGET, 'the source person shows no limb, expected two joints that'),
        (SOURCE, only(TARGET), 'the target pose shows no limb, expected two joints that follow each other'),
        (only(SOURCE, 'neck', 'shoulder', 'elbow'), only(TARGET, 'knee', 'ankle'), 'have no joint in common'),
    ],
)
@pytest.mark.parametrize('mode', ['place', 'limbs'])
def test_too_little_is_an_error_in_words(source, target, message, mode):
    with pytest.raises(DataError, match=message):
        retarget(source, target, mode)


def test_an_unknown_mode_is_named():
    with pytest.raises(ConfigError, match="--retarget: got 'legs', expected one of none, place, limbs"):
        retarget(SOURCE, TARGET, 'legs')


def figure(body, pose):
    """Joints of arms, legs and trunk of a solid figure, seen straight from the front, 200 pixels per metre."""
    skeleton = pose_skeleton(body, pose)
    joints = np.full((18, 2), -1, np.float32)
    for names, limbs in ((('shoulder', 'elbow', 'wrist'), skeleton.arms), (('hip', 'knee', 'ankle'), skeleton.legs)):
        for side in ('right', 'left'):
            for name, (x, y, _) in zip(names, limbs[side].joints):
                joints[JOINT_NAMES.index(f'{side}_{name}')] = 300 + 200 * x, 500 - 200 * y
    joints[JOINT_NAMES.index('neck')] = joints[[2, 5]].mean(axis=0)
    return joints


def test_solid_people_of_other_proportions_strike_each_others_poses():
    """Limbs point in all directions of space, so that lengths are estimates; short legs and long ones."""
    rng = np.random.default_rng(0)
    short, long = (Body(1.7, 0.5, 1.0, leg, 0.105, 0.055, 0.13) for leg in (0.42, 0.53))
    errors = {mode: [] for mode in RETARGET_MODES}
    for _ in range(40):
        first, second = (sample_pose(rng, max_yaw=35) for _ in range(2))
        for ours, theirs in ((short, long), (long, short)):
            truth = figure(ours, second)
            for mode, found in errors.items():
                answer = retarget(figure(ours, first), figure(theirs, second), mode)
                centred = [pose - pose[[8, 11]].mean(axis=0) for pose in (answer, truth)]
                found.append(np.linalg.norm(centred[0] - centred[1], axis=-1)[1:14].mean())
    none, place, limbs = (np.mean(errors[mode]) for mode in RETARGET_MODES)
    assert limbs < 0.3 * min(none, place)
    assert limbs < 0.02 * 1.7 * 200
