"""The commands whose numbers stand in the documents."""

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.photo_pairs import PhotoPairs
from posewarp_tf.errors import DataError
from posewarp_tf.photos.accuracy import COLUMNS, Answer, drawn_pairs, exact_answer, scores
from posewarp_tf.photos.benchmark import time_network, time_steps
from tests.tiny_dataset import PICTURE_NAMES, PICTURE_SIZE, TinyDataset


def test_full_resolution_of_drawn_people_is_nearer_to_the_truth_than_stretching():
    ((source, target),) = drawn_pairs(1, (192, 128), max_yaw=35.0, white_background=True)
    answer = exact_answer(source, target, (48, 32), blurs=True)
    assert answer.picture.shape == (48, 32, 3)
    assert answer.flow.shape == (24, 16, 2)
    found = scores(source, target, answer, [2])
    stretched, full = (dict(zip(COLUMNS, values)) for values in found.values())
    assert list(found) == ['stretched', 'full resolution, 2 octaves']
    assert full['ssim of the person'] > stretched['ssim of the person']
    assert full['l1 of the person'] < stretched['l1 of the person']
    assert full['high band, dB'] > stretched['high band, dB']


def test_every_step_is_timed():
    seconds = time_steps((96, 64), (48, 32), repeats=2)
    assert list(seconds)[:2] == ['crop of the window', 'answer at full resolution']
    assert all(len(values) == 2 and np.min(values) >= 0 for values in seconds.values())


def test_the_network_is_timed_for_a_photo_and_for_a_pose(tiny_predictor):
    seconds = time_network(tiny_predictor, (96, 64), repeats=2)
    assert list(seconds) == ['network, for a photo', 'network, for a pose']
    assert all(len(values) == 2 and np.min(values) > 0 for values in seconds.values())


def test_pairs_of_a_data_set_are_made_as_small_as_asked_for_and_never_larger(tiny_dataset):
    (tiny_dataset.root / 'parts').mkdir()
    parts = np.zeros(PICTURE_SIZE, np.uint8)
    parts[16:48, 12:24] = 3
    for name in PICTURE_NAMES:
        Image.fromarray(parts).save(tiny_dataset.root / 'parts' / f'{name.split(".")[0]}.png')
    pairs = PhotoPairs(str(tiny_dataset.root), (32, 24), max_pairs=2)
    assert len(pairs) == len(list(pairs)) == 2
    source, target = next(iter(pairs))
    np.testing.assert_allclose(source.keypoints[0], TinyDataset.keypoints(0)[0] / 8 * [24 / 22, 1], atol=1e-4)
    # Nothing is nearer to a picture than itself, and nothing has just as much detail.
    itself = Answer(source.image, np.zeros((16, 12, 2), np.float32), np.ones((16, 12, 1), np.float32))
    (found,) = scores(source, source, itself, octaves=[]).values()
    assert dict(zip(COLUMNS, found))['l1 of the person'] == 0
    assert found[4] == found[5] > 0
    for photo in (source, target):
        assert photo.image.shape == (32, 24, 3)
        assert set(photo.parts[8:24, 6:12].ravel()) == {3}
        assert np.count_nonzero(photo.parts) == 16 * 6
    Image.fromarray(0 * parts).save(tiny_dataset.root / 'parts' / 'person1.png')
    with pytest.raises(DataError, match=r'person1\.png: nobody is in this map'):
        list(PhotoPairs(str(tiny_dataset.root), (32, 24), max_pairs=2))
    with pytest.raises(DataError, match='got 64x48, expected at least 128x96: larger pictures, or a smaller --scale'):
        next(iter(PhotoPairs(str(tiny_dataset.root), (128, 96), max_pairs=1)))
