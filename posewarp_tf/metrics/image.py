"""How near a generated picture is to the true one, on the whole picture and on the person alone.

Everything is computed in float64 from uint8 pictures, as they are written to disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

IMAGE_METRICS = ('l1', 'psnr', 'ssim_51', 'ssim_gaussian', 'ms_ssim', 'tint')
REGIONS = ('whole', 'foreground')

# Identical pictures have an infinite PSNR, which neither means nor JSON can hold.
MAX_PSNR = 100.0

_UNIFORM_WINDOW = 51
_GAUSSIAN_WINDOW = 11
_GAUSSIAN = {'sigma': 1.5, 'truncate': 3.5}
# Weights of the scales of MS-SSIM, fine first (Wang et al., "Multi-scale structural similarity", 2003).
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def image_metrics(
    generated: np.ndarray, truth: np.ndarray, foreground: np.ndarray
) -> dict[str, dict[str, float | None]]:
    """{region: {metric: value}} of one picture, for every one of `REGIONS` and `IMAGE_METRICS`.

    Args:
        generated, truth: uint8 [H, W, 3].
        foreground: bool [H, W], the person in the true picture.

    Returns:
        l1: mean |difference| / 255. psnr: 10 log10(255^2 / mean squared difference) in dB, at most `MAX_PSNR`.
        ssim_51: SSIM with a uniform window of 51, sample covariance. ssim_gaussian: SSIM with a Gaussian window, sigma
        1.5, population covariance. ms_ssim: product over scales of the mean contrast-structure term (coarsest
        scale: SSIM), each to the power of its weight. tint: how far the mean colour is off beside its brightness,
        |d - mean(d)| / 255 with d the mean difference of each channel. Whole: as published, SSIM maps without the
        border that the window does not fit in. Foreground: means of the same maps over the foreground, borders
        reflected.
        A value is None where it is not defined: ssim_51 of pictures smaller than its window, and a foreground
        without pixels.
    """
    _check(generated, truth, foreground)
    signed = (generated.astype(np.float64) - truth) / 255
    difference = np.abs(signed)
    uniform_map = None if min(truth.shape[:2]) < _UNIFORM_WINDOW else _ssim_map(generated, truth, _UNIFORM_WINDOW)
    pyramid = _similarity_pyramid(generated, truth)
    found: dict[str, dict[str, float | None]] = {}
    for region in REGIONS:
        mask = foreground if region == 'foreground' else None
        if mask is not None and not mask.any():
            found[region] = dict.fromkeys(IMAGE_METRICS)
            continue
        found[region] = {
            'l1': float(_mean(difference, mask).mean()),
            'psnr': _psnr(float(_mean(difference**2, mask).mean())),
            'ssim_51': None if uniform_map is None else float(_mean(uniform_map, mask, _UNIFORM_WINDOW).mean()),
            'ssim_gaussian': float(_mean(pyramid[0][0], mask, _GAUSSIAN_WINDOW).mean()),
            'ms_ssim': _multiscale(pyramid, mask),
            'tint': _tint(_mean(signed, mask)),
        }
    return found


def image_protocol(image_size: tuple[int, int]) -> dict[str, str]:
    """What the numbers of pictures of this size (height, width) mean, and which are not available."""
    num_scales = _num_scales(image_size)
    weights = ', '.join(f'{weight:.4f}' for weight in _scale_weights(num_scales))
    uniform = 'scikit-image structural_similarity, win_size=51 (uniform), colour, sample covariance'
    if min(image_size) < _UNIFORM_WINDOW:
        uniform = f'not available: {image_size[0]}x{image_size[1]} pictures are smaller than the window of 51'
    multiscale = f'Gaussian window 11, sigma 1.5; {num_scales} scales with weights {weights}'
    if num_scales < len(_SCALE_WEIGHTS):
        multiscale += (
            f': the standard {len(_SCALE_WEIGHTS)} scales need {_smallest_side(len(_SCALE_WEIGHTS))} pixels, '
            f'so the coarsest are left out and the weights divided by their sum'
        )
    return {
        'l1': 'mean absolute difference of colours in 0 to 1',
        'psnr': f'mean over pictures of the PSNR in dB, at most {MAX_PSNR:.0f} for each',
        'ssim_51': uniform,
        'ssim_gaussian': 'scikit-image structural_similarity, gaussian_weights=True, sigma=1.5, '
        'use_sample_covariance=False, colour',
        'ms_ssim': multiscale,
        'tint': 'Euclidean length of the difference of the mean colours, 0 to 1, less its mean over the channels',
        'foreground': 'mean of the difference or similarity map over the foreground pixels of the true picture; '
        'for ms_ssim at every scale',
    }


def _ssim_map(generated: np.ndarray, truth: np.ndarray, uniform_window: int | None = None) -> np.ndarray:
    """SSIM of every pixel and channel, [H, W, 3]; a Gaussian window unless `uniform_window` is given."""
    from skimage.metrics import structural_similarity

    window: dict[str, Any]
    if uniform_window is not None:
        window = {'win_size': uniform_window}
    else:
        window = {'gaussian_weights': True, 'sigma': _GAUSSIAN['sigma'], 'use_sample_covariance': False}
    return structural_similarity(generated, truth, channel_axis=-1, data_range=255, full=True, **window)[1]


def _similarity_pyramid(generated: np.ndarray, truth: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(SSIM map, contrast-structure map) of every scale, fine first."""
    from skimage.filters import gaussian

    num_scales = _num_scales(truth.shape[:2])
    first, second = generated.astype(np.float64), truth.astype(np.float64)
    pyramid = []
    for _ in range(num_scales):
        ssim = _ssim_map(first, second)
        mean_1, mean_2 = (gaussian(image, channel_axis=-1, mode='reflect', **_GAUSSIAN) for image in (first, second))
        constant = (0.01 * 255) ** 2
        luminance = (2 * mean_1 * mean_2 + constant) / (mean_1**2 + mean_2**2 + constant)
        pyramid.append((ssim, ssim / luminance))
        first, second = _halve(first).mean(axis=(1, 3)), _halve(second).mean(axis=(1, 3))
    return pyramid


def _multiscale(pyramid: list[tuple[np.ndarray, np.ndarray]], mask: np.ndarray | None) -> float:
    value = np.ones(pyramid[0][0].shape[-1])
    for scale, (weight, (ssim, structure)) in enumerate(zip(_scale_weights(len(pyramid)), pyramid)):
        similarity = ssim if scale == len(pyramid) - 1 else structure
        value = value * np.maximum(_mean(similarity, mask, _GAUSSIAN_WINDOW), 0.0) ** weight
        if mask is not None:
            mask = np.asarray(_halve(mask).any(axis=(1, 3)))
    return float(value.mean())


def _mean(values: np.ndarray, mask: np.ndarray | None, window: int = 1) -> np.ndarray:
    """Mean of [H, W, C] over the mask, or over all pixels that a window fits around: [C]."""
    if mask is not None:
        return values[mask].mean(axis=0)
    border = window // 2
    return values[border : values.shape[0] - border, border : values.shape[1] - border].mean(axis=(0, 1))


def _tint(difference: np.ndarray) -> float:
    return float(np.linalg.norm(difference - difference.mean()))


def _psnr(mean_squared_error: float) -> float:
    return float(min(MAX_PSNR, -10 * np.log10(max(mean_squared_error, 1e-30))))


def _halve(image: np.ndarray) -> np.ndarray:
    """Blocks of 2 x 2 pixels, [H / 2, 2, W / 2, 2, ...]; an odd last row or column is repeated."""
    height, width = image.shape[:2]
    image = np.pad(image, [(0, height % 2), (0, width % 2)] + [(0, 0)] * (image.ndim - 2), mode='edge')
    return image.reshape((image.shape[0] // 2, 2, image.shape[1] // 2, 2) + image.shape[2:])


def _smallest_side(num_scales: int) -> int:
    return _GAUSSIAN_WINDOW * 2 ** (num_scales - 1)


def _num_scales(image_size: tuple[int, ...]) -> int:
    """As many scales as leave room for one window on the coarsest, at most the standard five."""
    return max(n for n in range(1, len(_SCALE_WEIGHTS) + 1) if n == 1 or _smallest_side(n) <= min(image_size))


def _scale_weights(num_scales: int) -> list[float]:
    weights = _SCALE_WEIGHTS[:num_scales]
    if num_scales == len(_SCALE_WEIGHTS):
        return list(weights)
    return [weight / sum(weights) for weight in weights]


def _check(generated: np.ndarray, truth: np.ndarray, foreground: np.ndarray) -> None:
    for name, image in (('generated', generated), ('truth', truth)):
        if image.dtype != np.uint8 or image.shape != truth.shape or image.ndim != 3:
            raise ValueError(f'{name}: got {image.dtype} {image.shape}, expected uint8 {truth.shape} [H, W, 3]')
    if foreground.dtype != bool or foreground.shape != truth.shape[:2]:
        raise ValueError(f'foreground: got {foreground.dtype} {foreground.shape}, expected bool {truth.shape[:2]}')
