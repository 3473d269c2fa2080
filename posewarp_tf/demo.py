"""Shows what a model does: one person in several poses, from near to far, in one picture.

    posewarp demo
    posewarp demo --photo=me.jpg

Without a photo it is a rendered person who comes with posewarp_tf. In a photo joints are found, which needs the extra
`pose`. The model is the one that comes with posewarp_tf, or that of --run_dir.
"""

from __future__ import annotations

import os
import pathlib
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from absl import flags

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.drawing import draw_skeleton, picture_grid
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES, load_image, resize_to_height, save_image
from posewarp_tf.poses.gallery import GALLERY_SIZE, distance_name, gallery_poses, pose_distance
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run, example_person
from posewarp_tf.settings import command_line

if TYPE_CHECKING:
    from posewarp_tf.inference.found_poses import FoundPose

POSES = ('Hand on hip', 'Turned', 'Walking', 'Waving', 'Arms wide', 'Arms up')
_CELL_HEIGHT = 448


class Posed(NamedTuple):
    """One answer: its title, the pose and the picture, in pixels of the photo."""

    title: str
    keypoints: np.ndarray
    image: np.ndarray


def define_flags() -> None:
    flags.DEFINE_string('photo', None, 'Picture of one person (a path or a URL); default: a rendered person.')
    flags.DEFINE_string('output', 'runs/demo/poses.jpg', f'Picture to write ({", ".join(PICTURE_SUFFIXES)}).')
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_string('pose_model', None, 'What finds joints, as in `posewarp pose`; default: found or fetched once.')


def main() -> None:
    given = flags.FLAGS
    output = pathlib.Path(os.path.expanduser(given.output))
    if output.suffix.lower() not in PICTURE_SUFFIXES:
        raise DataError(f'--output: got {given.output!r}, expected a name that ends in {", ".join(PICTURE_SUFFIXES)}')
    run_dir = chosen_run(given.run_dir)
    photo, found = _example() if given.photo is None else _in_photo(os.path.expanduser(given.photo), given.pose_model)
    start = time.perf_counter()
    answers = reposed(run_dir, photo, found)
    save_image(output, _grid(photo, found.keypoints, answers))
    seconds = time.perf_counter() - start
    for answer in answers:
        distance = pose_distance(found.keypoints, answer.keypoints)
        print(f'  {answer.title}: {distance_name(distance)} (joints move by {distance:.1%} of the height on average)')
    print(
        f'written: {output}: {len(answers)} poses of a picture of {photo.shape[0]}x{photo.shape[1]} in '
        f'{seconds:.0f} s, the loading of the model included'
    )


def reposed(run_dir: pathlib.Path, photo: np.ndarray, found: FoundPose) -> list[Posed]:
    """The person of a photo in each of `POSES`, from near to far.

    Args:
        run_dir: of the model.
        photo: uint8 [H, W, 3].
        found: the pose in it.
    """
    from posewarp_tf.inference.options import PhotoOptions
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.inference.predictor import Predictor

    reposer = PhotoReposer(Predictor(run_dir), PhotoOptions(retarget='limbs'))
    person = reposer.person(photo, found.keypoints, mask=found.mask, others=found.others)
    state, gallery = reposer.start(person), gallery_poses()
    answers = []
    for title in sorted(POSES, key=lambda title: pose_distance(found.keypoints, gallery[title])):
        answer = reposer.repose(person, state, reposer.pose(person, gallery[title], GALLERY_SIZE))
        answers.append(Posed(title, answer.keypoints, answer.image))
    return answers


def _example() -> tuple[np.ndarray, FoundPose]:
    """The rendered person, whose joints and pixels are known."""
    from posewarp_tf.inference.found_poses import FoundPose

    files = example_person()
    photo = load_image(files.picture)
    size = photo.shape[0], photo.shape[1]
    mask = load_image(files.mask)[..., 0].astype(np.float32) / 255
    return photo, FoundPose(load_keypoints(files.joints, size), size, mask)


def _in_photo(path: str, pose_model: str | None) -> tuple[np.ndarray, FoundPose]:
    from posewarp_tf.detection.estimator import load_estimator
    from posewarp_tf.inference.found_poses import PoseFinder

    photo = load_image(path)
    return photo, PoseFinder(lambda: load_estimator(pose_model)).in_photo(photo, path)


def _grid(photo: np.ndarray, keypoints: np.ndarray, answers: list[Posed]) -> np.ndarray:
    """Above the poses, below the answers; on the left the photo."""
    dark = np.full((*photo.shape[:2], 3), 24, np.uint8)
    above = [draw_skeleton(photo, keypoints), *(draw_skeleton(dark, answer.keypoints) for answer in answers)]
    below = [photo, *(answer.image for answer in answers)]
    rows = [[resize_to_height(picture, _CELL_HEIGHT) for picture in row] for row in (above, below)]
    return picture_grid(rows, ['photo', *(answer.title for answer in answers)])


if __name__ == '__main__':
    command_line.run(define_flags, main)
