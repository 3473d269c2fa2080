import numpy as np
import pytest
from scipy import ndimage
from skimage import draw

from posewarp_tf.faces import face_maps
from posewarp_tf.faces.curves import curve_pixels
from posewarp_tf.faces.landmarks import CURVES


def grown(mask):
    return ndimage.maximum_filter(mask, 3)


@pytest.mark.parametrize('number', range(4))
def test_maps_agree_with_the_published_code(golden, number):
    numbers = golden('face_maps')
    size = numbers[f'size{number}']
    has_picture = f'image{number}' in numbers
    image = numbers[f'image{number}'] if has_picture else np.zeros((*size, 3), np.uint8)
    maps = face_maps.make_face_maps(numbers[f'landmarks{number}'], image, use_background_edges=has_picture)
    labels, edges = numbers[f'labels{number}'], numbers[f'edges{number}']
    assert np.mean(maps[..., 15] == labels) > 0.999
    # Without its picture, edges of the background are not known.
    known = edges if has_picture else edges * (labels > 0)
    assert not (known > 0)[~grown(maps[..., 0] > 0)].any()
    assert not (maps[..., 0] > 0)[~grown(edges > 0)].any()
    assert np.abs(maps[3::8, 5::8, 1:15].astype(int) - numbers[f'distances{number}']).max() <= 1
    pose = face_maps.to_pose(maps)
    assert pose.dtype == np.float32
    np.testing.assert_array_equal(pose[..., 15], maps[..., 15])
    np.testing.assert_allclose(pose[..., :15] * 255, maps[..., :15], rtol=1e-6)


def test_the_edges_of_the_picture_around_the_face_are_exactly_the_published_ones(golden):
    numbers = golden('face_maps')
    maps = face_maps.make_face_maps(numbers['landmarks1'], numbers['image1'])
    away = ~ndimage.binary_dilation(numbers['labels1'] > 0, iterations=3)
    np.testing.assert_array_equal(maps[away, 0], numbers['edges1'][away])
    without = face_maps.make_face_maps(numbers['landmarks1'], numbers['image1'], use_background_edges=False)
    blank = face_maps.make_face_maps(numbers['landmarks1'], np.zeros_like(numbers['image1']))
    np.testing.assert_array_equal(without, blank)
    assert np.sum(maps[away, 0] > without[away, 0]) > 100
    np.testing.assert_array_equal(without[..., 1:], maps[..., 1:])


def test_distances_are_those_of_scipy_and_far_where_a_mask_is_empty():
    masks = np.random.default_rng(0).random((3, 40, 70)) < 0.003
    masks[2] = False
    distances = face_maps.city_block_distances(masks)
    for mask, found in zip(masks[:2], distances):
        np.testing.assert_array_equal(found, ndimage.distance_transform_cdt(~mask, 'taxicab'))
    assert (distances[2] >= 765).all()


def test_parts_are_polygons_with_their_outlines_later_over_earlier():
    points = np.random.default_rng(1).uniform(-20, 120, (83, 2))
    expected = np.zeros((100, 90), np.uint8)
    for numbers, label in face_maps.PARTS:
        x, y = np.trunc(points[list(numbers)]).T.astype(int)
        expected[draw.polygon(y, x, expected.shape)] = label
        for end in range(len(x)):
            for row, column in zip(*draw.line(y[end - 1], x[end - 1], y[end], x[end])):
                if 0 <= row < 100 and 0 <= column < 90:
                    expected[row, column] = label
    assert np.mean(face_maps.draw_parts(points, expected.shape) != expected) < 0.002


def test_a_piece_passes_through_its_points_along_its_longer_axis_unless_it_is_too_bent():
    wide, steep = [(10, 40), (20, 30), (30, 40)], [(5, 0), (9, 30), (5, 60)]
    bent, line = [(0, 0), (2, 9), (4, 0)], [(40, 50), (10, 35), (10, 35)]
    piece, rows, columns = curve_pixels(np.array([wide, steep, bent, line]), (100, 100))
    assert np.bincount(piece, minlength=4).tolist() == [20, 60, 0, 30]
    x, y = columns[piece == 0], rows[piece == 0]
    assert np.abs(0.1 * (x - 20.0) ** 2 + 30 - y).max() <= 2.1
    x, y = columns[piece == 1], rows[piece == 1]
    assert np.abs(9 - 4 / 900 * (y - 30.0) ** 2 - x).max() <= 1.3
    x, y = columns[piece == 3], rows[piece == 3]
    assert np.abs(35 + (x - 10.0) / 2 - y).max() <= 1.5


def test_two_points_of_a_piece_above_each_other_are_drawn_as_scipys_fit_has_it():
    piece, rows, columns = curve_pixels(np.array([[(0, 0), (0, 5), (10, 5)]]), (20, 20))
    assert len(piece) == 10
    # All parabolas that are as close as possible go half way between both points.
    assert (rows[0], columns[0]) == (2, 0) and abs(rows[-1] - 5) <= 1


def test_eyes_of_a_face_with_x_and_y_exchanged_lie_on_their_side(golden):
    landmarks = golden('face_maps')['landmarks0'].astype(float)
    blank = np.zeros((256, 256, 3), np.uint8)
    maps = face_maps.make_face_maps(landmarks, blank)
    swapped = face_maps.make_face_maps(landmarks[:, ::-1], blank)
    # A face that lies on its side: its eyes are where they were, with rows and columns exchanged.
    for channel in range(7, 11):
        assert np.abs(maps[..., channel].T.astype(int) - swapped[..., channel]).max() <= 1
    assert not np.array_equal(maps[..., 8], swapped[..., 8])
    assert len(CURVES) == 14


def test_landmarks_far_from_the_picture_are_refused(golden):
    landmarks = golden('face_maps')['landmarks0'].astype(float)
    landmarks[3] = 1e9, 0
    with pytest.raises(ValueError, match='256 wide and 256 high'):
        face_maps.make_face_maps(landmarks, np.zeros((256, 256, 3), np.uint8))
    with pytest.raises(ValueError, match='68'):
        face_maps.make_face_maps(landmarks[:67], np.zeros((256, 256, 3), np.uint8))
