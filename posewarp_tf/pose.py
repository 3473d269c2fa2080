"""Finds people and their joints in photos, and writes them as pose files.

    posewarp pose --images=photos/ --output=poses/

Writes <name>_keypoints.json (OpenPose, 18 joints) for each picture, annotations.csv for all, and contact_sheet.jpg with
the skeletons. The networks are MediaPipe's BlazePose; they are fetched once, unless --pose_model says where they are.
Against joints that are known, such as those of synthetic people:
    posewarp pose --images=data/synthetic/test --truth=data/synthetic/fasion-annotation-test.csv --output=poses/
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
from typing import Any

import numpy as np
from absl import flags

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.detection.accuracy import scores, table
from posewarp_tf.detection.estimator import MIN_CONFIDENCE, load_estimator
from posewarp_tf.detection.runner import Outcome, find_in_pictures, pictures_in
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.files import write_text
from posewarp_tf.pictures.names import NameIndex
from posewarp_tf.pictures.picture_files import picture_size
from posewarp_tf.poses.annotations import read_annotations
from posewarp_tf.poses.keypoint_frame import detect_frame, layout_named_by
from posewarp_tf.settings import command_line

FLAGS = flags.FLAGS

ACCURACY = 'accuracy.json'
_COLUMNS = ('joints', 'known', 'found', 'PCK@0.2', 'error (torsos)', 'error (pixels)')


def define_flags() -> None:
    flags.DEFINE_string('images', None, 'A photo, or a folder of photos.', required=True)
    flags.DEFINE_string('output', None, 'Folder to write into.', required=True)
    flags.DEFINE_integer(
        'person',
        None,
        'Which person, if a photo shows several, counted from 0, the largest, on; default: the largest.',
        lower_bound=0,
    )
    flags.DEFINE_boolean('all_people', False, 'Write everybody in a photo into its file, the largest first.')
    flags.DEFINE_string(
        'pose_model',
        None,
        'A wheel of mediapipe, a pose landmarker (.task) or a folder with its two networks; default: an installed '
        'mediapipe, or they are fetched once with pip.',
    )
    flags.DEFINE_float(
        'min_confidence',
        MIN_CONFIDENCE,
        'A joint that is seen less surely than this (0 to 1) is missing.',
        lower_bound=0.0,
        upper_bound=1.0,
    )
    flags.DEFINE_boolean('overwrite', False, 'Search all photos anew; default: those that have no file yet.')
    flags.DEFINE_string(
        'truth', None, f'Known joints of the same pictures, as annotation CSV: compares, and writes {ACCURACY}.'
    )


def main() -> int:
    for name in ('images', 'output', 'pose_model', 'truth'):
        # A shell leaves the ~ of --output=~/poses as it is.
        FLAGS[name].value = FLAGS[name].value and os.path.expanduser(str(FLAGS[name].value))
    if pathlib.Path(FLAGS.output).is_file():
        raise ConfigError(f'--output: {FLAGS.output}: a file, expected a folder')
    outcome = find_in_pictures(
        lambda: load_estimator(FLAGS.pose_model, FLAGS.min_confidence),
        FLAGS.images,
        FLAGS.output,
        FLAGS.person,
        FLAGS.all_people,
        FLAGS.overwrite,
    )
    if outcome.seconds:
        reading, finding = outcome.median_seconds()
        print(
            f'median of {len(outcome.seconds)}: {reading:.3f} s to read a picture, {finding:.3f} s to find people in it'
        )
    print(f'{FLAGS.output}: poses of {len(outcome.poses)} of {len(outcome.poses) + len(outcome.failures)} pictures')
    if FLAGS.truth is not None:
        _compare(outcome)
    if outcome.failures:
        print('without a pose:')
        print('\n'.join(f'  {words}' for words in outcome.failures.values()))
    return 1 if outcome.failures else 0


def _compare(outcome: Outcome) -> None:
    """Prints the table of accuracy and writes it."""
    sizes = {}
    for path in pictures_in(FLAGS.images):
        # Those that cannot be read are among the failures, and cannot be compared.
        with contextlib.suppress(DataError):
            sizes[path.name] = picture_size(path)
    annotations = read_annotations(FLAGS.truth).keypoints
    joints = np.stack(list(annotations.values()))
    one_size = next(iter(sizes.values())) if len(set(sizes.values())) == 1 else None
    frame = detect_frame(joints, (), layout_named_by(FLAGS.truth), FLAGS.truth, one_size)
    index = NameIndex(annotations)
    rows = {name: index.find(name) for name in sizes}
    known = {name: frame.to_pixels(annotations[row], sizes[name]) for name, row in rows.items() if row is not None}
    if not known:
        raise DataError(f'--truth: {FLAGS.truth}: has no row of any of the {len(sizes)} pictures')
    nobody = np.full((NUM_JOINTS, 2), MISSING, np.float32)
    found = [outcome.poses.get(name, (nobody, None))[0] for name in known]
    groups = scores(list(known.values()), found)
    if not groups:
        raise DataError(f'--truth: {FLAGS.truth}: no picture has a neck and both hips, by which errors are measured')
    content: dict[str, Any] = {
        'pictures': len(known),
        'without_pose': len(set(known) & set(outcome.failures)),
        'columns': _COLUMNS,
    }
    if outcome.seconds:
        reading, finding = outcome.median_seconds()
        content['median_seconds'] = {'reading': round(reading, 4), 'finding': round(finding, 4)}
    write_text(pathlib.Path(FLAGS.output) / ACCURACY, json.dumps({**content, 'rows': table(groups)}, indent=1) + '\n')
    for cells in [_COLUMNS, *table(groups)]:
        print(''.join(f'{cell!s:<{width}}' for cell, width in zip(cells, (18, 8, 9, 10, 16, 14))))


if __name__ == '__main__':
    command_line.run(define_flags, main)
