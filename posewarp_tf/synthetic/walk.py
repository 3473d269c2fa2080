"""One synthetic person walking: a sequence to drive others by, or to be driven.

pictures/frame-00000.jpg ...              the person, frame by frame; 24 frames are one step of each leg
poses/frame-00000_keypoints.json ...      joints as OpenPose writes them, 18 per person
parts/ parsing/                           maps of classes as in a data set
"""

from __future__ import annotations

import json
import math
import os
import pathlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from posewarp_tf.synthetic.dataset import person_generator, save_labels
from posewarp_tf.synthetic.drawn.backgrounds import WHITE_STUDIO
from posewarp_tf.synthetic.drawn.person import sample_person
from posewarp_tf.synthetic.drawn.pose import ArmPose, LegPose, Pose
from posewarp_tf.synthetic.drawn.render import render
from posewarp_tf.synthetic.layouts import LabelledPicture
from posewarp_tf.synthetic.settings import Settings
from posewarp_tf.synthetic.unfinished import folder_appearing_whole, require_nothing_there

_FRAMES_PER_CYCLE = 24
# In radians.
_LEG_SWING, _ARM_SWING, _KNEE_BEND = 0.42, 0.4, 0.8


def walk_pose(phase: float, yaw: float = 0.6) -> Pose:
    """The pose at `phase` (in turns, one is a step of each leg), seen from `yaw` (radians from the front)."""
    legs, arms = {}, {}
    for side, shift in (('right', 0.0), ('left', 0.5)):
        angle = 2 * math.pi * (phase + shift)
        # A leg that comes forward is lifted.
        lift = max(0.0, math.cos(angle))
        legs[side] = LegPose(0.03, _LEG_SWING * math.sin(angle), 0.1, 0.08 + _KNEE_BEND * lift, lifted=lift > 0)
        arms[side] = ArmPose(0.14, -_ARM_SWING * math.sin(angle), 0.1, 0.35)
    return Pose(yaw=yaw, twist=0.08 * math.sin(2 * math.pi * phase), arms=arms, legs=legs, zoom=0.97)


def write_walk(
    output_dir: str | os.PathLike,
    num_frames: int,
    image_size: tuple[int, int],
    seed: int = 0,
    white_background: bool = False,
    rendered: Settings | None = None,
) -> None:
    """Writes the walk of the first test person of `seed`, as a whole or not at all.

    rendered: whoever these settings of rendered people give, instead of somebody drawn.

    Raises:
        DataError: the folder holds something already.
    """
    final = pathlib.Path(output_dir)
    require_nothing_there(final)
    poses = [walk_pose(frame / _FRAMES_PER_CYCLE) for frame in range(num_frames)]
    pictures: Iterator[LabelledPicture]
    if rendered is None:
        pictures = _drawn(poses, image_size, seed, white_background)
    else:
        # Needs a compiler for loops, which those who draw need not have.
        from posewarp_tf.synthetic.rendered import studio

        pictures = studio.film(rendered, person_generator(seed, 'test', 0, 'person'), poses)
    with folder_appearing_whole(final) as folder:
        for name in ('pictures', 'poses', 'parts', 'parsing'):
            (folder / name).mkdir()
        for frame, picture in enumerate(pictures):
            stem = f'frame-{frame:05d}'
            Image.fromarray(picture.image).save(folder / 'pictures' / f'{stem}.jpg', quality=95, subsampling=0)
            (folder / 'poses' / f'{stem}_keypoints.json').write_text(_openpose_json(picture))
            save_labels(folder / 'parts' / f'{stem}.png', picture.parts)
            save_labels(folder / 'parsing' / f'{stem}.png', picture.garments)


def _drawn(
    poses: list[Pose], image_size: tuple[int, int], seed: int, white_background: bool
) -> Iterator[LabelledPicture]:
    person = sample_person(person_generator(seed, 'test', 0, 'person'))
    for pose in poses:
        yield render(person, pose, image_size, WHITE_STUDIO if white_background else None)


def _openpose_json(picture: LabelledPicture) -> str:
    """A missing joint is 0, 0, 0."""
    seen = picture.keypoints[:, :1] >= 0
    table = np.where(seen, np.concatenate([picture.keypoints, np.ones_like(seen)], axis=1), 0.0)
    return json.dumps({'version': 1.3, 'people': [{'pose_keypoints_2d': table.round(3).ravel().tolist()}]}) + '\n'
