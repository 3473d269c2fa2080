"""What every dialect of pose files is read into: frames with people with points; errors name the place in the file."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from posewarp_tf.poses.joints import LAYOUTS

# Joints become float32, in which larger numbers are no longer finite when they are scaled.
_MOST = 1e9


class Frame(NamedTuple):
    """The people of one picture or frame of a video.

    name: of the picture or frame as the file has it, or ''.
    kind: of the file, in words.
    people: of each the points float64 [n, 3], (x, y, confidence), n one of `LAYOUTS`; x and y in pixels or both in
        0..1 of the picture.
    size: (height, width) of the picture or canvas that the points are in pixels of, if the file says it.
    is_canvas: what has that size is drawn on, and may be of another shape than the picture.
    least: a joint with less confidence is missing, as is one with 0.
    """

    name: str
    kind: str
    people: list[np.ndarray]
    size: tuple[float, float] | None = None
    is_canvas: bool = False
    least: float = 0.0


def flat_points(values: Any, place: str) -> np.ndarray:
    """A flat list of x, y, confidence as float64 [n, 3]; ValueError names the place."""
    numbers = _numbers(values, place).reshape(-1)
    if len(numbers) % 3 or len(numbers) // 3 not in LAYOUTS:
        expected = ', '.join(f'3 * {n} ({layout})' for n, (layout, _) in sorted(LAYOUTS.items()))
        raise ValueError(f'{place}: got {len(numbers)} numbers, expected {expected}')
    return _checked(numbers.reshape(-1, 3), place)


def listed_points(points: Any, scores: Any, place: str) -> np.ndarray:
    """Lists of [x, y], or of [x, y, z or confidence], and of scores as float64 [n, 3]; ValueError names the place.

    Without scores the third number is the confidence; where there is none either, a joint at (0, 0) or with a
    negative coordinate is missing, every other has the confidence 1.
    """
    table = _numbers(points, place)
    if table.ndim != 2 or table.shape[1] not in (2, 3) or len(table) not in LAYOUTS:
        expected = ', '.join(f'{n} ({layout})' for n, (layout, _) in sorted(LAYOUTS.items()))
        raise ValueError(f'{place}: got numbers of shape {list(table.shape)}, expected x and y of {expected} joints')
    if scores is not None:
        confidence = _numbers(scores, f'{place}: scores').reshape(-1)
        if len(confidence) != len(table):
            raise ValueError(f'{place}: got {len(confidence)} scores of {len(table)} joints, expected one of each')
    elif table.shape[1] == 3:
        confidence = table[:, 2]
    else:
        confidence = (np.all(table >= 0, axis=1) & np.any(table > 0, axis=1)).astype(np.float64)
    return _checked(np.column_stack([table[:, :2], confidence]), place)


def size_of(content: dict[str, Any], height: str, width: str) -> tuple[float, float] | None:
    """(height, width) under these keys, if both are positive numbers."""
    found = content.get(height), content.get(width)
    numbers = [float(value) for value in found if isinstance(value, (int, float)) and 0 < value < _MOST]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _numbers(values: Any, place: str) -> np.ndarray:
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{place}: expected numbers x, y, confidence: {error}') from error


def _checked(table: np.ndarray, place: str) -> np.ndarray:
    bad = np.flatnonzero(~(np.abs(table) < _MOST).all(axis=1))
    if bad.size:
        raise ValueError(f'{place}: joint {bad[0]}: got {table[bad[0]].tolist()}, expected finite numbers')
    return table
