"""What a person is put together from: surfaces with classes and colours."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

import numpy as np

from posewarp_tf import conventions
from posewarp_tf.synthetic.drawn.figure import Body, Skeleton
from posewarp_tf.synthetic.drawn.textures import Color, Sampler

PART = {name: index for index, name in enumerate(conventions.PART_NAMES)}
GARMENT = {name: index for index, name in enumerate(conventions.GARMENT_NAMES)}
Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of (u, theta), both [N]


class Surface(Protocol):
    """What all of them offer."""

    u: np.ndarray
    theta: np.ndarray

    def points(self, skeleton: Skeleton) -> np.ndarray:
        """Posed points [len(u), len(theta), 3]."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """One surface with its classes and colours; `keep` cuts openings, `two_sided` shows its lining."""

    surface: Surface
    garment: int
    part: Rule
    colors: Sampler
    keep: Rule | None = None
    two_sided: bool = False


def constant(value: int) -> Rule:
    return lambda u, theta: np.full(u.shape, value, np.uint8)


def limb_part(body: Body, kind: str, side: str) -> Rule:
    """Upper part of a limb down to its elbow or knee, lower part beyond."""
    middle = body.upper_arm if kind == 'arm' else body.thigh
    upper, lower = PART[f'{side}_upper_{kind}'], PART[f'{side}_lower_{kind}']
    return lambda u, theta: np.where(u < middle, upper, lower).astype(np.uint8)


def trunk_part(body: Body) -> Rule:
    """Torso above the crotch; below it a skirt belongs to the leg of its side."""

    def part(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
        is_right = theta < 0
        upper = np.where(is_right, PART['right_upper_leg'], PART['left_upper_leg'])
        lower = np.where(is_right, PART['right_lower_leg'], PART['left_lower_leg'])
        legs = np.where(-u < body.thigh, upper, lower)
        return np.where(u > -0.05 * body.height, PART['torso'], legs).astype(np.uint8)

    return part


def plain(color: Color) -> Sampler:
    return lambda u, theta: np.broadcast_to(np.array(color), (len(u), 3))
