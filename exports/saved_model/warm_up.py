"""Requests that TensorFlow Serving answers to itself before it says that a version is ready.

The first request of a batch size is the slow one; assets.extra/tf_serving_warmup_requests (a TFRecord of
PredictionLogs) has one of every signature and allowed batch size.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from posewarp_tf.models.kinds import RawInput

from ..serving.protocol import predict_request, serving_protos

WARM_UP_PATH = os.path.join('assets.extra', 'tf_serving_warmup_requests')


def write_warm_up(
    folder: str | os.PathLike,
    given: Sequence[RawInput],
    size: tuple[int, int],
    signatures: Sequence[str],
    batch_sizes: Sequence[int],
    model_name: str,
) -> int:
    """Writes the warm-up file of the SavedModel in `folder`; returns its number of requests.

    Args:
        given: the raw inputs of what was exported; serve_bytes gets PNGs of the pictures among them.
        size: height and width of its pictures.
        signatures: names.
        batch_sizes: those that the server's batching config allows.
        model_name: under which the server knows the model.
    """
    prediction_log_pb2 = serving_protos('prediction_log_pb2')
    path = pathlib.Path(folder) / WARM_UP_PATH
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature in signatures:
            for batch_size in batch_sizes:
                inputs = warm_up_inputs(given, size, signature, batch_size)
                request = predict_request(model_name, signature, inputs)
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.CopyFrom(request)
                writer.write(log.SerializeToString())
    return len(signatures) * len(batch_sizes)


def warm_up_inputs(
    given: Sequence[RawInput], size: tuple[int, int], signature: str, batch_size: int
) -> dict[str, np.ndarray]:
    """What a network can be tried with, as NumPy arrays by input name (models/inputs.py)."""
    inputs = {raw.name: np.repeat(raw.kind.example(size)[np.newaxis], batch_size, axis=0) for raw in given}
    return to_files(inputs) if signature == 'serve_bytes' else inputs


def to_files(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Inputs of serving_default as those of serve_bytes: pictures as PNGs of their own size."""
    found = {}
    for name, array in inputs.items():
        if array.dtype == np.uint8:
            pictures = array if array.ndim == 4 else array[..., np.newaxis]
            array = np.array([tf.io.encode_png(picture).numpy() for picture in pictures], object)
            name = f'{name}_bytes'
        found[name] = array
    return found
