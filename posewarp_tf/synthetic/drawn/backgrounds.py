"""What is behind a figure: studios, gradients, rooms and soft textures, drawn at any size."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn.textures import Color, as_color

KINDS = ('studio', 'gradient', 'room', 'texture', 'wall')


@dataclasses.dataclass(frozen=True)
class Background:
    """Colours are [3] in [0, 1]; `horizon` is where the floor starts, from the top of the picture."""

    kind: str
    wall: Color
    floor: Color
    horizon: float
    seed: int

    def draw(self, height: int, width: int) -> np.ndarray:
        """The picture [height, width, 3], float32 in [0, 1]."""
        y = ((np.arange(height) + 0.5) / height)[:, None]
        x = ((np.arange(width) + 0.5) / height)[None, :]
        wall, floor = np.array(self.wall), np.array(self.floor)
        rng = np.random.default_rng(self.seed)
        if self.kind == 'studio':
            picture = np.broadcast_to(wall, (height, width, 3)).copy()
        elif self.kind == 'gradient':
            mix = np.clip(y + 0.3 * (x - 0.35), 0, 1)[..., None]
            picture = wall * (1 - mix) + floor * mix
        else:
            edge = 1 / (1 + np.exp(-(y - self.horizon) * 0.5 * height))
            edge = np.broadcast_to(edge, (height, width))[..., None]
            picture = wall * (1 - edge) + floor * edge
            if self.kind == 'texture':
                picture = picture * (1 + 0.05 * _soft_noise(rng, y, x, 9)[..., None])
            elif self.kind == 'wall':
                picture = self._panels(rng, picture, y, x)
        vignette = 1 - 0.10 * ((x - 0.5 * width / height) ** 2 + (y - 0.45) ** 2)[..., None] * 2
        return np.clip(picture * vignette, 0, 1).astype(np.float32)

    def _panels(self, rng: np.random.Generator, picture: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """A wall with upright panels, a picture frame or a window, above the horizon."""
        above = y < self.horizon
        panel = np.where(((x + rng.random()) / rng.uniform(0.12, 0.3)) % 1 < 0.5, 0.965, 1.0)
        picture = picture * np.where(above, panel, 1.0)[..., None]
        left, top = rng.uniform(-0.1, 0.6), rng.uniform(0.02, 0.2)
        inside = (np.abs(x - left) < 0.12) & (np.abs(y - top) < 0.16)
        return np.where(inside[..., None], 0.5 * picture + 0.5 * rng.uniform(0.3, 0.95, 3), picture)


# What most pictures of DeepFashion have behind the person.
WHITE_STUDIO = Background('studio', (0.98, 0.98, 0.98), (0.9, 0.9, 0.9), 0.8, 0)


def sample_background(rng: np.random.Generator) -> Background:
    """Half of them light studio walls, as in fashion pictures."""
    kind = str(rng.choice(KINDS, p=[0.4, 0.15, 0.2, 0.15, 0.1]))
    light = rng.uniform(0.78, 0.97) if kind == 'studio' else rng.uniform(0.5, 0.95)
    tint = 0.015 if kind == 'studio' else 0.07
    wall = np.clip(light + rng.normal(0, tint, 3), 0, 1)
    floor = np.clip(wall * rng.uniform(0.6, 0.92) + rng.normal(0, 0.05, 3), 0, 1)
    return Background(kind, as_color(wall), as_color(floor), rng.uniform(0.74, 0.86), int(rng.integers(2**31)))


def _soft_noise(rng: np.random.Generator, y: np.ndarray, x: np.ndarray, terms: int) -> np.ndarray:
    field = np.zeros(np.broadcast_shapes(y.shape, x.shape))
    for _ in range(terms):
        fy, fx = rng.normal(0, 14, 2)
        field = field + np.sin(fy * y + fx * x + rng.uniform(0, 2 * np.pi))
    return field / np.sqrt(terms)
