"""Rotated squares of pictures: closed forms and plain loops say what they show, and where their points lie."""

import numpy as np
import pytest

from posewarp_tf.detection.region import Region, crop, paste, region_around, region_of_picture, sample


def ramps(height, width):
    """Red is x, green is y, blue is 7."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, 7)], axis=-1).astype(np.uint8)


def test_whole_picture_is_a_square_around_its_middle():
    region = region_of_picture((30, 50))
    assert region == Region((24.5, 14.5), 50.0)
    np.testing.assert_allclose(region.to_picture([[0, 0], [1, 1]]), [[-0.5, -10.5], [49.5, 39.5]])


def test_quarter_turn_clockwise_shows_the_left_side_of_the_picture_on_top():
    region = Region((10.0, 20.0), 8.0, np.pi / 2)
    # Right in the region is down in the picture; down in the region is left.
    np.testing.assert_allclose(region.to_picture([[1.0, 0.5], [0.5, 1.0]]), [[10, 24], [6, 20]], atol=1e-12)


def test_rim_is_straight_above_the_center():
    center, rim = np.array([40.0, 50.0]), np.array([70.0, 10.0])
    region = region_around(center, rim, 1.25)
    assert region.side == pytest.approx(2 * 50 * 1.25)
    np.testing.assert_allclose(region.from_picture(rim), [0.5, 0.5 - 0.5 / 1.25], atol=1e-12)


def test_points_come_back_exactly():
    region = Region((123.4, 56.7), 89.0, 0.7)
    points = np.random.default_rng(0).uniform(-1, 2, [20, 2])
    np.testing.assert_allclose(region.from_picture(region.to_picture(points)), points, atol=1e-12)


@pytest.mark.parametrize('angle', [0.0, 0.4, -2.0])
def test_crop_of_a_ramp_shows_where_its_pixels_lie(angle):
    region = Region((60.3, 47.6), 40.0, angle)
    pixels = crop(ramps(100, 120), region, 16, 'zero')
    for row in range(16):
        for column in range(16):
            u, v = (column + 0.5) / 16 - 0.5, (row + 0.5) / 16 - 0.5
            x = 60.3 + 40 * (np.cos(angle) * u - np.sin(angle) * v)
            y = 47.6 + 40 * (np.sin(angle) * u + np.cos(angle) * v)
            np.testing.assert_allclose(pixels[row, column], [x, y, 7], atol=0.51)


def test_large_picture_is_averaged_so_that_no_pixel_is_passed_over():
    image = np.zeros([160, 160, 3], np.uint8)
    image[::2] = 200
    np.testing.assert_allclose(crop(image, region_of_picture((160, 160)), 40, 'nearest'), 100, atol=1)
    # Its ramps keep their places.
    shown = crop(ramps(160, 160), region_of_picture((160, 160)), 40, 'nearest')
    np.testing.assert_allclose(shown[5, 9, :2], [9 * 4 + 1.5, 5 * 4 + 1.5], atol=0.51)


def test_sampling_agrees_with_a_plain_loop_at_both_borders():
    rng = np.random.default_rng(1)
    image = rng.uniform(0, 255, [5, 7, 3]).astype(np.float32)
    points = rng.uniform(-2, 8, [60, 2])
    for border in ('zero', 'nearest'):
        expected = []
        for x, y in points:
            total = np.zeros(3)
            for row in range(int(np.floor(y)), int(np.floor(y)) + 2):
                for column in range(int(np.floor(x)), int(np.floor(x)) + 2):
                    inside = 0 <= row < 5 and 0 <= column < 7
                    value = image[min(max(row, 0), 4), min(max(column, 0), 6)]
                    if inside or border == 'nearest':
                        total += max(0, 1 - abs(x - column)) * max(0, 1 - abs(y - row)) * value
            expected.append(total)
        np.testing.assert_allclose(sample(image, points, border), expected, rtol=1e-4, atol=1e-3)


def test_mask_returns_to_where_it_was_cut_out():
    height, width = 90, 130
    y, x = np.mgrid[:height, :width]
    # A soft disc, which is smooth enough to be sampled twice.
    disc = np.clip(1.5 - np.hypot(x - 70, y - 40) / 20, 0, 1).astype(np.float32)
    region = Region((72.0, 43.0), 80.0, 0.6)
    image = np.repeat(np.rint(255 * disc)[..., np.newaxis], 3, axis=-1).astype(np.uint8)
    found = paste(crop(image, region, 160, 'zero')[..., 0] / 255, region, (height, width))
    assert found.shape == (height, width) and found.dtype == np.float32
    np.testing.assert_allclose(found, disc, atol=0.03)


def test_mask_is_zero_outside_its_region_and_of_regions_outside_the_picture():
    found = paste(np.ones([8, 8], np.float32), Region((10.0, 5.0), 6.0), (20, 30))
    assert found[5, 10] == 1 and np.count_nonzero(found) <= 64 and found[15, 25] == 0
    assert not paste(np.ones([8, 8], np.float32), Region((-50.0, 5.0), 6.0), (20, 30)).any()
