"""From light to a picture as a camera delivers it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from posewarp_tf.synthetic.rendered.compiled import compiled

_STEPS = 512  # of the curve, for each unit of the square root of light


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
    noise = np.random.default_rng(film.seed).standard_normal((height, width, 3), np.float32)
    gains = film.exposure * np.array([film.balance[0], 1.0, film.balance[1]])
    return _exposed(light, noise, gains, film.vignette, film.saturation, _curve(film.contrast), film.grain)


def _curve(contrast: float) -> np.ndarray:
    """What is shown, 0..1, of light whose square root is 0, 1 / 512, 2 / 512, ... 4: it bends where it gets bright."""
    light = (np.arange(4 * _STEPS + 2) / _STEPS) ** 2
    bright = 0.7
    light = np.where(light > bright, bright + (1 - bright) * (1 - np.exp(-(light - bright) / (1 - bright))), light)
    display = light ** (1 / 2.2)
    return display + (contrast - 1) * (display - 0.5) * display * (1 - display) * 4


@compiled
def _exposed(
    light: np.ndarray,
    noise: np.ndarray,
    gains: np.ndarray,
    vignette: float,
    saturation: float,
    curve: np.ndarray,
    grain: float,
) -> np.ndarray:
    height, width = light.shape[:2]
    out = np.empty((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            radius = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (height / 2) ** 2
            dark = 1 - vignette * 0.35 * radius
            grey = 0.0
            for c in range(3):
                grey += dark * gains[c] * light[y, x, c] * (0.2126 if c == 0 else 0.7152 if c == 1 else 0.0722)
            grain_of_all = 0.68 * (noise[y, x, 0] + noise[y, x, 1] + noise[y, x, 2]) / 3
            for c in range(3):
                value = max(grey + saturation * (dark * gains[c] * light[y, x, c] - grey), 0.0)
                place = _STEPS * min(np.sqrt(value), 4.0)
                step = int(place)
                shown = curve[step] + (place - step) * (curve[step + 1] - curve[step])
                shown += grain * (0.6 * noise[y, x, c] + grain_of_all)
                out[y, x, c] = int(min(max(shown * 255, 0.0), 255.0) + 0.5)
    return out
