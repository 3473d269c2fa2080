"""Which network a checkpoint is of, told from its keys and shapes.

Kinds: 'full' (the person image generator), 'flow' (its flow estimator alone), the discriminators 'res', 'patch' and
'temporal', and of models that declare a `checkpoint_key` their names in the registry.
"""

from __future__ import annotations

from typing import Any

from posewarp_tf.errors import RunError
from posewarp_tf.models.checkpoint_shapes import (
    MAX_LEVELS,
    Shapes,
    chained_widths,
    is_flow_alone,
    limit_of_widths,
    require_kernel,
)
from posewarp_tf.models.config import ModelConfig, judged
from posewarp_tf.models.registry import MODELS
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import load_config

# Kinds of checkpoints of the model that re-poses; others are of their own models.
GENERATORS = ('full', 'flow')


def kind_of(shapes: Shapes) -> str:
    """The kind of network.

    Raises:
        RunError: none of those above.
    """
    for name, model in MODELS.items():
        if model.is_checkpoint(shapes):
            return name
    if 'source.block0.model.2.weight' in shapes:
        return 'full'
    if is_flow_alone(shapes):
        return 'flow'
    if 'block0.model.3.weight_orig' in shapes:
        return 'temporal' if len(shapes['block0.model.3.weight_orig']) == 5 else 'res'
    if 'model.0.weight_orig' in shapes:
        return 'patch'
    first = ', '.join(sorted(shapes)[:3])
    raise RunError(
        f'not a network that can be imported (its first keys are {first}); expected a person image generator, '
        'a flow estimator, a discriminator, novel views, an animation or the motion extraction of GFLA'
    )


def infer_config(shapes: Shapes) -> Config:
    """The shipped config that is nearest to a network, with the architecture of the file.

    Weights do not tell the image size, and a flow estimator not the attention kernels: they are the published ones.

    Raises:
        RunError: another network, or one that GFLA's rules do not make.
    """
    kind = kind_of(shapes)
    if kind in MODELS:
        config = load_config(kind)
        return config.replace(**told_settings(shapes, config.model))
    if kind not in GENERATORS:
        raise RunError(f"holds a discriminator ('{kind}'), expected a generator")
    fashion, market = load_config('gfla_fashion'), load_config('gfla_market')
    settings = fashion.model.checkpoint_settings(shapes)
    if settings['attention_kernels'].keys() == market.model.neighbourhoods.keys():
        return market.replace(**market.model.checkpoint_settings(shapes))
    return fashion.replace(**settings)


def told_settings(shapes: Shapes, near: ModelConfig) -> dict[str, Any]:
    """The settings that a checkpoint of any kind tells, but for a discriminator's.

    Raises:
        RunError: it is no checkpoint of a model such as `near`, or one that its rules do not make.
        ConfigError: there are no released weights of models such as `near`.
    """
    kind = kind_of(shapes)
    if (near.checkpoint_key or kind in MODELS) and kind != near.model:
        held = f'--model={kind}' if kind in MODELS else f'a network {kind!r}'
        raise RunError(f'holds {held}, the config has --model={near.model}')
    near.check_released()
    return near.checkpoint_settings(shapes)


def discriminator_settings(shapes: Shapes, near: ModelConfig) -> dict[str, Any]:
    """The same of a discriminator; one of clips, 'temporal', is none of those that `--discriminator` names."""
    kind = kind_of(shapes)
    if kind == 'temporal':
        widths = _temporal_widths(shapes)
    elif kind == 'patch':
        # Two more convolutions follow those that make the levels; activations take the odd numbers.
        widths = chained_widths(
            shapes, 'model.0.weight_orig', 'model.{}.weight_orig', [2 * i for i in range(1, MAX_LEVELS)]
        )
        widths = widths[:-2]
        if not widths:
            raise RunError('a patch discriminator of fewer than 3 convolutions')
    else:
        widths = chained_widths(shapes, 'block0.model.3.weight_orig', 'encoder{}.model.3.weight_orig')
        require_kernel(shapes, 'block0.model.3.weight_orig', [widths[0], widths[0], 4, 4])
    return {
        **({} if kind == 'temporal' else {'discriminator': kind}),
        'discriminator_base_filters': widths[0],
        'discriminator_max_filters': limit_of_widths(widths, judged(near).discriminator_max_filters),
        'discriminator_num_layers': len(widths),
    }


def _temporal_widths(shapes: Shapes) -> list[int]:
    """Output channels of each level of a discriminator of clips: two that look at time, then those of pictures."""
    ranks = {'block0': 5, 'block1': 5, **{f'encoder{i}': 4 for i in range(MAX_LEVELS - 2)}}
    widths = []
    for block, rank in ranks.items():
        shape = shapes.get(f'{block}.model.3.weight_orig')
        if shape is None:
            break
        if len(shape) != rank or min(shape) < 1:
            raise RunError(f'{block}.model.3.weight_orig has shape {list(shape)}, expected {rank} dimensions')
        widths.append(shape[0])
    return widths
