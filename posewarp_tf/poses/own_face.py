"""The head of the photo in the pose of another: where it comes to stand, and its face.

Eyes, nose and ears differ from person to person, and from one finder of joints to another, by more than a small turn
moves them: taken from somebody else they squeeze a face. The head of the photo comes along as it is, turned in the
picture by an angle and as large as it was. With z the source's joints of the face and t the target's, from their
centres and as complex numbers, and r the ratio of the sizes of the two heads,

    u = a / |a|, a = sum conj(z) t        residual = root mean square of t - r u z, in sizes of the target's head

over the joints that both show. Where the residual is small, as between heads that look to the same side, the face leans
and lies as the target's. Where it is large, the head stands on the target's neck as it stood on its own, and leans as
the trunk. Between them it is something between, so that nothing jumps in a video. In either case somebody seen from the
side goes on to look there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posewarp_tf.poses.body_lengths import FACE, HIPS, NECK, NOSE

HEADS = ('photo', 'pose')

JOINTS_OF_FACE = np.array([NOSE, *FACE])
_LEAST_JOINTS = 3
# Residuals up to which heads are alike, and from which on they are not.
_ALIKE, _OTHER = 0.2, 0.32
# Heads that are alike are not bent to the side, beside what their necks are, by more than this, in radians: three
# joints nearly in a line fit anything.
_BENT, _MOST_BENT = 0.4, 0.6


class FaceFit(NamedTuple):
    """target = `centre` + `factor` * (source - `source_centre`), of complex numbers x + iy.

    alike: in 0 to 1, how small the residual is.
    """

    source_centre: complex
    centre: complex
    factor: complex
    alike: float


def fit_face(source: np.ndarray, target: np.ndarray, head_size: float, ratio: float) -> FaceFit | None:
    """Of two poses [20, 2] (`with_centres`); None if one of them does not show three joints of the face.

    Args:
        head_size: between the source's ears if they were seen from the front, in its pixels.
        ratio: of the size of the target's head to that.
    """
    ours, theirs = (JOINTS_OF_FACE[~np.isnan(points[JOINTS_OF_FACE, 0])] for points in (source, target))
    if min(len(ours), len(theirs)) < _LEAST_JOINTS or not (ratio > 0 and head_size > 0):
        return None
    middle = source[ours].mean(axis=0) @ [1, 1j]
    by_neck, by_face = _by_neck(source, target, middle, ratio), None
    both = np.intersect1d(ours, theirs)
    if len(both) >= _LEAST_JOINTS:
        by_face = _by_face(source, target, both, head_size, ratio)
    if by_face is None or by_neck is None:
        return by_face or by_neck
    # Both say where the middle of the source's face comes to lie, and by which angle it is turned.
    share = by_face.alike
    there = by_face.centre + by_face.factor * (middle - by_face.source_centre)
    angle = np.angle(by_face.factor / by_neck.factor)
    factor = by_neck.factor * np.exp(1j * share * angle)
    return FaceFit(middle, share * there + (1 - share) * by_neck.centre, factor, share)


def with_own_face(points: np.ndarray, source: np.ndarray, head_size: float) -> np.ndarray:
    """A pose [20, 2] for the source person, with the source's head, as large as it was.

    The joints of the face are then those that the source shows, the others missing (NaN). Where source or target do
    not show three of them nothing changes.

    Args:
        points, source: [20, 2] as `with_centres` has them, in pixels of the same picture.
        head_size: as of `fit_face`.
    """
    fit = fit_face(source, points, head_size, 1.0)
    if fit is None:
        return points
    face = fit.centre + fit.factor * (source[JOINTS_OF_FACE] @ [1, 1j] - fit.source_centre)
    answer = points.copy()
    answer[JOINTS_OF_FACE] = np.stack([face.real, face.imag], axis=-1)
    return answer


def _by_face(
    source: np.ndarray, target: np.ndarray, both: np.ndarray, head_size: float, ratio: float
) -> FaceFit | None:
    """By the joints of the face that both show; None where they lie in one point."""
    own, other = source[both] @ [1, 1j], target[both] @ [1, 1j]
    source_centre, centre = own.mean(), other.mean()
    own, other = own - source_centre, other - centre
    product = np.sum(np.conj(own) * other)
    if not abs(product) > 1e-6:
        return None
    factor = ratio * product / abs(product)
    residual = np.sqrt(np.mean(abs(other - factor * own) ** 2)) / (head_size * ratio)
    bent = abs(np.angle(factor * _direction(source) / _direction(target)))
    alike = _falling(residual, _ALIKE, _OTHER) * _falling(bent, _BENT, _MOST_BENT)
    return FaceFit(source_centre, centre, factor, alike)


def _by_neck(source: np.ndarray, target: np.ndarray, middle: complex, ratio: float) -> FaceFit | None:
    """Where `middle` of the source comes to lie if necks agree, and the head turns as the trunk does."""
    own, other = source[NECK] @ [1, 1j], target[NECK] @ [1, 1j]
    if np.isnan(own + other):
        return None
    trunks = np.conj(own - source[HIPS] @ [1, 1j]) * (other - target[HIPS] @ [1, 1j])
    turn = trunks / abs(trunks) if abs(trunks) > 0 else 1.0
    return FaceFit(middle, other + ratio * turn * (middle - own), ratio * turn, 0.0)


def _direction(points: np.ndarray) -> complex:
    """From the neck to the middle of the face; upwards, if there is no neck."""
    neck = points[NECK] @ [1, 1j]
    direction = np.nanmean(points[JOINTS_OF_FACE], axis=0) @ [1, 1j] - neck
    return direction if abs(direction) > 0 else -1j


def _falling(value: float, first: float, last: float) -> float:
    return float(np.clip((last - value) / (last - first), 0.0, 1.0))
