"""From a trained model to the contents of .tflite files, one per precision.

float32   as trained
float16   weights stored in half precision, computed in float32 (in half on a GPU): half the size
dynamic   weights of convolutions in 8 bits, activations rounded to 8 bits at run time with the range that they have
int8      convolutions in 8 bits with ranges measured beforehand on representative pictures

Only convolutions are ever computed in 8 bits: they are nearly all of the arithmetic, and what is between them does not
bear it. A flow in 8 bits has steps of about a quarter of a pixel, the index of a pixel of a 64 x 48 map does not fit at
all, and an instance norm divides by differences of nearly equal numbers. So joints, heatmaps, norms, flows, positions
and samples stay in float32. In int8 the last convolution before each flow, mask and picture does too; in dynamic it is
like all others: its weights may be in 8 bits, its result is in float32.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from posewarp_tf.errors import ConfigError
from posewarp_tf.inference.animating import Animator
from posewarp_tf.inference.cleaning import SkeletonCleaner
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.models.outputs import titled

from ..held_out import each_pair
from .litert import SIGNATURE
from .operations import CONVOLUTIONS, TFLiteGraph


def make_signature(reposer: Reposer) -> Any:
    """The concrete function of a file: one pair -> image, and flow and mask of the finest scale if there are flows."""

    def serve(**raw: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = reposer(raw)
        finest = {}
        for role, motion in answer['motions'].items():
            finest[titled(role, 'flow')] = motion.flows[-1]
            if motion.masks:
                finest[titled(role, 'mask')] = motion.masks[-1]
        return {'image': answer['image'], **finest}

    return tf.function(serve, autograph=False).get_concrete_function(**reposer.specs(batch_size=1))


class Converter:
    """Converts one signature to any precision.

    Args:
        model: whose weights `signature` uses.
        signature: from `make_signature`, or another of one example.
        folder: an empty one, for intermediate files.
        representative: raw inputs [N, ...] of typical pairs, whose ranges int8 uses.
        name: of the signature.
    """

    def __init__(
        self,
        model: Reposer | SkeletonCleaner | Animator,
        signature: Any,
        folder: str | os.PathLike,
        representative: Mapping[str, np.ndarray],
        name: str = SIGNATURE,
    ):
        self._folder = str(pathlib.Path(folder) / 'for_conversion')
        self._name, self._representative = name, representative
        module = tf.Module()
        module.weights = list(model.model.variables)
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        with _silence():
            tf.saved_model.save(module, self._folder, signatures={name: signature}, options=options)

    def convert(self, precision: str) -> bytes:
        """The contents of a .tflite file of builtin operations.

        Raises:
            ConfigError: the model needs operations that TFLite has not.
        """
        try:
            with _silence():
                model = self._float_model if precision == 'float32' else self._convert(precision)
        except Exception as error:
            if 'ERROR_NEEDS' not in str(error):
                raise
            lines = [line for line in str(error).splitlines() if ' ops: ' in line]
            raise ConfigError(f'the model needs operations that TFLite has not: {"; ".join(lines)}') from error
        TFLiteGraph(model).require_float_coordinates()
        return bytes(model)

    @functools.cached_property
    def _float_model(self) -> bytes:
        return self._converter('float32').convert()

    def _convert(self, precision: str) -> bytes:
        converter = self._converter(precision)
        return self._quantize(converter) if precision == 'int8' else converter.convert()

    def _converter(self, precision: str) -> tf.lite.TFLiteConverter:
        converter = tf.lite.TFLiteConverter.from_saved_model(self._folder, signature_keys=[self._name])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if precision != 'float32':
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == 'float16':
            converter.target_spec.supported_types = [tf.float16]
        if precision == 'int8':
            converter.representative_dataset = self._representative_pairs
            converter.target_spec.supported_ops.append(tf.lite.OpsSet.TFLITE_BUILTINS_INT8)
        return converter

    def _quantize(self, converter: tf.lite.TFLiteConverter) -> bytes:
        # The converter quantises all that has a kernel for 8 bits; its debugger is the way to leave operations out.
        graph = TFLiteGraph(self._float_model)
        options = tf.lite.experimental.QuantizationDebugOptions(
            denylisted_ops=[kind for kind in graph.kinds() if kind not in CONVOLUTIONS],
            denylisted_nodes=graph.tensor_names(graph.last_convolutions()),
        )
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=self._representative_pairs, debug_options=options
        )
        return debugger.get_nondebug_quantized_model()

    def _representative_pairs(self) -> Iterator[dict[str, np.ndarray]]:
        yield from each_pair(self._representative)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without the converter's statistics, which it prints past Python; what fails, it also says in its exception."""
    verbosity, kept = logging.get_verbosity(), os.dup(2)
    try:
        sys.stderr.flush()
        with open(os.devnull, 'w') as nowhere:
            os.dup2(nowhere.fileno(), 2)
        logging.set_verbosity(logging.ERROR)
        yield
    finally:
        logging.set_verbosity(verbosity)
        os.dup2(kept, 2)
        os.close(kept)
