"""Makes the face of a picture talk, by a run of animation of faces: every frame from the one before and the picture.

    posewarp talk --run_dir=runs/face --source_image=me.png --target_video=talk.mp4 --output=me_talking.mp4
    posewarp talk ... --source_landmarks=me.txt --target_landmarks=data/faces/test_keypoints/test_00000 --output=talk/

Landmarks are 68 lines x,y of each frame, as `posewarp landmarks` writes them. Those that are not given are found with
its networks, and a square around the face is taken. A run that was stopped is gone on with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from posewarp_tf.inference.animation_flags import (
    chosen_animator,
    define_film_flags,
    define_run_flags,
    expand_paths,
    one_target,
)
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.talking import run_talk
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag

if TYPE_CHECKING:
    from posewarp_tf.detection.face_mesh import FaceMesh

_PATHS = (
    'source_image',
    'source_landmarks',
    'target_video',
    'target_landmarks',
    'target_frames',
    'output',
    'pose_model',
)


def define_flags() -> None:
    define_run_flags('animation of faces')
    define_talk_flags()


def define_talk_flags() -> None:
    """Who says what, and what is made of it: all but the network."""
    flags.DEFINE_string('source_image', None, 'Picture of the face.', required=True)
    flags.DEFINE_string(
        'source_landmarks', None, 'Its 68 landmarks, lines x,y; default: found, and a square around the face is taken.'
    )
    flags.DEFINE_string('target_video', None, 'A video of somebody who talks, in whose frames landmarks are found.')
    flags.DEFINE_string('target_landmarks', None, 'A folder with a .txt of 68 lines x,y for each frame.')
    flags.DEFINE_string(
        'target_frames',
        None,
        'The frames of --target_landmarks, of the same names, which runs with --face_background_edges need; default: '
        'where a data set has them.',
    )
    flags.DEFINE_string(
        'target_image_size', None, 'height,width of these frames, where there are none; default: as the picture.'
    )
    flags.DEFINE_string(
        'output', None, 'Video (.mp4, .webm, .gif, .webp, .png) or folder of frames to write.', required=True
    )
    flags.DEFINE_string('pose_model', None, 'Where the networks are that find landmarks, as of `posewarp landmarks`.')
    define_film_flags()


def main() -> None:
    given = flags.FLAGS
    expand_paths(given, ('run_dir',))
    job = talk_job()
    load = chosen_animator(given, 'face_clips')
    run_talk(load, RunFolder(given.run_dir).load_config(), job, load_mesh, given.target_frames)


def talk_job() -> DrivingJob:
    """What the flags of `define_talk_flags` ask for; ConfigError for some that do not go together."""
    given = flags.FLAGS
    expand_paths(given, _PATHS)
    is_video = one_target(given, 'target_video', 'target_landmarks')
    return DrivingJob(
        source_image=given.source_image,
        source_keypoints=given.source_landmarks,
        poses=given.target_video if is_video else given.target_landmarks,
        output=given.output,
        pose_size=size_from_flag('target_image_size'),
        fps=given.fps,
        overwrite=given.overwrite,
        is_video=is_video,
        max_seconds=given.max_seconds,
        with_sound=given.sound,
    )


def load_mesh() -> FaceMesh:
    """What finds landmarks, as the flags of `define_talk_flags` say."""
    from posewarp_tf.detection.face_mesh import FaceMesh

    return FaceMesh(flags.FLAGS.pose_model)


if __name__ == '__main__':
    command_line.run(define_flags, main)
