"""Do the people of photos stand in the poses that were asked for? No truth is needed:

    python -m posewarp_tf.photos.pose_accuracy --images=photos --output_dir=runs/starter_evaluation/photos

re-poses everybody into eight poses, near to far, or into those of --poses, and has a detector of joints (the extra
`pose`) look at the answers. Prints PCK@0.2 by the distance of the pose (metrics/pose_accuracy.py) and writes the
answers, results.json, and contact_sheet.jpg of all: photos are rows, poses columns. The same command again goes on
where it was stopped.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import tqdm
from absl import flags

from posewarp_tf import files
from posewarp_tf.detection.runner import pictures_in
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import load_image, resize_to_height, save_image
from posewarp_tf.poses.gallery import GALLERY_SIZE, gallery_poses
from posewarp_tf.poses.own_face import HEADS
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line

if TYPE_CHECKING:
    from posewarp_tf.detection.estimator import PoseEstimator
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.metrics.pose_accuracy import Targets

# Near to far for somebody who stands.
TITLES = ('Turned', 'Hand on hip', 'Step up', 'Walking', 'Waving', 'Arms wide', 'Hands at head', 'Arms up')
_CELL_HEIGHT = 256


def define_flags() -> None:
    flags.DEFINE_string('images', None, 'Picture or folder of pictures, each of a whole person.', required=True)
    flags.DEFINE_string(
        'output_dir', None, 'Folder to write; an earlier measurement in it is gone on with.', required=True
    )
    flags.DEFINE_string('poses', None, f'Folder of pose files; default: {", ".join(TITLES)}.')
    flags.DEFINE_string('pose_size', None, 'height,width of the pictures that --poses are from, if they do not say it.')
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_enum('retarget', 'limbs', ['place', 'limbs'], 'As of predict: whose limbs the answers have.')
    flags.DEFINE_enum('head', 'photo', HEADS, 'As of predict: where the heads of the answers look.')
    flags.DEFINE_string('pose_model', None, 'What finds joints, as in `posewarp pose`; default: found or fetched once.')


def main() -> int:
    from posewarp_tf.detection.estimator import load_estimator
    from posewarp_tf.inference.options import PhotoOptions
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.inference.predictor import Predictor
    from posewarp_tf.settings.flags import size_from_flag

    given = flags.FLAGS
    paths = pictures_in(os.path.expanduser(given.images))
    targets = read_targets(given.poses, size_from_flag('pose_size') or GALLERY_SIZE)
    estimator = load_estimator(given.pose_model)
    reposer = PhotoReposer(Predictor(chosen_run(given.run_dir)), PhotoOptions(retarget=given.retarget, head=given.head))
    failures = measure(reposer, estimator, paths, targets, pathlib.Path(os.path.expanduser(given.output_dir)))
    for failure in failures:
        print(f'error: {failure}', file=sys.stderr)
    return 1 if failures else 0


def read_targets(folder: str | None, size: tuple[int, int]) -> Targets:
    """The poses of a folder by the names of their files, or without one those of `TITLES`; see `measured_answers`."""
    if folder is None:
        poses = gallery_poses()
        return {title: (poses[title], GALLERY_SIZE) for title in TITLES}
    paths = sorted(
        path for path in pathlib.Path(os.path.expanduser(folder)).glob('*') if path.suffix in ('.json', '.txt')
    )
    if not paths:
        raise DataError(f'--poses: got {folder!r}, expected a folder of pose files that end in .json or .txt')
    return {path.stem: (load_keypoints(path, size), size) for path in paths}


def measure(
    reposer: PhotoReposer, estimator: PoseEstimator, paths: list[pathlib.Path], targets: Targets, output: pathlib.Path
) -> list[str]:
    """Measures all photos that are not yet measured, writes everything, prints the table; says what failed."""
    from posewarp_tf.inference.found_poses import PoseFinder
    from posewarp_tf.metrics.pose_accuracy import Answer, measured_answers, summary

    finder = PoseFinder(lambda: estimator)
    options = reposer.options
    settings = {
        'weights': reposer.fingerprint,
        'retarget': options.retarget,
        'head': options.head,
        'poses': _described(targets),
    }
    photos: dict[str, list[dict[str, Any]]] = _earlier(output / 'results.json', settings)
    failures = []
    for path in tqdm.tqdm([path for path in paths if path.name not in photos], unit='photo'):
        try:
            photo = load_image(path)
            measured = []
            for answer, image in measured_answers(reposer, estimator, photo, finder.in_picture(path), targets):
                measured.append(answer.to_json())
                save_image(_answer_path(output, path, answer.title), image)
        except DataError as error:
            failures.append(f'{path}: {error}')
            continue
        photos[path.name] = measured
        _write(output / 'results.json', settings, photos)
    paths = [path for path in paths if path.name in photos]
    answers = [Answer.from_json(values) for path in paths for values in photos[path.name]]
    if not answers:
        raise DataError(f'no photo could be measured; {len(failures)} failed, the first: {failures[0]}')
    by_distance = summary(answers)
    _write(output / 'results.json', settings, photos, by_distance)
    save_image(output / 'contact_sheet.jpg', _sheet(output, paths, list(targets)))
    print(table(by_distance))
    print(f'{len(paths)} photos: {output / "contact_sheet.jpg"}, {output / "results.json"}')
    return failures


def table(by_distance: dict[str, dict[str, Any]]) -> str:
    """What `summary` returns, for people."""
    lines = [f'{"pose":8s} {"answers":>8s} {"nobody":>8s} {"joints":>8s} {"PCK@0.2":>8s} {"unmoved":>8s}']
    for name, row in by_distance.items():
        counts = ' '.join(f'{row[key]:8d}' for key in ('answers', 'nobody_found', 'joints'))
        lines.append(f'{name:8s} {counts} {row["pck"]:8.3f} {row["unmoved"]:8.3f}')
    return '\n'.join(lines)


def _described(targets: Targets) -> dict[str, Any]:
    return {title: np.round(keypoints, 2).tolist() for title, (keypoints, _) in targets.items()}


def _earlier(path: pathlib.Path, settings: dict[str, Any]) -> dict[str, Any]:
    """What was measured of the same model in the same poses."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding='utf-8'))
    return kept['photos'] if kept['settings'] == settings else {}


def _write(path: pathlib.Path, settings: dict, photos: dict, by_distance: dict | None = None) -> None:
    contents = {'settings': settings, 'summary': by_distance, 'photos': photos}
    files.write_text(path, json.dumps(contents) + '\n')


def _answer_path(output: pathlib.Path, path: pathlib.Path, title: str) -> pathlib.Path:
    return output / path.stem / f'{title.replace(" ", "_").lower()}.jpg'


def _sheet(output: pathlib.Path, paths: list[pathlib.Path], titles: list[str]) -> np.ndarray:
    """Photos and their answers, uint8 [H, W, 3]."""
    rows = [
        [
            resize_to_height(load_image(place), _CELL_HEIGHT)
            for place in (path, *(_answer_path(output, path, title) for title in titles))
        ]
        for path in paths
    ]
    return picture_grid(rows, ['photo', *titles])


if __name__ == '__main__':
    command_line.run(define_flags, main)
