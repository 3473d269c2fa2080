"""Self-made data of motion extraction, in the two files of VideoPose3D's Human3.6M.

data_2d_h36m_gt.npz                      true joints in the order of Human3.6M, float32 [frames, 17, 2] in pixels
data_2d_h36m_detectron_pt_coco.npz       the same movement as an estimator finds it, in the order of COCO

Each: `positions_2d` = {subject: {action: [one array for each of four cameras, 1000 pixels wide]}}. The noise that an
estimator makes: trembling, drift over several frames, joints that are not found (0, 0) or found elsewhere, sides taken
for each other, and frames that show nobody (all joints in the middle of the picture, as the published tool has it).
"""

from __future__ import annotations

import os
import pathlib

import numpy as np

from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from posewarp_tf.synthetic.movements import POINTS, sample_movement
from posewarp_tf.synthetic.unfinished import folder_appearing_whole, require_nothing_there

TRUTH_FILE, NOISY_FILE = 'data_2d_h36m_gt.npz', 'data_2d_h36m_detectron_pt_coco.npz'
SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')
CAMERA_WIDTH = 1000

_NUM_CAMERAS = 4
_NUM_FRAMES = (120, 400)
# Deviations in parts of the person's height in the picture: trembling of one frame, drift, a joint found elsewhere.
_TREMBLING, _DRIFT, _ELSEWHERE = 0.008, 0.012, 0.12
# What of a drift is left a frame later.
_DRIFT_LEFT = 0.85
# Chances for each frame that something begins, and how many frames it then lasts.
_LOST, _FOUND_ELSEWHERE, _SWAPPED, _NOBODY = (0.006, 14), (0.004, 4), (0.01, 8), (0.001, 5)


def write_skeletons(output_dir: str | os.PathLike, num_movements: int, seed: int = 0) -> None:
    """Writes so many movements, each before four cameras; subjects in turn; as a whole or not at all.

    Raises:
        DataError: the folder holds something already.
    """
    final = pathlib.Path(output_dir)
    require_nothing_there(final)
    truth: dict = {subject: {} for subject in SUBJECTS}
    noisy: dict = {subject: {} for subject in SUBJECTS}
    for number in range(num_movements):
        rng = np.random.default_rng([seed, number])
        movement = sample_movement(rng, int(rng.integers(*_NUM_FRAMES)))
        views = [_seen(rng, movement, camera) for camera in range(_NUM_CAMERAS)]
        subject, action = SUBJECTS[number % len(SUBJECTS)], f'movement {number}'
        truth[subject][action] = [_chosen(view, HUMAN36M_17) for view in views]
        noisy[subject][action] = [make_noisy(rng, _chosen(view, COCO_17)) for view in views]
    with folder_appearing_whole(final) as folder:
        for name, positions in ((TRUTH_FILE, truth), (NOISY_FILE, noisy)):
            np.savez_compressed(folder / name, positions_2d=np.array(positions, dtype=object))


def make_noisy(rng: np.random.Generator, joints: np.ndarray) -> np.ndarray:
    """True joints [frames, 17, 2] in COCO's order as an estimator finds them, float32; see above."""
    noisy, nobody = disturbed(rng, joints)
    noisy[nobody] = CAMERA_WIDTH / 2
    return noisy.astype(np.float32)


def disturbed(rng: np.random.Generator, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same but for frames that show nobody, float64 [frames, 17, 2]; and bool [frames], which these are."""
    frames, num_joints, _ = joints.shape
    height = float(np.median(np.ptp(joints[..., 1], axis=1)))
    drift = rng.normal(0.0, 1.0, joints.shape)
    for frame in range(1, frames):
        drift[frame] = _DRIFT_LEFT * drift[frame - 1] + np.sqrt(1 - _DRIFT_LEFT**2) * drift[frame]
    noisy = joints + height * (_TREMBLING * rng.normal(0.0, 1.0, joints.shape) + _DRIFT * drift)
    for parts in (('hip', 'knee', 'ankle'), ('shoulder', 'elbow', 'wrist')):
        left, right = ([COCO_17.index(f'{side}_{part}') for part in parts] for side in ('left', 'right'))
        swapped = _spells(rng, frames, *_SWAPPED)
        noisy[swapped] = noisy[swapped][:, _exchanged(num_joints, left, right)]
    for joint in range(num_joints):
        elsewhere = _spells(rng, frames, *_FOUND_ELSEWHERE)
        noisy[elsewhere, joint] += height * _ELSEWHERE * rng.normal(0.0, 1.0, 2)
        noisy[_spells(rng, frames, *_LOST), joint] = 0.0
    return noisy, _spells(rng, frames, *_NOBODY)


def _exchanged(num_joints: int, left: list[int], right: list[int]) -> np.ndarray:
    """Numbers of joints in which these of the left and of the right have changed places."""
    order = np.arange(num_joints)
    order[left + right] = right + left
    return order


def _spells(rng: np.random.Generator, frames: int, chance: float, longest: int) -> np.ndarray:
    """bool [frames], true in spells of 1 to `longest` frames, of which one begins in a frame with this chance."""
    found = np.zeros(frames, bool)
    for start in np.flatnonzero(rng.random(frames) < chance):
        found[start : start + rng.integers(1, longest + 1)] = True
    return found


def _seen(rng: np.random.Generator, movement: np.ndarray, camera: int) -> np.ndarray:
    """The points of a movement [frames, POINTS, 3] in the picture of a camera: [frames, POINTS, 2] (x, y) in pixels."""
    azimuth = np.pi / 4 + camera * np.pi / 2 + rng.normal(0.0, 0.2)
    pitch, away = rng.uniform(0.0, 0.25), rng.uniform(4.0, 6.5)
    x, y, z = np.moveaxis(movement - [0.0, 0.95, 0.0], -1, 0)
    right, front = x * np.cos(azimuth) - z * np.sin(azimuth), x * np.sin(azimuth) + z * np.cos(azimuth)
    up, depth = y * np.cos(pitch) - front * np.sin(pitch), away - front * np.cos(pitch) - y * np.sin(pitch)
    scale = 1.15 * CAMERA_WIDTH / np.maximum(depth, 1.0)
    return np.stack([CAMERA_WIDTH / 2 + scale * right, CAMERA_WIDTH / 2 - scale * up], axis=-1)


def _chosen(view: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return view[:, [POINTS.index(name) for name in names]].astype(np.float32)
