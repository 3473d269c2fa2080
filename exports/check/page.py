"""Runs a TFLite file in the phone page's own runtime, in Chromium, through the npm scripts of exports/mobile."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf.errors import RunError

FOLDER = pathlib.Path(__file__).resolve().parents[1] / 'mobile'
_TIMEOUT = 600


def missing_for_page() -> str:
    """What is missing to run the page, in words; empty if nothing is."""
    if not shutil.which('npm'):
        return 'npm is not installed'
    if not (FOLDER / 'node_modules').is_dir():
        return 'npm --prefix exports/mobile ci has not been run'
    # Where Chromium may be, the scripts know.
    script = "import('./tools/browser.mjs').then(({ findChromium }) => findChromium())"
    done = subprocess.run(['node', '-e', script], cwd=FOLDER, capture_output=True, text=True, check=False)
    return (done.stderr or done.stdout).strip().removeprefix('error: ') if done.returncode else ''


def page_answers(model_path: pathlib.Path, pairs: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """The answers of the page's runtime to raw inputs of batch 1; metadata.json lies beside the model.

    Raises:
        RunError: Chromium is missing, or the page cannot run the model.
    """
    with tempfile.TemporaryDirectory() as temporary:
        inputs, outputs = pathlib.Path(temporary) / 'inputs', pathlib.Path(temporary) / 'outputs'
        for i, pair in enumerate(pairs):
            (inputs / str(i)).mkdir(parents=True)
            for name, array in pair.items():
                np.save(inputs / str(i) / f'{name}.npy', array)
        _run_script('check', f'--model={model_path.resolve()}', f'--inputs={inputs}', f'--out={outputs}')
        return [{path.stem: np.load(path) for path in (outputs / str(i)).iterdir()} for i in range(len(pairs))]


def page_milliseconds(model_path: pathlib.Path, timed_runs: int) -> float:
    """Median time of one inference with one thread of WebAssembly."""
    return _run_script('time', f'--model={model_path.resolve()}', f'--runs={timed_runs}')['median_ms']


def _run_script(name: str, *arguments: str) -> dict[str, Any]:
    command = ['npm', 'run', '--silent', name, '--', *arguments]
    try:
        done = subprocess.run(
            command, cwd=FOLDER, env=os.environ, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(f'exports/mobile: npm run {name}: no answer within {_TIMEOUT} s') from error
    if done.returncode:
        raise RunError(f'exports/mobile: npm run {name}: {(done.stderr or done.stdout).strip()[-2000:]}')
    return json.loads(done.stdout.strip().splitlines()[-1])
