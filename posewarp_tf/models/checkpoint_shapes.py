"""What the shapes of a released checkpoint tell of its network: widths and levels.

A network is only told if the kernels that are as large as its widths squared are there: a tiny file cannot ask for
a huge network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from posewarp_tf.errors import RunError

if TYPE_CHECKING:
    from posewarp_tf.models.flow_config import GeneratorConfig

Shapes = Mapping[str, Sequence[int]]

# No published network has more levels, and a hostile file could ask for thousands.
MAX_LEVELS = 8


def is_flow_alone(shapes: Shapes) -> bool:
    """Whether a checkpoint holds a flow estimator and nothing else."""
    return all(key.startswith('flow_net.') for key in shapes)


def flow_settings(shapes: Shapes, part: str, near: GeneratorConfig) -> dict[str, Any]:
    """What the encoder of this name tells of a flow network; a limit that no level reaches is that of `near`.

    Raises:
        RunError: as `encoder_widths`, also below.
    """
    widths = encoder_widths(shapes, part)
    return {
        'flow_base_filters': widths[0],
        'flow_max_filters': limit_of_widths(widths, near.flow_max_filters),
        'flow_num_layers': len(widths),
    }


def generator_settings(shapes: Shapes, part: str, attention: str, near: GeneratorConfig) -> dict[str, Any]:
    """The same of a generator, from its encoder and its attentions, `attention` with {} for the step of each."""
    widths = encoder_widths(shapes, part)
    keys = {len(widths) - step: f'{attention.format(step)}.fully_connect_layer.0.weight' for step in range(len(widths))}
    return {
        'base_filters': widths[0],
        'max_filters': limit_of_widths(widths, near.max_filters),
        'num_layers': len(widths),
        'attention_kernels': {
            scale: shape_of_kernel(shapes, key)[2] for scale, key in sorted(keys.items()) if key in shapes
        },
    }


def encoder_widths(shapes: Shapes, part: str) -> list[int]:
    """Output channels of each level of an encoder, finest first.

    Raises:
        RunError: a kernel is missing, or does not fit the others.
    """
    widths = chained_widths(shapes, f'{part}.block0.model.2.weight', part + '.encoder{}.model.2.weight')
    blocks = ['block0', *(f'encoder{i}' for i in range(len(widths) - 1))]
    for block, width in zip(blocks, widths):
        require_kernel(shapes, f'{part}.{block}.model.5.weight', [width, width, 3, 3])
    return widths


def chained_widths(
    shapes: Shapes, first: str, others: str, indices: Sequence[int] = tuple(range(MAX_LEVELS - 1))
) -> list[int]:
    """Output channels of 4x4 convolutions that follow each other: the one of key `first`, and `others` by indices."""
    widths = [shape_of_kernel(shapes, first)[0]]
    for key in map(others.format, indices):
        if key not in shapes:
            break
        width, *_ = shape_of_kernel(shapes, key)
        require_kernel(shapes, key, [width, widths[-1], 4, 4])
        widths.append(width)
    return widths


def limit_of_widths(widths: list[int], near: int) -> int:
    """The limit of filters `near` where it makes these widths, else the one that does."""
    from posewarp_tf.layers.blocks import level_filters

    for limit in (near, max(widths)):
        if widths == [level_filters(level, widths[0], limit) for level in range(len(widths))]:
            return limit
    raise RunError(f'levels of {", ".join(map(str, widths))} channels: not a network of GFLA')


def shape_of_kernel(shapes: Shapes, key: str) -> Sequence[int]:
    """[out, in, height, width] of a convolution."""
    if key not in shapes:
        raise RunError(f'{key} is missing')
    shape = shapes[key]
    if len(shape) != 4 or min(shape) < 1:
        raise RunError(f'{key} has shape {list(shape)}, expected that of a convolution')
    return shape


def require_kernel(shapes: Shapes, key: str, expected: list[int]) -> None:
    """Raises RunError when a kernel has another shape."""
    shape = shape_of_kernel(shapes, key)
    if list(shape) != expected:
        raise RunError(f'{key} has shape {list(shape)}, expected {expected} beside the other layers')
