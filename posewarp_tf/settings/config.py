"""What an experiment is: frozen dataclasses, validated when made, to and from JSON.

Every field is one command line flag of the same name (`flags.py` makes them from these classes), so names are unique
over all sections; the section of the networks is that of the model which `--model` names. A run folder keeps the
`Config` it was made with as config.json.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from posewarp_tf.errors import ConfigError
from posewarp_tf.files import read_text
from posewarp_tf.models.config import JudgedModelConfig, ModelConfig
from posewarp_tf.models.gfla.config import GFLAConfig
from posewarp_tf.models.registry import MODELS, all_stage_names, model_class, model_config, model_config_from_json
from posewarp_tf.pictures.class_codings import GARMENT_CLASSES, garment_classes_name
from posewarp_tf.settings.options import Section, fields_of, option, values_from_json

VIEW_CATEGORIES = ('auto', 'car', 'chair')

LossWeights = Mapping[str, Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class DataConfig(Section):
    """Where pairs come from and what is done to them."""

    data_dir: str = option('', 'Folder of the data set.', may_change=True)
    dataset: str = option(
        'deepfashion',
        'Layout of --data_dir: of pairs of pictures, or of videos of persons (fashion_video, iper).',
        choices=('deepfashion', 'market', 'mvc', 'fashion_video', 'iper'),
    )
    keypoint_size: tuple[int, ...] = option(
        (), 'Height,width of the frame of the annotated keypoints; empty: detected (and the decision printed).'
    )
    garment_classes: str = option(
        'auto',
        'Classes in the maps of parsing/: 16 as in conventions.py (own), or those of LIP, CIHP or ATR; auto: detected '
        '(and printed).',
        choices=GARMENT_CLASSES,
    )
    view_category: str = option(
        'auto', 'Of data of novel views: data_<category>.hdf5; auto: the one that is there.', choices=VIEW_CATEGORIES
    )
    view_elevations: str = option(
        'same',
        "Of data of novel views: pairs for training show an object from the 'same' elevation, as published, or 'any'.",
        choices=('same', 'any'),
    )
    augmentation: str = option(
        'none',
        "'affine': +-5 degrees, +-5 px, scale 0.95 to 1.05, as published for Market; of videos what is published for "
        'their layout.',
        choices=('none', 'affine'),
    )
    pair_augmentation: str = option(
        'none',
        "'affine': another camera for the source and for the target (+-25 degrees, scale 0.7 to 1.4, +-12% of the "
        "size), mirrored pairs; 'affine_bend': and a smooth bend. For data with exact flows.",
        choices=('none', 'affine', 'affine_bend'),
    )
    color_jitter: bool = option(False, 'Random brightness, contrast, saturation and hue, the same for both pictures.')
    photo_augmentation: bool = option(
        False, 'Other colours, the same for both pictures; blur, noise and JPEG, for each picture its own.'
    )
    face_background_edges: bool = option(
        True,
        'Show networks of faces the edges around a face too, as published; without them, a face can be driven by that '
        'of another person.',
    )
    cache_images: bool = option(True, 'Keep decoded pictures in memory (uint8) after their first use.', may_change=True)
    num_workers: int = option(
        0, 'Parallel calls of the input pipeline; 0: as many as tf.data likes.', minimum=0, may_change=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, 'garment_classes', garment_classes_name(self.garment_classes))
        if self.augmentation != 'none' and self.pair_augmentation != 'none':
            raise ConfigError(
                f'--pair_augmentation: got {self.pair_augmentation} with --augmentation={self.augmentation}, which '
                'leaves flows as they were; give one of the two'
            )


@dataclasses.dataclass(frozen=True)
class LossConfig(Section):
    """Terms of the objective. A term whose weight is 0 or missing is not computed."""

    loss_weights: LossWeights = option(
        {}, 'stage.term=weight of the terms to change, for example full.style=0,full.l1=10.'
    )
    adversarial_loss: str = option('lsgan', 'Form of the adversarial loss.', choices=('lsgan', 'hinge', 'wgan-gp'))
    vgg_weights: str = option(
        'imagenet', "Weights of VGG-19: 'imagenet', 'random' (said so in logs and results) or a path (.h5, .npz)."
    )
    foreground_correctness: bool = option(
        False, 'Average the sampling correctness over the target foreground only (needs part maps, of videos masks).'
    )
    occlusion_weighting: bool = option(
        True, 'Lower the weight of target pixels whose flow does not lead back to them (terms of --stage=pose_flow).'
    )
    feature_scales: tuple[int, ...] = option(
        (0, 1, 2, 3), 'Scales of the flow at which the term `feature` compares VGG features; the finest cost most.'
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # VGG-19 has features of five sizes.
        if not self.feature_scales or not set(self.feature_scales) <= set(range(5)):
            given = ','.join(map(str, self.feature_scales)) or 'none'
            raise ConfigError(
                f'--feature_scales: got {given}, expected some of 0 to 4; a weight of 0 leaves the term out'
            )


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Section):
    """How the weights are found."""

    stage: str = option('all', "One stage of the model or 'all', one after the other.", may_change=True)
    stage_steps: Mapping[str, int] = option(
        {}, 'stage=steps of each stage; default: the published ones, where there are any.', may_change=True
    )
    batch_size: int = option(8, 'Pairs in one step, over all replicas together.', minimum=1)
    learning_rate: float = option(1e-4, 'Learning rate of the generator.', minimum=0.0)
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
    jit_compile: bool = option(False, 'Compile the training step with XLA.', may_change=True)
    num_gpus: int = option(-1, 'Replicas; -1: every GPU there is, or the CPU.', minimum=-1, may_change=True)
    seed: int = option(0, 'Seed of weights, data order and augmentation.', minimum=0)
    log_every: int = option(20, 'Steps between scalars.', minimum=1, may_change=True)
    sample_every: int = option(500, 'Steps between pictures.', minimum=1, may_change=True)
    checkpoint_every: int = option(500, 'Steps between checkpoints.', minimum=1, may_change=True)
    keep_checkpoints: int = option(3, 'Latest checkpoints kept, besides the best one.', minimum=1, may_change=True)
    validate_every: int = option(
        1000, 'Steps between evaluations of a few test pairs, which choose the best.', minimum=1, may_change=True
    )
    validation_pairs: int = option(32, 'Test pairs used for that.', minimum=1)

    def of_stage(self, stage: str) -> TrainingConfig:
        """The same with the learning rate of a stage."""
        return dataclasses.replace(self, learning_rate=self.stage_learning_rates.get(stage, self.learning_rate))


@dataclasses.dataclass(frozen=True)
class Config:
    """One experiment. Weights and steps of stages that are not given are those that the model declares."""

    model: ModelConfig = dataclasses.field(default_factory=GFLAConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        stages = self.model.all_stages
        self._check_stages('loss_weights', self.loss.loss_weights)
        self._check_stages('stage_steps', self.training.stage_steps)
        self._check_stages('stage_learning_rates', self.training.stage_learning_rates)
        self._check_material()
        weights = {stage.name: dict(stage.weights) for stage in stages}
        steps = {stage.name: stage.num_steps for stage in stages if stage.num_steps is not None}
        loss = dataclasses.replace(self.loss, loss_weights={**weights, **self.loss.loss_weights})
        training = dataclasses.replace(self.training, stage_steps=self.training.stage_steps or steps)
        object.__setattr__(self, 'loss', loss)
        object.__setattr__(self, 'training', training)

    def replace(self, **values: Any) -> Config:
        """A copy with fields of any section changed, by field name: `config.replace(batch_size=4)`.

        Another `model` begins with its own defaults, but for the size and what else all models have, and the
        discriminators if both have them.
        """
        switches = values.get('model', self.model.model) != self.model.model
        if switches:
            values = {**{name: {} for name in _BY_STAGE}, **values}
        sections: dict[str, Any] = {}
        for name in ('data', 'loss', 'training'):
            current = getattr(self, name)
            changed = {key: values.pop(key) for key in list(values) if key in fields_of(type(current))}
            sections[name] = dataclasses.replace(current, **changed)
        known = {name for config in MODELS.values() for name in fields_of(config)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(f'no such setting: {", ".join(unknown)}')
        own = type(self.model)
        both = own, model_class(values.get('model', self.model.model))
        common = JudgedModelConfig if all(issubclass(one, JudgedModelConfig) for one in both) else ModelConfig
        before = {name: getattr(self.model, name) for name in fields_of(common if switches else own)}
        return Config(model=model_config(**{**before, **values}), **sections)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + '\n'

    @staticmethod
    def from_json(text: str, source: str = 'config.json') -> Config:
        """The config that `to_json` wrote; `source` is named in errors."""
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f'{source}: not JSON: {error}') from error
        values: dict[str, Any] = {}
        for name in ('model', 'data', 'loss', 'training'):
            if not isinstance(raw, dict) or not isinstance(raw.get(name), dict):
                raise ConfigError(f'{source}: no section {name!r}: this is not a config of posewarp_tf')
            values.update(raw[name])
        shared = {name for section in _SHARED_SECTIONS for name in fields_of(section)}
        model = model_config_from_json({key: values.pop(key) for key in list(values) if key not in shared}, source)
        typed = values_from_json(values, _SHARED_SECTIONS, source)
        # In earlier versions they could be given, and did nothing.
        typed = {name: value for name, value in typed.items() if name not in _unused_settings(model.material)}
        # Files of earlier versions hold the stages of all models.
        others = {*all_stage_names()} - {stage.name for stage in model.all_stages}
        for name in _BY_STAGE:
            typed[name] = {stage: value for stage, value in typed.get(name, {}).items() if stage not in others}
        return Config(model=model).replace(**typed)

    @staticmethod
    def load(path: str | os.PathLike) -> Config:
        return Config.from_json(read_text(path), str(path))

    def _check_material(self) -> None:
        """Examples would be read as ever, whatever is said of other ones."""
        for name in _unused_settings(self.model.material):
            field, _ = fields_of(DataConfig)[name]
            value = getattr(self.data, name)
            if value != field.default:
                others, own, _ = _UNUSED[self.model.material]
                raise ConfigError(
                    f'--{name}: got {value!r}, which is for {others}, and --model={self.model.model} is trained on '
                    f'{own}; leave it out'
                )

    def _check_stages(self, name: str, by_stage: Mapping[str, Any]) -> None:
        expected = [stage.name for stage in self.model.all_stages]
        unknown = [stage for stage in by_stage if stage not in expected]
        if unknown:
            raise ConfigError(f'--{name}: got stage {unknown[0]!r}, expected some of {", ".join(expected)}')


_SHARED_SECTIONS = (DataConfig, LossConfig, TrainingConfig)

# Random changes of pairs of pictures.
_PAIR_CHANGES = ('pair_augmentation', 'color_jitter', 'photo_augmentation')

# By the material of models: settings of the data that it has no use for, what these are for, and what it is.
_UNUSED: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    'skeletons': (
        'pictures',
        'skeletons',
        ('dataset', 'keypoint_size', 'garment_classes', 'augmentation', *_PAIR_CHANGES, 'cache_images'),
    ),
    'views': ('pictures of persons', 'objects', ('augmentation', *_PAIR_CHANGES)),
    'dance_clips': ('pairs of pictures', 'videos', _PAIR_CHANGES),
    'face_clips': ('pictures of persons', 'faces', ('augmentation', *_PAIR_CHANGES)),
}

# Settings by the names of stages, which belong to one model.
_BY_STAGE = ('loss_weights', 'stage_steps', 'stage_learning_rates')


def _unused_settings(material: str) -> tuple[str, ...]:
    return _UNUSED[material][2] if material in _UNUSED else ()


def config_sections() -> dict[str, tuple[type[Section], ...]]:
    """{name in a Config: its classes}, in order: for the networks those of all models, what they share first."""
    return {
        'model': (ModelConfig, *MODELS.values()),
        **dict(zip(('data', 'loss', 'training'), ((section,) for section in _SHARED_SECTIONS))),
    }


def config_fields() -> list[tuple[dataclasses.Field, Any]]:
    """Every (field, resolved type) of every section, in order; a field of several models once, as the first has it."""
    found: dict[str, tuple[dataclasses.Field, Any]] = {}
    for sections in config_sections().values():
        for section in sections:
            found = {**fields_of(section), **found}
    return list(found.values())


def choices_of(name: str) -> tuple:
    """The values that a setting takes, in any model that has it; empty where it takes more than a few."""
    models = [fields_of(config)[name][0] for config in MODELS.values() if name in fields_of(config)]
    others = [fields_of(section)[name][0] for section in _SHARED_SECTIONS if name in fields_of(section)]
    return tuple(dict.fromkeys(choice for field in (*models, *others) for choice in field.metadata['choices']))
