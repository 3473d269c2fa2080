"""Finds 68 landmarks of a face in every frame of a video, and writes both as animation of faces reads them.

    posewarp landmarks --source=talk.mp4 --output_dir=data/mine
    posewarp landmarks --source=me.jpg --output_dir=data/mine --name=me

Writes test_data/<name>/ and test_keypoints/<name>/ (or those of another --split); the frames are cut to a square around
the face. The networks are MediaPipe's BlazeFace and face mesh; they are fetched once, unless --pose_model says where
they are.
"""

from __future__ import annotations

import os
import pathlib

from absl import flags

from posewarp_tf.detection.face_footage import Footage, write_footage
from posewarp_tf.detection.face_mesh import FaceMesh
from posewarp_tf.errors import ConfigError
from posewarp_tf.settings import command_line
from posewarp_tf.video.reading import is_film

FLAGS = flags.FLAGS


def define_flags() -> None:
    flags.DEFINE_string('source', None, 'A video, a photo, or a folder of frames.', required=True)
    flags.DEFINE_string('output_dir', None, 'Folder of videos to write into, new or not.', required=True)
    flags.DEFINE_enum('split', 'test', ['train', 'test', 'val'], 'Part of the data set that the video is put into.')
    flags.DEFINE_string('name', None, 'Of the video in the data set; default: that of the source.')
    flags.DEFINE_integer('face_size', 256, 'Height and width of the frames written.', lower_bound=16)
    flags.DEFINE_boolean('whole_frames', False, 'Write frames as they are, not a square around the face.')
    flags.DEFINE_float('fps', None, 'Frames per second; default: those of the video.', lower_bound=0.1)
    flags.DEFINE_float('max_seconds', None, 'Seconds of the video to read at most.', lower_bound=0.01)
    flags.DEFINE_string(
        'pose_model',
        None,
        'A wheel of mediapipe, or a folder with its two networks of faces; default: an installed mediapipe, or they '
        'are fetched once with pip.',
    )


def main() -> None:
    # A shell leaves the ~ of --source=~/talk.mp4 as it is.
    source, output_dir = (os.path.expanduser(path) for path in (FLAGS.source, FLAGS.output_dir))
    name = FLAGS.name or pathlib.Path(source).stem
    footage = Footage(source, FLAGS.fps, FLAGS.max_seconds, is_film(source))
    _check_flags(footage)
    size = None if FLAGS.whole_frames else FLAGS.face_size
    count, num_missing = write_footage(footage, output_dir, FLAGS.split, name, FaceMesh(FLAGS.pose_model), size)
    words = f'; no face in {num_missing}, which have the landmarks of the frame before' if num_missing else ''
    print(f'{output_dir}: {count} frames and their landmarks in {FLAGS.split}_*/{name}{words}')


def _check_flags(footage: Footage) -> None:
    if FLAGS.whole_frames and FLAGS['face_size'].present:
        raise ConfigError('--face_size: does not go with --whole_frames')
    for name in ('fps', 'max_seconds'):
        if FLAGS[name].present and not footage.is_video:
            raise ConfigError(f'--{name}: goes with a video only, and {footage.source} is none')


if __name__ == '__main__':
    command_line.run(define_flags, main)
