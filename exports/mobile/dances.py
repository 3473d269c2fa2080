"""Writes dances for the page of a model that animates: those that come with it, or one of somebody's own poses.

    python -m exports.mobile.dances --output=exports/mobile/page/dances.json
    python -m exports.mobile.dances --poses=data/walk/poses --image_size=256,176 --output=walk.json

The first draws them; the page reads the second by "From a file". A frame is 17 joints in Human3.6M's order, (x, y) from
the hips of the first frame in torso lengths (hips to neck) of it; null where a joint is missing.
"""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
from absl import flags

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.poses.dance_joints import human36m_joints, joints_of_keypoints
from posewarp_tf.poses.dance_maps import found
from posewarp_tf.poses.sequences import load_sequence
from posewarp_tf.poses.skeletons import HUMAN36M_17
from posewarp_tf.poses.smoothing import hold
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag
from posewarp_tf.synthetic.performances import PERFORMANCES
from posewarp_tf.synthetic.settings import VideoSettings
from posewarp_tf.synthetic.videos import make_film

from .clips import FPS, define_clip_flags, make_clip, write_clips

_FRAMES = 60
_HIP, _NECK = HUMAN36M_17.index('hip'), HUMAN36M_17.index('neck')


def define_flags() -> None:
    flags.DEFINE_string('poses', None, 'Joints of each frame, in any format that predict reads; default: drawn dances.')
    flags.DEFINE_string('image_size', None, 'height,width of the frames that the poses are from.')
    define_clip_flags()


def dance_of(title: str, joints: np.ndarray, fps: float) -> dict[str, Any]:
    """A dance of joints [frames, 17, 2] in Human3.6M's order, missing 0, in pixels.

    Raises:
        DataError: too many frames, or no torso in the first one.
    """
    hip, neck = joints[0, _HIP], joints[0, _NECK]
    torso = float(np.linalg.norm(neck - hip))
    if not found(joints[0, [_HIP, _NECK]]).all() or torso < 1:
        raise DataError(f'{title}: the first frame shows no torso, expected shoulders and hips, which tell the size')
    # No minus before a zero.
    relative = np.round((joints - hip) / torso, 3) + 0.0
    frames = [[at.tolist() if seen else None for at, seen in zip(*both)] for both in zip(relative, found(joints))]
    return make_clip(title, frames, fps)


def drawn_dances() -> list[dict[str, Any]]:
    """One of each performance of self-made videos."""
    settings = VideoSettings(2, num_frames=(_FRAMES, _FRAMES))
    films = [make_film(settings, 'test', number) for number in range(len(PERFORMANCES))]
    return [dance_of(name.capitalize(), film.clean_joints(), FPS) for name, film in zip(PERFORMANCES, films)]


def main() -> None:
    given = flags.FLAGS
    if given.poses is None:
        for name in ('image_size', 'fps'):
            if given[name].present:
                raise ConfigError(f'--{name}: given without --poses, which it is about')
        dances = drawn_dances()
    else:
        size = size_from_flag('image_size')
        if size is None:
            raise ConfigError('--image_size: missing; expected height,width of the frames that --poses are from')
        keypoints, _ = hold(load_sequence(given.poses, size).keypoints)
        joints = human36m_joints(joints_of_keypoints(keypoints))
        dances = [dance_of(pathlib.Path(given.poses).stem, joints, given.fps)]
    write_clips(given.output, 'dances', dances)


if __name__ == '__main__':
    command_line.run(define_flags, main)
