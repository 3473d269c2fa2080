"""Where the poses of a target picture come to stand in the photo, and the window of the photo that the model makes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import DataError
from posewarp_tf.photos.person_frame import PersonFrame, framing
from posewarp_tf.photos.windows import Window
from posewarp_tf.poses.retarget import Retargeter


class Placement:
    """Turns target poses into poses of the picture to make; of a sequence all by the same rule.

    'none': as they stand in the target's picture, which is laid into the one to make as large as it fits, its middle
    upon the other's middle, never squashed. 'place' and 'limbs': on the source person (poses/retarget.py).

    Args:
        source_keypoints: [18, 2] in pixels of the picture to make.
        target_keypoints: [18, 2], or [frames, 18, 2] of a sequence, in pixels of a picture of `target_size`.
        target_size, size: (height, width) of the target's picture, and of the one to make.
        mode: one of retarget.RETARGET_MODES.
        head: one of own_face.HEADS.

    words: on what was decided, for the user.

    Raises:
        DataError: the poses have too little in common.
    """

    def __init__(
        self,
        source_keypoints: np.ndarray,
        target_keypoints: np.ndarray,
        target_size: tuple[int, int],
        size: tuple[int, int],
        mode: str,
        head: str = 'pose',
    ):
        self._mode, self._target_size = mode, target_size
        self._retargeter = Retargeter(source_keypoints, target_keypoints, mode, head)
        self.words = self._retargeter.words
        if mode == 'none':
            self._scale = min(size[0] / target_size[0], size[1] / target_size[1])
            self._shift = (np.array(size[::-1]) - self._scale * np.array(target_size[::-1])) / 2
        else:
            self._scale, self._shift = self._retargeter.scale, self._retargeter.shift

    def __call__(self, target_keypoints: np.ndarray) -> np.ndarray:
        """A target pose [18, 2] in pixels of the picture to make; joints may lie beyond it."""
        if self._mode != 'none':
            return self._retargeter(target_keypoints)
        missing = np.all(target_keypoints == MISSING, axis=-1, keepdims=True)
        return np.where(missing, MISSING, target_keypoints * self._scale + self._shift).astype(np.float32)

    def part_of_target(self, window: Window) -> Window:
        """The part, in 0 to 1, of the target's picture that comes to stand in a window of the picture to make.

        Raises:
            DataError: limbs were changed, so that no part does.
        """
        if self._mode == 'limbs':
            raise DataError(
                "--retarget=limbs: the maps of the target are of the target's limbs: give --retarget=place or none"
            )
        left, top = (np.array([window.left, window.top]) - self._shift) / self._scale
        in_target = Window(float(left), float(top), window.width / self._scale, window.height / self._scale)
        return in_target.scaled(1 / self._target_size[1], 1 / self._target_size[0])


def windows_of_sequence(size: tuple[int, int], poses: Sequence[np.ndarray], frame: PersonFrame) -> list[Window]:
    """A window for each pose, all of one size, so that the person is as sharp in each.

    Args:
        size: (height, width) of the picture to make.
        poses: [18, 2] each, in pixels of it.
        frame: how people stand in the pictures of the training.
    """
    windows = [framing(size, pose, frame) for pose in poses]
    height = max(window.height for window in windows)
    width = max(window.width for window in windows)
    return [
        Window(
            window.left - (width - window.width) / 2, window.top - (height - window.height) / 2, width, height
        ).on_whole_pixels()
        for window in windows
    ]
