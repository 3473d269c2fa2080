"""Writes what faces do for the page of a model that animates them: what comes with it, or one of somebody's landmarks.

    python -m exports.mobile.talks --output=exports/mobile/page/talks.json
    python -m exports.mobile.talks --landmarks=data/faces/test_keypoints/test_00000 --output=talk.json

The first draws them; the page reads the second by "From a file". A frame is 68 landmarks (x, y) in whole pixels
(faces/landmarks.py); the page moves them onto the face of a photo, so that place and size do not count.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import flags

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.faces.landmarks import read_landmarks
from posewarp_tf.poses.sequences import natural_order
from posewarp_tf.settings import command_line
from posewarp_tf.synthetic.talking.expression import Expression, sample_talk
from posewarp_tf.synthetic.talking.person import sample_talker

from .clips import FPS, define_clip_flags, make_clip, write_clips

TALKER_SEED = 11
# Pixels of a head's height.
_HEAD = 400
_TALK_FRAMES, _FRAMES = 60, 40
# Of what somebody says, how many frames pass between rest and speech.
_EASE = 8


def define_flags() -> None:
    flags.DEFINE_string('landmarks', None, 'A folder with a .txt of 68 lines x,y for each frame; default: drawn clips.')
    define_clip_flags()


def drawn_talks() -> list[dict[str, Any]]:
    """Somebody talks, smiles, turns and nods, each from rest to rest, so that a clip can go round."""
    t = np.linspace(0, 1, _FRAMES)
    bump, wave, nods = np.sin(np.pi * t) ** 2, np.sin(2 * np.pi * t), np.sin(2 * np.pi * t) ** 2
    said = sample_talk(np.random.default_rng(TALKER_SEED), _TALK_FRAMES)
    eased = np.clip(np.minimum(np.arange(_TALK_FRAMES), np.arange(_TALK_FRAMES)[::-1]) / _EASE, 0, 1)
    clips = {
        'Talk': [_times(expression, share) for expression, share in zip(said, eased)],
        'Smile': [_times(Expression(openness=0.12, smile=1.0, brow=0.5), share) for share in bump],
        'Turn': [_times(Expression(gaze=(-0.15, 0.0), yaw=0.4), share) for share in wave],
        'Nod': [_times(Expression(gaze=(0.0, 0.08), pitch=0.18), share) for share in nods],
    }
    talker = sample_talker(np.random.default_rng(TALKER_SEED))

    def landmarks(expression: Expression) -> np.ndarray:
        # The y of a head points up; no number is negative.
        points = talker.landmarks(talker.vertices(expression))[:, :2]
        return _HEAD * (np.array([1.0, 1.0]) + points * [1.0, -1.0])

    return [talk_of(title, [landmarks(one) for one in expressions], FPS) for title, expressions in clips.items()]


def talk_of(title: str, landmarks: Sequence[np.ndarray], fps: float) -> dict[str, Any]:
    """A clip of the landmarks [68, 2] of each frame, in pixels; rounded to whole ones."""
    return make_clip(title, [np.rint(points).astype(int).tolist() for points in landmarks], fps)


def talk_in_files(folder: str, fps: float) -> dict[str, Any]:
    """A clip of a folder of landmarks, as `posewarp landmarks` writes it.

    Raises:
        DataError: no landmarks, or some that cannot be read; too many frames.
    """
    paths = sorted(pathlib.Path(folder).glob('*.txt'), key=lambda path: natural_order(path.name))
    if not paths:
        raise DataError(f'{folder}: no .txt in this folder, expected the landmarks of each frame')
    return talk_of(pathlib.Path(folder).name, [read_landmarks(path) for path in paths], fps)


def _times(expression: Expression, share: float) -> Expression:
    """So much of an expression; 0 is a face at rest."""
    values = dataclasses.asdict(expression)
    return Expression(**{name: (np.array(value) * share).tolist() for name, value in values.items()})


def main() -> None:
    given = flags.FLAGS
    if given.landmarks is None and given['fps'].present:
        raise ConfigError('--fps: given without --landmarks, which it is about')
    talks = drawn_talks() if given.landmarks is None else [talk_in_files(given.landmarks, given.fps)]
    write_clips(given.output, 'talks', talks)


if __name__ == '__main__':
    command_line.run(define_flags, main)
