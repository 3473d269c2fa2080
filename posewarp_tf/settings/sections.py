"""The settings of the data, of the objective and of the training, which are the same for all models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.precision import MIXED, PRECISIONS
from posewarp_tf.pictures.class_codings import GARMENT_CLASSES, garment_classes_name
from posewarp_tf.settings.options import Section, option

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
        (),
        'Height,width of the frame of the annotated keypoints; empty: as keypoint_size.txt in --data_dir says, or '
        'detected (and the decision printed).',
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
        'imagenet',
        "Weights of VGG-19: 'imagenet', 'random' (said so in logs and results), 'hed' (a VGG-16 that pip fetches) or a "
        'path (.h5, .pth, .safetensors, .npz).',
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
    precision: str = option(
        'float32',
        "In what the networks compute; weights stay float32. auto: what a short trial finds the fastest; 'mixed': "
        'float16 on GPUs and bfloat16 on CPUs.',
        choices=(*PRECISIONS, MIXED),
    )
    jit_compile: bool = option(False, 'Compile the training step with XLA.', may_change=True)
    distribution: str = option(
        'auto',
        'Train on one replica (none), on those of one machine (mirrored) or on those of all workers that the variable '
        'TF_CONFIG names (multi_worker); auto: multi_worker if these are several, else mirrored.',
        choices=('auto', 'mirrored', 'multi_worker', 'none'),
        may_change=True,
    )
    num_gpus: int = option(
        -1, 'Replicas on each machine; -1: every GPU there is, or the CPU.', minimum=-1, may_change=True
    )
    seed: int = option(0, 'Seed of weights, data order and augmentation.', minimum=0)
    log_every: int = option(20, 'Steps between scalars.', minimum=1, may_change=True)
    sample_every: int = option(500, 'Steps between pictures.', minimum=1, may_change=True)
    checkpoint_every: int = option(500, 'Steps between checkpoints.', minimum=1, may_change=True)
    keep_checkpoints: int = option(3, 'Latest checkpoints kept, besides the best one.', minimum=1, may_change=True)
    validate_every: int = option(
        1000, 'Steps between evaluations of a few test pairs, which choose the best.', minimum=1, may_change=True
    )
    validation_pairs: int = option(32, 'Test pairs used for that.', minimum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.distribution == 'none' and self.num_gpus > 1:
            raise ConfigError(f'--num_gpus: got {self.num_gpus}, expected at most 1 with --distribution=none')

    def of_stage(self, stage: str) -> TrainingConfig:
        """The same with the learning rate of a stage."""
        return dataclasses.replace(self, learning_rate=self.stage_learning_rates.get(stage, self.learning_rate))


# Settings of earlier versions, which old runs and command lines have: {name: (today's, {value: today's})}.
RENAMED: Mapping[str, tuple[str, Mapping[Any, Any]]] = {
    'mixed_precision': ('precision', {False: 'float32', True: MIXED}),
}


def with_todays_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, those of `RENAMED` by today's name, unless that is among them too."""
    renamed = {RENAMED[name][0]: RENAMED[name][1][value] for name, value in values.items() if name in RENAMED}
    return {**renamed, **{name: value for name, value in values.items() if name not in RENAMED}}


# Random changes of pairs of pictures.
_PAIR_CHANGES = ('pair_augmentation', 'color_jitter', 'photo_augmentation')

# By the material of models: settings of the data that it has no use for, what these are for, and what it is.
UNUSED: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    'skeletons': (
        'pictures',
        'skeletons',
        ('dataset', 'keypoint_size', 'garment_classes', 'augmentation', *_PAIR_CHANGES, 'cache_images'),
    ),
    'views': ('pictures of persons', 'objects', ('augmentation', *_PAIR_CHANGES)),
    'dance_clips': ('pairs of pictures', 'videos', _PAIR_CHANGES),
    'face_clips': ('pictures of persons', 'faces', ('augmentation', *_PAIR_CHANGES)),
}
