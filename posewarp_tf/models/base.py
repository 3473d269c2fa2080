"""What every re-posing model has in common; trainer, losses, metrics and exports know nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf.config import ModelConfig

Inputs = Mapping[str, tf.Tensor]
Outputs = dict[str, Any]


class ReposingModel(tf.keras.Model):
    """Moves the pixels of a source image into a target pose.

    Calling it with `{'source_image', 'source_pose', 'target_pose'}` gives

        image   float [B, H, W, 3] in [-1, 1]
        flows   list, coarse first, of [B, h, w, 2]: backward, in pixels of their own map
        masks   list, coarse first, of [B, h, w, 1] in [0, 1]: 1 = warped source, 0 = invented

    and with `return_attention=True` also `attentions`, coarse first, [B, h, w, k * k].

    A model trains in `stages`, one after the other. `run_stage` computes what a stage needs, and
    `stage_variables` are the ones it trains.
    """

    stages: tuple[str, ...] = ()
    # Inputs that may be left out, such as context_image [B, H, W, 3] in [-1, 1] and context_mask [B, H, W, 1]: 1 where
    # the answer may show the context.
    optional_inputs: tuple[str, ...] = ()

    def __init__(self, config: ModelConfig, **kwargs):
        super().__init__(**kwargs)
        self.model_config = config

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        raise TypeError(f'{type(self).__name__} has no stages of its own')

    def stage_variables(self, stage: str) -> list[tf.Variable]:
        raise TypeError(f'{type(self).__name__} has no stages of its own')

    def check_stage(self, stage: str) -> None:
        if stage not in self.stages:
            raise ValueError(f'stage: got {stage!r}, expected one of {", ".join(self.stages)}')

    @property
    def attention_kernels(self) -> Mapping[int, int]:
        """{scale: kernel size} of the neighbourhoods that the flows serve."""
        return self.model_config.attention_kernels

    def example_inputs(self, batch_size: int | None = None) -> dict[str, tf.keras.Input]:
        """Symbolic inputs of the configured size."""
        height, width = self.model_config.image_size
        channels = {'source_image': 3}
        channels.update(dict.fromkeys(('source_pose', 'target_pose'), self.model_config.pose_channels))
        return {
            name: tf.keras.Input((height, width, n), batch_size=batch_size, name=name) for name, n in channels.items()
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
        values = dict(config.pop('config'))
        values['image_size'] = tuple(values['image_size'])
        # Numbers as keys become text on their way through JSON.
        values['attention_kernels'] = {int(s): k for s, k in values['attention_kernels'].items()}
        return cls(ModelConfig(**values), **config)

    def get_build_config(self) -> dict:
        # An empty one would not be passed on, and loading would find no variables.
        return {'image_size': self.model_config.image_size}

    def build_from_config(self, config: dict) -> None:
        self.create_weights()
