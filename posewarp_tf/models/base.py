"""What every re-posing model has in common.

Training, metrics and exports import nothing else of models/ than this file, inputs.py and registry.py; all read
outputs by the names in the docstring of `ReposingModel`. What only some models have (attention scales, a flow, a
garment map) is told by the config.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf.settings.config import ModelConfig, values_from_json

Inputs = Mapping[str, tf.Tensor]
Outputs = dict[str, Any]


class ReposingModel(tf.keras.Model):
    """Moves the pixels of a source image into a target pose.

    Calling it with `{'source_image', 'source_pose', 'target_pose'}` gives

        image   float [B, H, W, 3] in [-1, 1]
        flows   list, coarse first, of [B, h, w, 2]: backward, in pixels of their own map
        masks   list, coarse first, of [B, h, w, 1] in [0, 1]: 1 = warped source, 0 = invented

        garment            logits of the target's garment classes, float [B, H, W, 16]; of models that predict it
        composition_mask   float [B, H, W, 1] (conventions.py); of models that compose the picture with a context

    and with `return_attention=True` also

        attentions   list, coarse first, of [B, h, w, k * k]; empty without an attention

    A model trains in `stages`, one after the other. `run_stage` computes what a stage needs, and
    `stage_variables` are the ones it trains.
    """

    stages: tuple[str, ...] = ()

    # Stages that `--stage=all` leaves out unless --stage_steps gives them steps.
    optional_stages: tuple[str, ...] = ()

    def __init__(self, config: ModelConfig, **kwargs):
        super().__init__(**kwargs)
        self.model_config = config

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        raise TypeError(f'{type(self).__name__} has no stages of its own')

    def stage_variables(self, stage: str) -> list[tf.Variable]:
        raise TypeError(f'{type(self).__name__} has no stages of its own')

    @property
    def complete_stages(self) -> tuple[str, ...]:
        """Stages that make pictures: a run where one of them is trained can be used."""
        return self.stages[-1:]

    @property
    def required_inputs(self) -> tuple[str, ...]:
        """Names of what a call cannot do without."""
        garment = ('source_garment',) if self.model_config.use_garment else ()
        return ('source_image', 'source_pose', 'target_pose', *garment)

    def check_stage(self, stage: str) -> None:
        if stage not in self.stages:
            raise ValueError(f'stage: got {stage!r}, expected one of {", ".join(self.stages)}')

    def example_inputs(self, batch_size: int | None = None) -> dict[str, tf.keras.Input]:
        """Symbolic inputs of the configured size."""
        size, pose_channels = self.model_config.image_size, self.model_config.pose_channels
        forms: dict[str, tuple[tuple[int, ...], tf.DType]] = {
            'source_image': ((*size, 3), tf.float32),
            'source_pose': ((*size, pose_channels), tf.float32),
            'target_pose': ((*size, pose_channels), tf.float32),
            'source_garment': (size, tf.uint8),
        }
        return {
            name: tf.keras.Input(forms[name][0], batch_size=batch_size, name=name, dtype=forms[name][1])
            for name in self.required_inputs
        }

    def create_weights(self) -> None:
        """Makes every variable without computing anything."""
        # No layer has Python control flow over tensors; not looking for it halves the time.
        tf.autograph.experimental.do_not_convert(lambda: self(self.example_inputs()))()

    def get_config(self) -> dict:
        return {**super().get_config(), 'config': dataclasses.asdict(self.model_config)}

    @classmethod
    def from_config(cls, config: dict, custom_objects: Any = None) -> ReposingModel:
        config = dict(config)
        values = values_from_json(config.pop('config'), f'saved {cls.__name__}')
        return cls(ModelConfig(**values), **config)

    def get_build_config(self) -> dict:
        # An empty one would not be passed on, and loading would find no variables.
        return {'image_size': self.model_config.image_size}

    def build_from_config(self, config: dict) -> None:
        self.create_weights()
