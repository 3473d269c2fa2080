"""Everything that posewarp_tf does, as one command with a subcommand for every program:

    posewarp predict --source_image=me.jpg --target_image=dancer.jpg --output=out.png
    posewarp train --config=quickstart

`posewarp COMMAND --help` shows the settings of one. Each is a module that `python -m` runs too.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from types import ModuleType

from posewarp_tf.settings import command_line

# {subcommand: (module, what it does)}.
COMMANDS = {
    'predict': ('posewarp_tf.predict', 'puts the person of a photo into another pose'),
    'turn': ('posewarp_tf.turn', 'shows the object of a picture from other sides'),
    'animate': ('posewarp_tf.animate', 'makes the person of a picture move as in a video'),
    'talk': ('posewarp_tf.talk', 'makes the face of a picture talk as in a video'),
    'demo': ('posewarp_tf.demo', 'shows one person in several poses'),
    'train': ('posewarp_tf.train', 'trains a model, or goes on with a run'),
    'evaluate': ('posewarp_tf.evaluate', 'scores a run on its test pairs'),
    'compare': ('posewarp_tf.compare', 'puts the scores of several runs beside each other'),
    'pose': ('posewarp_tf.pose', 'finds people and their joints in photos'),
    'landmarks': ('posewarp_tf.landmarks', 'finds the landmarks of a face in a video'),
    'clean-poses': ('posewarp_tf.clean_poses', 'cleans the joints that were found in the frames of a video'),
    'app': ('posewarp_tf.app', 'puts people into other poses on a page in the browser'),
    'synthetic': ('posewarp_tf.synthetic.__main__', 'writes a data set of synthetic people, or one walking'),
    'check-data': ('posewarp_tf.data.check', 'looks a data set over before training'),
    'prepare-data': ('posewarp_tf.data.prepare', 'writes a data set as a few large files, for large sets'),
    'unpack-lmdb': ('posewarp_tf.data.unpack_lmdb', "makes a data set of DeepFashion in NTED's or PIDM's LMDB"),
    'prepare-photos': ('posewarp_tf.data.prepare_photos', 'makes a data set of your own photos'),
    'import-pytorch': ('posewarp_tf.import_pytorch', 'makes a run of checkpoints released for PyTorch'),
    'export-pytorch': ('posewarp_tf.export_pytorch', 'writes the weights of a run for PyTorch'),
    'export-saved-model': ('exports.saved_model.__main__', 'writes a run as SavedModel, for TensorFlow Serving'),
    'export-tflite': ('exports.tflite.__main__', 'writes a run as TFLite files, for phones'),
    'export-packed': ('exports.packed.__main__', 'writes a run as a small run folder, to be handed on'),
    'check-exports': ('exports.check.__main__', 'follows a run through every export, and times them'),
    'client': ('exports.serving.client', 'asks a running server for a picture'),
    'client-animate': ('exports.serving.animate', 'asks a running server for a person who dances'),
    'client-talk': ('exports.serving.talk', 'asks a running server for a face that talks'),
    'client-clean-poses': ('exports.serving.clean_poses', 'asks a running server to clean the poses of a video'),
    'portable-step': (
        'posewarp_tf.training.portable.__main__',
        'writes a training step as one program, for machines without TensorFlow',
    ),
    'run-portable-step': ('posewarp_tf.training.portable.run', 'trains by such a program, on people without end'),
    'benchmark': ('posewarp_tf.benchmark', 'times a network'),
    'plan-scaling': ('posewarp_tf.training.scaling', 'says how long a training step would take on more machines'),
    'benchmark-scaling': (
        'posewarp_tf.training.scaling_benchmark',
        'times training in processes that work together, and apart',
    ),
    'benchmark-data': ('posewarp_tf.data.benchmark', 'times the input pipeline'),
    'benchmark-photos': (
        'posewarp_tf.photos.benchmark',
        "times a photo's way through the network and around it",
    ),
    'benchmark-video': ('posewarp_tf.video.benchmark', 'times reading and writing of videos'),
    'photo-accuracy': ('posewarp_tf.photos.accuracy', 'scores answers at the resolution of photos'),
    'pose-accuracy': (
        'posewarp_tf.photos.pose_accuracy',
        'scores the poses of re-posed photos, with a detector of joints',
    ),
    'rendered-people': ('posewarp_tf.synthetic.rendered.__main__', 'shows rendered people, and measures them'),
    'build-ops': ('custom_ops.build', "compiles the samplers' ops for this machine (needs g++)"),
}
# Folders beside posewarp_tf in a clone, inside it in an installed package, where their names would clash with others'.
_BESIDE = ('exports', 'custom_ops')


def main() -> int:
    name, *arguments = sys.argv[1:] or ['--help']
    if name in ('--help', '-h', 'help'):
        print(_overview())
        return 0
    if name == '--version':
        print(command_line.version_text())
        return 0
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f', did you mean {close[0]!r}?' if close else f', expected one of {", ".join(COMMANDS)}'
        print(f'error: posewarp: no command {name!r}{hint}', file=sys.stderr)
        return 2
    program = find_module(COMMANDS[name][0])
    sys.argv = [f'posewarp {name}', *arguments]
    command_line.run(program.define_flags, program.main, f'posewarp {name}')
    return 0


def find_module(name: str) -> ModuleType:
    """The module of a command, wherever this package lies."""
    if name.split('.')[0] in _BESIDE:
        inside = f'posewarp_tf.{name.split(".")[0]}'
        if importlib.util.find_spec(inside) is not None:
            name = f'posewarp_tf.{name}'
        else:
            clone = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
            sys.path.insert(0, clone)
    return importlib.import_module(name)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [(__doc__ or '').strip(), '', 'Commands:']
    lines += [f'  {name:<{width}}  {words}' for name, (_, words) in COMMANDS.items()]
    return '\n'.join([*lines, '', '`posewarp --version` prints the version, and the packages that it runs on.'])


if __name__ == '__main__':
    sys.exit(main())
