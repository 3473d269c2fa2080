"""Maps of classes (body parts, garments) as people have them, read as the classes of conventions.py.

A map is a greyscale or palette PNG of class numbers in one of the codings of class_codings.py

    parts       11 body parts, conventions.PART_NAMES
    densepose   DensePose's I channel, 0 to 24: front and back, hands and feet as surfaces of their own. Also as the
                colour picture IUV, in which I is the first channel (or the last: some programs write BGR)
    own         16 garments, conventions.GARMENT_NAMES
    lip, cihp   20 classes each, which differ in one: LIP's 10 are jumpsuits, CIHP's 10 is bare skin of the torso
    atr         18 classes, with a belt and a bag

Which coding a set of maps has is decided for all of them together and printed, never for one map alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_codings import (
    DENSEPOSE,
    DENSEPOSE_PARTS,
    GARMENT_CODINGS,
    LIP,
    PARTS,
    Coding,
    garment_classes_name,
)
from posewarp_tf.pictures.garment_detection import detect_garments, facts_of
from posewarp_tf.pictures.picture_files import load_class_numbers

_NUM_SAMPLED = 256


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
    # By its title: another process has a copy.
    if coding.title != DENSEPOSE.title:
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
    """Which of `GARMENT_CODINGS` the maps at `paths` have; prints the decision.

    Args:
        paths: of the maps; up to 256 of them, spread over all, are looked at.
        place: what to call them.
        garment_classes: one of class_codings.GARMENT_CLASSES: which it is, or 'auto': detected (garment_detection.py).

    Raises:
        DataError: the maps do not tell; names --garment_classes.
    """
    name = garment_classes_name(garment_classes)
    if name != 'auto':
        coding, reason = GARMENT_CODINGS[name], 'given by --garment_classes'
    else:
        coding, reason = detect_garments([facts_of(load_numbers(path, LIP)) for path in _spread(paths)], place)
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


def _spread(paths: Sequence[str]) -> list[str]:
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), _NUM_SAMPLED)).astype(int))
    return [paths[i] for i in chosen]
