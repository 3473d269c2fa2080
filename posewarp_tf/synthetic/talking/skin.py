"""What is painted on skin, eyes, teeth and ears: pictures that stay with their surface whatever it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from posewarp_tf.synthetic.drawn.textures import Color
from posewarp_tf.synthetic.talking.head import EYE_HALF, EYE_X, EYE_Y, MOUTH_Y, section
from posewarp_tf.synthetic.talking.pieces import opaque
from posewarp_tf.synthetic.talking.points import LIPS_HALF, lower_border, upper_border

# Blends a colour into a picture, as strongly as the first array says.
Mix = Callable[[np.ndarray, np.ndarray], None]

# Height and width of the skin's picture: y from 0.5 down to -0.5, theta from -pi to pi.
_SIZE = (600, 1000)


@dataclasses.dataclass(frozen=True)
class Looks:
    """Colours, and how strong what is painted is, from 0 to 1."""

    skin: Color
    hair: Color
    iris: Color
    lips: Color
    brow_thickness: float
    beard: float
    freckles: float
    makeup: float
    age: float
    seed: int


def paint_skin(looks: Looks) -> np.ndarray:
    """The picture of the head's skin, float32 [h, w, 4]."""
    rng = np.random.default_rng(looks.seed)
    y, theta = np.meshgrid(np.linspace(0.5, -0.5, _SIZE[0]), np.linspace(-np.pi, np.pi, _SIZE[1]), indexing='ij')
    x, z = section(theta, y[:, :1])
    front = np.clip((z - 0.02) / 0.06, 0.0, 1.0)
    away = np.abs(x)
    skin, hair = np.array(looks.skin), np.array(looks.hair)
    picture = np.broadcast_to(skin, (*_SIZE, 3)).copy()
    picture *= 1 + 0.018 * _noise(rng, 22)[..., None] + 0.022 * _noise(rng, 1.6)[..., None]

    def spot(place_x: float, place_y: float, size_x: float, size_y: float, power: int = 2) -> np.ndarray:
        return front * np.exp(-(np.abs((away - place_x) / size_x) ** power) - np.abs((y - place_y) / size_y) ** power)

    def mix(strength: np.ndarray, color: np.ndarray) -> None:
        where = strength > 0.002
        share, own = strength[where].clip(0.0, 1.0)[:, None], color[where] if color.ndim == 3 else color
        picture[where] += share * (own - picture[where])

    red, dark = skin * [1.02, 0.80, 0.78], skin * [0.66, 0.52, 0.50]
    mix((0.45 + 0.3 * looks.makeup) * spot(0.18, -0.12, 0.075, 0.06) + 0.35 * spot(0, -0.165, 0.05, 0.04), red)
    mix(0.25 * spot(0, -0.43, 0.06, 0.04), red)
    mix((0.20 + 0.25 * looks.age) * spot(EYE_X - 0.005, -0.048, 0.07, 0.022), dark)
    # Wrinkles: beside nose and mouth, and across the forehead.
    fold = np.abs(away - 0.075 - 0.33 * np.clip(-0.19 - y, 0, 1))
    mix((0.12 + 0.4 * looks.age) * front * np.exp(-((fold / 0.006) ** 2)) * ((y < -0.19) & (y > -0.31)), dark)
    lines = np.exp(-((np.sin(46 * y + 2.5 * x**2 * 8) / 0.16) ** 2)) * spot(0, 0.24, 0.17, 0.07, 4)
    mix(0.30 * looks.age * lines, dark)
    freckles = ndimage.gaussian_filter((rng.random(_SIZE) < 0.004).astype(float), 1.3) * 9
    mix(looks.freckles * freckles * np.clip(spot(0.1, -0.1, 0.16, 0.1, 4), 0, 1), dark)
    _paint_lids(mix, looks, x, y, front, dark)
    _paint_lips(mix, looks, x, y, front, rng)
    mix(0.9 * spot(0.030, -0.2105, 0.017, 0.0065, 4), skin * 0.22)
    mix(0.35 * spot(0.052, -0.206, 0.024, 0.006), dark)
    _paint_hairs(mix, looks, x, y, front, rng, hair)
    return opaque(picture)


def _paint_lids(mix: Mix, looks: Looks, x: np.ndarray, y: np.ndarray, front: np.ndarray, dark: np.ndarray) -> None:
    s = (np.abs(x) - EYE_X) / EYE_HALF
    inside = front * np.clip((1.08 - np.abs(s)) / 0.08, 0.0, 1.0)
    above = y - EYE_Y
    shadow = np.array([0.35, 0.25, 0.4]) * 0.6 + 0.4 * dark
    mix((0.10 + 0.45 * looks.makeup) * inside * np.exp(-(((above - 0.03) / 0.022) ** 2)), shadow)
    thick = 0.007 + 0.005 * looks.makeup
    lash = inside * np.clip((thick * (0.75 + 0.3 * s) - above) / 0.003, 0.0, 1.0) * (above > -1e-9)
    mix(0.92 * lash, np.array([0.06, 0.045, 0.04]))
    rim = inside * np.clip((0.0035 + above) / 0.002, 0.0, 1.0) * (above < 0)
    mix((0.35 + 0.4 * looks.makeup) * rim, dark * 0.6)


def _paint_lips(
    mix: Mix, looks: Looks, x: np.ndarray, y: np.ndarray, front: np.ndarray, rng: np.random.Generator
) -> None:
    edge = 0.004 - 0.002 * looks.makeup
    upper = np.clip((upper_border(x) - y) / edge + 0.5, 0.0, 1.0) * (y >= MOUTH_Y)
    lower = np.clip((y - lower_border(x)) / edge + 0.5, 0.0, 1.0) * (y < MOUTH_Y)
    inside = front * (np.abs(x) < LIPS_HALF)
    color = np.array(looks.lips)
    lines = 1 + 0.05 * np.sin(260 * x + 1.5 * _noise(rng, 6))
    mix((0.85 + 0.15 * looks.makeup) * inside * upper, color * 0.88)
    mix((0.80 + 0.20 * looks.makeup) * inside * lower, (color * lines[..., None]).clip(0, 1))
    mix(0.75 * inside * np.exp(-(((y - MOUTH_Y) / 0.0045) ** 2)), color * 0.45)
    corner = front * np.exp(-(((np.abs(x) - LIPS_HALF) / 0.009) ** 2) - ((y - MOUTH_Y) / 0.006) ** 2)
    mix(0.5 * corner, np.array(looks.skin) * 0.5)


def _paint_hairs(
    mix: Mix,
    looks: Looks,
    x: np.ndarray,
    y: np.ndarray,
    front: np.ndarray,
    rng: np.random.Generator,
    hair: np.ndarray,
) -> None:
    """Brows and beard."""
    away = np.abs(x)
    along = (away - 0.055) / 0.175
    middle = 0.092 + 0.030 * np.sin(np.clip(along, 0, 1) ** 0.8 * np.pi) - 0.006 * along
    half = (0.008 + 0.010 * looks.brow_thickness) * np.clip(
        np.minimum((along + 0.05) / 0.25, (1.02 - along) / 0.6), 0, 1
    )
    half *= 1 + 0.25 * np.sin(170 * away + 130 * (y - middle) + 2 * _noise(rng, 4))
    brow = front * np.clip((half - np.abs(y - middle)) / 0.004 + 0.5, 0.0, 1.0) * ((along > -0.03) & (along < 1.0))
    mix(0.85 * brow, 0.8 * hair * (1 + 0.1 * _noise(rng, 1.2))[..., None])
    if looks.beard > 0:
        jaw = np.clip((-0.195 - y + 0.5 * np.maximum(away - 0.13, 0)) / 0.08, 0.0, 1.0)
        whiskers = np.clip((away - 0.255) / 0.05, 0.0, 1.0) * np.clip((0.06 - y) / 0.16, 0.0, 1.0)
        jaw = np.maximum(jaw, 0.8 * whiskers)
        lips = np.exp(-((x / 0.135) ** 4) - np.abs((y - MOUTH_Y) / 0.042) ** 4)
        below = np.exp(-((x / 0.02) ** 2) - ((y + 0.365) / 0.015) ** 2)
        stubble = 0.75 + 0.25 * np.clip(_noise(rng, 1.0), -1, 1)
        share = looks.beard * np.clip(jaw * (1 - 1.15 * lips) + 0.2 * below, 0, 1) * stubble
        mix(np.clip(front, 0, 1) * share, 0.75 * hair)


def paint_eye(looks: Looks) -> np.ndarray:
    """The picture of an eyeball: its half width stands for 1.9 radians from the pupil."""
    rng = np.random.default_rng(looks.seed + 1)
    v, u = _plane(241, 241, -1.0)
    angle, around = 1.9 * np.hypot(u, v), np.arctan2(v, u)
    iris, pupil = 0.385, 0.165
    white = np.array([0.93, 0.91, 0.89]) * (1 - 0.16 * np.clip(angle - 0.45, 0, 1))[..., None]
    white[..., 1:] *= (1 - 0.10 * np.clip(angle - 0.5, 0, 1))[..., None]
    streaks = sum(np.sin(k * around + rng.uniform(0, 6.3)) for k in (9, 17, 28, 41)) / 2
    color = np.array(looks.iris) * (
        1.05 + 0.22 * streaks[..., None] + 0.5 * (v[..., None] > 0) * (angle[..., None] - pupil)
    )
    color = color * np.clip((iris + 0.02 - angle) / 0.09, 0.25, 1.0)[..., None]
    share = np.clip((iris - angle) / 0.02 + 0.5, 0, 1)[..., None]
    picture = white * (1 - share) + color * share
    picture *= 1 - 0.96 * np.clip((pupil - angle) / 0.02 + 0.5, 0, 1)[..., None]
    light = np.exp(-(((u * 1.9 + 0.13) / 0.06) ** 4) - ((v * 1.9 + 0.15) / 0.06) ** 4)
    return opaque(picture + 0.85 * light[..., None])


def paint_teeth(is_upper: bool) -> np.ndarray:
    """A row of teeth, from which the gums can be seen."""
    v, u = _plane(80, 240, 0.0)
    # Wider teeth in the middle.
    number = 4.2 * u * (1 + 0.45 * np.abs(u))
    gap = np.abs(number - np.rint(number))
    down = v if is_upper else 1 - v
    edge = 0.96 - 0.06 * (np.abs(number - np.floor(number) - 0.5) * 2) ** 4
    tooth = np.array([0.93, 0.90, 0.84]) * (1 - 0.30 * np.exp(-((gap / 0.06) ** 2)) - 0.35 * np.abs(u) ** 3)[..., None]
    gum = np.array([0.72, 0.40, 0.40])
    picture = np.where((down < 0.22 + 0.1 * np.cos(2 * np.pi * number))[..., None], gum, tooth)
    alpha = (down < edge) & (np.abs(u) < 0.985)
    return np.concatenate([picture, alpha[..., None]], axis=-1).astype(np.float32)


def paint_mouth() -> np.ndarray:
    """Dark, with a tongue below."""
    v, u = _plane(64, 96, 0.0)
    tongue = np.exp(-((u / 0.55) ** 4) - ((v - 0.86) / 0.24) ** 4)[..., None]
    return opaque(np.array([0.13, 0.035, 0.035]) + tongue * np.array([0.42, 0.17, 0.16]))


def paint_ear(looks: Looks) -> np.ndarray:
    """Darker inside."""
    v, u = _plane(64, 64, -1.0)
    deep = np.exp(-(((u - 0.05) / 0.38) ** 2) - ((v - 0.05) / 0.42) ** 2)[..., None]
    rim = np.exp(-(((np.hypot(u, v) - 0.66) / 0.1) ** 2))[..., None] * (v < 0.5)[..., None]
    return opaque(np.array(looks.skin) * (0.97 - 0.45 * deep * [0.8, 1.0, 1.0] - 0.22 * rim * [0.7, 1.0, 1.0]))


def _plane(height: int, width: int, top: float) -> tuple[np.ndarray, np.ndarray]:
    """v from `top` down to 1 and u from -1 to 1, [height, width] both."""
    v, u = np.meshgrid(np.linspace(top, 1, height), np.linspace(-1, 1, width), indexing='ij')
    return v, u


def _noise(rng: np.random.Generator, size: float) -> np.ndarray:
    """A random field with deviation 1 and spots of about this many pixels."""
    coarser = max(1, int(size / 2))
    shape = [-(-length // coarser) for length in _SIZE]
    field = ndimage.gaussian_filter(rng.standard_normal(shape).astype(np.float32), size / coarser, mode='wrap')
    field = np.repeat(np.repeat(field, coarser, axis=0), coarser, axis=1)[: _SIZE[0], : _SIZE[1]]
    return field / field.std()
