"""Between this package's variables and the released PyTorch checkpoints.

The networks that were released, GFLANetworks (of people and views), Animation, MotionNet, ResDiscriminator,
PatchDiscriminator and TemporalDiscriminator, have a method `pytorch_names()`: a list of (key, variable, kind), one
entry per array of the checkpoint. A kind says how the two layouts relate:

    kind               PyTorch                here
    'conv'             [out, in, kh, kw]      [kh, kw, in, out]
    'conv_1d'          [out, in, k]           [k, in, out]
    'conv_3d'          [out, in, kd, kh, kw]  [kd, kh, kw, in, out]
    'transposed_conv'  [in, out, kh, kw]      [kh, kw, out, in]   (Conv2DTranspose)
    'matrix'           [out, in]              [in, out]           (of Dense; columns that are rows here)
    'vector'           [n]                    [n]                 (biases, norm scales, spectral u and v)

No kernel is flipped: in both frameworks a transposed convolution spreads input i over outputs
stride * i + k with weight k. Their paddings differ, which is the network's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError

# Axes of our layout in terms of PyTorch's.
_AXES = {
    'conv': (2, 3, 1, 0),
    'conv_1d': (2, 1, 0),
    'conv_3d': (2, 3, 4, 1, 0),
    'transposed_conv': (2, 3, 1, 0),
    'matrix': (1, 0),
    'vector': (0,),
}


def assign_pytorch_weights(
    entries: list[tuple[str, tf.Variable, str]],
    weights: Mapping[str, np.ndarray],
    after_each: Callable[[np.ndarray], None] = lambda array: None,
) -> None:
    """Gives every variable of `entries` (key, variable, kind) its array of a checkpoint, as float32.

    Where two keys name one variable (a released file holds some layers under two names, with the same numbers),
    the one that comes last in `entries` is used, as in PyTorch.

    Raises RunError when keys are missing or left over, have another shape, or hold numbers that are not finite
    in float32; all of them are listed, and nothing is assigned.

    `after_each` is called with an array of `weights` when its numbers have been read (which happens twice).
    """
    problems = misfits(entries, weights)
    if not problems:
        spoilt = []
        for key, _, _ in entries:
            if not np.isfinite(_as_float32(weights[key])).all():
                spoilt.append(key)
            after_each(weights[key])
        problems = _listed('not finite', spoilt)
    if problems:
        raise RunError('these PyTorch weights do not fit the network:' + ''.join(f'\n  {line}' for line in problems))
    for key, variable, kind in entries:
        variable.assign(from_pytorch(_as_float32(weights[key]), kind))
        after_each(weights[key])


def misfits(entries: list[tuple[str, tf.Variable, str]], weights: Mapping[str, np.ndarray]) -> list[str]:
    """What keeps a checkpoint's keys and shapes from being those of a network, in lines; empty if nothing does."""
    expected = {key: _pytorch_shape(variable, kind) for key, variable, kind in entries}
    shaped = [
        f'{key} is {list(weights[key].shape)}, expected {list(shape)}'
        for key, shape in expected.items()
        if key in weights and tuple(weights[key].shape) != shape
    ]
    return [
        *_listed('missing', [key for key in expected if key not in weights]),
        *_listed('unexpected', [key for key in weights if key not in expected]),
        *_listed('of another shape', shaped),
    ]


def _listed(problem: str, names: list[str], limit: int = 8) -> list[str]:
    more = f', and {len(names) - limit} more' if len(names) > limit else ''
    return [f'{len(names)} {problem}: ' + ', '.join(names[:limit]) + more] if names else []


def _as_float32(array: np.ndarray) -> np.ndarray:
    # What overflows is found because it is not finite any more.
    with np.errstate(over='ignore', invalid='ignore'):
        return np.asarray(array).astype(np.float32, copy=False)


def from_pytorch(array: np.ndarray, kind: str) -> np.ndarray:
    """An array of a checkpoint in the layout of this package."""
    return np.transpose(array, _AXES[kind])


def to_pytorch(variable: tf.Variable | np.ndarray, kind: str) -> np.ndarray:
    """The inverse of `from_pytorch`, from a variable or an array."""
    return np.transpose(np.asarray(variable), np.argsort(_AXES[kind]))


def _pytorch_shape(variable: tf.Variable, kind: str) -> tuple[int, ...]:
    return tuple(variable.shape[axis] for axis in np.argsort(_AXES[kind]))


def named_variables(parts: Mapping[str, Any], prefix: str = '') -> list[tuple[str, tf.Variable, str]]:
    """Flattens tables `{name: layer, or (variable, kind)}` into entries (key, variable, kind).

    A layer with a table `pytorch_parts` of its own contributes what is in it, under its name.
    """
    entries: list[tuple[str, tf.Variable, str]] = []
    for name, part in parts.items():
        key = prefix + name
        if isinstance(part, tuple):
            entries.append((key, *part))
        elif hasattr(part, 'pytorch_parts'):
            entries += named_variables(part.pytorch_parts, key + '.')
        elif hasattr(part, 'gamma'):
            entries += [(key + '.weight', part.gamma, 'vector'), (key + '.bias', part.beta, 'vector')]
        else:
            kernel_kind = getattr(part, 'kernel_kind', 'conv')
            entries += [(key + '.weight', part.kernel, kernel_kind), (key + '.bias', part.bias, 'vector')]
    return entries
