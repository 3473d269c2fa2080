"""The shape of a face: what stands out from the smooth head, and how an expression moves it."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.drawn.geometry import smooth_profile
from posewarp_tf.synthetic.talking.expression import Expression
from posewarp_tf.synthetic.talking.head import (
    BALL_RADIUS,
    BALL_Z,
    EYE_HALF,
    EYE_X,
    EYE_Y,
    JAW,
    MOUTH_HALF,
    MOUTH_Y,
    Features,
    make_grid,
    step,
)

# Height of the ridge of the nose over the face, at heights y.
_NOSE_RISE = (
    (-0.228, 0.0), (-0.212, 0.022), (-0.195, 0.078), (-0.176, 0.110), (-0.158, 0.112), (-0.12, 0.092), (0.0, 0.036),
    (0.05, 0.012), (0.1, 0.0),
)  # fmt: skip

# Of an eyelid, in head heights: thickness, and how far the upper and the lower one go when an eye opens.
_LID, _UPPER_LID, _LOWER_LID = 0.006, 0.0325, 0.010
# How far the upper lip goes up when the mouth opens.
_UPPER_LIP = 0.012


def skin_points(features: Features, expression: Expression) -> np.ndarray:
    """The vertices [N, 3] of the skin of this face, not turned yet."""
    grid = make_grid()
    x, z = grid.front
    y = grid.y
    is_front = step((z - 0.02) / 0.1)
    moved_x, moved_y, moved_z = _moves(expression, x, y, z, grid.side)
    z = z + is_front * (_relief(features, x, y) + moved_z)
    x, y = x + is_front * moved_x, y + is_front * moved_y
    for centre in (-EYE_X, EYE_X):
        away = (x - centre) ** 2 + (y - EYE_Y) ** 2
        # The eyeball as a power series, which has no border, and the larger of both surfaces, softly.
        ball = BALL_Z + _LID + BALL_RADIUS - away / (2 * BALL_RADIUS) - away**2 / (8 * BALL_RADIUS**3)
        z = np.where(z > 0.1, 0.5 * (z + ball + np.sqrt((z - ball) ** 2 + 0.01**2)), z)
    return features.warp(np.stack([x, y, z], axis=1))


def _moves(
    expression: Expression, x: np.ndarray, y: np.ndarray, z: np.ndarray, side: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far an expression moves the front of the skin."""
    dx, dy, dz = (np.zeros_like(x) for _ in range(3))
    smile, pucker = expression.smile, expression.pucker
    open_eye = 1.0 - expression.blink
    for sign in (-1.0, 1.0):
        s = (sign * x - EYE_X) / EYE_HALF
        arch = np.clip(1 - s**2, 0.0, 1.0) ** 0.7 * (1 + 0.12 * s)
        above = (y > EYE_Y + 1e-9) | ((side > 0) & (y > EYE_Y - 1e-9))
        up = arch * (_UPPER_LID + 0.004 * expression.brow + 0.03 * expression.gaze[1]) * _fall((y - EYE_Y) / 0.08)
        down = arch * (_LOWER_LID - 0.006 * max(smile, 0.0)) * _fall((EYE_Y - y) / 0.06)
        dy += open_eye * np.where(above, up, -down)
    away = np.abs(x)
    dy += 0.03 * expression.brow * np.exp(-(((away - 0.13) / 0.12) ** 4) - ((y - 0.105) / 0.045) ** 2)
    s = x / MOUTH_HALF
    lips = np.clip(1 - s**2, 0.0, 1.0) ** 0.6
    is_lower = (y < MOUTH_Y - 1e-9) | ((side < 0) & (y < MOUTH_Y + 1e-9))
    chin = step((MOUTH_Y - y) / 0.10)
    jaw = (1 - chin) * lips + chin * np.clip((z - 0.0) / 0.34, 0.0, 1.0)
    dy += np.where(is_lower, -JAW * expression.openness * jaw, 0.0)
    dz -= 0.35 * JAW * expression.openness * chin * is_lower
    dy += np.where(is_lower, 0.0, _UPPER_LIP * expression.openness * lips * _fall((y - MOUTH_Y) / 0.09))
    corners = np.exp(-(((away - 0.105) / 0.065) ** 2) - ((y - MOUTH_Y) / 0.06) ** 2)
    dx += np.sign(x) * 0.027 * smile * corners
    dy += 0.03 * smile * corners
    cheeks = np.exp(-(((away - 0.165) / 0.055) ** 2) - ((y + 0.13) / 0.055) ** 2)
    dz += 0.016 * max(smile, 0.0) * cheeks
    around = np.exp(-((x / 0.14) ** 4) - ((y - MOUTH_Y) / 0.075) ** 2)
    dx -= 0.34 * pucker * x * around
    dz += 0.022 * pucker * around
    return dx, dy, dz


def _relief(features: Features, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What stands out to the front from the smooth head at rest."""
    away = np.abs(x)

    def bump(place_x: float, place_y: float, size_x: float, size_y: float, power: int = 2) -> np.ndarray:
        return np.exp(-(np.abs((away - place_x) / size_x) ** power) - np.abs((y - place_y) / size_y) ** power)

    tall = 1 + 0.22 * features.nose_height
    rise = smooth_profile(_NOSE_RISE, y)
    broad = np.interp(y, (-0.2, -0.165, -0.1, 0.03), (0.05, 0.046, 0.034, 0.032))
    wings = 0.046 * bump(0.052, -0.182, 0.024, 0.026)
    nose = tall * (rise * np.exp(-(np.abs(x / broad) ** 2.2)) + wings)
    sockets = -0.034 * bump(EYE_X - 0.01, 0.012, 0.09, 0.062) - 0.012 * bump(0.055, 0.015, 0.03, 0.04)
    ridge = (0.014 + 0.008 * features.brow_ridge) * bump(0.11, 0.085, 0.12, 0.028)
    cheeks = (0.012 + 0.008 * features.cheeks) * bump(0.19, -0.075, 0.07, 0.06)
    hollow = -(0.012 - 0.008 * features.cheeks) * bump(0.19, -0.25, 0.06, 0.09)
    full = 1 + 0.35 * features.lips
    upper = 0.019 * full * np.exp(-((away / 0.085) ** 4)) * np.exp(-(((y - MOUTH_Y - 0.018 * full) / 0.017) ** 2))
    lower = 0.024 * full * np.exp(-((away / 0.075) ** 4)) * np.exp(-(((y - MOUTH_Y + 0.022 * full) / 0.02) ** 2))
    muzzle = 0.02 * bump(0.0, -0.29, 0.12, 0.09) - 0.012 * bump(0.0, MOUTH_Y, 0.09, 0.006)
    philtrum = -0.006 * bump(0.0, -0.245, 0.012, 0.03) - 0.012 * bump(0.0, -0.365, 0.07, 0.022)
    chin = 0.02 * bump(0.0, -0.43, 0.07, 0.04)
    return nose + sockets + ridge + cheeks + hollow + upper + lower + muzzle + philtrum + chin


def _fall(t: np.ndarray) -> np.ndarray:
    """1 at 0 and below, 0 from 1 on, level at both ends."""
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(t, 0.0, 1.0))
