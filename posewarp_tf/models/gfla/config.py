"""The settings of GFLA's person image generator (Ren et al., CVPR 2020), and what it declares about itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: F401, inherited settings are read with the names of this module
from typing import TYPE_CHECKING, Any, ClassVar

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.checkpoint_shapes import (
    Shapes,
    flow_settings,
    generator_settings,
    is_flow_alone,
    shape_of_kernel,
)
from posewarp_tf.models.config import Stage
from posewarp_tf.models.flow_config import AttentionConfig, FlowModelConfig, TransformConfig
from posewarp_tf.models.inputs import Input, PictureInput
from posewarp_tf.settings.options import option

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
class GFLANetworksConfig(AttentionConfig, TransformConfig):
    """The networks that GFLA's person image generator and its generator of novel views share; as published."""

    spatial_transform: str = option(
        'local_attention',
        "How source features reach the target: local_attention as published, or one of the paper's ablations.",
        choices=('none', 'global_attention', 'bilinear', 'local_attention'),
    )

    @property
    def has_flow(self) -> bool:
        return self.spatial_transform in ('bilinear', 'local_attention')

    def check(self) -> None:
        super().check()
        if not self.attention_kernels and self.spatial_transform != 'none':
            raise ConfigError(f'--attention_kernels: got none, --spatial_transform={self.spatial_transform} needs one')
        if self.pixel_blend and not self.has_flow:
            raise ConfigError(f'--pixel_blend: got true, but --spatial_transform={self.spatial_transform} has no flow')

    def check_released(self) -> None:
        super().check_released()
        if self.spatial_transform != 'local_attention':
            raise ConfigError(
                f'--spatial_transform: got {self.spatial_transform!r}, expected local_attention: '
                'released weights are of the published method'
            )

    def checkpoint_settings(self, shapes: Shapes) -> dict[str, Any]:
        settings = flow_settings(shapes, 'flow_net', self)
        if not is_flow_alone(shapes):
            return {**settings, **generator_settings(shapes, 'source', 'target.attn{}', self)}
        levels = settings['flow_num_layers']
        scales = [levels - step - 1 for step in range(levels) if f'flow_net.output{step}.weight' in shapes]
        # The kernels are not in such a file: without those here they are the published one of scale 2.
        known = set(scales) == set(self.attention_kernels)
        kernels = dict(self.attention_kernels) if known else dict.fromkeys(sorted(scales), 3)
        return {**settings, 'attention_kernels': kernels}


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

    def check_released(self) -> None:
        super().check_released()
        if self.base_flow != 'none':
            raise ConfigError(
                f'--base_flow: got {self.base_flow!r}, expected none: released weights predict flows from nothing'
            )

    def checkpoint_settings(self, shapes: Shapes) -> dict[str, Any]:
        settings = super().checkpoint_settings(shapes)
        if is_flow_alone(shapes):
            # The flow network sees a picture and two poses.
            channels = (shape_of_kernel(shapes, 'flow_net.block0.model.2.weight')[1] - 3) // 2
        else:
            channels = shape_of_kernel(shapes, 'target.block0.model.2.weight')[1]
        return {**settings, 'pose_channels': channels}
