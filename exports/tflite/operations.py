"""What a TFLite file consists of: its operations, and which of its convolutions decide where pixels come from."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any

from posewarp_tf.errors import ConfigError

CONVOLUTIONS = ('CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED', 'TRANSPOSE_CONV')
_FLOATS = ('FLOAT32', 'FLOAT16')


class TFLiteGraph:
    """The operations of a TFLite model's only subgraph.

    Args:
        model: contents of the file.

    Raises:
        ConfigError: operations that are not TFLite's own (custom ones, or TensorFlow's through the Flex delegate).
    """

    def __init__(self, model: bytes):
        from ai_edge_litert import schema_py_generated as schema

        self.model = schema.ModelT.InitFromPackedBuf(model, 0)
        graphs, codes = self.model.subgraphs, self.model.operatorCodes
        custom = [code.customCode.decode() for code in codes if code.customCode]
        if custom or len(graphs) != 1:
            raise ConfigError(f'{len(graphs)} graphs, not 1, or not only builtin operations: {", ".join(custom)}')
        self._graph = graphs[0]
        self._operations = self._graph.operators
        builtin, types = _names(schema.BuiltinOperator), _names(schema.TensorType)
        self._kinds = [builtin[codes[op.opcodeIndex].builtinCode] for op in self._operations]
        self._types = [types[tensor.type] for tensor in self._graph.tensors]
        self._producers = {output: i for i, op in enumerate(self._operations) for output in op.outputs}

    def kinds(self) -> list[str]:
        """Names of the kinds of operations, sorted."""
        return sorted(set(self._kinds))

    def counts(self) -> dict[str, int]:
        """{'CONV_2D FLOAT32': 35, ...}: operations by kind and type of their (first) result, sorted."""
        results = (self._types[op.outputs[0]] for op in self._operations)
        return dict(sorted(collections.Counter(map(' '.join, zip(self._kinds, results))).items()))

    def tensor_names(self, tensors: Iterable[int]) -> list[str]:
        return sorted(self._graph.tensors[tensor].name.decode() for tensor in tensors)

    def coordinate_tensors(self) -> set[int]:
        """Everything that a position to read from is computed of, back to the convolutions that give the flow.

        Positions are the indices of GATHER; results of these convolutions are among the tensors.
        """
        positions = [op.inputs[1] for op, kind in zip(self._operations, self._kinds) if kind == 'GATHER']
        return self._back_to_convolutions(positions)

    def last_convolutions(self) -> set[int]:
        """Results of the convolutions after which comes only arithmetic: of flows and positions, and of all outputs."""
        tensors = self.coordinate_tensors() | self._back_to_convolutions(self._graph.outputs)
        return {tensor for tensor in tensors if self._is_convolution(tensor)}

    def require_float_coordinates(self) -> None:
        """Raises ConfigError if a position, or what it is computed of, has passed through 8 bits."""
        # Positions end as whole numbers, for which indices are kept in 32 bits.
        allowed = (*_FLOATS, 'INT32', 'INT64', 'BOOL')
        rounded = [tensor for tensor in self.coordinate_tensors() if self._types[tensor] not in allowed]
        if rounded:
            raise ConfigError(f'positions are computed in 8 bits: {", ".join(self.tensor_names(rounded))}')

    def _back_to_convolutions(self, tensors: Iterable[int]) -> set[int]:
        found: set[int] = set()
        waiting = list(tensors)
        while waiting:
            tensor = waiting.pop()
            # Constants have no producer; optional inputs are -1.
            if tensor in found or tensor not in self._producers:
                continue
            found.add(tensor)
            if not self._is_convolution(tensor):
                waiting += self._operations[self._producers[tensor]].inputs.tolist()
        return found

    def _is_convolution(self, tensor: int) -> bool:
        return self._kinds[self._producers[tensor]] in CONVOLUTIONS


def _names(constants: Any) -> dict[int, str]:
    return {value: name for name, value in vars(constants).items() if not name.startswith('_')}
