"""Flow-based person re-posing in TensorFlow.

    model = posewarp_tf.build_model('gfla_fashion')
    prediction = posewarp_tf.Predictor('runs/quickstart').predict(photo, keypoints, target_keypoints)

Names are resolved when they are used: importing this package loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import Any

from posewarp_tf import lanes

__version__ = '0.1.0'

lanes.use_keras_2()

_HOMES = {
    'Config': 'posewarp_tf.settings.config',
    'Predictor': 'posewarp_tf.inference.predictor',
    'build_discriminator': 'posewarp_tf.models.registry',
    'build_model': 'posewarp_tf.models.registry',
    'import_pytorch': 'posewarp_tf.import_pytorch',
    'load_config': 'posewarp_tf.settings.flags',
    'ops': 'posewarp_tf.ops',
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    home = importlib.import_module(_HOMES[name])
    return home if home.__name__.endswith(f'.{name}') else getattr(home, name)


def __dir__() -> list[str]:
    return __all__
