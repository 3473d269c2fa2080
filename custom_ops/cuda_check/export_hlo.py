"""Writes networks as XLA programs: `python -m custom_ops.cuda_check.export_hlo --output_dir=hlo`.

For a machine that has a GPU and JAX but no TensorFlow: time_hlo.py, which needs nothing of this project, runs what this
writes. A program takes its weights as arguments, so a file holds no numbers of a network, only its shapes. Samplers are
gathers, as always in XLA.
"""

from __future__ import annotations

import json
import lzma
import os
from typing import Any

from absl import flags

from custom_ops.cuda_check.programs import PROGRAMS, Program, make_program
from custom_ops.cuda_check.time_hlo import INDEX, make_argument
from posewarp_tf.settings import command_line

FLAGS = flags.FLAGS

# Of the picture that is stored for comparison: every so many pixels.
_STRIDE = 16


def define_flags() -> None:
    flags.DEFINE_string('output_dir', None, 'Folder of the programs.', required=True)
    flags.DEFINE_string('config', 'gfla_fashion', 'Name of a config of the package, of a GFLA model.')


def main() -> None:
    os.makedirs(FLAGS.output_dir, exist_ok=True)
    index, answers = [], {}
    for what, batch, precision in PROGRAMS:
        program = make_program(FLAGS.config, 'gather', what, batch, precision)
        with open(os.path.join(FLAGS.output_dir, f'{program.name}.hlo.xz'), 'wb') as file:
            file.write(lzma.compress(_serialize(program)))
        if program.name == f'forward_{batch}_float32':
            answers[batch] = _answer(program)
        parameters = [{**parameter, 'shape': list(parameter['shape'])} for parameter in program.parameters]
        description = {'name': program.name, 'what': what, 'batch': batch, 'precision': precision}
        index.append({**description, 'parameters': parameters})
        print(f'{program.name}: {len(parameters)} parameters', flush=True)
    with open(os.path.join(FLAGS.output_dir, INDEX), 'w') as file:
        json.dump({'programs': index, 'stride': _STRIDE, 'answers': answers}, file)


def _serialize(program: Program) -> bytes:
    """The program as a serialized HloModuleProto. The weights become its last parameters, and get the numbers that
    time_hlo.py will take for them."""
    import tensorflow as tf

    # Without autograph: no layer has Python control flow over tensors.
    compiled = tf.function(program.step, jit_compile=True, autograph=False)
    specs = [tf.TensorSpec(parameter['shape']) for parameter in program.parameters]
    concrete = compiled.get_concrete_function(*specs)
    variables = {id(variable.handle): variable for variable in concrete.variables}
    for handle in concrete.captured_inputs:
        variable = variables[id(handle)]
        values = variable.numpy()
        parameter = {'shape': variable.shape, 'mean': float(values.mean()), 'deviation': float(values.std())}
        variable.assign(make_argument(parameter, len(program.parameters)))
        program.parameters.append(parameter)
    return compiled.experimental_get_compiler_ir(*specs)(stage='hlo_serialized')


def _answer(program: Program) -> Any:
    """The picture that TensorFlow itself makes of the same numbers: [B, H / stride, W / stride, 3]."""
    inputs = {name: make_argument(program.parameters[i], i) for i, name in enumerate(program.inputs)}
    return program.model(inputs)['image'][:, ::_STRIDE, ::_STRIDE].numpy().round(6).tolist()


if __name__ == '__main__':
    command_line.run(define_flags, main)
