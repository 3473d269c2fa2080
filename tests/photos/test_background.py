"""What is around the re-posed person: pasted without seams, filled in where the person was."""

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.photos.background import compose
from posewarp_tf.photos.matte import person_matte, silhouette_matte
from posewarp_tf.photos.moving import PhotoMotion, SourcePositions
from posewarp_tf.photos.plate import background_plate, person_area
from posewarp_tf.photos.push_pull import push_pull
from posewarp_tf.photos.windows import Window
from tests.photos.scenes import flow_of, grid, texture
from tests.run_folders import person, picture

PHOTO = (160, 120)
WINDOW = Window(30.0, 20.0, 60.0, 90.0)
WHOLE = Window.whole(PHOTO)
ANSWER = np.full((90, 60, 3), 200, np.uint8)


def test_the_matte_mixes_person_and_plate():
    photo, plate = picture(PHOTO), picture(PHOTO, seed=1)
    matte = np.zeros((90, 60), np.float32)
    matte[20:70, 20:40] = 0.25
    found = compose(photo, ANSWER, matte, WINDOW, plate)
    expected = plate.astype(float)
    expected[40:90, 50:70] += 0.25 * (200 - expected[40:90, 50:70])
    np.testing.assert_allclose(found, expected, atol=0.51)


def test_a_white_background_is_white():
    matte = np.zeros((90, 60), np.float32)
    matte[20:70, 20:40] = 1
    found = compose(picture(PHOTO), ANSWER, matte, WINDOW, background='white')
    assert np.all(found[40:90, 50:70] == 200)
    found[40:90, 50:70] = 255
    assert np.all(found == 255)


def test_the_models_window_fades_into_the_photo():
    photo = np.full((*PHOTO, 3), 100, np.uint8)
    found = compose(photo, ANSWER, None, WINDOW, background='model').astype(int)
    assert np.all(found[30:100, 40:80] == 200)
    assert np.abs(np.diff(found, axis=0)).max() < 70
    assert np.abs(np.diff(found, axis=1)).max() < 70
    outside = np.ones(PHOTO, bool)
    outside[20:110, 30:90] = False
    assert np.all(found[outside] == 100)


def test_a_window_that_is_the_photo_does_not_fade():
    answer = picture(PHOTO, seed=2)
    assert np.array_equal(compose(picture(PHOTO), answer, None, Window.whole(PHOTO), background='model'), answer)


def test_a_window_beyond_the_photo_is_cut():
    answer = texture(*grid((90, 60)))
    found = compose(picture(PHOTO), answer, None, Window(-20.0, 120.0, 60.0, 90.0), background='model')
    assert found.shape == (*PHOTO, 3)
    assert np.array_equal(found[130:, :30], answer[10:40, 20:50])


def test_what_cannot_be_composed_is_named():
    photo, matte = picture(PHOTO), np.ones((90, 60), np.float32)
    with pytest.raises(ConfigError, match="--background: got 'grey', expected one of photo, white, model"):
        compose(photo, ANSWER, matte, WINDOW, background='grey')
    with pytest.raises(ConfigError, match='needs a matte'):
        compose(photo, ANSWER, None, WINDOW, background='white')
    with pytest.raises(ConfigError, match='and a plate'):
        compose(photo, ANSWER, matte, WINDOW)
    with pytest.raises(DataError, match='answer: got'):
        compose(photo, ANSWER[:50], matte, WINDOW, photo)


def test_the_plate_of_a_smooth_background_is_that_background():
    x, y = grid(PHOTO)
    background = np.stack([60 + x, 200 - y / 2, 90 + x / 3 + y / 3], axis=-1)
    photo = background.copy()
    photo[50:110, 45:75] = 0
    removed = np.zeros(PHOTO, np.float32)
    removed[46:114, 41:79] = 1
    plate = background_plate(np.rint(photo).astype(np.uint8), removed)
    assert np.abs(plate - background).max() < 25
    assert np.abs(plate - background)[50:110, 45:75].mean() < 6
    assert np.array_equal(plate[:40], np.rint(photo).astype(np.uint8)[:40])


def test_a_hole_in_a_pattern_is_filled_with_the_pattern_and_not_with_other_people():
    x, y = grid(PHOTO)
    # Stripes 8 pixels wide, and a red person beside the hole.
    photo = np.where((x // 8 % 2 == 0)[..., None], np.uint8([200, 200, 200]), np.uint8([60, 60, 60]))
    truth = photo.copy()
    photo[40:120, 90:110] = [250, 0, 0]
    others = np.zeros(PHOTO, np.float32)
    others[40:120, 90:110] = 1
    removed = np.zeros(PHOTO, np.float32)
    removed[50:100, 40:70] = 1
    plate = background_plate(photo, removed, others)
    assert np.abs(plate[50:100, 40:70].astype(int) - truth[50:100, 40:70]).mean() < 20
    assert np.array_equal(plate[removed == 0], photo[removed == 0])


def test_nothing_to_remove_leaves_the_photo_alone():
    photo = picture(PHOTO)
    assert np.array_equal(background_plate(photo, np.zeros(PHOTO, np.float32)), photo)


def test_push_pull_continues_a_plain_colour():
    known = np.random.default_rng(0).uniform(size=(37, 22)) > 0.8
    values = np.where(known[..., None], np.float32([3, 5, 7]), np.float32(99))
    np.testing.assert_allclose(push_pull(values, known), np.broadcast_to([3, 5, 7], (37, 22, 3)), rtol=1e-4)


def test_the_area_of_a_person_holds_joints_and_mask():
    joints = person(PHOTO)
    area = person_area(PHOTO, joints)
    assert all(area[int(y), int(x)] > 0.9 for x, y in joints)
    assert 0.1 < area.mean() < 0.6
    # A network's mask is nowhere 0, and may miss a limb.
    mask = np.full(PHOTO, 1e-30, np.float32)
    mask[40:120, 30:90] = 1
    area = person_area(PHOTO, joints, mask)
    assert area[40:120, 30:90].min() > 0.99
    assert all(area[int(y), int(x)] > 0.9 for x, y in joints)
    assert area[:, :8].max() == area[:, -8:].max() == 0


def shifted(dx, dy):
    return SourcePositions.of_flow(flow_of(lambda x, y: (x + dx, y + dy), WHOLE, WHOLE, (40, 30)), WHOLE, WHOLE)


def test_the_matte_is_the_moved_person_where_the_pose_can_reach():
    joints = person(PHOTO)
    mask = np.zeros(PHOTO, np.float32)
    mask[20:150, 44:68] = 1
    matte = person_matte(mask, shifted(-8, 0), joints + np.float32([8, 0]))
    assert matte.shape == PHOTO
    # The trunk is 8 pixels further right, with the sharp edges of the mask.
    assert matte[60:90, 54:74].min() > 0.95
    assert matte[:, 110:].max() == 0


def test_what_the_model_invents_is_the_core_of_the_body():
    joints = person(PHOTO)
    matte = person_matte(np.zeros(PHOTO, np.float32), shifted(0, 0), joints)
    assert all(matte[int(y), int(x)] > 0.5 for x, y in joints)
    assert matte[:, :20].max() == 0


def test_pixels_are_moved_and_edges_are_not_mixed():
    """Two halves that move apart by whole pixels: each is found as it was, also beside the edge between them."""
    photo = texture(*grid(PHOTO))
    columns, rows = grid((40, 30))
    places = np.stack([4 * columns + 1.5 + np.where(columns < 15, 0, 12), 4 * rows + 1.5 + 8], axis=-1)
    motion = PhotoMotion(SourcePositions(places, WHOLE, WHOLE), PHOTO)
    moved = motion.move(photo)
    assert motion.moved.all()
    # Pillow cuts fractions off instead of rounding.
    assert np.abs(moved[:150, :60].astype(int) - photo[8:158, :60]).max() <= 1
    assert np.abs(moved[:150, 60:105].astype(int) - photo[8:158, 72:117]).max() <= 1
    # Beyond the border it goes on, half a pixel behind the last centre.
    assert np.abs(moved[-6:, :60].astype(int) - photo[-1, :60]).max() <= 8


def test_shrinking_by_a_flow_is_anti_aliased():
    stripes = np.tile(np.uint8([0, 255]), (PHOTO[0], PHOTO[1] // 2))[..., None].repeat(3, axis=-1)
    columns, rows = grid((40, 30))
    places = np.stack([16 * columns, 4 * rows + 1.5], axis=-1)
    moved = PhotoMotion(SourcePositions(places, WHOLE, WHOLE), PHOTO).move(stripes)
    assert np.abs(moved[20:-20, :25].astype(int) - 127).max() < 10


@pytest.mark.parametrize('factor', [1, 4])
def test_a_silhouette_keeps_thin_limbs_and_has_no_steps(factor):
    """A slanted bar of 4 pixels of the model; its outline in a window of `factor` times as many pixels."""
    y, x = np.mgrid[:64, :48]
    silhouette = (np.abs(x - 14 - 0.3 * y) <= 2).astype(np.float32)[..., np.newaxis]
    matte = silhouette_matte(silhouette, Window(0.0, 0.0, 48.0 * factor, 64.0 * factor))
    inner = matte[8 * factor : -8 * factor]
    assert inner.max(axis=1).min() > 0.95 and inner.min() == 0
    # Where the outline crosses a half goes on by about as much from row to row.
    edges = np.array([np.interp(0.5, row[: row.argmax() + 1], np.arange(row.argmax() + 1)) for row in inner])
    if factor > 1:
        assert np.abs(np.diff(edges) - 0.3).max() < 0.35
    if factor == 1:
        np.testing.assert_allclose(matte, silhouette[..., 0], atol=1e-6)
