"""The person of a photo alone: before white, with colours that go on, and out of a picture before white."""

import numpy as np

from posewarp_tf.photos.cutout import before_white, continued, shows_body, without_white

SIZE = (60, 40)
MASK = np.zeros(SIZE, np.float32)
MASK[10:50, 10:30] = 1
RED, GREEN = (200, 40, 40), (30, 160, 60)


def photo():
    """Somebody red with noise before green."""
    noise = np.random.default_rng(0).integers(-20, 21, (*SIZE, 3))
    return (np.where(MASK[..., np.newaxis] > 0, RED, GREEN) + noise * (MASK[..., np.newaxis] > 0)).astype(np.uint8)


def test_the_person_is_kept_and_everything_else_is_white():
    answer = before_white(photo(), MASK)
    np.testing.assert_array_equal(answer[10:50, 10:30], photo()[10:50, 10:30])
    assert answer[MASK == 0].min() == 255 and answer.dtype == np.uint8
    # A pixel that is hardly the person's has something of both.
    np.testing.assert_allclose(before_white(np.zeros((2, 2, 3), np.uint8), np.full((2, 2), 0.3)), 127.5, atol=1)


def test_a_mask_of_nobody_or_of_somebody_else_does_not_show_the_body():
    joints = np.full((18, 2), -1, np.float32)
    joints[[1, 8, 11]] = (20, 14), (16, 44), (24, 44)
    assert shows_body(MASK, joints)
    assert not shows_body(0.4 * MASK, joints)
    assert not shows_body(MASK, joints + [[18, 0]])
    assert not shows_body(MASK, np.full((18, 2), -1, np.float32))


def test_colours_of_the_person_go_on_where_nobody_is():
    answer = continued(photo(), MASK)
    np.testing.assert_array_equal(answer[10:50, 10:30], photo()[10:50, 10:30])
    assert np.abs(answer[MASK == 0] - np.float32(RED)).max() < 45


def test_the_mixed_colours_of_an_edge_do_not_go_on():
    """A pixel at the edge has something of what is behind."""
    mask = MASK.copy()
    mask[10:50, [9, 30]] = 0.6
    picture = np.rint(mask[..., np.newaxis] * np.float32(RED) + (1 - mask[..., np.newaxis]) * 255).astype(np.uint8)
    assert np.abs(continued(picture, mask)[10:50, :9] - np.float32(RED)).max() < 8


def test_an_unsure_mask_keeps_the_colours_of_what_is_within_it():
    """An arm of which the mask is not sure, beside a trunk of which it is."""
    picture, mask = photo(), MASK.copy()
    mask[10:50, 10:18] = 0.7
    picture[10:50, 10:18] = (20, 60, 220)
    answer = continued(picture, mask)
    np.testing.assert_array_equal(answer[12:48, 12:17], picture[12:48, 12:17])
    np.testing.assert_array_equal(continued(photo(), 0.7 * MASK)[12:48, 12:28], photo()[12:48, 12:28])


def test_colours_go_on_from_the_nearest_part_and_large_photos_keep_their_pixels():
    halves = np.where(np.arange(700)[:, np.newaxis, np.newaxis] < 350, RED, GREEN) * np.ones((1, 600, 1))
    mask = np.zeros((700, 600), np.float32)
    mask[:, 280:320] = 1
    answer = continued(halves.astype(np.uint8), mask)
    np.testing.assert_array_equal(answer[:, 280:320], halves[:, 280:320])
    np.testing.assert_allclose(answer[:300, :240].mean(axis=(0, 1)), RED, atol=25)
    np.testing.assert_allclose(answer[400:, 360:].mean(axis=(0, 1)), GREEN, atol=25)


def test_where_nobody_is_seen_nothing_changes():
    np.testing.assert_array_equal(continued(photo(), 0 * MASK), photo())
    np.testing.assert_array_equal(without_white(photo(), 0 * MASK[..., np.newaxis]), photo())


def test_white_is_taken_off_the_edge_of_a_person():
    silhouette = np.zeros((*SIZE, 1), np.float32)
    silhouette[10:50, 10:30] = 1
    silhouette[10:50, [9, 30]] = 0.6
    silhouette[10:50, [8, 31]] = 0.2
    picture = np.rint(silhouette * np.float32(RED) + (1 - silhouette) * 255).astype(np.uint8)
    answer = without_white(picture, silhouette)
    assert np.abs(answer[10:50, 9:31] - np.float32(RED)).max() <= 1
    assert np.abs(answer - np.float32(RED)).max() <= 3
