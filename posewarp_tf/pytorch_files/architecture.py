"""Which network a checkpoint is of, told from its keys and shapes.

A network is only told if the kernels that are as large as its widths squared are there: a tiny file cannot ask for
a huge network.

Kinds: 'full' (the person image generator), 'flow' (its flow estimator alone), the discriminators 'res', 'patch' and
'temporal', and of models that declare a `checkpoint_key` their names in the registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.layers.blocks import level_filters
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.models.gfla.config import GFLAConfig, GFLANetworksConfig
from posewarp_tf.models.registry import MODELS
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import load_config

Shapes = Mapping[str, Sequence[int]]

# Kinds of checkpoints of the model that re-poses; others are of their own models.
GENERATORS = ('full', 'flow')

# No published network has more levels, and a hostile file could ask for thousands.
MAX_LEVELS = 8


def kind_of(shapes: Shapes) -> str:
    """The kind of network.

    Raises:
        RunError: none of those above.
    """
    for name, model in MODELS.items():
        if model.checkpoint_key and model.checkpoint_key in shapes:
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
        'a flow estimator, a discriminator, the motion extraction or the novel views of GFLA'
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
        if isinstance(near, GFLANetworksConfig):
            return network_settings(shapes, near)
        return near.checkpoint_settings(shapes)
    return generator_settings(shapes, gfla_settings(near))


def check_released(model: ModelConfig) -> None:
    """Raises ConfigError for a model of which the published code has no weights."""
    if not model.checkpoint_key:
        gfla_settings(model)
    elif isinstance(model, GFLANetworksConfig):
        _check_published_method(model)


def gfla_settings(model: ModelConfig) -> GFLAConfig:
    """The settings as those of GFLA's published method, of whose settings alone there are released generators.

    Raises:
        ConfigError: they are of another model, or of an ablation.
    """
    if not isinstance(model, GFLAConfig):
        raise ConfigError(f'--model: got {model.model!r}, expected gfla: released weights are of GFLA')
    _check_published_method(model)
    if model.base_flow != 'none':
        raise ConfigError(
            f'--base_flow: got {model.base_flow!r}, expected none: released weights predict flows from nothing'
        )
    return model


def generator_settings(shapes: Shapes, near: GFLAConfig) -> dict[str, Any]:
    """Settings of `GFLAConfig` that a generator's or a flow estimator's checkpoint tells; see `network_settings`."""
    settings = network_settings(shapes, near)
    if kind_of(shapes) == 'flow':
        return {**settings, 'pose_channels': (flow_channels(shapes) - 3) // 2}
    return {**settings, 'pose_channels': _shape(shapes, 'target.block0.model.2.weight', 4)[1]}


def network_settings(shapes: Shapes, near: GFLANetworksConfig) -> dict[str, Any]:
    """Settings of `GFLANetworksConfig` that a checkpoint of the whole or of its flow estimator tells.

    Limits that no level reaches, and the kernels of a flow estimator, are not in a file: they are those of `near`.
    """
    flow_widths = _encoder_widths(shapes, 'flow_net')
    settings: dict[str, Any] = {
        'flow_base_filters': flow_widths[0],
        'flow_max_filters': _max_filters(flow_widths, near.flow_max_filters),
        'flow_num_layers': len(flow_widths),
    }
    if is_flow_alone(shapes):
        steps = [step for step in range(len(flow_widths)) if f'flow_net.output{step}.weight' in shapes]
        return {**settings, 'attention_kernels': _kernels([len(flow_widths) - step - 1 for step in steps], near)}
    widths = _encoder_widths(shapes, 'source')
    kernels = {
        len(widths) - step: _shape(shapes, f'target.attn{step}.fully_connect_layer.0.weight', 4)[2]
        for step in range(len(widths))
        if f'target.attn{step}.fully_connect_layer.0.weight' in shapes
    }
    return {
        **settings,
        'base_filters': widths[0],
        'max_filters': _max_filters(widths, near.max_filters),
        'num_layers': len(widths),
        'attention_kernels': dict(sorted(kernels.items())),
    }


def is_flow_alone(shapes: Shapes) -> bool:
    """Whether a checkpoint holds a flow estimator and nothing else."""
    return all(key.startswith('flow_net.') for key in shapes)


def flow_channels(shapes: Shapes) -> int:
    """Channels of picture and both poses together."""
    return _shape(shapes, 'flow_net.block0.model.2.weight', 4)[1]


def discriminator_settings(shapes: Shapes, near: ModelConfig) -> dict[str, Any]:
    """The same of a discriminator."""
    kind = kind_of(shapes)
    if kind == 'patch':
        # Two more convolutions follow those that make the levels; activations take the odd numbers.
        widths = _widths(shapes, 'model.0.weight_orig', 'model.{}.weight_orig', [2 * i for i in range(1, MAX_LEVELS)])
        widths = widths[:-2]
        if not widths:
            raise RunError('a patch discriminator of fewer than 3 convolutions')
    else:
        widths = _widths(shapes, 'block0.model.3.weight_orig', 'encoder{}.model.3.weight_orig')
        _require(shapes, 'block0.model.3.weight_orig', [widths[0], widths[0], 4, 4])
    return {
        'discriminator': kind,
        'discriminator_base_filters': widths[0],
        'discriminator_max_filters': _max_filters(widths, near.discriminator_max_filters),
        'discriminator_num_layers': len(widths),
    }


def _check_published_method(model: GFLANetworksConfig) -> None:
    if model.spatial_transform != 'local_attention':
        raise ConfigError(
            f'--spatial_transform: got {model.spatial_transform!r}, expected local_attention: '
            'released weights are of the published method'
        )


def _encoder_widths(shapes: Shapes, part: str) -> list[int]:
    """Output channels of each level of an encoder, finest first."""
    widths = _widths(shapes, f'{part}.block0.model.2.weight', part + '.encoder{}.model.2.weight')
    blocks = ['block0', *(f'encoder{i}' for i in range(len(widths) - 1))]
    for block, width in zip(blocks, widths):
        _require(shapes, f'{part}.{block}.model.5.weight', [width, width, 3, 3])
    return widths


def _widths(
    shapes: Shapes, first: str, others: str, indices: Sequence[int] = tuple(range(MAX_LEVELS - 1))
) -> list[int]:
    """Output channels of convolutions that follow each other."""
    widths = [_shape(shapes, first, 4)[0]]
    for key in map(others.format, indices):
        if key not in shapes:
            break
        width, *_ = _shape(shapes, key, 4)
        _require(shapes, key, [width, widths[-1], 4, 4])
        widths.append(width)
    return widths


def _max_filters(widths: list[int], near: int) -> int:
    """The limit `near` where it makes these widths, else the one that does."""
    for limit in (near, max(widths)):
        if widths == [level_filters(level, widths[0], limit) for level in range(len(widths))]:
            return limit
    raise RunError(f'levels of {", ".join(map(str, widths))} channels: not a network of GFLA')


def _kernels(scales: list[int], near: GFLANetworksConfig) -> dict[int, int]:
    """The kernels of `near` if it has these scales, else the published one of scale 2."""
    if set(scales) == set(near.attention_kernels):
        return dict(near.attention_kernels)
    return dict.fromkeys(sorted(scales), 3)


def _shape(shapes: Shapes, key: str, rank: int) -> Sequence[int]:
    if key not in shapes:
        raise RunError(f'{key} is missing')
    shape = shapes[key]
    if len(shape) != rank or min(shape) < 1:
        raise RunError(f'{key} has shape {list(shape)}, expected that of a convolution')
    return shape


def _require(shapes: Shapes, key: str, expected: list[int]) -> None:
    shape = _shape(shapes, key, 4)
    if list(shape) != expected:
        raise RunError(f'{key} has shape {list(shape)}, expected {expected} beside the other layers')
