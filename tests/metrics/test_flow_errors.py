"""End-point errors of flows whose errors are known."""

import numpy as np
import pytest

from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.metrics.flow import FlowErrors, end_point_error


def _visibility(batch_size=1, size=32):
    """Left third visible, middle third occluded, the rest background."""
    visibility = np.full((batch_size, size, size), VISIBILITY_BACKGROUND, np.uint8)
    visibility[:, :, : size // 3] = VISIBILITY_VISIBLE
    visibility[:, :, size // 3 : 2 * size // 3] = VISIBILITY_OCCLUDED
    return visibility


def test_error_is_the_length_of_the_difference():
    assert end_point_error(np.array([[4.0, 6.0]]), np.array([[1.0, 2.0]])) == pytest.approx(5)


def test_constant_error_is_found_at_every_scale_in_full_pixels():
    exact = np.broadcast_to(np.float32([6, -8]), (2, 32, 32, 2))
    # At scale s one pixel is 2**s full ones: these flows are exact up to an error of (3, 4) full pixels.
    flows = [np.broadcast_to(np.float32([9, -4]) / 2**s, (2, 32 >> s, 32 >> s, 2)) for s in (3, 2)]
    errors = FlowErrors()
    errors.add(flows, exact, _visibility(2))
    found = errors.result()
    assert list(found) == ['scale_3', 'scale_2']
    for scale in found.values():
        for region in ('visible', 'occluded'):
            assert scale[region]['model'] == pytest.approx(5, rel=1e-5)
            assert scale[region]['zero_flow'] == pytest.approx(10)
            assert scale[region]['ratio'] == pytest.approx(0.5, rel=1e-5)


def test_regions_are_measured_apart_and_background_not_at_all():
    visibility = _visibility()
    exact = np.zeros((1, 32, 32, 2), np.float32)
    exact[visibility == VISIBILITY_VISIBLE] = [1, 0]
    exact[visibility == VISIBILITY_OCCLUDED] = [0, 2]
    exact[visibility == VISIBILITY_BACKGROUND] = 1000
    errors = FlowErrors()
    errors.add([np.zeros((1, 8, 8, 2), np.float32)], exact, visibility)
    found = errors.result()['scale_2']
    assert found['visible']['model'] == pytest.approx(1)
    assert found['occluded']['model'] == pytest.approx(2)
    assert found['visible']['ratio'] == pytest.approx(1)


def test_every_pixel_of_every_batch_counts_the_same():
    small, large = _visibility(1), _visibility(3)
    errors = FlowErrors()
    for visibility, length in ((small, 4.0), (large, 8.0)):
        exact = np.zeros(visibility.shape + (2,), np.float32)
        exact[..., 0] = length
        errors.add([np.zeros((len(visibility), 8, 8, 2), np.float32)], exact, visibility)
    assert errors.result()['scale_2']['visible']['model'] == pytest.approx((4 + 3 * 8) / 4)


def test_x_and_y_are_not_swapped_when_the_picture_is_not_square():
    exact = np.broadcast_to(np.float32([8, 2]), (1, 64, 32, 2))
    visibility = np.full((1, 64, 32), VISIBILITY_VISIBLE, np.uint8)
    errors = FlowErrors()
    errors.add([np.broadcast_to(np.float32([2, 0.5]), (1, 16, 8, 2))], exact, visibility)
    assert errors.result()['scale_2']['visible']['model'] == pytest.approx(0, abs=1e-5)


def test_a_region_without_pixels_has_no_value():
    errors = FlowErrors()
    flow = np.ones((1, 8, 8, 2), np.float32)
    errors.add([flow], np.zeros((1, 32, 32, 2), np.float32), np.full((1, 32, 32), VISIBILITY_VISIBLE, np.uint8))
    found = errors.result()['scale_2']
    assert found['occluded'] == {'model': None, 'zero_flow': None, 'ratio': None}
    assert found['visible']['model'] == pytest.approx(4 * np.sqrt(2), rel=1e-5)
    assert found['visible']['ratio'] is None
