"""The settings of GFLA's person image generator (Ren et al., CVPR 2020), and what it declares about itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import Stage
from posewarp_tf.models.flow_config import FlowModelConfig, FlowNetworksConfig
from posewarp_tf.models.inputs import Input, PictureInput
from posewarp_tf.settings.options import option, shown

if TYPE_CHECKING:
    from posewarp_tf.models.gfla.gfla import GFLA

# The published order: the flow estimator alone, then everything end to end; with the published weights.
FLOW = Stage(
    'flow',
    computes=('motions',),
    weights={'correctness': 20.0, 'affine': 0.01},
    trains=('flow_estimator',),
    num_steps=100000,
    makes_masks=True,
)
FULL = Stage(
    'full',
    computes=('motions', 'image'),
    weights={
        'correctness': 5.0,
        'affine': 0.0025,
        'l1': 5.0,
        'adversarial': 2.0,
        'perceptual': 0.5,
        'style': 500.0,
    },
    judges=('image',),
    num_steps=200000,
    makes_pictures=True,
    makes_masks=True,
)


@dataclasses.dataclass(frozen=True)
class GFLANetworksConfig(FlowNetworksConfig):
    """The networks that GFLA's person image generator and its generator of novel views share; as published."""

    attention_kernels: Mapping[int, int] = option(
        {2: 5, 3: 3}, 'Scale=kernel of each attention: scale s warps the map of size H / 2**s with a k x k kernel.'
    )
    spatial_transform: str = option(
        'local_attention',
        "How source features reach the target: local_attention as published, or one of the paper's ablations.",
        choices=('none', 'global_attention', 'bilinear', 'local_attention'),
    )

    @property
    def has_flow(self) -> bool:
        return self.spatial_transform in ('bilinear', 'local_attention')

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
        if not self.attention_kernels and self.spatial_transform != 'none':
            raise ConfigError(f'--attention_kernels: got none, --spatial_transform={self.spatial_transform} needs one')


@dataclasses.dataclass(frozen=True)
class GFLAConfig(GFLANetworksConfig, FlowModelConfig):
    """GFLA. The defaults are the published person image generator for DeepFashion."""

    model: str = option('gfla', 'Name of the model in models/registry.py.')

    all_stages: ClassVar[tuple[Stage, ...]] = (FLOW, FULL)

    def build(self) -> GFLA:
        from posewarp_tf.models.gfla.gfla import GFLA

        return GFLA(self)

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (PictureInput('source'), *self.pose_inputs)
