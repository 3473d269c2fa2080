"""What a body can do: how far joints bend, that somebody stands, and that no limb runs through another."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.rendered import skinning
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.clearance import heights_above
from posewarp_tf.synthetic.rendered.mesh import vertex_normals
from posewarp_tf.synthetic.rendered.person import Person
from posewarp_tf.synthetic.rendered.rig import part_weights
from posewarp_tf.synthetic.rendered.stance import Stance

_LARGEST_BEND = {'elbow': 152.0, 'knee': 150.0}  # degrees from straight
_LEAST_UPRIGHT = 0.55  # cosine between trunk and the vertical
_LEAST_IN_SKIRT = 0.64  # cosine between the thighs of somebody in a skirt, a dress or a coat
_LEAST_OF_HEAD = 0.72  # cosine between the head's and the trunk's length
_NEAR = 0.12  # metres from a limb to what it may run through
_DEEPEST = 0.016  # metres that flesh gives way
_MOST_INSIDE = 4  # vertices, of every third of a limb, that may lie deeper
_LIFT = np.radians(5.0)

# Limbs and what they may not run through.
_PAIRS = (
    (('left_lower_arm',), ('torso', 'head', 'left_upper_leg', 'right_upper_leg', 'right_lower_arm', 'right_upper_arm')),
    (('right_lower_arm',), ('torso', 'head', 'left_upper_leg', 'right_upper_leg', 'left_lower_arm', 'left_upper_arm')),
    (('left_lower_leg',), ('right_lower_leg', 'right_upper_leg')),
    (('right_lower_leg',), ('left_lower_leg', 'left_upper_leg')),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Skeleton:
    """Posed places of the bones' heads [B, 3] and their motions [B, 3, 4]."""

    motions: np.ndarray
    heads: np.ndarray


def settle(person: Person, stance: Stance) -> Stance | None:
    """The stance, its arms lifted off the body by up to 20 degrees where that helps; None if it cannot be taken."""
    if problem(person, stance):
        return None
    for _ in range(5):
        crossing = crossings(person, stance)
        if not crossing:
            return stance
        letters = [limb[0].upper() for limb in crossing if 'arm' in limb]
        if not letters or any('leg' in limb for limb in crossing):
            return None
        rotations = stance.rotations.copy()
        for letter in letters:
            bone = person.body.bone(f'upperarm01.{letter}')
            outwards = geometry.rotation(np.array([0.0, 0.0, 1.0]), _LIFT if letter == 'L' else -_LIFT)
            rotations[bone] = outwards @ rotations[bone]
        stance = dataclasses.replace(stance, rotations=rotations)
    return None


def problem(person: Person, stance: Stance) -> str:
    """Why nobody stands like this; empty if somebody can."""
    posed = _pose_bones(person, stance)

    def at(name: str) -> np.ndarray:
        return posed.heads[person.body.bone(name)]

    for letter in ('L', 'R'):
        for joint, chain in (
            ('elbow', ('upperarm01', 'lowerarm01', 'wrist')), ('knee', ('upperleg01', 'lowerleg01', 'foot')),
        ):  # fmt: skip
            first, middle, last = (at(f'{name}.{letter}') for name in chain)
            cosine = geometry.unit(middle - first) @ geometry.unit(last - middle)
            if np.degrees(np.arccos(np.clip(cosine, -1, 1))) > _LARGEST_BEND[joint]:
                return f'the {joint} bends too far'
        if (at(f'lowerleg01.{letter}') - at(f'foot.{letter}')) @ posed.motions[0, :, 1] < -0.15:
            return 'a foot lies above its knee'
    thighs = [geometry.unit(at(f'lowerleg01.{letter}') - at(f'upperleg01.{letter}')) for letter in ('L', 'R')]
    if person.wears_skirt and thighs[0] @ thighs[1] < _LEAST_IN_SKIRT:
        return 'no skirt lets the legs so far apart'
    trunk = geometry.unit(at('neck01') - (at('upperleg01.L') + at('upperleg01.R')) / 2)
    if trunk[1] < _LEAST_UPRIGHT:
        return 'the trunk lies'
    if posed.motions[person.body.bone('head'), :, 1] @ trunk < _LEAST_OF_HEAD:
        return 'the neck bends too far'
    feet = [at('foot.L')[1], at('foot.R')[1]]
    if min(feet) > posed.heads[:, 1].min() + 0.16:
        return 'no foot is on the floor'
    legs = np.linalg.norm(person.heads[person.body.bone('upperleg01.L')] - person.heads[person.body.bone('foot.L')])
    is_low = (at('upperleg01.L')[1] + at('upperleg01.R')[1]) / 2 - min(feet) < 0.5 * legs
    # Who kneels has a knee on the floor right below the hips.
    knees = (at('lowerleg01.L')[1], at('lowerleg01.R')[1])
    kneels = min(knees) < min(feet) + 0.1 and max(-thigh[1] for thigh in thighs) > 0.85
    if is_low and not kneels and stance.seat is None:
        return 'it sits'
    return ''


def crossings(person: Person, stance: Stance) -> list[str]:
    """Names of the limbs that run through another part of the body."""
    posed = _pose_bones(person, stance)
    flesh = _flesh(person.body)
    duals = skinning.dual_quaternions(posed.motions)
    vertices = skinning.skin(person.vertices[flesh.numbers], flesh.bones, flesh.weights, duals)
    normals = vertex_normals(vertices, flesh.triangles)
    found = []
    for limb, others in _PAIRS:
        own, other = flesh.vertices_of(limb)[::3], flesh.vertices_of(others)[::2]
        heights = heights_above(vertices[own], vertices[other], normals[other], _NEAR)
        if (heights < -_DEEPEST).sum() > _MOST_INSIDE:
            found.append(limb[0])
    return found


def _pose_bones(person: Person, stance: Stance) -> Skeleton:
    motions = skinning.bone_motions(person.body.parents, person.heads, stance.rotations, np.zeros(3))
    return Skeleton(motions, np.einsum('bij,bj->bi', motions[:, :, :3], person.heads) + motions[:, :, 3])


@dataclasses.dataclass(frozen=True, eq=False)
class _Flesh:
    """numbers [N] of the bare body's vertices, and its triangles, bones, weights and parts in their order."""

    numbers: np.ndarray
    triangles: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    parts: np.ndarray

    @functools.lru_cache(maxsize=32)  # noqa: B019 (there is one of these in a process)
    def vertices_of(self, names: tuple[str, ...]) -> np.ndarray:
        return np.flatnonzero(np.isin(self.parts, [PART_NAMES.index(name) for name in names]))


@functools.lru_cache(maxsize=2)
def _flesh(body: Body) -> _Flesh:
    triangles = body.triangles[body.triangles_in('body')]
    used, numbers = np.unique(triangles, return_inverse=True)
    parts = np.argmax(part_weights(body, body.bones[used], body.weights[used]), axis=1)
    return _Flesh(used, numbers.reshape(-1, 3), body.bones[used], body.weights[used], parts.astype(np.uint8))
