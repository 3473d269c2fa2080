"""The 18 joints of a drawn figure, and which of them a picture shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from posewarp_tf import conventions
from posewarp_tf.synthetic.drawn.figure import Skeleton

# Points of the face in head heights (x to the left, y up, z to the front) with the direction they face.
FACE = {
    'nose': ((0.0, -0.17, 0.46), (0.0, 0.0, 1.0), 0.05),
    'right_eye': ((-0.13, 0.0, 0.37), (-0.35, 0.0, 1.0), 0.1),
    'left_eye': ((0.13, 0.0, 0.37), (0.35, 0.0, 1.0), 0.1),
    # Ears are seen from the front and from behind, but not from the other side.
    'right_ear': ((-0.33, -0.04, -0.03), (-1.0, 0.0, 0.0), -0.35),
    'left_ear': ((0.33, -0.04, -0.03), (1.0, 0.0, 0.0), -0.35),
}
# An elbow counts as seen where its own arm shows within this many metres of it.
_REACH = 0.035


def visible_keypoints(
    skeleton: Skeleton,
    project: Callable[[np.ndarray], np.ndarray],
    turn: np.ndarray,
    parts: np.ndarray,
    scale: float,
) -> np.ndarray:
    """Joints float32 [18, 2] as (x, y) in pixels; -1 where hidden or outside the picture.

    Neck, shoulders and hips are known wherever the torso is; joints of arms and legs are hidden when nothing
    of their limb shows around them; points of the face when they face away or something else covers them.
    """
    height, width = parts.shape
    joints = np.full((conventions.NUM_JOINTS, 2), conventions.MISSING, np.float32)
    for name, (point, allowed) in _joints(skeleton, turn).items():
        x, y, _ = project(point)
        inside = -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5
        if inside and (allowed is None or _shows(parts, x, y, max(0.6, _REACH * scale), allowed)):
            joints[conventions.JOINT_NAMES.index(name)] = x, y
    return joints


def _joints(skeleton: Skeleton, turn: np.ndarray) -> dict[str, tuple[np.ndarray, tuple[str, ...] | None]]:
    """Points and the parts of which one must show near them (None: always seen); hidden ones left out."""
    found: dict[str, tuple[np.ndarray, tuple[str, ...] | None]] = {}
    for side in ('right', 'left'):
        arm, leg = skeleton.arms[side].joints, skeleton.legs[side].joints
        upper, lower = f'{side}_upper_arm', f'{side}_lower_arm'
        found[f'{side}_shoulder'] = arm[0], None
        found[f'{side}_elbow'] = arm[1], (upper, lower)
        found[f'{side}_wrist'] = arm[2], (lower,)
        upper, lower = f'{side}_upper_leg', f'{side}_lower_leg'
        found[f'{side}_hip'] = leg[0], None
        found[f'{side}_knee'] = leg[1], (upper, lower)
        found[f'{side}_ankle'] = leg[2], (lower,)
    found['neck'] = (found['right_shoulder'][0] + found['left_shoulder'][0]) / 2, None
    size = skeleton.body.head_height
    for name, (point, direction, least) in FACE.items():
        facing = turn @ skeleton.head_frame @ (np.array(direction) / np.linalg.norm(direction))
        if facing[2] > least:
            found[name] = skeleton.head_origin + size * skeleton.head_frame @ np.array(point), ('head',)
    return found


def _shows(parts: np.ndarray, x: float, y: float, radius: float, allowed: tuple[str, ...]) -> bool:
    height, width = parts.shape
    reach = int(np.ceil(radius))
    row, column = int(round(y)), int(round(x))
    window = parts[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    rows, columns = np.indices(window.shape)
    near = np.hypot(rows + max(row - reach, 0) - y, columns + max(column - reach, 0) - x) <= radius
    ids = [conventions.PART_NAMES.index(name) for name in allowed]
    return bool(np.isin(window[near], ids).any())
