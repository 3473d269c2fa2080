"""The head of a photo as one piece, moved whole and with its hair.

The flow of a model bends heads a little, and its outlines know little of hair; a face is where people look first. With
S the similarity between the two heads (poses/own_face.py), a weight h that is 1 in the head and falls to 0 at the neck,
and k, which does so at the chin and is 0 where the model shows another part of the body,

    places = h S + (1 - h) flow
    matte = k moved mask + (1 - k) max(matte, h moved mask)

where the mask is the person's of the photo, moved by S. Arms before the head are left to the model, and so is the body
below it where its flow and S lead far from each other: a shoulder that is raised. Nothing is moved from beyond the
photo, nor from where its own arms are beside the head.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, PART_NAMES
from posewarp_tf.photos.moving import PhotoMotion, SourcePositions
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float, smooth_step
from posewarp_tf.pictures.geometry import segment_distance
from posewarp_tf.poses.body_lengths import NECK, full_lengths, seen_lengths, with_centres
from posewarp_tf.poses.own_face import JOINTS_OF_FACE, FaceFit, fit_face

# In distances of ears, from the neck upwards and from the head's axis sideways: up to where nothing is of the head, and
# from where everything is.
_NECK, _CHIN = (0.35, 0.75), (0.6, 0.95)
_ABOVE, _ASIDE = (3.3, 2.9), (1.5, 1.0)
_APART = (0.7, 0.35)
# Of an arm of the photo: up to where everything is of it, and from where nothing is; and the ellipse of the head
# itself, half of its width and of its height and how high its middle lies, from which nothing is taken away.
_ARM = (0.45, 0.75)
_WIDTH, _HEIGHT, _MIDDLE = 0.75, 1.1, 1.5
# How far hands reach beyond wrists, in parts of the lower arm.
_HAND = 0.5
# A network's mask has wide edges: so many times steeper.
_EDGE = 2.5
_HEAD_OR_NOBODY = (PART_NAMES.index('background'), PART_NAMES.index('head'))
_ARMS = tuple(number for number, name in enumerate(PART_NAMES) if name.endswith('_arm'))


@dataclasses.dataclass(frozen=True)
class HeadMotion:
    """How a head is moved whole.

    fit: the similarity of the heads, in pixels of the photo.
    source: [20, 2], joints of the photo (`with_centres`).
    size: of the source's head, between its ears.
    parts: uint8 [h, w], the parts of the body that the model shows in the target window (conventions.PART_NAMES).
    photo_size: (height, width).
    """

    fit: FaceFit
    source: np.ndarray
    size: float
    parts: np.ndarray
    photo_size: tuple[int, int]

    @classmethod
    def of_poses(
        cls,
        source_keypoints: np.ndarray,
        target_keypoints: np.ndarray,
        parts: np.ndarray,
        photo_size: tuple[int, int],
    ) -> HeadMotion | None:
        """Of joints [18, 2] in pixels of the photo; None where one of the two shows no face, or the source no neck."""
        source, target = with_centres(source_keypoints), with_centres(target_keypoints)
        lengths = seen_lengths(source)
        if not (lengths > 0).any() or np.isnan(source[NECK, 0]):
            return None
        size = float(full_lengths(lengths)[-1])
        seen_in_both = np.where(np.isnan(source + target), np.nan, [source, target])
        ours, theirs = seen_lengths(seen_in_both)[:, -1]
        fit = fit_face(source, target, size, theirs / ours if ours > 0 else 1.0)
        return None if fit is None else cls(fit, source, size, parts, photo_size)

    def moved(self, positions: SourcePositions) -> tuple[SourcePositions, np.ndarray]:
        """Positions of the flow with the head moved whole, and h, float32 [h, w], by which it is."""
        own, weight, _ = self._head(positions)
        places = weight[..., np.newaxis] * own + (1 - weight[..., np.newaxis]) * positions.places
        return dataclasses.replace(positions, places=places), weight

    def matte(self, matte: np.ndarray, mask: np.ndarray, positions: SourcePositions) -> np.ndarray:
        """A matte [h, w] of the target window, in which the head has the outline of the photo's.

        Args:
            matte: float32 [h, w] in 0 to 1.
            mask: [H, W] in 0 to 1, the person's pixels in the photo.
            positions: of the flow, without the head.
        """
        size = matte.shape[0], matte.shape[1]
        own, weight, alone = self._head(positions)
        motion = PhotoMotion(dataclasses.replace(positions, places=own), size, needed=weight)
        rows, columns = motion.part
        if not weight.any() or rows.start == rows.stop or columns.start == columns.stop:
            return matte
        share = motion.move_part(np.rint(np.asarray(mask, np.float32) * 255).clip(0, 255).astype(np.uint8))
        moved = ((share / np.float32(255) - 0.5) * _EDGE + 0.5).clip(0, 1)
        alone, weight = (resize_float(one, size, rows=(rows.start, rows.stop))[:, columns] for one in (alone, weight))
        answer = matte.copy()
        answer[motion.part] = alone * moved + (1 - alone) * np.maximum(matte[motion.part], weight * moved)
        return answer

    def _head(self, positions: SourcePositions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the map of the target window: the photo's pixels (x, y) [h, w, 2] if all were the head; h; k."""
        window, size = positions.target_window, (positions.places.shape[0], positions.places.shape[1])
        x = window.left + (np.arange(size[1]) + 0.5) * window.width / size[1] - 0.5
        y = window.top + (np.arange(size[0]) + 0.5) * window.height / size[0] - 0.5
        places = self.fit.source_centre + (x + 1j * y[:, np.newaxis] - self.fit.centre) / self.fit.factor
        apart = smooth_step(abs(positions.places @ [1, 1j] - places) / self.size, *_APART)
        around, up = self._around(places)
        parts = Window.whole(self.parts.shape).crop_classes(self.parts, size)
        alone = np.isin(parts, _HEAD_OR_NOBODY)
        around = around * ~np.isin(parts, _ARMS)
        weights = (
            around * smooth_step(up, *_NECK) * np.where(alone, 1.0, apart),
            around * smooth_step(up, *_CHIN) * alone,
        )
        return np.stack([places.real, places.imag], axis=-1), *(weight.astype(np.float32) for weight in weights)

    def _around(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of complex places [h, w] of the photo: how far they may be of the head, and how high above the neck."""
        neck, face = self.source[NECK] @ [1, 1j], np.nanmean(self.source[JOINTS_OF_FACE], axis=0) @ [1, 1j]
        axis = (face - neck) / abs(face - neck) if face != neck else -1j
        offset = (places - neck) / (axis * self.size)
        up, aside = offset.real, abs(offset.imag)
        height, width = self.photo_size
        x, y = places.real, places.imag
        inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        arm = np.full(places.shape, np.inf)
        for side in ('right', 'left'):
            shoulder, elbow, wrist = (
                self.source[JOINT_NAMES.index(f'{side}_{name}')] for name in ('shoulder', 'elbow', 'wrist')
            )
            for start, end in ((shoulder, elbow), (elbow, wrist + _HAND * (wrist - elbow))):
                if not np.isnan(start + end).any():
                    arm = np.minimum(arm, segment_distance(x, y, start, end) / self.size)
        of_head = np.hypot(aside / _WIDTH, (up - _MIDDLE) / _HEIGHT) < 1
        free = np.where(of_head, 1.0, smooth_step(arm, *_ARM))
        return inside * free * smooth_step(up, *_ABOVE) * smooth_step(aside, *_ASIDE), up
