"""Commands in processes of their own that begin with TensorFlow imported, so that each takes a second or two."""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import runpy
import sys

CONTEXT = multiprocessing.get_context('forkserver')
# posewarp_tf comes before TensorFlow, so that all packages meet Keras 2.
CONTEXT.set_forkserver_preload(
    ['posewarp_tf', 'tensorflow', 'posewarp_tf.training.trainer', 'posewarp_tf.metrics.scores']
)


def run_module(
    module: str, arguments: list[str], folder: pathlib.Path, seconds: float = 300, log: pathlib.Path | None = None
) -> tuple[int | None, str]:
    """`python -m module arguments` in a folder: its exit code (None: not done in time), and all that it printed.

    `log`: the file that takes what it prints; default: one in the folder.
    """
    log = log or folder / f'.log-{module}'
    process = start_module(module, arguments, folder, log)
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        return None, log.read_text(errors='replace')
    return process.exitcode, log.read_text(errors='replace')


def start_module(
    module: str, arguments: list[str], folder: pathlib.Path, log: pathlib.Path, **environment: str
) -> multiprocessing.process.BaseProcess:
    """The same, without waiting for its end; `environment`: further variables."""
    process = CONTEXT.Process(target=_run, args=(module, arguments, str(folder), str(log), environment))
    process.start()
    return process


def _run(module: str, arguments: list[str], folder: str, log: str, environment: dict[str, str]) -> None:
    with open(log, 'w') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)  # noqa: SIM115
    os.chdir(folder)
    # Neither npm nor a browser is found: `make test-mobile` tests the page for phones.
    os.environ.update(PATH='', TF_CPP_MIN_LOG_LEVEL='3', **environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name='__main__', alter_sys=True)
