"""Maps of classes (body parts, garments) as people have them, read as the classes of conventions.py.

A map is a greyscale or palette PNG of class numbers in one of the codings

    parts       11 body parts, conventions.PART_NAMES
    densepose   DensePose's I channel, 0 to 24: front and back, hands and feet as surfaces of their own. Also as the
                colour picture IUV, in which I is the first channel (or the last: some programs write BGR)
    garments    16 garments, conventions.GARMENT_NAMES
    lip         LIP's 20 classes: left and right limbs and shoes apart, sunglasses

Which of two codings a set of maps has is decided for all of them together and printed, never for one map alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.data.images import load_class_numbers
from posewarp_tf.errors import DataError

# By DensePose's number, the part that it belongs to. Left and right are the person's.
DENSEPOSE_PARTS = (
    'background',
    *('torso', 'torso'),  # back and front
    *('right_lower_arm', 'left_lower_arm'),  # hands
    *('left_lower_leg', 'right_lower_leg'),  # feet: here left comes first
    *('right_upper_leg', 'left_upper_leg', 'right_upper_leg', 'left_upper_leg'),  # back and front
    *('right_lower_leg', 'left_lower_leg', 'right_lower_leg', 'left_lower_leg'),  # back and front
    *('left_upper_arm', 'right_upper_arm', 'left_upper_arm', 'right_upper_arm'),  # inside and outside
    *('left_lower_arm', 'right_lower_arm', 'left_lower_arm', 'right_lower_arm'),  # inside and outside
    *('head', 'head'),  # both halves
)

# By LIP's number: LIP's name, and the garment that it belongs to.
LIP_GARMENTS = (
    ('background', 'background'),
    ('hat', 'hat'),
    ('hair', 'hair'),
    ('glove', 'glove'),
    ('sunglasses', 'face'),
    ('upper-clothes', 'upper_clothes'),
    ('dress', 'dress'),
    ('coat', 'coat'),
    ('socks', 'socks'),
    ('pants', 'pants'),
    ('jumpsuits', 'jumpsuit'),
    ('scarf', 'scarf'),
    ('skirt', 'skirt'),
    ('face', 'face'),
    ('left-arm', 'arms'),
    ('right-arm', 'arms'),
    ('left-leg', 'legs'),
    ('right-leg', 'legs'),
    ('left-shoe', 'shoes'),
    ('right-shoe', 'shoes'),
)


class Coding(NamedTuple):
    """What the numbers in a map mean: `classes[number]` is the name of one of our classes."""

    title: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    hint: str = ''

    @property
    def to_ours(self) -> np.ndarray:
        """uint8 [numbers]: the class of conventions.py by the number in the map."""
        return np.array([self.names.index(name) for name in self.classes], np.uint8)


PARTS = Coding('11 body parts', PART_NAMES, PART_NAMES, '; DensePose maps belong in a folder densepose/')
DENSEPOSE = Coding('25 classes of DensePose', DENSEPOSE_PARTS, PART_NAMES)
GARMENTS = Coding('16 garments', GARMENT_NAMES, GARMENT_NAMES, '; --garment_classes=20 reads maps of LIP')
LIP = Coding("LIP's 20 classes", tuple(ours for _, ours in LIP_GARMENTS), GARMENT_NAMES)

# By --garment_classes.
GARMENT_CODINGS = {'16': GARMENTS, '20': LIP}

_NUM_SAMPLED = 256
# LIP's sunglasses (4) never cover this part of all people, upper clothes (4 of 16) do.
_UPPER_CLOTHES_SHARE = 0.05
# Mean heights in a person, 0 top to 1 bottom: faces are above the first, shoes below the second.
_FACE_HEIGHT, _SHOE_HEIGHT = 1 / 3, 0.9


def load_class_map(path: str | os.PathLike, coding: Coding) -> np.ndarray:
    """A map of `coding` as uint8 [H, W] of our classes (`coding.names`).

    Raises:
        DataError: no such map, no picture of class numbers, or a number that the coding does not have.
    """
    numbers = load_numbers(path, coding)
    largest = int(numbers.max(initial=0))
    if largest >= len(coding.classes):
        raise DataError(
            f'{os.fspath(path)}: got class {largest}, expected 0 to {len(coding.classes) - 1} ({coding.title})'
            f'{coding.hint}'
        )
    return coding.to_ours[numbers]


def load_numbers(path: str | os.PathLike, coding: Coding) -> np.ndarray:
    """uint8 [H, W] of class numbers; of a colour picture, which only DensePose has, the channel I."""
    numbers = load_class_numbers(path)
    if numbers.ndim == 2:
        return numbers
    if coding is not DENSEPOSE:
        raise DataError(f'{os.fspath(path)}: a colour picture, expected a greyscale or palette PNG of classes')
    first, last = numbers[..., 0], numbers[..., 2]
    fitting = [channel for channel in (first, last) if channel.max(initial=0) < len(DENSEPOSE_PARTS)]
    if not fitting or (len(fitting) == 2 and not np.array_equal(first, last)):
        raise DataError(
            f'{os.fspath(path)}: a colour picture with up to {first.max()} in its first channel, {last.max()} in its '
            'last one, expected IUV, with 0 to 24 in one of the two; or give the channel I alone as a greyscale PNG'
        )
    return fitting[0]


def garment_coding(paths: Sequence[str], place: str, garment_classes: str = 'auto') -> Coding:
    """Whether the maps at `paths` are of `GARMENTS` or `LIP`; prints the decision.

    Looks at up to 256 of them, spread over all. Numbers from 16 on are LIP's. Without any, it goes by what
    only one coding explains: number 4 covers much of the people (upper clothes, not sunglasses), 12 is at the top
    (face, not skirt), 15 at the bottom (shoes, not right arm), or 13 at the top (LIP's face, not arms).

    Args:
        paths: of the maps.
        place: what to call them.
        garment_classes: '16' or '20' says which; 'auto' detects.

    Raises:
        DataError: the maps do not tell; names --garment_classes.
    """
    if garment_classes != 'auto':
        coding, reason = GARMENT_CODINGS[garment_classes], 'given by --garment_classes'
    else:
        coding, reason = _detect_garments(_survey(paths), place)
    print(f'{place}: {coding.title} ({reason})')
    return coding


def part_coding(paths: Sequence[str], place: str) -> Coding:
    """Whether the maps at `paths` are of `PARTS` or `DENSEPOSE`; prints the decision.

    Of DensePose's numbers only hands, feet, torso and thighs are below 11: a person without head and arms.
    """
    largest = max((int(load_numbers(path, DENSEPOSE).max(initial=0)) for path in _spread(paths)), default=0)
    coding = DENSEPOSE if largest >= len(PART_NAMES) else PARTS
    print(f'{place}: {coding.title} (largest class is {largest})')
    return coding


class _Survey(NamedTuple):
    """Of class numbers over many maps: pixels, and mean height in the person (0 top, 1 bottom; NaN: never seen)."""

    num_maps: int
    pixels: np.ndarray
    heights: np.ndarray


def _detect_garments(survey: _Survey, place: str) -> tuple[Coding, str]:
    seen = np.flatnonzero(survey.pixels)
    largest = int(seen.max(initial=0))
    sampled = f'largest class in {survey.num_maps} maps is {largest}'
    if largest >= len(GARMENT_NAMES):
        return LIP, sampled
    upper_clothes = survey.pixels[4] / max(survey.pixels[1:].sum(), 1)
    if largest < 4:
        return GARMENTS, f'{sampled}: both codings agree'
    if upper_clothes >= _UPPER_CLOTHES_SHARE:
        return GARMENTS, f'{sampled}, and {upper_clothes:.0%} of the people is of class 4, upper clothes'
    if survey.heights[12] < _FACE_HEIGHT:
        return GARMENTS, f'{sampled}, and class 12, face, is at the top'
    has_shoes, has_lip_face = survey.heights[15] > _SHOE_HEIGHT, survey.heights[13] < _FACE_HEIGHT
    if has_shoes and not has_lip_face:
        return GARMENTS, f'{sampled}, and class 15, shoes, is at the bottom'
    if has_lip_face and not has_shoes:
        return LIP, f'{sampled}, but class 13, face, is at the top, and hardly anything is of class 4, sunglasses'
    raise DataError(
        f'{place}: {sampled}: cannot tell 16 garments from the 20 classes of LIP: give --garment_classes=16 or 20'
    )


def _survey(paths: Sequence[str]) -> _Survey:
    pixels, heights = np.zeros(256, np.int64), np.zeros(256)
    sample = _spread(paths)
    for path in sample:
        numbers = load_numbers(path, LIP)
        rows = np.flatnonzero(numbers.any(axis=1))
        top, extent = (rows[0], max(rows[-1] - rows[0], 1)) if len(rows) else (0, 1)
        height = np.broadcast_to(((np.arange(len(numbers)) - top) / extent)[:, np.newaxis], numbers.shape)
        pixels += np.bincount(numbers.ravel(), minlength=256)
        heights += np.bincount(numbers.ravel(), height.ravel(), minlength=256)
    with np.errstate(invalid='ignore'):
        return _Survey(len(sample), pixels, heights / pixels)


def _spread(paths: Sequence[str]) -> list[str]:
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), _NUM_SAMPLED)).astype(int))
    return [paths[i] for i in chosen]
