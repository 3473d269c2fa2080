"""What finds people and their joints in a picture."""

from __future__ import annotations

import abc

import numpy as np

from posewarp_tf.detection.people import Person


class PoseEstimator(abc.ABC):
    """Finds people in pictures. Whoever has a better one than the shipped derives from this and passes it on."""

    @abc.abstractmethod
    def find(self, image: np.ndarray) -> list[Person]:
        """The people in uint8 [H, W, 3], the largest first; empty if there is nobody."""

    def track(self, image: np.ndarray, previous: Person) -> Person | None:
        """The same person in the next frame of a video, or None if they are gone.

        An estimator that cannot follow anybody looks anew, and takes whoever overlaps most with where they were.
        """
        found = [(_overlap(person.box, previous.box), -number) for number, person in enumerate(people := self.find(image))]
        best, number = max(found, default=(0.0, 0))
        return people[-number] if best > 0 else None


def load_estimator(pose_model: str | None = None) -> PoseEstimator:
    """The estimator of the shipped kind, BlazePose; its models from `pose_model` or where they are found.

    Raises:
        ConfigError: the extra `pose` is not installed, or the models cannot be had; says what to do.
    """
    from posewarp_tf.detection.blazepose import BlazePose

    return BlazePose(pose_model)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - common
    return common / union if union > 0 else 0.0
