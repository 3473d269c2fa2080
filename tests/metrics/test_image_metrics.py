"""Image metrics against closed forms and TensorFlow's own SSIM."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.metrics.image import IMAGE_METRICS, MAX_PSNR, REGIONS, image_metrics, image_protocol

_SIMILARITIES = ('ssim_51', 'ssim_gaussian', 'ms_ssim')


def _picture(height, width, seed=0):
    """Smooth enough to have structure, so that SSIM is neither 0 nor 1 after noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x * a + y * b + c) for a, b, c in rng.uniform(0.05, 0.4, (3, 3))]
    return np.rint(127 + 90 * np.stack(waves, axis=-1)).astype(np.uint8)


def _noisy(picture, strength=20, seed=1):
    noise = np.random.default_rng(seed).normal(0, strength, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _everywhere(picture):
    return np.ones(picture.shape[:2], bool)


def test_identical_pictures_are_perfect():
    picture = _picture(64, 96)
    found = image_metrics(picture, picture, _everywhere(picture))
    for region in REGIONS:
        assert found[region]['l1'] == 0
        assert found[region]['psnr'] == MAX_PSNR
        for name in _SIMILARITIES:
            assert found[region][name] == pytest.approx(1, abs=1e-12)


def test_constant_difference_has_known_l1_and_psnr():
    truth = np.full((64, 64, 3), 100, np.uint8)
    found = image_metrics(truth + np.uint8(51), truth, _everywhere(truth))
    for region in REGIONS:
        assert found[region]['l1'] == pytest.approx(0.2)
        assert found[region]['psnr'] == pytest.approx(-20 * np.log10(0.2))


def test_a_red_cast_of_the_person_is_tint_and_a_brighter_picture_is_none():
    truth = _picture(64, 64) // 2
    person = np.zeros((64, 64), bool)
    person[20:40] = True
    red = truth + (person[..., np.newaxis] * [51, 0, 0]).astype(np.uint8)
    expected = 0.2 * np.sqrt(2 / 3)
    found = image_metrics(red, truth, person)
    assert found['foreground']['tint'] == pytest.approx(expected)
    assert found['whole']['tint'] == pytest.approx(expected * 20 / 64)
    brighter = image_metrics(truth + np.uint8(51), truth, person)
    assert [brighter[region]['tint'] for region in REGIONS] == pytest.approx([0, 0])


def test_constant_pictures_have_the_ssim_of_their_means():
    first, second = np.full((64, 64, 3), 90, np.uint8), np.full((64, 64, 3), 160, np.uint8)
    constant = (0.01 * 255) ** 2
    luminance = (2 * 90 * 160 + constant) / (90**2 + 160**2 + constant)
    found = image_metrics(first, second, _everywhere(first))
    for region in REGIONS:
        assert found[region]['ssim_51'] == pytest.approx(luminance)
        assert found[region]['ssim_gaussian'] == pytest.approx(luminance)
    # Only the coarsest of the three scales, weighted by its share, compares means.
    assert found['whole']['ms_ssim'] == pytest.approx(luminance ** (0.3001 / (0.0448 + 0.2856 + 0.3001)))


def test_gaussian_ssim_is_tensorflows():
    truth = _picture(64, 80)
    generated = _noisy(truth)
    expected = tf.image.ssim(truth, generated, 255, filter_size=11, filter_sigma=1.5)
    found = image_metrics(generated, truth, _everywhere(truth))['whole']['ssim_gaussian']
    assert found == pytest.approx(float(expected), abs=1e-5)
    assert found < 0.95


@pytest.mark.parametrize(('size', 'num_scales'), [((64, 96), 3), ((96, 96), 4), ((176, 180), 5)])
def test_multiscale_ssim_is_tensorflows_with_renormalised_weights(size, num_scales):
    truth = _picture(*size)
    generated = _noisy(truth, 40)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:num_scales]
    weights = weights if num_scales == 5 else weights / weights.sum()
    expected = tf.image.ssim_multiscale(truth, generated, 255, power_factors=weights)
    found = image_metrics(generated, truth, _everywhere(truth))['whole']['ms_ssim']
    assert found == pytest.approx(float(expected), abs=1e-5)
    assert found < 0.98


def test_uniform_ssim_is_the_formula_in_a_single_window():
    truth = _picture(51, 51)
    generated = _noisy(truth)
    expected = []
    for channel in range(3):
        x, y = truth[..., channel].ravel().astype(float), generated[..., channel].ravel().astype(float)
        (var_x, covariance), (_, var_y) = np.cov(x, y)
        c1, c2 = 2.55**2, 7.65**2
        luminance = (2 * x.mean() * y.mean() + c1) / (x.mean() ** 2 + y.mean() ** 2 + c1)
        expected.append(luminance * (2 * covariance + c2) / (var_x + var_y + c2))
    found = image_metrics(generated, truth, _everywhere(truth))
    assert found['whole']['ssim_51'] == pytest.approx(np.mean(expected))


def test_foreground_counts_only_the_foreground():
    truth = _picture(96, 96)
    foreground = np.zeros((96, 96), bool)
    foreground[30:66, 40:70] = True
    noisy = _noisy(truth, 60)
    wrong_outside = np.where(foreground[..., None], truth, noisy)
    wrong_inside = np.where(foreground[..., None], noisy, truth)
    outside, inside = (image_metrics(g, truth, foreground) for g in (wrong_outside, wrong_inside))
    assert outside['foreground']['l1'] == 0
    difference = np.abs(wrong_inside[foreground].astype(float) - truth[foreground])
    assert inside['foreground']['l1'] == pytest.approx(difference.mean() / 255)
    assert inside['foreground']['psnr'] == pytest.approx(-10 * np.log10(np.mean((difference / 255) ** 2)))
    # A window of 51 sees more of the outside than of this foreground.
    for name in ('ssim_gaussian', 'ms_ssim'):
        assert inside['foreground'][name] < outside['foreground'][name]
        assert inside['foreground'][name] < inside['whole'][name]


def test_an_empty_foreground_has_no_value():
    truth = _picture(64, 64)
    found = image_metrics(_noisy(truth), truth, np.zeros((64, 64), bool))
    assert all(found['foreground'][name] is None for name in IMAGE_METRICS)
    assert all(found['whole'][name] is not None for name in IMAGE_METRICS)


def test_window_51_is_not_available_for_smaller_pictures():
    truth = _picture(64, 32)
    found = image_metrics(_noisy(truth), truth, _everywhere(truth))
    assert found['whole']['ssim_51'] is None
    assert found['foreground']['ssim_51'] is None
    assert image_protocol((64, 32))['ssim_51'].startswith('not available: 64x32')


def test_protocol_says_when_scales_are_left_out():
    assert '3 scales with weights 0.0711, 0.4530, 0.4760: the standard 5' in image_protocol((64, 64))['ms_ssim']
    assert '5 scales' in image_protocol((256, 256))['ms_ssim']
    assert 'left out' not in image_protocol((256, 256))['ms_ssim']


def test_floats_are_refused():
    truth = _picture(64, 64)
    with pytest.raises(ValueError, match='generated: got float32'):
        image_metrics(truth.astype(np.float32), truth, _everywhere(truth))
