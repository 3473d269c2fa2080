"""Opens a page in the browser that puts the person of a photo into another pose; nothing leaves this computer.

    posewarp app
    posewarp app --run_dir=runs/quickstart

serves the page of exports/mobile until Ctrl-C: drop a photo, joints appear, choose a pose, compare, save. The
browser itself runs the model: the one that comes with posewarp_tf, or that of a run folder. It is exported to TFLite
first, once; the file stays in the user's cache until the weights change.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import pathlib
import threading
import webbrowser

from absl import flags, logging

from posewarp_tf.errors import ConfigError
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line

_PRECISION = 'float16'


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, f'{RUN_DIR_HELP} Exported to TFLite first, once.')
    flags.DEFINE_string('model', None, 'Instead: a .tflite file that export-tflite wrote, its metadata.json beside it.')
    flags.DEFINE_string('host', 'localhost', 'Where to listen; 0.0.0.0 lets the whole network in.')
    flags.DEFINE_integer('port', 8090, 'Port to listen on; 0: any that is free.', lower_bound=0, upper_bound=65535)
    flags.DEFINE_boolean('find_joints', True, 'Let the page find joints; otherwise they are placed by hand.')
    flags.DEFINE_string('pose_model', None, 'What finds them, as in `posewarp pose`; default: found or fetched once.')
    flags.DEFINE_boolean('open_browser', True, 'Open the page in a browser.')


def main() -> None:
    from posewarp_tf.page_server.built_page import built_page
    from posewarp_tf.page_server.served_model import load_served_model
    from posewarp_tf.page_server.server import PageServer, is_local
    from posewarp_tf.page_server.site import make_site

    given = flags.FLAGS
    if given.run_dir is not None and given.model is not None:
        raise ConfigError('--run_dir, --model: got both, expected one: a run folder, or a .tflite file')
    # The port first: what comes then may take a minute.
    with PageServer(given.host, given.port) as server:
        page = built_page()
        path = os.path.expanduser(given.model) if given.model else exported(chosen_run(given.run_dir))
        model = load_served_model(path)
        finders = pose_models(given.pose_model) if given.find_joints else {}
        server.site = make_site(page, model.with_pose_models(finders) if finders else model)
        print(f'posewarp: {server.url} (Ctrl-C ends it)', flush=True)
        if not is_local(given.host):
            _warn_of_others(given.host, server.server_port)
        if given.open_browser:
            # A browser in a terminal does not return before it is closed.
            threading.Thread(target=_open, args=(server.url,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print('\nended')


def exported(run_dir: pathlib.Path) -> pathlib.Path:
    """The TFLite file of a run, from the cache if it is there.

    Raises:
        ConfigError: the exporter's packages are missing.
        DataError: the model needs more than a photo and joints.
        RunError: the run folder cannot be exported.
    """
    from posewarp_tf.models.inputs import raw_inputs
    from posewarp_tf.page_server.cached_export import cached_export
    from posewarp_tf.page_server.served_model import require_photo_and_joints
    from posewarp_tf.runs.run_folder import RunFolder

    run = RunFolder(run_dir)
    inputs = raw_inputs(run.load_config().model.inputs)
    require_photo_and_joints((raw.name for raw in inputs), f'{run.path}: the model')
    return cached_export(run, lambda folder: _export(run.path, folder)) / f'posewarp_{_PRECISION}.tflite'


def pose_models(pose_model: str | None) -> dict[str, bytes]:
    """The networks that find joints, {part of the page: contents}; empty where none are found or named.

    Raises:
        ConfigError: `pose_model` is not one.
    """
    from posewarp_tf.detection.models import load_models

    try:
        models = load_models(pose_model)
    except ConfigError as error:
        if pose_model is not None:
            raise
        print(f'note: joints are placed by hand: {error}', flush=True)
        return {}
    return {'detector': models.detector, 'landmarks': models.landmarks}


def _export(run_dir: pathlib.Path, folder: pathlib.Path) -> None:
    from posewarp_tf.__main__ import find_module

    if importlib.util.find_spec('ai_edge_litert') is None:
        raise ConfigError(
            f'--run_dir={run_dir}: exporting it to TFLite needs ai-edge-litert: pip install '
            "'posewarp_tf[export]', or give a file that was exported elsewhere by --model"
        )
    print(f'exporting {run_dir} to TFLite, once', flush=True)
    logging.set_verbosity(logging.ERROR)  # Or saving graphs says more than there is to read.
    exporter = find_module('exports.tflite.export')
    with contextlib.redirect_stdout(io.StringIO()):  # What it compares with is of no interest here.
        run = find_module('exports.trained_run').TrainedRun(run_dir)
        exporter.export_tflite(run, folder, [_PRECISION], check_pairs=2, calibration_pairs=1, timed_runs=1)


def _warn_of_others(host: str, port: int) -> None:
    from posewarp_tf.page_server.server import network_address

    print(
        f'warning: --host={host}: everyone in your network can open the page and fetch the model. Photos stay in the '
        'browser that opens them. Without https the model runs with one thread there.'
    )
    address = network_address()
    if address:
        print(f'others find it at http://{address}:{port}/', flush=True)


def _open(url: str) -> None:
    if not webbrowser.open(url):
        print(f'no browser was found: open {url} in one', flush=True)


if __name__ == '__main__':
    command_line.run(define_flags, main)
