"""Poses that come with posewarp_tf, to try a model with: from standing to arms raised, as the page for phones has them.

gallery.json is a copy of what `python -m exports.mobile.gallery` writes: joints free of place and size, (x, y) from the
middle of the hips in torso lengths (neck to hips), null where they would not be seen.
"""

from __future__ import annotations

import json
import pathlib

import numpy as np

from posewarp_tf.conventions import MISSING
from posewarp_tf.poses.retarget import retarget

# Mean displacement of the joints in parts of the person's height, up to which a pose is near, and at a middle distance.
NEAR, MIDDLE = 0.06, 0.09
DISTANCES = ('near', 'middle', 'far')

# The picture that the poses stand in: height and width, and one torso, in pixels.
GALLERY_SIZE = (512, 352)
_TORSO = 110.0
_HIPS = np.array([176.0, 270.0], np.float32)


def gallery_poses() -> dict[str, np.ndarray]:
    """Joints float32 [18, 2] by the title of the pose, in pixels of a picture of `GALLERY_SIZE`, missing (-1, -1)."""
    poses = json.loads(pathlib.Path(__file__).with_name('gallery.json').read_text(encoding='utf-8'))
    return {pose['title']: np.stack([_in_picture(joint) for joint in pose['joints']]) for pose in poses}


def _in_picture(joint: list[float] | None) -> np.ndarray:
    if joint is None:
        return np.full(2, MISSING, np.float32)
    return _HIPS + _TORSO * np.array(joint, np.float32)


def pose_distance(keypoints: np.ndarray, target_keypoints: np.ndarray) -> float:
    """How far a person's joints have to go into a pose: their mean displacement in parts of the person's height.

    The target is first built with the person's limbs, at the person's place (`retarget`, 'limbs'). Joints that one of
    the two lacks are left out; the height is that of the box around the person's joints.

    Args:
        keypoints, target_keypoints: [18, 2], each in pixels of a picture of its own, missing (-1, -1).

    Raises:
        DataError: the two poses have too little in common.
    """
    placed = retarget(keypoints, target_keypoints, 'limbs')
    seen = np.any(keypoints != MISSING, axis=-1)
    both = seen & np.any(target_keypoints != MISSING, axis=-1)
    height = np.ptp(keypoints[seen][:, 1])
    return float(np.linalg.norm(placed - keypoints, axis=-1)[both].mean() / max(height, 1.0))


def distance_name(distance: float) -> str:
    """'near', 'middle' or 'far', of a `pose_distance`."""
    return DISTANCES[int(distance > NEAR) + int(distance > MIDDLE)]
