import pathlib
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.errors import RunError
from posewarp_tf.training.progress import Progress
from tests.motions import moving


@pytest.fixture
def progress(tmp_path):
    with Progress('full', 0, 10, batch_size=4, log_dir=tmp_path / 'logs') as progress:
        yield progress


def written(folder):
    """Tag -> [(step, value)] of everything in TensorBoard's files."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob('events.*')):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, tf.make_ndarray(value.tensor)))
    return found


def test_losses_are_averaged_since_they_were_last_read(progress):
    for step, loss in enumerate((1.0, 2.0, 6.0), start=1):
        progress.add(step, {'l1': tf.constant(loss)}, input_seconds=0.0)
    assert progress.read('')['l1'] == pytest.approx(3.0)
    progress.add(4, {'l1': tf.constant(5.0)}, input_seconds=0.0)
    assert progress.read('')['l1'] == pytest.approx(5.0)


def test_speed_counts_only_the_time_since_the_clock_was_restarted(progress):
    progress.add(1, {'l1': tf.constant(1.0)}, input_seconds=0.0)
    time.sleep(0.3)
    progress.restart_clock()
    time.sleep(0.1)
    progress.add(2, {'l1': tf.constant(1.0)}, input_seconds=0.05)
    values = progress.read('')
    assert 4 / 0.25 < values['images_per_second'] <= 4 / 0.1
    assert values['input_share'] == pytest.approx(0.05 * values['images_per_second'] / 4)


def test_every_frame_of_a_clip_counts_as_an_image(progress, monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, 'perf_counter', lambda: now)
    progress.restart_clock()
    for step in (1, 2):
        progress.add(step, {'l1': tf.constant(1.0)}, input_seconds=0.0, images_per_example=30)
    now = 108.0
    assert progress.read('')['images_per_second'] == 2 * 4 * 30 / 8


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_losses_that_are_not_finite_name_the_step_the_losses_and_the_way_back(progress, bad):
    progress.add(6, {'l1': tf.constant(0.25), 'style': tf.constant(2.0)}, input_seconds=0.0)
    progress.add(7, {'l1': tf.constant(0.5), 'style': tf.constant(bad)}, input_seconds=0.0)
    progress.add(8, {'l1': tf.constant(bad), 'style': tf.constant(bad)}, input_seconds=0.0)
    with pytest.raises(RunError, match=f'stage full, step 7: .*l1=0.5, style={bad}.*step-5'):
        progress.read('the last good checkpoint is x/step-5')


def test_scalars_and_pictures_reach_tensorboard_and_the_sample_folder(progress, tmp_path):
    progress.show(3, {'l1': 0.5, 'images_per_second': 8.0, 'learning_rate': 1e-3})
    progress.write_scalars(3, {'total': 0.75}, 'validation')
    rng = np.random.default_rng(0)
    batch = {
        'source_image': tf.constant(rng.uniform(-1, 1, (2, 32, 32, 3)), tf.float32),
        'target_image': tf.constant(rng.uniform(-1, 1, (2, 32, 32, 3)), tf.float32),
        'target_keypoints': tf.constant(rng.uniform(0, 32, (2, 18, 2)), tf.float32),
    }
    outputs = {
        'image': batch['target_image'],
        **moving([tf.ones((2, 8, 8, 2))], [tf.ones((2, 8, 8, 1))], [tf.fill((2, 8, 8, 9), 1 / 9)]),
    }
    progress.write_pictures(4, batch, outputs, tmp_path / 'samples' / 'full-4.png')
    found = written(tmp_path / 'logs')
    assert found['training/l1'] == [(3, 0.5)]
    assert found['training/images_per_second'] == [(3, 8.0)]
    assert found['training/learning_rate'] == [(3, np.float32(1e-3))]
    assert found['validation/total'] == [(3, 0.75)]
    ((step, picture),) = found['pictures']
    width, height = Image.open(tmp_path / 'samples' / 'full-4.png').size
    assert step == 4
    assert (int(picture[0]), int(picture[1])) == (width, height)
    # Eight pictures a row, two rows, each at least as large as the model's pictures.
    assert width >= 8 * 32 and height >= 2 * 32
