"""What finds people and their joints in a picture."""

from __future__ import annotations

import abc

import numpy as np

from posewarp_tf.detection.detector import overlap
from posewarp_tf.detection.people import Person

# MediaPipe gives every joint a place; below this visibility it does not see it.
MIN_CONFIDENCE = 0.5


class PoseEstimator(abc.ABC):
    """Finds people in pictures. Whoever has a better one than the shipped derives from this and passes it on."""

    @property
    def identity(self) -> str:
        """Tells estimators that find different joints apart: what one of them found may be kept under this name."""
        return type(self).__qualname__

    @abc.abstractmethod
    def find(self, image: np.ndarray) -> list[Person]:
        """The people in uint8 [H, W, 3], the largest first; empty if there is nobody."""

    def track(self, image: np.ndarray, previous: Person) -> Person | None:
        """The same person in the next frame of a video, or None if they are gone.

        An estimator that cannot follow anybody looks anew, and takes whoever overlaps most with where they were.
        """
        people = self.find(image)
        overlaps = [overlap(person.box, previous.box) for person in people]
        return people[int(np.argmax(overlaps))] if any(overlaps) else None


def load_estimator(pose_model: str | None = None, min_confidence: float = MIN_CONFIDENCE) -> PoseEstimator:
    """BlazePose, with its networks from `pose_model` or, if None, from where they are found (`models.load_models`).

    A joint that is seen less surely than `min_confidence` (0..1) is missing.

    Raises:
        ConfigError: the extra `pose` is not installed, or the models cannot be had; says what to do.
    """
    from posewarp_tf.detection.blazepose import BlazePose

    return BlazePose(pose_model, min_confidence)
