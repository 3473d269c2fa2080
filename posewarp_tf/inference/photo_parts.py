"""A person of a photo, a pose, and the answer: what goes in and out of re-posing a photo."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np

from posewarp_tf.inference.checks import Context, picture_size
from posewarp_tf.inference.prediction import Prediction
from posewarp_tf.photos.cutout import continued
from posewarp_tf.photos.plate import background_plate, person_area
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float


@dataclasses.dataclass(frozen=True, eq=False)
class PhotoPerson:
    """The person of a photo, ready for any number of poses.

    photo: uint8 [H, W, 3].
    keypoints: float32 [18, 2] in its pixels.
    mask: the person's pixels, [h, w] of any size in 0 to 1, covering the photo; None: not known.
    others: those of all other people, likewise; None: nobody is known of.
    window: the part of the photo that the model sees.
    inputs: what the model takes of it.
    before_white: whether the model sees the person before white.
    """

    photo: np.ndarray
    keypoints: np.ndarray
    mask: np.ndarray | None
    others: np.ndarray | None
    window: Window
    inputs: dict[str, np.ndarray]
    before_white: bool = False

    @functools.cached_property
    def pixels(self) -> np.ndarray:
        """uint8 [H, W, 3], what is moved: before white a photo in which colours of the person go on where nobody is."""
        return continued(self.photo, self.silhouette) if self.before_white else self.photo

    @functools.cached_property
    def silhouette(self) -> np.ndarray:
        """float32 [H, W] in 0 to 1, the person's pixels; without a mask a body around the joints."""
        size = picture_size(self.photo)
        return person_area(size, self.keypoints) if self.mask is None else resize_float(self.mask, size)

    @functools.cached_property
    def plate(self) -> np.ndarray:
        """uint8 [H, W, 3], the photo without the person."""
        size = picture_size(self.photo)
        area = person_area(size, self.keypoints, None if self.mask is None else self.silhouette)
        return background_plate(self.photo, area, None if self.others is None else resize_float(self.others, size))


class Pose(NamedTuple):
    """A pose to take: joints [18, 2] in pixels of the picture to make, the window of it that the model makes, what the
    model takes of it, and the picture that the person is put into, if it is another one."""

    keypoints: np.ndarray
    window: Window
    inputs: dict[str, np.ndarray]
    context: Context | None = None


class Reposed(NamedTuple):
    """A re-posed photo.

    image: uint8 [H, W, 3], of the photo's size; with a context, of its picture's.
    keypoints: float32 [18, 2], the pose in its pixels.
    prediction: what the model made of its window, at the window's own resolution.
    trust: float32 [h, w] in 0 to 1, of the model's size, how far the photo's own pixels are shown; None if they are
        not moved.
    """

    image: np.ndarray
    keypoints: np.ndarray
    prediction: Prediction
    trust: np.ndarray | None
