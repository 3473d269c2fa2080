"""A layer before another one, whose flows differ: its edge is a line, not the staircase of the model's pixels."""

import numpy as np

from posewarp_tf.photos.layer_edges import layer_positions, move_by_layers
from posewarp_tf.photos.moving import PhotoMotion, SourcePositions
from posewarp_tf.photos.windows import Window
from tests.photos.scenes import grid

PHOTO, MAP = (512, 384), (64, 48)
WHOLE = Window.whole(PHOTO)
# The photo is blue on its left half and red on its right; one layer shows the left, the other the right.
COLOURS = np.array([[20, 40, 200], [200, 40, 20]])
SHIFT = 96.0


def on_the_right(x, y):
    return x - PHOTO[1] / 2 > 0.4 * (y - PHOTO[0] / 2)


def scene():
    """The photo, the truth, places and layers, of which the upper quarter is nobody."""
    x, y = grid(PHOTO)
    photo = COLOURS[(x > PHOTO[1] / 2).astype(int)].astype(np.uint8)
    truth = COLOURS[on_the_right(x, y).astype(int)]
    x, y = ((values + 0.5) * 8 - 0.5 for values in grid(MAP))
    right = on_the_right(x, y)
    places = np.stack([np.where(right, PHOTO[1] / 2 + SHIFT, PHOTO[1] / 2 - SHIFT) + 0.1 * (x - 192), y], axis=-1)
    layers = 1 + right.astype(int)
    layers[:16] = 0
    return photo, truth, SourcePositions(places, WHOLE, WHOLE), layers


def wrong_side(image, truth):
    """The share of pixels that are of the other layer's colour rather than of their own."""
    return np.mean(((image[..., 0] > image[..., 2]) != (truth[..., 0] > truth[..., 2]))[140:])


def test_the_edge_of_a_layer_is_smooth():
    photo, truth, positions, layers = scene()
    staircase = PhotoMotion(positions, PHOTO).move(photo)
    image, moved = move_by_layers(photo, layer_positions(positions, layers), layers, PHOTO, np.ones(MAP))
    assert moved.all()
    assert wrong_side(image, truth) < 0.4 * wrong_side(staircase, truth)
    # Nothing but the two colours, and a narrow edge between them.
    assert np.mean(np.abs(image.astype(int)[140:, :, np.newaxis] - COLOURS).max(axis=-1).min(axis=-1) > 8) < 0.03


def test_the_places_of_a_layer_go_on_by_straight_lines():
    _, _, positions, layers = scene()
    found = layer_positions(positions, layers)
    assert sorted(found) == [1, 2]
    x, _ = ((values + 0.5) * 8 - 0.5 for values in grid(MAP))
    for number, middle in ((1, PHOTO[1] / 2 - SHIFT), (2, PHOTO[1] / 2 + SHIFT)):
        np.testing.assert_array_equal(found[number].places[layers == number], positions.places[layers == number])
        np.testing.assert_allclose(found[number].places[16:, :, 0], (middle + 0.1 * (x - 192))[16:], atol=1e-6)


def test_only_what_is_needed_is_moved():
    photo, _, positions, layers = scene()
    needed = np.zeros(MAP)
    needed[40:50, 5:10] = 1
    image, moved = move_by_layers(photo, layer_positions(positions, layers), layers, PHOTO, needed)
    assert moved[8 * 45, 8 * 7] and not moved[:300].any() and not moved[:, 200:].any()
    np.testing.assert_array_equal(image[~moved], 0)


def test_one_layer_alone_is_moved_as_it_is():
    photo, _, positions, _ = scene()
    alone = np.ones(MAP, int)
    image, _ = move_by_layers(photo, layer_positions(positions, alone), alone, PHOTO, np.ones(MAP))
    np.testing.assert_array_equal(image, PhotoMotion(positions, PHOTO).move(photo))
