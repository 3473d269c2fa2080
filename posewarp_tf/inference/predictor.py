"""Re-poses one's own pictures with a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from posewarp_tf.inference.checks import (
    Context,
    checked_image,
    checked_pose,
    picture_size,
)
from posewarp_tf.inference.model_calls import Arrays, ModelCalls
from posewarp_tf.inference.options import DEFAULTS, PhotoOptions
from posewarp_tf.inference.prediction import Prediction, resize_smoothly
from posewarp_tf.photos.windows import Window
from posewarp_tf.poses.keypoint_frame import KeypointFrame

if TYPE_CHECKING:
    from posewarp_tf.detection.estimator import PoseEstimator
    from posewarp_tf.inference.photo_parts import Reposed
    from posewarp_tf.inference.transfer import Picture


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


class Predictor(ModelCalls):
    """A trained model that takes pictures and keypoints as people have them.

        predictor = Predictor()
        photo = predictor.transfer('me.jpg', 'dancer.jpg').image
        prediction = predictor.predict(source_image, source_keypoints, target_keypoints)

    Attributes:
        run_dir: the run folder.
        model_config: what the networks are.
        class_maps: names of the maps of classes that the model needs, such as 'source_garment'.
        takes_context: whether it can place the person into a given picture.
        image_size: height and width that the model works at.
        fingerprint: of the weights and the precision.
        person_frame: how people stand in the pictures of the training (photos/person_frame.py).

    Args:
        run_dir: a run folder; nothing else is needed. None: the starter, which comes with posewarp_tf.
        checkpoint: 'best' or 'latest'.
        precision: what the networks compute in: 'float32', 'bfloat16', 'float16', or 'auto', the fastest here.

    Raises:
        RunError: not a run folder (or no starter in this installation), its last stage is not trained, or weights that
            cannot be read.
    """

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

    def transfer(
        self,
        photo: Picture,
        pose: Picture,
        options: PhotoOptions = DEFAULTS,
        estimator: PoseEstimator | None = None,
    ) -> Reposed:
        """The person of a photo in the pose of another one, at the photo's own resolution.

        Args:
            photo: a path or URL, or uint8 [H, W, 3] RGB; joints are found in it.
            pose: a photo of somebody in the pose, as a path, URL or uint8 [h, w, 3]; or the path of a pose file; or
                joints [18, 2] in pixels of a picture of the photo's size.
            options: what is done around the model (inference/options.py).
            estimator: what finds joints; None: BlazePose, whose networks are fetched once.

        Raises:
            DataError: nobody is found, a file cannot be read, or the model needs maps of classes (`predict`).
            ConfigError: the extra `pose` is not installed.
        """
        from posewarp_tf.inference.transfer import transfer

        return transfer(self, photo, pose, options, estimator)

    def prepare(
        self,
        source_image: np.ndarray,
        source_keypoints: np.ndarray,
        class_maps: Arrays | None = None,
    ) -> Source:
        """What `repose` needs of a person, made once for many poses; arguments and errors as of `predict`."""
        image = checked_image(source_image)
        frame = KeypointFrame(*picture_size(image))
        pose = checked_pose(source_keypoints, 'source_keypoints', frame)
        raw = self.source_inputs(image, pose, class_maps)
        return Source(image, frame.to_pixels(pose, picture_size(image)), raw, self.start(raw))

    def repose(
        self,
        source: Source,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int] | None = None,
        class_maps: Arrays | None = None,
        context: Context | None = None,
    ) -> Prediction:
        """A prepared person in the target pose; arguments and errors as of `predict`."""
        size = picture_size(source.image if context is None else context.image)
        frame = KeypointFrame(*(target_size or size))
        pose = frame.to_pixels(checked_pose(target_keypoints, 'target_keypoints', frame), size)
        answer = self.step(source.state, self.target_inputs(pose, Window.whole(size), class_maps, context=context))
        return Prediction(
            image=resize_smoothly(answer['image'], size),
            motions=answer['motions'],
            extras=self.extras(answer),
            source_image=source.image,
            source_keypoints=source.keypoints,
            target_keypoints=pose,
            moved={role: source.raw[f'{role}_image'] for role in answer['motions']},
            declared=self.model_config.outputs,
        )
