"""TFLite networks on LiteRT, the one place of this room that imports it."""

from __future__ import annotations

import os

import numpy as np

from posewarp_tf.errors import ConfigError

_MOST_THREADS = 4


class Network:
    """A TFLite network of one input, float32 [1, H, W, 3], and any outputs.

    Args:
        contents: of the file.
        name: what errors call it.
        input_size: H and W that it has to have.
        outputs: the shapes that its outputs have to have, in their order, without the batch.

    Raises:
        ConfigError: the extra `pose` is not installed, or the network is another one.
    """

    def __init__(self, contents: bytes, name: str, input_size: int, outputs: tuple[tuple[int, ...], ...]):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ConfigError(
                f"joints are found in photos with ai-edge-litert, which is missing: pip install 'posewarp_tf[pose]' "
                f'({error})'
            ) from error
        try:
            # It keeps no copy of the contents.
            self._contents = contents
            self._interpreter = Interpreter(model_content=contents, num_threads=min(os.cpu_count() or 1, _MOST_THREADS))
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f'{name}: not a TFLite model that LiteRT can run: {error}') from error
        (entry, *others) = self._interpreter.get_input_details()
        details = self._interpreter.get_output_details()
        found = (tuple(entry['shape']), tuple(tuple(detail['shape'][1:]) for detail in details))
        expected = ((1, input_size, input_size, 3), outputs)
        if others or found != expected:
            raise ConfigError(
                f'{name}: another network than expected: input and outputs {_listed(*found)}, expected '
                f'{_listed(*expected)}'
            )
        self._input, self._outputs = entry['index'], [detail['index'] for detail in details]

    def run(self, pixels: np.ndarray) -> list[np.ndarray]:
        """The outputs for float32 [H, W, 3], without the batch."""
        self._interpreter.set_tensor(self._input, pixels[np.newaxis])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def _listed(entry: tuple[int, ...], outputs: tuple[tuple[int, ...], ...]) -> str:
    return f'{list(map(int, entry))} -> {", ".join(str(list(map(int, shape))) for shape in outputs)}'
