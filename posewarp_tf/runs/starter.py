"""The starter: the trained model that comes with this package, for everybody who has none of their own.

It is a packed run folder (packed.py) beside the code, and so works wherever a run folder does. Programs take it where
no --run_dir is given.
"""

from __future__ import annotations

import os
import pathlib
from typing import NamedTuple

import posewarp_tf
from posewarp_tf.errors import RunError
from posewarp_tf.runs.run_folder import RunFolder

# What stands for it where a run folder or a checkpoint is named, as by --init_from.
STARTER = 'starter'

# For the help of flags.
RUN_DIR_HELP = 'Run folder that training or import_pytorch wrote; default: the starter, which comes with posewarp_tf.'

_FOLDER = pathlib.Path(posewarp_tf.__file__).parent / 'starter'


def starter_folder() -> pathlib.Path:
    """The run folder of the starter.

    Raises:
        RunError: this installation has none.
    """
    run = RunFolder(_FOLDER)
    if not (run.config_path.exists() and run.is_trained):
        raise RunError(
            f'{run.path}: this installation has no starter model: give the run folder of a trained model, for example '
            '--run_dir=runs/quickstart'
        )
    return run.path


def chosen_run(run_dir: str | None) -> pathlib.Path:
    """The run folder that the command line gives, or else the starter's; says which, if it is that.

    Raises:
        RunError: none is given, and there is no starter.
    """
    if run_dir is not None:
        return pathlib.Path(os.path.expanduser(run_dir))
    folder = starter_folder()
    model = RunFolder(folder).load_config().model
    height, width = model.image_size
    print(f'model: the starter of posewarp_tf {posewarp_tf.__version__} ({model.model}, {height}x{width})', flush=True)
    return folder


class Example(NamedTuple):
    """Files of a person to try a model with: a picture, joints as OpenPose writes them, and the person's pixels."""

    picture: pathlib.Path
    joints: pathlib.Path
    mask: pathlib.Path


def example_person() -> Example:
    """The rendered person who comes with the starter.

    Raises:
        RunError: this installation has none.
    """
    example = Example(*(_FOLDER / 'example' / name for name in ('person.jpg', 'person_keypoints.json', 'person.png')))
    for path in example:
        if not path.exists():
            raise RunError(f'{path}: missing in this installation: give a picture of your own, --photo=me.jpg')
    return example
