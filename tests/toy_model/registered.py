"""The registry with one line more."""

import contextlib

from posewarp_tf.models.registry import MODELS
from tests.toy_model.config import ToyConfig


@contextlib.contextmanager
def toy_registered():
    MODELS['toy'] = ToyConfig
    try:
        yield
    finally:
        del MODELS['toy']
