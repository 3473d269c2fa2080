"""Draws what the page offers: the poses of its gallery, and one person and one face to try it with.

    python -m exports.mobile.gallery --output_dir=exports/mobile/page

writes poses.json, example.jpg and example.json, face.jpg and face.json. A pose in poses.json is free of place and
size: joints are (x, y) from the middle of the hips, in torso lengths (neck to hips); null where the picture would not
show the joint.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from typing import Any

import numpy as np
from absl import flags

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.files import write_text
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.settings import command_line
from posewarp_tf.synthetic import Pose, render, sample_person
from posewarp_tf.synthetic.drawn.backgrounds import WHITE_STUDIO
from posewarp_tf.synthetic.drawn.pose import ArmPose, LegPose
from posewarp_tf.synthetic.talking.expression import Expression
from posewarp_tf.synthetic.talking.person import sample_talker
from posewarp_tf.synthetic.talking.render import render as render_face

_SIZE = (512, 352)
_PERSON_SEED = 1
_FACE_SIZE, _FACE_SEED = (512, 512), 11


def define_flags() -> None:
    flags.DEFINE_string('output_dir', 'exports/mobile/page', 'Folder to write to.')


def gallery_poses() -> dict[str, Pose]:
    """The poses by title, as joint angles; the page mirrors them itself."""
    hang, hip = ArmPose(0.2, 0.05, 0.2, 0.25), ArmPose(reach=(0.138, 0.085, 0.015), elbow_towards=(1.0, 0.1, -0.45))
    stand, relaxed, bent = LegPose(0.06), LegPose(0.03, -0.02), LegPose(0.14, 0.25, 0.2, 0.42)
    pocket = ArmPose(reach=(0.138, 0.015, 0.03), elbow_towards=(0.8, 0.0, -0.8))
    head = ArmPose(reach=(0.105, 0.125, 0.02), reach_from='chest', elbow_towards=(1.0, 0.3, 0.1), hand=(-0.45, 1, -0.2))
    forward, back = LegPose(0.04, 0.42, 0.1, 0.08), LegPose(0.04, -0.28, 0.1, 0.45, True)

    def pose(arms: tuple[ArmPose, ArmPose], legs: tuple[LegPose, LegPose], **angles: Any) -> Pose:
        right_left = ('right', 'left')
        return Pose(arms=dict(zip(right_left, arms)), legs=dict(zip(right_left, legs)), **angles)

    return {
        'Standing': pose((hang, hang), (stand, stand)),
        'Hand on hip': pose((hang, hip), (relaxed, bent), yaw=0.12, sway=0.03),
        'Hands on hips': pose((hip, hip), (LegPose(0.15), LegPose(0.15))),
        'Walking': pose(
            (ArmPose(0.12, 0.35, 0.2, 0.35), ArmPose(0.12, -0.3, 0.2, 0.25)), (back, forward), yaw=0.45, lean=0.03
        ),
        'Waving': pose((hang, ArmPose(1.9, 0.1, -1.4, 1.2)), (stand, relaxed)),
        'Arms up': pose((ArmPose(2.5, 0.0, -1.5, 0.3), ArmPose(2.5, 0.0, -1.5, 0.3)), (stand, stand)),
        'Arms wide': pose((ArmPose(1.35, 0.0, 0.2, 0.15), ArmPose(1.35, 0.0, 0.2, 0.15)), (stand, stand)),
        'Hands at head': pose((head, head), (relaxed, bent)),
        'In pockets': pose((pocket, pocket), (LegPose(0.1), LegPose(0.12)), yaw=-0.15),
        'Wide stance': pose(
            (ArmPose(0.6, 0.05, 0.2, 0.4), ArmPose(0.6, 0.05, 0.2, 0.4)), (LegPose(0.28), LegPose(0.28))
        ),
        'Step up': pose((ArmPose(0.3, 0.1, 0.2, 0.9), hip), (LegPose(0.14, 0.9, 0.1, 1.3, True), stand), yaw=0.2),
        'Turned': pose((hang, pocket), (relaxed, bent), yaw=0.6, head_yaw=-0.3),
    }


def relative(keypoints: np.ndarray) -> list[list[float] | None]:
    """Joints [18, 2] as (x, y) from the middle of the hips in torso lengths; None where missing."""
    hips = (keypoints[JOINT_NAMES.index('right_hip')] + keypoints[JOINT_NAMES.index('left_hip')]) / 2
    torso = np.linalg.norm(keypoints[JOINT_NAMES.index('neck')] - hips)
    moved = (keypoints - hips) / torso
    return [None if at[0] == MISSING else [round(float(value), 3) for value in to] for at, to in zip(keypoints, moved)]


def write_gallery(output_dir: str | os.PathLike) -> None:
    """Draws everything and writes the five files."""
    folder = pathlib.Path(output_dir)
    person = sample_person(np.random.default_rng(_PERSON_SEED))
    poses = []
    for title, pose in gallery_poses().items():
        picture = render(person, pose, _SIZE, WHITE_STUDIO)
        poses.append({'title': title, 'joints': relative(picture.keypoints)})
        if title == 'Standing':
            save_image(folder / 'example.jpg', picture.image)
            joints = [[round(float(x), 1), round(float(y), 1)] if x != MISSING else None for x, y in picture.keypoints]
            write_text(folder / 'example.json', json.dumps({'joints': joints}) + '\n')
    lines = ',\n'.join('  ' + json.dumps(pose) for pose in poses)
    write_text(folder / 'poses.json', f'[\n{lines}\n]\n')
    talker = dataclasses.replace(sample_talker(np.random.default_rng(_FACE_SEED)), background=WHITE_STUDIO)
    face = render_face(talker, Expression(), _FACE_SIZE)
    save_image(folder / 'face.jpg', face.image)
    landmarks = np.rint(face.landmarks).astype(int).tolist()
    write_text(folder / 'face.json', json.dumps({'landmarks': landmarks}) + '\n')


def main() -> None:
    write_gallery(flags.FLAGS.output_dir)


if __name__ == '__main__':
    command_line.run(define_flags, main)
