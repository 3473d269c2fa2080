"""Skeletons as motion extraction sees them, and the pieces in which a video passes it.

A skeleton is 34 numbers, 17 y and then 17 x, from -1 to 1 over the picture. What goes in is in the order of COCO, what
comes out in that of Human3.6M: the twelve joints of arms and legs (`LIMBS`) are in both. Conventions of released
weights: a joint that was not found is (-1, -1), the upper left corner; of a frame that shows nobody all joints are
(0, 0), the middle of the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.poses.joints import LAYOUTS

NUM_SKELETON_JOINTS = 17
COCO_17 = LAYOUTS[17][1]
HUMAN36M_17 = (
    *('hip', 'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle', 'spine', 'neck'),
    *('nose', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow', 'right_wrist'),
)
LIMBS = tuple(name for name in COCO_17 if name in HUMAN36M_17 and name != 'nose')

# Frames of a piece of the answer, and frames that go in before and behind it.
PIECE, REACH = 24, 40
_BATCH = 32


def to_skeletons(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """From joints [..., 17, 2] (x, y) in pixels of `size` (height, width) to float32 [..., 34]."""
    scaled = 2.0 * np.asarray(joints, np.float64) / size[::-1] - 1.0
    return np.concatenate([scaled[..., 1], scaled[..., 0]], axis=-1).astype(np.float32)


def from_skeletons(skeletons: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The inverse: float32 [..., 34] -> [..., 17, 2]."""
    y, x = np.split(np.asarray(skeletons, np.float64), 2, axis=-1)
    return ((np.stack([x, y], axis=-1) + 1.0) / 2.0 * size[::-1]).astype(np.float32)


def noisy_skeletons(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What motion extraction takes, float32 [frames, 34], of keypoints [frames, 18, 2] in pixels, missing (-1, -1)."""
    found = keypoints[:, [JOINT_NAMES.index(name) for name in COCO_17]]
    is_missing = np.all(found == MISSING, axis=-1)
    skeletons = to_skeletons(np.where(is_missing[..., np.newaxis], 0.0, found), size)
    return np.where(is_missing.all(axis=1)[:, np.newaxis], np.float32(0.0), skeletons)


def cleaned_keypoints(keypoints: np.ndarray, skeletons: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Keypoints [frames, 18, 2] with neck and limbs from clean skeletons [frames, 34]; the face stays as it was found.

    A limb's joint that is never found in the whole sequence stays missing: nothing is known of it.
    """
    clean = from_skeletons(skeletons, size)
    result = keypoints.copy()
    for joint, name in enumerate(JOINT_NAMES):
        if name == 'neck' or (name in LIMBS and np.any(keypoints[:, joint] != MISSING)):
            result[:, joint] = clean[:, HUMAN36M_17.index(name)]
    return result


def num_found_anew(before: np.ndarray, after: np.ndarray) -> int:
    """How many joints are missing in keypoints [frames, 18, 2] `before` and are not in those `after`."""
    return int(np.sum(np.all(before == MISSING, axis=-1) & np.any(after != MISSING, axis=-1)))


def found_joints(skeletons: np.ndarray) -> np.ndarray:
    """bool [frames, 17]: joints that are not in the corner, where those not found are, in frames that show anybody."""
    joints = np.stack(np.split(skeletons, 2, axis=-1), axis=-1)
    return ~np.all(joints == -1.0, axis=-1) & np.any(skeletons != 0.0, axis=-1, keepdims=True)


def fill_skeletons(skeletons: np.ndarray) -> np.ndarray:
    """Skeletons [frames, 34] in COCO's order with joints that were not found in straight lines between found ones.

    A joint that is never found is where the middle of the others is in each frame; of a video that shows nobody at all
    nothing is filled.
    """
    joints = np.stack(np.split(skeletons, 2, axis=-1), axis=-1)
    found = found_joints(skeletons)
    filled, frames = joints.copy(), np.arange(len(joints))
    for joint in np.flatnonzero(found.any(axis=0)):
        seen = found[:, joint]
        for axis in range(2):
            filled[:, joint, axis] = np.interp(frames, frames[seen], joints[seen, joint, axis])
    known = found.any(axis=0)
    if known.any():
        filled[:, ~known] = filled[:, known].mean(axis=1, keepdims=True)
    return np.concatenate([filled[..., 0], filled[..., 1]], axis=-1)


def coco_to_human36m() -> np.ndarray:
    """float32 [34, 34]: by which a skeleton in COCO's order becomes about the same one in that of Human3.6M."""
    hips, shoulders = ('left_hip', 'right_hip'), ('left_shoulder', 'right_shoulder')
    means = {'hip': hips, 'neck': shoulders, 'spine': hips + shoulders, 'head': ('left_ear', 'right_ear')}
    matrix = np.zeros((NUM_SKELETON_JOINTS, NUM_SKELETON_JOINTS), np.float32)
    for row, name in enumerate(HUMAN36M_17):
        sources = means.get(name, (name,))
        matrix[row, [COCO_17.index(source) for source in sources]] = 1.0 / len(sources)
    return np.kron(np.eye(2, dtype=np.float32), matrix)


def piece_starts(num_frames: int) -> list[int]:
    """First frames of the pieces of a video: every 24th, and the one that ends with the video."""
    return sorted({*range(0, max(num_frames - PIECE, 0), PIECE), max(num_frames - PIECE, 0)})


def context_frames(start: int, num_frames: int) -> np.ndarray:
    """int [104]: the frames that go in for the piece that begins at `start`; those before and behind a video are
    its first and its last."""
    return np.clip(np.arange(start - REACH, start + PIECE + REACH), 0, num_frames - 1)


def clean_in_pieces(skeletons: np.ndarray, network: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A whole video through motion extraction, as the published tool does it.

    The last piece overwrites what it shares with the one before; a video of fewer than 24 frames repeats its last.

    Args:
        skeletons: float32 [frames, 34].
        network: [B, 104, 34] -> [B, 24, 34], B at most 32.
    """
    num_frames = len(skeletons)
    clean = np.empty((max(num_frames, PIECE), skeletons.shape[1]), np.float32)
    starts = piece_starts(num_frames)
    for number in range(0, len(starts), _BATCH):
        some = starts[number : number + _BATCH]
        pieces = network(np.stack([skeletons[context_frames(start, num_frames)] for start in some]))
        for start, piece in zip(some, pieces):
            clean[start : start + PIECE] = piece
    return clean[:num_frames]
