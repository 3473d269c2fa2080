"""What the terms of an objective cannot do without; imports no TensorFlow, so that input pipelines can ask.

One table by the names in `--loss_weights`; terms.py has the functions that compute them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.losses import taps
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.settings.config import Config


@dataclasses.dataclass(frozen=True)
class Needs:
    """What one term cannot do without.

    Attributes:
        output: the output of the model without which the term has no meaning.
        maps: class maps of the batch, by their keys.
        truth: exact truth of the batch (conventions.TRUTH_KEYS), which only synthetic people have.
        taps: config -> the VGG features used, by image ('source', 'target', 'generated').
        judged: whether the term asks a discriminator; it is left out where there is none.
        subject: what of `output` it asks about, 'clip' for frames of a video; empty: `output` itself.
        masks: whether it is about the masks of motions, which not every stage makes.
        swapped: whether it lowers occluded pixels, for which the model sees the pair with its sides swapped.
        moved: whether the model must see a pair with a moved side, which models of clips never do.
    """

    output: str
    maps: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()
    taps: Callable[[Config], taps.TapsByImage] = taps.no_taps
    judged: bool = False
    masks: bool = False
    swapped: bool = False
    moved: bool = False
    subject: str = ''

    def __post_init__(self) -> None:
        object.__setattr__(self, 'subject', self.subject or self.output)

    @property
    def keys(self) -> tuple[str, ...]:
        """Maps and truth."""
        return self.maps + self.truth


NEEDS = {
    # GFLA; l1 to style also of PFL's SynthesisNet.
    'correctness': Needs('motions', taps=taps.correctness_taps),
    'affine': Needs('motions'),
    'l1': Needs('image'),
    'adversarial': Needs('image', judged=True),
    'perceptual': Needs('image', taps=taps.perceptual_taps),
    'style': Needs('image', taps=taps.style_taps),
    'feature_matching': Needs('image', judged=True),
    'mask_prior': Needs('composition_mask'),
    # PFL's pose flow.
    'photometric': Needs('motions', swapped=True),
    'ssim': Needs('motions', swapped=True),
    'feature': Needs('motions', taps=taps.feature_taps, swapped=True),
    'texture': Needs('motions', maps=('source_garment', 'target_garment')),
    'label': Needs('motions', maps=('source_garment', 'target_garment')),
    'part_label': Needs('motions', maps=('source_parts', 'target_parts')),
    'smoothness': Needs('motions'),
    'self_flow': Needs('motions', moved=True),
    'equivariance': Needs('motions', moved=True),
    # PFL's GarmentNet.
    'garment_cross_entropy': Needs('garment', maps=('target_garment',)),
    'garment_adversarial': Needs('garment', maps=('target_garment',), judged=True),
    # From exact flow and visibility, of any model; in no published objective.
    'supervised_flow': Needs('motions', truth=TRUTH_KEYS),
    'supervised_occluded_flow': Needs('motions', truth=TRUTH_KEYS),
    'visibility_mask': Needs('motions', truth=('visibility',), masks=True),
    'visibility_composition': Needs('composition_mask', truth=('visibility',)),
    # The layered model.
    'layer_flow': Needs('layers', maps=('target_parts',), truth=TRUTH_KEYS),
    'part_cross_entropy': Needs('layers', maps=('target_parts',)),
    'source_part_cross_entropy': Needs('layers', maps=('source_parts',)),
    'silhouette_overlap': Needs('layers', maps=('target_parts',)),
    'layer_visibility': Needs('layers', maps=('target_parts',), truth=('visibility',)),
    'person_l1': Needs('layers', maps=('target_parts',)),
    'painted_l1': Needs('layers', maps=('target_parts',), truth=('visibility',)),
    'person_gradient': Needs('layers', maps=('target_parts',)),
    # Motion extraction.
    'joint_error': Needs('skeletons'),
    # GFLA's videos.
    'clip_adversarial': Needs('image', judged=True, subject='clip'),
}


def needed_maps(config: Config) -> dict[str, str]:
    """The maps ('source_garment', 'target_parts', 'target_masks', ...) and the truth that training needs in a batch.

    Returns:
        {key: the settings that ask for it, in words}
    """
    training = config.training
    stages = training.stage_steps if training.stage == 'all' else (training.stage,)
    terms = [
        (stage, term)
        for stage in stages
        for term, weight in config.loss.loss_weights.get(stage, {}).items()
        if weight and term in NEEDS and not lacking(term, config.model)
    ]
    reasons: dict[str, list[str]] = {}
    for stage, term in terms:
        for key in NEEDS[term].keys:
            reasons.setdefault(key, []).append(f'--loss_weights={stage}.{term}')
    if config.data.pair_augmentation != 'none':
        for key in TRUTH_KEYS:
            reasons.setdefault(key, []).append(f'--pair_augmentation={config.data.pair_augmentation}')
    names = {term for _, term in terms}
    if config.loss.foreground_correctness and 'correctness' in names:
        # Clips have masks instead of maps of parts.
        key = 'target_parts' if config.model.clip_form is None else 'target_masks'
        reasons.setdefault(key, []).append('--foreground_correctness')
    swapping = any(NEEDS[term].swapped for term in names)
    if config.loss.occlusion_weighting and swapping:
        # The model sees the pair with its sides swapped, so its maps of the source are wanted of the target too.
        for name in config.model.class_maps:
            swapped = name.replace('source_', 'target_')
            if swapped not in config.model.class_maps:
                reasons.setdefault(swapped, []).append('--occlusion_weighting')
    return {key: ', '.join(settings) for key, settings in reasons.items()}


def lacking(term: str, model: ModelConfig) -> str:
    """Why the model's settings make nothing that a term is about; empty if they do."""
    return model.missing_outputs.get(NEEDS[term].output, '')
