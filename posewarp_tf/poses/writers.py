"""Poses into files that `readers.py` and `annotations.py`, and other people's programs, read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

import numpy as np

from posewarp_tf.conventions import DEEPFASHION_KEYPOINT_SIZE, MISSING, NUM_JOINTS
from posewarp_tf.files import write_text
from posewarp_tf.poses.annotations import ANNOTATION_COLUMNS
from posewarp_tf.poses.dialects.people import VIDEO_TO_POSE

# Hundredths of a pixel.
_DECIMALS = 2
_FRAME_DECIMALS = 3
_CONFIDENCE_DECIMALS = 4


def write_openpose(path: str | os.PathLike, people: Sequence[tuple[np.ndarray, np.ndarray | None]]) -> None:
    """OpenPose's JSON of one picture: `people`, each with `pose_keypoints_2d`, 18 times x, y, confidence.

    Args:
        path: of the file, which appears whole or not at all.
        people: keypoints [18, 2] in pixels, missing (-1, -1), and confidence [18] in 0..1 (None: 1 for all).

    A missing joint is 0, 0, 0, as OpenPose writes it. One that is there has a confidence of at least 0.0001.
    """
    content = {'version': 1.3, 'people': [{'pose_keypoints_2d': _flat(*person)} for person in people]}
    write_text(path, json.dumps(content) + '\n')


def write_human36m(path: str | os.PathLike, joints: np.ndarray) -> None:
    """The JSON that the published tool of motion extraction writes of one frame.

    Args:
        path: of the file, which appears whole or not at all.
        joints: [17, 2] in pixels, in the order of `skeletons.HUMAN36M_17`; each gets the confidence 1.
    """
    table = np.column_stack([np.round(np.asarray(joints, np.float64), _DECIMALS), np.ones(len(joints))])
    content = {'version': VIDEO_TO_POSE, 'people': [{'pose_keypoints_2d': table.ravel().tolist()}]}
    write_text(path, json.dumps(content) + '\n')


def write_annotations(path: str | os.PathLike, poses: Mapping[str, tuple[np.ndarray, tuple[int, int]]]) -> None:
    """An annotation CSV (`annotations.read_annotations`) with a row for each picture.

    Args:
        path: of the file, which appears whole or not at all.
        poses: by the name of the picture its keypoints [18, 2] in pixels, missing (-1, -1), and its (height, width).

    Joints are written in the published frame of 256 x 176, whatever the sizes of the pictures: readers scale them back.
    """
    rows = [':'.join(ANNOTATION_COLUMNS)]
    for name, (keypoints, size) in poses.items():
        keypoints = _checked(keypoints).astype(np.float64)
        scaled = keypoints * np.divide(DEEPFASHION_KEYPOINT_SIZE, size)[::-1]
        framed = np.where(keypoints == MISSING, MISSING, np.round(scaled, _FRAME_DECIMALS))
        x, y = framed.T.tolist()
        rows.append(f'{name}: {json.dumps(y)}: {json.dumps(x)}')
    write_text(path, '\n'.join(rows) + '\n')


def _flat(keypoints: np.ndarray, confidence: np.ndarray | None) -> list[float]:
    keypoints = _checked(keypoints).astype(np.float64)
    sure = np.ones(NUM_JOINTS) if confidence is None else np.asarray(confidence, np.float64)
    is_there = np.any(keypoints != MISSING, axis=-1)
    sure = np.maximum(np.round(sure, _CONFIDENCE_DECIMALS), 10.0**-_CONFIDENCE_DECIMALS)
    table = np.column_stack([np.round(keypoints, _DECIMALS), sure])
    return np.where(is_there[:, np.newaxis], table, 0.0).ravel().tolist()


def _checked(keypoints: np.ndarray) -> np.ndarray:
    keypoints = np.asarray(keypoints)
    if keypoints.shape != (NUM_JOINTS, 2):
        raise ValueError(f'keypoints: got shape {keypoints.shape}, expected ({NUM_JOINTS}, 2)')
    return keypoints
