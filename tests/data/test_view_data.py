"""Objects from all sides are paired as published, and batches hang on seed and step alone."""

import shutil

import h5py
import numpy as np
import pytest

from posewarp_tf.data.check import check
from posewarp_tf.data.picture_store import reading
from posewarp_tf.data.view_files import ViewReader, load_views
from posewarp_tf.data.views import make_test_views, make_training_views
from posewarp_tf.errors import DataError
from posewarp_tf.ops import to_uint8_image
from posewarp_tf.poses.views import views_of_poses
from posewarp_tf.settings.config import Config
from tests.shards import assert_parts_are_the_whole

TRUTH = {'flow': 'a test', 'visibility': 'a test'}


def config_of(folder, **settings):
    defaults = {'image_size': (32, 32), 'batch_size': 6, 'stage_steps': {'flow': 1, 'full': 1}}
    return Config().replace(model='gfla_views', data_dir=str(folder), **{**defaults, **settings})


def batches_of(config, count, start=0, needed=()):
    dataset = make_training_views(config, dict(needed), start, load_views(config.data, 'train'))
    return [batch for _, batch in zip(range(count), dataset.as_numpy_iterator())]


def parsed(names):
    """Objects, and poses (azimuth / 10, elevation), of the names of groups."""
    objects, *poses = zip(*(name.decode().split('_') for name in names))
    return objects, np.array(poses, int).T


@pytest.fixture
def copied(views_folder, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(views_folder, tmp_path / 'copy')


def test_pairs_show_one_object_from_the_same_elevation_and_every_azimuth(views_folder):
    batches = batches_of(config_of(views_folder), 36)
    with h5py.File(views_folder / 'data_chair.hdf5') as file:
        for batch in batches:
            (objects, sources), (others, targets) = (parsed(batch[f'{role}_name']) for role in ('source', 'target'))
            assert objects == others and np.array_equal(sources[:, 1], targets[:, 1])
            np.testing.assert_array_equal(batch['source_view'], views_of_poses(sources))
            np.testing.assert_array_equal(batch['target_view'], views_of_poses(targets))
            name = batch['target_name'][2].decode()
            np.testing.assert_array_equal(to_uint8_image(batch['target_image'][2]), file[name]['image'])
    # 108 listed views, 18 batches of 6: an epoch has each of them once.
    for epoch in (batches[:18], batches[18:]):
        assert len({name for batch in epoch for name in batch['source_name']}) == 108
    assert {azimuth for batch in batches for azimuth in parsed(batch['target_name'])[1][:, 0]} == set(range(0, 36, 2))
    assert set(batches[0]) == {f'{role}_{what}' for role in ('source', 'target') for what in ('image', 'view', 'name')}


def test_a_run_that_goes_on_sees_the_same_and_any_elevation_can_be_asked_for(views_folder):
    config = config_of(views_folder)
    straight, (resumed,) = batches_of(config, 3), batches_of(config, 1, start=2)
    for name, values in straight[2].items():
        np.testing.assert_array_equal(values, resumed[name])
    assert not np.array_equal(straight[0]['target_name'], straight[1]['target_name'])
    free = batches_of(config_of(views_folder, view_elevations='any'), 8)
    pairs = [(parsed(batch['source_name'])[1], parsed(batch['target_name'])[1]) for batch in free]
    assert any(np.any(source[:, 1] != target[:, 1]) for source, target in pairs)


def test_parts_of_several_workers_are_those_of_the_whole_batch(views_folder):
    config = config_of(views_folder, view_elevations='any')
    examples = load_views(config.data, 'train')
    assert_parts_are_the_whole(lambda shard: make_training_views(config, {}, 1, examples, shard), count=3)


def test_a_test_object_is_shown_from_its_own_azimuth_and_turned_all_around(copied):
    (copied / 'name_chair_test.txt').write_text('chair00000\nchair00001\n')
    (batch,) = make_test_views(config_of(copied), 36).as_numpy_iterator()
    objects, sources = parsed(batch['source_name'])
    _, targets = parsed(batch['target_name'])
    assert objects == ('chair00000',) * 18 + ('chair00001',) * 18
    assert sources[:, 0].tolist() == [0] * 18 + [2] * 18 and not sources[:, 1].any()
    assert targets[:, 0].tolist() == list(range(0, 36, 2)) * 2 and not targets[:, 1].any()
    few = list(make_test_views(config_of(copied), 2, 3).as_numpy_iterator())
    assert [len(batch['source_name']) for batch in few] == [2, 1]


def test_names_of_objects_may_have_any_letters(copied):
    with h5py.File(copied / 'data_chair.hdf5', 'a') as file:
        for name in [name for name in file if name.startswith('chair00000')]:
            file.move(name, name.replace('chair', 'Stühlchen'))
    (copied / 'name_chair_test.txt').write_text('Stühlchen00000\n', encoding='utf-8')
    batch = next(make_test_views(config_of(copied), 2).as_numpy_iterator())
    assert [name.decode() for name in batch['target_name']] == ['Stühlchen00000_0_0', 'Stühlchen00000_2_0']


def test_truth_is_there_in_testing_and_where_training_asks_for_it(views_folder, copied):
    (batch,) = batches_of(config_of(views_folder), 1, needed=TRUTH)
    assert batch['flow'].shape == (6, 32, 32, 2) and batch['visibility'].dtype == np.uint8
    same = batch['source_name'] == batch['target_name']
    assert not np.any(batch['flow'][same])
    assert 'flow' in next(make_test_views(config_of(views_folder), 2).as_numpy_iterator())
    with h5py.File(copied / 'data_chair.hdf5', 'a') as file:
        for view in file.values():
            del view['depth']
    assert 'flow' not in next(make_test_views(config_of(copied), 2).as_numpy_iterator())
    with pytest.raises(DataError, match='no depths, .*needed: flow by a test; visibility by a test'):
        batches_of(config_of(copied), 1, needed=TRUTH)


def test_pictures_are_squashed_to_the_size_of_the_model_and_kept(views_folder):
    examples = load_views(config_of(views_folder).data, 'train')
    reader = ViewReader(examples.path, (16, 48), keep=True)
    picture = reader.picture('chair00002_4_10')
    assert picture.shape == (16, 48, 3) and reader.picture('chair00002_4_10') is picture
    with pytest.raises(DataError, match='exact flows are of square pictures, got 16x48'):
        reader.truth('chair00002_4_10', 'chair00002_6_10')


def test_what_is_missing_or_damaged_is_named(copied, tmp_path):
    data = config_of(copied).data
    with pytest.raises(DataError, match=r'no data_car.hdf5 or data_chair.hdf5'):
        load_views(config_of(tmp_path).data, 'train')
    with pytest.raises(DataError, match=r'no data_car.hdf5: expected a folder'):
        load_views(config_of(copied, view_category='car').data, 'train')
    (copied / 'data_car.hdf5').write_bytes(b'no HDF5')
    with pytest.raises(DataError, match='holds data_car.hdf5 and data_chair.hdf5: give --view_category'):
        load_views(data, 'train')
    with pytest.raises(DataError, match=r'data_car.hdf5: no HDF5 file, or a damaged one'):
        ViewReader(str(copied / 'data_car.hdf5'), (32, 32)).picture('a_0_0')
    (copied / 'data_car.hdf5').unlink()
    (copied / 'id_chair_train.txt').write_text('chair00001_0_0\nchair00001_1_0\n')
    with pytest.raises(DataError, match=r"id_chair_train.txt: row 2: got 'chair00001_1_0', expected <object>_"):
        load_views(data, 'train')
    (copied / 'name_chair_test.txt').write_text('chair00007\n')
    with pytest.raises(DataError, match="no group 'chair00007_0_0'"), reading():
        next(make_test_views(config_of(copied), 2).as_numpy_iterator())


def test_data_is_checked_before_training(views_folder, copied, tmp_path, capsys):
    def problems(folder, **settings):
        return check(config_of(folder, **settings), str(tmp_path / 'sheet.png'), decode_all=True).problems

    assert problems(views_folder) == []
    assert '2 objects, 108 views of them' in capsys.readouterr().out
    assert (tmp_path / 'sheet.png').exists()
    with h5py.File(copied / 'data_chair.hdf5', 'a') as file:
        del file['chair00001_4_10'], file['chair00002_0_0/image']
        file['chair00001_6_10/pose'][...] = [8, 10]
    assert problems(copied) == ['missing views: 1', 'unusable views: 2']
    printed = capsys.readouterr().out
    assert 'chair00001_4_10' in printed and 'chair00001_6_10/pose: got (8, 10), expected (6, 10)' in printed
    with h5py.File(copied / 'data_chair.hdf5', 'a') as file:
        for view in file.values():
            del view['depth']
    weights = {'full': {'supervised_flow': 1.0}, 'flow': {'affine': 1.0}}
    assert any('no' in problem and 'depths' in problem for problem in problems(copied, loss_weights=weights))
    assert problems(tmp_path)
