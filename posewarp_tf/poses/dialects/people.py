"""Dialects that list people with flat x, y, confidence: OpenPose, ComfyUI and ControlNet editors, AlphaPose's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.dialects.frames import Frame, flat_points, size_of
from posewarp_tf.poses.skeletons import HUMAN36M_17

OPENPOSE = 'OpenPose JSON'
# The version of OpenPose that the tool of motion extraction names; its 17 joints are Human3.6M's, not COCO's.
VIDEO_TO_POSE = 'Video to Pose 2D'

# What the list of people is called, and by which names each has the joints; the second is that of old versions.
_KEYS = {'people': ('pose_keypoints_2d', 'pose_keypoints'), 'bodies': ('joints',)}


def is_people(content: Any) -> bool:
    """`people` of OpenPose and ControlNet, `bodies` of AlphaPose's format 'cmu'."""
    return isinstance(content, dict) and any(key in content for key in _KEYS)


def read_people(content: dict[str, Any], name: str = '') -> list[Frame]:
    """One frame; editors say the size of the canvas that they draw on."""
    key = next(key for key in _KEYS if key in content)
    people = content[key]
    if not isinstance(people, list):
        raise ValueError(f'`{key}`: got {type(people).__name__}, expected a list')
    size = size_of(content, 'canvas_height', 'canvas_width') or size_of(content, 'height', 'width')
    kind = 'AlphaPose JSON' if key == 'bodies' else OPENPOSE
    tables = []
    for i, person in enumerate(people):
        joints = [k for k in _KEYS[key] if isinstance(person, dict) and k in person]
        if not joints:
            raise ValueError(f'{key}[{i}]: no `{_KEYS[key][0]}`')
        # Editors write null, OpenPose an empty list, for somebody of whom only a hand or the face was found.
        if person[joints[0]] not in (None, []):
            points = flat_points(person[joints[0]], f'{key}[{i}].{joints[0]}')
            is_human36m = content.get('version') == VIDEO_TO_POSE and len(points) == len(HUMAN36M_17)
            tables.append(_from_human36m(points) if is_human36m else points)
    return [Frame(name, kind, tables, size, is_canvas=True)]


def _from_human36m(points: np.ndarray) -> np.ndarray:
    """The joints that OpenPose-18 has too, as those: neck, nose and limbs."""
    return np.stack([points[HUMAN36M_17.index(name)] if name in HUMAN36M_17 else np.zeros(3) for name in JOINT_NAMES])


def is_people_by_picture(content: Any) -> bool:
    """AlphaPose's formats 'cmu' and 'open' in one file: {name of the picture: {`bodies` or `people`}}."""
    return isinstance(content, dict) and bool(content) and all(is_people(value) for value in content.values())


def read_people_by_picture(content: dict[str, Any]) -> list[Frame]:
    """One frame for each picture, in the file's order."""
    return [frame for name, picture in content.items() for frame in read_people(picture, name)]
