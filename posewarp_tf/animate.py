"""Makes the person of a picture dance, by a run of animation: every frame from the one before and from the picture.

    posewarp animate --run_dir=runs/dance --source_image=me.jpg --target_video=dance.mp4 --output=me_dancing.mp4
    posewarp animate ... --source_keypoints=me.json --target_poses=data/walk/poses --output=me_walking/

Poses are joints in any format that `posewarp predict` reads, or a folder of one video in the layout of data sets of
videos (its frames, found or clean joints). An output that is a folder, or a video, is gone on with where a run stopped.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.inference.animation_flags import (
    chosen_animator,
    define_film_flags,
    define_run_flags,
    expand_paths,
    one_target,
)
from posewarp_tf.inference.dancing import RETARGET_MODES, run_dance
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag

_PATHS = (
    'source_image',
    'source_keypoints',
    'target_video',
    'target_poses',
    'output',
    'motion_run_dir',
    'pose_model',
)


def define_flags() -> None:
    define_run_flags('animation of persons')
    define_dance_flags()


def define_dance_flags() -> None:
    """Who dances what, and what is made of it: all but the network."""
    flags.DEFINE_string('source_image', None, 'Picture of the person, of any size.', required=True)
    flags.DEFINE_string('source_keypoints', None, 'Joints of the picture, if they are not to be found in it.')
    flags.DEFINE_string('target_video', None, 'A video whose person is followed; the joints are found in its frames.')
    flags.DEFINE_string(
        'target_poses',
        None,
        'A folder with the joints of each frame, one file of many frames, or the folder of one video in the layout of '
        'data sets of videos.',
    )
    flags.DEFINE_string(
        'output', None, 'Video (.mp4, .webm, .gif, .webp, .png) or folder of frames to write.', required=True
    )
    flags.DEFINE_string('source_name', None, 'Row of --source_keypoints if it has many pictures.')
    flags.DEFINE_string(
        'target_image_size',
        None,
        'height,width of the frames that the poses are from; default: that of the frames beside them, else as the '
        'picture.',
    )
    flags.DEFINE_enum(
        'retarget',
        'place',
        RETARGET_MODES,
        'place: the dance is moved to the place and size of the person in the picture; none: joints as they are.',
    )
    flags.DEFINE_string('motion_run_dir', None, 'Run folder of motion extraction, which cleans the joints.')
    flags.DEFINE_integer('person', None, 'Which person of the picture, the largest first, from 0.', lower_bound=0)
    flags.DEFINE_string('pose_model', None, 'Where the networks are that find joints, as of `posewarp predict`.')
    define_film_flags()
    flags.DEFINE_float('start', 0.0, 'Seconds of the video to leave out.', lower_bound=0.0)


def main() -> None:
    given = flags.FLAGS
    expand_paths(given, ('run_dir',))
    job = dance_job()
    run_dance(chosen_animator(given, 'dance_clips'), job, pose_finder(), given.retarget)


def dance_job() -> DrivingJob:
    """What the flags of `define_dance_flags` ask for; ConfigError for some that do not go together."""
    given = flags.FLAGS
    expand_paths(given, _PATHS)
    is_video = one_target(given, 'target_video', 'target_poses')
    return DrivingJob(
        source_image=given.source_image,
        source_keypoints=given.source_keypoints,
        poses=given.target_video if is_video else given.target_poses,
        output=given.output,
        source_name=given.source_name,
        pose_size=size_from_flag('target_image_size'),
        smooth_poses=is_video and given.motion_run_dir is None,
        motion_run_dir=given.motion_run_dir,
        fps=given.fps,
        overwrite=given.overwrite,
        is_video=is_video,
        start=given.start,
        max_seconds=given.max_seconds,
        with_sound=given.sound,
    )


def pose_finder() -> PoseFinder:
    """What finds joints, as the flags of `define_dance_flags` say; nothing is loaded before it is needed."""
    from posewarp_tf.detection.estimator import load_estimator

    given = flags.FLAGS
    return PoseFinder(lambda: load_estimator(given.pose_model), given.person)


if __name__ == '__main__':
    command_line.run(define_flags, main)
