"""A trained run as one function from pictures and joints to a picture; what every export is made from.

No model and no input is named here: `raw_input_specs` says what goes in, and `make_model_inputs` what the network gets
of it (posewarp_tf/models/inputs.py). What comes out is named as by `ReposingModel` (posewarp_tf/models/base.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf import ops
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.inputs import make_model_inputs, raw_input_specs
from posewarp_tf.runs.checkpoints import checkpoint_step
from posewarp_tf.runs.run_folder import RunFolder

# Registered in every TensorFlow, but they call back into the Python process that made them.
_PYTHON_OPERATIONS = frozenset(('PyFunc', 'PyFuncStateless', 'EagerPyFunc'))


class Exportable(tf.Module):
    """The finished model of a run folder, with its averaged weights where an average was kept.

    Args:
        run_dir: a run folder; nothing else is needed.
        checkpoint: 'best' or 'latest'.
        image_size: height and width to export for, multiples of 2**levels of the deepest network; None: what the run
            was trained at. Heatmaps keep their sigma in pixels.
        sampler_impl: 'gather' makes a model of stock operations only.

    Attributes:
        run: the RunFolder.
        config: the Config of the exported model: the run's, with `image_size` and `sampler_impl`.
        model: the ReposingModel.
        step: training step of the weights.

    Raises:
        RunError: not a run folder, no stage that makes pictures is trained, or its weights cannot be read.
        ConfigError: an image size that the network cannot have.
    """

    def __init__(
        self,
        run_dir: str | os.PathLike,
        checkpoint: str = 'best',
        image_size: tuple[int, int] | None = None,
        sampler_impl: str = 'gather',
    ):
        super().__init__(name='exportable')
        self.run = RunFolder(run_dir)
        trained = self.run.load_config()
        self.config = trained.replace(
            sampler_impl=sampler_impl, image_size=tuple(image_size or trained.model.image_size)
        )
        self.model = self.run.load_model(which=checkpoint, config=self.config)
        path = self.run.checkpoint_path(self.model.stages, checkpoint)
        stage, complete = self.run.stage_of(path), self.model.complete_stages
        if stage not in complete:
            raise RunError(
                f'{self.run.path}: only the stage {stage!r} is trained, which makes no pictures: '
                f'train {complete[0]!r} too'
            )
        self.step = checkpoint_step(path)

    def specs(self, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
        """What `__call__` takes, by name; uint8 for pictures and maps, float32 [B, 18, 2] for joints in pixels."""
        specs = raw_input_specs(self.config, batch_size)
        return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """The model's answer to tensors as in `specs`.

        Returns:
            image: uint8 [B, H, W, 3].
            float_image: float32 [B, H, W, 3] in [-1, 1], the same before rounding.
            flows, masks: lists, coarse first, float32 [B, h, w, 2] and [B, h, w, 1] (conventions.py); empty for a
                model without flows.
            garment: only of a model that predicts it, the likeliest class, uint8 [B, H, W] (GARMENT_NAMES).
            composition_mask: only of a model that has one, float32 [B, H, W, 1] (conventions.py).
        """
        outputs = self.model(make_model_inputs(raw, self.config), training=False)
        answer = {
            'image': ops.to_uint8_image(outputs['image']),
            'float_image': tf.cast(outputs['image'], tf.float32),
            'flows': [tf.cast(flow, tf.float32) for flow in outputs['flows']],
            'masks': [tf.cast(mask, tf.float32) for mask in outputs['masks']],
        }
        if 'garment' in outputs:
            answer['garment'] = tf.cast(tf.argmax(outputs['garment'], axis=-1), tf.uint8)
        if 'composition_mask' in outputs:
            answer['composition_mask'] = tf.cast(outputs['composition_mask'], tf.float32)
        return answer


def operations_of(graph_def: tf.compat.v1.GraphDef) -> set[str]:
    """Names of all operations in a graph and in the functions that it calls, without those functions' own names."""
    functions = {function.signature.name for function in graph_def.library.function}
    nodes = list(graph_def.node)
    for function in graph_def.library.function:
        nodes += function.node_def
    return {node.op for node in nodes} - functions


def custom_operations(operations: Iterable[str]) -> list[str]:
    """Those that a stock TensorFlow runtime without Python cannot run, sorted."""
    # tf.raw_ops lists what TensorFlow was built with; libraries loaded later do not appear there.
    return sorted(name for name in operations if name in _PYTHON_OPERATIONS or not hasattr(tf.raw_ops, name))


def require_stock_operations(function: Any) -> None:
    """Raises ConfigError if a concrete function has an operation that is not TensorFlow's own."""
    custom = custom_operations(operations_of(function.graph.as_graph_def()))
    if custom:
        raise ConfigError(
            f'{function.name}: has operations that a stock TensorFlow runtime does not have: {", ".join(custom)}; '
            'export with --sampler_impl=gather'
        )
