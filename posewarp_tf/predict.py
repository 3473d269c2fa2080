"""Puts the person of a picture into another pose.

One picture:
    python -m posewarp_tf.predict --run_dir=runs/quickstart
        --source_image=me.jpg --source_keypoints=me.json --target_keypoints=pose.json --output=out.png
Many: give a folder as --source_image or --target_keypoints (and as --output), or list them in a CSV, --pairs.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf import command_line
from posewarp_tf.errors import ConfigError

_FOR_ONE = ('source_image', 'source_keypoints', 'target_keypoints', 'output')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder that training wrote.', required=True)
    flags.DEFINE_string('source_image', None, 'Picture of any size (a path or a URL), or a folder of pictures.')
    flags.DEFINE_string(
        'source_keypoints',
        None,
        'Joints of the source picture: OpenPose or COCO JSON, annotation CSV or pose text; for a folder of pictures, '
        'a folder of JSON or text files named after them, or one CSV or COCO JSON that names its pictures.',
    )
    flags.DEFINE_string('target_keypoints', None, 'The pose to take, in one of the same formats, or a folder of poses.')
    flags.DEFINE_string('output', None, 'Picture to write (.png, .jpg), or a folder if there are many.')
    flags.DEFINE_string(
        'pairs',
        None,
        'CSV of many: columns source_image, source_keypoints, target_keypoints, output and, where needed, '
        'target_image_size (256x176), source_name, target_name; paths relative to the CSV.',
    )
    flags.DEFINE_string(
        'target_image_size', None, 'height,width of the picture that the target pose is from, if not as the source.'
    )
    flags.DEFINE_string(
        'source_name', None, 'Row of --source_keypoints if it has many pictures; default: by file name.'
    )
    flags.DEFINE_string('target_name', None, 'Row of --target_keypoints if it has many pictures.')
    flags.DEFINE_boolean('save_intermediates', False, 'Also write the warped source, flow, mask, skeletons and a grid.')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')


def main() -> int:
    from posewarp_tf import prediction_jobs

    given = flags.FLAGS
    if given.pairs is not None:
        extra = [name for name in (*_FOR_ONE, 'target_image_size', 'source_name', 'target_name') if given[name].present]
        if extra:
            raise ConfigError(f'--{extra[0]}: is a column of --pairs, give one or the other')
        jobs = prediction_jobs.jobs_from_csv(given.pairs)
    else:
        missing = [name for name in _FOR_ONE if given[name].value is None]
        if missing:
            raise ConfigError(
                f'--{missing[0]}: missing; expected {", ".join("--" + name for name in _FOR_ONE)} or --pairs'
            )
        jobs = prediction_jobs.jobs_from_paths(
            given.source_image,
            given.source_keypoints,
            given.target_keypoints,
            given.output,
            _target_size(),
            given.source_name,
            given.target_name,
        )

    from posewarp_tf.predictor import Predictor

    predictor = Predictor(given.run_dir, given.checkpoint)
    return 1 if prediction_jobs.run_jobs(predictor, jobs, given.save_intermediates) else 0


def _target_size() -> tuple[int, int] | None:
    from posewarp_tf.prediction_jobs import parse_size

    text = flags.FLAGS.target_image_size
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise ConfigError(f'--target_image_size: {error}') from error


if __name__ == '__main__':
    define_flags()
    command_line.run(main)
