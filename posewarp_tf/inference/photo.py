"""Re-poses the person of a photo, at the photo's own resolution.

joints -> window around the person -> model -> the photo's own pixels where the flow can be trusted -> background
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf.inference.checks import Context, checked_image, checked_pose, picture_size
from posewarp_tf.inference.composing import composed
from posewarp_tf.inference.options import DEFAULTS, PhotoOptions
from posewarp_tf.inference.photo_parts import PhotoPerson, Pose, Reposed
from posewarp_tf.inference.placement import Placement, windows_of_sequence
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.models.outputs import silhouette_name
from posewarp_tf.photos.cutout import before_white, shows_body
from posewarp_tf.photos.person_frame import framing
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.keypoint_frame import KeypointFrame

Arrays = Mapping[str, np.ndarray]

_MAX_STRETCH = 1.2  # people look odd from here on


class PhotoReposer:
    """Re-poses people of photos.

    Args:
        predictor: the model.
        options: what is done around it.
    """

    def __init__(self, predictor: Predictor, options: PhotoOptions = DEFAULTS):
        self._predictor, self.options = predictor, options

    def person(
        self,
        photo: np.ndarray,
        keypoints: np.ndarray,
        class_maps: Arrays | None = None,
        mask: np.ndarray | None = None,
        others: np.ndarray | None = None,
    ) -> PhotoPerson:
        """The person of a photo.

        Args:
            photo: uint8 [H, W, 3].
            keypoints: [18, 2] in its pixels.
            class_maps: as of `Predictor.predict`, those of the source side.
            mask, others: as of `PhotoPerson`.

        Raises:
            DataError: as of `Predictor.predict`.
        """
        size = picture_size(checked_image(photo))
        pose = checked_pose(keypoints, 'source_keypoints', KeypointFrame(*size))
        whole_mask = None if mask is None else resize_float(np.asarray(mask, np.float32), size)
        window = Window.whole(size)
        if self.options.framing == 'person':
            window = framing(size, pose, self._predictor.person_frame, whole_mask)
        seen = photo
        if whole_mask is not None and self._shows_alone(whole_mask, pose):
            seen = before_white(photo, whole_mask)
        inputs = self._predictor.source_inputs(seen, pose, class_maps, window)
        return PhotoPerson(photo, pose, mask, others, window, inputs, before_white=seen is not photo)

    def _shows_alone(self, mask: np.ndarray, keypoints: np.ndarray) -> bool:
        """Whether the model sees the person before white.

        Only one that says where the person is: white that others make cannot be told from the person.
        """
        has_silhouette = silhouette_name(self._predictor.model_config.outputs) is not None
        return self.options.background != 'model' and has_silhouette and shows_body(mask, keypoints)

    def pose(
        self,
        person: PhotoPerson,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int] | None = None,
        class_maps: Arrays | None = None,
        context: Context | None = None,
    ) -> Pose:
        """One pose for a person; arguments and errors as of `Predictor.predict`."""
        size = picture_size(person.photo if context is None else context.image)
        target_size = target_size or size
        frame = KeypointFrame(*target_size)
        target = checked_pose(target_keypoints, 'target_keypoints', frame)
        if self.options.framing == 'whole' and self.options.retarget == 'none':
            # Squashed as the photo is.
            keypoints, window = frame.to_pixels(target, size), Window.whole(size)
            inputs = self._predictor.target_inputs(keypoints, window, class_maps, context=context)
            return Pose(keypoints, window, inputs, context)
        mode = self.options.retarget if context is None else 'none'
        placement = Placement(person.keypoints, target, target_size, size, mode, self._head(class_maps))
        return self._placed(person, placement(target), placement, class_maps, context)

    def _head(self, class_maps: Arrays | None) -> str:
        """Of the options; maps of the target show the target's head."""
        return 'pose' if class_maps else self.options.head

    def _placed(
        self,
        person: PhotoPerson,
        keypoints: np.ndarray,
        placement: Placement,
        class_maps: Arrays | None = None,
        context: Context | None = None,
        window: Window | None = None,
    ) -> Pose:
        """A pose that stands in the picture to make already, in pixels of it; `window` if not around it."""
        size = picture_size(person.photo if context is None else context.image)
        if window is None:
            is_whole = self.options.framing == 'whole'
            window = Window.whole(size) if is_whole else framing(size, keypoints, self._predictor.person_frame)
        part = placement.part_of_target(window) if class_maps else Window(0.0, 0.0, 1.0, 1.0)
        inputs = self._predictor.target_inputs(keypoints, window, class_maps, part, context)
        return Pose(keypoints, window, inputs, context)

    def poses(
        self,
        person: PhotoPerson,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int],
        class_maps: Sequence[Arrays],
    ) -> list[Pose]:
        """The poses of a sequence: all placed by the same rule, in windows of one size.

        Args:
            target_keypoints: [frames, 18, 2] in pixels of pictures of `target_size`, every frame with a joint.
            class_maps: of each frame.

        Raises:
            DataError: as of `pose`.
        """
        size, frame = picture_size(person.photo), KeypointFrame(*target_size)
        targets = [checked_pose(keypoints, 'target_keypoints', frame) for keypoints in target_keypoints]
        if self.options.framing == 'whole' and self.options.retarget == 'none':
            if not 1 / _MAX_STRETCH < target_size[0] * size[1] / (target_size[1] * size[0]) < _MAX_STRETCH:
                print(f'note: poses of {target_size[0]}x{target_size[1]} are stretched to the shape of the photo')
            return [self.pose(person, target, target_size, maps) for target, maps in zip(targets, class_maps)]
        modes = self.options.retarget, self._head(class_maps[0] if class_maps else None)
        placement = Placement(person.keypoints, np.stack(targets), target_size, size, *modes)
        print(placement.words)
        placed = [placement(target) for target in targets]
        windows = [Window.whole(size)] * len(placed)
        if self.options.framing == 'person':
            windows = windows_of_sequence(size, placed, self._predictor.person_frame)
        return [
            self._placed(person, keypoints, placement, maps, window=window)
            for keypoints, maps, window in zip(placed, class_maps, windows)
        ]

    @property
    def fingerprint(self) -> str:
        """Of the model's weights."""
        return self._predictor.fingerprint

    def start(self, person: PhotoPerson) -> dict[str, Any]:
        """What the network makes of a person whatever the pose, for `repose`."""
        return self._predictor.start(person.inputs)

    def repose(self, person: PhotoPerson, state: Mapping[str, Any], pose: Pose) -> Reposed:
        """A person in one of many poses; `state` is from `start`."""
        return self.finish(person, pose, self._predictor.step(state, pose.inputs))

    def repose_all(self, pairs: Sequence[tuple[PhotoPerson, Pose]], batch_size: int) -> list[Reposed]:
        """Several people, each in a pose, at most `batch_size` at once."""
        return [self.finish(*pair, answer) for pair, answer in zip(pairs, self.answers(pairs, batch_size))]

    def answers(self, pairs: Sequence[tuple[PhotoPerson, Pose]], batch_size: int) -> list[dict[str, Any]]:
        """What the network makes of several people, each in a pose; `finish` makes the photos of it, one by one."""
        return self._predictor.answers([{**person.inputs, **pose.inputs} for person, pose in pairs], batch_size)

    def finish(self, person: PhotoPerson, pose: Pose, answer: Mapping[str, Any]) -> Reposed:
        """The whole photo with the network's answer in it.

        Raises:
            DataError: the answer's flow is not finite.
        """
        return composed(self._predictor, self.options, person, pose, answer)
