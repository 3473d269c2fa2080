"""Cars of 14 or 15 boxes and cylinders, in random proportions."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.objects.solids import Solid, box, cylinder, turned
from posewarp_tf.synthetic.objects.textures import Texture, sample_color, sample_texture

_TYRE, _RIM, _GLASS = (np.array(color) for color in ([0.1, 0.1, 0.11], [0.62, 0.64, 0.66], [0.13, 0.19, 0.26]))
_LAMP, _TAIL_LAMP, _BUMPER = (np.array(color) for color in ([0.95, 0.87, 0.55], [0.75, 0.08, 0.08], [0.22, 0.22, 0.24]))


def sample_car(rng: np.random.Generator) -> list[Solid]:
    """The parts of a car, its front to +z, standing on y = 0; one unit is about a metre."""
    length, width, high = rng.uniform(3.5, 4.6), rng.uniform(1.6, 1.9), rng.uniform(0.5, 0.75)
    wheel = rng.uniform(0.3, 0.42)
    bottom = wheel * rng.uniform(0.6, 0.9)
    paint = sample_color(rng)
    coat = sample_texture(rng, paint, ('plain', 'plain', 'stripes', 'checks', 'dots', 'patches'))
    nose, tail = rng.uniform(0.02, 0.12, 2)
    body = box((0, bottom + high / 2, 0), (width, high, length), coat, taper=(0.06, nose, tail))
    parts = [body, *_cabin(rng, length, width, bottom + high, paint)]
    parts += _wheels(length, width, wheel, rng.uniform(0.28, 0.33))
    parts += _ends(length, width, bottom, high)
    return parts


def _cabin(rng: np.random.Generator, length: float, width: float, floor: float, paint: np.ndarray) -> list[Solid]:
    """Of a saloon, an estate or a van, narrower above, with panes on all sides; a box on its roof, or a spoiler."""
    share, place, front, rear = [(0.5, -0.04, 0.45, 0.4), (0.62, -0.12, 0.4, 0.12), (0.8, -0.08, 0.25, 0.04)][
        rng.integers(3)
    ]
    size = (width * 0.92, rng.uniform(0.45, 0.65), length * share * rng.uniform(0.9, 1.05))
    colors = np.stack([paint, _GLASS])
    panes = Texture('window', colors, extent=np.array(size) / 2)
    cabin = box((0, floor + size[1] / 2, length * place), size, panes, taper=(0.2, front, rear))
    extra = rng.integers(3)
    if extra == 0:
        roof = floor + size[1] + 0.05
        return [cabin, box((0, roof, length * place), (width * 0.5, 0.1, size[2] * 0.35), _plain(_BUMPER))]
    if extra == 1:
        return [cabin, box((0, floor + 0.08, -length * 0.46), (width * 0.9, 0.18, 0.14), _plain(paint * 0.7))]
    return [cabin]


def _wheels(length: float, width: float, radius: float, place: float) -> list[Solid]:
    """Four tyres, and a rim through each axle's two."""
    across = turned(z=90)
    parts = []
    for front in (-1, 1):
        z = front * place * length
        parts.append(cylinder((0, radius, z), (0.5 * radius, 0.5 * radius), width + 0.18, _plain(_RIM), across))
        for side in (-1, 1):
            x = side * (width / 2 - 0.06)
            parts.append(cylinder((x, radius, z), (radius, radius), 0.26, _plain(_TYRE), across))
    return parts


def _ends(length: float, width: float, bottom: float, high: float) -> list[Solid]:
    """Lamps and bumpers, by which front and rear are told apart."""
    parts = []
    for front, color in ((1, _LAMP), (-1, _TAIL_LAMP)):
        z = front * length / 2
        for side in (-1, 1):
            place = (side * width * 0.34, bottom + high * 0.62, z * 0.985)
            parts.append(box(place, (width * 0.22, high * 0.24, 0.1), _plain(color)))
        parts.append(box((0, bottom + high * 0.2, z), (width * 0.98, high * 0.26, 0.16), _plain(_BUMPER)))
    return parts


def _plain(color: np.ndarray) -> Texture:
    return Texture('plain', np.stack([color, color]))
