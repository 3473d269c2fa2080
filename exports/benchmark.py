"""Times every way to run one model: python -m exports.benchmark --run_dir=runs/quickstart --tflite_dir=models/mobile.

Machines differ and are never quite idle, so all ways take turns in one process, and what counts is the ratio of their
median times to that of the Keras model as one graph.
"""

from __future__ import annotations

import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from absl import flags

from posewarp_tf import command_line

Arrays = Mapping[str, np.ndarray]
Route = Callable[[], Any]

_LITERT_THREADS = (1, 2)
_WARM_UP = 2


def make_routes(
    exportable: Any, saved_model_dir: pathlib.Path, tflite_paths: list[pathlib.Path], pairs: Arrays
) -> dict:
    """{name: call that answers `pairs`}, one per way to run the model; the first is what others are compared to."""
    import tensorflow as tf

    from exports.warm_up import to_files

    own_model = exportable.run.load_model(config=exportable.run.load_config().replace(image_size=_size(exportable)))
    tensors = {name: tf.constant(array) for name, array in pairs.items()}
    encoded = {name: tf.constant(array) for name, array in to_files(pairs).items()}
    signatures = tf.saved_model.load(str(saved_model_dir)).signatures
    keras = tf.function(lambda raw: _keras_image(own_model, raw, exportable.config))
    routes: dict[str, Route] = {
        'Keras': lambda: keras(tensors).numpy(),
        'SavedModel': lambda: signatures['serving_default'](**tensors)['image'].numpy(),
        'SavedModel, picture files': lambda: signatures['serve_bytes'](**encoded)['image_bytes'].numpy(),
    }
    for path in tflite_paths:
        for threads in _LITERT_THREADS:
            routes[f'LiteRT, {path.stem}, {threads} thread{"s"[: threads - 1]}'] = _litert_route(path, threads, pairs)
    return routes


def seconds_of(routes: Mapping[str, Route], repeats: int) -> dict[str, float]:
    """Median time of each route; they take turns, so that a busy moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(_WARM_UP + repeats):
        for name, route in routes.items():
            start = time.perf_counter()
            route()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found[_WARM_UP:]) for name, found in times.items()}


def table(seconds: Mapping[str, float]) -> str:
    """Markdown; ratios to the first entry."""
    first = next(iter(seconds.values()))
    rows = [f'| {name} | {1000 * value:.1f} | {value / first:.2f} |' for name, value in seconds.items()]
    return '\n'.join(['| | median, ms | ratio |', '|---|---|---|', *rows])


def _size(exportable: Any) -> tuple[int, int]:
    return exportable.config.model.image_size


def _keras_image(model: Any, raw: Mapping[str, Any], config: Any) -> Any:
    from posewarp_tf import ops
    from posewarp_tf.data.model_inputs import make_model_inputs

    return ops.to_uint8_image(model(make_model_inputs(raw, config))['image'])


def _litert_route(path: pathlib.Path, threads: int, pairs: Arrays) -> Route:
    from exports.litert import LiteRTReposer

    reposer = LiteRTReposer(path, threads)
    # The files take one pair at a time.
    each = [{name: array[i : i + 1] for name, array in pairs.items()} for i in range(len(pairs['source_image']))]
    return lambda: [reposer.run(pair) for pair in each]


def main() -> None:
    from exports.exportable import Exportable
    from exports.held_out import held_out_pairs
    from exports.saved_model import export_saved_model

    given = flags.FLAGS
    exportable = Exportable(given.run_dir)
    pairs, whose = held_out_pairs(exportable.config, given.batch)
    tflite_paths = [] if given.tflite_dir is None else sorted(pathlib.Path(given.tflite_dir).glob('*.tflite'))
    with tempfile.TemporaryDirectory() as folder:
        saved_model_dir = export_saved_model(given.run_dir, folder, check_pairs=1, batch_sizes=[given.batch])
        seconds = seconds_of(make_routes(exportable, saved_model_dir, tflite_paths, pairs), given.repeats)
    height, width = _size(exportable)
    print(f'{height}x{width}, {given.batch} of the {whose}, {given.repeats} repeats\n\n{table(seconds)}')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder of the model.', required=True)
    flags.DEFINE_string('tflite_dir', None, 'Folder that python -m exports.tflite wrote of the same run and size.')
    flags.DEFINE_integer('batch', 1, 'Pictures at a time.', lower_bound=1)
    flags.DEFINE_integer('repeats', 10, 'Timed repeats.', lower_bound=1)


if __name__ == '__main__':
    define_flags()
    command_line.run(main)
