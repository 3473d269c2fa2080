"""Which terms a stage of training minimises, as the config says; imports no TensorFlow.

What cannot work is refused here, by the config alone: before anything is built, and by `data.check` too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posewarp_tf.errors import ConfigError
from posewarp_tf.losses.needs import NEEDS, lacking
from posewarp_tf.losses.taps import check_size_for
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.options import shown


class ChosenTerms(NamedTuple):
    """The terms of one stage.

    Attributes:
        weights: by their names, in the order of `NEEDS`.
        left_out: terms with a weight that the model cannot compute, and why.
        judges: the outputs that discriminators judge, each by one of its own.
        taps: the VGG features used, by image.
    """

    weights: dict[str, float]
    left_out: dict[str, str]
    judges: tuple[str, ...]
    taps: dict[str, set[str]]


def choose_terms(config: Config, stage: str) -> ChosenTerms:
    """The terms that a stage computes.

    Raises:
        ConfigError: `config.loss` names unknown terms, has none for the stage, or does not fit the model or its size.
    """
    loss_weights = config.loss.loss_weights
    unknown = {f'{name}.{term}' for name, terms in loss_weights.items() for term in terms if term not in NEEDS}
    if unknown:
        raise ConfigError(f'--loss_weights: unknown {", ".join(sorted(unknown))}: the terms are {", ".join(NEEDS)}')
    if stage not in loss_weights:
        raise ConfigError(f'--loss_weights: no terms for stage {stage!r}, only for {", ".join(loss_weights)}')
    weights = {term: loss_weights[stage][term] for term in NEEDS if loss_weights[stage].get(term)}
    left_out = {term: reason for term in weights if (reason := lacking(term, config.model))}
    weights = {term: weight for term, weight in weights.items() if term not in left_out}
    if not weights:
        besides = ''.join(f'; {term}: {reason}' for term, reason in left_out.items())
        raise ConfigError(f'--loss_weights: stage {stage!r} has no term with a weight{besides}')
    chosen = ChosenTerms(weights, left_out, _judges(weights, stage, config), taps_of_terms(weights, config))
    _check_fit(chosen, config)
    return chosen


def check_outputs(config: Config, stage: str) -> None:
    """Raises ConfigError when a term of a stage is about what the model computes in others only."""
    (declared,) = (one for one in config.model.stages if one.name == stage)
    for term in choose_terms(config, stage).weights:
        if NEEDS[term].output not in declared.computes:
            raise ConfigError(f'--loss_weights: {stage}.{term}: the stage computes no {NEEDS[term].output}')
        if NEEDS[term].masks and not declared.makes_masks:
            making = ', '.join(one.name for one in config.model.stages if one.makes_masks) or 'none'
            raise ConfigError(f'--loss_weights: {stage}.{term}: the stage makes no masks; stages that do: {making}')


def _judges(terms: Mapping[str, float], stage: str, config: Config) -> tuple[str, ...]:
    """The outputs that terms want a discriminator for, in the order in which the stage declares its judges."""
    (declared,) = (one for one in config.model.stages if one.name == stage)
    wanted = {NEEDS[name].subject: name for name in terms if NEEDS[name].judged}
    for subject, name in wanted.items():
        # What the stage does not compute at all is said elsewhere.
        if NEEDS[name].output in declared.computes and subject not in declared.judges:
            judged = ' and '.join(declared.judges) or 'nothing'
            raise ConfigError(f'--loss_weights: {stage}.{name}: the discriminators of the stage judge {judged}')
    return tuple(subject for subject in declared.judges if subject in wanted)


def taps_of_terms(terms: Iterable[str], config: Config) -> dict[str, set[str]]:
    """The features of VGG-19 that terms look at, by image."""
    found: dict[str, set[str]] = {}
    for term in terms:
        for image, names in NEEDS[term].taps(config).items():
            found.setdefault(image, set()).update(names)
    return found


def _check_fit(chosen: ChosenTerms, config: Config) -> None:
    """Whether pictures and flows are large enough for what looks at them, and pairs can be moved."""
    moved = [term for term in chosen.weights if NEEDS[term].moved]
    if moved and config.model.clip_form is not None:
        raise ConfigError(
            f'--loss_weights: {", ".join(moved)}: about pairs with a moved side, which --model={config.model.model}, '
            'a model of clips, never sees'
        )
    if 'affine' in chosen.weights:
        _check_neighbourhoods(config.model)
    if 'feature' in chosen.weights:
        _check_feature_scales(config)
    untrue = [term for term in chosen.weights if NEEDS[term].truth]
    if untrue and config.data.augmentation != 'none':
        raise ConfigError(
            f'--augmentation: got {config.data.augmentation}, which leaves the exact flows that {", ".join(untrue)} '
            'needs as they were; --pair_augmentation moves them too'
        )
    if chosen.taps:
        check_size_for(set().union(*chosen.taps.values()), config.model.image_size)


def _check_neighbourhoods(model: ModelConfig) -> None:
    """Whether there is an attention, and each flow as large as the neighbourhoods that the term `affine` is about."""
    if not model.neighbourhoods:
        raise ConfigError(f'--loss_weights: affine: --model={model.model} has no attention')
    for scale, kernel in model.neighbourhoods.items():
        size = min(model.image_size) // 2**scale
        if size < kernel:
            raise ConfigError(
                f'--attention_kernels: got kernel {kernel} at scale {scale}, more than the {size} pixels that '
                f'--image_size={shown(model.image_size)} leaves there'
            )


def _check_feature_scales(config: Config) -> None:
    """Whether the term `feature` has a flow of any of its scales."""
    wanted, flow_scales = config.loss.feature_scales, config.model.flow_scales
    if not set(wanted) & set(flow_scales):
        sizes = ', '.join(f'1/{2**scale}' for scale in flow_scales)
        raise ConfigError(f'--feature_scales: got {shown(wanted)}, but the flows are of sizes {sizes}')
