"""What the bones of the body model belong to: the 11 parts, and the joints of OpenPose."""

from __future__ import annotations

import functools
import re

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.synthetic.rendered.body import Body

PART = {name: number for number, name in enumerate(PART_NAMES)}
GARMENT = {name: number for number, name in enumerate(GARMENT_NAMES)}

_SIDES = {'L': 'left', 'R': 'right'}
_PARTS_OF_LIMBS = (
    ('upper_arm', r'upperarm0\d'),
    ('lower_arm', r'lowerarm0\d|wrist|metacarpal\d|finger\d-\d'),
    ('upper_leg', r'upperleg0\d'),
    ('lower_leg', r'lowerleg0\d|foot|toe\d-\d'),
)
_TRUNK = re.compile(r'(root|spine\d+|pelvis\.[LR]|breast\.[LR]|clavicle\.[LR]|shoulder01\.[LR]|neck01|neck02)$')

# Bones whose heads are joints; those of the face are on its surface.
JOINT_BONES = {
    'shoulder': 'upperarm01',
    'elbow': 'lowerarm01',
    'wrist': 'wrist',
    'hip': 'upperleg01',
    'knee': 'lowerleg01',
    'ankle': 'foot',
}


@functools.cache
def part_of(bone: str) -> int:
    """The number of the part that a bone moves; what is neither limb nor trunk is the head."""
    name, _, side = bone.partition('.')
    if side in _SIDES:
        for part, pattern in _PARTS_OF_LIMBS:
            if re.fullmatch(pattern, name):
                return PART[f'{_SIDES[side]}_{part}']
    return PART['torso'] if _TRUNK.match(bone) else PART['head']


def part_weights(body: Body, bones: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """float32 [N, 11]: the skin weights [N, K] of vertices summed over the bones of each part."""
    parts = np.array([part_of(name) for name in body.bone_names])[bones]
    places = np.arange(len(bones))[:, None] * len(PART_NAMES) + parts
    sums = np.bincount(places.ravel(), weights.ravel(), len(bones) * len(PART_NAMES))
    return sums.reshape(len(bones), len(PART_NAMES)).astype(np.float32)


# Bare skin is called after its part.
SKIN_OF_PART = np.array(
    [
        0 if name == 'background' else GARMENT['arms' if 'arm' in name else 'legs' if 'leg' in name else 'face']
        for name in PART_NAMES
    ],
    np.uint8,
)
