"""From light to a picture as a camera delivers it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage


@dataclasses.dataclass(frozen=True)
class Film:
    """exposure: factor of all light; balance: factors of red and blue; contrast and saturation: 1 leaves them;
    sharpness: sigma in pixels of the lens' blur for a picture 256 high; grain: standard deviation in 0..1."""

    exposure: float = 1.0
    balance: tuple[float, float] = (1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    blur: float = 0.35
    grain: float = 0.008
    vignette: float = 0.0
    seed: int = 0
    jpeg_quality: int = 95


def sample_film(rng: np.random.Generator) -> Film:
    return Film(
        exposure=float(np.exp(rng.normal(0.0, 0.13))),
        balance=(float(np.exp(rng.normal(0, 0.035))), float(np.exp(rng.normal(0, 0.05)))),
        contrast=float(rng.uniform(1.0, 1.28)),
        saturation=float(rng.uniform(0.72, 1.05)),
        blur=float(rng.uniform(0.2, 0.5)),
        grain=float(rng.uniform(0.002, 0.016)),
        vignette=float(rng.uniform(0.0, 0.25)),
        seed=int(rng.integers(2**31)),
        jpeg_quality=int(rng.integers(82, 97)),
    )


def develop(light: np.ndarray, film: Film) -> np.ndarray:
    """Linear light [H, W, 3] to uint8 sRGB: lens, exposure, a curve that bends where it gets bright, and grain."""
    height, width = light.shape[:2]
    if film.blur > 0:
        sigma = film.blur * height / 256
        light = ndimage.gaussian_filter(light, (sigma, sigma, 0), mode='nearest')
    light = light * film.exposure * np.array([film.balance[0], 1.0, film.balance[1]])
    y, x = np.mgrid[:height, :width]
    radius = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (height / 2) ** 2
    light = light * (1 - film.vignette * 0.35 * radius)[..., None]
    grey = light @ np.array([0.2126, 0.7152, 0.0722])
    light = np.maximum(grey[..., None] + film.saturation * (light - grey[..., None]), 0.0)
    bright = 0.7
    light = np.where(light > bright, bright + (1 - bright) * (1 - np.exp(-(light - bright) / (1 - bright))), light)
    display = light ** (1 / 2.2)
    curve = display + (film.contrast - 1) * (display - 0.5) * display * (1 - display) * 4
    noise = np.random.default_rng(film.seed).standard_normal((height, width, 3), np.float32)
    noise = 0.6 * noise + 0.4 * noise.mean(axis=-1, keepdims=True) * 1.7
    return np.clip(np.rint((curve + film.grain * noise) * 255), 0, 255).astype(np.uint8)
