"""The settings of GFLA's person image generator (Ren et al., CVPR 2020), and what it declares about itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import Stage
from posewarp_tf.models.flow_config import AttentionConfig, FlowModelConfig
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
class GFLAConfig(AttentionConfig, FlowModelConfig):
    """GFLA. The defaults are the published person image generator for DeepFashion."""

    model: str = option('gfla', 'Name of the model in models/registry.py.')
    spatial_transform: str = option(
        'local_attention',
        "How source features reach the target: local_attention as published, or one of the paper's ablations.",
        choices=('none', 'global_attention', 'bilinear', 'local_attention'),
    )

    all_stages: ClassVar[tuple[Stage, ...]] = (FLOW, FULL)

    def build(self) -> GFLA:
        from posewarp_tf.models.gfla.gfla import GFLA

        return GFLA(self)

    @property
    def has_flow(self) -> bool:
        return self.spatial_transform in ('bilinear', 'local_attention')

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (PictureInput('source'), *self.pose_inputs)

    def check(self) -> None:
        super().check()
        if not self.attention_kernels and self.spatial_transform != 'none':
            raise ConfigError(f'--attention_kernels: got none, --spatial_transform={self.spatial_transform} needs one')
