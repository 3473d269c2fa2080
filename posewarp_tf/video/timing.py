"""Frames at a constant rate, from frames that are shown for any time each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

# A part of the time of one frame: presentation times are rounded, to milliseconds in many files, and cameras are not
# quite regular.
_TOLERANCE = Fraction(1, 8)


class Shown(NamedTuple):
    """Something that a video shows, in whatever form, and when.

    time: when it appears, in seconds from the beginning of the video; `duration`: for how long, unless the next one
        comes earlier or later.
    """

    time: Fraction
    duration: Fraction
    item: Any


def at_constant_rate(
    frames: Iterable[Shown], fps: Fraction, start: Fraction = Fraction(0), end: Fraction | None = None
) -> Iterator[Any]:
    """What is seen at `start`, `start` + 1 / fps, `start` + 2 / fps, ... before `end`: items are repeated or left out.

    Frames at that very rate come out as they are, also where their times are up to an eighth of a frame off.

    Args:
        frames: in the order of their times.
        fps: frames per second that come out.
        start, end: in seconds; None: until the last frame is over.
    """
    slack = _TOLERANCE / fps
    moment = start
    last = None
    for frame in frames:
        while last is not None and moment < frame.time - slack:
            if end is not None and moment >= end - slack:
                return
            yield last.item
            moment += 1 / fps
        last = frame
    while last is not None and moment < last.time + last.duration - slack:
        if end is not None and moment >= end - slack:
            return
        yield last.item
        moment += 1 / fps
