"""Smoothing takes trembling out and keeps the motion and its phase; slips and short gaps are mended, long ones stay."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.smoothing import fill_gaps, hold, smooth, smoothed, without_slips

FPS = 25
NUM_FRAMES = 12


def poses(num_frames=NUM_FRAMES):
    """Joint j of frame t lies at x = 5 j + t, y = 10 j + 2 t."""
    t, j = np.mgrid[:num_frames, :18]
    return np.stack([5 * j + t, 10 * j + 2 * t], axis=-1).astype(np.float32)


def swing(num_frames=100, hertz=1.0):
    """All joints swing sideways by 30 pixels and up and down by 10, at a quarter of a turn's distance."""
    phase = 2 * np.pi * hertz * np.arange(num_frames) / FPS
    motion = np.stack([30 * np.sin(phase), 10 * np.cos(phase)], axis=-1)[:, np.newaxis]
    return (poses(1) + 50 + motion).astype(np.float32)


def test_trembling_is_reduced_as_the_formula_says():
    noise = np.random.default_rng(0).normal(0, 2, (200, 18, 2))
    still = np.full((200, 18, 2), 100.0)
    left = smooth((still + noise).astype(np.float32), FPS)[10:-10] - 100
    # Three frames on either side.
    assert np.std(left) / 2 == pytest.approx(np.sqrt(3 * (3 * 9 + 9 - 1) / (35 * 9)), rel=0.03)
    doubled = smooth((still + noise).astype(np.float32), 2 * FPS)[10:-10] - 100
    assert np.std(doubled) / 2 == pytest.approx(np.sqrt(3 * (3 * 36 + 18 - 1) / (143 * 15)), rel=0.04)


def test_a_trembling_swing_comes_nearer_to_the_true_one_without_lag():
    true = swing()
    trembling = true + np.random.default_rng(1).normal(0, 2, true.shape).astype(np.float32)
    result = smooth(trembling, FPS)
    assert np.std(result - true) < 0.65 * np.std(trembling - true)
    x = result[:, :, 0].mean(axis=1) - result[:, :, 0].mean()
    shifts = range(-3, 4)
    reference = true[10:-10, 0, 0] - true[:, 0, 0].mean()
    agreement = [float(np.sum(x[10 + shift : 90 + shift] * reference)) for shift in shifts]
    assert shifts[int(np.argmax(agreement))] == 0
    # Noise averaged over 18 joints and 100 frames apart, a swing of a second keeps its width and height.
    assert np.ptp(x) == pytest.approx(60, rel=0.04)
    assert np.ptp(result[:, :, 1].mean(axis=1)) == pytest.approx(20, rel=0.1)


def test_accelerated_motion_passes_unchanged():
    t = np.arange(40, dtype=np.float32)
    path = np.stack([3 + 2 * t, 100 - t + 0.1 * t**2], axis=-1)[:, np.newaxis].repeat(18, axis=1)
    np.testing.assert_allclose(smooth(path, FPS), path, atol=1e-3)


def test_missing_joints_stay_missing_and_do_not_pull():
    path = swing()
    path[40:60, 3] = -1
    result = smooth(path, FPS)
    assert np.all(result[40:60, 3] == -1)
    assert np.abs(result - path).max() < 1
    short = path[:4]
    assert np.array_equal(smooth(short, FPS), short)


def test_a_slip_of_one_joint_is_replaced_by_the_straight_way():
    true = poses(30)
    broken = true.copy()
    broken[12, 4] += [0, 90]
    broken[20:22, 7] += [80, 0]
    assert np.argwhere(without_slips(broken)[..., 0] == -1).tolist() == [[12, 4], [20, 7], [21, 7]]
    result, lines = smoothed(broken, FPS)
    np.testing.assert_allclose(result, true, atol=1e-3)
    assert lines == [f'{JOINT_NAMES[4]} in frame 12', f'{JOINT_NAMES[7]} in frames 20-21']


def test_fast_motion_is_no_slip():
    assert np.array_equal(without_slips(swing(hertz=3)), swing(hertz=3))


def test_frames_without_a_pose_hold_the_one_before():
    path = poses()
    path[:2], path[5:7], path[11] = -1, -1, -1
    held, gaps = hold(path)
    expected = poses()[[2, 2, 2, 3, 4, 4, 4, 7, 8, 9, 10, 10]]
    assert np.array_equal(held, expected) and gaps == [(0, 1), (5, 6), (11, 11)]


def test_short_gaps_move_in_a_straight_line_and_long_ones_stay():
    whole = poses()
    broken = whole.copy()
    broken[4:9, 2] = -1  # five frames
    broken[4:10, 3] = -1  # six
    broken[:2, 4] = -1  # at the beginning
    broken[11, 5] = -1  # at the end
    broken[:, 6] = -1  # never seen
    filled, lines = fill_gaps(broken)
    np.testing.assert_allclose(filled[:, 2], whole[:, 2], atol=1e-4)
    assert np.array_equal(filled[:, 3], broken[:, 3])
    assert np.array_equal(filled[:2, 4], whole[[2, 2], 4])
    assert np.array_equal(filled[11, 5], whole[10, 5])
    assert np.all(filled[:, 6] == -1)
    untouched = np.any(broken != -1, axis=-1)
    assert np.array_equal(filled[untouched], whole[untouched])
    assert lines == [
        f'{JOINT_NAMES[2]} in frames 4-8',
        f'{JOINT_NAMES[4]} in frames 0-1',
        f'{JOINT_NAMES[5]} in frame 11',
    ]
