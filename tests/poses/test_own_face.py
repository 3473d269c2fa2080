"""The head of the photo on somebody else's pose: the same face, however the other one's is made."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.body_lengths import FACE, HIPS, NECK, NOSE, with_centres
from posewarp_tf.poses.own_face import fit_face, with_own_face
from posewarp_tf.poses.retarget import Retargeter

HEAD = [NOSE, *FACE]
# Nose, eyes, ears of a head in space, from the middle between the ears in distances of ears; and of another one, whose
# eyes are narrow. x to the right of the picture, y down, z towards the camera.
OURS = np.array([[0.0, 0.15, 0.67], [-0.27, -0.15, 0.55], [0.27, -0.15, 0.55], [-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]])
THEIRS = OURS * [0.7, 1, 1] / [[1, 1, 1]] * [[1], [1], [1], [1 / 0.7], [1 / 0.7]]
SIZE = 40.0


def face(head, yaw=0.0):
    """[5, 2] beside the neck, in distances of ears; what the head hides is missing. `yaw` in degrees, to the right."""
    turn = np.deg2rad(yaw)
    x = head[:, 0] * np.cos(turn) + head[:, 2] * np.sin(turn)
    seen = np.array([True, yaw < 65, yaw > -65, yaw < 35, yaw > -35])[[0, 2, 1, 4, 3]]
    return np.where(seen[:, np.newaxis], np.stack([x, head[:, 1] - 1.3], axis=-1), np.nan)


def turned(points, angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def points(face, neck=(200.0, 300.0), size=SIZE, turn=0.0):
    """[20, 2] with hips, a neck and a face, all turned about the neck."""
    found = with_centres(np.full((18, 2), -1.0))
    found[NECK] = neck
    found[HIPS] = neck + turned(size * np.array([0.0, 3.2]), turn)
    found[HEAD] = neck + turned(size * face, turn)
    return found


def shape(face):
    """Distances between all joints of a face."""
    return np.linalg.norm(face[:, np.newaxis] - face, axis=-1)


@pytest.mark.parametrize('turn', [0.0, 0.4, -2.0])
@pytest.mark.parametrize('yaw', [0, 20])
def test_a_head_that_is_turned_alike_has_the_own_face_where_the_others_is(turn, yaw):
    source, target = points(face(OURS)), points(face(THEIRS, yaw), (90.0, 150.0), turn=turn)
    answer = with_own_face(target, source, SIZE)[HEAD]
    np.testing.assert_allclose(shape(answer), shape(source[HEAD]), atol=1e-6)
    np.testing.assert_allclose(answer.mean(axis=0), target[HEAD].mean(axis=0), atol=1e-6)
    # It leans as the other one does.
    ears = turned(answer[4] - answer[3], -turn)
    assert np.arctan2(ears[1], ears[0]) == pytest.approx(0.0, abs=0.1)


def test_the_similarity_of_a_face_to_itself_is_the_one_it_was_moved_by():
    source, target = points(face(OURS)), points(face(OURS), (90.0, 150.0), 0.7 * SIZE, turn=0.3)
    fit = fit_face(source, target, SIZE, 0.7)
    moved = fit.centre + fit.factor * (source[HEAD] @ [1, 1j] - fit.source_centre)
    np.testing.assert_allclose(moved, target[HEAD] @ [1, 1j], atol=1e-6)
    assert fit.alike == 1 and abs(fit.factor) == pytest.approx(0.7) and np.angle(fit.factor) == pytest.approx(0.3)


@pytest.mark.parametrize('turn', [0.0, 1.2, 3.0])
@pytest.mark.parametrize('ours, theirs', [(-80, 45), (-80, 80), (-60, 45), (80, -50)])
def test_a_head_that_is_turned_otherwise_stands_on_the_neck_as_it_stood(ours, theirs, turn):
    source, target = points(face(OURS, ours)), points(face(THEIRS, theirs), (90.0, 150.0), turn=turn)
    answer = with_own_face(target, source, SIZE)
    # All that the photo shows of the face, and nothing else.
    offset = turned(source[HEAD] - source[NECK], turn)
    np.testing.assert_allclose(answer[HEAD] - answer[NECK], offset, atol=1e-6)
    again = fit_face(source, answer, SIZE, 1.0)
    np.testing.assert_allclose(again.factor, np.exp(1j * turn), atol=1e-6)


def test_the_head_does_not_jump_while_another_one_turns():
    for ours in (-80, -30, 0, 50):
        source, noses = points(face(OURS, ours)), []
        for yaw in np.arange(-90, 91, 2):
            target = points(face(THEIRS, yaw), turn=0.4)
            noses.append(with_own_face(target, source, SIZE)[NOSE])
        # The target's own nose moves by 0.9 pixels from one to the next.
        assert np.linalg.norm(np.diff(noses, axis=0), axis=-1).max() < 0.2 * SIZE


def test_the_joints_of_the_face_are_those_that_the_photo_shows():
    source, target = points(face(OURS)), points(face(THEIRS))
    source[HEAD[4]] = target[HEAD[1]] = np.nan
    answer = with_own_face(target, source, SIZE)
    np.testing.assert_array_equal(np.isnan(answer[HEAD, 0]), np.isnan(source[HEAD, 0]))


def test_no_head_is_turned_upside_down():
    """Three joints nearly in a line fit anything."""
    source, target = points(face(OURS, -80)), points(face(THEIRS))
    target[[HEAD[2], HEAD[4]]] = np.nan
    target[HEAD[0]], target[HEAD[3]] = target[HEAD[3]].copy(), target[HEAD[0]].copy()
    assert abs(np.angle(fit_face(source, target, SIZE, 1.0).factor)) < 0.7


@pytest.mark.parametrize('lacking', [[0, 1, 2], [1, 2, 3, 4]])
def test_without_a_face_on_either_side_nothing_changes(lacking):
    source, target = points(face(OURS)), points(face(THEIRS))
    for other in (source, target):
        kept = other.copy()
        other[np.array(HEAD)[lacking]] = np.nan
        assert fit_face(source, target, SIZE, 1.0) is None
        np.testing.assert_array_equal(with_own_face(target, source, SIZE), target)
        other[:] = kept


def test_joints_that_lie_in_one_point_are_no_error():
    """As those of tiny people do whose joints are whole pixels."""
    source, target = points(face(OURS)), points(face(THEIRS))
    target[HEAD] = target[NOSE]
    assert np.isfinite(with_own_face(target, source, SIZE)[HEAD]).all()
    target[NECK] = source[NECK] = np.nan
    np.testing.assert_array_equal(with_own_face(target, source, SIZE), target)


def joints(face, scale):
    """[18, 2] of somebody who stands."""
    body = {'neck': (0, 0), 'right_shoulder': (-1.2, 0), 'left_shoulder': (1.2, 0), 'right_hip': (-0.6, 3.2)}
    body |= {'left_hip': (0.6, 3.2), 'right_knee': (-0.6, 6), 'left_knee': (0.6, 6), 'right_ankle': (-0.6, 8.8)}
    body |= {'left_ankle': (0.6, 8.8), 'right_elbow': (-1.4, 2), 'left_elbow': (1.4, 2)}
    found = np.full((18, 2), -1.0, np.float32)
    for name, place in body.items():
        found[JOINT_NAMES.index(name)] = scale * (np.array(place) + 4)
    found[HEAD] = np.where(np.isnan(face), -1, scale * (face + 4))
    return found


@pytest.mark.parametrize('mode', ['place', 'limbs'])
def test_retargeting_keeps_the_own_face_if_it_is_asked_to(mode):
    source, target = joints(face(OURS), 20.0), joints(face(THEIRS), 31.0)
    kept = Retargeter(source, target, mode, 'photo')(target)
    np.testing.assert_allclose(shape(kept[HEAD]), shape(source[HEAD]), atol=1e-3)
    others = Retargeter(source, target, mode)(target)
    np.testing.assert_allclose(shape(others[HEAD]), shape(20.0 * face(THEIRS)), atol=0.03 * 20)
    rest = np.setdiff1d(np.arange(18), HEAD)
    np.testing.assert_array_equal(kept[rest], others[rest])
    untouched = Retargeter(source, target, 'none', 'photo')(target)
    np.testing.assert_array_equal(untouched, target)


def test_a_profile_stays_one_with_the_joints_that_it_shows():
    source, target = joints(face(OURS, -80), 20.0), joints(face(THEIRS, 60), 20.0)
    kept = Retargeter(source, target, 'place', 'photo')(target)
    np.testing.assert_array_equal(kept[HEAD] == -1, source[HEAD] == -1)
    np.testing.assert_allclose(kept[NOSE] - kept[NECK], source[NOSE] - source[NECK], atol=1e-3)
