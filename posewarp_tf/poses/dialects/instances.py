"""Dialects that list joints as pairs: MMPose, Ultralytics, and arrays as rtmlib and drawing programs give them."""

from __future__ import annotations

from typing import Any

import numpy as np

from posewarp_tf.poses.dialects.frames import Frame, flat_points, listed_points, size_of

# MMPose and rtmlib give every joint a place; MMPose itself draws none below this score.
_MMPOSE_SEEN = 0.3
# Ultralytics itself takes what it is less sure of for unseen.
_ULTRALYTICS_SEEN = 0.5
_SCORES = ('keypoint_scores', 'scores', 'confidence')
_LISTS = ('instance_info', 'predictions')


def is_mmpose(content: Any) -> bool:
    """What MMPose's demos (`instance_info`) and inferencer (`predictions`) write, or a frame of it (`instances`)."""
    return isinstance(content, dict) and any(key in content for key in (*_LISTS, 'instances'))


def read_mmpose(content: dict[str, Any]) -> list[Frame]:
    """One frame for each entry that has `instances` or is a list of them; one in all where the entries are people."""
    key = next(key for key in (*_LISTS, 'instances') if key in content)
    found = content[key]
    if not isinstance(found, list):
        raise ValueError(f'`{key}`: got {type(found).__name__}, expected a list')
    if key != 'instances' and found and all(isinstance(e, list) or 'instances' in e for e in found):
        frames = []
        for i, entry in enumerate(found):
            instances = entry if isinstance(entry, list) else entry['instances']
            number = i if isinstance(entry, list) else entry.get('frame_id', i)
            frames.append(_frame(instances, f'{key}[{i}]', f'frame {number}'))
        return frames
    name = f'frame {content["frame_id"]}' if 'frame_id' in content else ''
    return [_frame(found, key, name)]


def is_instances(content: Any) -> bool:
    """A list of people whose `keypoints` are pairs, or Ultralytics' {`x`, `y`, `visible`}; or one such person."""
    entry = content[0] if isinstance(content, list) and content else content
    keypoints = entry.get('keypoints') if isinstance(entry, dict) else None
    if isinstance(keypoints, dict):
        return True
    return isinstance(keypoints, list) and bool(keypoints) and isinstance(keypoints[0], list)


def read_instances(content: Any) -> list[Frame]:
    """One frame."""
    if isinstance(content, list):
        return [_frame(content, 'person', '')]
    if isinstance(content['keypoints'], dict):
        return [_frame([content], 'person', '')]
    return read_arrays(content)


def is_arrays(content: Any) -> bool:
    """Numbers alone: [[x, y] or [x, y, confidence], ...] of one person, or a list of such."""
    while isinstance(content, list) and content:
        content = content[0]
    return isinstance(content, (int, float)) and not isinstance(content, bool)


def read_arrays(content: Any) -> list[Frame]:
    """One frame from numbers of shape [joints, 2 or 3] or [people, joints, 2 or 3], with or without scores beside."""
    entry = content if isinstance(content, dict) else {'keypoints': content}
    scores = next((entry[key] for key in _SCORES if key in entry), None)
    people = entry['keypoints']
    if not isinstance(people[0], list):
        return [Frame('', 'arrays of joints', [flat_points(people, 'keypoints')])]
    if not (people[0] and isinstance(people[0][0], list)):
        people, scores = [people], None if scores is None else [scores]
    if scores is not None and (not isinstance(scores, list) or len(scores) != len(people)):
        raise ValueError(f'keypoints: got {len(people)} people, expected a list of scores of each')
    tables = [
        listed_points(points, None if scores is None else scores[i], f'keypoints[{i}]')
        for i, points in enumerate(people)
    ]
    size = size_of(entry, 'canvas_height', 'canvas_width') or size_of(entry, 'height', 'width')
    least = 0.0 if scores is None else _MMPOSE_SEEN
    return [Frame('', 'arrays of joints', tables, size, is_canvas=True, least=least)]


def _frame(instances: Any, place: str, name: str) -> Frame:
    if not isinstance(instances, list):
        raise ValueError(f'{place}: got {type(instances).__name__}, expected a list of people')
    tables, is_ultralytics = [], False
    for i, person in enumerate(instances):
        keypoints = person.get('keypoints') if isinstance(person, dict) else None
        if keypoints is None:
            raise ValueError(f'{place}[{i}]: no `keypoints`')
        scores = next((person[key] for key in _SCORES[:2] if key in person), None)
        if isinstance(keypoints, dict):
            is_ultralytics, scores = True, keypoints.get('visible')
            x, y = keypoints.get('x'), keypoints.get('y')
            if not isinstance(x, list) or not isinstance(y, list) or len(x) != len(y):
                raise ValueError(f'{place}[{i}].keypoints: expected `x` and `y`, lists of as many numbers')
            keypoints = np.column_stack([x, y]).tolist()
        tables.append(listed_points(keypoints, scores, f'{place}[{i}].keypoints'))
    kind, least = ('Ultralytics', _ULTRALYTICS_SEEN) if is_ultralytics else ('MMPose', _MMPOSE_SEEN)
    return Frame(name, f'{kind} JSON', tables, least=least)
