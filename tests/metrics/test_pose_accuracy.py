"""Poses of re-posed photos are scored by what a detector sees in them."""

import json

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import Person
from posewarp_tf.errors import DataError
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.metrics.pose_accuracy import Answer, _nearest, _shown, summary
from posewarp_tf.photos import pose_accuracy
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.poses.gallery import MIDDLE, NEAR
from tests.run_folders import person, picture

SIZE = (120, 90)
NOBODY = np.full((18, 2), MISSING, np.float32)


def seen(keypoints):
    return Person(keypoints, np.ones(18, np.float32), (*keypoints.min(axis=0), *keypoints.max(axis=0)), None)


class Stubborn(PoseEstimator):
    """Sees somebody standing in every picture; counts the pictures."""

    def __init__(self):
        self.num_pictures = 0

    def find(self, image):
        self.num_pictures += 1
        return [seen(person(image.shape[:2]))]


def answer(distance, found, source=None):
    target = person(SIZE)
    return Answer('pose', distance, target if source is None else source, target, found)


def test_share_of_joints_in_place_is_told_by_distance():
    torso = np.linalg.norm(person(SIZE)[JOINT_NAMES.index('neck')] - person(SIZE)[[8, 11]].mean(axis=0))
    beside, far_off = person(SIZE) + [0.19 * torso, 0], person(SIZE) + [0.21 * torso, 0]
    half = np.where(np.arange(18)[:, None] < 9, beside, far_off)
    result = summary([answer(NEAR / 2, beside), answer(NEAR, half, source=far_off), answer(MIDDLE, NOBODY)])
    assert list(result) == ['near', 'middle', 'all']
    assert result['near'] == {'answers': 2, 'nobody_found': 0, 'joints': 36, 'pck': 0.75, 'unmoved': 0.5}
    assert result['middle'] == {'answers': 1, 'nobody_found': 1, 'joints': 18, 'pck': 0.0, 'unmoved': 1.0}
    assert result['all']['pck'] == pytest.approx(0.5)


def test_joints_beyond_the_picture_are_not_asked_for():
    keypoints = person(SIZE)
    keypoints[3], keypoints[4] = (-4, 10), (20, SIZE[0])
    shown = _shown(keypoints, (*SIZE, 3))
    np.testing.assert_array_equal(shown[[3, 4]], MISSING)
    np.testing.assert_array_equal(np.delete(shown, [3, 4], axis=0), np.delete(keypoints, [3, 4], axis=0))


def test_of_several_people_the_one_at_the_place_of_the_pose_is_meant():
    here, there = person(SIZE), person(SIZE) + [200, 0]
    larger = (person(SIZE) - [400, 0]) * 3
    for people in ([seen(there), seen(here)], [seen(larger), seen(here), seen(there)]):
        np.testing.assert_array_equal(_nearest(people, person(SIZE)), here)
    np.testing.assert_array_equal(_nearest([], person(SIZE)), NOBODY)


@pytest.fixture
def photos(tmp_path):
    for name in ('anna', 'ben'):
        save_image(tmp_path / 'photos' / f'{name}.png', picture(SIZE))
    return sorted((tmp_path / 'photos').iterdir())


TARGETS = {'Near one': (person(SIZE, 6), SIZE), 'Far one': (person(SIZE)[:, ::-1] * [0.7, 1], SIZE)}


def measure(predictor, estimator, paths, output, targets=TARGETS):
    return pose_accuracy.measure(PhotoReposer(predictor), estimator, paths, targets, output)


def test_answers_in_which_nothing_moved_score_as_the_photo_does(photos, tiny_predictor, tmp_path, capsys):
    assert measure(tiny_predictor, Stubborn(), photos, tmp_path / 'out') == []
    result = json.loads((tmp_path / 'out' / 'results.json').read_text())['summary']
    assert result['all']['answers'] == 4
    assert result['all']['pck'] == pytest.approx(result['all']['unmoved'])
    assert 0 < result['far']['pck'] < result['near']['pck'] == 1
    assert 'PCK@0.2' in capsys.readouterr().out
    made = {path.relative_to(tmp_path / 'out').as_posix() for path in (tmp_path / 'out').rglob('*.jpg')}
    assert {'contact_sheet.jpg', 'anna/near_one.jpg', 'ben/far_one.jpg'} <= made


def test_measurement_goes_on_where_it_stopped_and_begins_anew_for_other_poses(photos, tiny_predictor, tmp_path):
    output = tmp_path / 'out'
    measure(tiny_predictor, Stubborn(), photos[:1], output)
    later = Stubborn()
    measure(tiny_predictor, later, photos, output)
    assert later.num_pictures == 1 + len(TARGETS)  # the second photo, and its answers
    other = Stubborn()
    measure(tiny_predictor, other, photos, output, {'Near one': TARGETS['Near one']})
    assert other.num_pictures == 4


def test_photo_that_shows_nobody_is_named_and_the_others_are_measured(photos, tiny_predictor, tmp_path):
    class Blind(Stubborn):
        def find(self, image):
            return super().find(image) if image[0, 0].any() else []

    save_image(photos[0], np.zeros((*SIZE, 3), np.uint8))
    (failure,) = measure(tiny_predictor, Blind(), photos, tmp_path / 'out')
    assert 'anna.png' in failure and 'nobody was found' in failure
    with pytest.raises(DataError, match='no photo could be measured; 1 failed, the first: .*anna.png'):
        measure(tiny_predictor, Blind(), photos[:1], tmp_path / 'none')


def test_poses_of_a_folder_are_called_by_their_files(tmp_path):
    for name, lean in (('bow', 30), ('stand', 0)):
        (tmp_path / f'{name}.txt').write_text('\n'.join(f'{x} {y}' for x, y in person(SIZE, lean)))
    targets = pose_accuracy.read_targets(str(tmp_path), SIZE)
    assert list(targets) == ['bow', 'stand']
    np.testing.assert_allclose(targets['bow'][0], person(SIZE, 30), atol=0.01)
    with pytest.raises(DataError, match='--poses: got .*expected a folder of pose files'):
        pose_accuracy.read_targets(str(tmp_path / 'empty'), SIZE)


def test_poses_that_ship_are_all_there():
    assert list(pose_accuracy.read_targets(None, SIZE)) == list(pose_accuracy.TITLES)
