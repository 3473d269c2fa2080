"""Finds people and their joints in photos, and writes them as pose files.

    posewarp pose --images=photos/ --output=poses/

Writes <name>_keypoints.json (OpenPose, 18 joints) for each picture, annotations.csv for all, and contact_sheet.jpg with
the skeletons. The networks are MediaPipe's BlazePose; they are fetched once, unless --pose_model says where they are.
Against joints that are known, such as those of synthetic people:
    posewarp pose --images=data/synthetic/test --truth=data/synthetic/fasion-annotation-test.csv --output=poses/
"""

from __future__ import annotations

import json
import os
import pathlib

import numpy as np
from absl import flags

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.detection.accuracy import scores, table
from posewarp_tf.detection.estimator import MIN_CONFIDENCE, load_estimator
from posewarp_tf.detection.runner import Outcome, find_in_pictures, pictures_in
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.files import write_text
from posewarp_tf.pictures.picture_files import picture_size
from posewarp_tf.poses.readers import NoPoseError, read_keypoints
from posewarp_tf.settings import command_line

FLAGS = flags.FLAGS

ACCURACY = 'accuracy.json'
_COLUMNS = ('joints', 'count', 'found', 'PCK@0.2', 'error (torsos)', 'error (pixels)')


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
        FLAGS[name].value = FLAGS[name].value and os.path.expanduser(FLAGS[name].value)
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
    nobody = np.full((NUM_JOINTS, 2), MISSING, np.float32)
    known, found, names = [], [], []
    for path in pictures_in(FLAGS.images):
        try:
            known.append(read_keypoints(FLAGS.truth, picture_size(path), path.name)[0])
        except NoPoseError:
            continue
        found.append(outcome.poses.get(path.name, (nobody, None))[0])
        names.append(path.name)
    groups = scores(known, found)
    if not groups:
        raise DataError(f'--truth: {FLAGS.truth}: no picture has a neck and both hips, by which errors are measured')
    rows = table(groups)
    content = {'pictures': len(names), 'without_pose': sum(map(names.count, outcome.failures)), 'columns': _COLUMNS}
    if outcome.seconds:
        reading, finding = outcome.median_seconds()
        content['median_seconds'] = {'reading': round(reading, 4), 'finding': round(finding, 4)}
    write_text(pathlib.Path(FLAGS.output) / ACCURACY, json.dumps({**content, 'rows': rows}, indent=1) + '\n')
    for row in [_COLUMNS, *rows]:
        print(''.join(f'{cell!s:<{width}}' for cell, width in zip(row, (18, 8, 9, 10, 16, 14))))


if __name__ == '__main__':
    command_line.run(define_flags, main)
