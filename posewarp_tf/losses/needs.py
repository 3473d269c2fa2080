"""Which maps of classes an objective cannot do without; input pipelines ask. Imports no TensorFlow."""

from __future__ import annotations

from posewarp_tf.config import Config

# By term, the keys of the batch; a term that is not here needs none.
TERM_MAPS: dict[str, tuple[str, ...]] = {
    'texture': ('source_garment', 'target_garment'),
    'label': ('source_garment', 'target_garment'),
    'part_label': ('source_parts', 'target_parts'),
    'garment_cross_entropy': ('target_garment',),
    'garment_adversarial': ('target_garment',),
}

# Terms that weigh occluded pixels less: the model then sees the pair with its sides swapped.
_SWAPPING_TERMS = ('photometric', 'ssim', 'feature')

# By folder of a data set.
_FOLDERS = {'parts': 'parts/', 'garment': 'parsing/'}


def needed_maps(config: Config) -> frozenset[str]:
    """Keys of the class maps ('source_garment', 'target_parts', ...) that the stages to be trained need in a batch."""
    training = config.training
    stages = training.stage_steps if training.stage == 'all' else (training.stage,)
    terms = [term for stage in stages for term, weight in config.loss.loss_weights.get(stage, {}).items() if weight]
    needed = {key for term in terms for key in TERM_MAPS.get(term, ())}
    if config.loss.foreground_correctness:
        needed.add('target_parts')
    if config.model.use_garment and config.loss.occlusion_weighting and set(terms) & set(_SWAPPING_TERMS):
        needed.add('target_garment')
    return frozenset(needed)


def missing_map_message(stage: str, term: str, key: str) -> str:
    """What to tell a user whose data set has no such maps."""
    return (
        f'--loss_weights: {stage}.{term} needs {key}, maps of the folder {_FOLDERS[key.split("_")[1]]} that this data '
        f'set does not have; {stage}.{term}=0 does without'
    )
