"""Which operations a graph is made of, and whether a stock TensorFlow has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from posewarp_tf.errors import ConfigError

# Registered in every TensorFlow, but they call back into the Python process that made them.
_PYTHON_OPERATIONS = frozenset(('PyFunc', 'PyFuncStateless', 'EagerPyFunc'))


def operations_of(graph_def: tf.compat.v1.GraphDef) -> set[str]:
    """Names of all operations in a graph and in the functions that it calls, without those functions' own names."""
    functions = {function.signature.name for function in graph_def.library.function}
    nodes = list(graph_def.node)
    for function in graph_def.library.function:
        nodes += function.node_def
    return {node.op for node in nodes} - functions


def custom_operations(operations: Iterable[str]) -> list[str]:
    """Those that a stock TensorFlow runtime without Python cannot run, sorted."""
    # tf.raw_ops lists what TensorFlow was built with; libraries loaded later do not appear there.
    return sorted(name for name in operations if name in _PYTHON_OPERATIONS or not hasattr(tf.raw_ops, name))


def require_stock_operations(function: Any) -> None:
    """Raises ConfigError if a concrete function has an operation that is not TensorFlow's own."""
    custom = custom_operations(operations_of(function.graph.as_graph_def()))
    if custom:
        raise ConfigError(
            f'{function.name}: has operations that a stock TensorFlow runtime does not have: {", ".join(custom)}; '
            'export with --sampler_impl=gather'
        )
