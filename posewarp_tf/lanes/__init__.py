"""The two sets of packages that posewarp_tf runs on, and what stands in for a package that one of them lacks.

    Python 3.9 to 3.11   TensorFlow 2.15, its own Keras 2, tensorflow-addons, tensorflow-io, keras-cv
    Python 3.12, 3.13    TensorFlow 2.21, Keras 2 from tf-keras, keras-cv

Each optional package is used in one file of this folder, beside a twin of stock TensorFlow that gives the same
numbers; the twin serves where the package is not installed. Importing this module imports no TensorFlow.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys

from posewarp_tf.errors import LaneError

# The package on PyPI, and the module that it installs.
OPTIONAL_PACKAGES = {
    'tensorflow-addons': 'tensorflow_addons',
    'keras-cv': 'keras_cv',
    'tensorflow-io': 'tensorflow_io',
}
_SWITCH = 'TF_USE_LEGACY_KERAS'
# Packages that are there but would meet Keras 3: where TensorFlow was imported before the switch was set, `tf.keras` is
# Keras 2 all the same, but `from tensorflow.keras import ...`, which keras-cv uses, is not. Their twins serve.
_OUT_OF_PLACE: set[str] = set()
# From this TensorFlow on, tf.keras is Keras 3 unless the switch is set.
_FIRST_WITH_KERAS_3 = (2, 16)


def use_keras_2() -> None:
    """Makes `tf.keras` Keras 2, which the models are written for; called once, when posewarp_tf is imported.

    Raises:
        LaneError: a TensorFlow whose tf.keras would be Keras 3 without tf-keras, or one whose tf.keras was used
            before posewarp_tf was imported and is Keras 3 already.
    """
    version = installed_version('tensorflow')
    if version is None or _major_minor(version) < _FIRST_WITH_KERAS_3:
        return
    if importlib.util.find_spec('tf_keras') is None:
        raise LaneError(
            f'TensorFlow {version} brings Keras 3, posewarp_tf needs Keras 2: pip install '
            f'"tf-keras=={version.rpartition(".")[0]}.*"'
        )
    tensorflow = sys.modules.get('tensorflow')
    if tensorflow is not None and os.environ.get(_SWITCH) != '1':
        _OUT_OF_PLACE.add('keras-cv')
    os.environ[_SWITCH] = '1'
    # An earlier `import tensorflow` does no harm as long as its keras, which it loads when asked, was not used.
    if tensorflow is not None and not tensorflow.keras.layers.Layer.__module__.startswith('tf_keras'):
        raise LaneError(
            'tf.keras is Keras 3 already, posewarp_tf needs Keras 2: import posewarp_tf before the first use of '
            f'tf.keras, or set {_SWITCH}=1 in the environment'
        )


def has(package: str) -> bool:
    """Whether one of `OPTIONAL_PACKAGES` is installed and can be used; if not, its twin serves."""
    return package not in _OUT_OF_PLACE and importlib.util.find_spec(OPTIONAL_PACKAGES[package]) is not None


def installed_version(package: str) -> str | None:
    """The version of an installed package, None if it is not installed; the package is not imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe() -> str:
    """One line: TensorFlow, Keras, and of each optional package its version or that its twin serves."""
    tensorflow = installed_version('tensorflow')
    keras = f'tf-keras {installed_version("tf-keras")}' if os.environ.get(_SWITCH) == '1' else 'its own Keras 2'
    parts = [f'Python {platform.python_version()}', f'TensorFlow {tensorflow or "missing"} with {keras}']
    parts += [
        f'{package} {installed_version(package)}' if has(package) else f'no {package} (stock TensorFlow instead)'
        for package in OPTIONAL_PACKAGES
    ]
    return ', '.join(parts)


def _major_minor(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split('.')[:2])
