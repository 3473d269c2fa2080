"""How much fine detail a picture has: blur is seen at once, but hardly costs L1 or SSIM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posewarp_tf.metrics.image import REGIONS
from posewarp_tf.metrics.threads import in_threads

# In pixels: what a Gaussian of this standard deviation takes away is detail.
SIGMA = 1.5
_LUMA = np.array([0.299, 0.587, 0.114])

MODEL, SOURCE, TRUTH = 'model', 'source', 'truth'

DETAIL_PROTOCOL = (
    f'mean square of the luma (0 to 1) minus itself blurred by a Gaussian of {SIGMA} px, mean over pairs; of the '
    "answer, the true picture and the source; foreground: over the person's own pixels in each, which are blurred with "
    'each other only, so that the outline is no detail; share_of_source: model / source'
)


def detail_energy(image: np.ndarray, region: np.ndarray | None = None) -> float | None:
    """Mean square of what is finer than `SIGMA` pixels in a picture, of its luma in 0 to 1.

    Args:
        image: uint8 [H, W, 3].
        region: bool [H, W], the pixels that count; they are blurred with each other only, so that the region's edge is
            no detail. None: all.

    Returns:
        None for a region without pixels.
    """
    from scipy import ndimage

    inside = np.ones(image.shape[:2], bool) if region is None else region
    if not inside.any():
        return None
    luma = image.astype(np.float64) / 255 @ _LUMA
    sums, weights = (
        ndimage.gaussian_filter(values, SIGMA, mode='constant') for values in (luma * inside, 1.0 * inside)
    )
    return float(np.mean((luma[inside] - sums[inside] / weights[inside]) ** 2))


class DetailScores:
    """Detail of answers, true pictures and sources over a data set."""

    def __init__(self) -> None:
        self._energies: dict[str, dict[str, list[float]]] = {region: {} for region in REGIONS}

    def add(self, answer: str, images: Sequence[np.ndarray], foregrounds: Sequence[np.ndarray]) -> None:
        """Adds pictures uint8 [H, W, 3] of 'model', 'source' or 'truth', with their persons, bool [H, W]."""
        for region in REGIONS:
            inside = (foregrounds,) if region == 'foreground' else ()
            energies = in_threads(detail_energy, images, *inside)
            self._energies[region].setdefault(answer, []).extend(one for one in energies if one is not None)

    def result(self) -> dict[str, Any]:
        """{region: {'model': energy, 'source': energy, 'truth': energy, 'share_of_source': ratio}}; without answers of
        a model nothing."""
        found: dict[str, Any] = {}
        for region, energies in self._energies.items():
            means = {answer: float(np.mean(values)) for answer, values in energies.items() if values}
            if MODEL in means and SOURCE in means:
                share = means[MODEL] / means[SOURCE] if means[SOURCE] else None
                found[region] = {**means, 'share_of_source': share}
        return found
