"""Which surface a sample shows, and the exact flow of toys whose motion is known in closed form."""

import dataclasses
import types

import numpy as np
import pytest
from scipy import ndimage

from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.synthetic.rendered import flow, raster
from posewarp_tf.synthetic.rendered.camera import look_at
from tests.synthetic.rendered.conftest import make_ball, make_layer, toy_person

SIZE = (40, 32)
CAMERA = look_at(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 0.0]), 40.0, (15.5, 19.5))


def photograph(person, vertices, camera=CAMERA, size=SIZE):
    """What exact_flow needs of a picture."""
    vertices = np.asarray(vertices, np.float64)
    hits = raster.trace(person.mesh, vertices, camera, size)
    return types.SimpleNamespace(person=person, vertices=vertices, camera=camera, hits=hits, size=size)


def test_a_camera_sees_what_a_pinhole_sees():
    seen = CAMERA.project(np.array([[0.3, 1.0, 0.0], [0.0, 1.3, 0.0], [0.3, 1.0, 1.5]]))
    np.testing.assert_allclose(seen, [[19.5, 19.5, 3.0], [15.5, 15.5, 3.0], [23.5, 19.5, 1.5]], atol=1e-9)
    rays = CAMERA.rays(SIZE, 1)
    along = CAMERA.position + 2.0 * rays[7, 11]
    np.testing.assert_allclose(CAMERA.project(along)[:2], [11, 7], atol=1e-9)


def test_the_nearest_triangle_wins_as_in_a_plain_loop():
    rng = np.random.default_rng(0)
    vertices = rng.uniform([-1, 0, -1], [1, 2, 1.5], (36, 3))
    person = toy_person(make_layer(vertices, np.arange(36).reshape(-1, 3)))
    hits = raster.trace(person.mesh, vertices, CAMERA, SIZE)
    rays = CAMERA.rays(SIZE, raster.SAMPLES)
    for row in range(0, rays.shape[0], 5):
        for column in range(0, rays.shape[1], 5):
            best, owner = np.inf, -1
            for number in range(12):
                a, b, c = person.mesh.vertices[person.mesh.triangles[number]].astype(float)
                # camera + t * ray = a + v (b - a) + w (c - a)
                t, v, w = np.linalg.solve(np.stack([-rays[row, column], b - a, c - a], axis=1), CAMERA.position - a)
                if v >= 0 and w >= 0 and v + w <= 1 and 0 < t < best:
                    best, owner = t, number
            assert hits.triangle[row, column] == owner
            if owner >= 0:
                assert hits.depth[row, column] == pytest.approx(best, rel=1e-4)
                place = hits.weights[row, column] @ person.mesh.vertices[person.mesh.triangles[owner]]
                np.testing.assert_allclose(place, CAMERA.position + best * rays[row, column], atol=1e-3)


def test_backs_are_seen_only_of_what_has_two_sides():
    vertices, triangles = make_ball((0, 1, 0), 0.3)
    for two_sided, turned, seen in ((False, False, True), (False, True, False), (True, True, True)):
        order = triangles[:, ::-1] if turned else triangles
        # One half, so that no other side shows where the near one does not.
        front = order[vertices[order][:, :, 2].mean(axis=1) > 0.1]
        person = toy_person(make_layer(vertices, front, two_sided=two_sided))
        hits = raster.trace(person.mesh, person.mesh.vertices, CAMERA, SIZE)
        assert (hits.triangle >= 0).any() == seen


def test_a_hem_cuts_where_the_field_changes_its_sign():
    vertices = np.array([[-1, 0, 0], [1, 0, 0], [1, 2, 0], [-1, 2, 0]], float)
    layer = make_layer(vertices, [[0, 1, 2], [0, 2, 3]])
    layer = dataclasses.replace(layer, field=(vertices[:, 1] - 1.25).astype(np.float32))
    person = toy_person(layer)
    hits = raster.trace(person.mesh, person.mesh.vertices, CAMERA, SIZE)
    rows = np.flatnonzero((hits.triangle >= 0).any(axis=1))
    edge = CAMERA.project(np.array([0.0, 1.25, 0.0]))[1]
    assert abs((rows.max() - 1) / raster.SAMPLES - edge) < 0.5


def test_a_ball_that_moves_gives_that_flow_and_what_it_hides_is_occluded():
    ball, triangles = make_ball((0, 1, 0), 0.3)
    wall = np.array([[-3, -2, -1], [3, -2, -1], [3, 4, -1], [-3, 4, -1]], float)
    person = toy_person(make_layer(ball, triangles), make_layer(wall, [[0, 1, 2], [0, 2, 3]], name='wall'))
    shift = np.array([0.15, -0.3, 0.0])
    target = photograph(person, person.mesh.vertices)
    moved = person.mesh.vertices.astype(float)
    moved[: len(ball)] += shift
    source = photograph(person, moved)
    found, visibility = flow.exact_flow(source, target)
    on_ball = person.mesh.piece[target.hits.centres()[0]] == 0
    on_ball &= target.hits.centres()[0] >= 0
    depth = target.hits.depth[1::3, 1::3]
    expected = np.stack([40 * shift[0] / depth, -40 * shift[1] / depth], axis=-1)
    np.testing.assert_allclose(found[on_ball], expected[on_ball], atol=2e-3)
    assert np.abs(found[on_ball][:, ::-1] - expected[on_ball]).min() > 0.5
    assert (visibility[on_ball] == VISIBILITY_VISIBLE).mean() > 0.75
    # The wall stands still; the ball, where it now is, hides it.
    on_wall = ~on_ball
    np.testing.assert_allclose(found[on_wall], 0.0, atol=1e-3)
    covered = person.mesh.piece[source.hits.centres()[0]] == 0
    assert (visibility[on_wall & covered] == VISIBILITY_OCCLUDED).all()
    # Where the flow's place is half a sample beside the ball's outline, either may be seen.
    beside = ndimage.binary_dilation(covered)
    assert (visibility[on_wall & ~beside] == VISIBILITY_VISIBLE).all()


def test_the_back_of_a_turned_ball_is_occluded_and_nothing_is_background():
    ball, triangles = make_ball((0, 1, 0), 0.4)
    person = toy_person(make_layer(ball, triangles))
    target = photograph(person, person.mesh.vertices)
    turned = person.mesh.vertices.astype(float)
    turned[:, [0, 2]] *= -1
    found, visibility = flow.exact_flow(photograph(person, turned), target)
    seen = target.hits.centres()[0] >= 0
    assert (visibility[~seen] == VISIBILITY_BACKGROUND).all() and not found[~seen].any()
    assert (visibility[seen] == VISIBILITY_OCCLUDED).mean() > 0.98


def test_what_the_source_cuts_off_is_occluded():
    ball, triangles = make_ball((0, 1, 0), 0.3)
    person = toy_person(make_layer(ball, triangles))
    aside = dataclasses.replace(CAMERA, centre=(300.0, 19.5))
    source = photograph(person, person.mesh.vertices, aside)
    found, visibility = flow.exact_flow(source, photograph(person, person.mesh.vertices))
    assert set(np.unique(visibility)) == {VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED}
    np.testing.assert_allclose(
        found[visibility > 0], np.broadcast_to([284.5, 0.0], found[visibility > 0].shape), atol=1e-3
    )
