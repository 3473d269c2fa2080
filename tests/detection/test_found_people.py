"""Which person is meant, and what a user is told about them."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import Person, choose_person
from posewarp_tf.errors import DataError


def person(box=(20.0, 10.0, 40.0, 90.0), missing=(), size=(100, 80)):
    keypoints = np.column_stack([np.linspace(22, 38, 18), np.linspace(12, 88, 18)]).astype(np.float32)
    keypoints[[JOINT_NAMES.index(name) for name in missing]] = -1
    confidence = np.where(keypoints[:, 0] < 0, 0, 0.9).astype(np.float32)
    return Person(keypoints, confidence, box, np.zeros(size, np.float32))


def test_largest_is_taken_unless_a_number_says_otherwise():
    people = [person(), person((50.0, 40.0, 60.0, 70.0)), person((65.0, 40.0, 68.0, 60.0))]
    chosen, words = choose_person(people, None, 'us.jpg')
    assert chosen is people[0]
    assert words == 'us.jpg: 18 of 18 joints, person 0 of 3 (the largest; another is chosen by its number)'
    chosen, words = choose_person(people, 2, 'us.jpg')
    assert chosen is people[2] and 'person 2 of 3 (by size, from 0, the largest, on)' in words


def test_one_alone_needs_no_number():
    assert choose_person([person()], None, 'me.jpg')[1] == 'me.jpg: 18 of 18 joints'


def test_nobody_is_an_error_that_says_what_to_do():
    with pytest.raises(DataError, match='^wall.jpg: nobody was found: take a photo .* or give the joints in a file$'):
        choose_person([], None, 'wall.jpg')


@pytest.mark.parametrize('number, expected', [(2, r'0 \(the largest\) to 1 \(the smallest\)'), (-1, '0 .* to 1')])
def test_number_of_somebody_who_is_not_there_is_refused(number, expected):
    with pytest.raises(DataError, match=f'us.jpg: person {number} was asked for, 2 found: expected {expected}'):
        choose_person([person(), person()], number, 'us.jpg')
    with pytest.raises(DataError, match='1 found: expected 0, the only one'):
        choose_person([person()], 1, 'me.jpg')


def test_missing_joints_and_borders_that_cut_are_named():
    legs = ('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
    _, words = choose_person([person((0.0, 10.0, 40.0, 99.0), legs)], None, 'me.jpg')
    assert '14 of 18 joints; not seen: right knee, right ankle, left knee, left ankle' in words
    assert words.endswith('cut off by the left side and the bottom of the picture')


def test_few_joints_are_called_so():
    words = choose_person([person(missing=JOINT_NAMES[:12])], None, 'me.jpg')[1]
    assert 'fewer than 8 joints: the pose is hardly known' in words and 'cut off' not in words


def test_whoever_cannot_track_looks_for_the_one_who_overlaps_most():
    class Estimator(PoseEstimator):
        def find(self, image):
            return self.people

    estimator = Estimator()
    estimator.people = [person((50.0, 10.0, 78.0, 90.0)), person((22.0, 12.0, 42.0, 92.0))]
    assert estimator.track(np.zeros([100, 80, 3], np.uint8), person()) is estimator.people[1]
    assert estimator.track(np.zeros([100, 80, 3], np.uint8), person((0.0, 0.0, 5.0, 5.0))) is None
