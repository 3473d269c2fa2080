"""Between this package's variables and the released PyTorch checkpoints.

Every network has a method `pytorch_names()`: a list of (key, variable, kind), one entry per array of
the checkpoint. A kind says how the two layouts relate:

    kind               PyTorch               here
    'conv'             [out, in, kh, kw]     [kh, kw, in, out]
    'transposed_conv'  [in, out, kh, kw]     [kh, kw, out, in]   (Conv2DTranspose)
    'vector'           [n]                   [n]                 (biases, norm scales, spectral u and v)

No kernel is flipped: in both frameworks a transposed convolution spreads input i over outputs
stride * i + k with weight k. Their paddings differ, which is the network's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError

# Axes of our layout in terms of PyTorch's.
_AXES = {'conv': (2, 3, 1, 0), 'transposed_conv': (2, 3, 1, 0), 'vector': (0,)}


def assign_pytorch_weights(entries: list[tuple[str, tf.Variable, str]], weights: Mapping[str, np.ndarray]) -> None:
    """Gives every variable of `entries` (key, variable, kind) its array of a checkpoint.

    Raises RunError when a key is missing, left over or of another shape; then nothing is assigned.
    """
    keys = {key for key, _, _ in entries}
    for problem, names in (('lack', keys - set(weights)), ('have unexpected', set(weights) - keys)):
        if names:
            raise RunError(f'PyTorch weights {problem} {_some(names)}: they belong to a network of other options')
    arrays = []
    for key, variable, kind in entries:
        array = np.asarray(weights[key])
        expected = _pytorch_shape(variable, kind)
        if array.shape != expected:
            raise RunError(f'PyTorch weight {key}: got shape {list(array.shape)}, expected {list(expected)}')
        arrays.append(from_pytorch(array, kind))
    for (_, variable, _), array in zip(entries, arrays):
        variable.assign(array)


def from_pytorch(array: np.ndarray, kind: str) -> np.ndarray:
    """An array of a checkpoint in the layout of this package."""
    return np.transpose(array, _AXES[kind])


def to_pytorch(variable: tf.Variable | np.ndarray, kind: str) -> np.ndarray:
    """The inverse of `from_pytorch`, from a variable or an array."""
    return np.transpose(np.asarray(variable), np.argsort(_AXES[kind]))


def _pytorch_shape(variable: tf.Variable, kind: str) -> tuple[int, ...]:
    return tuple(variable.shape[axis] for axis in np.argsort(_AXES[kind]))


def _some(names: set[str], limit: int = 3) -> str:
    listed = ', '.join(sorted(names)[:limit])
    return listed if len(names) <= limit else f'{listed} and {len(names) - limit} more'


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
