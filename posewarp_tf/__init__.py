"""Flow-based person re-posing in TensorFlow.

    model = posewarp_tf.build_model('gfla_fashion')
    photo = posewarp_tf.Predictor().transfer('me.jpg', 'dancer.jpg').image

Names are resolved when they are used: importing this package loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from posewarp_tf import lanes

if TYPE_CHECKING:
    from posewarp_tf import ops
    from posewarp_tf.inference.predictor import Predictor
    from posewarp_tf.models.discriminators.build import build_discriminator
    from posewarp_tf.models.registry import build_model
    from posewarp_tf.pytorch_files.importing import import_pytorch
    from posewarp_tf.settings.config import Config
    from posewarp_tf.settings.flags import load_config

__version__ = '0.1.0'

__all__ = [
    'Config',
    'Predictor',
    'build_discriminator',
    'build_model',
    'import_pytorch',
    'load_config',
    'ops',
]

lanes.use_keras_2()

# The modules of the names above; `ops` is one itself.
_HOMES = {
    'Config': 'settings.config',
    'Predictor': 'inference.predictor',
    'build_discriminator': 'models.discriminators.build',
    'build_model': 'models.registry',
    'import_pytorch': 'pytorch_files.importing',
    'load_config': 'settings.flags',
}


def __getattr__(name: str) -> Any:
    if name == 'ops':
        return importlib.import_module('posewarp_tf.ops')
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(f'posewarp_tf.{_HOMES[name]}'), name)


def __dir__() -> list[str]:
    return __all__
