"""Models for the phone page, and what its browser tests leave for Python to compare; both made once."""

import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from exports.mobile.pose_models import write_pose_models
from exports.tflite.export import export_tflite
from exports.trained_run import TrainedRun
from posewarp_tf.detection.models import FACE, POSE
from posewarp_tf.pictures.picture_files import load_image
from tests.run_folders import SIZE, make_animation_run, picture

MOBILE = pathlib.Path(__file__).parents[2] / 'exports' / 'mobile'


@pytest.fixture(scope='session')
def page_models(tiny_run, tmp_path_factory):
    """What the browser tests are given: models that work and that do not, and pictures."""
    folder = tmp_path_factory.mktemp('models')
    export_tflite(TrainedRun(tiny_run.path), folder, ['float32'], check_pairs=1, calibration_pairs=1, timed_runs=1)
    shutil.move(folder / 'posewarp_float32.tflite', folder / 'tiny.tflite')
    for name, task in (('dance', 'dance'), ('talk', 'face')):
        settings = {'image_size': (32, 32), 'attention_kernels': {1: 1}, 'face_background_edges': False}
        if task == 'face':
            # As the quickstart has them.
            settings.update(base_flow='curves', pixel_blend=True)
        run = make_animation_run(folder / f'{name}_run', task, **settings)
        export_tflite(TrainedRun(run.path), folder / name, ['float32'], 1, calibration_pairs=1, timed_runs=1)
    _convert(_double, [tf.TensorSpec([1, 4], tf.float32, name='x')], folder / 'foreign.tflite')
    keypoints = [tf.TensorSpec([1, 18, 2], tf.float32, name=f'{side}_keypoints') for side in ('source', 'target')]
    _convert(_blur_hugely, [tf.TensorSpec([1, *SIZE, 3], tf.uint8, name='source_image'), *keypoints],
             folder / 'huge.tflite')  # fmt: skip
    face = load_image(MOBILE / 'page' / 'face.jpg')
    Image.fromarray(np.pad(face, ((60, 90), (300, 40), (0, 0)), constant_values=128)).save(folder / 'face.png')
    Image.fromarray(picture(SIZE)).save(folder / 'small.png')
    Image.fromarray(picture((700, 460), seed=1)).save(folder / 'large.png')
    Image.new('1', (10_000, 10_000)).save(folder / 'huge.png')
    _save_sideways(folder / 'sideways.jpg')
    for form, how in {
        'lossy': {},
        'lossless': {'lossless': True},
        'animated': {'save_all': True, 'append_images': [Image.fromarray(picture((50, 70), 1))]},
    }.items():
        Image.fromarray(picture((50, 70))).save(folder / f'{form}.webp', **how)
    return folder


@pytest.fixture(scope='session')
def page_pose_models(tmp_path_factory):
    """The folder of those that find joints, and landmarks of faces."""
    folder = tmp_path_factory.mktemp('pose_models')
    for pair in (POSE, FACE):
        write_pose_models(folder, pair=pair)
    return folder


@pytest.fixture(scope='session')
def page_results(page_models, page_pose_models, tmp_path_factory):
    """Runs the browser tests, all in one go, and returns where they put what Python compares."""
    folder = tmp_path_factory.mktemp('results')
    run_npm(
        ['test'], {'POSEWARP_MODELS': page_models, 'POSEWARP_POSE_MODELS': page_pose_models, 'POSEWARP_RESULTS': folder}
    )
    return folder


def run_node(script):
    """What a script prints that has the page's modules in ./page/js, as JSON."""
    command = ['node', '--input-type=module', '-']
    done = subprocess.run(command, cwd=MOBILE, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def run_npm(arguments, environment=None):
    assert shutil.which('npm'), 'npm is not installed: the phone page needs Node.js 20 or newer'
    assert (MOBILE / 'node_modules').is_dir(), 'npm packages are missing: run `make test-mobile`'
    environment = {**os.environ, **{name: str(value) for name, value in (environment or {}).items()}}
    done = subprocess.run(
        ['npm', 'run', '--silent', *arguments],
        cwd=MOBILE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    # The first test that failed, of many.
    said = done.stdout[max(done.stdout.find('not ok'), 0) :]
    assert done.returncode == 0, f'npm run {" ".join(arguments)}:\n{said[:8000]}\n{done.stderr[-2000:]}'
    return done.stdout


def _convert(function, specs, path):
    module = tf.Module()
    module.serve = tf.function(function, input_signature=specs)
    saved = path.with_suffix('.saved_model')
    tf.saved_model.save(module, str(saved), signatures={'serving_default': module.serve})
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())


def _double(x):
    return {'y': 2.0 * x + 1.0}


def _blur_hugely(source_image, source_keypoints, target_keypoints):
    """Two maps of 2.7 GB at once: more than WebAssembly's 4 GiB."""
    image = tf.cast(source_image, tf.float32) + tf.reduce_sum(source_keypoints + target_keypoints)
    large = tf.image.resize(image, [15_000, 15_000])
    blurred = tf.nn.avg_pool2d(large, 3, 1, 'SAME')
    return {'image': tf.cast(tf.image.resize(blurred, SIZE), tf.uint8)}


def _save_sideways(path):
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:48], upright[48:] = (255, 0, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn it clockwise by a quarter to see it upright.
    Image.fromarray(np.rot90(upright)).save(path, exif=exif, quality=95, subsampling=0)
