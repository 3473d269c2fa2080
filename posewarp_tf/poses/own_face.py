"""The head of the photo in the pose of another: where it comes to stand, and its face.

Eyes, nose and ears differ from person to person, and from one finder of joints to another, by more than a small turn
moves them: taken from somebody else they squeeze a face. The head of the photo comes along as it is. With z the
source's joints of the face and t the target's, from their centres and as complex numbers,

    a = sum conj(z) t / sum |z|^2          residual = root mean square of t - a z, in sizes of the head

Heads whose residual is small are turned alike: a is the similarity between them. Otherwise the head stands on the
target's neck as it stood on the source's: somebody seen from the side goes on to look there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posewarp_tf.poses.body_lengths import FACE, NECK, NOSE, seen_lengths

HEADS = ('photo', 'pose')

_JOINTS = np.array([NOSE, *FACE])
_LEAST_JOINTS = 3
# In distances of ears: heads that are turned by more than about 60 degrees from each other are not alike.
_ALIKE = 0.34
# Nor are those that would be bent to the side by more than this, in radians, beside what their necks are.
_BENT = 0.6


class FaceFit(NamedTuple):
    """target = `centre` + `factor` * (source - `source_centre`), of complex numbers x + iy.

    alike: whether the heads are turned alike, and agree in their faces; they agree in their necks otherwise.
    """

    source_centre: complex
    centre: complex
    factor: complex
    alike: bool


def fit_face(source: np.ndarray, target: np.ndarray, head_size: float) -> FaceFit | None:
    """Of two poses [20, 2] (`with_centres`); None if one of them does not show three joints of the face.

    Args:
        head_size: between the source's ears if they were seen from the front, in its pixels.
    """
    ours, theirs = (np.flatnonzero(~np.isnan(points[_JOINTS, 0])) for points in (source, target))
    both = _JOINTS[np.intersect1d(ours, theirs)]
    if min(len(ours), len(theirs)) < _LEAST_JOINTS:
        return None
    if len(both) >= _LEAST_JOINTS:
        own, other = source[both] @ [1, 1j], target[both] @ [1, 1j]
        source_centre, centre = own.mean(), other.mean()
        own, other = own - source_centre, other - centre
        factor = np.sum(np.conj(own) * other) / max(np.sum(abs(own) ** 2), 1e-9)
        residual = np.sqrt(np.mean(abs(other - factor * own) ** 2))
        is_bent = abs(np.angle(factor * _direction(source) / _direction(target))) > _BENT
        if residual < _ALIKE * head_size * abs(factor) and not is_bent:
            return FaceFit(source_centre, centre, factor, True)
    if np.isnan(source[NECK, 0] + target[NECK, 0]):
        return None
    size = float(seen_lengths(target)[-1]) / head_size
    return FaceFit(complex(*source[NECK]), complex(*target[NECK]), complex(size), False)


def _direction(points: np.ndarray) -> complex:
    """From the neck to the middle of the face; upwards, if there is no neck."""
    neck = points[NECK] @ [1, 1j]
    return -1j if np.isnan(neck) else np.nanmean(points[_JOINTS], axis=0) @ [1, 1j] - neck


def with_own_face(points: np.ndarray, source: np.ndarray, head_size: float) -> np.ndarray:
    """A pose [20, 2] for the source person, with the source's head, as large as it was.

    What of the face is missing in the target (NaN) stays so. Of a head that is not turned alike what the source lacks
    is missing too.

    Args:
        points, source: [20, 2] as `with_centres` has them, in pixels of the same picture.
        head_size: as of `fit_face`.
    """
    fit = fit_face(source, points, head_size)
    if fit is None:
        return points
    turn = fit.factor / abs(fit.factor)
    face = fit.centre + turn * (source[_JOINTS] @ [1, 1j] - fit.source_centre)
    kept = np.stack([face.real, face.imag], axis=-1)
    if fit.alike:
        kept = np.where(np.isnan(kept), points[_JOINTS], kept)
    answer = points.copy()
    answer[_JOINTS] = np.where(np.isnan(points[_JOINTS]), np.nan, kept)
    return answer
