"""What an experiment is: frozen dataclasses, validated when made, to and from JSON.

Every field is one command line flag of the same name (`flags.py` makes them from these classes), so
names are unique over all sections. A run folder keeps the `Config` it was made with as config.json.
"""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from collections.abc import Mapping
from typing import Any

from posewarp_tf.errors import ConfigError

LossWeights = Mapping[str, Mapping[str, float]]


def option(default: Any, help: str, *, choices: tuple = (), minimum: float | None = None) -> Any:
    """A dataclass field that documents itself and says which values it takes."""
    metadata = {'help': help, 'choices': choices, 'minimum': minimum}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


class _Section:
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
class ModelConfig(_Section):
    """The networks. The defaults are the published person image generator for DeepFashion."""

    model: str = option('gfla', 'Name of the model in models/registry.py.')
    image_size: tuple[int, int] = option((256, 256), 'Height and width of the images, both divisible by 32.')
    pose_channels: int = option(18, 'Channels of a pose: one heatmap per joint.', minimum=1)
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
        "How source features reach the target: the published method or one of the paper's ablations.",
        choices=('none', 'global_attention', 'bilinear', 'local_attention'),
    )
    sampler_impl: str = option('auto', 'Implementation of the attention sampler.', choices=('auto', 'gather'))
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
                f'--image_size: got {_shown(self.image_size)}, expected a height and a width that are multiples of 32'
            )
        for scale, kernel in self.attention_kernels.items():
            if not 1 <= scale <= self.num_layers:
                raise ConfigError(f'--attention_kernels: got scale {scale}, expected 1 to num_layers={self.num_layers}')
            if kernel % 2 == 0 or not 1 <= kernel <= 9:
                raise ConfigError(
                    f'--attention_kernels: got kernel {kernel} at scale {scale}, expected 1, 3, 5, 7 or 9'
                )
        if max(self.attention_kernels, default=0) >= self.flow_num_layers:
            raise ConfigError(
                f'--flow_num_layers: got {self.flow_num_layers}, expected more than the coarsest scale of '
                f'--attention_kernels={_shown(self.attention_kernels)}'
            )
        if not self.attention_kernels and self.spatial_transform != 'none':
            raise ConfigError(f'--attention_kernels: got none, --spatial_transform={self.spatial_transform} needs one')

    @property
    def attention_scales(self) -> tuple[int, ...]:
        """Scales with an attention, coarse first."""
        return tuple(sorted(self.attention_kernels, reverse=True))

    @property
    def has_flow(self) -> bool:
        """Whether the model estimates a flow at all."""
        return self.spatial_transform in ('bilinear', 'local_attention')


@dataclasses.dataclass(frozen=True)
class DataConfig(_Section):
    """Where pairs come from and what is done to them."""

    data_dir: str = option('', 'Folder of the data set.')
    dataset: str = option('deepfashion', 'Layout of --data_dir.', choices=('deepfashion', 'market', 'mvc'))
    keypoint_size: tuple[int, ...] = option(
        (), 'Height,width of the frame of the annotated keypoints; empty: detected (and the decision printed).'
    )
    garment_classes: str = option(
        'auto',
        'Classes in the maps of --data_dir/parsing: 16 as in conventions.py, 20 as in LIP, auto: detected (and printed).',
        choices=('auto', '16', '20'),
    )
    heatmap_sigma: float = option(6.0, 'Standard deviation of a joint in its heatmap, in pixels.', minimum=0.1)
    augmentation: str = option(
        'none',
        "'affine': +-5 degrees, +-5 px, scale 0.95 to 1.05, as published for Market.",
        choices=('none', 'affine'),
    )
    color_jitter: bool = option(False, 'Random brightness, contrast, saturation and hue, the same for both pictures.')
    cache_images: bool = option(True, 'Keep decoded pictures in memory (uint8) after their first use.')
    num_workers: int = option(0, 'Parallel calls of the input pipeline; 0: as many as tf.data likes.', minimum=0)


# The published weights of the two stages; `--loss_weights` changes single entries.
GFLA_LOSS_WEIGHTS = {
    'flow': {'correctness': 20.0, 'affine': 0.01},
    'full': {
        'correctness': 5.0,
        'affine': 0.0025,
        'l1': 5.0,
        'adversarial': 2.0,
        'perceptual': 0.5,
        'style': 500.0,
    },
}

# Ours: the authors of PFL published no weights.
PFL_LOSS_WEIGHTS = {
    'pose_flow': {
        'photometric': 1.0,
        'ssim': 1.0,
        'feature': 1.0,
        'texture': 1.0,
        'label': 1.0,
        'smoothness': 0.1,
        'self_flow': 0.2,
        'equivariance': 0.1,
    },
    'garment': {'garment_cross_entropy': 1.0, 'garment_adversarial': 0.1},
    'synthesis': {
        'l1': 5.0,
        'perceptual': 0.5,
        'style': 500.0,
        'adversarial': 1.0,
        'feature_matching': 5.0,
        'mask_prior': 0.05,
    },
    'joint': {
        'garment_cross_entropy': 1.0,
        'l1': 5.0,
        'perceptual': 0.5,
        'style': 500.0,
        'adversarial': 1.0,
        'feature_matching': 5.0,
        'mask_prior': 0.05,
    },
}

LOSS_WEIGHTS = {**GFLA_LOSS_WEIGHTS, **PFL_LOSS_WEIGHTS}


@dataclasses.dataclass(frozen=True)
class LossConfig(_Section):
    """Terms of the objective. A term whose weight is 0 or missing is not computed."""

    loss_weights: LossWeights = option(
        LOSS_WEIGHTS, 'stage.term=weight of the terms to change, for example full.style=0,full.l1=10.'
    )
    adversarial_loss: str = option('lsgan', 'Form of the adversarial loss.', choices=('lsgan', 'hinge', 'wgan-gp'))
    vgg_weights: str = option(
        'imagenet', "Weights of VGG-19: 'imagenet', 'random' (said so in logs and results) or a path (.h5, .npz)."
    )
    foreground_correctness: bool = option(
        False, 'Average the sampling correctness over the target foreground only (needs part maps).'
    )
    occlusion_weighting: bool = option(
        True, 'Lower the weight of target pixels whose flow does not lead back to them (terms of --stage=pose_flow).'
    )
    feature_scales: tuple[int, ...] = option(
        (0, 1, 2, 3), 'Scales of the flow at which the term `feature` compares VGG features; the finest cost most.'
    )


@dataclasses.dataclass(frozen=True)
class TrainingConfig(_Section):
    """How the weights are found."""

    stage: str = option('all', "One stage of the model ('flow' or 'full' for GFLA) or 'all', one after the other.")
    stage_steps: Mapping[str, int] = option({'flow': 100000, 'full': 200000}, 'stage=steps of each stage.')
    batch_size: int = option(8, 'Pairs in one step, over all replicas together.', minimum=1)
    learning_rate: float = option(1e-4, 'Of the generator.', minimum=0.0)
    discriminator_learning_rate_ratio: float = option(0.1, 'Learning rate of the discriminator / --learning_rate.')
    adam_beta_1: float = option(0.0, 'First Adam coefficient.', minimum=0.0)
    adam_beta_2: float = option(0.999, 'Second Adam coefficient.', minimum=0.0)
    decay_start: float = option(
        1.0, 'Part of a stage after which the learning rate falls linearly to 0; 1: constant.', minimum=0.0
    )
    ema_decay: float = option(0.0, 'Decay of the moving average of the generator; 0: none kept.', minimum=0.0)
    gradient_clip_norm: float = option(0.0, 'Global norm at which gradients are clipped; 0: never.', minimum=0.0)
    mixed_precision: bool = option(False, 'Compute in float16 on GPUs and bfloat16 on CPUs, keep weights in float32.')
    jit_compile: bool = option(False, 'Compile the training step with XLA.')
    num_gpus: int = option(-1, 'Replicas; -1: every GPU there is, or the CPU.', minimum=-1)
    seed: int = option(0, 'Of weights, data order and augmentation.', minimum=0)
    log_every: int = option(20, 'Steps between scalars.', minimum=1)
    sample_every: int = option(500, 'Steps between pictures.', minimum=1)
    checkpoint_every: int = option(500, 'Steps between checkpoints.', minimum=1)
    keep_checkpoints: int = option(3, 'Latest checkpoints kept, besides the best one.', minimum=1)
    validate_every: int = option(
        1000, 'Steps between evaluations of a few test pairs, which choose the best.', minimum=1
    )
    validation_pairs: int = option(32, 'Test pairs used for that.', minimum=1)


@dataclasses.dataclass(frozen=True)
class Config:
    """One experiment."""

    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)

    def replace(self, **values: Any) -> Config:
        """A copy with fields of any section changed, by field name: `config.replace(batch_size=4)`."""
        sections = {}
        for section in dataclasses.fields(self):
            current = getattr(self, section.name)
            names = {f.name for f in dataclasses.fields(current)}
            changed = {name: values.pop(name) for name in list(values) if name in names}
            sections[section.name] = dataclasses.replace(current, **changed)
        if values:
            raise ConfigError(f'no such setting: {", ".join(sorted(values))}')
        return Config(**sections)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + '\n'

    @staticmethod
    def from_json(text: str, source: str = 'config.json') -> Config:
        """The config that `to_json` wrote; `source` is named in errors."""
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f'{source}: not JSON: {error}') from error
        flat: dict[str, Any] = {}
        for section in dataclasses.fields(Config):
            if not isinstance(raw, dict) or not isinstance(raw.get(section.name), dict):
                raise ConfigError(f'{source}: no section {section.name!r}: this is not a config of posewarp_tf')
            flat.update(raw[section.name])
        kinds = {field.name: kind for field, kind in config_fields()}
        unknown = sorted(set(flat) - set(kinds))
        if unknown:
            raise ConfigError(f'{source}: unknown settings: {", ".join(unknown)}')
        return Config().replace(**{name: _from_json_value(value, kinds[name]) for name, value in flat.items()})

    @staticmethod
    def load(path: str | os.PathLike) -> Config:
        with open(path, encoding='utf-8') as file:
            return Config.from_json(file.read(), str(path))


def config_fields() -> list[tuple[dataclasses.Field, Any]]:
    """Every (field, resolved type) of every section, in order."""
    found = []
    for section in (ModelConfig, DataConfig, LossConfig, TrainingConfig):
        hints = typing.get_type_hints(section)
        found += [(field, hints[field.name]) for field in dataclasses.fields(section)]
    return found


def _from_json_value(value: Any, kind: Any) -> Any:
    """JSON has neither tuples nor numbers as keys."""
    origin = typing.get_origin(kind)
    if origin is tuple:
        return tuple(value)
    if origin is Mapping and typing.get_args(kind)[0] is int:
        return {int(key): item for key, item in value.items()}
    return value


def _shown(value: Any) -> str:
    items = value.items() if isinstance(value, Mapping) else value
    return ','.join('='.join(map(str, item)) if isinstance(item, tuple) else str(item) for item in items)
