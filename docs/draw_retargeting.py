"""Draws the picture of retargeting.md: a person with short legs strikes the pose of one with long legs.

    python docs/draw_retargeting.py

Both are skeletons of known bodies, so that the person with short legs can be built in that pose: the grey lines.
"""

from __future__ import annotations

import math
import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np

from docs.canvas import Canvas
from posewarp_tf.conventions import JOINT_NAMES, LIMBS, MISSING, NUM_JOINTS
from posewarp_tf.poses.retarget import RETARGET_MODES, retarget
from posewarp_tf.synthetic.drawn.figure import Body, pose_skeleton
from posewarp_tf.synthetic.drawn.pose import ArmPose, LegPose, Pose

PICTURE = pathlib.Path(__file__).parent / 'pictures' / 'retargeting.png'
WIDTH, HEIGHT, TITLE, MARGIN = 190, 300, 40, 6
GREY, RED, BLUE = '#bbbbbb', '#e6194b', '#1f5fd0'
SHORT = Body(1.6, 0.5, 1.0, leg=0.42, shoulder=0.11, hip=0.055, head=0.14)
LONG = Body(1.9, 0.5, 1.0, leg=0.53, shoulder=0.1, hip=0.055, head=0.12)
STANDING = Pose()
DANCING = Pose(
    yaw=math.radians(15),
    side_bend=0.15,
    arms={'right': ArmPose(abduction=2.3, elbow=0.5), 'left': ArmPose(abduction=1.2, elbow=0.6)},
    legs={'right': LegPose(abduction=0.1), 'left': LegPose(abduction=0.55, swing=0.3, knee=0.7, lifted=True)},
)
# Of the face, in heads: to the left, up, to the front.
FACE = {'nose': (0, -0.17, 0.46), 'right_eye': (-0.13, 0, 0.37), 'left_eye': (0.13, 0, 0.37)}
FACE |= {'right_ear': (-0.33, -0.04, 0), 'left_ear': (0.33, -0.04, 0)}


def joints_of(body: Body, pose: Pose, x: float, y: float, pixels_per_metre: float) -> np.ndarray:
    """Joints [18, 2] of a figure whose hips are at (x, y), seen straight from the front."""
    skeleton = pose_skeleton(body, pose)
    points = np.full((NUM_JOINTS, 3), MISSING)
    for names, limbs in ((('shoulder', 'elbow', 'wrist'), skeleton.arms), (('hip', 'knee', 'ankle'), skeleton.legs)):
        for side in ('right', 'left'):
            for name, point in zip(names, limbs[side].joints):
                points[JOINT_NAMES.index(f'{side}_{name}')] = point
    for name, place in FACE.items():
        turned = skeleton.head_frame @ np.array(place)
        points[JOINT_NAMES.index(name)] = skeleton.head_origin + body.head_height * turned
    points[1] = points[[2, 5]].mean(axis=0)
    flat = points[:, :2] - points[[8, 11], :2].mean(axis=0)
    return (flat * [pixels_per_metre, -pixels_per_metre] + [x, y]).astype(np.float32)


def draw() -> Canvas:
    """The source, the target, and the answer of each mode over the truth."""
    source = joints_of(SHORT, STANDING, 95, 165, 130)
    target = joints_of(LONG, DANCING, 95, 155, 130)
    canvas = Canvas(5 * WIDTH + 2 * MARGIN, TITLE + HEIGHT)
    titles = ('the photo: short legs', "the target: another's", *(f'--retarget={mode}' for mode in RETARGET_MODES))
    answers = [retarget(source, target, mode) for mode in RETARGET_MODES]
    for column, (title, pose) in enumerate(zip(titles, (source, target, *answers))):
        left = MARGIN + column * WIDTH
        canvas.text(left + WIDTH / 2, TITLE / 2, title)
        if column >= 2:
            hips = pose[[8, 11]].mean(axis=0)
            _draw_skeleton(canvas, joints_of(SHORT, DANCING, hips[0], hips[1], 130), left, GREY, 7)
        _draw_skeleton(canvas, pose, left, RED if column == 1 else BLUE, 2.5)
    return canvas


def _draw_skeleton(canvas: Canvas, pose: np.ndarray, left: int, color: str, width: float) -> None:
    places = [(float(left + x), float(TITLE + y)) for x, y in pose]
    for start, end in LIMBS:
        canvas.line(places[start], places[end], color, width)
    for x, y in places:
        canvas.dot(x, y, max(1.8, 0.6 * width), color)


if __name__ == '__main__':
    draw().save(PICTURE)
