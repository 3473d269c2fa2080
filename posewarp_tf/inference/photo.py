"""Re-poses the person of a photo, at the photo's own resolution.

joints -> window around the person -> model -> the photo's own pixels where the flow can be trusted -> background
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from posewarp_tf.inference.checks import Context, checked_image, checked_pose, picture_size
from posewarp_tf.inference.options import DEFAULTS, PhotoOptions
from posewarp_tf.inference.placement import Placement, windows_of_sequence
from posewarp_tf.inference.prediction import Prediction, resize_smoothly
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.photos.background import compose
from posewarp_tf.photos.full_resolution import full_resolution
from posewarp_tf.photos.matte import body_matte, person_matte
from posewarp_tf.photos.moving import SourcePositions
from posewarp_tf.photos.person_frame import framing
from posewarp_tf.photos.plate import background_plate, person_area
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.keypoint_frame import KeypointFrame

Arrays = Mapping[str, np.ndarray]

_MAX_STRETCH = 1.2  # people look odd from here on


@dataclasses.dataclass(frozen=True, eq=False)
class PhotoPerson:
    """The person of a photo, ready for any number of poses.

    photo: uint8 [H, W, 3].
    keypoints: float32 [18, 2] in its pixels.
    mask: the person's pixels, [h, w] of any size in 0 to 1, covering the photo; None: not known.
    window: the part of the photo that the model sees.
    inputs: what the model takes of it.
    """

    photo: np.ndarray
    keypoints: np.ndarray
    mask: np.ndarray | None
    window: Window
    inputs: dict[str, np.ndarray]

    @functools.cached_property
    def silhouette(self) -> np.ndarray:
        """float32 [H, W] in 0 to 1, the person's pixels; without a mask a body around the joints."""
        size = picture_size(self.photo)
        return person_area(size, self.keypoints) if self.mask is None else resize_float(self.mask, size)

    @functools.cached_property
    def plate(self) -> np.ndarray:
        """uint8 [H, W, 3], the photo without the person."""
        mask = None if self.mask is None else self.silhouette
        return background_plate(self.photo, person_area(picture_size(self.photo), self.keypoints, mask))


class Pose(NamedTuple):
    """A pose to take: joints [18, 2] in pixels of the picture to make, the window of it that the model makes, what the
    model takes of it, and the picture that the person is put into, if it is another one."""

    keypoints: np.ndarray
    window: Window
    inputs: dict[str, np.ndarray]
    context: Context | None = None


class Reposed(NamedTuple):
    """A re-posed photo.

    image: uint8 [H, W, 3], of the photo's size; with a context, of its picture's.
    keypoints: float32 [18, 2], the pose in its pixels.
    prediction: what the model made of its window, at the window's own resolution.
    trust: float32 [h, w] in 0 to 1, of the model's size, how far the photo's own pixels are shown; None if they are
        not moved.
    """

    image: np.ndarray
    keypoints: np.ndarray
    prediction: Prediction
    trust: np.ndarray | None


class _Moved(NamedTuple):
    """Where the places of the target window lie in the photo, and the model's finest mask."""

    positions: SourcePositions
    mask: np.ndarray

    def matte(self, person: PhotoPerson, pose: Pose) -> np.ndarray:
        return person_matte(person.silhouette, self.positions, self.mask, pose.keypoints)


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
    ) -> PhotoPerson:
        """The person of a photo.

        Args:
            photo: uint8 [H, W, 3].
            keypoints: [18, 2] in its pixels.
            class_maps: as of `Predictor.predict`, those of the source side.
            mask: as of `PhotoPerson`.

        Raises:
            DataError: as of `Predictor.predict`.
        """
        size = picture_size(checked_image(photo))
        pose = checked_pose(keypoints, 'source_keypoints', KeypointFrame(*size))
        window = Window.whole(size)
        if self.options.framing == 'person':
            whole_mask = None if mask is None else resize_float(np.asarray(mask, np.float32), size)
            window = framing(size, pose, self._predictor.person_frame, whole_mask)
        return PhotoPerson(photo, pose, mask, window, self._predictor.source_inputs(photo, pose, class_maps, window))

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
        frame = KeypointFrame(*(target_size or size))
        target = checked_pose(target_keypoints, 'target_keypoints', frame)
        if self.options.framing == 'whole' and self.options.retarget == 'none':
            # Squashed as the photo is.
            keypoints, window = frame.to_pixels(target, size), Window.whole(size)
            inputs = self._predictor.target_inputs(keypoints, window, class_maps, context=context)
            return Pose(keypoints, window, inputs, context)
        mode = self.options.retarget if context is None else 'none'
        placement = Placement(person.keypoints, target, (round(frame.height), round(frame.width)), size, mode)
        return self.placed(person, placement(target), placement, class_maps, context)

    def placed(
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
        placement = Placement(person.keypoints, np.stack(targets), target_size, size, self.options.retarget)
        print(placement.words)
        placed = [placement(target) for target in targets]
        windows = [Window.whole(size)] * len(placed)
        if self.options.framing == 'person':
            windows = windows_of_sequence(size, placed, self._predictor.person_frame)
        return [
            self.placed(person, keypoints, placement, maps, window=window)
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
        """A person in one of many poses."""
        return self._composed(person, pose, self._predictor.step(state, pose.inputs))

    def repose_all(self, pairs: Sequence[tuple[PhotoPerson, Pose]], batch_size: int) -> list[Reposed]:
        """Several people, each in a pose, at once."""
        answers = self._predictor.answers([{**person.inputs, **pose.inputs} for person, pose in pairs], batch_size)
        return [self._composed(person, pose, answer) for (person, pose), answer in zip(pairs, answers)]

    def _composed(self, person: PhotoPerson, pose: Pose, answer: Mapping[str, Any]) -> Reposed:
        canvas = person.photo if pose.context is None else pose.context.image
        background = self.options.background if pose.context is None else 'model'
        image, trust, moved = self._at_full_size(person, pose, answer)
        matte = plate = None
        if background != 'model':
            matte = body_matte(pose.keypoints, pose.window) if moved is None else moved.matte(person, pose)
        if background == 'photo':
            plate = person.plate
        composed = compose(canvas, image, matte, pose.window, plate, background)
        return Reposed(composed, pose.keypoints, self._prediction(person, pose, answer, image), trust)

    def _at_full_size(
        self, person: PhotoPerson, pose: Pose, answer: Mapping[str, Any]
    ) -> tuple[np.ndarray, np.ndarray | None, _Moved | None]:
        """The answer with the window's own number of pixels, the trust, and how the source was moved."""
        motion = answer['motions'].get('source')
        if motion is None:
            return resize_smoothly(answer['image'], pose.window.size), None, None
        flow = motion.flows[-1]
        mask = motion.masks[-1] if motion.masks else np.ones((*flow.shape[:2], 1), np.float32)
        if self.options.resolution == 'model':
            positions = SourcePositions.of_flow(flow, person.window, pose.window)
            return resize_smoothly(answer['image'], pose.window.size), None, _Moved(positions, mask)
        full = full_resolution(person.photo, person.window, pose.window, flow, mask, answer['image'])
        return full.image, full.trust, _Moved(full.positions, mask)

    def _prediction(self, person: PhotoPerson, pose: Pose, answer: Mapping[str, Any], image: np.ndarray) -> Prediction:
        """What the model made, in the pixels of its windows."""
        source_size = person.window.size
        return Prediction(
            image=image,
            motions=answer['motions'],
            extras=self._predictor.extras(answer),
            source_image=person.window.crop(person.photo, source_size),
            source_keypoints=person.window.to_window(person.keypoints, source_size),
            target_keypoints=pose.window.to_window(pose.keypoints, pose.window.size),
            moved={role: person.inputs[f'{role}_image'] for role in answer['motions']},
            declared=self._predictor.model_config.outputs,
        )
