"""A trained run as one function from what people have to an answer; prediction, evaluation and exports use it.

No model, input or output is named here but the image and the motions that every model makes: the model's config says
what goes in (models/inputs.py) and what comes out (models/outputs.py).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf import ops
from posewarp_tf.errors import RunError
from posewarp_tf.models.base import Inputs, Outputs
from posewarp_tf.models.config import PAIR_MATERIALS
from posewarp_tf.models.inputs import Input, make_model_inputs, raw_input_specs
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.precision import chosen_precision, computing_in
from posewarp_tf.runs.checkpoints import checkpoint_step, identifying_file
from posewarp_tf.runs.run_folder import REVISION, RunFolder

Tensors = Mapping[str, tf.Tensor]


class Reposer(tf.Module):
    """The model of a run folder, with its averaged weights where an average was kept.

        reposer = Reposer('runs/quickstart')
        answer = reposer(raw)                                                      # once
        state = reposer.start(source)                                              # or for many poses of one source
        answer = reposer.step(state, target)

    Args:
        run_dir: a run folder; nothing else is needed.
        checkpoint: 'best' or 'latest'.
        image_size: height and width, multiples of 2**levels of the deepest network; None: what the run was trained at.
            Heatmaps keep their sigma in pixels.
        sampler_impl: 'gather' makes a model of stock operations only; None: the run's.
        needs_pictures: refuses runs in which no stage that makes pictures is trained.
        precision: one of `models.precision.PRECISIONS`, whatever the run was trained in.

    Attributes:
        run: the RunFolder.
        config: the run's Config, with `image_size` and `sampler_impl`.
        precision: what the model computes in.
        model: the ReposingModel.
        stage: the stage whose weights these are.
        trained_steps: its training step.
        checkpoint_path: where they are.

    Raises:
        RunError: not a run folder, no stage that makes pictures is trained, weights that cannot be read, or a model of
            poses that are not made here.
        ConfigError: an image size that the network cannot have.
    """

    def __init__(
        self,
        run_dir: str | os.PathLike,
        checkpoint: str = 'best',
        image_size: tuple[int, int] | None = None,
        sampler_impl: str | None = None,
        needs_pictures: bool = True,
        precision: str = 'float32',
    ):
        super().__init__(name='reposer')
        self.run = RunFolder(run_dir)
        trained = self.run.load_config_of(*PAIR_MATERIALS)
        self.config = trained.replace(
            sampler_impl=sampler_impl or trained.model.sampler_impl,
            image_size=tuple(image_size or trained.model.image_size),
        )
        self.precision = chosen_precision(precision)
        with computing_in(self.precision):
            self.model = self.run.load_model(which=checkpoint, config=self.config)
        self.checkpoint_path = self.run.checkpoint_path(self.model.stages, checkpoint)
        self.stage, complete = self.run.stage_of(self.checkpoint_path), self.model.complete_stages
        if needs_pictures and self.stage not in complete:
            raise RunError(
                f'{self.run.path}: only the stage {self.stage!r} is trained, which makes no pictures: '
                f'train {complete[0]!r} too'
            )
        self.trained_steps = checkpoint_step(self.checkpoint_path)
        self._check_poses()

    def specs(self, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
        """What `__call__` takes, by name: the raw inputs of the model."""
        specs = raw_input_specs(self.config.model, batch_size)
        return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}

    def __call__(self, raw: Tensors) -> dict[str, Any]:
        """The model's answer to tensors as in `specs`, and to what is given of the model's optional inputs.

        Returns:
            image: uint8 [B, H, W, 3].
            float_image: float32 [B, H, W, 3] in [-1, 1], the same before rounding.
            motions: {role: Motion} in float32 (models/outputs.py); empty for a model without flows.
            and of each output that the model declares what its kind answers.
        """
        model = self.config.model
        optional = {item.name: item.make(raw, model.image_size) for item in self._given_of_optional(raw)}
        return self.answer(self.model({**make_model_inputs(raw, model), **optional}, training=False))

    def start(self, raw: Tensors) -> dict[str, Any]:
        """What depends on the source alone, computed once for any number of poses.

        Args:
            raw: those of `specs` that are of the source.
        """
        model = self.config.model
        source = {item.name: item.make(raw, model.image_size) for item in model.inputs if item.role != model.roles[-1]}
        return {'inputs': source, 'model': self.model.start(source)}

    def step(self, state: Mapping[str, Any], raw: Tensors) -> dict[str, Any]:
        """The answer to one pose.

        Args:
            state: from `start`.
            raw: those of `specs` that are of the target, and what is given of the model's optional inputs.
        """
        model = self.config.model
        wanted = [item for item in model.inputs if item.role == model.roles[-1]]
        target = {item.name: item.make(raw, model.image_size) for item in [*wanted, *self._given_of_optional(raw)]}
        return self.answer(self.model.step(state['model'], {**state['inputs'], **target}))

    def stage_outputs(self, inputs: Inputs) -> Outputs:
        """The outputs of the trained stage for the network's own inputs: without an image where only flows are."""
        return self.model.run_stage({item.name: inputs[item.name] for item in self.config.model.inputs}, self.stage)

    def answer(self, outputs: Outputs) -> dict[str, Any]:
        """What users get of the outputs of the network."""
        motions = tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32), outputs['motions'])
        return {
            'image': ops.to_uint8_image(outputs['image']),
            'float_image': tf.cast(outputs['image'], tf.float32),
            'motions': {role: Motion(*map(list, motion)) for role, motion in motions.items()},
            **{output.name: output.kind.answer(outputs[output.name]) for output in self.config.model.outputs},
        }

    @property
    def fingerprint(self) -> str:
        """A digest of the weights and of the precision, and of `REVISION`: others have another one."""
        digest = hashlib.sha256(REVISION.encode() + identifying_file(self.checkpoint_path).read_bytes()).hexdigest()
        return digest if self.precision == 'float32' else f'{digest} {self.precision}'

    def _given_of_optional(self, raw: Tensors) -> list[Input]:
        return [item for item in self.config.model.optional_inputs if item.name in raw]

    def _check_poses(self) -> None:
        """A model may have been imported that was trained on poses of other joints."""
        form = self.config.model.pose_form
        if form is not None and form.channels != form.made_channels:
            raise RunError(
                f'{self.run.config_path}: a model of poses with {form.channels} channels, expected {form.made_channels}'
            )
