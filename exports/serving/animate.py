"""Makes the person of a picture dance, frame by frame, by a TensorFlow Serving server of animation.

    python -m exports.serving.animate --grpc=localhost:8500 --metadata=models/dance/1/metadata.json
        --source_image=me.jpg --source_keypoints=me.json --target_poses=data/walk/poses --output=me_walking.mp4

Everything but the network is as in `posewarp animate`: pictures and poses that are read, frames, videos, and that a run
which was stopped is gone on with.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.animate import dance_job, define_dance_flags, pose_finder
from posewarp_tf.inference.dancing import run_dance
from posewarp_tf.settings import command_line

from .served_animator import chosen_animator, define_animator_flags


def define_flags() -> None:
    define_animator_flags()
    define_dance_flags()


def main() -> None:
    job, animator = dance_job(), chosen_animator(flags.FLAGS, 'dance_clips')
    run_dance(lambda: animator, job, pose_finder(), flags.FLAGS.retarget)


if __name__ == '__main__':
    command_line.run(define_flags, main)
