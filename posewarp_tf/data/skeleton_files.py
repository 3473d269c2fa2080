"""Files of noisy and true skeletons over time, as VideoPose3D's of Human3.6M; imports no TensorFlow."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.files.pickled_arrays import read_pickled_dict
from posewarp_tf.poses.skeletons import NUM_SKELETON_JOINTS, fill_skeletons, to_skeletons
from posewarp_tf.synthetic.skeletons import CAMERA_WIDTH, NOISY_FILE, TRUTH_FILE

TEST_SUBJECTS = ('S9', 'S11')

# Sequences whose two files differ by more of their length than this are left out.
_MOST_DIFFERENT = 0.01


@dataclasses.dataclass(frozen=True, eq=False)
class SkeletonSequences:
    """Sequences one behind the other: noisy and truth float32 [all frames, 34]; starts, lengths int64 [sequences]."""

    names: list[str]
    noisy: np.ndarray
    truth: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray


def load_skeletons(data_dir: str, split: str, fill: bool = False) -> SkeletonSequences:
    """The sequences of 'train' (all subjects but S9 and S11) or 'test' (these); the shorter of both files counts.

    fill: joints that were not found are filled in (poses/skeletons.py).

    Raises:
        DataError: a file is missing or damaged, or no sequence of the split is in both.
    """
    truth, noisy = (_sequences(os.path.join(data_dir, name)) for name in (TRUTH_FILE, NOISY_FILE))
    names, pairs = [], []
    for name in sorted(set(truth) & set(noisy)):
        frames = len(noisy[name]), len(truth[name])
        is_test = name.split('/')[0] in TEST_SUBJECTS
        if is_test == (split == 'test') and max(frames) - min(frames) <= _MOST_DIFFERENT * max(frames):
            names.append(name)
            pairs.append((noisy[name][: min(frames)], truth[name][: min(frames)]))
    if not names:
        tests = ' and '.join(TEST_SUBJECTS)
        wanted = f'of subjects {tests}' if split == 'test' else f'of other subjects than {tests}'
        raise DataError(f'{data_dir}: no sequence {wanted} that is equally long in {TRUTH_FILE} and {NOISY_FILE}')
    lengths = np.array([len(one) for one, _ in pairs], np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    size = (CAMERA_WIDTH, CAMERA_WIDTH)
    noisy_pieces = [to_skeletons(one, size) for one, _ in pairs]
    true_pieces = [to_skeletons(one, size) for _, one in pairs]
    if fill:
        noisy_pieces = [fill_skeletons(one) for one in noisy_pieces]
    return SkeletonSequences(names, np.concatenate(noisy_pieces), np.concatenate(true_pieces), starts, lengths)


def _sequences(path: str) -> dict[str, np.ndarray]:
    """{'<subject>/<action>/<camera>': joints [frames, 17, 2]}; scores, which a third column holds, are left out."""
    found = {}
    for subject, actions in read_pickled_dict(path, 'positions_2d').items():
        for action, cameras in actions.items() if isinstance(actions, dict) else ():
            for camera, joints in enumerate(cameras):
                shape = getattr(joints, 'shape', None)
                if shape is None or len(shape) != 3 or shape[1] != NUM_SKELETON_JOINTS or shape[2] not in (2, 3):
                    raise DataError(
                        f'{path}: {subject}, {action}, camera {camera}: got shape {shape}, '
                        f'expected [frames, {NUM_SKELETON_JOINTS}, 2 or 3]'
                    )
                if not len(joints) or not np.isfinite(joints).all():
                    raise DataError(f'{path}: {subject}, {action}, camera {camera}: no frames, or no finite numbers')
                found[f'{subject}/{action}/{camera}'] = joints[..., :2]
    return found
