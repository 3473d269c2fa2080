"""The settings of generators with flows, of the networks that serve them, and of what moves the source's features."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import JudgedModelConfig, PosedModelConfig
from posewarp_tf.models.inputs import Input, JointsInput, PoseInput
from posewarp_tf.settings.options import option, shown

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class GeneratorConfig(JudgedModelConfig):
    """The widths of a generator and of the flow network that it has."""

    base_filters: int = option(64, 'Width of the first level of the generator.', minimum=1)
    max_filters: int = option(512, 'No level of the generator is wider than this.', minimum=1)
    num_layers: int = option(3, 'Levels of the generator.', minimum=1)
    flow_base_filters: int = option(32, 'Width of the first level of the flow network.', minimum=1)
    flow_max_filters: int = option(256, 'No level of the flow network is wider than this.', minimum=1)
    flow_num_layers: int = option(5, 'Levels of the flow network.', minimum=1)

    @property
    def has_flow(self) -> bool:
        """Whether the model estimates a flow at all."""
        return True

    @property
    def levels(self) -> dict[str, int]:
        """Those of the generator (PFL's two have the same) and of the flow network."""
        levels = {'num_layers': self.num_layers}
        return {**levels, 'flow_num_layers': self.flow_num_layers} if self.has_flow else levels


@dataclasses.dataclass(frozen=True)
class AttentionConfig(GeneratorConfig):
    """A generator with GFLA's attentions, each of which is led by a flow of its scale."""

    attention_kernels: Mapping[int, int] = option(
        {2: 5, 3: 3}, 'Scale=kernel of each attention: scale s warps the map of size H / 2**s with a k x k kernel.'
    )
    pixel_blend: bool = option(
        False, 'Blend the pixels of the given picture, moved by the finest flow, into what the generator makes (ours).'
    )

    initial_blend: float = option(0.5, 'Share of these pixels that --pixel_blend begins with; between 0 and 1.')

    @property
    def attention_scales(self) -> tuple[int, ...]:
        """Scales with an attention, coarse first."""
        return tuple(sorted(self.attention_kernels, reverse=True))

    @property
    def flow_scales(self) -> tuple[int, ...]:
        return self.attention_scales

    @property
    def neighbourhoods(self) -> dict[int, int]:
        return {scale: self.attention_kernels[scale] for scale in self.attention_scales}

    def check(self) -> None:
        if not 0 < self.initial_blend < 1:
            raise ConfigError(f'--initial_blend: got {self.initial_blend}, expected more than 0 and less than 1')
        for scale, kernel in self.attention_kernels.items():
            if not 1 <= scale <= self.num_layers:
                raise ConfigError(f'--attention_kernels: got scale {scale}, expected 1 to num_layers={self.num_layers}')
            if kernel % 2 == 0 or not 1 <= kernel <= 9:
                raise ConfigError(
                    f'--attention_kernels: got kernel {kernel} at scale {scale}, expected 1, 3, 5, 7 or 9'
                )
        if self.has_flow and max(self.attention_kernels, default=0) >= self.flow_num_layers:
            raise ConfigError(
                f'--flow_num_layers: got {self.flow_num_layers}, expected more than the coarsest scale of '
                f'--attention_kernels={shown(self.attention_kernels)}'
            )

    def check_released(self) -> None:
        if self.pixel_blend:
            raise ConfigError('--pixel_blend: got true, expected false: released weights are of the published method')


@dataclasses.dataclass(frozen=True)
class TransformConfig(GeneratorConfig):
    """A generator that features of the source reach as `spatial_transform` says, by a flow or without."""

    spatial_transform: str = option('none', 'How source features reach the target.')

    @property
    @abc.abstractmethod
    def has_flow(self) -> bool:
        """Whether the model estimates a flow at all."""

    @property
    def families(self) -> tuple[str, ...]:
        return ('source',) if self.has_flow else ()

    @property
    def missing_outputs(self) -> dict[str, str]:
        return {} if self.has_flow else {'motions': f'spatial_transform={self.spatial_transform} has no flow'}


@dataclasses.dataclass(frozen=True)
class FlowModelConfig(TransformConfig, PosedModelConfig):
    """The same of a model that sees poses of people."""

    base_flow: str = option(
        'none',
        "What the flow network corrects: nothing, or the flow that the joints alone tell ('joints'), or of faces the "
        "curves ('curves').",
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
