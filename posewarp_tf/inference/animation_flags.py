"""The flags that `posewarp animate` and `posewarp talk` share, and what is asked of them before anything is read."""

from __future__ import annotations

import os

from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.runs.run_folder import RunFolder


def define_film_flags() -> None:
    """What is made of the frames, and with which weights."""
    flags.DEFINE_float(
        'fps', None, 'Frames per second; default: of a video its own, else 25.', lower_bound=0.1, upper_bound=120.0
    )
    flags.DEFINE_float('max_seconds', None, 'Seconds of the video to use; default: all.', lower_bound=0.01)
    flags.DEFINE_boolean('sound', True, 'Carry the sound of the video over into an .mp4 or .webm.')
    flags.DEFINE_boolean('overwrite', False, 'Make all frames anew; default: go on where an earlier run stopped.')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')


def expand_paths(names: tuple[str, ...]) -> None:
    """A shell leaves the ~ of --output=~/me.mp4 as it is."""
    for flag in (flags.FLAGS[name] for name in names):
        flag.value = flag.value and os.path.expanduser(flag.value)


def one_target(video: str, files: str) -> bool:
    """Whether the target is a video; a ConfigError unless exactly one of both flags is given, and flags go with it."""
    given = [name for name in (video, files) if flags.FLAGS[name].value]
    if len(given) != 1:
        raise ConfigError(f'--{video}, --{files}: got {"both" if given else "neither"}, expected one of them')
    for name in ('start', 'max_seconds', 'sound'):
        if given == [files] and name in flags.FLAGS and flags.FLAGS[name].present:
            raise ConfigError(f'--{name}: goes with --{video} only')
    return given == [video]


def check_run(material: str) -> None:
    """Looks at the run folder without TensorFlow, for whose import a bad one need not wait; a RunError says why not."""
    run = RunFolder(flags.FLAGS.run_dir)
    run.load_config_of(material)
    if not run.is_trained:
        raise RunError(f'{run.path}: no checkpoint in {run.checkpoint_dir}: train first')
