"""How far a face's landmarks are from where they should be, as a detector sees them in generated and in true frames.

    error = mean over the landmarks of |found - true| / |true outer eye corners|

which is the normalised mean error of the benchmarks of face alignment (300-W). What is true is what the detector finds
in the true frame, so no landmarks are needed, and the true frames have no error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from posewarp_tf.detection.face_mesh import FaceMesh
from posewarp_tf.faces.landmarks import BROWS, EYES, INNER_LIPS, JAW, NOSE, OUTER_LIPS

# What can be told apart: the mesh has hardly a jaw of its own.
_PARTS = {
    'brows, eyes, nose and mouth': (
        *(point for part in (*BROWS, NOSE, *EYES) for point in part),
        *OUTER_LIPS,
        *INNER_LIPS,
    ),
    'eyes': tuple(point for eye in EYES for point in eye),
    'mouth': (*OUTER_LIPS, *INNER_LIPS),
    'jaw': JAW,
}
_EYE_CORNERS = (EYES[0][0], EYES[1][3])

LANDMARKS_PROTOCOL = (
    "of 68 landmarks that MediaPipe's networks find in a frame, the mean distance to those that they find in the true "
    'one, in distances of its outer eye corners; `without a face`: the share of frames in which none is found'
)


class LandmarkErrors:
    """Errors of the landmarks of one video after the other.

    pose_model: the detector's networks, as `posewarp pose` takes them.

    Raises:
        ConfigError: the networks are not at hand.
    """

    def __init__(self, pose_model: str | None = None) -> None:
        self._mesh = FaceMesh(pose_model)
        self._errors: dict[str, list[dict[str, float]]] = {}
        self._num_frames = 0

    def add(self, answers: Mapping[str, np.ndarray], truth: np.ndarray) -> None:
        """Frames uint8 [n, H, W, 3] of each answer, and the true ones. True frames without a face are left out."""
        for number, true_frame in enumerate(truth):
            face = self._mesh.find(true_frame)
            if face is None:
                continue
            self._num_frames += 1
            for answer, frames in answers.items():
                found = self._mesh.find(frames[number])
                errors = self._errors.setdefault(answer, [])
                if found is not None:
                    errors.append(_errors(found.landmarks, face.landmarks))

    def result(self) -> dict[str, Any]:
        """{part: {answer: mean error}}, None where no face was ever found, and `without a face`: {answer: share}."""
        means: dict[str, Any] = {
            part: {
                answer: float(np.mean([one[part] for one in errors])) if errors else None
                for answer, errors in self._errors.items()
            }
            for part in _PARTS
        }
        lost = {answer: 1 - len(errors) / self._num_frames for answer, errors in self._errors.items()}
        return {**means, 'without a face': lost}


def _errors(found: np.ndarray, true: np.ndarray) -> dict[str, float]:
    distances = np.linalg.norm(found - true, axis=1) / np.linalg.norm(np.subtract(*true[list(_EYE_CORNERS)]))
    return {part: float(distances[list(points)].mean()) for part, points in _PARTS.items()}
