"""68 landmarks of a face in the order of iBUG, which dlib has too, and the curves and parts that they make.

The face's right side comes first, which is the left one of the picture: the jaw 0..16 from ear to ear over the chin,
the brows 17..21 and 22..26, the nose 27..30 downwards and 31..35 below, the eyes 36..41 and 42..47, the lips outside
48..59 and inside 60..67. Landmarks are (x, y) in pixels of their picture.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path, read_text

NUM_LANDMARKS = 68
# With those of the upper half of the face, which mirror the jaw.
_NUM_POINTS = NUM_LANDMARKS + 15

JAW = tuple(range(17))
BROWS = (tuple(range(17, 22)), tuple(range(22, 27)))
NOSE = tuple(range(27, 36))
EYES = (tuple(range(36, 42)), tuple(range(42, 48)))
OUTER_LIPS, INNER_LIPS = tuple(range(48, 60)), tuple(range(60, 68))

# What is drawn, each curve into a channel of its own (GFLA's code, after vid2vid).
CURVES: tuple[tuple[int, ...], ...] = (
    (*JAW, *range(NUM_LANDMARKS, _NUM_POINTS), 0),
    *BROWS,
    (28, 31),
    tuple(range(31, 36)),
    (35, 28),
    (36, 37, 38, 39),
    (39, 40, 41, 36),
    (42, 43, 44, 45),
    (45, 46, 47, 42),
    tuple(range(48, 55)),
    (*range(54, 60), 48),
    tuple(range(60, 65)),
    (64, 65, 66, 67, 60),
)

# Polygons and their labels; later ones cover earlier ones, and 0 is what none covers.
PARTS: tuple[tuple[tuple[int, ...], int], ...] = (
    (CURVES[0], 1),
    *((brow, 2) for brow in BROWS),
    ((28, *range(31, 36), 28), 3),
    *((eye, 4) for eye in EYES),
    (OUTER_LIPS, 5),
    (INNER_LIPS, 6),
)


def with_upper_half(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks [68, 2] and 15 points of the forehead, float64 [83, 2].

    With the jaw truncated to whole pixels and b = (y_0 + y_16) / 2, the points for i = 15..1 are
    (x_i, trunc(b + floor(2 (b - y_i) / 3))): the jaw mirrored at the line between the ears, two thirds as high.
    """
    landmarks = checked_landmarks(landmarks)
    jaw = np.trunc(landmarks[:17])
    base = (jaw[0, 1] + jaw[-1, 1]) / 2
    upper = jaw[-2:0:-1].copy()
    upper[:, 1] = np.trunc(base + np.floor(2 * (base - upper[:, 1]) / 3))
    return np.concatenate([landmarks, upper])


def checked_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """The same as float64.

    Raises:
        ValueError: not 68 finite points.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (NUM_LANDMARKS, 2) or not np.isfinite(points).all():
        raise ValueError(f'landmarks: got shape {points.shape}, expected ({NUM_LANDMARKS}, 2), all finite')
    return points


def read_landmarks(path: str | os.PathLike) -> np.ndarray:
    """float64 [68, 2] from a text file of 68 lines `x,y` in pixels, as the published script writes them.

    Raises:
        DataError: the file is missing, or some line is no such pair; names the line, counted from 1.
    """
    name = os.fspath(path)
    points = []
    for number, line in enumerate(read_text(path, 'a file of landmarks').splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split(',')
        try:
            point = [float(field) for field in fields]
        except ValueError:
            point = []
        if len(point) != 2 or not np.isfinite(point).all():
            raise DataError(f'{name}: line {number}: got {line.strip()[:60]!r}, expected x,y in pixels')
        points.append(point)
    if len(points) != NUM_LANDMARKS:
        raise DataError(f'{name}: got {len(points)} landmarks, expected {NUM_LANDMARKS} lines x,y')
    return np.array(points)


def write_landmarks(path: str | os.PathLike, landmarks: Sequence[Sequence[float]] | np.ndarray) -> None:
    """Writes such a file, rounded to whole pixels; whole or not at all."""
    points = np.rint(checked_landmarks(np.asarray(landmarks))).astype(int)
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        file.writelines(f'{x},{y}\n' for x, y in points)
