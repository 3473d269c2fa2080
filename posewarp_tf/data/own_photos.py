"""One's own photos as a data set of pairs: joints are found, people cut out, two pictures of one person are a pair."""

from __future__ import annotations

import hashlib
import itertools
import os
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.data.contact_sheet import contact_sheet
from posewarp_tf.data.datasets import SPLITS, PairDataset, load_dataset, shorten
from posewarp_tf.data.truth import ClassMaps
from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import FEW_JOINTS, choose_person, number_of_joints
from posewarp_tf.errors import DataError
from posewarp_tf.photos.person_frame import PersonFrame, default_person_frame, framing
from posewarp_tf.pictures.picture_files import PHOTO_SUFFIXES, load_image, save_image
from posewarp_tf.poses.writers import write_annotations
from posewarp_tf.settings.sections import DataConfig
from posewarp_tf.synthetic.unfinished import folder_appearing_whole, require_nothing_there

# What a name says of its person, before the last _ or -.
_OF_PERSON = re.compile(r'(.+)[_-][^_-]*')
_SHEET_SIZE = (256, 176)


class OwnPhotos(NamedTuple):
    """What became of photos.

    Attributes:
        people: by split, the names of the people.
        pairs: by split, how many.
        failures: one line for each photo or person that is not in the data set, with the reason.
    """

    people: dict[str, list[str]]
    pairs: dict[str, int]
    failures: list[str]


def write_photos(
    photos: str | os.PathLike,
    output_dir: str | os.PathLike,
    load: Callable[[], PoseEstimator],
    picture_size: tuple[int, int],
    test_share: float,
    pairs_per_person: int,
) -> OwnPhotos:
    """Writes a folder in DeepFashion's layout, as a whole or not at all, with contact_sheet.png.

    People stand in its pictures as in the demo's (photos/person_frame.py). All pictures of one person are of one split.

    Args:
        photos: folder of photos (`photos_by_person`).
        load: gives the estimator of joints.
        picture_size: height and width of the pictures.
        test_share: part of the people that is for testing; at least one is.
        pairs_per_person: most pairs of one person's pictures, spread evenly over all.

    Raises:
        DataError: no photos, fewer than two people with two pictures, or `output_dir` holds something.
        ConfigError: no estimator can be had.
    """
    final = pathlib.Path(output_dir)
    require_nothing_there(final)
    by_person = photos_by_person(photos)
    with folder_appearing_whole(final) as folder:
        poses, failures = _find_all(by_person, folder, load(), picture_size)
        if len(poses) < 2:
            raise DataError(
                f'{photos}: got {len(poses)} people with two pictures or more, expected at least 2, one for training '
                f'and one for tests: a folder for each, or names such as anna_1.jpg; {shorten(failures)}'
            )
        people, pairs = split_people(sorted(poses), test_share), {}
        for split, names in people.items():
            found = [pair for name in names for pair in spread_pairs(list(poses[name]), pairs_per_person)]
            rows = ''.join(f'{source},{target}\n' for source, target in found)
            files.write_text(folder / f'fasion-pairs-{split}.csv', 'from,to\n' + rows)
            of_split = {picture: (pose, picture_size) for name in names for picture, pose in poses[name].items()}
            write_annotations(folder / f'fasion-annotation-{split}.csv', of_split)
            pairs[split] = len(found)
        data = DataConfig(data_dir=os.fspath(folder))
        loaded: list[tuple[PairDataset, list[ClassMaps]]]
        loaded = [(load_dataset(data, split, _SHEET_SIZE), []) for split in SPLITS]
        save_image(folder / 'contact_sheet.png', contact_sheet(loaded, _SHEET_SIZE))
    return OwnPhotos(people, pairs, failures)


def _find_all(
    by_person: Mapping[str, Sequence[pathlib.Path]],
    folder: pathlib.Path,
    estimator: PoseEstimator,
    picture_size: tuple[int, int],
) -> tuple[dict[str, dict[str, np.ndarray]], list[str]]:
    """Writes the pictures; by person with two or more, and by picture, the joints; and why others are left out."""
    frame = default_person_frame(picture_size)
    everything = [(person, path) for person, paths in by_person.items() for path in paths]
    poses: dict[str, dict[str, np.ndarray]] = {}
    failures = []
    for person, path in tqdm(everything, desc='finding joints', unit='photo', disable=None):
        name = f'{person}/{path.stem}.jpg'
        try:
            poses.setdefault(person, {})[name] = _cut_out(path, folder / 'img' / name, estimator, frame, picture_size)
        except DataError as error:
            failures.append(str(error))
    failures += [f'{person}: one picture makes no pair' for person, found in poses.items() if len(found) == 1]
    return {person: found for person, found in poses.items() if len(found) > 1}, failures


def photos_by_person(photos: str | os.PathLike) -> dict[str, list[pathlib.Path]]:
    """By person the photos of a folder: its folders are people, or the names say who it is, before the last _ or -.

    Raises:
        DataError: no such folder, no photos, two of one person that differ in the suffix alone, or a name that does not
            say whose it is.
    """
    root = pathlib.Path(photos)
    if not root.is_dir():
        raise DataError(f'--photos: no folder {str(root)!r}')
    by_person: dict[str, list[pathlib.Path]] = {}
    for path in sorted(path for path in root.rglob('*') if path.suffix.lower() in PHOTO_SUFFIXES):
        inside = path.relative_to(root)
        said = _OF_PERSON.fullmatch(path.stem)
        if len(inside.parts) == 1 and said is None:
            raise DataError(f'{path}: says not who it is, expected a folder for each person, or names like anna_1.jpg')
        person = inside.parts[0] if len(inside.parts) > 1 or said is None else said[1]
        if set(f'{person}{path.stem}') & set(',:"\n'):
            raise DataError(f'{path}: got a comma, colon or quote in its name or folder, expected none: rename it')
        others = by_person.setdefault(person, [])
        twin = next((other for other in others if other.stem == path.stem), None)
        if twin is not None:
            raise DataError(f'{path}: would be called as {twin}: rename one')
        others.append(path)
    if not by_person:
        raise DataError(f'{root}: no photos that end in {", ".join(PHOTO_SUFFIXES)}')
    return by_person


def split_people(people: Sequence[str], test_share: float) -> dict[str, list[str]]:
    """Names by split, at least one in each: the same for the same names, whatever their order."""
    order = sorted(people, key=lambda name: hashlib.sha256(name.encode()).digest())
    count = min(max(1, round(test_share * len(order))), len(order) - 1)
    return {'train': sorted(order[count:]), 'test': sorted(order[:count])}


def spread_pairs(names: Sequence[str], most: int) -> list[tuple[str, str]]:
    """Ordered pairs of different names: all, or `most` of them from all over."""
    every = list(itertools.permutations(names, 2))
    return [every[number * len(every) // min(most, len(every))] for number in range(min(most, len(every)))]


def _cut_out(
    path: pathlib.Path, output: pathlib.Path, estimator: PoseEstimator, frame: PersonFrame, size: tuple[int, int]
) -> np.ndarray:
    """Writes the largest person of a photo as a picture of `size`; the joints in its pixels.

    Raises:
        DataError: the photo cannot be read, or shows nobody, or hardly anything of somebody.
    """
    photo = load_image(path)
    person, _ = choose_person(estimator.find(photo), None, str(path))
    if number_of_joints(person) < FEW_JOINTS:
        raise DataError(f'{path}: got {number_of_joints(person)} joints, expected at least {FEW_JOINTS}')
    window = framing(photo.shape, person.keypoints, frame)
    save_image(output, window.crop(photo, size))
    return window.to_window(person.keypoints, size)


def described(people: Mapping[str, Sequence[str]]) -> str:
    """The people of each split, in words."""
    return '; '.join(f'{split}: {shorten(list(names))}' for split, names in people.items())
