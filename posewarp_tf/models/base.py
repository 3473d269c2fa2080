"""What every re-posing model has in common.

Training, metrics and exports import nothing else of models/ than this file, clips.py, config.py, inputs.py, kinds.py,
outputs.py, panels.py, precision.py, discriminators/ and registry.py; all read outputs by the names in the docstring of
`ReposingModel`. What a model takes, makes and trains it declares in its config.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import PUBLISHED_GAIN
from posewarp_tf.models.config import ModelConfig, Stage
from posewarp_tf.models.registry import model_config_from_json

Inputs = Mapping[str, tf.Tensor]
Outputs = dict[str, Any]
State = dict[str, Any]


class ReposingModel(tf.keras.Model):
    """Moves the pixels of pictures of a person into a target pose.

    Calling it with the `inputs` that its config declares gives

        image     float [B, H, W, 3] in [-1, 1]
        motions   {role: Motion} of the pictures whose pixels move: flows, masks (outputs.py); empty without flows

    and the `outputs` that the config declares, in training also those that only terms of its objective read
    (losses/needs.py). With `return_attention=True` motions hold their attentions too. A model whose `material` is
    skeletons gives `skeletons` float32 [B, frames, 34] alone, and has `call` instead of `step`.

    A model whose config has a `clip_form` makes one frame of a video in a call, and has `generate` for those of a clip:
    `images` [B, n, H, W, 3] and `motions` likewise (models/animation/animation.py), which `run_stage` gives for inputs
    with `target_poses`.

    A subclass has `step`, and `start` where something depends on the source alone: it is then computed once for any
    number of poses. It trains in the stages of its config, of which `run_stage` computes what each needs.
    """

    def __init__(self, config: ModelConfig, **kwargs):
        super().__init__(**kwargs)
        self.model_config = config

    def call(self, inputs: Inputs, training: bool = False, return_attention: bool = False) -> Outputs:
        return self.step(self.start(inputs), inputs, return_attention)

    def start(self, inputs: Inputs) -> State:
        """What depends on the source alone, from the inputs of the role 'source'."""
        return {}

    def step(self, state: State, inputs: Inputs, return_attention: bool = False) -> Outputs:
        """The outputs, from what `start` made and all inputs."""
        raise NotImplementedError

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in the order of training."""
        return tuple(stage.name for stage in self.model_config.stages)

    @property
    def complete_stages(self) -> tuple[str, ...]:
        """Stages that make pictures: a run where one of them is trained can be used."""
        return tuple(stage.name for stage in self.model_config.stages if stage.makes_pictures)

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        """What a stage computes; a model whose stages compute less than everything says here what."""
        self.stage_of(stage)
        return self(inputs, training=training)

    def stage_variables(self, stage: str) -> list[tf.Variable]:
        """The variables that a stage trains."""
        trained = tf.nest.flatten([getattr(self, name) for name in self.stage_of(stage).trains]) or [self]
        return [variable for part in trained for variable in part.trainable_variables]

    def stage_of(self, name: str) -> Stage:
        """The declaration of a stage; ValueError for one that there is not."""
        for stage in self.model_config.stages:
            if stage.name == name:
                return stage
        raise ValueError(f'stage: got {name!r}, expected one of {", ".join(self.stages)}')

    def example_inputs(self, batch_size: int | None = None) -> dict[str, tf.keras.Input]:
        """Symbolic inputs of the configured size."""
        size = self.model_config.image_size
        return {
            item.name: tf.keras.Input(item.shape(size), batch_size=batch_size, name=item.name, dtype=item.dtype)
            for item in self.model_config.inputs
        }

    def create_weights(self) -> None:
        """Makes every variable without computing anything."""
        # No layer has Python control flow over tensors; not looking for it halves the time.
        tf.autograph.experimental.do_not_convert(lambda: self(self.example_inputs()))()

    def scale_initial_kernels(self, gain: float) -> None:
        """Changes the gain of fresh orthogonal kernels; not of flow heads, so that flows begin near zero."""
        heads = {
            id(variable)
            for part in self.submodules
            if getattr(part, 'keeps_initial_gain', False)
            for variable in part.trainable_variables
        }
        for variable in self.trainable_variables if gain != PUBLISHED_GAIN else ():
            if variable.shape.rank == 4 and id(variable) not in heads:
                variable.assign(variable * (gain / PUBLISHED_GAIN))

    def get_config(self) -> dict:
        return {**super().get_config(), 'config': dataclasses.asdict(self.model_config)}

    @classmethod
    def from_config(cls, config: dict, custom_objects: Any = None) -> ReposingModel:
        config = dict(config)
        return cls(model_config_from_json(config.pop('config'), f'saved {cls.__name__}'), **config)

    def get_build_config(self) -> dict:
        # An empty one would not be passed on, and loading would find no variables.
        return {'image_size': self.model_config.image_size}

    def build_from_config(self, config: dict) -> None:
        self.create_weights()
