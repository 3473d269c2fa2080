"""Other people's joint orders, turned into the 18 joints of `conventions.JOINT_NAMES`."""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING, NUM_JOINTS
from posewarp_tf.errors import DataError

# Names of the joints that matter, in the order of each layout; '' for joints that we have no use for.
_BODY_25 = (*JOINT_NAMES[:8], '', *JOINT_NAMES[8:], *[''] * 6)
_COCO_17 = (
    'nose',
    *('left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder'),
    *('left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip'),
    *('left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
)
_MEDIAPIPE_33 = (
    *('nose', '', 'left_eye', '', '', 'right_eye', '', 'left_ear', 'right_ear', '', ''),
    *('left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist'),
    *[''] * 6,
    *('left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
    *[''] * 4,
)

_HALPE_26 = (*_COCO_17, '', 'neck', *[''] * 7)

# By number of joints: what people call the layout, and its joints.
LAYOUTS = {
    18: ('OpenPose-18', JOINT_NAMES),
    25: ('OpenPose BODY_25', _BODY_25),
    17: ('COCO-17', _COCO_17),
    26: ('Halpe-26', _HALPE_26),
    33: ('MediaPipe-33', _MEDIAPIPE_33),
    133: ('COCO-WholeBody-133', (*_COCO_17, *[''] * 116)),
    134: ('DWPose-134', (*JOINT_NAMES, *[''] * 116)),
    135: ('OpenPose BODY_135', (*_COCO_17, *[''] * 118)),
    136: ('Halpe-136', (*_HALPE_26, *[''] * 110)),
}

# MediaPipe invents a place for every joint; below this visibility it does not see it.
_MEDIAPIPE_VISIBLE = 0.5


def to_openpose_18(points: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Joints in another order as float32 [18, 2], missing (-1, -1).

    Args:
        points: [n, 3], (x, y, confidence or COCO visibility), n one of `LAYOUTS`. A joint with confidence 0 or less
            is missing.
        least: so is one with less than this (of MediaPipe's 33: with less than 0.5).

    A layout without a neck gets it halfway between the shoulders, if both are there.
    """
    names = LAYOUTS[len(points)][1]
    least = max(least, _MEDIAPIPE_VISIBLE if len(points) == 33 else float(np.finfo(np.float32).tiny))
    keypoints = np.full([NUM_JOINTS, 2], MISSING, np.float32)
    for name, (x, y, confidence) in zip(names, points):
        if name and confidence >= least:
            keypoints[JOINT_NAMES.index(name)] = x, y
    shoulders = keypoints[[JOINT_NAMES.index('left_shoulder'), JOINT_NAMES.index('right_shoulder')]]
    if 'neck' not in names and np.all(shoulders != MISSING):
        keypoints[JOINT_NAMES.index('neck')] = shoulders.mean(axis=0)
    return keypoints


def confidence_of(points: np.ndarray) -> float:
    """The mean confidence of those of points [n, 3] that are among our joints; one above 1, as COCO's, counts as 1."""
    named = [i for i, name in enumerate(LAYOUTS[len(points)][1]) if name]
    return float(np.clip(points[named, 2], 0, 1).mean())


def check_joints(keypoints: np.ndarray, name: str) -> np.ndarray:
    """18 joints as float32 [18, 2], missing (-1, -1); `name` is named in errors.

    Raises:
        DataError: another shape, numbers that are not finite, or no joint at all.
    """
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.shape != (NUM_JOINTS, 2):
        raise DataError(f'{name}: got shape {list(keypoints.shape)}, expected [{NUM_JOINTS}, 2]')
    if not np.isfinite(keypoints).all():
        joint = int(np.argmin(np.isfinite(keypoints).all(axis=-1)))
        raise DataError(
            f'{name}: joint {joint}: got {keypoints[joint].tolist()}, expected finite numbers, -1 if missing'
        )
    if np.all(keypoints == MISSING):
        raise DataError(f'{name}: all {NUM_JOINTS} joints are missing (-1), expected a pose')
    return keypoints
