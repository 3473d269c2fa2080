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


def read_frames(content: Any) -> list[Frame] | None:
    """The frames of parsed JSON, in order; None if no dialect fits.

    A list of what is of one frame each (ComfyUI's) is a sequence; nobody is in a frame that is an empty list.

    Raises:
        ValueError: what is wrong at which place.
        TypeError, AttributeError, KeyError, IndexError: values of other kinds than the dialect has.
    """
    found = _read(content)
    if found is not None or not isinstance(content, list):
        return found
    frames = []
    for i, entry in enumerate(content):
        of_entry = _read(entry) if entry != [] else [Frame('', 'JSON', [])]
        if of_entry is None or len(of_entry) != 1:
            return None
        frames.append(of_entry[0]._replace(name=of_entry[0].name or f'frame {i}'))
    return frames or [Frame('', 'JSON', [])]


def _read(content: Any) -> list[Frame] | None:
    return next((dialect.read(content) for dialect in DIALECTS if dialect.recognises(content)), None)
