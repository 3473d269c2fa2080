"""Re-poses one's own pictures with a trained model."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from posewarp_tf import ops, visualize
from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.data.frames import KeypointFrame
from posewarp_tf.data.images import resize_image
from posewarp_tf.data.model_inputs import make_model_inputs, raw_input_specs
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.training.run_folder import RunFolder

# More joints than this part outside of the picture, or one further out than this part of its size, mean that the
# keypoints belong to another picture; less is a pose that is cut off by the border.
_MAX_OUTSIDE = 0.25
_MAX_DISTANCE = 0.5


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A re-posed picture and how it came about.

    image: uint8 [H, W, 3], the person in the target pose, of the source picture's size.
    warped: uint8 [H, W, 3], the source moved by the finest flow alone; None for a model without flows.
    flows: coarse first, float32 [h, w, 2], backward, in pixels of their own maps (conventions.py).
    masks: coarse first, float32 [h, w, 1]: 1 = warped source, 0 = invented.
    source_image: uint8 [H, W, 3], as given.
    source_keypoints, target_keypoints: float32 [18, 2] in pixels of these pictures, missing (and outside) -1.
    """

    image: np.ndarray
    warped: np.ndarray | None
    flows: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    source_image: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray

    def pictures(self) -> dict[str, np.ndarray]:
        """What there is to look at, each uint8 [H, W, 3]; warped, flow and mask only where the model has them."""
        height, width = self.image.shape[:2]
        found = {
            'source_pose': visualize.draw_skeleton(self.source_image, self.source_keypoints),
            'target_pose': visualize.draw_skeleton(np.zeros_like(self.image), self.target_keypoints),
            'generated': self.image,
        }
        if self.warped is not None:
            found['warped'] = self.warped
            found['flow'] = _resize_smoothly(visualize.flow_to_color(self.flows[-1]), (height, width))
            found['mask'] = _resize_smoothly(visualize.mask_to_gray(self.masks[-1]), (height, width))
        return found


class Predictor:
    """A trained model that takes pictures and keypoints as people have them.

        predictor = Predictor('runs/quickstart')
        prediction = predictor.predict(source_image, source_keypoints, target_keypoints)

    Args:
        run_dir: a run folder; nothing else is needed.
        checkpoint: 'best' or 'latest'.

    Raises:
        RunError: not a run folder, nothing trained in it but the flows, or weights that cannot be read.
    """

    def __init__(self, run_dir: str | os.PathLike, checkpoint: str = 'best'):
        run = RunFolder(run_dir)
        config = run.load_config()
        if config.model.pose_channels != NUM_JOINTS:
            raise RunError(
                f'{run.config_path}: a model of poses with {config.model.pose_channels} channels, expected {NUM_JOINTS}'
            )
        self._model = run.load_model(which=checkpoint)
        stage = run.stage_of(run.checkpoint_path(self._model.stages, checkpoint))
        if stage != self._model.stages[-1]:
            raise RunError(
                f'{run.path}: only the stage {stage!r} is trained, which makes no pictures: '
                f'train {self._model.stages[-1]!r} too'
            )
        self._config = config
        self._size = config.model.image_size
        self._answer = tf.function(self._run, [raw_input_specs(config, batch_size=1)])

    def predict(
        self,
        source_image: np.ndarray,
        source_keypoints: np.ndarray,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int] | None = None,
    ) -> Prediction:
        """The person of `source_image` in the target pose.

        The picture is squashed to the model's size, as in training, and the answer is stretched back.

        Args:
            source_image: uint8 [H, W, 3] RGB, any size.
            source_keypoints: [18, 2] (x, y) in pixels of the source image; a missing joint is (-1, -1).
            target_keypoints: [18, 2] (x, y) in pixels of a picture of `target_size`.
            target_size: (height, width) of the picture that the target pose is from; None: as the source image.

        Raises:
            DataError: a wrong type or shape, a value that is not finite, a pose without joints, or a pose that
                does not lie in its picture.
        """
        source_image = _checked_image(source_image)
        height, width = source_image.shape[:2]
        size = (height, width)
        source_frame, target_frame = KeypointFrame(*size), KeypointFrame(*(target_size or size))
        source_pose = _checked_pose(source_keypoints, 'source_keypoints', source_frame)
        target_pose = _checked_pose(target_keypoints, 'target_keypoints', target_frame)
        squashed = resize_image(source_image, self._size)
        raw = {
            'source_image': squashed,
            'source_keypoints': source_frame.to_pixels(source_pose, self._size),
            'target_keypoints': target_frame.to_pixels(target_pose, self._size),
        }
        answer = self._answer({name: tf.constant(array[np.newaxis]) for name, array in raw.items()})
        answer = tf.nest.map_structure(lambda tensor: tensor.numpy()[0], answer)
        warped = None
        if answer['flows']:
            warped_image, _ = visualize.warp_to_full_size(ops.to_float_image(squashed).numpy(), answer['flows'][-1])
            warped = _resize_smoothly(ops.to_uint8_image(warped_image).numpy(), size)
        return Prediction(
            image=_resize_smoothly(answer['image'], size),
            warped=warped,
            flows=tuple(answer['flows']),
            masks=tuple(answer['masks']),
            source_image=source_image,
            source_keypoints=source_frame.to_pixels(source_pose, size),
            target_keypoints=target_frame.to_pixels(target_pose, size),
        )

    def _run(self, raw: dict[str, tf.Tensor]) -> dict[str, Any]:
        outputs = self._model(make_model_inputs(raw, self._config))
        return {
            'image': ops.to_uint8_image(outputs['image']),
            'flows': list(outputs['flows']),
            'masks': list(outputs['masks']),
        }


def _checked_image(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise DataError(f'source_image: got {image.dtype} {list(image.shape)}, expected uint8 [H, W, 3]')
    return image


def _checked_pose(keypoints: np.ndarray, name: str, frame: KeypointFrame) -> np.ndarray:
    """float32 [18, 2] with at least one joint inside the frame, in its pixels."""
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.shape != (NUM_JOINTS, 2):
        raise DataError(f'{name}: got shape {list(keypoints.shape)}, expected [{NUM_JOINTS}, 2]')
    if not np.isfinite(keypoints).all():
        joint = int(np.argmin(np.isfinite(keypoints).all(axis=-1)))
        raise DataError(
            f'{name}: joint {joint}: got {keypoints[joint].tolist()}, expected finite numbers, -1 if missing'
        )
    present = keypoints[np.any(keypoints != MISSING, axis=-1)]
    if not len(present):
        raise DataError(f'{name}: all {NUM_JOINTS} joints are missing (-1), expected a pose')
    _check_place(present, name, frame)
    return keypoints


def _check_place(present: np.ndarray, name: str, frame: KeypointFrame) -> None:
    """A pose in the pixels of another picture is the commonest mistake, and no network can tell."""
    extent = np.array([frame.width, frame.height], np.float32)
    outside = np.maximum(np.maximum(-present, present - extent) / extent, 0.0).max(axis=-1)
    (left, top), (right, bottom) = present.min(axis=0), present.max(axis=0)
    place = f'x is in {left:g}..{right:g}, y in {top:g}..{bottom:g}'
    if np.mean(outside > 0) > _MAX_OUTSIDE or outside.max() > _MAX_DISTANCE:
        raise DataError(
            f'{name}: {np.count_nonzero(outside)} of {len(present)} joints lie outside of the picture of '
            f'{frame.height:g}x{frame.width:g} (height x width); {place}. If they are from another picture, give its '
            f'size: target_size, on the command line --target_image_size=height,width'
        )
    if present.max() <= 1.0:
        raise DataError(f'{name}: {place}: expected pixels of the picture, not parts of its size')


def _resize_smoothly(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.LANCZOS))
