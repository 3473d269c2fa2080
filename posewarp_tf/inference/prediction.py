"""A re-posed picture and everything there is to look at about it."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.inference.checks import picture_size, resize_classes
from posewarp_tf.pictures import drawing
from posewarp_tf.pictures.class_colors import class_map_to_color


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A re-posed picture and how it came about.

    image: uint8 [H, W, 3], the person in the target pose, of the source picture's size; with a context, of the size of
        the context's picture.
    warped: uint8 [H, W, 3], the source moved by the finest flow alone; None for a model without flows.
    flows: coarse first, float32 [h, w, 2], backward, in pixels of their own maps (conventions.py).
    masks: coarse first, float32 [h, w, 1]: 1 = warped source, 0 = invented.
    source_image: uint8, as given.
    source_keypoints: float32 [18, 2] in pixels of the source image, missing (and outside) -1.
    target_keypoints: float32 [18, 2] in pixels of `image`.
    garment: uint8 [h, w], the likeliest conventions.GARMENT_NAMES in the target pose; None for a model without.
    composition_mask: float32 [h, w, 1]: 1 = the network's picture, 0 = the context; None for a model without.
    """

    image: np.ndarray
    warped: np.ndarray | None
    flows: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    source_image: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray
    garment: np.ndarray | None = None
    composition_mask: np.ndarray | None = None

    def pictures(self) -> dict[str, np.ndarray]:
        """What there is to look at, each uint8 [H, W, 3]; from warped on only what the model has."""
        size = picture_size(self.image)
        found = {
            'source_pose': drawing.draw_skeleton(self.source_image, self.source_keypoints),
            'target_pose': drawing.draw_skeleton(np.zeros_like(self.image), self.target_keypoints),
            'generated': self.image,
        }
        if self.warped is not None:
            found['warped'] = self.warped
            found['flow'] = resize_smoothly(drawing.flow_to_color(self.flows[-1]), size)
        if self.masks:
            found['mask'] = resize_smoothly(drawing.mask_to_gray(self.masks[-1]), size)
        if self.garment is not None:
            found['garment'] = class_map_to_color(resize_classes(self.garment, size), len(GARMENT_NAMES))
        if self.composition_mask is not None:
            found['composition_mask'] = resize_smoothly(drawing.mask_to_gray(self.composition_mask), size)
        return found


def resize_smoothly(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [h, w, 3] stretched to `size` (height, width)."""
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.LANCZOS))
