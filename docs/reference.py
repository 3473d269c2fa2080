"""Writes the API reference from the docstrings, as HTML, with pdoc: `make docs`, which puts it into dist/docs.

    python docs/reference.py dist/docs

A warning of pdoc (a module that cannot be imported, a type that cannot be resolved) is an error.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import pkgutil
import sys
import types
import warnings

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import pdoc
import pdoc.render

import posewarp_tf  # before TensorFlow, so that all packages meet Keras 2

PACKAGES = ('posewarp_tf', 'exports', 'custom_ops')
# What PyTorch runs is no module of this project's packages, and cannot be imported without it.
LEFT_OUT = {'custom_ops.benchmarks': ['pytorch_network']}


def write_reference(output_dir: pathlib.Path) -> None:
    """One page for each module of the packages, and an index of all that can be searched."""
    for name in posewarp_tf.__all__:
        # Public names are resolved when they are used, which pdoc does not do.
        setattr(posewarp_tf, name, getattr(posewarp_tf, name))
    for package in PACKAGES:
        _show_modules(importlib.import_module(package))
    pdoc.render.configure(docformat='google', show_source=False, footer_text=f'posewarp_tf {posewarp_tf.__version__}')
    with warnings.catch_warnings():
        warnings.filterwarnings('error', module=r'pdoc\b')
        # The types in a NamedTuple are read without the imports of its module; they are shown as they are written.
        warnings.filterwarnings('ignore', r'Error parsing type annotation ForwardRef', module=r'pdoc\b')
        if sys.version_info < (3, 10):
            # That Python cannot evaluate the types `X | Y`; they are shown as they are written.
            warnings.filterwarnings('ignore', 'Error parsing type annotation', module=r'pdoc\b')
        pdoc.pdoc(*PACKAGES, output_directory=output_dir)


def _show_modules(package: types.ModuleType) -> None:
    """Adds a package's modules to its `__all__`, if it has one: pdoc shows nothing else then."""
    if package.__name__ in LEFT_OUT:
        setattr(package, '__all__', [])  # noqa: B010, mypy knows no such attribute
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith('_') and module.name not in LEFT_OUT.get(package.__name__, ()):
            shown = getattr(package, '__all__', None)
            if shown is not None and module.name not in shown:
                setattr(package, '__all__', [*shown, module.name])  # noqa: B010, mypy knows no such attribute
            if module.ispkg:
                _show_modules(importlib.import_module(f'{package.__name__}.{module.name}'))


if __name__ == '__main__':
    write_reference(pathlib.Path(sys.argv[1]))
    print(f'{sys.argv[1]}/index.html')
