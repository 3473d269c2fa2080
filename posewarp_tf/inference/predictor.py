"""Re-poses one's own pictures with a trained model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from posewarp_tf.inference.checks import (
    Context,
    checked_image,
    checked_map,
    checked_pose,
    picture_size,
    require_maps,
    require_takes_context,
)
from posewarp_tf.inference.prediction import Prediction, resize_smoothly
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.pictures.picture_files import resize_image, resize_nearest
from posewarp_tf.poses.keypoint_frame import KeypointFrame


class Source(NamedTuple):
    """A person, ready for any number of poses.

    image, keypoints: as given, in pixels of the picture.
    raw: what the model takes of it.
    state: what the network makes of it whatever the pose.
    """

    image: np.ndarray
    keypoints: np.ndarray
    raw: dict[str, np.ndarray]
    state: dict[str, Any]


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
        self._reposer = reposer = Reposer(run_dir, checkpoint)
        self.fingerprint = reposer.fingerprint
        self.model_config = reposer.config.model
        self.image_size = self.model_config.image_size
        self.class_maps = self.model_config.class_maps
        self.takes_context = self.model_config.takes_context
        self._start = tf.function(reposer.start, autograph=False)
        self._step = tf.function(reposer.step, autograph=False)

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
        return Source(image, frame.to_pixels(pose, picture_size(image)), raw, self._start(_batch_of_one(raw)))

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
            'target_keypoints': frame.to_pixels(pose, self.image_size),
            **self._checked_maps(class_maps or {}, 'target_'),
        }
        if context is not None:
            raw['context_image'] = resize_image(context.image, self.image_size)
            raw['context_mask'] = resize_nearest(context.mask, self.image_size)
        answer = self._step(source.state, _batch_of_one(raw))
        answer = tf.nest.map_structure(lambda tensor: tensor.numpy()[0], answer)
        return Prediction(
            image=resize_smoothly(answer['image'], size),
            motions=answer['motions'],
            extras={output.name: answer[output.name] for output in self.model_config.outputs},
            source_image=source.image,
            source_keypoints=source.keypoints,
            target_keypoints=frame.to_pixels(pose, size),
            moved={role: source.raw[f'{role}_image'] for role in answer['motions']},
            declared=self.model_config.outputs,
        )

    def _checked_maps(self, class_maps: Mapping[str, np.ndarray], side: str) -> dict[str, np.ndarray]:
        """Exactly the maps that the model takes of one side ('source_' or 'target_'), at its size."""
        require_maps(class_maps, self.model_config, side)
        return {
            name: resize_nearest(checked_map(classes, name), self.image_size) for name, classes in class_maps.items()
        }


def _batch_of_one(raw: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(array[np.newaxis]) for name, array in raw.items()}
