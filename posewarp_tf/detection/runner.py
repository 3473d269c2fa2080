"""The joints of many pictures into files: what `posewarp pose` does.

<stem>_keypoints.json   OpenPose JSON, one per picture
annotations.csv         one row per picture, the chosen person's joints in the frame of 256 x 176
contact_sheet.jpg       skeletons over up to 24 of the pictures
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import tqdm

from posewarp_tf.conventions import MISSING
from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import choose_person
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.files import read_text
from posewarp_tf.pictures.drawing import draw_skeleton, picture_grid
from posewarp_tf.pictures.picture_files import PHOTO_SUFFIXES, load_image, picture_size, resize_image, save_image
from posewarp_tf.poses.joints import to_openpose_18
from posewarp_tf.poses.writers import write_annotations, write_openpose

POSE_ENDING = '_keypoints.json'
ANNOTATIONS, CONTACT_SHEET = 'annotations.csv', 'contact_sheet.jpg'
_SHEET_ROWS, _SHEET_COLUMNS = 4, 6
_SHEET_PICTURE_SIZE = 320


@dataclasses.dataclass
class Outcome:
    """What became of the pictures.

    poses: by the name of the picture, the keypoints of the chosen person and the picture's (height, width).
    failures: by the name of the picture, why it has no pose.
    seconds: of each picture that was searched, for reading it and for finding people in it.
    """

    poses: dict[str, tuple[np.ndarray, tuple[int, int]]] = dataclasses.field(default_factory=dict)
    failures: dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: list[tuple[float, float]] = dataclasses.field(default_factory=list)

    def median_seconds(self) -> tuple[float, float]:
        """Medians of the seconds for reading and for finding."""
        reading, finding = zip(*self.seconds)
        return statistics.median(reading), statistics.median(finding)


def find_in_pictures(
    load: Callable[[], PoseEstimator],
    images: str,
    output: str,
    person: int | None = None,
    all_people: bool = False,
    overwrite: bool = False,
) -> Outcome:
    """Writes the files above for a picture or a folder of pictures; says what was found, and at the end what was not.

    Args:
        load: gives the estimator; called only if there is a picture to search.
        images: a picture or a folder of pictures.
        output: a folder.
        person: which of several, counted from 0 by size; None: the largest.
        all_people: write everybody, largest first, into the JSON files; annotations keep the chosen one.
        overwrite: search pictures anew that have a JSON file already.

    Raises:
        ConfigError: two pictures whose files would have one name.
        DataError: there is no picture.
    """
    paths, folder = pictures_in(images), pathlib.Path(output)
    outcome = Outcome()
    estimator: PoseEstimator | None = None
    for path in tqdm.tqdm(paths, unit='picture', disable=len(paths) == 1):
        pose_path = folder / f'{path.stem}{POSE_ENDING}'
        try:
            if pose_path.exists() and not overwrite:
                number = person or 0 if all_people else 0
                outcome.poses[path.name] = _kept(pose_path, number), picture_size(path)
                continue
            start = time.perf_counter()
            image = load_image(path)
            read = time.perf_counter()
            estimator = estimator or load()
            found = time.perf_counter()
            people = estimator.find(image)
            outcome.seconds.append((read - start, time.perf_counter() - found))
            chosen, words = choose_person(people, person, path.name)
        except DataError as error:
            outcome.failures[path.name] = str(error)
            continue
        write_openpose(pose_path, [(one.keypoints, one.confidence) for one in (people if all_people else [chosen])])
        outcome.poses[path.name] = chosen.keypoints, (image.shape[0], image.shape[1])
        tqdm.tqdm.write(words)
    if outcome.poses:
        write_annotations(folder / ANNOTATIONS, outcome.poses)
        names = {path.name: path for path in paths}
        save_image(folder / CONTACT_SHEET, _sheet([(names[name], pose) for name, (pose, _) in outcome.poses.items()]))
    return outcome


def pictures_in(images: str, named_by_stem: bool = True) -> list[pathlib.Path]:
    """The picture, or those of a folder by name.

    named_by_stem: whether files are to be named after them, so that no two may differ in their suffix alone.

    Raises:
        DataError: there is none.
        ConfigError: the files of two would have one name.
    """
    place = pathlib.Path(images)
    if not place.is_dir():
        return [place]
    paths = sorted(path for path in place.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    if not paths:
        raise DataError(f'{images}: no pictures in this folder that end in {", ".join(PHOTO_SUFFIXES)}')
    by_stem: dict[str, pathlib.Path] = {}
    for path in paths if named_by_stem else ():
        other = by_stem.setdefault(path.stem, path)
        if other != path:
            raise ConfigError(f'--images: {other} and {path} would both become {path.stem}{POSE_ENDING}: rename one')
    return paths


def _kept(path: pathlib.Path, number: int) -> np.ndarray:
    """The keypoints of one of the people in a file that an earlier run wrote."""
    try:
        table = json.loads(read_text(path))['people'][number]['pose_keypoints_2d']
        return to_openpose_18(np.reshape(table, (-1, 3)))
    except (ValueError, LookupError, TypeError) as error:
        raise DataError(
            f'{path}: has no person {number} as this command writes it; --overwrite makes it anew'
        ) from error


def _sheet(found: Sequence[tuple[pathlib.Path, np.ndarray]]) -> np.ndarray:
    """Pictures from all over the list, made smaller, with their skeletons, uint8 [H, W, 3]."""
    cells = []
    for number in np.unique(np.linspace(0, len(found) - 1, _SHEET_ROWS * _SHEET_COLUMNS).astype(int)):
        path, keypoints = found[number]
        image = load_image(path)
        scale = min(1.0, _SHEET_PICTURE_SIZE / max(image.shape[:2]))
        small = resize_image(image, (max(1, round(scale * image.shape[0])), max(1, round(scale * image.shape[1]))))
        ratio = np.divide(small.shape[1::-1], image.shape[1::-1])
        cells.append(draw_skeleton(small, np.where(keypoints == MISSING, MISSING, (keypoints + 0.5) * ratio - 0.5)))
    columns = min(_SHEET_COLUMNS, int(np.ceil(np.sqrt(len(cells)))))
    return picture_grid([cells[i : i + columns] for i in range(0, len(cells), columns)])
