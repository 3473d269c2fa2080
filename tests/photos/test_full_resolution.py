"""The photo's own detail comes back where an exact flow moves it, and nowhere else."""

import functools

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.photos.full_resolution import blend_octaves, full_resolution
from posewarp_tf.photos.windows import Window
from tests.photos.scenes import flow_of, grid, similarity, swirl, texture

PHOTO, MODEL, MAP = (256, 192), (64, 48), (16, 12)
WHOLE = Window.whole(PHOTO)
MASK = np.ones((*MAP, 1), np.float32)
MOTIONS = {
    'turned': similarity(0.15, 1.0, (96, 128), (4, -3)),
    'larger': similarity(-0.05, 0.8, (96, 128)),
    'smaller': similarity(0.0, 1.25, (96, 128)),
    'swirl': swirl,
}


def unmoved(x, y):
    return x, y


@functools.cache
def truth_of(place, size=PHOTO):
    return texture(*place(*grid(size)))


def stretched(picture, method=Image.Resampling.LANCZOS, size=PHOTO):
    return np.asarray(Image.fromarray(picture).resize(size[::-1], method))


def high_band(image):
    """What a picture of the model's size cannot hold."""
    low = stretched(WHOLE.crop(image, MODEL), Image.Resampling.BICUBIC)
    return image.astype(float) - low


def psnr_of_high_band(image, truth):
    inside = slice(24, -24), slice(24, -24)
    return 10 * np.log10(255**2 / np.mean((high_band(image) - high_band(truth))[inside] ** 2))


def answer_to(place, flow=None, mask=MASK, picture=None, **options):
    photo, truth = truth_of(unmoved), truth_of(place)
    flow = flow_of(place, WHOLE, WHOLE, MAP) if flow is None else flow
    picture = WHOLE.crop(truth, MODEL) if picture is None else picture
    return full_resolution(photo, WHOLE, WHOLE, flow, mask, picture, **options), truth


@pytest.mark.parametrize('name', MOTIONS)
def test_detail_comes_back(name):
    found, truth = answer_to(MOTIONS[name])
    blurred = psnr_of_high_band(stretched(WHOLE.crop(truth, MODEL)), truth)
    assert psnr_of_high_band(found.image, truth) > blurred + 6
    assert np.median(found.trust) > 0.8


def test_a_motion_with_x_and_y_swapped_brings_nothing():
    flow = flow_of(MOTIONS['turned'], WHOLE, WHOLE, MAP)[..., ::-1]
    found, truth = answer_to(MOTIONS['turned'], flow=flow)
    right, _ = answer_to(MOTIONS['turned'])
    assert psnr_of_high_band(found.image, truth) < psnr_of_high_band(right.image, truth) - 6


def test_windows_in_other_places_and_of_other_sizes_are_moved_between():
    photo = texture(*grid((400, 500)))
    source, target = Window(60, 40, 192, 256), Window(220, 90, 240, 300)
    place = similarity(0.1, 0.8, (340, 240), (-180, -70))
    size = target.size
    x, y = grid(size)
    truth = texture(*place(x + target.left, y + target.top))
    picture = Window.whole(size).crop(truth, MODEL)
    found = full_resolution(photo, source, target, flow_of(place, target, source, MAP), MASK, picture)
    inside = slice(40, -40), slice(40, -40)
    error = np.abs(found.image.astype(float) - truth)[inside].mean()
    blurred = np.abs(stretched(picture, size=size).astype(float) - truth)[inside].mean()
    assert found.image.shape == truth.shape
    assert error < 0.5 * blurred


def test_without_motion_the_photo_itself_comes_back():
    photo = texture(*grid(PHOTO))
    found = full_resolution(photo, WHOLE, WHOLE, np.zeros((*MAP, 2), np.float32), MASK, WHOLE.crop(photo, MODEL))
    assert np.abs(found.image.astype(float) - photo).max() <= 2


@pytest.mark.parametrize('case', ['mask', 'folded', 'random', 'elsewhere', 'outside'])
def test_where_the_flow_is_not_to_be_trusted_nothing_is_pasted(case):
    rng = np.random.default_rng(0)
    flow, mask, picture = flow_of(MOTIONS['turned'], WHOLE, WHOLE, MAP), MASK, None
    if case == 'mask':
        mask = np.zeros_like(MASK)
    elif case == 'folded':
        flow = flow_of(lambda x, y: (PHOTO[1] - x, y), WHOLE, WHOLE, MAP)
    elif case == 'random':
        flow = rng.uniform(-6, 6, (*MAP, 2)).astype(np.float32)
    elif case == 'outside':
        flow = flow + np.float32([20, 0])
    else:
        picture = 255 - WHOLE.crop(truth_of(MOTIONS['turned']), MODEL)
    found, truth = answer_to(MOTIONS['turned'], flow=flow, mask=mask, picture=picture)
    picture = WHOLE.crop(truth, MODEL) if picture is None else picture
    own = stretched(picture, Image.Resampling.BICUBIC)
    pasted = np.mean((found.image.astype(float) - own) ** 2)
    assert pasted < 0.02 * np.mean(high_band(truth) ** 2)
    assert found.trust.mean() < 0.05


def test_half_a_mask_brings_back_half_of_the_picture():
    mask = MASK.copy()
    mask[:, :6] = 0
    found, truth = answer_to(MOTIONS['turned'], mask=mask)
    picture = stretched(WHOLE.crop(truth, MODEL), Image.Resampling.BICUBIC)
    difference = np.abs(found.image.astype(float) - picture)[30:-30]
    assert difference[:, :80].max() <= 1
    assert difference[:, 112:-30].mean() > 3


def test_a_flow_that_uses_one_spot_for_everything_is_not_trusted():
    columns, rows = grid(MAP)
    flow = np.stack([6 - columns, 8 - rows], axis=-1) * 0.8
    assert answer_to(MOTIONS['turned'], flow=flow.astype(np.float32))[0].trust.mean() < 0.05


def test_a_plain_picture_stays_plain():
    photo, picture = (np.full((*size, 3), 90, np.uint8) for size in (PHOTO, MODEL))
    flow = np.random.default_rng(1).uniform(-2, 2, (*MAP, 2)).astype(np.float32)
    mask = np.random.default_rng(2).uniform(0, 1, (*MAP, 1)).astype(np.float32)
    found = full_resolution(photo, WHOLE, WHOLE, flow, mask, picture)
    assert np.all(found.image == 90)


def test_a_blurred_model_is_made_sharp_by_the_photo():
    truth = truth_of(MOTIONS['turned'])
    blurred = stretched(WHOLE.crop(truth, MAP), Image.Resampling.BICUBIC, MODEL)
    with_octaves, _ = answer_to(MOTIONS['turned'], picture=blurred)
    without, _ = answer_to(MOTIONS['turned'], picture=blurred, octaves=0)
    errors = [np.abs(found.image.astype(float) - truth)[24:-24, 24:-24].mean() for found in (with_octaves, without)]
    assert errors[0] < 0.8 * errors[1]


def test_any_size_can_be_made():
    found, _ = answer_to(MOTIONS['turned'], size=(101, 77))
    assert found.image.shape == (101, 77, 3)
    small, _ = answer_to(MOTIONS['turned'], size=(20, 30))
    assert small.image.shape == (20, 30, 3)


def test_octaves_of_equal_pictures_change_nothing_and_full_weight_takes_the_detail():
    rng = np.random.default_rng(0)
    base, other = rng.uniform(0, 255, (2, 20, 16, 3))
    ones = np.ones((20, 16))
    np.testing.assert_allclose(blend_octaves(base, base, ones, 3), base)
    np.testing.assert_allclose(blend_octaves(base, other, 0 * ones, 3), base)
    np.testing.assert_allclose(blend_octaves(base, other, ones, 0), base)
    # Without any octave left out, only the coarsest content stays that of the base.
    assert np.abs(blend_octaves(base, other, ones, 4) - other).mean() < 0.2 * np.abs(base - other).mean()


def test_bad_input_is_named():
    photo = texture(*grid(PHOTO))
    flow, small = np.zeros((*MAP, 2), np.float32), WHOLE.crop(photo, MODEL)
    with pytest.raises(DataError, match='flow: got shape'):
        full_resolution(photo, WHOLE, WHOLE, flow[..., :1], MASK, small)
    with pytest.raises(DataError, match='photo: got float64'):
        full_resolution(photo / 1.0, WHOLE, WHOLE, flow, MASK, small)


def test_trust_is_found_by_what_the_model_saw_and_other_pixels_are_moved():
    place = MOTIONS['turned']
    photo, truth = truth_of(unmoved), truth_of(place)
    flow = flow_of(place, WHOLE, WHOLE, MAP)
    own, _ = answer_to(place)
    negative = full_resolution(
        255 - photo, WHOLE, WHOLE, flow, MASK, WHOLE.crop(truth, MODEL), source=WHOLE.crop(photo, MODEL)
    )
    np.testing.assert_array_equal(negative.trust, own.trust)
    band = high_band(negative.image)[24:-24, 24:-24], high_band(255 - truth)[24:-24, 24:-24]
    assert np.corrcoef(band[0].ravel(), band[1].ravel())[0, 1] > 0.7


def test_what_is_not_trusted_is_shown_as_it_is_given():
    grey = np.full((*MODEL, 3), 77, np.uint8)
    found, _ = answer_to(MOTIONS['turned'], mask=0 * MASK, person=grey)
    np.testing.assert_array_equal(found.image, 77)
