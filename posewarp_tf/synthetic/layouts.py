"""How the people lie on disk: as DeepFashion with maps of our classes, or as MVC with maps of other programs."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from posewarp_tf.conventions import DEEPFASHION_KEYPOINT_SIZE, PART_NAMES
from posewarp_tf.pictures.class_codings import DENSEPOSE, LIP


class LabelledPicture(Protocol):
    """What drawn and rendered pictures have in common; H and W are the picture's own size.

    image uint8 [H, W, 3]; keypoints float32 [18, 2] (x, y), hidden ones -1; parts and garments uint8 [H, W].
    """

    @property
    def image(self) -> np.ndarray: ...

    @property
    def keypoints(self) -> np.ndarray: ...

    @property
    def parts(self) -> np.ndarray: ...

    @property
    def garments(self) -> np.ndarray: ...

    @property
    def size(self) -> tuple[int, int]: ...


@dataclasses.dataclass(frozen=True)
class Layout:
    """Names of the lists and folders of a data set, and what its joints and maps are written in.

    Attributes:
        prefix: of the lists.
        parts: folder of the maps of body parts: 'parts' (11 classes) or 'densepose' (0 to 24).
        keypoint_size: height and width of the frame of the joints; None: they are in pixels.
        lip: whether maps of garments have LIP's 20 classes instead of 16.
    """

    prefix: str
    parts: str
    keypoint_size: tuple[int, int] | None
    lip: bool

    def part_numbers(self, picture: LabelledPicture) -> np.ndarray:
        """uint8 [H, W], as it goes into the folder `parts`."""
        return densepose_numbers(picture.parts) if self.parts == 'densepose' else picture.parts

    def garment_numbers(self, picture: LabelledPicture) -> np.ndarray:
        """uint8 [H, W], as it goes into the folder parsing/."""
        return lip_numbers(picture.garments, picture.parts) if self.lip else picture.garments


# By --layout.
LAYOUTS = {
    'deepfashion': Layout('fasion', 'parts', DEEPFASHION_KEYPOINT_SIZE, lip=False),
    'mvc': Layout('mvc', 'densepose', None, lip=True),
}


def densepose_numbers(parts: np.ndarray) -> np.ndarray:
    """One of DensePose's surfaces for each part, the last of those that belong to it (a torso's front, for example)."""
    return _last_numbers(DENSEPOSE.to_ours)[parts]


def lip_numbers(garments: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """LIP's classes; arms, legs and shoes on a left part are its left ones, all others its right ones."""
    numbers = _last_numbers(LIP.to_ours)[garments]
    is_left = np.array([name.startswith('left_') for name in PART_NAMES])[parts]
    # LIP counts the left one of two sides just before the right one.
    sided = np.array([len(np.flatnonzero(LIP.to_ours == garment)) > 1 for garment in range(len(LIP.names))])
    sided[LIP.names.index('face')] = False  # Its other class are sunglasses.
    return (numbers - (is_left & sided[garments])).astype(np.uint8)


def _last_numbers(to_ours: np.ndarray) -> np.ndarray:
    """The last number that stands for each of our classes."""
    return np.array([np.flatnonzero(to_ours == ours)[-1] for ours in range(to_ours.max() + 1)], np.uint8)
