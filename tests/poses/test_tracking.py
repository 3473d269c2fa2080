"""One person is followed through all frames, whoever else is there and in whatever order people are found."""

import numpy as np
import pytest

from posewarp_tf.poses.tracking import follow
from tests.run_folders import person

HEIGHT = 100


def at(x, y, height=HEIGHT):
    """A standing person whose frame's upper left corner is at (x, y)."""
    return person((height, 0.6 * height)) + np.float32([x, y])


def shuffled(frames, seed=0):
    rng = np.random.default_rng(seed)
    return [[people[i] for i in rng.permutation(len(people))] for people in frames]


@pytest.mark.parametrize('way', [np.array([5, 0]), np.array([0, 5]), np.array([4, 2])])
def test_people_who_cross_are_not_swapped(way):
    large = [at(*(100 + way * t)) for t in range(60)]
    small = [at(*(100 + way * (60 - t)), height=92) for t in range(60)]
    followed = follow(shuffled(list(zip(large, small))))
    assert followed.num_people == 2
    assert np.array_equal(followed.keypoints, large)


def test_who_is_hidden_while_people_cross_is_found_again_behind():
    large = [at(5 * t, 0) for t in range(60)]
    small = [at(5 * (60 - t), 0, height=80) for t in range(60)]
    frames = [[large[t]] if 26 <= t < 34 else [small[t], large[t]] for t in range(60)]
    followed = follow(frames)
    assert np.array_equal(followed.keypoints, large) and followed.num_people == 2
    frames = [[small[t]] if 26 <= t < 34 else [small[t], large[t]] for t in range(60)]
    followed = follow(frames)
    assert np.all(followed.keypoints[26:34] == -1) and followed.num_people == 2
    assert np.array_equal(followed.keypoints[34:], large[34:])


def test_the_largest_and_longest_seen_is_followed():
    frames = [[at(0, 0, 60), at(200, 0, 100)] if t < 10 else [at(0, 0, 60)] for t in range(40)]
    assert np.array_equal(follow(frames).keypoints, [at(0, 0, 60)] * 40)
    frames = [[at(0, 0, 60), at(200, 0, 100)] if t < 30 else [at(0, 0, 60)] for t in range(40)]
    followed = follow(frames)
    assert np.array_equal(followed.keypoints[:30], [at(200, 0, 100)] * 30)
    assert np.all(followed.keypoints[30:] == -1)


def test_frames_in_which_nobody_is_found_are_empty_and_bridged():
    frames = [[] if t in (3, 4, 9) else [at(3 * t, t)] for t in range(15)]
    followed = follow(frames)
    assert followed.num_people == 1
    for t in range(15):
        assert np.array_equal(followed.keypoints[t], np.full((18, 2), -1) if t in (3, 4, 9) else at(3 * t, t))


def test_somebody_elsewhere_is_not_taken_for_the_person():
    frames = [[at(0, 0)] if t < 20 else [at(400, 300)] for t in range(30)]
    followed = follow(frames)
    assert followed.num_people == 2 and np.all(followed.keypoints[20:] == -1)


def test_missing_joints_do_not_make_a_stranger():
    frames = []
    for t in range(20):
        pose = at(2 * t, 0)
        pose[np.arange(18) % 3 == t % 3] = -1
        frames.append([pose])
    followed = follow(frames)
    assert followed.num_people == 1 and np.array_equal(followed.keypoints, [poses[0] for poses in frames])


def test_nobody_at_all_is_no_person():
    followed = follow([[], [np.full((18, 2), -1, np.float32)]])
    assert followed.num_people == 0 and np.all(followed.keypoints == -1)
