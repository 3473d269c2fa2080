"""Makes the face of a picture talk, frame by frame, by a TensorFlow Serving server of animation of faces.

    python -m exports.serving.talk --grpc=localhost:8500 --metadata=models/face/1/metadata.json
        --source_image=me.png --target_video=talk.mp4 --output=me_talking.mp4

Everything but the network is as in `posewarp talk`.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.inference.talking import run_talk
from posewarp_tf.settings import command_line
from posewarp_tf.talk import define_talk_flags, load_mesh, talk_job

from .served_animator import chosen_animator, define_animator_flags


def define_flags() -> None:
    define_animator_flags()
    define_talk_flags()


def main() -> None:
    job, animator = talk_job(), chosen_animator(flags.FLAGS, 'face_clips')
    run_talk(lambda: animator, animator.config, job, load_mesh, flags.FLAGS.target_frames)


if __name__ == '__main__':
    command_line.run(define_flags, main)
