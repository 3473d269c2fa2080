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

from posewarp_tf.conventions import NUM_JOINTS

from ..serving.protocol import predict_request, serving_protos

WARM_UP_PATH = os.path.join('assets.extra', 'tf_serving_warmup_requests')


def write_warm_up(
    folder: str | os.PathLike,
    specs: Mapping[str, tf.TensorSpec],
    signatures: Sequence[str],
    batch_sizes: Sequence[int],
    model_name: str,
) -> int:
    """Writes the warm-up file of the SavedModel in `folder`; returns its number of requests.

    Args:
        specs: of the inputs of serving_default.
        signatures: names; serve_bytes gets PNGs of the pictures.
        batch_sizes: those that the server's batching config allows.
        model_name: under which the server knows the model.
    """
    prediction_log_pb2 = serving_protos('prediction_log_pb2')
    path = pathlib.Path(folder) / WARM_UP_PATH
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature in signatures:
            for batch_size in batch_sizes:
                inputs = warm_up_inputs(specs, signature, batch_size)
                request = predict_request(model_name, signature, inputs)
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.CopyFrom(request)
                writer.write(log.SerializeToString())
    return len(signatures) * len(batch_sizes)


def warm_up_inputs(specs: Mapping[str, tf.TensorSpec], signature: str, batch_size: int) -> dict[str, np.ndarray]:
    """Grey pictures, maps of class 0 and joints on the diagonal, as NumPy arrays by input name."""
    inputs: dict[str, np.ndarray] = {}
    height, width = specs['source_image'].shape[1:3]
    diagonal = np.linspace(0.1, 0.9, NUM_JOINTS, dtype=np.float32)[:, np.newaxis] * np.array(
        [width, height], np.float32
    )
    for name, spec in specs.items():
        if spec.dtype == tf.uint8:
            level = 127 if spec.shape.rank == 4 else 0
            array = np.full([batch_size, *spec.shape[1:]], level, np.uint8)
        else:
            array = np.broadcast_to(diagonal, [batch_size, *spec.shape[1:]])
        inputs[name] = array
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
