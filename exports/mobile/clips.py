"""Files of clips for the page of a model that animates: {"<kind>": [{"title", "fps", "frames"}]}, a clip in a line.

What a frame is says whoever makes them: dances.py, talks.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from absl import flags

from posewarp_tf.errors import DataError
from posewarp_tf.files import write_text

FPS = 25.0
# What the page takes.
MAX_FRAMES = 1000


def define_clip_flags() -> None:
    flags.DEFINE_float('fps', FPS, 'Frames per second of what is given.', lower_bound=1.0, upper_bound=60.0)
    flags.DEFINE_string('output', None, 'The file to write.', required=True)


def make_clip(title: str, frames: Sequence[Any], fps: float) -> dict[str, Any]:
    """One clip.

    Raises:
        DataError: too many frames.
    """
    if len(frames) > MAX_FRAMES:
        raise DataError(f'{title}: got {len(frames)} frames, expected at most {MAX_FRAMES}')
    return {'title': title, 'fps': fps, 'frames': list(frames)}


def write_clips(path: str | os.PathLike, kind: str, clips: Sequence[dict[str, Any]]) -> None:
    """Writes a file of a kind, 'dances' or 'talks', whole or not at all, and says what is in it."""
    lines = ',\n'.join(json.dumps(clip, separators=(',', ':')) for clip in clips)
    write_text(path, f'{{"{kind}": [\n{lines}\n]}}\n')
    print(f'written: {path}, {len(clips)} {kind} of {", ".join(str(len(clip["frames"])) for clip in clips)} frames')
