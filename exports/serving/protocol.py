"""What is said between a client and TensorFlow Serving: the messages of its gRPC interface."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from posewarp_tf.errors import ConfigError

MODEL_NAME = 'posewarp'


def predict_request(model_name: str, signature: str, inputs: Mapping[str, np.ndarray]) -> Any:
    """A `PredictRequest` of NumPy arrays; files are arrays of objects."""
    import tensorflow as tf

    request = serving_protos('predict_pb2').PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return request


def serving_protos(name: str) -> Any:
    """A module of tensorflow_serving.apis; ConfigError if that is not installed."""
    try:
        return importlib.import_module(f'tensorflow_serving.apis.{name}')
    except ImportError as error:
        raise ConfigError(
            f"the messages of TensorFlow Serving are missing ({error}): pip install 'posewarp_tf[export]'"
        ) from error
