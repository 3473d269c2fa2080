"""The flags that `posewarp animate` and `posewarp talk` share, and what is asked of them before anything is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.runs.run_folder import RunFolder

if TYPE_CHECKING:
    from posewarp_tf.inference.animating import Animator


def define_run_flags(words: str) -> None:
    """Whose weights are used, where they are in a run folder; `words` say what is trained in it."""
    flags.DEFINE_string('run_dir', None, f'Run folder of {words}.', required=True)
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')


def define_film_flags() -> None:
    """What is made of the frames."""
    flags.DEFINE_float(
        'fps', None, 'Frames per second; default: of a video its own, else 25.', lower_bound=0.1, upper_bound=120.0
    )
    flags.DEFINE_float('max_seconds', None, 'Seconds of the video to use; default: all.', lower_bound=0.01)
    flags.DEFINE_boolean('sound', True, 'Carry the sound of the video over into an .mp4 or .webm.')
    flags.DEFINE_boolean('overwrite', False, 'Make all frames anew; default: go on where an earlier run stopped.')


def expand_paths(given: flags.FlagValues, names: tuple[str, ...]) -> None:
    """A shell leaves the ~ of --output=~/me.mp4 as it is."""
    for flag in (given[name] for name in names):
        flag.value = flag.value and os.path.expanduser(flag.value)


def one_target(given: flags.FlagValues, video: str, files: str) -> bool:
    """Whether the target is a video; a ConfigError unless exactly one of both flags is given, and flags go with it."""
    named = [name for name in (video, files) if given[name].value]
    if len(named) != 1:
        raise ConfigError(f'--{video}, --{files}: got {"both" if named else "neither"}, expected one of them')
    only_with = {video: ('start', 'max_seconds', 'sound'), files: ('target_image_size', 'target_frames')}
    for target, names in only_with.items():
        for name in names:
            if named != [target] and name in given and given[name].present:
                raise ConfigError(f'--{name}: goes with --{target} only')
    return named == [video]


def chosen_animator(given: flags.FlagValues, material: str) -> Callable[[], Animator]:
    """What loads the network that the flags of `define_run_flags` name.

    The run folder is looked at now, without TensorFlow, for whose import a bad one need not wait: a RunError says why
    it cannot be used.
    """
    run = RunFolder(given.run_dir)
    run.load_config_of(material)
    if not run.is_trained:
        raise RunError(f'{run.path}: no checkpoint in {run.checkpoint_dir}: train first')

    def load() -> Animator:
        from posewarp_tf.inference.animating import Animator

        return Animator(given.run_dir, [material], given.checkpoint)

    return load
