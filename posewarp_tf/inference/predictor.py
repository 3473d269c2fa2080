"""Re-poses one's own pictures with a trained model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import MISSING
from posewarp_tf.inference.checks import (
    Context,
    checked_image,
    checked_map,
    checked_pose,
    picture_size,
    require_maps,
    require_takes_context,
)
from posewarp_tf.inference.options import DEFAULTS, PhotoOptions
from posewarp_tf.inference.prediction import Prediction, resize_smoothly
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.photos.windows import Window
from posewarp_tf.poses.keypoint_frame import KeypointFrame

if TYPE_CHECKING:
    from posewarp_tf.detection.estimator import PoseEstimator
    from posewarp_tf.inference.photo import Reposed
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


Arrays = Mapping[str, np.ndarray]

# All of a picture, in parts of it.
_WHOLE = Window(0.0, 0.0, 1.0, 1.0)


class Predictor:
    """A trained model that takes pictures and keypoints as people have them.

        predictor = Predictor('runs/quickstart')
        photo = predictor.transfer('me.jpg', 'dancer.jpg').image
        prediction = predictor.predict(source_image, source_keypoints, target_keypoints)

    Attributes:
        model_config: what the networks are.
        class_maps: names of the maps of classes that the model needs, such as 'source_garment'.
        takes_context: whether it can place the person into a given picture.
        image_size: height and width that the model works at.
        fingerprint: of the weights.
        person_frame: how people stand in the pictures of the training (photos/person_frame.py).

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
        self.person_frame = reposer.run.person_frame()
        self._whole = tf.function(reposer, autograph=False)
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

    def source_inputs(
        self,
        image: np.ndarray,
        keypoints: np.ndarray,
        class_maps: Arrays | None = None,
        window: Window | None = None,
    ) -> dict[str, np.ndarray]:
        """What the model takes of the source side, at its size.

        Args:
            image: uint8 [H, W, 3].
            keypoints: [18, 2] in pixels of the image.
            class_maps: those of the source side, uint8 [h, w] of any size, covering the whole image.
            window: the part of the image that the model sees; None: all of it.

        Raises:
            DataError: maps are missing, or the model takes no such map.
        """
        height, width = picture_size(image)
        window = window or Window.whole((height, width))
        return {
            'source_image': window.crop(image, self.image_size),
            'source_keypoints': _in_window(keypoints, window, self.image_size),
            **self._checked_maps(class_maps or {}, 'source_', window.scaled(1 / width, 1 / height)),
        }

    def target_inputs(
        self,
        keypoints: np.ndarray,
        window: Window,
        class_maps: Arrays | None = None,
        maps_part: Window = _WHOLE,
        context: Context | None = None,
    ) -> dict[str, np.ndarray]:
        """What the model takes of the target side, at its size.

        Args:
            keypoints: [18, 2] in pixels of the picture to make.
            window: the part of that picture that the model makes.
            class_maps: those of the target side, uint8 [h, w] of any size.
            maps_part: the part of them that shows the window, in 0 to 1.
            context: puts the person into this picture, which then is the one to make.

        Raises:
            DataError: maps are missing, or the model does not take what is given.
        """
        raw = {
            'target_keypoints': _in_window(keypoints, window, self.image_size),
            **self._checked_maps(class_maps or {}, 'target_', maps_part),
        }
        if context is not None:
            require_takes_context(self.model_config)
            raw['context_image'] = window.crop(context.image, self.image_size)
            raw['context_mask'] = window.crop_classes(context.mask, self.image_size)
        return raw

    def start(self, source_inputs: Arrays) -> dict[str, Any]:
        """What the network makes of one source whatever the pose."""
        return self._start(_batch_of([source_inputs]))

    def step(self, state: Mapping[str, Any], target_inputs: Arrays) -> dict[str, Any]:
        """The model's answer (`Reposer.__call__`) to one pose of one source, as NumPy arrays without a batch."""
        return _unstacked(self._step(state, _batch_of([target_inputs])))[0]

    def answers(self, inputs: Sequence[Arrays], batch_size: int) -> list[dict[str, Any]]:
        """As `step`, for several pairs at once; `inputs` are those of source and target together.

        Fewer pairs than `batch_size` are filled up, since the network is made for each size anew.
        """
        filled = [*inputs, *[inputs[-1]] * (batch_size - len(inputs))]
        return _unstacked(self._whole(_batch_of(filled)))[: len(inputs)]

    def extras(self, answer: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The outputs beside image and motions that the model declares."""
        return {output.name: answer[output.name] for output in self.model_config.outputs}

    def _checked_maps(self, class_maps: Arrays, side: str, part: Window) -> dict[str, np.ndarray]:
        """Exactly the maps that the model takes of one side ('source_' or 'target_'), a part of them, at its size."""
        require_maps(class_maps, self.model_config, side)
        found = {}
        for name, classes in class_maps.items():
            height, width = picture_size(checked_map(classes, name))
            found[name] = part.scaled(width, height).crop_classes(classes, self.image_size)
        return found


def _in_window(keypoints: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """Joints of a picture in pixels of a map of `size` of a window of it: by the formula of the training's pictures."""
    missing = np.all(keypoints == MISSING, axis=-1, keepdims=True)
    shifted = np.where(missing, MISSING, keypoints - np.array([window.left, window.top], np.float32))
    return KeypointFrame(window.height, window.width).to_pixels(shifted, size)


def _batch_of(inputs: Sequence[Arrays]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(np.stack([one[name] for one in inputs])) for name in inputs[0]}


def _unstacked(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The answers of a batch one by one."""
    arrays = tf.nest.map_structure(lambda tensor: tensor.numpy(), answer)
    count = len(arrays['image'])
    return [tf.nest.map_structure(lambda array, i=i: array[i], arrays) for i in range(count)]
