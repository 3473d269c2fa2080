"""A re-posed picture and everything there is to look at about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from posewarp_tf import ops
from posewarp_tf.inference.checks import picture_size
from posewarp_tf.models.outputs import ClassLogits, Motion, Output, titled
from posewarp_tf.models.panels import warp_to_full_size
from posewarp_tf.pictures.drawing import draw_skeleton, flow_to_color, mask_to_gray
from posewarp_tf.pictures.picture_files import resize_nearest


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A re-posed picture and how it came about.

    image: uint8 [H, W, 3], the person in the target pose, of the source picture's size; with a context, of the size of
        the context's picture.
    motions: by the role of the picture that they move ('source'): flows float32 [h, w, 2], backward, in pixels of their
        own maps, and masks float32 [h, w, 1], 1 = warped source, 0 = invented (conventions.py); coarse first. Empty for
        a model without flows.
    extras: the other outputs that the model declares (models/outputs.py), such as garment, uint8 [h, w], the likeliest
        conventions.GARMENT_NAMES in the target pose, and composition_mask, float32 [h, w, 1].
    source_image: uint8, as given.
    source_keypoints: float32 [18, 2] in pixels of the source image, missing (and outside) -1.
    target_keypoints: float32 [18, 2] in pixels of `image`.
    moved: the pictures that the motions move, uint8 of the model's size.
    declared: what the model declares of `extras`.
    """

    image: np.ndarray
    motions: Mapping[str, Motion]
    extras: Mapping[str, np.ndarray]
    source_image: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray
    moved: Mapping[str, np.ndarray]
    declared: Sequence[Output]

    @property
    def flows(self) -> tuple[np.ndarray, ...]:
        """The flows that move the source, coarse first."""
        return tuple(self.motions['source'].flows) if 'source' in self.motions else ()

    @property
    def masks(self) -> tuple[np.ndarray, ...]:
        """The masks of the source's motion, coarse first."""
        return tuple(self.motions['source'].masks) if 'source' in self.motions else ()

    @property
    def warped(self) -> np.ndarray | None:
        """The source moved by the finest flow alone, uint8 of the size of `image`; None for a model without flows."""
        return self.warped_picture('source') if 'source' in self.motions else None

    def __getattr__(self, name: str) -> np.ndarray:
        """An output that the model declares, by its name: `prediction.garment`."""
        extras = self.__dict__.get('extras', {})
        if name not in extras:
            raise AttributeError(f'{name}: this model declares {", ".join(extras) or "no further outputs"}')
        return extras[name]

    def warped_picture(self, role: str) -> np.ndarray:
        """The picture of a role moved by its finest flow alone, uint8 of the size of `image`."""
        warped, _ = warp_to_full_size(ops.to_float_image(self.moved[role]).numpy(), self.motions[role].flows[-1])
        return resize_smoothly(ops.to_uint8_image(warped).numpy(), picture_size(self.image))

    def pictures(self) -> dict[str, np.ndarray]:
        """What there is to look at, each uint8 [H, W, 3]; from warped on only what the model has."""
        size = picture_size(self.image)
        found = {
            'source_pose': draw_skeleton(self.source_image, self.source_keypoints),
            'target_pose': draw_skeleton(np.zeros_like(self.image), self.target_keypoints),
            'generated': self.image,
        }
        for role, motion in self.motions.items():
            found[titled(role, 'warped')] = self.warped_picture(role)
            found[titled(role, 'flow')] = resize_smoothly(flow_to_color(motion.flows[-1]), size)
            if motion.masks:
                found[titled(role, 'mask')] = resize_smoothly(mask_to_gray(motion.masks[-1]), size)
        for output in self.declared:
            answer = self.extras[output.name]
            if isinstance(output.kind, ClassLogits):
                found[output.name] = output.kind.draw(resize_nearest(answer, size))
            else:
                found[output.name] = resize_smoothly(output.kind.draw(answer), size)
        return found

    def legends(self) -> list[tuple[str, ...]]:
        """Names of the classes of each kind that `pictures` shows in colours."""
        return [output.kind.names for output in self.declared if isinstance(output.kind, ClassLogits)]


def resize_smoothly(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [h, w, 3] stretched to `size` (height, width)."""
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.LANCZOS))
