"""Self-made objects: exact in shape, the same from every side, and their flows lead to what they should."""

import h5py
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.synthetic.objects import files
from posewarp_tf.synthetic.objects.camera import SCALE, View, decode_depth, encode_depth, exact_flow, project, unproject
from posewarp_tf.synthetic.objects.render import CATEGORIES, render, sample_object
from posewarp_tf.synthetic.objects.solids import box, cylinder, turned
from posewarp_tf.synthetic.objects.textures import Texture

SIZE = 64
PLAIN = Texture('plain', np.array([[0.2, 0.5, 0.4]] * 2))


def rays(points):
    """Rays along z through (x, y)."""
    return np.array([(x, y, 0.0) for x, y in points]), np.array([0.0, 0.0, 1.0])


def moved(source, flow):
    """The source picture at its place in the target."""
    y, x = np.mgrid[: len(source), : len(source)]
    places = [y + flow[..., 1], x + flow[..., 0]]
    return np.stack([map_coordinates(source[..., c], places, order=1, mode='nearest') for c in range(3)], axis=-1)


def test_a_ray_meets_a_box_a_tapered_box_and_a_cylinder_where_geometry_says():
    depth, points, normals = box((0, 0, 0), (1, 1, 0.6), PLAIN).hit(*rays([(0, 0), (0.49, -0.49), (0.51, 0)]))
    np.testing.assert_allclose(depth, [0.3, 0.3, -np.inf])
    np.testing.assert_allclose(normals[0], [0, 0, 1])
    # Its front leans from 0.3 at the bottom to 0.15 at the top.
    leaning = box((0, 0, 0), (1, 1, 0.6), PLAIN, taper=(0, 0.5, 0))
    np.testing.assert_allclose(leaning.hit(*rays([(0, -0.5), (0, 0), (0, 0.5)]))[0], [0.3, 0.225, 0.15])
    depth, _, normals = cylinder((0, 0, 0), (0.5, 0.5), 1.0, PLAIN).hit(*rays([(0, 0), (0.3, 0), (0.6, 0), (0, 0.6)]))
    np.testing.assert_allclose(depth, [0.5, 0.4, -np.inf, -np.inf])
    np.testing.assert_allclose(normals[1], [0.6, 0, 0.8])
    # Turned onto its side, it is as long as it was high.
    lying = cylinder((0, 0, 0), (0.1, 0.1), 1.0, PLAIN, turned(z=90))
    assert np.isfinite(lying.hit(*rays([(0.45, 0), (0, 0.45)]))[0]).tolist() == [True, False]


def test_a_camera_that_went_around_sees_the_side_and_pixels_lie_where_projection_says():
    right = np.array([[0.5, 0.2, 0.0]])
    place, depth = project(right, View(90, 0), 101)
    np.testing.assert_allclose(place, [[50, 50 - SCALE * 101 * 0.2]], atol=1e-9)
    np.testing.assert_allclose(depth, [0.5])
    place, depth = project(right, View(40, 20), 101)
    np.testing.assert_allclose(unproject(place[:, 0], place[:, 1], depth, View(40, 20), 101), right, atol=1e-12)
    picture, depth = render([box((0.3, 0.1, 0), (0.4, 0.2, 0.4), PLAIN)], View(0, 0), SIZE)
    rows, columns = np.nonzero(np.isfinite(depth))
    scale = SCALE * SIZE
    np.testing.assert_allclose(columns.mean(), (SIZE - 1) / 2 + 0.3 * scale, atol=0.51)
    np.testing.assert_allclose(rows.mean(), (SIZE - 1) / 2 - 0.1 * scale, atol=0.51)
    assert len(rows) == pytest.approx(0.4 * 0.2 * scale**2, rel=0.1)
    np.testing.assert_allclose(decode_depth(encode_depth(depth)), depth, atol=2e-5)


@pytest.mark.parametrize('category', CATEGORIES)
def test_objects_have_few_parts_fill_the_ball_and_differ(category):
    objects = [sample_object(category, 0, number) for number in range(12)]
    for parts in objects:
        corners = np.concatenate([part.corners for part in parts])
        assert 4 <= len(parts) <= 16
        np.testing.assert_allclose(np.linalg.norm(corners, axis=1).max(), 1)
    pictures = np.array([render(parts, View(40, 10), 32)[0] for parts in objects[:4]], int)
    assert np.all(pictures[:, [0, -1]] == 255)
    assert np.abs(pictures[0] - pictures[1]).mean() > 3
    again = render(sample_object(category, 0, 0), View(40, 10), 32)[0]
    np.testing.assert_array_equal(again, pictures[0])


@pytest.mark.parametrize('category', CATEGORIES)
@pytest.mark.parametrize('source, target', [(View(0, 0), View(20, 0)), (View(60, 10), View(20, 20))])
def test_flow_moves_what_both_views_see_to_its_place_and_with_x_for_y_does_not(category, source, target):
    parts = sample_object(category, 3, 1)
    (source_picture, source_depth), (picture, depth) = (render(parts, view, SIZE) for view in (source, target))
    flow, visibility = exact_flow(source, target, source_depth, depth, SIZE)
    assert np.array_equal(visibility == VISIBILITY_BACKGROUND, ~np.isfinite(depth))
    visible = visibility == VISIBILITY_VISIBLE
    assert visible.sum() > 150

    def error(some_flow):
        return np.abs(moved(source_picture.astype(float), some_flow) - picture).mean(axis=-1)[visible].mean()

    assert error(flow) < 0.45 * error(np.zeros_like(flow))
    assert error(flow) < 0.3 * error(flow[..., ::-1])


def test_what_the_source_hides_is_occluded_and_half_the_size_has_half_the_flow():
    wall = box((0, 0, 0), (0.8, 0.8, 0.1), PLAIN)
    depths = [render([wall], View(azimuth, 0), SIZE)[1] for azimuth in (0, 180, 40)]
    _, visibility = exact_flow(View(0, 0), View(180, 0), depths[0], depths[1], SIZE)
    assert set(np.unique(visibility)) == {VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED}
    whole, _ = exact_flow(View(0, 0), View(40, 0), depths[0], depths[2], SIZE)
    half, _ = exact_flow(View(0, 0), View(40, 0), depths[0], depths[2], SIZE // 2)
    np.testing.assert_allclose(half, whole[1::2, 1::2] / 2, atol=1e-5)


def test_files_are_in_the_published_layout_and_appear_whole(views_folder, tmp_path):
    with h5py.File(views_folder / 'data_chair.hdf5') as file:
        assert len(file) == 3 * 54
        view = file['chair00001_34_20']
        assert view['image'].shape == (32, 32, 3) and view['image'].dtype == np.uint8
        assert view['pose'][()].tolist() == [34, 20]
        assert np.array_equal(view['depth'][()] == 0, ~np.isfinite(decode_depth(view['depth'][()])))
    train = (views_folder / 'id_chair_train.txt').read_text().split()
    assert len(train) == 2 * 54 and train[0] == 'chair00001_0_0'
    assert (views_folder / 'name_chair_test.txt').read_text() == 'chair00000\n'
    with pytest.raises(DataError, match='already holds something'):
        files.write_views(views_folder, 'chair', 3, 32)
    with pytest.raises(ConfigError, match="category: got 'sofa', expected one of car, chair"):
        files.write_views(tmp_path / 'new', 'sofa', 3, 32)
    assert not list(tmp_path.iterdir())
