"""The head of the photo on somebody else's pose: the same face, however the other one's is made."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.body_lengths import FACE, NECK, NOSE, with_centres
from posewarp_tf.poses.own_face import fit_face, with_own_face
from posewarp_tf.poses.retarget import Retargeter

HEAD = [NOSE, *FACE]
# Nose, eyes, ears, beside the neck, in distances of ears: somebody's, and somebody else's with narrow eyes.
OURS = np.array([[0.02, -1.2], [-0.27, -1.45], [0.27, -1.45], [-0.5, -1.35], [0.5, -1.35]])
THEIRS = np.array([[0.0, -1.1], [-0.18, -1.38], [0.18, -1.38], [-0.5, -1.36], [0.5, -1.36]])
# Seen from the right, without the left eye and ear.
PROFILE = np.array([[-0.75, -1.2], [-0.6, -1.42], [np.nan, np.nan], [-0.02, -1.36], [np.nan, np.nan]])
SIZE = 40.0


def points(face, neck=(200.0, 300.0), size=SIZE, turn=0.0):
    """[20, 2] with a neck and a face."""
    found = with_centres(np.full((18, 2), -1.0))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    found[NECK] = neck
    found[HEAD] = np.asarray(neck) + size * face @ rotation.T
    return found


def shape(face):
    """Distances between all joints of a face."""
    return np.linalg.norm(face[:, np.newaxis] - face, axis=-1)


@pytest.mark.parametrize('turn', [0.0, 0.4, -0.4])
def test_a_head_that_is_turned_alike_has_the_own_face_where_the_others_is(turn):
    source, target = points(OURS), points(THEIRS, (90.0, 150.0), turn=turn)
    answer = with_own_face(target, source, SIZE)[HEAD]
    np.testing.assert_allclose(shape(answer), shape(source[HEAD]), atol=1e-6)
    np.testing.assert_allclose(answer.mean(axis=0), target[HEAD].mean(axis=0), atol=1e-6)
    # It leans as the other one does.
    eyes = answer[2] - answer[1]
    assert np.arctan2(eyes[1], eyes[0]) == pytest.approx(turn, abs=0.02)


def test_the_similarity_of_a_face_to_itself_is_the_one_it_was_moved_by():
    source, target = points(OURS), points(OURS, (90.0, 150.0), 0.7 * SIZE, turn=0.3)
    fit = fit_face(source, target, SIZE)
    moved = fit.centre + fit.factor * (source[HEAD] @ [1, 1j] - fit.source_centre)
    np.testing.assert_allclose(moved, target[HEAD] @ [1, 1j], atol=1e-6)
    assert fit.alike and abs(fit.factor) == pytest.approx(0.7) and np.angle(fit.factor) == pytest.approx(0.3)


@pytest.mark.parametrize('ours, theirs', [(PROFILE, THEIRS), (OURS, PROFILE), (PROFILE, PROFILE * [-1, 1])])
def test_a_head_that_is_turned_otherwise_stands_on_the_neck_as_it_stood(ours, theirs):
    source, target = points(ours), points(theirs, (90.0, 150.0))
    answer = with_own_face(target, source, SIZE)
    both = ~np.isnan(source[HEAD, 0] + target[HEAD, 0])
    np.testing.assert_allclose((answer[HEAD] - answer[NECK])[both], (source[HEAD] - source[NECK])[both], atol=1e-6)
    # What the photo does not show of the face is not shown, nor what the target does not.
    assert np.isnan(answer[HEAD, 0])[~both].all()
    assert not fit_face(source, target, SIZE).alike


def test_a_joint_that_the_photo_lacks_stays_the_others_where_heads_are_turned_alike():
    source, target = points(OURS), points(THEIRS)
    source[HEAD[4]] = np.nan
    answer = with_own_face(target, source, SIZE)
    np.testing.assert_array_equal(answer[HEAD[4]], target[HEAD[4]])
    target[HEAD[1]] = np.nan
    assert np.isnan(with_own_face(target, source, SIZE)[HEAD[1]]).all()


def test_no_head_is_turned_upside_down():
    """Three joints nearly in a line fit anything."""
    source, target = points(PROFILE), points(np.where(np.isnan(PROFILE), np.nan, THEIRS))
    target[HEAD[0]], target[HEAD[3]] = target[HEAD[3]].copy(), target[HEAD[0]].copy()
    fit = fit_face(source, target, SIZE)
    assert abs(np.angle(fit.factor)) < 0.7


@pytest.mark.parametrize('lacking', [[0, 1, 2], [1, 2, 3, 4]])
def test_without_a_face_on_either_side_nothing_changes(lacking):
    source, target = points(OURS), points(THEIRS)
    for other in (source, target):
        kept = other.copy()
        other[np.array(HEAD)[lacking]] = np.nan
        assert fit_face(source, target, SIZE) is None
        np.testing.assert_array_equal(with_own_face(target, source, SIZE), target)
        other[:] = kept


def joints(face, scale):
    """[18, 2] of somebody who stands."""
    body = {'neck': (0, 0), 'right_shoulder': (-1.2, 0), 'left_shoulder': (1.2, 0), 'right_hip': (-0.6, 3.2)}
    body |= {'left_hip': (0.6, 3.2), 'right_knee': (-0.6, 6), 'left_knee': (0.6, 6), 'right_ankle': (-0.6, 8.8)}
    body |= {'left_ankle': (0.6, 8.8), 'right_elbow': (-1.4, 2), 'left_elbow': (1.4, 2)}
    found = np.full((18, 2), -1.0, np.float32)
    for name, place in body.items():
        found[JOINT_NAMES.index(name)] = scale * (np.array(place) + 4)
    found[HEAD] = scale * (face + 4)
    return found


@pytest.mark.parametrize('mode', ['place', 'limbs'])
def test_retargeting_keeps_the_own_face_if_it_is_asked_to(mode):
    source, target = joints(OURS, 20.0), joints(THEIRS, 31.0)
    kept = Retargeter(source, target, mode, 'photo')(target)
    np.testing.assert_allclose(shape(kept[HEAD]), shape(source[HEAD]), atol=1e-3)
    turned = Retargeter(source, target, mode)(target)
    np.testing.assert_allclose(shape(turned[HEAD]), shape(20.0 * THEIRS), atol=0.03 * 20)
    rest = np.setdiff1d(np.arange(18), HEAD)
    np.testing.assert_array_equal(kept[rest], turned[rest])
    untouched = Retargeter(source, target, 'none', 'photo')(target)
    np.testing.assert_array_equal(untouched, target)
