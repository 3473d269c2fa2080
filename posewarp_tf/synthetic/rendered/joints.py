"""The 18 joints of a rendered person, and which of them a picture shows."""

from __future__ import annotations

import functools

import numpy as np

from posewarp_tf import conventions
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.raster import SAMPLES
from posewarp_tf.synthetic.rendered.rig import JOINT_BONES, PART, part_weights

# For a joint of a limb: the parts of which one must show near it, how near in metres, and by how much the limb's
# surface may lie before the joint.
_LIMBS = {
    'shoulder': (('torso', 'upper_arm'), 0.06, 0.20),
    'elbow': (('upper_arm', 'lower_arm'), 0.035, 0.10),
    'wrist': (('lower_arm',), 0.035, 0.08),
    'hip': (('torso', 'upper_leg'), 0.08, 0.26),
    'knee': (('upper_leg', 'lower_leg'), 0.05, 0.16),
    'ankle': (('lower_leg',), 0.045, 0.14),
}
_DEPTH_OF_FACE = 0.022  # metres of hair, lashes and skin that may lie before a point of the face


@functools.lru_cache(maxsize=2)
def face_vertices(body: Body) -> dict[str, int]:
    """The body's vertices for nose, eyes and ears: the farthest forwards or outwards on the head."""
    skin = np.unique(body.triangles[body.triangles_in('body')])
    parts = part_weights(body, body.bones[skin], body.weights[skin])
    head = skin[parts[:, PART['head']] > 0.9]
    places = body.vertices[head]
    found = {'nose': int(head[np.argmax(places[:, 2] - 2 * np.abs(places[:, 0]))])}
    nose = body.vertices[found['nose']]
    level = head[np.abs(places[:, 1] - nose[1] - 0.01) < 0.035]
    for side, sign in (('right', -1.0), ('left', 1.0)):
        eye = np.unique(body.triangles[body.triangles_in(f'helper-{side[0]}-eye')])
        eye = eye if len(eye) else head
        found[f'{side}_eye'] = int(eye[np.argmax(body.vertices[eye, 2] + sign * 0.2 * body.vertices[eye, 0])])
        found[f'{side}_ear'] = int(level[np.argmax(sign * body.vertices[level, 0])])
    return found


def joint_places(body: Body, motions: np.ndarray, heads: np.ndarray, face: dict[str, np.ndarray]) -> np.ndarray:
    """Places float64 [18, 3] of all joints; `face` has the posed points of the face by name."""
    places = np.zeros((conventions.NUM_JOINTS, 3))
    for side in ('right', 'left'):
        for joint, name in JOINT_BONES.items():
            bone = body.bone(f'{name}.{side[0].upper()}')
            number = conventions.JOINT_NAMES.index(f'{side}_{joint}')
            places[number] = motions[bone, :, :3] @ heads[bone] + motions[bone, :, 3]
    shoulders = [conventions.JOINT_NAMES.index(f'{side}_shoulder') for side in ('right', 'left')]
    places[conventions.JOINT_NAMES.index('neck')] = places[shoulders].mean(axis=0)
    for name, place in face.items():
        places[conventions.JOINT_NAMES.index(name)] = place
    return places


def visible_joints(seen: np.ndarray, focal: float, parts: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Joints float32 [18, 2] as (x, y) in pixels; -1 where nothing of their surface shows, or outside the picture.

    seen [18, 3]: pixels and metres along the axis; parts uint8 [H, W]; depth [H * SAMPLES, W * SAMPLES].
    """
    height, width = parts.shape
    middle = (SAMPLES - 1) // 2
    centres = depth[middle::SAMPLES, middle::SAMPLES]
    joints = np.full((conventions.NUM_JOINTS, 2), conventions.MISSING, np.float32)
    for number, name in enumerate(conventions.JOINT_NAMES):
        x, y, far = seen[number]
        if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
            continue
        side, _, joint = name.rpartition('_')
        if joint in _LIMBS or joint == 'neck':
            own, reach, thickness = _LIMBS['shoulder' if joint == 'neck' else joint]
            names = [part if part == 'torso' else f'{side}_{part}' for part in own]
            wanted = np.isin(np.arange(len(PART)), [PART[part] for part in names if part in PART])
            wanted[PART['head']] |= joint == 'neck'
            shown = _near(x, y, max(0.75, reach * focal / far), parts, centres, wanted, far - thickness)
        else:
            row, column = int(round(y * SAMPLES + middle)), int(round(x * SAMPLES + middle))
            window = depth[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
            here = window[np.isfinite(window)]
            shown = len(here) > 0 and bool((here > far - _DEPTH_OF_FACE).mean() > 0.4)
        if shown:
            joints[number] = x, y
    return joints


@compiled
def _near(
    x: float, y: float, radius: float, parts: np.ndarray, depth: np.ndarray, wanted: np.ndarray, nearest: float
) -> bool:
    """Whether one of the `wanted` [11] parts shows within `radius` pixels, not nearer to the camera than `nearest`."""
    height, width = parts.shape
    for row in range(max(int(np.ceil(y - radius)), 0), min(int(y + radius), height - 1) + 1):
        for column in range(max(int(np.ceil(x - radius)), 0), min(int(x + radius), width - 1) + 1):
            is_near = (row - y) ** 2 + (column - x) ** 2 <= radius**2
            if is_near and wanted[parts[row, column]] and depth[row, column] >= nearest:
                return True
    return False
