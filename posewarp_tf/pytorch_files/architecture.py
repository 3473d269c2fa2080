"""Which network a checkpoint is of, told from its keys and shapes.

Kinds: 'full' (the person image generator), 'flow' (its flow estimator alone), the discriminators 'res', 'patch' and
'temporal', and of models that declare a `checkpoint_key` their names in the registry.
"""

from __future__ import annotations

from typing import Any

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.checkpoint_shapes import (
    MAX_LEVELS,
    Shapes,
    chained_widths,
    encoder_widths,
    limit_of_widths,
    require_kernel,
    shape_of_kernel,
)
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.models.gfla.config import GFLAConfig
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
    if all(key.startswith('flow_net.') for key in shapes):
        return 'flow'
    if 'block0.model.3.weight_orig' in shapes:
        return 'temporal' if len(shapes['block0.model.3.weight_orig']) == 5 else 'res'
    if 'model.0.weight_orig' in shapes:
        return 'patch'
    first = ', '.join(sorted(shapes)[:3])
    raise RunError(
        f'not a network that can be imported (its first keys are {first}); expected a person image generator, '
        'a flow estimator, a discriminator, an animation or the motion extraction of GFLA'
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
    settings = generator_settings(shapes, gfla_settings(fashion.model))
    if set(settings['attention_kernels']) == set(gfla_settings(market.model).attention_kernels):
        return market.replace(**generator_settings(shapes, gfla_settings(market.model)))
    return fashion.replace(**settings)


def told_settings(shapes: Shapes, near: ModelConfig) -> dict[str, Any]:
    """The settings that a checkpoint of any kind tells, but for a discriminator's.

    Raises:
        RunError: it is no checkpoint of a model such as `near`, or one that its rules do not make.
        ConfigError: there are no released weights of models such as `near`.
    """
    kind = kind_of(shapes)
    if near.checkpoint_key or kind in MODELS:
        if kind != near.model:
            held = f'--model={kind}' if kind in MODELS else f'a network {kind!r}'
            raise RunError(f'holds {held}, the config has --model={near.model}')
        return near.checkpoint_settings(shapes)
    return generator_settings(shapes, gfla_settings(near))


def check_released(model: ModelConfig) -> None:
    """Raises ConfigError for a model of which the published code has no weights."""
    if not model.checkpoint_key:
        gfla_settings(model)


def gfla_settings(model: ModelConfig) -> GFLAConfig:
    """The settings as those of GFLA's published method, of whose settings alone there are released generators.

    Raises:
        ConfigError: they are of another model, or of an ablation.
    """
    if not isinstance(model, GFLAConfig):
        raise ConfigError(f'--model: got {model.model!r}, expected gfla: released weights are of GFLA')
    if model.spatial_transform != 'local_attention':
        raise ConfigError(
            f'--spatial_transform: got {model.spatial_transform!r}, expected local_attention: '
            'released weights are of the published method'
        )
    if model.base_flow != 'none':
        raise ConfigError(
            f'--base_flow: got {model.base_flow!r}, expected none: released weights predict flows from nothing'
        )
    return model


def generator_settings(shapes: Shapes, near: GFLAConfig) -> dict[str, Any]:
    """Settings of `GFLAConfig` that a generator's or a flow estimator's checkpoint tells.

    Limits that no level reaches, and the kernels of a flow estimator, are not in a file: they are those of `near`.
    """
    flow_widths = encoder_widths(shapes, 'flow_net')
    settings: dict[str, Any] = {
        'flow_base_filters': flow_widths[0],
        'flow_max_filters': limit_of_widths(flow_widths, near.flow_max_filters),
        'flow_num_layers': len(flow_widths),
    }
    if kind_of(shapes) == 'flow':
        steps = [step for step in range(len(flow_widths)) if f'flow_net.output{step}.weight' in shapes]
        kernels = _kernels([len(flow_widths) - step - 1 for step in steps], near)
        return {**settings, 'pose_channels': (flow_channels(shapes) - 3) // 2, 'attention_kernels': kernels}
    widths = encoder_widths(shapes, 'source')
    kernels = {
        len(widths) - step: shape_of_kernel(shapes, f'target.attn{step}.fully_connect_layer.0.weight')[2]
        for step in range(len(widths))
        if f'target.attn{step}.fully_connect_layer.0.weight' in shapes
    }
    return {
        **settings,
        'pose_channels': shape_of_kernel(shapes, 'target.block0.model.2.weight')[1],
        'base_filters': widths[0],
        'max_filters': limit_of_widths(widths, near.max_filters),
        'num_layers': len(widths),
        'attention_kernels': dict(sorted(kernels.items())),
    }


def flow_channels(shapes: Shapes) -> int:
    """Channels of picture and both poses together."""
    return shape_of_kernel(shapes, 'flow_net.block0.model.2.weight')[1]


def discriminator_settings(shapes: Shapes, near: ModelConfig) -> dict[str, Any]:
    """The same of a discriminator."""
    kind = kind_of(shapes)
    if kind == 'patch':
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
        'discriminator': kind,
        'discriminator_base_filters': widths[0],
        'discriminator_max_filters': limit_of_widths(widths, near.discriminator_max_filters),
        'discriminator_num_layers': len(widths),
    }


def _kernels(scales: list[int], near: GFLAConfig) -> dict[int, int]:
    """The kernels of `near` if it has these scales, else the published one of scale 2."""
    if set(scales) == set(near.attention_kernels):
        return dict(near.attention_kernels)
    return dict.fromkeys(sorted(scales), 3)
