"""Scores of videos whose errors are known."""

import numpy as np
import pytest

from posewarp_tf.conventions import VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.metrics.videos import drift, temporal_differences, warping_errors

COUNT, SIZE = 5, 24


@pytest.fixture
def moving():
    """A pattern that goes 2 pixels to the right and 1 up from frame to frame, and the flow back to the frame before."""
    pattern = np.random.default_rng(0).integers(0, 200, (SIZE, SIZE, 3), dtype=np.uint8)
    frames = np.stack([np.roll(pattern, (-i, 2 * i), axis=(0, 1)) for i in range(COUNT)])
    flows = np.broadcast_to(np.float32([-2, 1]), (COUNT, SIZE, SIZE, 2)).copy()
    visibility = np.full((COUNT, SIZE, SIZE), VISIBILITY_OCCLUDED, np.uint8)
    visibility[:, 2:-2, 4:-4] = VISIBILITY_VISIBLE
    return frames, flows, visibility


def test_a_video_that_moves_with_the_exact_flow_has_no_warping_error(moving):
    frames, flows, visibility = moving
    np.testing.assert_array_equal(warping_errors(frames, flows, visibility), np.zeros(COUNT - 1))
    # Along swapped axes, or the wrong way, it has.
    assert (warping_errors(frames, flows[..., ::-1], visibility) > 0.1).all()
    assert (warping_errors(frames, -flows, visibility) > 0.1).all()


def test_flicker_is_a_warping_error_and_a_temporal_difference_of_its_size(moving):
    frames, flows, visibility = moving
    flickering = frames.copy()
    flickering[2] += 51
    np.testing.assert_allclose(warping_errors(flickering, flows, visibility), [0, 0.2, 0.2, 0], atol=1e-12)
    np.testing.assert_allclose(temporal_differences(flickering, frames), [0, 0.2, 0.2, 0], atol=1e-12)
    # What is wrong in the same way in all frames does not flicker.
    np.testing.assert_array_equal(temporal_differences(frames + np.uint8(40), frames), np.zeros(COUNT - 1))


def test_half_a_pixel_is_sampled_between_and_frames_without_visible_pixels_have_no_number(moving):
    _, flows, visibility = moving
    frames = np.broadcast_to(np.arange(SIZE, dtype=np.uint8)[:, np.newaxis, np.newaxis] * 10, (COUNT, SIZE, SIZE, 3))
    flows[:] = 0.0, 0.5
    visibility[3] = VISIBILITY_OCCLUDED
    errors = warping_errors(frames, flows, visibility)
    np.testing.assert_allclose(errors, [5 / 255, 5 / 255, np.nan, 5 / 255])


def test_drift_is_the_error_of_single_frames_counted_from_one():
    truth = np.zeros((40, 4, 4, 3), np.uint8)
    frames = np.broadcast_to(np.arange(1, 41, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis], truth.shape)
    assert drift(frames, truth) == pytest.approx({6: 6 / 255, 30: 30 / 255})
    assert drift(frames, truth, at=(1, 40, 41)) == pytest.approx({1: 1 / 255, 40: 40 / 255})


def test_videos_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match='of the same sizes'):
        temporal_differences(np.zeros((3, 4, 4, 3)), np.zeros((2, 4, 4, 3)))
