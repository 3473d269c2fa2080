"""Flags of animation that would do nothing are refused before anything is read."""

import pytest
from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.inference.animation_flags import one_target

VIDEO, POSES = '--target_video=a.mp4', '--target_poses=a'


def target_of(*arguments):
    values = flags.FlagValues()
    for name in ('target_video', 'target_poses', 'target_image_size', 'target_frames', 'max_seconds'):
        flags.DEFINE_string(name, None, name, flag_values=values)
    flags.DEFINE_float('start', 0.0, 'start', flag_values=values)
    values(['animate', *arguments])
    return one_target(values, 'target_video', 'target_poses')


def test_a_target_is_a_video_or_files_with_what_goes_with_them():
    assert target_of(VIDEO, '--start=1', '--max_seconds=2')
    assert not target_of(POSES, '--target_image_size=9,8', '--target_frames=b')
    for arguments, words in (
        ((), '--target_video, --target_poses: got neither'),
        ((VIDEO, POSES), '--target_video, --target_poses: got both'),
        ((POSES, '--start=0'), '--start: goes with --target_video only'),
        ((VIDEO, '--target_image_size=9,8'), '--target_image_size: goes with --target_poses only'),
        ((VIDEO, '--target_frames=b'), '--target_frames: goes with --target_poses only'),
    ):
        with pytest.raises(ConfigError, match=words):
            target_of(*arguments)
