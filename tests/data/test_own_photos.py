"""One's own photos become a data set that training reads, with everybody in one split only."""

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.own_photos import photos_by_person, split_people, spread_pairs, write_photos
from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import Person
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.settings.config import Config
from tests.run_folders import person
from tests.tiny_dataset import training_dataset

# A person who fills little of a wide photo.
LEFT, SIZE = 150, (120, 90)


class Lamp(PoseEstimator):
    """Finds a person where a photo is not black, and all joints at known places of it."""

    def find(self, image):
        if not image.any():
            return []
        keypoints = person(SIZE, 0) + np.float32([LEFT, 30])
        return [Person(keypoints.astype(np.float32), np.ones(18, np.float32), (LEFT, 30, LEFT + 90, 150), None)]


def _save(path, seed=0, lit=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((200, 400, 3), 60 * lit, np.uint8)
    if lit:
        (x, y), _ = Lamp().find(image)[0].keypoints[0], None
        image[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4] = [250, 20 * seed, 0]
    Image.fromarray(image).save(path)


def test_photos_become_a_data_set_that_training_reads(tmp_path):
    for who in ('anna', 'ben', 'cleo'):
        for number in range(3):
            _save(tmp_path / 'photos' / who / f'{number}.png', number)
    _save(tmp_path / 'photos' / 'anna' / 'night.png', lit=False)
    _save(tmp_path / 'photos' / 'dan' / 'alone.png')
    made = write_photos(tmp_path / 'photos', tmp_path / 'mine', Lamp, (128, 88), 0.3, 4)
    assert [len(made.people[split]) for split in ('train', 'test')] == [2, 1]
    assert made.pairs == {'train': 8, 'test': 4}
    assert 'night.png: nobody was found' in made.failures[0] and made.failures[1] == 'dan: one picture makes no pair'
    config = Config().replace(data_dir=str(tmp_path / 'mine'), image_size=(128, 64), batch_size=2)
    batch = next(training_dataset(config).as_numpy_iterator())
    for side in ('source', 'target'):
        for name, image, keypoints in zip(*(batch[f'{side}_{key}'] for key in ('name', 'image', 'keypoints'))):
            # The nose was painted red; the person fills the picture.
            column, row = np.rint(keypoints[0]).astype(int)
            assert image[row, column, 0] > 0.7 and image[row, column, 2] < -0.4
            assert np.ptp(keypoints[:, 1]) > 0.6 * 128
            assert name.decode().split('/')[0] in made.people['train']
    assert load_image(tmp_path / 'mine' / 'contact_sheet.png').any()


def test_people_are_told_by_folder_or_by_name_and_split_the_same_way_each_time(tmp_path):
    for name in ('anna_beach_1.png', 'anna_beach_2.png', 'ben-1.png'):
        _save(tmp_path / 'flat' / name)
    assert {who: len(paths) for who, paths in photos_by_person(tmp_path / 'flat').items()} == {
        'anna_beach': 2,
        'ben': 1,
    }
    with pytest.raises(
        DataError, match='got 1 people with two pictures or more, expected at least 2.*ben: one picture'
    ):
        write_photos(tmp_path / 'flat', tmp_path / 'mine', Lamp, (64, 64), 0.1, 4)
    assert not (tmp_path / 'mine').exists()
    _save(tmp_path / 'flat' / 'holiday.png')
    with pytest.raises(DataError, match=r'holiday\.png: says not who it is'):
        photos_by_person(tmp_path / 'flat')
    names = [f'person {number}' for number in range(40)]
    split = split_people(names, 0.25)
    assert split_people(names[::-1], 0.25) == split and len(split['test']) == 10
    assert sorted(split['train'] + split['test']) == sorted(names)
    assert len(set(spread_pairs(names, 50))) == 50 and len(spread_pairs(names[:3], 50)) == 6
