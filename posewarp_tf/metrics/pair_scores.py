"""Scores of one answer beside the true picture, as the papers' scripts compute them."""

from __future__ import annotations

import numpy as np

from posewarp_tf.metrics.image import MAX_PSNR

PAIR_PROTOCOL = {
    'ssim': 'scikit-image structural_similarity of colours in 0 to 1: data_range=1, win_size=51 (uniform)',
    'ssim_256': 'the same of colours in 0 to 255: gaussian_weights=True, sigma={sigma}, use_sample_covariance=False, '
    "data_range = the answer's largest colour less its smallest",
    'psnr': f'mean over pictures of the PSNR in dB, at most {MAX_PSNR:.0f} for each',
    'l1': 'mean absolute difference of colours in 0 to 1',
    'mae': 'sum of the absolute differences over the sum of all colours of both pictures',
    'mask_ssim': 'ssim_256 of both pictures times the mask',
    'precision': 'float64, from uint8 pictures',
}


def pair_scores(answer: np.ndarray, truth: np.ndarray, mask: np.ndarray | None, sigma: float) -> dict[str, float]:
    """{'ssim', 'ssim_256', 'psnr', 'l1', 'mae'} and, with a mask, 'mask_ssim', of uint8 pictures [H, W, 3].

    Args:
        mask: bool [H, W].
        sigma: of the Gaussian window.

    Returns:
        As `PAIR_PROTOCOL` says; without 'ssim' where a picture is smaller than its window of 51.
    """
    from skimage.metrics import structural_similarity

    first, second = truth / 255, answer / 255
    difference = np.abs(first - second)
    found = {}
    if min(truth.shape[:2]) >= 51:
        found['ssim'] = structural_similarity(first, second, data_range=1, win_size=51, channel_axis=-1)
    found['ssim_256'] = _gaussian_ssim(answer, truth, sigma)
    found['psnr'] = min(MAX_PSNR, -10 * np.log10(max(np.mean(difference**2), 1e-30)))
    found['l1'] = difference.mean()
    found['mae'] = difference.sum() / max(np.sum(first + second), 1e-30)
    if mask is not None:
        found['mask_ssim'] = _gaussian_ssim(answer * mask[..., np.newaxis], truth * mask[..., np.newaxis], sigma)
    return {name: float(value) for name, value in found.items()}


def _gaussian_ssim(answer: np.ndarray, truth: np.ndarray, sigma: float) -> float:
    from skimage.metrics import structural_similarity

    # An answer of one colour has no range to measure in.
    data_range = float(answer.max()) - float(answer.min()) or 255.0
    return structural_similarity(
        truth.astype(np.float64),
        answer.astype(np.float64),
        gaussian_weights=True,
        sigma=sigma,
        use_sample_covariance=False,
        data_range=data_range,
        channel_axis=-1,
    )
