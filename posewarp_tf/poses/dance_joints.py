"""Joints as videos of persons have them: their files, and from one order to the other.

A joint is missing where x or y is 0, as in poses/dance_maps.py.
"""

from __future__ import annotations

import json

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING, NUM_JOINTS
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.poses.dance_maps import found
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, LIMBS, NUM_SKELETON_JOINTS, coco_to_human36m


def read_joints(path: str, num_joints: int) -> np.ndarray:
    """float64 [num_joints, 2] (x, y) of the first person of a JSON file; zeros where there is nobody.

    Raises:
        DataError: no such JSON, another number of joints, or numbers that are not finite.
    """
    try:
        people = json.loads(read_text(path))['people']
        if not people:
            return np.zeros((num_joints, 2))
        numbers = np.asarray(people[0]['pose_keypoints_2d'], np.float64)
    except (json.JSONDecodeError, KeyError, TypeError, IndexError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f'{path}: expected {{"people": [{{"pose_keypoints_2d": [...]}}]}}: {error}') from error
    if numbers.shape != (3 * num_joints,) or not np.isfinite(numbers).all():
        got = f'{numbers.size} numbers' if np.isfinite(numbers).all() else 'numbers that are not finite'
        raise DataError(f'{path}: got {got}, expected x, y and score of {num_joints} joints')
    return numbers.reshape(num_joints, 3)[:, :2]


def coco_joints(openpose: np.ndarray) -> np.ndarray:
    """Joints [..., 17, 2] in COCO's order from OpenPose's 18, [..., 18, 2]; the neck is left out."""
    return openpose[..., [JOINT_NAMES.index(name) for name in COCO_17], :]


def human36m_joints(coco: np.ndarray) -> np.ndarray:
    """About the joints float64 [..., 17, 2] in Human3.6M's order from found ones [..., 17, 2] in COCO's.

    Hip, spine, neck and head are middles of others. A joint is missing where one that it is made of is.
    """
    matrix = coco_to_human36m()[:NUM_SKELETON_JOINTS, :NUM_SKELETON_JOINTS].astype(np.float64)
    is_complete = (~found(coco)).astype(np.float64) @ (matrix.T > 0) == 0
    return np.where(is_complete[..., np.newaxis], matrix @ coco, 0.0)


def keypoints_of_human36m(joints: np.ndarray) -> np.ndarray:
    """Neck and limbs of Human3.6M's joints [..., 17, 2] as keypoints float32 [..., 18, 2], missing (-1, -1)."""
    keypoints = np.full((*joints.shape[:-2], NUM_JOINTS, 2), MISSING, np.float32)
    for name in ('neck', *LIMBS):
        joint = joints[..., HUMAN36M_17.index(name), :]
        keypoints[..., JOINT_NAMES.index(name), :] = np.where(found(joint)[..., np.newaxis], joint, MISSING)
    return keypoints


def joints_of_keypoints(keypoints: np.ndarray) -> np.ndarray:
    """Joints float64 [..., 17, 2] in COCO's order, missing 0, of keypoints [..., 18, 2], missing (-1, -1)."""
    is_missing = np.all(keypoints == MISSING, axis=-1, keepdims=True)
    return coco_joints(np.where(is_missing, 0.0, keypoints))
