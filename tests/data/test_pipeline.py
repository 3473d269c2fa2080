"""Batches are what the files say, in an order that depends on the seed and the step alone."""

import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.data.picture_store import reading
from posewarp_tf.data.pipeline import make_test_dataset, make_training_dataset
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.ops import to_float_image
from posewarp_tf.pictures.picture_files import load_image, resize_image
from posewarp_tf.poses.heatmaps import make_heatmaps
from tests.shards import assert_parts_are_the_whole
from tests.tiny_dataset import training_dataset

PFL = {'model': 'pfl', 'spatial_transform': 'bilinear', 'use_garment': True, 'stage_steps': {'synthesis': 1}}


def _take(dataset, count):
    return list(dataset.take(count).as_numpy_iterator())


def _assert_same(batch, other):
    assert batch.keys() == other.keys()
    for key in batch:
        np.testing.assert_array_equal(batch[key], other[key], err_msg=key)


def test_test_batches_show_every_pair_in_order_and_a_smaller_last_batch(tiny_dataset):
    batches = list(make_test_dataset(tiny_dataset.config(), batch_size=5).as_numpy_iterator())
    assert [len(batch['source_name']) for batch in batches] == [5, 5, 2]
    names = [
        (source.decode(), target.decode())
        for batch in batches
        for source, target in zip(batch['source_name'], batch['target_name'])
    ]
    assert names == [(f'person{i}.jpg', f'person{j}.jpg') for i in range(4) for j in range(4) if i != j]


def test_max_pairs_are_spread_over_all_pairs(tiny_dataset):
    every = next(make_test_dataset(tiny_dataset.config(), batch_size=12).as_numpy_iterator())
    few = list(make_test_dataset(tiny_dataset.config(), batch_size=8, max_pairs=3).as_numpy_iterator())
    assert len(few) == 1
    _assert_same(few[0], {name: values[[0, 4, 8]] for name, values in every.items()})


def test_batch_holds_the_picture_and_pose_of_its_names(tiny_dataset):
    batch = next(make_test_dataset(tiny_dataset.config(), batch_size=12).as_numpy_iterator())
    for side in ('source', 'target'):
        for i, name in enumerate(batch[f'{side}_name']):
            path = tiny_dataset.root / 'test' / name.decode()
            expected = np.asarray(to_float_image(resize_image(load_image(path), (64, 32))))
            # One grey level: TensorFlow rounds its filter's sums elsewhere than Pillow does.
            np.testing.assert_allclose(batch[f'{side}_image'][i], expected, atol=1.01 / 127.5)
            points = tiny_dataset.keypoints(int(name.decode()[6]))
            expected = np.where(points < 0, -1, points * [32 / 176, 64 / 256])
            np.testing.assert_allclose(batch[f'{side}_keypoints'][i], expected, atol=1e-4)
        pose = make_heatmaps(batch[f'{side}_keypoints'], (64, 32), 6.0)
        np.testing.assert_array_equal(batch[f'{side}_pose'], pose)


@pytest.mark.parametrize(
    'settings',
    [
        {},
        {'augmentation': 'affine', 'color_jitter': True},
        pytest.param({'pair_augmentation': 'affine_bend', 'photo_augmentation': True}, marks=pytest.mark.slow),
    ],
)
def test_training_resumed_at_a_step_sees_the_batches_of_the_straight_run(tiny_dataset, settings):
    _write_flows(tiny_dataset)
    config = tiny_dataset.config(**settings)
    straight = _take(training_dataset(config), 7)
    resumed = _take(training_dataset(config, start_step=4), 3)
    for batch, other in zip(straight[4:], resumed):
        _assert_same(batch, other)
    assert not np.array_equal(straight[0]['source_image'], straight[4]['source_image'])


def test_every_epoch_visits_every_pair_once_in_a_new_order(tiny_dataset):
    batches = _take(training_dataset(tiny_dataset.config()), 12)
    pairs = [pair for batch in batches for pair in zip(batch['source_name'], batch['target_name'])]
    epochs = [pairs[:12], pairs[12:24], pairs[24:]]
    assert all(len(set(epoch)) == 12 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_seed_changes_order_and_augmentation(tiny_dataset):
    config = tiny_dataset.config(augmentation='affine')
    batch = _take(training_dataset(config), 1)[0]
    _assert_same(batch, _take(training_dataset(config), 1)[0])
    other = _take(training_dataset(config.replace(seed=8)), 1)[0]
    assert not np.array_equal(batch['source_image'], other['source_image'])


def test_a_late_step_is_found_at_once(tiny_dataset):
    dataset = training_dataset(tiny_dataset.config(), start_step=10**9)
    start = time.perf_counter()
    next(iter(dataset))
    assert time.perf_counter() - start < 5


def test_uncached_pictures_are_the_cached_ones(tiny_dataset):
    config = tiny_dataset.config()
    for batch, other in zip(
        _take(training_dataset(config), 3), _take(training_dataset(config.replace(cache_images=False)), 3)
    ):
        _assert_same(batch, other)


def test_training_batches_have_a_static_size_and_are_not_sharded_by_file(tiny_dataset):
    config = tiny_dataset.config(batch_size=4)
    dataset = training_dataset(config)
    assert dataset.element_spec['source_image'].shape == (4, 64, 32, 3)
    assert dataset.element_spec['source_pose'].shape == (4, 64, 32, 18)
    policy = dataset.options().experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.OFF


def _write_truth(dataset, split, parts=True):
    rng = np.random.default_rng(1)
    for folder, num_classes in (('parts', 11), ('parsing', 16)):
        (dataset.root / folder).mkdir(exist_ok=True)
        for i in range(4):
            classes = rng.integers(0, num_classes, (64, 32), dtype=np.uint8)
            Image.fromarray(classes).save(dataset.root / folder / f'person{i}.png')


def _write_flows(dataset):
    (dataset.root / 'flows').mkdir()
    rng = np.random.default_rng(2)
    for i in range(4):
        for j in range(4):
            flow = np.tile(np.float32([4.0 * i, 8.0 * j]), (128, 128, 1))
            visibility = rng.integers(0, 3, (128, 128), dtype=np.uint8)
            path = dataset.root / 'flows' / f'person{i}__person{j}.npz'
            np.savez(path, flow=flow.astype(np.float16), visibility=visibility)


def _assert_truth(dataset, batch):
    for k, (source, target) in enumerate(zip(batch['source_name'], batch['target_name'])):
        i, j = int(source.decode()[6]), int(target.decode()[6])
        # From 128x128 to 64x32: dx is a quarter, dy a half of what it was.
        np.testing.assert_array_equal(batch['flow'][k], np.tile(np.float32([i, 4 * j]), (64, 32, 1)))
        with np.load(dataset.root / 'flows' / f'person{i}__person{j}.npz') as file:
            np.testing.assert_array_equal(batch['visibility'][k], file['visibility'][1::2, 2::4])


def test_test_batches_hold_class_maps_and_exact_flows_where_they_exist(tiny_dataset):
    _write_truth(tiny_dataset, 'test')
    _write_flows(tiny_dataset)
    config = tiny_dataset.config(garment_classes='own')
    batch = next(make_test_dataset(config, batch_size=12).as_numpy_iterator())
    for k, (source, target) in enumerate(zip(batch['source_name'], batch['target_name'])):
        i, j = int(source.decode()[6]), int(target.decode()[6])
        for key, folder in (('parts', 'parts'), ('garment', 'parsing')):
            for side, number in (('source', i), ('target', j)):
                expected = np.asarray(Image.open(tiny_dataset.root / folder / f'person{number}.png'))
                np.testing.assert_array_equal(batch[f'{side}_{key}'][k], expected)
    _assert_truth(tiny_dataset, batch)


def test_training_batches_hold_the_exact_flow_where_it_is_asked_for(tiny_dataset):
    _write_flows(tiny_dataset)
    plain, both = tiny_dataset.config(), tiny_dataset.config(pair_augmentation='affine')
    batch = next(make_training_dataset(plain, dict.fromkeys(TRUTH_KEYS, 'a test')).as_numpy_iterator())
    _assert_truth(tiny_dataset, batch)
    assert not set(TRUTH_KEYS) & training_dataset(plain).element_spec.keys()
    only_seen = make_training_dataset(both, {'visibility': 'a test'})
    assert set(TRUTH_KEYS) & only_seen.element_spec.keys() == {'visibility'}
    assert set(TRUTH_KEYS) <= training_dataset(both).element_spec.keys()


def test_pair_augmentation_moves_pictures_maps_and_poses_of_both_sides(tiny_dataset):
    _write_truth(tiny_dataset, 'train')
    _write_flows(tiny_dataset)
    settings = {'pose_representation': 'both', 'garment_classes': 'own'}
    (plain,) = _take(training_dataset(tiny_dataset.config(**settings)), 1)
    for kind in ('affine', 'affine_bend'):
        config = tiny_dataset.config(**settings, pair_augmentation=kind)
        (moved,) = _take(training_dataset(config), 1)
        for side in ('source', 'target'):
            for key in (f'{side}_image', f'{side}_keypoints', f'{side}_parts'):
                assert moved[key].shape == plain[key].shape and np.any(moved[key] != plain[key])
            heatmaps = make_heatmaps(moved[f'{side}_keypoints'], (64, 32), 6.0)
            np.testing.assert_allclose(moved[f'{side}_pose'][..., :18], heatmaps, atol=1e-6)
            np.testing.assert_array_equal(moved[f'{side}_pose'][..., 18:], np.eye(11)[moved[f'{side}_parts']])


def test_photo_augmentation_changes_pictures_alone(tiny_dataset):
    (plain,) = _take(training_dataset(tiny_dataset.config()), 1)
    (changed,) = _take(training_dataset(tiny_dataset.config(photo_augmentation=True)), 1)
    for key, values in plain.items():
        assert np.array_equal(values, changed[key]) == (not key.endswith('image')), key


def test_pair_augmentation_needs_flows_and_no_other_motion(tiny_dataset):
    with pytest.raises(DataError, match=r'no folder flows/ .*flow by --pair_augmentation=affine; visibility by'):
        training_dataset(tiny_dataset.config(pair_augmentation='affine'))
    with pytest.raises(ConfigError, match='--pair_augmentation: got affine_bend with --augmentation=affine'):
        tiny_dataset.config(pair_augmentation='affine_bend', augmentation='affine')


def test_a_missing_flow_is_named(tiny_dataset):
    (tiny_dataset.root / 'flows').mkdir()
    with pytest.raises(DataError, match=r'flows: missing person0__person1.npz.*12 in all'):
        make_test_dataset(tiny_dataset.config(), batch_size=2)


def _expected_maps(dataset, batch, side, folder):
    names = [name.decode().replace('.jpg', '.png') for name in batch[f'{side}_name']]
    return np.stack([np.asarray(Image.open(dataset.root / folder / name)) for name in names])


@pytest.mark.parametrize(
    ('settings', 'keys'),
    [
        ({}, []),
        ({'foreground_correctness': True}, ['target_parts']),
        ({'pose_representation': 'both'}, ['source_parts', 'target_parts']),
        (PFL, ['source_garment']),
        ({**PFL, 'stage_steps': {'garment': 1}}, ['source_garment', 'target_garment']),
        ({**PFL, 'use_garment': False}, []),
    ],
)
def test_training_batches_hold_the_class_maps_that_are_needed(tiny_dataset, settings, keys):
    _write_truth(tiny_dataset, 'train')
    batch = _take(training_dataset(tiny_dataset.config(garment_classes='own', **settings)), 1)[0]
    assert [key for key in sorted(batch) if key.endswith(('parts', 'garment'))] == keys
    for key in keys:
        side, _, kind = key.partition('_')
        folder = {'parts': 'parts', 'garment': 'parsing'}[kind]
        np.testing.assert_array_equal(batch[key], _expected_maps(tiny_dataset, batch, side, folder))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'foreground_correctness': True}, r'no folder parts/ or densepose/ .*--foreground_correctness'),
        ({'pose_representation': 'parts'}, r'no folder parts/ or densepose/ .*--pose_representation=parts'),
        (PFL, r'no folder parsing/ .*source_garment by --use_garment'),
        (
            {**PFL, 'use_garment': False, 'stage_steps': {'pose_flow': 1}},
            'no folder parsing/ .*source_garment by --loss_weights=pose_flow.texture, --loss_weights=pose_flow.label;',
        ),
    ],
)
def test_missing_folder_of_maps_is_named_with_the_flag_that_needs_it(tiny_dataset, settings, message):
    with pytest.raises(DataError, match=message):
        training_dataset(tiny_dataset.config(**settings))


def test_test_batches_need_the_maps_of_the_model_alone(tiny_dataset):
    make_test_dataset(tiny_dataset.config(foreground_correctness=True), batch_size=2)
    with pytest.raises(DataError, match='no folder parsing/ .*--use_garment'):
        make_test_dataset(tiny_dataset.config(**PFL), batch_size=2)


def test_pose_of_both_kinds_is_heatmaps_and_then_parts(tiny_dataset):
    _write_truth(tiny_dataset, 'test')
    for representation, heatmaps in (('both', 18), ('parts', 0)):
        config = tiny_dataset.config(pose_representation=representation, garment_classes='own')
        batch = next(make_test_dataset(config, batch_size=12).as_numpy_iterator())
        pose = batch['target_pose']
        assert pose.shape[-1] == config.model.pose_channels == heatmaps + 11
        np.testing.assert_array_equal(pose[..., heatmaps:], np.eye(11)[batch['target_parts']])
        if heatmaps:
            np.testing.assert_array_equal(pose[..., :18], make_heatmaps(batch['target_keypoints'], (64, 32), 6.0))


def test_class_maps_move_with_the_picture(tiny_dataset):
    _write_truth(tiny_dataset, 'train')
    stages = {'stage_steps': {'garment': 1}}
    config = tiny_dataset.config(
        **{**PFL, **stages, 'pose_representation': 'parts', 'augmentation': 'affine', 'garment_classes': 'own'}
    )
    for i in range(4):
        picture = np.zeros((64, 32, 3), np.uint8)
        picture[20:44, 10:22] = 255
        Image.fromarray(picture).save(tiny_dataset.root / 'train' / f'person{i}.png')
        (tiny_dataset.root / 'train' / f'person{i}.jpg').unlink()
        for folder in ('parts', 'parsing'):
            Image.fromarray(picture[..., 0] // 255).save(tiny_dataset.root / folder / f'person{i}.png')
    batch = _take(training_dataset(config), 1)[0]
    for side in ('source', 'target'):
        bright = batch[f'{side}_image'][..., 0] > 0
        for key in ('parts', 'garment'):
            assert np.mean(bright == batch[f'{side}_{key}'].astype(bool)) > 0.97
        np.testing.assert_array_equal(batch[f'{side}_pose'], np.eye(11)[batch[f'{side}_parts']])
        assert not np.array_equal(bright[0], bright[1])


@pytest.mark.parametrize('cached', [True, False])
def test_truncated_jpeg_is_a_data_error_that_names_the_file(tiny_dataset, cached):
    path = tiny_dataset.root / 'train' / 'person2.jpg'
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DataError, match=r'person2\.jpg.*truncated'), reading():
        _take(training_dataset(tiny_dataset.config(cache_images=cached)), 4)


@pytest.mark.parametrize(('cached', 'message'), [(True, r'person2\.jpg'), (False, 'check --decode_all')])
def test_broken_jpeg_that_looks_whole_is_a_data_error(tiny_dataset, cached, message):
    path = tiny_dataset.root / 'train' / 'person2.jpg'
    contents = path.read_bytes()
    path.write_bytes(contents[:20] + b'\xff\xd9')
    with pytest.raises(DataError, match=message), reading():
        _take(training_dataset(tiny_dataset.config(cache_images=cached)), 4)


def test_empty_picture_file_is_named(tiny_dataset):
    (tiny_dataset.root / 'train' / 'person1.jpg').write_bytes(b'')
    with pytest.raises(DataError, match=r'person1\.jpg: not a picture but an empty file'), reading():
        _take(training_dataset(tiny_dataset.config(cache_images=False)), 4)


@pytest.mark.parametrize(
    'settings',
    [
        {'augmentation': 'affine', 'color_jitter': True},
        pytest.param({'pair_augmentation': 'affine_bend', 'photo_augmentation': True}, marks=pytest.mark.slow),
    ],
)
def test_parts_of_several_workers_are_those_of_the_whole_batch_also_what_is_drawn_at_random(tiny_dataset, settings):
    _write_flows(tiny_dataset)
    config = tiny_dataset.config(batch_size=4, **settings)
    assert_parts_are_the_whole(lambda shard: training_dataset(config, start_step=3, shard=shard))
