"""Stances that people take: from drawn poses, from MakeHuman's poses and from motion capture; mixed and mirrored."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.synthetic.drawn.pose import sample_pose
from posewarp_tf.synthetic.rendered import bvh, gestures, limits
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.occasions import sample_occasion, sample_sitting
from posewarp_tf.synthetic.rendered.person import Person
from posewarp_tf.synthetic.rendered.seats import sample_seat
from posewarp_tf.synthetic.rendered.stance import Directions, Stance, stance_from, stance_of

# Part of the pictures per view, and the range of |yaw| in degrees from the front view.
_VIEWS = (
    (0.46, (0.0, 25.0)),
    (0.30, (25.0, 65.0)),
    (0.14, (65.0, 115.0)),
    (0.10, (115.0, 180.0)),
)
_MOST_FRAMES = 80  # of one file
_TRIES = 14
_LEGS = ('pelvis', 'upperleg', 'lowerleg', 'foot', 'toe')


@dataclasses.dataclass(frozen=True, eq=False)
class Library:
    """Poses from files: rotations [B, 3, 3] of the body's own rig, or directions of captured people."""

    own: tuple[np.ndarray, ...] = ()
    captured: tuple[Directions, ...] = ()


def read_library(folders: list[pathlib.Path], body: Body) -> Library:
    """All .bvh files in `folders`; folders that do not exist hold none.

    Raises:
        DataError: a file that cannot be read, or a folder without files that is not the first.
    """
    own: list[np.ndarray] = []
    captured: list[Directions] = []
    for number, folder in enumerate(folders):
        paths = sorted(folder.glob('*.bvh')) if folder.is_dir() else []
        if number > 0 and not paths:
            raise DataError(f'--bvh_dir={folder}: holds no .bvh file')
        for path in paths:
            motion = bvh.read_bvh(path)
            count = len(motion.rotations)
            for frame in np.unique(np.linspace(0, count - 1, min(count, _MOST_FRAMES)).astype(int)):
                rotations = bvh.own_rotations(motion, frame, body)
                if rotations is None:
                    captured.append(bvh.directions(motion, frame, path))
                else:
                    own.append(rotations)
    return Library(tuple(own), tuple(captured))


def sample_stance(rng: np.random.Generator, library: Library, person: Person, max_yaw: float = 180.0) -> Stance:
    """Somebody standing, walking or reaching, turned by at most `max_yaw` degrees; never with limbs inside each other.

    A stance in which joints bend too far, nobody could stand, or parts of the body run through each other is refused
    and another one tried; arms are first lifted a little.
    """
    yaw = _sample_yaw(rng, max_yaw)
    for _ in range(_TRIES):
        stance = _sample_anything(rng, library, person)
        stance = gestures.with_hands(rng, person, stance)
        settled = limits.settle(person, stance)
        if settled is not None:
            break
    else:
        settled = Stance(np.tile(np.eye(3), (len(person.body.bone_names), 1, 1)))
    settled = dataclasses.replace(settled, expression=gestures.sample_expression(rng, person.body))
    return settled.turned(yaw)


def _sample_yaw(rng: np.random.Generator, max_yaw: float) -> float:
    views = [(chance, (low, min(high, max_yaw))) for chance, (low, high) in _VIEWS if low < max_yaw]
    chances = np.array([chance for chance, _ in views])
    low, high = views[rng.choice(len(views), p=chances / chances.sum())][1]
    return float(np.radians(rng.uniform(low, high)) * rng.choice([-1.0, 1.0]))


def _sample_anything(rng: np.random.Generator, library: Library, person: Person) -> Stance:
    stance = _sample_one(rng, library, person)
    if rng.random() < 0.35 and stance.seat is None:
        other = _sample_one(rng, library, person)
        stance = other if other.seat else _mixed(person.body, stance, other)
    return mirrored(person.body, stance) if rng.random() < 0.5 else stance


def _sample_one(rng: np.random.Generator, library: Library, person: Person) -> Stance:
    files = [pool for pool in (library.own, library.captured) if pool]
    choice = rng.random()
    if files and choice < 0.25:
        pool = files[rng.integers(len(files))]
        chosen = pool[rng.integers(len(pool))]
        if isinstance(chosen, Directions):
            return stance_from(person.body, person.heads, person.tails, chosen)
        return _facing_forward(Stance(chosen))
    if choice < 0.33 and not person.wears_skirt:
        sitting = stance_of(person.body, person.heads, person.tails, person.height, sample_sitting(rng))
        return dataclasses.replace(sitting, seat=sample_seat(rng))
    pose = sample_occasion(rng) if choice < 0.68 else dataclasses.replace(sample_pose(rng), yaw=0.0)
    return stance_of(person.body, person.heads, person.tails, person.height, pose)


def _facing_forward(stance: Stance) -> Stance:
    front = stance.rotations[0][:, 2]
    return stance.turned(-float(np.arctan2(front[0], front[2])))


def _mixed(body: Body, above: Stance, below: Stance) -> Stance:
    """The trunk and arms of one with the legs of the other."""
    rotations = above.rotations.copy()
    for bone, name in enumerate(body.bone_names):
        if name.startswith(_LEGS) or name == 'root':
            rotations[bone] = below.rotations[bone]
    return Stance(rotations)


def mirrored(body: Body, stance: Stance) -> Stance:
    """Left and right exchanged."""
    mirror = np.diag([-1.0, 1.0, 1.0])
    other: str | None
    rotations = np.empty_like(stance.rotations)
    for bone, name in enumerate(body.bone_names):
        stem, _, side = name.rpartition('.')
        other = f'{stem}.{"L" if side == "R" else "R"}' if side in ('L', 'R') and stem else name
        rotations[bone] = mirror @ stance.rotations[body.bone(other)] @ mirror
    return dataclasses.replace(stance, rotations=rotations)
