"""MVC-style folders: lists of the same form, joints in pixels of the pictures."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.pipeline import make_test_dataset
from posewarp_tf.errors import DataError
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.settings import Settings

# Larger than the published frame of DeepFashion, and of another shape.
SIZE = (224, 192)
NAMES = [f'2257822-{view}-4x.jpg' for view in ('p', '1', '2')]


def keypoints(picture):
    points = np.stack([10.0 * np.arange(18) + picture, 12.0 * np.arange(18) + 2], axis=1)
    points[17] = -1
    return points


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / 'image').mkdir()
    (tmp_path / 'parts').mkdir()
    rows = ['name:keypoints_y:keypoints_x']
    for i, name in enumerate(NAMES):
        Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(tmp_path / 'image' / name)
        Image.fromarray(np.full(SIZE, i + 1, np.uint8)).save(tmp_path / 'parts' / name.replace('.jpg', '.png'))
        x, y = keypoints(i).T.tolist()
        rows.append(f'{name}: {json.dumps(y)}: {json.dumps(x)}')
    for split in ('train', 'test'):
        (tmp_path / f'mvc-pairs-{split}.csv').write_text(f'from,to\n{NAMES[0]},{NAMES[1]}\n{NAMES[2]},{NAMES[0]}\n')
        (tmp_path / f'mvc-annotation-{split}.csv').write_text('\n'.join(rows))
    return tmp_path


def _batch(folder, **settings):
    config = Config().replace(data_dir=str(folder), dataset='mvc', image_size=(64, 96), **settings)
    return next(make_test_dataset(config, batch_size=2).as_numpy_iterator())


def test_joints_are_scaled_from_the_size_of_the_pictures(folder, capsys):
    batch = _batch(folder)
    assert '224x192 (the size of the pictures)' in capsys.readouterr().out
    for row, (source, target) in enumerate(((0, 1), (2, 0))):
        for side, number in (('source', source), ('target', target)):
            points = keypoints(number)
            expected = np.where(points < 0, -1, points * [96 / SIZE[1], 64 / SIZE[0]])
            np.testing.assert_allclose(batch[f'{side}_keypoints'][row], expected, atol=1e-4)
            assert np.all(batch[f'{side}_parts'][row] == number + 1)


def test_pictures_of_different_sizes_ask_for_the_frame(folder):
    Image.new('RGB', (100, 224)).save(folder / 'image' / NAMES[1])
    with pytest.raises(DataError, match='different sizes.*--keypoint_size=height,width'):
        _batch(folder)
    batch = _batch(folder, keypoint_size=(448, 192))
    np.testing.assert_allclose(batch['source_keypoints'][0, 1], [10 * 96 / 192, 14 * 64 / 448], atol=1e-4)


def test_a_row_of_such_a_list_serves_prediction_too(folder):
    found = load_keypoints(folder / 'mvc-annotation-test.csv', SIZE, NAMES[1])
    np.testing.assert_allclose(found, keypoints(1), atol=2e-3)


def test_the_check_passes_such_a_folder(folder):
    command = [sys.executable, '-m', 'posewarp_tf.data.check', f'--data_dir={folder}', '--dataset=mvc']
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'mvc-annotation-test.csv' in done.stdout and 'PASS' in done.stdout


@pytest.fixture(scope='module')
def synthetic_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('people') / 'mvc'
    settings = Settings(1, 1, 2, 2, (64, 48), max_yaw=30, layout='mvc')
    write_dataset(folder, settings, num_processes=1, show_progress=False)
    write_dataset(folder.parent / 'plain', dataclasses.replace(settings, layout='deepfashion'), 1, False)
    return folder


def test_synthetic_people_in_this_layout_are_the_same_people(synthetic_folder):
    batches = []
    for folder, dataset, garments in (('mvc', 'mvc', '20'), ('plain', 'deepfashion', '16')):
        config = Config().replace(
            data_dir=str(synthetic_folder.parent / folder),
            dataset=dataset,
            garment_classes=garments,
            image_size=(64, 32),
        )
        batches.append(next(make_test_dataset(config, batch_size=2).as_numpy_iterator()))
    for key in ('source_image', 'target_parts', 'source_garment', 'target_garment'):
        np.testing.assert_array_equal(batches[0][key], batches[1][key])
    # Whole pixels of two frames.
    np.testing.assert_allclose(batches[0]['source_keypoints'], batches[1]['source_keypoints'], atol=1)


def test_synthetic_maps_have_the_classes_of_other_programs(synthetic_folder):
    def classes(name):
        return {int(n) for path in (synthetic_folder / name).iterdir() for n in np.unique(Image.open(path))}

    assert {14, 15} <= classes('parsing') and max(classes('parsing')) in (18, 19)
    assert max(classes('densepose')) == 24
