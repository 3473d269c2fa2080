"""JSON pose files in the words of the programs that write them: one table, tried from the top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from posewarp_tf.poses.dialects.coco import is_coco, is_results, read_coco, read_results
from posewarp_tf.poses.dialects.frames import Frame
from posewarp_tf.poses.dialects.instances import (
    is_arrays,
    is_instances,
    is_mmpose,
    read_arrays,
    read_instances,
    read_mmpose,
)
from posewarp_tf.poses.dialects.mediapipe import is_mediapipe, read_mediapipe
from posewarp_tf.poses.dialects.people import is_people, is_people_by_picture, read_people, read_people_by_picture


class Dialect(NamedTuple):
    """recognises: whether parsed JSON is of this dialect; read: its frames; ValueError says what is wrong where."""

    recognises: Callable[[Any], bool]
    read: Callable[[Any], list[Frame]]


DIALECTS = (
    Dialect(is_people, read_people),
    Dialect(is_coco, read_coco),
    Dialect(is_mmpose, read_mmpose),
    Dialect(is_results, read_results),
    Dialect(is_instances, read_instances),
    Dialect(is_mediapipe, read_mediapipe),
    Dialect(is_people_by_picture, read_people_by_picture),
    Dialect(is_arrays, read_arrays),
)


def read_frames(content: Any) -> list[Frame]:
    """The frames of parsed JSON, in order; a list of what is of one frame each (ComfyUI's) is a sequence.

    Raises:
        ValueError: no dialect fits, or what is wrong at which place.
        TypeError, AttributeError, KeyError, IndexError: values of other kinds than the dialect has.
    """
    found = _read(content)
    if found is None and isinstance(content, list):
        entries = [[Frame('', 'JSON', [])] if entry == [] else _read(entry) for entry in content]
        if all(entry is not None and len(entry) == 1 for entry in entries):
            frames = [frames[0] for frames in entries if frames]
            return [f._replace(name=f.name or f'frame {i}') for i, f in enumerate(frames)] or [Frame('', 'JSON', [])]
    if found is None:
        raise ValueError(
            'unknown JSON: expected `people` (OpenPose), `annotations` or a list with `keypoints` (COCO), `instances` '
            '(MMPose), `keypoints` with `x` and `y` (Ultralytics) or landmarks with `x`, `y` and `visibility` '
            '(MediaPipe)'
        )
    return found


def _read(content: Any) -> list[Frame] | None:
    return next((dialect.read(content) for dialect in DIALECTS if dialect.recognises(content)), None)
