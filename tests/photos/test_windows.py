"""Windows of photos: places and pixels agree, nothing is squashed, joints are found again."""

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.photos.windows import Margins, Window, bounding_window
from posewarp_tf.pictures.picture_files import resize_image
from tests.run_folders import person, picture

PHOTO = (120, 90)


def test_the_whole_photo_is_cropped_as_the_pictures_of_a_training_are_resized():
    photo = picture(PHOTO)
    assert np.array_equal(Window.whole(PHOTO).crop(photo, (32, 24)), resize_image(photo, (32, 24)))


def test_a_window_at_its_own_size_is_a_piece_of_the_photo():
    photo = picture(PHOTO)
    assert np.array_equal(Window(20, 30, 40, 50).crop(photo, (50, 40)), photo[30:80, 20:60])


def test_beyond_the_photo_its_border_goes_on():
    photo = picture(PHOTO)
    found = Window(-10, 100, 30, 40).crop(photo, (40, 30))
    assert np.array_equal(found, np.pad(photo, [(0, 20), (10, 0), (0, 0)], mode='edge')[100:, :30])


def test_a_window_far_from_the_photo_shows_its_nearest_pixel():
    photo = picture(PHOTO)
    assert np.all(Window(500, 500, 20, 20).crop(photo, (4, 4)) == photo[-1, -1])


def test_joints_lie_on_the_same_content_in_the_window():
    """A bright spot is drawn where a joint is: x and y swapped, or a window without its offset, miss it."""
    y, x = np.mgrid[: PHOTO[0], : PHOTO[1]]
    joint = np.float32([57, 41])
    spot = 255 * np.exp(-((x - joint[0]) ** 2 + (y - joint[1]) ** 2) / (2 * 4.0**2))
    photo = np.repeat(np.rint(spot).astype(np.uint8)[..., None], 3, axis=-1)
    window, size = Window(31.5, 12.25, 50.0, 77.0), (40, 33)
    keypoints = np.full((18, 2), -1, np.float32)
    keypoints[4] = joint
    crop = window.crop(photo, size)[..., 0].astype(float)
    rows, columns = np.mgrid[: size[0], : size[1]]
    middle = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    found = window.to_window(keypoints, size)
    np.testing.assert_allclose(found[4], middle, atol=0.05)
    np.testing.assert_allclose(window.from_window(found, size)[4], joint, atol=1e-4)
    assert np.all(np.delete(found, 4, axis=0) == -1)
    assert np.all(np.delete(window.from_window(found, size), 4, axis=0) == -1)


def test_joints_outside_of_a_window_are_missing():
    keypoints = np.float32([[10, 10], [9.4, 10], [50, 29], [29.4, 19]])
    found = Window(10, 5, 20, 20).to_window(keypoints, (10, 10))
    assert (found[[1, 2]] == -1).all()
    assert (found[[0, 3]] >= 0).all()


def test_classes_are_those_of_the_nearest_pixel():
    classes = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert np.array_equal(Window(1, 0, 2, 4).crop_classes(classes, (4, 2)), classes[:, 1:3])
    assert np.array_equal(Window(-4, 0, 8, 4).crop_classes(classes, (2, 4))[:, :2], [[4, 4], [12, 12]])
    assert np.array_equal(Window.whole((4, 4)).crop_classes(classes, (8, 8)), np.kron(classes, np.ones((2, 2))))


def test_a_shape_is_reached_by_enlarging_around_the_middle():
    tall = Window(10, 20, 30, 100).with_aspect(2.0)
    assert (tall.left, tall.top, tall.width, tall.height) == (0, 20, 50, 100)
    wide = Window(10, 20, 100, 30).with_aspect(2.0)
    assert (wide.left, wide.top, wide.width, wide.height) == (10, -65, 100, 200)


def test_margins_are_parts_of_a_length():
    found = Window(10, 20, 30, 40).enlarged(Margins(left=0.1, right=0.2, top=0.3, bottom=0.4), 100)
    assert (found.left, found.top, found.width, found.height) == pytest.approx((0, -10, 60, 110))


def test_edges_can_lie_between_pixels():
    found = Window(0.4, 1.6, 10.3, 20.2).on_whole_pixels()
    assert (found.left, found.top, found.width, found.height) == (0, 2, 11, 20)
    assert found.size == (20, 11)


def test_the_box_of_a_person_holds_joints_and_mask():
    joints = person((100, 50))
    box = bounding_window(joints)
    assert (box.left, box.top) == pytest.approx((15.5, 10.5))
    mask = np.zeros((100, 50))
    mask[3:97, 5:44] = 1
    box = bounding_window(joints, mask)
    assert (box.left, box.top, box.width, box.height) == (5, 3, 39, 94)


def test_impossible_windows_are_refused():
    for numbers in ((0, 0, 0, 5), (0, 0, 5, -1), (np.nan, 0, 5, 5)):
        with pytest.raises(DataError, match='above 0'):
            Window(*numbers)
    with pytest.raises(DataError, match='every joint is missing'):
        bounding_window(np.full((18, 2), -1.0))


def test_shrinking_is_anti_aliased():
    stripes = np.tile(np.uint8([0, 255]), (64, 32))[..., None].repeat(3, axis=-1)
    assert abs(int(np.median(Window(2, 2, 60, 60).crop(stripes, (6, 6)))) - 127) <= 2
