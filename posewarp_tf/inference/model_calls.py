"""The network of a run folder, called with pictures and joints as people have them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import MISSING
from posewarp_tf.inference.checks import Context, checked_map, picture_size, require_maps, require_takes_context
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.photos.windows import Window
from posewarp_tf.poses.keypoint_frame import KeypointFrame
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.runs.starter import starter_folder

Arrays = Mapping[str, np.ndarray]

# All of a picture, in parts of it.
_WHOLE = Window(0.0, 0.0, 1.0, 1.0)


class ModelCalls:
    """What the network takes of the source and of the target side, made of windows of pictures; and its answers.

    Attributes and arguments are those of `Predictor`.
    """

    def __init__(self, run_dir: str | os.PathLike | None = None, checkpoint: str = 'best', precision: str = 'float32'):
        folder = starter_folder() if run_dir is None else run_dir
        RunFolder(folder).load_config_of('pictures')
        self._reposer = reposer = Reposer(folder, checkpoint, precision=precision)
        self.run_dir = reposer.run.path
        self.fingerprint = reposer.fingerprint
        self.model_config = reposer.config.model
        self.image_size = self.model_config.image_size
        self.class_maps = self.model_config.class_maps
        self.takes_context = self.model_config.takes_context
        self.person_frame = reposer.run.person_frame()
        self._whole = tf.function(reposer, autograph=False)
        self._start = tf.function(reposer.start, autograph=False)
        self._step = tf.function(reposer.step, autograph=False)

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
        """As `step`, for several pairs; `inputs` are those of source and target together.

        Those that give the same inputs go through the network together, `batch_size` at once; fewer are filled up, as
        the network is made for each size anew.
        """
        found: dict[int, dict[str, Any]] = {}
        for names in {frozenset(one) for one in inputs}:
            alike = [number for number, one in enumerate(inputs) if frozenset(one) == names]
            for first in range(0, len(alike), batch_size):
                numbers = alike[first : first + batch_size]
                filled = [*numbers, *[numbers[-1]] * (batch_size - len(numbers))]
                answers = _unstacked(self._whole(_batch_of([inputs[number] for number in filled])))
                found.update(zip(numbers, answers))
        return [found[number] for number in range(len(inputs))]

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
