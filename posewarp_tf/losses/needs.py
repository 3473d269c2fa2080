"""Which maps of classes an objective cannot do without; input pipelines ask. Imports no TensorFlow."""

from __future__ import annotations

from posewarp_tf.config import Config
from posewarp_tf.model_config import ModelConfig

# By term, the keys of the batch; a term that is not here needs none.
TERM_MAPS: dict[str, tuple[str, ...]] = {
    'texture': ('source_garment', 'target_garment'),
    'label': ('source_garment', 'target_garment'),
    'part_label': ('source_parts', 'target_parts'),
    'garment_cross_entropy': ('target_garment',),
    'garment_adversarial': ('target_garment',),
}

# Terms about the model's flow.
FLOW_TERMS = {
    'correctness', 'affine', 'photometric', 'ssim', 'feature', 'texture', 'label', 'part_label', 'smoothness',
    'self_flow', 'equivariance',
}  # fmt: skip

# Terms that weigh occluded pixels less: the model then sees the pair with its sides swapped.
_SWAPPING_TERMS = {'photometric', 'ssim', 'feature'}


def needed_maps(config: Config) -> dict[str, str]:
    """The class maps ('source_garment', 'target_parts', ...) that the stages to be trained need in a batch.

    Returns:
        {key: the settings that ask for it, in words}
    """
    training = config.training
    stages = training.stage_steps if training.stage == 'all' else (training.stage,)
    terms = [
        (stage, term)
        for stage in stages
        for term, weight in config.loss.loss_weights.get(stage, {}).items()
        if weight and _is_computed(term, config.model)
    ]
    reasons: dict[str, list[str]] = {}
    for stage, term in terms:
        for key in TERM_MAPS.get(term, ()):
            reasons.setdefault(key, []).append(f'--loss_weights={stage}.{term}')
    names = {term for _, term in terms}
    if config.loss.foreground_correctness and 'correctness' in names:
        reasons.setdefault('target_parts', []).append('--foreground_correctness')
    if config.model.use_garment and config.loss.occlusion_weighting and names & _SWAPPING_TERMS:
        reasons.setdefault('target_garment', []).append('--occlusion_weighting')
    return {key: ', '.join(settings) for key, settings in reasons.items()}


def _is_computed(term: str, model: ModelConfig) -> bool:
    """Whether the model makes what a term is about; objectives leave out what it does not."""
    if term.startswith('garment_'):
        return model.has_garment_net
    return model.has_flow or term not in FLOW_TERMS
