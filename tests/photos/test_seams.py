"""What fills a hole goes on from what is around it."""

import numpy as np
import pytest

from posewarp_tf.photos.seams import without_seams

SIZE = (30, 40)
HOLE = np.zeros(SIZE, bool)
HOLE[8:22, 20:32] = True
NOBODY = np.zeros(SIZE, bool)


def plane(down=2.0, across=3.0):
    y, x = np.indices(SIZE)
    return np.stack([down * y + across * x, 40 + across * x, 200 - down * y], axis=-1).astype(np.float32)


def places_from(shift):
    places = np.indices(SIZE).transpose(1, 2, 0)
    return np.where(HOLE[..., np.newaxis], places + np.array(shift), places)


def filled(picture, places, hole=HOLE, avoided=NOBODY):
    copied = picture[places[..., 0], places[..., 1]]
    return without_seams(picture, copied, places, hole, avoided)


@pytest.mark.parametrize('shift', [(0, -16), (0, -15)])
def test_a_slope_goes_on_whatever_the_colours_of_the_pieces(shift):
    """Copied from the left a slope is too dark by 48 or 45 levels, which is what is mended."""
    answer = filled(plane(), places_from(shift))
    np.testing.assert_allclose(answer, plane(), atol=0.5)
    assert answer.dtype == np.float32


def test_two_pieces_meet_without_an_edge():
    places = places_from((0, -16))
    places[8:22, 20:26] = np.indices(SIZE).transpose(1, 2, 0)[8:22, 20:26] + np.array((0, -14))
    steps = np.abs(np.diff(filled(plane(), places), axis=1))
    assert steps.max() < 4.5
    copied = np.where(HOLE[..., np.newaxis], plane()[places[..., 0], places[..., 1]], plane())
    assert np.abs(np.diff(copied, axis=1)).max() > 20


def test_texture_is_that_of_the_pieces():
    picture = plane(0, 0) + 20 * np.random.default_rng(0).standard_normal((*SIZE, 1)).astype(np.float32)
    answer = filled(picture, places_from((0, -16)))
    inner = answer[10:20, 22:30]
    expected = picture[10:20, 6:14]
    inner, expected = inner - inner.mean((0, 1)), expected - expected.mean((0, 1))
    assert np.corrcoef(inner[..., 0].ravel(), expected[..., 0].ravel())[0, 1] > 0.8


def test_nothing_goes_on_from_what_is_avoided():
    avoided = NOBODY.copy()
    avoided[:, 32:] = True
    with_somebody = plane()
    with_somebody[:, 32:] = 0
    answers = [filled(picture, places_from((0, -16)), avoided=avoided) for picture in (plane(), with_somebody)]
    np.testing.assert_allclose(answers[0][HOLE], answers[1][HOLE], atol=1e-3)
    np.testing.assert_allclose(answers[0][HOLE], plane()[HOLE], atol=0.5)


def test_far_from_the_border_a_hole_has_the_colours_of_its_pieces():
    """At the right border of a long photo; what is around asks for 40 levels more."""
    size = 20, 400
    hole = np.ones(size, bool)
    hole[:, :20] = False
    picture = np.full((*size, 3), 100, np.float32)
    picture[:, 10:20] = 140
    rows, columns = np.indices(size)
    places = np.stack([rows, np.where(hole, 4, columns)], axis=-1)
    copied = np.full((*size, 3), 100, np.float32)
    answer = without_seams(picture, copied, places, hole, np.zeros(size, bool))
    assert answer[:, 20].min() > 130
    np.testing.assert_allclose(answer[:, 380:], 100, atol=4)
    assert np.abs(np.diff(answer[:, 20:], axis=1)).max() < 2


def test_a_slope_that_is_copied_again_and_again_does_not_add_up():
    hole = np.ones(SIZE, bool)
    hole[:, :10] = False
    picture = plane(0, 4)
    rows, columns = np.indices(SIZE)
    places = np.stack([rows, np.where(hole, columns % 8, columns)], axis=-1)
    copied = picture[places[..., 0], places[..., 1]]
    answer = without_seams(picture, copied, places, hole, NOBODY)
    border = picture[:, 9].max(axis=0) - copied[:, 10].min(axis=0)
    assert np.all(answer[hole] <= copied[hole] + border + 8)
