"""68 landmarks of a face with MediaPipe's networks: BlazeFace (arXiv:1907.05047) and a mesh of 468 points.

The first network sees 128 x 128 pixels and says for each of 896 anchors whether a face belongs to it, with a box and
six points; the second sees the face, upright, in 192 x 192 pixels. It looks twice: its points give a better region than
the box. 68 of its points lie where the landmarks of iBUG are (faces/landmarks.py), two for each of a brow, which the
mesh has the upper and the lower edge of. The jaw is the edge of the face that is seen from the front.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posewarp_tf.detection.landmarks import logistic
from posewarp_tf.detection.models import FACE, load_models
from posewarp_tf.detection.region import Region, crop, region_of_picture
from posewarp_tf.detection.runtime import Network

# Of the points of the mesh, those at the landmarks 0..67.
MESH_POINTS = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip

# Of brows these are the upper edge; the points below, at the landmarks 17..26.
_BELOW_BROWS = (46, 53, 52, 65, 55, 285, 295, 282, 283, 276)
_BROWS = slice(17, 27)

_DETECTOR_SIZE, _MESH_SIZE = 128, 192
_NUM_MESH_POINTS = 468
# Anchors: two in each cell of 8 pixels, six in each of 16.
_ANCHORS = ((8, 2), (16, 6))
# How much larger than the face a region is.
_MARGIN = 1.5
_LEAST_SCORE = 0.5
# Corners of the eyes outside: those of the mesh, by which a face is turned upright.
_EYES = (33, 263)


class Face(NamedTuple):
    """A face in a picture.

    landmarks: float64 [68, 2], (x, y) in pixels of the picture, also of what is hidden or outside.
    score: in 0..1, that there is a face.
    region: where to look for it in the next frame.
    """

    landmarks: np.ndarray
    score: float
    region: Region


class FaceMesh:
    """Finds the largest face of a picture, or follows one from frame to frame.

    Args:
        pose_model: a wheel of mediapipe, or a folder with the two networks (`models.load_models`); None: where they
            are found.

    Raises:
        ConfigError: from `load_models` and `Network`.
    """

    def __init__(self, pose_model: str | None = None) -> None:
        models = load_models(pose_model, FACE)
        self._detector = Network(models.detector, models.detector_name, _DETECTOR_SIZE, ((896, 16), (896, 1)))
        shapes = ((1, 1, 3 * _NUM_MESH_POINTS), (1, 1, 1))
        self._mesh = Network(models.landmarks, models.landmarks_name, _MESH_SIZE, shapes)

    def find(self, image: np.ndarray) -> Face | None:
        """The largest face of a picture uint8 [H, W, 3]; None if there is none."""
        height, width = image.shape[:2]
        window = region_of_picture((height, width))
        regions = self._regions(image, window)
        # A face that is small in the whole picture may be found in a part of it.
        for part in _parts(window) if not regions else ():
            regions += self._regions(image, part)
        for region in sorted(regions, key=lambda region: -region.side):
            first = self._look(image, region)
            found = self._look(image, first.region)
            if min(first.score, found.score) >= _LEAST_SCORE:
                return found
        return None

    def track(self, image: np.ndarray, previous: Face) -> Face | None:
        """The face of the frame before; a search of the whole picture if it is not where it was."""
        found = self._look(image, previous.region)
        return found if found.score >= _LEAST_SCORE else self.find(image)

    def _regions(self, image: np.ndarray, window: Region) -> list[Region]:
        """Of all faces that the first network finds in a square of the picture; some of one face."""
        pixels = crop(image, window, _DETECTOR_SIZE, 'zero')
        boxes, logits = self._detector.run((pixels / np.float32(127.5) - 1).astype(np.float32))
        chosen = np.flatnonzero(logistic(logits[:, 0].astype(np.float64)) >= _LEAST_SCORE)
        values = boxes[chosen].astype(np.float64).reshape(-1, 8, 2) / _DETECTOR_SIZE
        centres = _anchors()[chosen]
        found = []
        for value, centre in zip(values, centres):
            # Middle and size of the box, then points, of which the first two are the eyes.
            middle, eyes = value[0] + centre, value[2:4] + centre
            found.append(_region(window.to_picture(middle), window.to_picture(eyes), value[1].max() * window.side))
        return found

    def _look(self, image: np.ndarray, region: Region) -> Face:
        """What the second network sees in a region."""
        pixels = crop(image, region, _MESH_SIZE, 'nearest')
        table, logit = self._mesh.run((pixels / np.float32(255)).astype(np.float32))
        points = region.to_picture(table.reshape(_NUM_MESH_POINTS, 3)[:, :2] / _MESH_SIZE)
        upright = region.from_picture(points)
        low, high = upright.min(axis=0), upright.max(axis=0)
        middle = region.to_picture((low + high) / 2)
        following = _region(middle, points[list(_EYES)], (high - low).max() * region.side)
        landmarks = points[list(MESH_POINTS)]
        landmarks[_BROWS] = (landmarks[_BROWS] + points[list(_BELOW_BROWS)]) / 2
        return Face(landmarks, float(logistic(logit.astype(np.float64)).item()), following)


def _region(middle: np.ndarray, eyes: np.ndarray, side: float) -> Region:
    """The square around a face, in which its eyes [2, 2], first the one on the left, are on one height."""
    dx, dy = eyes[1] - eyes[0]
    return Region((float(middle[0]), float(middle[1])), _MARGIN * float(side), float(np.arctan2(dy, dx)))


def _parts(window: Region) -> list[Region]:
    """Squares of half its size that overlap."""
    shifts = np.array([-0.25, 0.0, 0.25]) * window.side
    x, y = window.center
    return [Region((x + dx, y + dy), window.side / 2) for dy in shifts for dx in shifts]


def _anchors() -> np.ndarray:
    """Centres (u, v) of all anchors, float64 [896, 2], in the order of the network's outputs."""
    found = []
    for stride, count in _ANCHORS:
        cells = _DETECTOR_SIZE // stride
        v, u = np.mgrid[:cells, :cells]
        found.append(np.repeat((np.stack([u.ravel(), v.ravel()], axis=-1) + 0.5) / cells, count, axis=0))
    return np.concatenate(found)
