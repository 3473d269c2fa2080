"""The settings of PFL (a reimplementation after the abstract of Zheng et al., TIP 2021), and what it declares."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import Stage
from posewarp_tf.models.flow_config import FlowModelConfig
from posewarp_tf.models.inputs import GarmentInput, Input, MaskInput, PictureInput
from posewarp_tf.models.outputs import COMPOSITION_MASK, GARMENT_OUTPUT, Output
from posewarp_tf.settings.options import option, shown

if TYPE_CHECKING:
    from posewarp_tf.models.pfl.pfl import PFL

# The flows are of 1, 1/2, 1/4 and 1/8 of the size.
PFL_FLOW_SCALES = (0, 1, 2, 3)

_PICTURE_WEIGHTS = {
    'l1': 5.0,
    'perceptual': 0.5,
    'style': 500.0,
    'adversarial': 1.0,
    'feature_matching': 5.0,
    'mask_prior': 0.05,
}
_EVERYTHING = ('motions', 'garment', 'composition_mask', 'image')

# Weights are ours: the authors published none.
POSE_FLOW = Stage(
    'pose_flow',
    computes=('motions',),
    weights={
        'photometric': 1.0,
        'ssim': 1.0,
        'feature': 1.0,
        'texture': 1.0,
        'label': 1.0,
        'smoothness': 0.1,
        'self_flow': 0.2,
        'equivariance': 0.1,
    },
    trains=('pose_flow_net',),
)
GARMENT = Stage(
    'garment',
    computes=('motions', 'garment'),
    weights={'garment_cross_entropy': 1.0, 'garment_adversarial': 0.1},
    trains=('garment_net',),
    judges=('garment',),
)
SYNTHESIS = Stage(
    'synthesis',
    _EVERYTHING,
    _PICTURE_WEIGHTS,
    trains=('synthesis_net',),
    judges=('image',),
    makes_pictures=True,
    makes_masks=True,
)
JOINT = Stage(
    'joint',
    _EVERYTHING,
    {'garment_cross_entropy': 1.0, **_PICTURE_WEIGHTS},
    judges=('image', 'garment'),
    makes_pictures=True,
    makes_masks=True,
    is_optional=True,
)


@dataclasses.dataclass(frozen=True)
class PFLConfig(FlowModelConfig):
    """PFL. Sizes and weights are ours."""

    model: str = option('pfl', 'Name of the model in models/registry.py.')
    use_garment: bool = option(False, "The source's garment map is an input.")
    spatial_transform: str = option(
        'bilinear',
        'How the source reaches the target: bilinear (features are warped), pixel_warp (the picture is) or none.',
        choices=('none', 'pixel_warp', 'bilinear'),
    )
    num_flow_stacks: int = option(2, 'Networks of PoseFlowNet, each refining the flow of the one before.', minimum=1)
    alignment_scales: tuple[int, ...] = option(
        PFL_FLOW_SCALES, 'Scales at which PFL aligns source features with the target: any of 0 to 3.'
    )
    use_gate: bool = option(True, 'PFL multiplies aligned source features by a learned gate in [0, 1].')
    use_garment_net: bool = option(True, "PFL predicts the target's garment map first (with --use_garment).")
    garment_base_filters: int = option(32, 'Width of the first level of GarmentNet.', minimum=1)
    garment_max_filters: int = option(256, 'No level of GarmentNet is wider than this.', minimum=1)

    all_stages: ClassVar[tuple[Stage, ...]] = (POSE_FLOW, GARMENT, SYNTHESIS, JOINT)
    optional_inputs: ClassVar[tuple[Input, ...]] = (
        PictureInput('context', 'A picture of somebody in the target pose, into which the person is put.'),
        MaskInput('context', '1 where that picture may be seen.'),
    )

    def build(self) -> PFL:
        from posewarp_tf.models.pfl.pfl import PFL

        return PFL(self)

    @property
    def has_flow(self) -> bool:
        return self.spatial_transform != 'none'

    @property
    def has_garment_net(self) -> bool:
        """Whether the model predicts a garment map."""
        return self.use_garment and self.use_garment_net

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (PictureInput('source'), *self.pose_inputs, *((GarmentInput('source'),) if self.use_garment else ()))

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (*((GARMENT_OUTPUT,) if self.has_garment_net else ()), COMPOSITION_MASK)

    @property
    def flow_scales(self) -> tuple[int, ...]:
        return PFL_FLOW_SCALES[::-1]

    @property
    def missing_outputs(self) -> dict[str, str]:
        garment = {} if self.has_garment_net else {'garment': 'the model has no GarmentNet'}
        return {**super().missing_outputs, **garment}

    def check(self) -> None:
        if self.num_flow_stacks > 3:
            raise ConfigError(f'--num_flow_stacks: got {self.num_flow_stacks}, expected 1 to 3')
        scales = self.alignment_scales
        if not scales or len(set(scales)) < len(scales) or not set(scales) <= set(PFL_FLOW_SCALES):
            raise ConfigError(
                f'--alignment_scales: got {shown(scales)}, expected different numbers of 0 to 3, at least one'
            )
        coarsest = {'num_layers': max(scales), 'flow_num_layers': max(PFL_FLOW_SCALES)}
        for name, levels in self.levels.items():
            if levels < coarsest[name]:
                raise ConfigError(
                    f'--{name}: got {levels}, expected at least {coarsest[name]}, the coarsest scale of PFL'
                )
