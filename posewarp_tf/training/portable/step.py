"""A training step as one program of XLA: everything that a step of train_step.py computes, optimizer included.

    (batch, state) -> (losses, state)

It is exported where TensorFlow is, run wherever XLA is (run.py), and what came out goes back into the run folder, with
which everything else goes on. The folder of a step holds

    step.hlo.gz   the program, an HloModuleProto
    state-*.npz   what the step reads and changes
    step.json     the batch's arrays, the state's names, and which outputs replace which inputs
"""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf import files
from posewarp_tf.conventions import NUM_JOINTS
from posewarp_tf.data.pair_augmentation import augment_as
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.losses.needs import needed_maps
from posewarp_tf.losses.objective import Objective
from posewarp_tf.models.precision import chosen_precision, computing_in
from posewarp_tf.models.registry import build_model
from posewarp_tf.ops import to_float_image
from posewarp_tf.runs.checkpoints import AVERAGE, MODEL, CheckpointFolder
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.portable.files import COUNTER, DESCRIPTION, read_state, write_program, write_state
from posewarp_tf.training.portable.programs import without_copies
from posewarp_tf.training.train_step import Networks, TrainStep

Tensors = Mapping[str, tf.Tensor]


class PortableStep:
    """The step of one stage of a run folder, from its latest checkpoint or from fresh weights.

    Attributes:
        variables: of the networks and of the optimizer, by their names in a step folder.
        step: how many steps are done.

    Raises:
        ConfigError: the model makes clips, or the stage has discriminators or needs class maps other than body parts.
    """

    def __init__(self, config: Config, stage: str, run_folder: RunFolder) -> None:
        self._config = config
        self._stage = stage
        self._check_maps()
        if config.model.clip_form is not None:
            raise ConfigError(f'--model: got {config.model.model}, expected a model of single pictures')
        tf.keras.utils.set_random_seed(config.training.seed)
        with computing_in(chosen_precision(config.training.precision, with_gradient=True)):
            model = build_model(config)
            average = build_model(config) if config.training.ema_decay else None
            objective = Objective(config, stage)
            if objective.judges:
                raise ConfigError(
                    f'stage {stage}: has discriminators, expected one without: give adversarial no weight'
                )
            self._train_step = TrainStep(config.training, stage, objective, Networks(model, average, {}))
        if average is not None:
            for mean, weight in zip(average.weights, model.weights):
                mean.assign(weight)
        networks = {MODEL: model, **({} if average is None else {AVERAGE: average})}
        self.variables = {
            f'{role}/{index}': variable
            for role, network in networks.items()
            for index, variable in enumerate(network.weights)
        }
        for index, variable in enumerate(self._train_step.parts['optimizer'].variables):
            self.variables[f'optimizer/{index}'] = variable
        self.variables[COUNTER] = self._train_step.iterations
        parts = {**self._train_step.parts, 'best_loss': tf.Variable(np.inf, trainable=False, dtype=tf.float64)}
        self._checkpoints = CheckpointFolder(run_folder.stage_dir(stage), config.training.keep_checkpoints, parts)
        self.step = self._checkpoints.restore() or 0
        self._graph = tf.function(self._compute, autograph=False, jit_compile=True)

    def batch_specs(self) -> dict[str, tf.TensorSpec]:
        """What a step takes, as a person stream makes it: pictures and class maps in uint8, flows in float16."""
        count, size = self._config.training.batch_size, self._config.model.image_size
        specs = {
            'flow': tf.TensorSpec([count, *size, 2], tf.float16),
            'visibility': tf.TensorSpec([count, *size], tf.uint8),
        }
        for role in self._config.model.roles:
            specs[f'{role}_image'] = tf.TensorSpec([count, *size, 3], tf.uint8)
            specs[f'{role}_keypoints'] = tf.TensorSpec([count, NUM_JOINTS, 2], tf.float32)
            specs[f'{role}_parts'] = tf.TensorSpec([count, *size], tf.uint8)
        return dict(sorted(specs.items()))

    def _check_maps(self) -> None:
        wanted = {*needed_maps(self._config.replace(stage=self._stage)), *self._config.model.class_maps}
        others = sorted(wanted - self.batch_specs().keys())
        if others:
            raise ConfigError(f'stage {self._stage}: needs {", ".join(others)}, expected no maps but those of parts')

    def __call__(self, batch: Tensors) -> dict[str, tf.Tensor]:
        """One step here, in this process: the losses."""
        return self._graph({name: batch[name] for name in self.batch_specs()})

    def _compute(self, raw: Tensors) -> dict[str, tf.Tensor]:
        batch = dict(raw, flow=tf.cast(raw['flow'], tf.float32))
        roles = self._config.model.roles
        batch.update({f'{role}_image': to_float_image(raw[f'{role}_image']) for role in roles})
        seed = tf.stack([tf.constant(self._config.training.seed, tf.int64), self._train_step.iterations])
        batch = augment_as(self._config.data.pair_augmentation, batch, seed)
        form = self._config.model.pose_form
        if form is not None:
            batch.update({f'{role}_pose': form.make(batch, role, self._config.model.image_size) for role in roles})
        return self._train_step.compute(batch)

    def export(self, folder: str | os.PathLike) -> None:
        """Writes the folder of this step."""
        specs = self.batch_specs()
        zeros = {name: tf.zeros(spec.shape, spec.dtype) for name, spec in specs.items()}
        program = self._graph.experimental_get_compiler_ir(zeros)
        text = program(stage='hlo').partition('\n')[0]
        replaced = {int(output): int(given) for output, given in _ALIAS.findall(text)}
        state, names = self._state(specs), list(specs)
        keys = {variable.handle.ref(): name for name, variable in self.variables.items()}
        description = {
            'batch': [
                {'name': name, 'shape': list(specs[name].shape), 'dtype': specs[name].dtype.name} for name in names
            ],
            'state': [keys.get(variable.handle.ref(), variable.name) for variable in state],
            'num_steps': self._config.training.stage_steps[self._stage],
            'losses': sorted(self._graph.get_concrete_function(specs).structured_outputs),
            'replaced': {str(output): given - len(names) for output, given in replaced.items()},
            'step': self.step,
        }
        place = pathlib.Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_program(place, without_copies(program(stage='hlo_serialized')))
        write_state(place, [variable.numpy() for variable in state])
        files.write_text(place / DESCRIPTION, json.dumps(description, indent=1) + '\n')

    def collect(self, folder: str | os.PathLike) -> int:
        """Puts the state that a run of the program left into the run folder, as its latest checkpoint; the step.

        Raises:
            RunError: it is the state of another program.
        """
        state, arrays = self._state(self.batch_specs()), read_state(folder)
        if [array.shape for array in arrays] != [tuple(variable.shape) for variable in state]:
            raise RunError(f'{folder}: the state is of another program than that of this stage')
        for variable, array in zip(state, arrays):
            variable.assign(array)
        self.step = int(self._train_step.iterations)
        self._checkpoints.save(self.step)
        return self.step

    def _state(self, specs: Mapping[str, tf.TensorSpec]) -> list[tf.Variable]:
        """The variables that the program takes, in its order."""
        function = self._graph.get_concrete_function(specs)
        by_handle = {variable.handle.ref(): variable for variable in function.variables}
        return [by_handle[captured.ref()] for captured in function.captured_inputs]


# In the first line of a program: output {n} may take the place of input (m).
_ALIAS = re.compile(r'\{(\d+)\}: \((\d+), \{\}, may-alias\)')
