"""Colours of cloth, skin, faces and hair as functions of a surface's own coordinates (u, theta)."""

from __future__ import annotations

import colorsys
import dataclasses
from collections.abc import Callable

import numpy as np

Color = tuple[float, float, float]
Sampler = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (u, theta) [N] -> colours [N, 3] in [0, 1]

SKIN_TONES: tuple[Color, ...] = (
    (0.98, 0.86, 0.77),
    (0.95, 0.79, 0.67),
    (0.89, 0.70, 0.56),
    (0.78, 0.57, 0.42),
    (0.62, 0.42, 0.30),
    (0.45, 0.29, 0.20),
    (0.33, 0.21, 0.15),
)
HAIR_COLORS: tuple[Color, ...] = (
    (0.07, 0.06, 0.06),
    (0.16, 0.10, 0.07),
    (0.30, 0.18, 0.10),
    (0.45, 0.27, 0.13),
    (0.76, 0.58, 0.32),
    (0.86, 0.74, 0.50),
    (0.55, 0.20, 0.09),
    (0.60, 0.60, 0.60),
)
PATTERNS = (
    'plain',
    'stripes_across',
    'stripes_along',
    'check',
    'plaid',
    'dots',
    'flowers',
    'blobs',
    'zigzag',
    'blocks',
    'motif',
)


@dataclasses.dataclass(frozen=True)
class Cloth:
    """A printed cloth. `period` is in metres; `trim` is the colour of its hems."""

    pattern: str
    colors: tuple[Color, Color, Color]
    period: float
    phase: float
    seed: int
    motif: int = 0
    trim: Color | None = None


def sample_cloth(rng: np.random.Generator, patterns: tuple[str, ...] = PATTERNS, bright: float = 0.7) -> Cloth:
    """A cloth with well separated colours; `bright` is the chance of a saturated ground."""
    ground = _sample_color(rng, bright)
    second = _contrasting(rng, ground)
    third = _contrasting(rng, second)
    return Cloth(
        pattern=str(rng.choice(patterns)),
        colors=(ground, second, third),
        period=float(rng.uniform(0.06, 0.13)),
        phase=float(rng.random()),
        seed=int(rng.integers(2**31)),
        motif=int(rng.integers(5)),
        trim=second if rng.random() < 0.35 else None,
    )


def _sample_color(rng: np.random.Generator, bright: float) -> Color:
    if rng.random() < bright:
        return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.45, 0.95), rng.uniform(0.35, 0.95))
    grey = float(rng.choice([0.08, 0.15, 0.3, 0.55, 0.8, 0.95]))
    return as_color(np.clip(grey + rng.normal(0.0, 0.02, 3), 0.03, 0.97))


def as_color(values: np.ndarray) -> Color:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def luminance(color: Color) -> float:
    return 0.30 * color[0] + 0.59 * color[1] + 0.11 * color[2]


def _contrasting(rng: np.random.Generator, ground: Color) -> Color:
    for _ in range(50):
        color = _sample_color(rng, 0.6)
        if abs(luminance(color) - luminance(ground)) > 0.3:
            return color
    return (0.95, 0.95, 0.95) if luminance(ground) < 0.5 else (0.06, 0.06, 0.08)


def cloth_colors(cloth: Cloth, u: np.ndarray, theta: np.ndarray, girth: float, front_height: float) -> np.ndarray:
    """Colours [N, 3] of `cloth` at heights `u` around a tube of mean radius `girth`.

    Motifs are centred at theta 0, u = `front_height`. Regular patterns repeat a whole number of times around.
    """
    ground, second, third = (np.array(color) for color in cloth.colors)
    repeats = max(1, round(2 * np.pi * girth / cloth.period))
    across = theta / (2 * np.pi) * repeats
    along = u / cloth.period + cloth.phase
    first, other = _pattern_masks(cloth, along, across, u - front_height, theta * girth)
    colors = np.where(first[:, None], second, ground)
    return np.where(other[:, None], third, colors)


def _pattern_masks(
    cloth: Cloth, along: np.ndarray, across: np.ndarray, up: np.ndarray, sideways: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the second and the third colour lie."""
    none = np.zeros(along.shape, bool)
    pattern = cloth.pattern
    if pattern == 'stripes_across':
        return along % 1 < 0.5, none
    if pattern == 'stripes_along':
        return (across - 0.25) % 1 < 0.5, none
    if pattern == 'check':
        return (along % 1 < 0.5) != (across % 1 < 0.5), none
    if pattern == 'plaid':
        wide = (along % 1 < 0.45) | (across % 1 < 0.45)
        return wide, (abs(along % 1 - 0.72) < 0.06) | (abs(across % 1 - 0.72) < 0.06)
    if pattern == 'dots':
        row = np.floor(along)
        return (along % 1 - 0.5) ** 2 + ((across + 0.5 * (row % 2)) % 1 - 0.5) ** 2 < 0.09, none
    if pattern == 'flowers':
        return _flowers(along, across)
    if pattern == 'blobs':
        field = _waves(cloth.seed, along, across)
        return field > 0.35, field < -0.65
    if pattern == 'zigzag':
        return (along + 0.7 * np.abs((across % 1) - 0.5)) % 1 < 0.5, none
    if pattern == 'blocks':
        return up < -0.06 + 0.1 * (cloth.phase - 0.5), (up >= 0.06) & (cloth.motif > 2)
    if pattern == 'motif':
        return _motif(cloth.motif, up / 0.11, sideways / 0.11)
    return none, none


def _flowers(along: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = np.floor(along)
    y, x = along % 1 - 0.5, (across + 0.5 * (row % 2)) % 1 - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    return radius < 0.27 + 0.12 * np.cos(5 * angle), radius < 0.13


def _waves(seed: int, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """A random smooth field; it does not close around the tube, as cloth has a seam at the back."""
    rng = np.random.default_rng(seed)
    field = np.zeros_like(along)
    for _ in range(7):
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        field += np.sin(3.0 * (np.cos(angle) * along + np.sin(angle) * across) + phase)
    return field / 2


def _motif(kind: int, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A big picture on the chest: disc with ring, star, heart, bars or a square with a cross."""
    radius, angle = np.hypot(x, y), np.arctan2(x, y)
    if kind == 0:
        return radius < 1.0, radius < 0.55
    if kind == 1:
        spike = np.abs((angle * 5 / (2 * np.pi)) % 1 - 0.5) * 2
        return radius < 0.45 + 0.7 * spike**1.5, radius < 0.25
    if kind == 2:
        heart = (x**2 + (y + 0.15 - 0.75 * np.sqrt(np.abs(x))) ** 2) < 0.75
        return heart, np.zeros_like(heart)
    if kind == 3:
        return (np.abs(x) < 1.05) & (np.abs(y) < 0.75), (np.abs(x) < 0.85) & (np.abs(np.abs(y) - 0.35) < 0.17)
    return (np.abs(x) < 0.9) & (np.abs(y) < 0.9), np.minimum(np.abs(x), np.abs(y)) < 0.22


def folds(seed: int, u: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Brightness factors [N] of soft folds, fixed to the cloth."""
    rng = np.random.default_rng(seed + 1)
    shade = np.zeros_like(u)
    for _ in range(5):
        phase = rng.uniform(0, 2 * np.pi)
        shade += np.sin(rng.uniform(8, 30) * u + rng.integers(-4, 5) * theta + phase)
    return 1.0 + 0.028 * shade


@dataclasses.dataclass(frozen=True)
class Face:
    """What is painted on a head, in head heights: x to the left, y above the centre."""

    skin: Color
    brows: Color
    iris: Color
    lips: Color
    beard: float  # 0 none .. 1 full

    def colors(self, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Colours [N, 3] at heights `y` (head heights) around the head."""
        x = 0.30 * np.sin(theta)
        front = np.cos(theta) > 0.1
        out = np.broadcast_to(np.array(self.skin), (len(y), 3)).copy()
        across = np.abs(x)
        cheek = np.exp(-(((across - 0.16) / 0.06) ** 2 + ((y + 0.14) / 0.06) ** 2)) * front
        out += cheek[:, None] * np.array([0.04, -0.05, -0.05])
        jaw = front & (y < -0.15 - 0.2 * np.clip(0.15 - across, 0, 1)) & (np.hypot(x / 1.6, y + 0.28) > 0.035)
        beard = 0.85 * self.beard * (jaw & (y < -0.235 + 0.9 * np.maximum(across - 0.11, 0.0)))
        out += beard[:, None] * (np.array(self.brows) - out)
        self._paint(out, front & (np.hypot(x / 0.085, (y + 0.295) / 0.026) < 1), self.lips)
        self._paint(out, front & (np.hypot((across - 0.035) / 0.018, (y + 0.21) / 0.012) < 1), self._darker(0.55))
        brow = front & (np.abs(y - 0.085 - 0.25 * (0.13 - across) * (across - 0.06) * 4) < 0.016)
        self._paint(out, brow & (across > 0.055) & (across < 0.205), self.brows)
        eye = front & (np.hypot((across - 0.13) / 0.062, (y - 0.005) / 0.036) < 1)
        self._paint(out, eye, (0.96, 0.96, 0.94))
        iris = np.hypot(across - 0.13, y - 0.007)
        self._paint(out, eye & (iris < 0.034), self.iris)
        self._paint(out, eye & (iris < 0.017), (0.03, 0.03, 0.03))
        lid = front & (np.abs(np.hypot((across - 0.13) / 0.066, (y - 0.003) / 0.040) - 1) < 0.16) & (y > 0.012)
        self._paint(out, lid, self._darker(0.3))
        return np.clip(out, 0.0, 1.0)

    def _darker(self, factor: float) -> Color:
        return as_color(factor * np.array(self.skin))

    @staticmethod
    def _paint(out: np.ndarray, where: np.ndarray, color: Color) -> None:
        out[where] = color


def hair_colors(color: Color, seed: int, u: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Strands: brightness varies around the head and slowly along the hair."""
    rng = np.random.default_rng(seed)
    shade = np.zeros_like(u)
    for frequency in (17, 29, 41, 53):
        shade += np.sin(frequency * theta + rng.uniform(0, 2 * np.pi) + 9 * u)
    base = np.array(color)
    return np.clip(base * (1.0 + 0.055 * shade[:, None]) + 0.012 * shade[:, None], 0.0, 1.0)
