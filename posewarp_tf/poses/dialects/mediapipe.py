"""MediaPipe's landmarks: of the Pose Landmarker task in Python and JavaScript, and of the older Pose solution."""

from __future__ import annotations

from typing import Any

from posewarp_tf.poses.dialects.frames import Frame, flat_points

# MediaPipe invents a place for every joint; below this it does not see it.
_SEEN = 0.5
_KEYS = ('pose_landmarks', 'poseLandmarks', 'landmarks', 'landmark')


def is_mediapipe(content: Any) -> bool:
    """A result with landmarks; the landmarks alone; or a list of people's."""
    if isinstance(content, dict):
        return any(key in content for key in _KEYS)
    while isinstance(content, list) and content:
        content = content[0]
    return isinstance(content, dict) and 'x' in content and 'y' in content


def read_mediapipe(content: Any) -> list[Frame]:
    """One frame; a landmark has `x`, `y`, and `visibility` and `presence`, of which the smaller counts."""
    kind = 'MediaPipe landmarks'
    found = content
    while isinstance(found, dict):
        key = next((key for key in _KEYS if key in found), None)
        if key is None:
            raise ValueError(f'landmarks: got {sorted(found)[:4]}, expected a list')
        found = found[key]
    if not found:
        return [Frame('', kind, [])]
    people = found if isinstance(found[0], list) or _KEYS[-1] in found[0] else [found]
    tables = []
    for i, person in enumerate(people):
        landmarks = person[_KEYS[-1]] if isinstance(person, dict) else person
        values = [
            value
            for p in landmarks
            for value in (p.get('x'), p.get('y'), min(p.get('visibility', 1.0), p.get('presence', 1.0)))
        ]
        tables.append(flat_points(values, 'landmarks' if len(people) == 1 else f'landmarks[{i}]'))
    return [Frame('', kind, tables, least=_SEEN)]
