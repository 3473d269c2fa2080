"""The published network as functions of tensors, for timing: a forward pass and a training step in four precisions.

A forward pass gives the picture. A training step is the forward and backward pass of the terms that need no other
network (L1 and affine regularization, with the published weights of the last stage) and Adam; its answer is the loss,
the new weights and the new moments. Samplers follow --sampler_impl; within XLA they are gathers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from posewarp_tf.settings.flags import load_config

# Name: the policy of Keras, and whether matrix products may round their factors to TF32.
PRECISIONS = {
    'float32': ('float32', False),
    'tf32': ('float32', True),
    'bfloat16': ('mixed_bfloat16', True),
    'float16': ('mixed_float16', True),
}
# (what, batch, precision), most important first: if time runs out, the first ones are known.
PROGRAMS = (
    *((what, 8, precision) for precision in ('tf32', 'bfloat16', 'float32') for what in ('forward', 'training_step')),
    *(('forward', 1, precision) for precision in ('tf32', 'bfloat16')),
    *((what, 8, 'float16') for what in ('forward', 'training_step')),
    *(('forward', 1, precision) for precision in ('float32', 'float16')),
)
# Small float16 gradients vanish unless the loss is scaled.
_LOSS_SCALES = {'mixed_float16': 1024.0}


@dataclasses.dataclass
class Program:
    """`step` takes tensors of `parameters` and computes with `model`."""

    what: str
    batch: int
    precision: str
    inputs: list[str]  # Names of the first parameters.
    parameters: list[dict]  # 'shape', and 'mean' and 'deviation' of numbers that serve as an argument.
    step: Callable
    model: Any

    @property
    def name(self) -> str:
        return f'{self.what}_{self.batch}_{self.precision}'


def make_program(config_name: str, sampler_impl: str, what: str, batch: int, precision: str) -> Program:
    """A fresh network of a config of the package, the same one for all precisions, and what is timed of it."""
    import tensorflow as tf

    from posewarp_tf.models.registry import build_model

    policy, has_tf32 = PRECISIONS[precision]
    tf.keras.mixed_precision.set_global_policy(policy)
    tf.config.experimental.enable_tensor_float_32_execution(has_tf32)
    tf.keras.utils.set_random_seed(0)
    config = load_config(config_name).replace(sampler_impl=sampler_impl)
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
    return Program(what, batch, precision, list(shapes), parameters, step, model)


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
