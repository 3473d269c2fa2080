"""Re-poses one's own pictures with a trained model."""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from posewarp_tf import ops
from posewarp_tf.errors import RunError
from posewarp_tf.inference.checks import (
    Context,
    checked_image,
    checked_map,
    checked_pose,
    picture_size,
    require_maps,
    require_takes_context,
    resize_classes,
)
from posewarp_tf.inference.prediction import Prediction, resize_smoothly
from posewarp_tf.models.inputs import make_model_inputs, raw_input_specs
from posewarp_tf.pictures import drawing
from posewarp_tf.pictures.picture_files import resize_image
from posewarp_tf.poses.keypoint_frame import KeypointFrame
from posewarp_tf.runs.run_folder import RunFolder


class Source(NamedTuple):
    """A person, ready for any number of poses: as given, and what the model takes of it."""

    image: np.ndarray
    keypoints: np.ndarray
    raw: dict[str, np.ndarray]


class Predictor:
    """A trained model that takes pictures and keypoints as people have them.

        predictor = Predictor('runs/quickstart')
        prediction = predictor.predict(source_image, source_keypoints, target_keypoints)

    Attributes:
        model_config: what the networks are.
        class_maps: names of the maps of classes that the model needs, such as 'source_garment'.
        takes_context: whether it can place the person into a given picture.
        image_size: height and width that the model works at.
        fingerprint: of the weights.

    Args:
        run_dir: a run folder; nothing else is needed.
        checkpoint: 'best' or 'latest'.

    Raises:
        RunError: not a run folder, its last stage is not trained, or weights that cannot be read.
    """

    def __init__(self, run_dir: str | os.PathLike, checkpoint: str = 'best'):
        run = RunFolder(run_dir)
        config = run.load_config()
        self._model = run.load_model(which=checkpoint)
        path = run.checkpoint_path(self._model.stages, checkpoint)
        stage = run.stage_of(path)
        if stage not in self._model.complete_stages:
            raise RunError(
                f'{run.path}: only the stage {stage!r} is trained, which makes no pictures: '
                f'train {self._model.complete_stages[0]!r} too'
            )
        self.fingerprint = _fingerprint(path)
        self._config = config
        self.model_config = config.model
        self.image_size = config.model.image_size
        specs = raw_input_specs(config, batch_size=1)
        self._check_poses(specs, run)
        self.class_maps = config.model.class_maps
        self.takes_context = config.model.takes_context
        context_specs = {
            'context_image': tf.TensorSpec([1, *self.image_size, 3], tf.uint8),
            'context_mask': tf.TensorSpec([1, *self.image_size], tf.uint8),
        }
        self._answer = tf.function(self._run, [specs])
        self._answer_in_context = tf.function(self._run, [{**specs, **context_specs}])

    def predict(
        self,
        source_image: np.ndarray,
        source_keypoints: np.ndarray,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int] | None = None,
        class_maps: Mapping[str, np.ndarray] | None = None,
        context: Context | None = None,
    ) -> Prediction:
        """The person of `source_image` in the target pose.

        The picture is squashed to the model's size, as in training, and the answer is stretched back.

        Args:
            source_image: uint8 [H, W, 3] RGB, any size.
            source_keypoints: [18, 2] (x, y) in pixels of the source image; a missing joint is (-1, -1).
            target_keypoints: [18, 2] (x, y) in pixels of a picture of `target_size`.
            target_size: (height, width) of the picture that the target pose is from; None: as the context's picture, or
                as the source image.
            class_maps: by the names in `self.class_maps`, uint8 [H, W] of conventions.PART_NAMES or GARMENT_NAMES,
                each of any size, covering the whole picture.
            context: puts the person into this picture; the answer then has its size.

        Raises:
            DataError: a wrong type or shape, a value that is not finite, a pose without joints, a pose that does not
                lie in its picture, a map that is missing, or a map or context that the model does not take.
        """
        class_maps = dict(class_maps or {})
        target_maps = {name: class_maps.pop(name) for name in list(class_maps) if name.startswith('target_')}
        source = self.prepare(source_image, source_keypoints, class_maps)
        return self.repose(source, target_keypoints, target_size, target_maps, context)

    def prepare(
        self,
        source_image: np.ndarray,
        source_keypoints: np.ndarray,
        class_maps: Mapping[str, np.ndarray] | None = None,
    ) -> Source:
        """What `repose` needs of a person, made once for many poses; arguments and errors as of `predict`."""
        image = checked_image(source_image)
        frame = KeypointFrame(*picture_size(image))
        pose = checked_pose(source_keypoints, 'source_keypoints', frame)
        raw = {
            'source_image': resize_image(image, self.image_size),
            'source_keypoints': frame.to_pixels(pose, self.image_size),
            **self._checked_maps(class_maps or {}, 'source_'),
        }
        return Source(image, frame.to_pixels(pose, picture_size(image)), raw)

    def repose(
        self,
        source: Source,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int] | None = None,
        class_maps: Mapping[str, np.ndarray] | None = None,
        context: Context | None = None,
    ) -> Prediction:
        """A prepared person in the target pose; arguments and errors as of `predict`."""
        if context is not None:
            require_takes_context(self.model_config)
        size = picture_size(source.image if context is None else context.image)
        frame = KeypointFrame(*(target_size or size))
        pose = checked_pose(target_keypoints, 'target_keypoints', frame)
        raw = {
            **source.raw,
            'target_keypoints': frame.to_pixels(pose, self.image_size),
            **self._checked_maps(class_maps or {}, 'target_'),
        }
        answer_function = self._answer
        if context is not None:
            raw['context_image'] = resize_image(context.image, self.image_size)
            raw['context_mask'] = resize_classes(context.mask, self.image_size)
            answer_function = self._answer_in_context
        answer = answer_function({name: tf.constant(array[np.newaxis]) for name, array in raw.items()})
        answer = tf.nest.map_structure(lambda tensor: tensor.numpy()[0], answer)
        return Prediction(
            image=resize_smoothly(answer['image'], size),
            warped=self._warped(raw['source_image'], answer['flows'], size),
            flows=tuple(answer['flows']),
            masks=tuple(answer['masks']),
            source_image=source.image,
            source_keypoints=source.keypoints,
            target_keypoints=frame.to_pixels(pose, size),
            garment=answer.get('garment'),
            composition_mask=answer.get('composition_mask'),
        )

    def _run(self, raw: dict[str, tf.Tensor]) -> dict[str, Any]:
        inputs = make_model_inputs(raw, self._config)
        if 'context_image' in raw:
            inputs['context_image'] = ops.to_float_image(raw['context_image'])
            inputs['context_mask'] = tf.cast(raw['context_mask'], tf.float32)[..., tf.newaxis]
        outputs = self._model(inputs)
        answer = {
            'image': ops.to_uint8_image(outputs['image']),
            'flows': list(outputs['flows']),
            'masks': list(outputs['masks']),
        }
        if 'garment' in outputs:
            answer['garment'] = tf.cast(tf.argmax(outputs['garment'], axis=-1), tf.uint8)
        if 'composition_mask' in outputs:
            answer['composition_mask'] = outputs['composition_mask']
        return answer

    def _warped(self, source_image: np.ndarray, flows: list[np.ndarray], size: tuple[int, int]) -> np.ndarray | None:
        if not flows:
            return None
        warped, _ = drawing.warp_to_full_size(ops.to_float_image(source_image).numpy(), flows[-1])
        return resize_smoothly(ops.to_uint8_image(warped).numpy(), size)

    def _checked_maps(self, class_maps: Mapping[str, np.ndarray], side: str) -> dict[str, np.ndarray]:
        """Exactly the maps that the model takes of one side ('source_' or 'target_'), at its size."""
        require_maps(class_maps, self.model_config, side)
        return {
            name: resize_classes(checked_map(classes, name), self.image_size) for name, classes in class_maps.items()
        }

    def _check_poses(self, specs: dict[str, tf.TensorSpec], run: RunFolder) -> None:
        """A model may have been trained on poses that `make_model_inputs` does not make."""
        make = tf.function(lambda raw: make_model_inputs(raw, self._config))
        made = make.get_concrete_function(specs).structured_outputs['target_pose'].shape[-1]
        expected = self.model_config.pose_channels
        if made != expected:
            raise RunError(f'{run.config_path}: a model of poses with {expected} channels, expected {made}')


def _fingerprint(checkpoint_path: str) -> str:
    # The index holds a checksum of every weight.
    return hashlib.sha256(pathlib.Path(checkpoint_path + '.index').read_bytes()).hexdigest()
