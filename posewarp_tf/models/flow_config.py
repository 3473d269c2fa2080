"""The settings that generators with flows have: of a flow network, and of the generator that it serves."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from posewarp_tf.models.config import ModelConfig, PosedModelConfig
from posewarp_tf.models.inputs import Input, JointsInput, PoseInput
from posewarp_tf.settings.options import option

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class FlowNetworksConfig(ModelConfig):
    """The networks of a model that moves features of the source by a flow."""

    base_filters: int = option(64, 'Width of the first level of the generator.', minimum=1)
    max_filters: int = option(512, 'No level of the generator is wider than this.', minimum=1)
    num_layers: int = option(3, 'Levels of the generator.', minimum=1)
    flow_base_filters: int = option(32, 'Width of the first level of the flow network.', minimum=1)
    flow_max_filters: int = option(256, 'No level of the flow network is wider than this.', minimum=1)
    flow_num_layers: int = option(5, 'Levels of the flow network.', minimum=1)
    spatial_transform: str = option('none', 'How source features reach the target.')

    @property
    @abc.abstractmethod
    def has_flow(self) -> bool:
        """Whether the model estimates a flow at all."""

    @property
    def families(self) -> tuple[str, ...]:
        return ('source',) if self.has_flow else ()

    @property
    def levels(self) -> dict[str, int]:
        """Those of the generator (PFL's two have the same) and of the flow network."""
        levels = {'num_layers': self.num_layers}
        return {**levels, 'flow_num_layers': self.flow_num_layers} if self.has_flow else levels

    @property
    def missing_outputs(self) -> dict[str, str]:
        return {} if self.has_flow else {'motions': f'spatial_transform={self.spatial_transform} has no flow'}


@dataclasses.dataclass(frozen=True)
class FlowModelConfig(FlowNetworksConfig, PosedModelConfig):
    """The same of a model that sees poses of people."""

    base_flow: str = option(
        'none',
        "What the flow network corrects: nothing, or the flow that the joints alone tell ('joints').",
        choices=('none', 'joints'),
    )

    @property
    def corrects_joints(self) -> bool:
        """Whether the flow network begins from the flow of the joints."""
        return self.has_flow and self.base_flow == 'joints'

    def make_base_flow(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        """The flow [B, H, W, 2] that the flow network begins from; None: from nothing."""
        if not self.corrects_joints:
            return None
        from posewarp_tf.poses.limb_motion import limb_flow

        return limb_flow(inputs['source_keypoints'], inputs['target_keypoints'], self.image_size)

    @property
    def pose_inputs(self) -> tuple[Input, ...]:
        """What the model sees of the two poses."""
        poses = tuple(PoseInput(role, self.pose_form) for role in self.roles)
        return poses + (tuple(map(JointsInput, self.roles)) if self.corrects_joints else ())
