"""The section of a config that says what the networks are (config.py has the others)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from posewarp_tf.conventions import NUM_JOINTS, PART_NAMES, SAMPLER_IMPLEMENTATIONS
from posewarp_tf.errors import ConfigError

# By --pose_representation.
POSE_CHANNELS = {'joints': NUM_JOINTS, 'parts': len(PART_NAMES), 'both': NUM_JOINTS + len(PART_NAMES)}

# PFL's flows are of 1, 1/2, 1/4 and 1/8 of the size.
PFL_FLOW_SCALES = (0, 1, 2, 3)


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
    image_size: tuple[int, int] = option((256, 256), 'Height and width of the images, both divisible by 32.')
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
        if len(self.image_size) != 2 or any(n <= 0 or n % 32 for n in self.image_size):
            raise ConfigError(
                f'--image_size: got {shown(self.image_size)}, expected a height and a width that are multiples of 32'
            )
        self._follow_pose_representation()
        checks = {'gfla': _check_gfla, 'pfl': _check_pfl}
        if self.model in checks:
            checks[self.model](self)

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


def _check_gfla(model: ModelConfig) -> None:
    for scale, kernel in model.attention_kernels.items():
        if not 1 <= scale <= model.num_layers:
            raise ConfigError(f'--attention_kernels: got scale {scale}, expected 1 to num_layers={model.num_layers}')
        if kernel % 2 == 0 or not 1 <= kernel <= 9:
            raise ConfigError(f'--attention_kernels: got kernel {kernel} at scale {scale}, expected 1, 3, 5, 7 or 9')
    if max(model.attention_kernels, default=0) >= model.flow_num_layers:
        raise ConfigError(
            f'--flow_num_layers: got {model.flow_num_layers}, expected more than the coarsest scale of '
            f'--attention_kernels={shown(model.attention_kernels)}'
        )
    if not model.attention_kernels and model.spatial_transform != 'none':
        raise ConfigError(f'--attention_kernels: got none, --spatial_transform={model.spatial_transform} needs one')
    if model.spatial_transform == 'pixel_warp':
        raise ConfigError("--spatial_transform: got 'pixel_warp', which only PFL has")
    if model.use_garment:
        raise ConfigError('--use_garment: GFLA takes no garment maps')


def _check_pfl(model: ModelConfig) -> None:
    transforms = ('none', 'pixel_warp', 'bilinear')
    if model.spatial_transform not in transforms:
        raise ConfigError(
            f'--spatial_transform: got {model.spatial_transform!r}, expected one of {", ".join(transforms)} for PFL'
        )
    if model.num_flow_stacks > 3:
        raise ConfigError(f'--num_flow_stacks: got {model.num_flow_stacks}, expected 1 to 3')
    scales = model.alignment_scales
    if not scales or len(set(scales)) < len(scales) or not set(scales) <= set(PFL_FLOW_SCALES):
        raise ConfigError(
            f'--alignment_scales: got {shown(scales)}, expected different numbers of 0 to 3, at least one'
        )
    for name, coarsest in (('num_layers', max(scales)), ('flow_num_layers', max(PFL_FLOW_SCALES))):
        levels = getattr(model, name)
        if not coarsest <= levels:
            raise ConfigError(f'--{name}: got {levels}, expected at least {coarsest}, the coarsest scale of PFL')
        if any(size % 2**levels for size in model.image_size):
            raise ConfigError(
                f'--{name}: got {levels}, but --image_size={shown(model.image_size)} cannot be halved so often'
            )


def shown(value: Any) -> str:
    items = value.items() if isinstance(value, Mapping) else value
    return ','.join('='.join(map(str, item)) if isinstance(item, tuple) else str(item) for item in items)
