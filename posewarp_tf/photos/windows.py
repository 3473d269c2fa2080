"""The part of a photo that a model sees: a rectangle around a person, of the shape of the training's pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import DataError


@dataclasses.dataclass(frozen=True)
class Margins:
    """Room around the joints' bounding box on its four sides, in parts of the box' height."""

    left: float
    right: float
    top: float
    bottom: float


@dataclasses.dataclass(frozen=True)
class Window:
    """A rectangle in pixels of a photo; it may reach beyond the photo, which is continued there by its border pixels.

    The numbers are edges, not centres: the photo itself is Window(0, 0, width, height), and the pixel in column x of it
    covers x to x + 1 (its centre, by conventions.py, is the whole number x). A map of h x w pixels of this window has
    the pixel (i, j) where the photo has

        x = left + (i + 1/2) width / w - 1/2,    y = top + (j + 1/2) height / h - 1/2

    Raises:
        DataError: a number that is not finite, or a window without area.
    """

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        if not np.isfinite(dataclasses.astuple(self)).all() or min(self.width, self.height) <= 0:
            raise DataError(f'window: got {self}, expected finite numbers and a width and height above 0')

    @classmethod
    def whole(cls, size: tuple[int, ...]) -> Window:
        """All of a picture of `size` (height, width, ...)."""
        return cls(0.0, 0.0, float(size[1]), float(size[0]))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in whole pixels of the photo."""
        return max(1, round(self.height)), max(1, round(self.width))

    def enlarged(self, margins: Margins, unit: float) -> Window:
        """With room of margins * unit pixels on the four sides."""
        return Window(
            self.left - margins.left * unit,
            self.top - margins.top * unit,
            self.width + (margins.left + margins.right) * unit,
            self.height + (margins.top + margins.bottom) * unit,
        )

    def scaled(self, across: float, down: float) -> Window:
        """The same window of a picture that is `across` times as wide and `down` times as high."""
        return Window(self.left * across, self.top * down, self.width * across, self.height * down)

    def with_aspect(self, aspect: float) -> Window:
        """The smallest window around the middle of this one that covers it and has height / width = `aspect`."""
        width, height = max(self.width, self.height / aspect), max(self.height, self.width * aspect)
        return Window(self.left - (width - self.width) / 2, self.top - (height - self.height) / 2, width, height)

    def on_whole_pixels(self) -> Window:
        """The nearest window whose edges lie between pixels, so that what is made for it is pasted as it is."""
        left, top = round(self.left), round(self.top)
        return Window(
            float(left),
            float(top),
            float(max(1, round(self.left + self.width) - left)),
            float(max(1, round(self.top + self.height) - top)),
        )

    def crop(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The window of a photo uint8 [H, W, 3], squashed or stretched to `size` (height, width): uint8.

        Bilinear, anti-aliased: for the whole photo the same as `resize_image`, by which a training's pictures are made.
        """
        first_x, first_y, content = self._covered(image)
        left, top = self.left - first_x, self.top - first_y
        box = (left, top, left + self.width, top + self.height)
        return np.asarray(Image.fromarray(content).resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))

    def crop_classes(self, classes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The window of a map of the photo's size, [H, W] of any dtype (classes, masks): each pixel is the nearest."""
        x = self.left + (np.arange(size[1]) + 0.5) * self.width / size[1]
        y = self.top + (np.arange(size[0]) + 0.5) * self.height / size[0]
        columns, rows = (np.floor(values).astype(int).clip(0, n - 1) for values, n in zip((x, y), classes.shape[1::-1]))
        return classes[rows[:, np.newaxis], columns]

    def to_window(self, keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Keypoints [..., 2] in pixels of the photo as float32 in pixels of a map of `size` of this window.

        Missing joints stay missing, and those outside of the window become it.
        """
        keypoints = np.asarray(keypoints, np.float64)
        relative = (keypoints + 0.5 - [self.left, self.top]) / [self.width, self.height]
        seen = np.any(keypoints != MISSING, axis=-1) & np.all((relative >= 0) & (relative <= 1), axis=-1)
        extent = np.array(size[::-1], np.float64)
        # A joint on the outer half of a border pixel belongs to that pixel.
        pixels = np.clip(relative * extent - 0.5, 0.0, extent - 1)
        return np.where(seen[..., np.newaxis], pixels, MISSING).astype(np.float32)

    def from_window(self, keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Keypoints [..., 2] in pixels of a map of `size` of this window, in pixels of the photo: float32."""
        keypoints = np.asarray(keypoints, np.float64)
        relative = (keypoints + 0.5) / np.array(size[::-1], np.float64)
        pixels = relative * [self.width, self.height] + [self.left, self.top] - 0.5
        seen = np.any(keypoints != MISSING, axis=-1)
        return np.where(seen[..., np.newaxis], pixels, MISSING).astype(np.float32)

    def _covered(self, image: np.ndarray) -> tuple[int, int, np.ndarray]:
        """Column and row of the first pixel, and the pixels, that the window touches: replicated beyond the border."""
        height, width = image.shape[:2]
        first_x, last_x = int(np.floor(self.left)), int(np.ceil(self.left + self.width))
        first_y, last_y = int(np.floor(self.top)), int(np.ceil(self.top + self.height))
        if first_x >= 0 and first_y >= 0 and last_x <= width and last_y <= height:
            # The resampling may look over the window's edge.
            return 0, 0, image
        rows = np.arange(first_y, last_y).clip(0, height - 1)
        columns = np.arange(first_x, last_x).clip(0, width - 1)
        return first_x, first_y, image[rows[:, np.newaxis], columns]


def bounding_window(keypoints: np.ndarray, mask: np.ndarray | None = None) -> Window:
    """Around all joints [18, 2] that are there, and around a person's mask [H, W] (above 0.5) if one is given.

    Raises:
        DataError: there is no joint.
    """
    keypoints = np.asarray(keypoints, np.float64)
    present = keypoints[np.any(keypoints != MISSING, axis=-1)] + 0.5
    if not len(present):
        raise DataError('window: every joint is missing (-1), expected a pose')
    if mask is not None and (mask > 0.5).any():
        rows, columns = (np.flatnonzero((mask > 0.5).any(axis=axis)) for axis in (1, 0))
        corners = [[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]]
        present = np.concatenate([present, np.array(corners, np.float64)])
    (left, top), (right, bottom) = present.min(axis=0), present.max(axis=0)
    return Window(left, top, max(right - left, 1.0), max(bottom - top, 1.0))
