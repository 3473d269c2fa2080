"""Puts the person of a picture into another pose.

One picture, with joints found in both photos (or given by --source_keypoints=me.json --target_keypoints=pose.json):
    posewarp predict --source_image=me.jpg --target_image=dancer.jpg --output=out.png
The model is the one that comes with posewarp_tf, or one of your own: --run_dir=runs/quickstart.
Many: give a folder as --source_image or of poses (and as --output), or list them in a CSV, --pairs. Pictures of a CSV
that are made already, from the same, are left out; --shard=2/8 makes every eighth, for several machines.
Driving by a video, or by the poses of one:
    ... --source_image=me.jpg --target_video=dance.mp4 --output=dance_of_me.mp4
    ... --source_image=me.jpg --source_keypoints=me.json --target_dir=dance/ --output=dance_of_me/
Garment transfer, one's clothes on the person of another picture (models that compose with a context):
    ... --target_image=you.jpg --target_keypoints=you.json --target_garment=you_garments.png
"""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.inference.driving_job import DrivingJob, define_sequence_flags
from posewarp_tf.inference.jobs import (
    KEYPOINT_COLUMNS,
    MAP_COLUMNS,
    NO_TARGET,
    OPTIONAL_COLUMNS,
    REQUIRED_COLUMNS,
    Job,
    jobs_from_csv,
    jobs_from_paths,
)
from posewarp_tf.inference.options import PhotoOptions, define_photo_flags
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures.class_codings import GARMENT_CLASSES
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import define_precision_flag, define_shard_flag, parse_shard, size_from_flag

if TYPE_CHECKING:
    from posewarp_tf.inference.found_poses import PoseFinder
    from posewarp_tf.inference.photo import PhotoReposer

_FOR_SEQUENCE = ('source_image', 'target_dir', 'output')
_PATHS = (
    *('pairs', 'target_dir', 'target_video', 'target_image', 'pose_model', 'motion_run_dir'),
    *REQUIRED_COLUMNS,
    *KEYPOINT_COLUMNS,
    *MAP_COLUMNS,
)
_FOR_VIDEO = ('source_image', 'target_video', 'output')
_ONLY_FOR_SEQUENCE = ('fps', 'smooth_poses', 'motion_run_dir')
_ONLY_FOR_VIDEO = ('start', 'max_seconds', 'sound')
_NOT_FOR_SEQUENCE = ('target_keypoints', 'target_name', 'target_image', 'target_garment', 'save_intermediates')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_string('source_image', None, 'Picture of any size (a path or a URL), or a folder of pictures.')
    flags.DEFINE_string(
        'source_keypoints',
        None,
        'Joints of the source picture, if they are not to be found in it: OpenPose, COCO, ... JSON, annotation CSV or '
        'pose text; for a folder of pictures, a folder of JSON or text files named after them, or one CSV or COCO JSON '
        'that names its pictures.',
    )
    flags.DEFINE_string(
        'target_keypoints',
        None,
        'The pose to take: a file in one of the same formats, a photo of somebody in the pose, or a folder of either.',
    )
    flags.DEFINE_string(
        'output',
        None,
        'Picture to write (.png, .jpg), or a folder if there are many; for --target_video and --target_dir a video '
        '(.mp4, .webm, .gif, .webp, .png) or a folder.',
    )
    flags.DEFINE_string(
        'pairs',
        None,
        'CSV of many: columns source_image, output and, where needed, source_keypoints, target_keypoints, '
        'target_image_size (256x176), source_name, target_name, target_image, source_parts, target_parts, '
        'source_garment, target_garment; paths relative to the CSV.',
    )
    flags.DEFINE_string(
        'target_image_size',
        None,
        'height,width of the picture that the target pose is from, if not as --target_image or the source.',
    )
    flags.DEFINE_string(
        'source_name', None, 'Row of --source_keypoints if it has many pictures; default: by file name.'
    )
    flags.DEFINE_string('target_name', None, 'Row of --target_keypoints if it has many pictures.')
    flags.DEFINE_boolean('save_intermediates', False, 'Also write the warped source, flow, mask, skeletons and a grid.')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')
    define_shard_flag('--pairs')
    flags.DEFINE_integer('batch_size', 4, 'So many pictures at once, where there are many.', lower_bound=1)
    define_precision_flag()
    define_photo_flags()
    _define_map_flags()
    define_sequence_flags()


def _define_map_flags() -> None:
    flags.DEFINE_string(
        'target_image',
        None,
        'The picture that the target pose is from, in which it is found unless --target_keypoints gives it. With '
        '--target_garment or --target_parts, garment transfer: the answer keeps its background and head, found from '
        'these, and shows the clothes of the source.',
    )
    for side, whose in (('source', 'the source picture'), ('target', 'the picture of the target pose')):
        flags.DEFINE_string(
            f'{side}_parts',
            None,
            f'Body parts of {whose}, for models that take them: a PNG of 11 parts or of DensePose (0 to 24, or IUV), '
            'or a folder of such named after the pictures or poses.',
        )
        flags.DEFINE_string(
            f'{side}_garment',
            None,
            f'Garments of {whose}, for models that take them: a PNG of our 16 classes, LIP, CIHP or ATR, or a folder.',
        )
    flags.DEFINE_enum(
        'garment_classes',
        'auto',
        list(GARMENT_CLASSES),
        'Classes in the garment maps: our 16 (own), those of LIP, CIHP or ATR; auto: detected (and printed).',
    )


def main() -> int:
    given = flags.FLAGS
    for flag in (given[name] for name in _PATHS):
        # A shell leaves the ~ of --output=~/me.png as it is.
        flag.value = flag.value and os.path.expanduser(str(flag.value))
    if given.target_video is not None:
        _require(_FOR_VIDEO, f'expected {_listed(_FOR_VIDEO)}')
        refused = ('pairs', 'shard', 'target_dir', 'target_image_size', *_NOT_FOR_SEQUENCE)
        _refuse(refused, 'does not go with --target_video')
        return _drive()
    _refuse(_ONLY_FOR_VIDEO, 'goes with --target_video only')
    if given.target_dir is not None:
        _require(_FOR_SEQUENCE, f'expected {_listed(_FOR_SEQUENCE)}')
        _refuse(('pairs', 'shard', *_NOT_FOR_SEQUENCE), 'does not go with --target_dir')
        return _drive()
    _refuse(_ONLY_FOR_SEQUENCE, 'goes with --target_dir or --target_video only')
    if given.pairs is None:
        _refuse(('shard',), 'goes with --pairs only')
        _refuse(('overwrite',), 'goes with --pairs, --target_dir or --target_video only')
        needed = f'expected {_listed(REQUIRED_COLUMNS)} and --target_image or --target_keypoints'
        _require(REQUIRED_COLUMNS, f'{needed}, or --pairs, or --target_dir')
        if not (given.target_keypoints or given.target_image):
            raise ConfigError(NO_TARGET.replace('target_', '--target_'))
    else:
        _refuse((*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS), 'is a column of --pairs, give one or the other')
    return _predict()


def _predict() -> int:
    from posewarp_tf.inference.done_pictures import DonePictures, part_of_jobs
    from posewarp_tf.inference.runner import RunOptions, run_jobs

    given = flags.FLAGS
    options = RunOptions(given.save_intermediates, given.garment_classes, given.batch_size)
    done = None
    if given.pairs is not None:
        shard = parse_shard(given.shard)
        jobs = part_of_jobs(jobs_from_csv(given.pairs), shard)
        run, model = _chosen_run()
        done = DonePictures(_made_by(run), shard, given.overwrite)
    else:
        jobs = jobs_from_paths(
            Job(
                where='',
                source_image=given.source_image,
                source_keypoints=pathlib.Path(given.source_keypoints) if given.source_keypoints else None,
                target_keypoints=pathlib.Path(given.target_keypoints) if given.target_keypoints else None,
                output=pathlib.Path(given.output),
                target_image_size=size_from_flag('target_image_size'),
                source_name=given.source_name,
                target_name=given.target_name,
                target_image=given.target_image,
                class_maps={name: pathlib.Path(place) for name, place in _given_maps().items()},
            )
        )
        run, model = _chosen_run()
    return 1 if run_jobs(lambda: _load_reposer(run), model, jobs, _finder(), options, done) else 0


def _made_by(run: RunFolder) -> str:
    """Another one where other pictures would be made of the same files."""
    given = flags.FLAGS
    names = ('checkpoint', 'precision', 'garment_classes', 'save_intermediates', 'pose_model', 'person')
    return f'{run.fingerprint()} {_photo_options()} {[given[name].value for name in names]}'


def _drive() -> int:
    from posewarp_tf.inference.driving import run_driving

    given = flags.FLAGS
    is_video = given.target_video is not None
    smoothing = is_video and given.motion_run_dir is None
    job = DrivingJob(
        source_image=given.source_image,
        source_keypoints=given.source_keypoints,
        poses=given.target_video if is_video else given.target_dir,
        output=given.output,
        source_name=given.source_name,
        pose_size=size_from_flag('target_image_size'),
        class_maps=_given_maps(),
        smooth_poses=smoothing if given.smooth_poses is None else given.smooth_poses,
        motion_run_dir=given.motion_run_dir,
        fps=given.fps,
        overwrite=given.overwrite,
        is_video=is_video,
        start=given.start,
        max_seconds=given.max_seconds,
        with_sound=given.sound,
    )
    run, model = _chosen_run()
    run_driving(lambda: _load_reposer(run), model, job, _finder(), given.garment_classes)
    return 0


def _chosen_run() -> tuple[RunFolder, ModelConfig]:
    """The run folder and its model, looked at without TensorFlow, for whose import a bad file need not wait."""
    run = RunFolder(chosen_run(flags.FLAGS.run_dir))
    model = run.load_config_of('pictures').model
    if not run.is_trained:
        raise RunError(f'{run.path}: no checkpoint in {run.checkpoint_dir}: train first')
    return run, model


def _load_reposer(run: RunFolder) -> PhotoReposer:
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.inference.predictor import Predictor

    given = flags.FLAGS
    return PhotoReposer(Predictor(run.path, given.checkpoint, given.precision), _photo_options())


def _photo_options() -> PhotoOptions:
    given = flags.FLAGS
    return PhotoOptions(given.framing, given.background, given.resolution, given.retarget, given.head)


def _finder() -> PoseFinder:
    from posewarp_tf.detection.estimator import load_estimator
    from posewarp_tf.inference.found_poses import PoseFinder

    given = flags.FLAGS
    return PoseFinder(lambda: load_estimator(given.pose_model), given.person)


def _given_maps() -> dict[str, str]:
    given = ((name, flags.FLAGS[name].value) for name in MAP_COLUMNS)
    return {name: str(path) for name, path in given if path is not None}


def _require(names: tuple[str, ...], expected: str) -> None:
    for name in names:
        if not flags.FLAGS[name].value:
            raise ConfigError(f'--{name}: missing; {expected}')


def _refuse(names: tuple[str, ...], why: str) -> None:
    for name in names:
        if flags.FLAGS[name].present:
            raise ConfigError(f'--{name}: {why}')


def _listed(names: tuple[str, ...]) -> str:
    return ', '.join('--' + name for name in names)


if __name__ == '__main__':
    command_line.run(define_flags, main)
