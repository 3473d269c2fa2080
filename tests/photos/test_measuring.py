"""The commands whose numbers stand in the documents."""

import numpy as np

from posewarp_tf.photos.accuracy import COLUMNS, drawn_pairs, exact_answer, scores
from posewarp_tf.photos.benchmark import time_network, time_steps


def test_full_resolution_of_drawn_people_is_nearer_to_the_truth_than_stretching():
    ((source, target),) = drawn_pairs(1, (192, 128), max_yaw=35.0, white_background=True)
    answer = exact_answer(source, target, (48, 32), blurs=True)
    assert answer.picture.shape == (48, 32, 3)
    assert answer.flow.shape == (24, 16, 2)
    found = scores(source, target, answer, [2])
    stretched, full = (dict(zip(COLUMNS, values)) for values in found.values())
    assert list(found) == ['stretched', 'full resolution, 2 octaves']
    assert full['ssim of the person'] > stretched['ssim of the person']
    assert full['l1 of the person'] < stretched['l1 of the person']
    assert full['high band, dB'] > stretched['high band, dB']


def test_every_step_is_timed():
    seconds = time_steps((96, 64), (48, 32), repeats=2)
    assert list(seconds)[:2] == ['crop of the window', 'answer at full resolution']
    assert all(len(values) == 2 and np.min(values) >= 0 for values in seconds.values())


def test_the_network_is_timed_for_a_photo_and_for_a_pose(tiny_predictor):
    seconds = time_network(tiny_predictor, (96, 64), repeats=2)
    assert list(seconds) == ['network, for a photo', 'network, for a pose']
    assert all(len(values) == 2 and np.min(values) > 0 for values in seconds.values())
