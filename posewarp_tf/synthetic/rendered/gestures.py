"""Hands in several shapes, and faces that do something."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial.transform import Rotation

from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.person import Person
from posewarp_tf.synthetic.rendered.stance import Stance

# Degrees by which the three joints of thumb, index, middle, ring and little finger bend.
_SHAPES = {
    'relaxed': ((5, 8, 8), (18, 22, 14), (22, 26, 16), (26, 30, 18), (28, 32, 20)),
    'loose fist': ((18, 22, 20), (48, 60, 35), (54, 64, 38), (58, 66, 40), (60, 66, 40)),
    'fist': ((30, 35, 35), (72, 88, 55), (74, 90, 55), (74, 90, 55), (74, 88, 55)),
    'flat': ((0, 0, 0), (2, 3, 2), (2, 3, 2), (3, 3, 2), (4, 4, 2)),
    'pointing': ((22, 26, 26), (4, 5, 3), (66, 80, 50), (70, 84, 52), (70, 84, 52)),
    'holding': ((20, 14, 12), (34, 38, 24), (38, 42, 26), (42, 44, 28), (46, 46, 28)),
}
_CHANCES = (0.5, 0.12, 0.08, 0.1, 0.05, 0.15)

# Strengths of facial actions, of which a face shows a part.
_FACES = {
    'calm': {},
    'smile': {'mouthSmile': 0.75, 'cheekSquint': 0.4, 'eyeSquint': 0.25},
    'laugh': {'mouthSmile': 0.8, 'jawOpen': 0.3, 'mouthUpperUp': 0.35, 'cheekSquint': 0.5, 'eyeSquint': 0.35},
    'talking': {'jawOpen': 0.22, 'mouthFunnel': 0.3, 'browInnerUp': 0.2},
    'surprised': {'browInnerUp': 0.7, 'browOuterUp': 0.6, 'eyeWide': 0.5, 'jawOpen': 0.2},
    'serious': {'browDown': 0.5, 'mouthPress': 0.4, 'mouthFrown': 0.3},
    'doubtful': {'browDown': 0.4, 'mouthPucker': 0.35, 'eyeSquint': 0.3},
    'eyes closed': {'eyeBlink': 0.95},
}
_FACE_CHANCES = (0.28, 0.3, 0.1, 0.1, 0.04, 0.1, 0.05, 0.03)


def sample_expression(rng: np.random.Generator, body: Body) -> dict[str, float]:
    """Strengths by action; the two sides of a face differ a little."""
    face = _FACES[str(rng.choice(list(_FACES), p=_FACE_CHANCES))]
    strength = rng.uniform(0.4, 1.0)
    out: dict[str, float] = {}
    for action, most in face.items():
        for name in (action, f'{action}Left', f'{action}Right'):
            if name in body.expressions:
                out[name] = float(np.clip(most * strength * rng.uniform(0.85, 1.15), 0.0, 1.0))
    return out


def with_hands(rng: np.random.Generator, person: Person, stance: Stance) -> Stance:
    """Fingers bent; a stance whose fingers are bent already keeps them in half of the cases."""
    rotations = stance.rotations.copy()
    for letter in ('L', 'R'):
        bones = [person.body.bone(f'finger{finger}-2.{letter}') for finger in range(1, 6)]
        if np.abs(rotations[bones] - np.eye(3)).max() > 0.02 and rng.random() < 0.5:
            continue
        shape = _SHAPES[str(rng.choice(list(_SHAPES), p=_CHANCES))]
        bend_fingers(person, rotations, letter, shape, float(rng.uniform(0.8, 1.2)))
    return dataclasses.replace(stance, rotations=rotations)


def bend_fingers(
    person: Person, rotations: np.ndarray, letter: str, shape: tuple[tuple[int, ...], ...], strength: float = 1.0
) -> None:
    """Sets the rotations [B, 3, 3] of one hand's fingers; angles are degrees, positive towards the palm."""
    body, heads, tails = person.body, person.heads, person.tails
    wrist = heads[body.bone(f'wrist.{letter}')]
    index, little = (heads[body.bone(f'finger{finger}-1.{letter}')] for finger in (2, 5))
    across = geometry.unit(index - little)
    out_of_palm = geometry.unit(np.cross(index - wrist, little - wrist)) * (1 if letter == 'L' else -1)
    bones = [body.bone(f'finger{finger}-{joint}.{letter}') for finger in range(1, 6) for joint in range(1, 4)]
    # A thumb bends across the palm, the others about the line of the knuckles.
    towards = np.repeat([-across - 0.5 * out_of_palm, *[-out_of_palm] * 4], 3, axis=0)
    axes = np.cross(tails[bones] - heads[bones], towards)
    angles = np.radians(strength * np.array(shape, np.float64)).reshape(-1, 1)
    rotations[bones] = Rotation.from_rotvec(geometry.unit(axes) * angles).as_matrix()
