"""Runs a file of exports.tflite on LiteRT, and says what is wrong with a request instead of computing nonsense."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from posewarp_tf.errors import DataError, RunError
from posewarp_tf.models.kinds import kind_of_array

SIGNATURE = 'serving_default'
# Of a network of animation, whose state goes in and comes out.
STEP_SIGNATURE = 'step'


class LiteRTReposer:
    """A re-posing model in a .tflite file, a step of animation, or the network of motion extraction.

        reposer = LiteRTReposer('models/mobile/posewarp_float16.tflite', num_threads=2)
        answer = reposer.run({'source_image': image, 'source_keypoints': joints, 'target_keypoints': target})

    Args:
        model: path of the file, or its contents.
        num_threads: threads of one inference.

    Attributes:
        inputs: {name: (dtype, shape)}; the batch is always 1. Joints are in pixels of the picture, -1 if missing.
        outputs: likewise: image, and flow and mask of the finest scale for a model with flows (conventions.py);
            skeletons of motion extraction; image and state of animation.

    Raises:
        RunError: the file is missing, is no TFLite model, or has not this signature.
    """

    def __init__(self, model: str | os.PathLike | bytes, num_threads: int = 1):
        from ai_edge_litert.interpreter import Interpreter

        name = 'model' if isinstance(model, bytes) else os.fspath(model)
        contents = model if isinstance(model, bytes) else _read(name)
        try:
            # It keeps no copy of the contents.
            self._contents = contents
            self._interpreter = Interpreter(model_content=contents, num_threads=num_threads)
        except (ValueError, RuntimeError) as error:
            raise RunError(f'{name}: not a TFLite model that LiteRT can run: {error}') from error
        known = [key for key in (SIGNATURE, STEP_SIGNATURE) if key in self._interpreter.get_signature_list()]
        if not known:
            raise RunError(f'{name}: no signature {SIGNATURE!r} or {STEP_SIGNATURE!r}: not a file of exports.tflite')
        self._runner = self._interpreter.get_signature_runner(known[0])
        self.inputs = _described(self._runner.get_input_details())
        self.outputs = _described(self._runner.get_output_details())

    def run(self, request: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The answer to one request: arrays as in `outputs`.

        Raises:
            DataError: a name, dtype, shape or batch size that the model does not take, numbers that are not finite,
                a pose with no joint in the picture, or a class that a map cannot have. The next request is not
                affected.
        """
        return self._runner(**self.checked(request))

    def checked(self, request: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The request as the model takes it."""
        missing, unknown = sorted(set(self.inputs) - set(request)), sorted(set(request) - set(self.inputs))
        if missing or unknown:
            raise DataError(
                f'inputs: missing {", ".join(missing) or "none"}, unknown {", ".join(unknown) or "none"}; '
                f'expected {", ".join(self.inputs)}'
            )
        # Skeletons come without a picture.
        height, width = next((shape[1:3] for dtype, shape in self.inputs.values() if len(shape) == 4), (1, 1))
        arrays = {name: _checked_array(name, request[name], *self.inputs[name]) for name in self.inputs}
        for name, array in arrays.items():
            kind_of_array(name, array.dtype.name, array.shape[1:]).check(array[0], name, (height, width))
        return arrays


def _read(path: str) -> bytes:
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise RunError(f'{path}: unreadable model file: {error.strerror or error}') from error


def _described(details: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    return {
        name: (np.dtype(detail['dtype']), tuple(int(size) for size in detail['shape']))
        for name, detail in sorted(details.items())
    }


def _checked_array(name: str, value: Any, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f'{name}: not an array: {error}') from error
    if array.shape != shape:
        hint = ': an empty batch' if array.ndim == len(shape) and not array.shape[0] else ''
        raise DataError(f'{name}: got shape {list(array.shape)}{hint}, expected {list(shape)}')
    if dtype == np.float32 and array.dtype.kind in 'fiu':
        return array.astype(np.float32)
    if array.dtype != dtype:
        raise DataError(f'{name}: got dtype {array.dtype}, expected {dtype}')
    return array
