"""One model through every export, the pictures compared after each step."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from posewarp_tf import files
from posewarp_tf.errors import RunError
from posewarp_tf.runs.run_folder import RunFolder

from ..trained_run import TrainedRun
from .report import compare_steps, markdown

# What the page must keep of LiteRT's picture on this machine: levels of 255 that it may differ by, and least PSNR in
# dB. Their kernels round in another order, which quantised layers amplify; a wrong picture is far from either limit.
_MAX_PAGE_DIFFERENCE = {'float32': 2, 'float16': 2}
_MIN_PAGE_PSNR = 30.0

Arrays = Mapping[str, np.ndarray]


def check_exports(
    run: TrainedRun,
    output_dir: str | os.PathLike,
    num_pairs: int = 4,
    timed_runs: int = 10,
    require_page: bool = False,
) -> dict[str, Any]:
    """Exports, compares, times; returns the contents of check.json.

    Raises:
        RunError: a run that makes no pictures, an export that differs by more than it may, or the page is required and
            cannot be run.
    """
    from ..held_out import each_pair
    from ..saved_model.export import export_saved_model
    from ..tflite.export import export_tflite
    from .page import missing_for_page, page_answers, page_milliseconds

    output_dir = pathlib.Path(output_dir)
    # Other models have exports too, but no pictures to compare.
    RunFolder(run.path).load_config_of('pictures')
    missing = missing_for_page()
    if missing and require_page:
        raise RunError(f'--require_page: {missing}')
    version = export_saved_model(run, output_dir / 'saved_model', check_pairs=num_pairs)
    tflite = export_tflite(run, output_dir / 'tflite', check_pairs=num_pairs, timed_runs=1)
    paths = {precision: output_dir / 'tflite' / file['file'] for precision, file in tflite['files'].items()}
    runners = _runners(run, version, paths)
    all_pairs, whose = run.held_out_pairs(num_pairs)
    pairs = each_pair(all_pairs)
    pictures = {name: np.stack([run(pair) for pair in pairs]).astype(int) for name, run in runners.items()}
    milliseconds = _interleaved_medians(runners, pairs[0], timed_runs)
    before = {name: 'Keras' if name == 'SavedModel' else 'SavedModel' for name in runners if name != 'Keras'}
    for precision, path in paths.items() if not missing else ():
        name = f'Chromium WASM {precision}'
        pictures[name] = np.stack([answer['image'] for answer in page_answers(path, pairs)]).astype(int)
        milliseconds[name], before[name] = page_milliseconds(path, timed_runs), _litert(precision, 1)
        shortfall = _page_shortfall(precision, pictures[name] - pictures[before[name]])
        if shortfall:
            raise RunError(f'{path}: the page differs from LiteRT {shortfall}')
    report = {
        'run': run.path.resolve().name,
        'image_size': list(run.original.config.model.image_size),
        'pairs': whose,
        'num_pairs': len(pairs),
        'timed_runs': timed_runs,
        'page': f'not run: {missing}' if missing else 'run in Chromium with one thread',
        'steps': [dataclasses.asdict(row) for row in compare_steps(pictures, before, milliseconds)],
    }
    files.write_text(output_dir / 'check.json', json.dumps(report, indent=2) + '\n')
    files.write_text(output_dir / 'check.md', markdown(report))
    return report


def _page_shortfall(precision: str, differences: np.ndarray) -> str:
    """How the page's pictures miss the limits; empty if they keep them."""
    from ..tflite.report import psnr

    largest, found = int(np.abs(differences).max()), psnr(differences)
    if largest > _MAX_PAGE_DIFFERENCE.get(precision, 255):
        return f'by {largest} levels, at most {_MAX_PAGE_DIFFERENCE[precision]}'
    if found is not None and found < _MIN_PAGE_PSNR:
        return f'at a PSNR of {found:.1f} dB, at least {_MIN_PAGE_PSNR:g}'
    return ''


def _runners(
    run: TrainedRun, version: pathlib.Path, paths: Mapping[str, pathlib.Path]
) -> dict[str, Callable[[Arrays], np.ndarray]]:
    """{step: from one pair to its picture} of all that runs in this process."""
    import tensorflow as tf

    from ..tflite.litert import LiteRTReposer
    from ..tflite.report import THREADS

    def tensors(pair: Arrays) -> dict[str, Any]:
        return {name: tf.constant(array) for name, array in pair.items()}

    def with_litert(path: pathlib.Path, threads: int) -> Callable[[Arrays], np.ndarray]:
        reposer = LiteRTReposer(path, threads)
        return lambda pair: reposer.run(pair)['image']

    model = tf.function(run.original, autograph=False)
    serve = tf.saved_model.load(str(version)).signatures['serving_default']
    runners: dict[str, Callable[[Arrays], np.ndarray]] = {
        'Keras': lambda pair: model(tensors(pair))['image'].numpy(),
        'SavedModel': lambda pair: serve(**tensors(pair))['image'].numpy(),
    }
    for precision, path in paths.items():
        runners.update({_litert(precision, threads): with_litert(path, threads) for threads in THREADS})
    return runners


def _litert(precision: str, threads: int) -> str:
    return f'LiteRT {precision}, {threads} thread{"s" if threads > 1 else ""}'


def _interleaved_medians(runners: Mapping[str, Callable], pair: Arrays, timed_runs: int) -> dict[str, float]:
    """In turns, so that a slower moment of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(timed_runs):
        for name, run in runners.items():
            start = time.perf_counter()
            run(pair)
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}
