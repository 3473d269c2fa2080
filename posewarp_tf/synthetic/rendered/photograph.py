"""From light to a picture as a camera delivers it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from posewarp_tf.synthetic.rendered.compiled import compiled


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
    balance = np.array([film.balance[0], 1.0, film.balance[1]])
    return _tone(light, noise, film.exposure * balance, film.vignette, film.saturation, film.contrast - 1, film.grain)


@compiled
def _tone(
    light: np.ndarray,
    noise: np.ndarray,
    gains: np.ndarray,
    vignette: float,
    saturation: float,
    contrast: float,
    grain: float,
) -> np.ndarray:
    height, width = light.shape[:2]
    bright = 0.7
    out = np.empty((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            radius = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (height / 2) ** 2
            dark = 1 - vignette * 0.35 * radius
            color = light[y, x] * gains * dark
            grey = 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2]
            grain_of_all = (noise[y, x, 0] + noise[y, x, 1] + noise[y, x, 2]) / 3
            for c in range(3):
                value = max(grey + saturation * (color[c] - grey), 0.0)
                if value > bright:
                    value = bright + (1 - bright) * (1 - np.exp(-(value - bright) / (1 - bright)))
                value = value ** (1 / 2.2)
                value += contrast * (value - 0.5) * value * (1 - value) * 4
                value += grain * (0.6 * noise[y, x, c] + 0.68 * grain_of_all)
                out[y, x, c] = int(min(max(value * 255, 0.0), 255.0) + 0.5)
    return out
