"""Writes networks as XLA programs: `python -m custom_ops.cuda_check.export_hlo --output_dir=hlo`.

For a machine that has a GPU and JAX but no TensorFlow: time_hlo.py, which needs nothing of this project, runs what this
writes. A program takes its weights as arguments, so a file holds no numbers of a network, only its shapes. Samplers are
gathers, as always in XLA.

A forward pass gives the picture. A training step is the forward and backward pass of the terms that need no other
network (L1 and affine regularization, with the published weights of the last stage) and Adam; its answer is the loss,
the new weights and the new moments.
"""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Callable
from typing import Any

from absl import flags

from custom_ops.cuda_check.time_hlo import INDEX, make_argument
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import load_config

FLAGS = flags.FLAGS

# Name: the policy of Keras, and whether matrix products may round their factors to TF32.
PRECISIONS = {
    'float32': ('float32', False),
    'tf32': ('float32', True),
    'bfloat16': ('mixed_bfloat16', True),
    'float16': ('mixed_float16', True),
}
# In this order they are compiled and timed; what comes first is known even if time runs out.
PROGRAMS = (
    *(('forward', 8, precision) for precision in ('tf32', 'bfloat16', 'float32')),
    *(('training_step', 8, precision) for precision in ('tf32', 'bfloat16', 'float32')),
    *(('forward', 1, precision) for precision in ('tf32', 'bfloat16')),
    *((what, 8, 'float16') for what in ('forward', 'training_step')),
    *(('forward', 1, precision) for precision in ('float32', 'float16')),
)
# Small float16 gradients vanish unless the loss is scaled.
_LOSS_SCALES = {'mixed_float16': 1024.0}
# Of the picture that is stored for comparison: every so many pixels.
_STRIDE = 16


def define_flags() -> None:
    flags.DEFINE_string('output_dir', None, 'Folder of the programs.', required=True)
    flags.DEFINE_string('config', 'gfla_fashion', 'Name of a config of the package, of a GFLA model.')


def main() -> None:
    os.makedirs(FLAGS.output_dir, exist_ok=True)
    index, answers = [], {}
    for what, batch, precision in PROGRAMS:
        program, code, model = _export(what, batch, precision)
        if program['name'] == f'forward_{batch}_float32':
            answers[batch] = _answer(model, program)
        with open(os.path.join(FLAGS.output_dir, f'{program["name"]}.hlo.xz'), 'wb') as file:
            file.write(lzma.compress(code))
        index.append(program)
        print(f'{program["name"]}: {len(program["parameters"])} parameters', flush=True)
    with open(os.path.join(FLAGS.output_dir, INDEX), 'w') as file:
        json.dump({'programs': index, 'stride': _STRIDE, 'answers': answers}, file)


def _export(what: str, batch: int, precision: str) -> tuple[dict, bytes, Any]:
    """What time_hlo.py needs to know about a program, the program (a serialized HloModuleProto), and its network."""
    import tensorflow as tf

    from posewarp_tf.models.registry import build_model

    policy, has_tf32 = PRECISIONS[precision]
    tf.keras.mixed_precision.set_global_policy(policy)
    tf.config.experimental.enable_tensor_float_32_execution(has_tf32)
    tf.keras.utils.set_random_seed(0)
    config = load_config(FLAGS.config).replace(sampler_impl='gather')
    model = build_model(config)
    model.create_weights()
    shapes = {name: (batch, *spec.shape[1:]) for name, spec in model.example_inputs().items()}
    parameters = [{'shape': shape, 'mean': 0.0, 'deviation': 0.4} for shape in shapes.values()]
    if what == 'forward':
        step = _forward(model, list(shapes))
    else:
        step = _training_step(model, config.training, list(shapes), _LOSS_SCALES.get(policy, 1.0))
        parameters.append({'shape': shapes['source_image'], 'mean': 0.0, 'deviation': 0.4})
        moments = [{'shape': weight.shape, 'mean': 0.0, 'deviation': 0.0} for weight in model.trainable_variables]
        parameters += moments + moments
    # Without autograph: no layer has Python control flow over tensors.
    compiled = tf.function(step, jit_compile=True, autograph=False)
    specs = [tf.TensorSpec(parameter['shape']) for parameter in parameters]
    concrete = compiled.get_concrete_function(*specs)
    variables = {id(variable.handle): variable for variable in concrete.variables}
    parameters += [_like(variables[id(handle)]) for handle in concrete.captured_inputs]
    for index, handle in enumerate(concrete.captured_inputs, len(specs)):
        variables[id(handle)].assign(make_argument(parameters[index], index))
    program = {
        'name': f'{what}_{batch}_{precision}',
        'what': what,
        'batch': batch,
        'precision': precision,
        'inputs': list(shapes),
        'parameters': [{**parameter, 'shape': list(parameter['shape'])} for parameter in parameters],
    }
    return program, compiled.experimental_get_compiler_ir(*specs)(stage='hlo_serialized'), model


def _answer(model: Any, program: dict) -> list:
    """The picture that TensorFlow itself makes of the same numbers: [B, H / stride, W / stride, 3]."""
    inputs = {name: make_argument(program['parameters'][i], i) for i, name in enumerate(program['inputs'])}
    return model(inputs)['image'][:, ::_STRIDE, ::_STRIDE].numpy().round(6).tolist()


def _like(variable: Any) -> dict:
    """A parameter whose random numbers are spread like the fresh weights of `variable`."""
    values = variable.numpy()
    return {'shape': variable.shape, 'mean': float(values.mean()), 'deviation': float(values.std())}


def _forward(model: Any, names: list[str]) -> Callable:
    return lambda *inputs: model(dict(zip(names, inputs)))['image']


def _training_step(model: Any, training: Any, names: list[str], loss_scale: float) -> Callable:
    """A function of the inputs, the target image, and Adam's first and second moments of each weight."""
    import tensorflow as tf

    from posewarp_tf.losses.affine_regularization import affine_regularization

    weights, config = model.trainable_variables, model.model_config
    term_weights = config.stages[-1].weights

    def step(*arguments: tf.Tensor) -> tuple:
        inputs, target_image = dict(zip(names, arguments)), arguments[len(names)]
        moments = arguments[len(names) + 1 :]
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            loss = term_weights['l1'] * tf.reduce_mean(tf.abs(outputs['image'] - target_image))
            for scale, flow in zip(config.attention_scales, outputs['motions']['source'].flows):
                bend = affine_regularization(tf.cast(flow, tf.float32), config.attention_kernels[scale])
                loss += term_weights['affine'] * tf.reduce_mean(bend)
            scaled = loss * loss_scale
        # What no attention reads of the source's features has no gradient.
        gradients = tape.gradient(scaled, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradients = [gradient / loss_scale for gradient in gradients]
        slots = zip(weights, gradients, moments, moments[len(weights) :])
        return loss, [_adam(training, *each) for each in slots]

    return step


def _adam(training: Any, weight: Any, gradient: Any, first: Any, second: Any) -> tuple:
    """The new weight and moments, without the correction of the first steps."""
    import tensorflow as tf

    first = training.adam_beta_1 * first + (1 - training.adam_beta_1) * gradient
    second = training.adam_beta_2 * second + (1 - training.adam_beta_2) * tf.square(gradient)
    return weight - training.learning_rate * first / (tf.sqrt(second) + 1e-8), first, second


if __name__ == '__main__':
    command_line.run(define_flags, main)
