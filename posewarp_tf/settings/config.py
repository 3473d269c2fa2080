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
from posewarp_tf.files import read_text
from posewarp_tf.settings.loss_weights import LOSS_WEIGHTS
from posewarp_tf.settings.model_config import ModelConfig, Section, option

# Values of --garment_classes, here and of predict: found out, or one of the codings of pictures/class_codings.py; the
# last two are earlier names of 'own' and 'lip'.
GARMENT_CLASSES = ('auto', 'own', 'lip', 'cihp', 'atr', '16', '20')

LossWeights = Mapping[str, Mapping[str, float]]


def garment_classes_name(value: str) -> str:
    """The name of today for a value of `GARMENT_CLASSES`."""
    return {'16': 'own', '20': 'lip'}.get(value, value)


@dataclasses.dataclass(frozen=True)
class DataConfig(Section):
    """Where pairs come from and what is done to them."""

    data_dir: str = option('', 'Folder of the data set.')
    dataset: str = option('deepfashion', 'Layout of --data_dir.', choices=('deepfashion', 'market', 'mvc'))
    keypoint_size: tuple[int, ...] = option(
        (), 'Height,width of the frame of the annotated keypoints; empty: detected (and the decision printed).'
    )
    garment_classes: str = option(
        'auto',
        'Classes in the maps of parsing/: 16 as in conventions.py (own), or those of LIP, CIHP or ATR; auto: detected '
        '(and printed).',
        choices=GARMENT_CLASSES,
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

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, 'garment_classes', garment_classes_name(self.garment_classes))


@dataclasses.dataclass(frozen=True)
class LossConfig(Section):
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

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_stages('loss_weights', self.loss_weights)
        # VGG-19 has features of five sizes.
        if not self.feature_scales or not set(self.feature_scales) <= set(range(5)):
            given = ','.join(map(str, self.feature_scales)) or 'none'
            raise ConfigError(
                f'--feature_scales: got {given}, expected some of 0 to 4; a weight of 0 leaves the term out'
            )


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Section):
    """How the weights are found."""

    stage: str = option(
        'all',
        "One stage of the model (GFLA: flow, full; PFL: pose_flow, garment, synthesis, joint) or 'all', one after the "
        'other.',
    )
    stage_steps: Mapping[str, int] = option({'flow': 100000, 'full': 200000}, 'stage=steps of each stage.')
    batch_size: int = option(8, 'Pairs in one step, over all replicas together.', minimum=1)
    learning_rate: float = option(1e-4, 'Of the generator.', minimum=0.0)
    stage_learning_rates: Mapping[str, float] = option({}, 'stage=rate of the stages with another --learning_rate.')
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

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_stages('stage_steps', self.stage_steps)
        _check_stages('stage_learning_rates', self.stage_learning_rates)

    def of_stage(self, stage: str) -> TrainingConfig:
        """The same with the learning rate of a stage."""
        return dataclasses.replace(self, learning_rate=self.stage_learning_rates.get(stage, self.learning_rate))


def _check_stages(name: str, by_stage: Mapping[str, Any]) -> None:
    unknown = [stage for stage in by_stage if stage not in LOSS_WEIGHTS]
    if unknown:
        raise ConfigError(f'--{name}: got stage {unknown[0]!r}, expected some of {", ".join(LOSS_WEIGHTS)}')


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
        return Config().replace(**values_from_json(flat, source))

    @staticmethod
    def load(path: str | os.PathLike) -> Config:
        return Config.from_json(read_text(path), str(path))


def config_sections() -> dict[str, type[Section]]:
    """{name in a Config: its class}, in order."""
    return typing.get_type_hints(Config)


def config_fields() -> list[tuple[dataclasses.Field, Any]]:
    """Every (field, resolved type) of every section, in order."""
    found = []
    for section in config_sections().values():
        hints = typing.get_type_hints(section)
        found += [(field, hints[field.name]) for field in dataclasses.fields(section)]  # type: ignore[arg-type]
    return found


def values_from_json(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Settings by name, with the types that JSON does not have; ConfigError for one that does not exist."""
    kinds = {field.name: kind for field, kind in config_fields()}
    unknown = sorted(set(values) - set(kinds))
    if unknown:
        raise ConfigError(f'{source}: unknown settings: {", ".join(unknown)}')
    return {name: _from_json_value(value, kinds[name]) for name, value in values.items()}


def _from_json_value(value: Any, kind: Any) -> Any:
    """JSON has neither tuples nor numbers as keys."""
    origin = typing.get_origin(kind)
    if origin is tuple:
        return tuple(value)
    if origin is Mapping and typing.get_args(kind)[0] is int:
        return {int(key): item for key, item in value.items()}
    return value
