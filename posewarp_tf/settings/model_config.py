"""The section of a config that says what the networks are (config.py has the others)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from posewarp_tf.conventions import NUM_JOINTS, PART_NAMES, SAMPLER_IMPLEMENTATIONS
from posewarp_tf.errors import ConfigError
from posewarp_tf.settings.model_rules import MODEL_RULES, PFL_FLOW_SCALES, check_image_size, shown

# By --pose_representation.
POSE_CHANNELS = {'joints': NUM_JOINTS, 'parts': len(PART_NAMES), 'both': NUM_JOINTS + len(PART_NAMES)}


def option(default: Any, help: str, *, choices: tuple = (), minimum: float | None = None) -> Any:
    """A dataclass field that documents itself and says which values it takes."""
    metadata = {'help': help, 'choices': choices, 'minimum': minimum}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


class Section:
    """Checks every field against its metadata."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            choices, minimum = field.metadata['choices'], field.metadata['minimum']
            if choices and value not in choices:
                raise ConfigError(f'--{field.name}: got {value!r}, expected one of {", ".join(map(repr, choices))}')
            if minimum is not None and value < minimum:
                raise ConfigError(f'--{field.name}: got {value!r}, expected at least {minimum}')


@dataclasses.dataclass(frozen=True)
class ModelConfig(Section):
    """The networks. The defaults are the published person image generator for DeepFashion.

    `pose_channels` follows from `pose_representation`; poses of joints may also have another number of channels, in
    networks that were imported.
    """

    model: str = option('gfla', 'Name of the model in models/registry.py.')
    image_size: tuple[int, int] = option(
        (256, 256), 'Height and width of the images, multiples of 2**levels of the deepest network.'
    )
    pose_representation: str = option(
        'joints', 'What a pose is: 18 heatmaps, 11 channels of body parts, or both.', choices=tuple(POSE_CHANNELS)
    )
    pose_channels: int = option(18, 'Channels of a pose; follows from --pose_representation.', minimum=1)
    use_garment: bool = option(False, "The source's garment map is an input (PFL).")
    base_filters: int = option(64, 'Width of the first level of the source and target encoders.', minimum=1)
    max_filters: int = option(512, 'No level of the generator is wider than this.', minimum=1)
    num_layers: int = option(3, 'Levels of the source and target encoders and of the decoder.', minimum=1)
    flow_base_filters: int = option(32, 'Width of the first level of the flow estimator.', minimum=1)
    flow_max_filters: int = option(256, 'No level of the flow estimator is wider than this.', minimum=1)
    flow_num_layers: int = option(5, 'Levels of the flow estimator.', minimum=1)
    attention_kernels: Mapping[int, int] = option(
        {2: 5, 3: 3}, 'Scale=kernel of each attention: scale s warps the map of size H / 2**s with a k x k kernel.'
    )
    spatial_transform: str = option(
        'local_attention',
        "How source features reach the target: the published method or one of the paper's ablations. PFL: 'bilinear' "
        "(features warped by the flow), 'pixel_warp' (the picture is warped instead) or 'none' (no flow).",
        choices=('none', 'global_attention', 'bilinear', 'local_attention', 'pixel_warp'),
    )
    num_flow_stacks: int = option(2, 'Networks of PoseFlowNet, each refining the flow of the one before.', minimum=1)
    alignment_scales: tuple[int, ...] = option(
        PFL_FLOW_SCALES, 'Scales at which PFL aligns source features with the target: any of 0 to 3.'
    )
    use_gate: bool = option(True, 'PFL multiplies aligned source features by a learned gate in [0, 1].')
    use_garment_net: bool = option(True, "PFL predicts the target's garment map first (with --use_garment).")
    garment_base_filters: int = option(32, 'Width of the first level of GarmentNet.', minimum=1)
    garment_max_filters: int = option(256, 'No level of GarmentNet is wider than this.', minimum=1)
    sampler_impl: str = option(
        'auto',
        "Implementation of the samplers: 'kernel' is the compiled op, 'gather' plain TensorFlow, 'auto' what there is.",
        choices=SAMPLER_IMPLEMENTATIONS,
    )
    init_gain: float = option(
        0.02, 'Gain of the orthogonal initial weights, flow heads excepted; larger learns faster at first.', minimum=0.0
    )
    discriminator: str = option('res', 'Discriminator network.', choices=('res', 'patch', 'multiscale_patch'))
    discriminator_base_filters: int = option(32, 'Width of the first level of the discriminator.', minimum=1)
    discriminator_max_filters: int = option(128, 'No level of the discriminator is wider than this.', minimum=1)
    discriminator_num_layers: int = option(4, 'Levels of the discriminator.', minimum=1)
    discriminator_num_scales: int = option(
        2,
        'Patch discriminators of multiscale_patch; each sees the picture at half the size of the one before.',
        minimum=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.image_size) != 2 or min(self.image_size) < 1:
            raise ConfigError(f'--image_size: got {shown(self.image_size)}, expected a height and a width')
        self._follow_pose_representation()
        if self.model in MODEL_RULES:
            MODEL_RULES[self.model].check(self)
            check_image_size(self)

    def _follow_pose_representation(self) -> None:
        if self.pose_channels in POSE_CHANNELS.values():
            object.__setattr__(self, 'pose_channels', POSE_CHANNELS[self.pose_representation])
        elif self.pose_representation != 'joints':
            raise ConfigError(
                f'--pose_channels: got {self.pose_channels}, expected {POSE_CHANNELS[self.pose_representation]} with '
                f'--pose_representation={self.pose_representation}'
            )

    @property
    def class_maps(self) -> tuple[str, ...]:
        """Names of the class maps that the model's inputs are made of."""
        parts = ('source_parts', 'target_parts') if self.pose_representation != 'joints' else ()
        return (*parts, 'source_garment') if self.use_garment else parts

    @property
    def takes_context(self) -> bool:
        """Whether the model can place the person into a given picture."""
        return self.model == 'pfl'

    @property
    def attention_scales(self) -> tuple[int, ...]:
        """Scales with an attention, coarse first."""
        return tuple(sorted(self.attention_kernels, reverse=True))

    @property
    def has_flow(self) -> bool:
        """Whether the model estimates a flow at all."""
        return self.spatial_transform not in ('none', 'global_attention')

    @property
    def has_garment_net(self) -> bool:
        """Whether the model predicts a garment map."""
        return self.use_garment and self.use_garment_net
