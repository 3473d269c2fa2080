"""Skeletons are read and changed as published, and batches hang on seed and step alone."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.data.skeleton_files import load_skeletons
from posewarp_tf.data.skeletons import augment, make_test_skeletons, make_training_skeletons
from posewarp_tf.errors import DataError
from posewarp_tf.poses.skeletons import to_skeletons
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.skeletons import NOISY_FILE, TRUTH_FILE, write_skeletons
from tests.shards import assert_parts_are_the_whole


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'skeletons'
    write_skeletons(folder, 7, seed=1)
    return folder


def config_of(folder, **settings):
    return Config().replace(model='motion', data_dir=str(folder), batch_size=4, **settings)


def test_coordinates_and_augmentation_are_the_published_ones(golden):
    reference = golden('motion_extraction_train')
    meta = reference.meta
    for pixels, expected in (('train_pixels', 'train_input'), ('train_truth_pixels', 'train_truth')):
        skeletons = to_skeletons(reference[pixels], (1000, 1000))[np.newaxis]
        changed = augment(
            tf.constant(skeletons), *(tf.constant([meta[name]], tf.float32) for name in ('scale', 'delta_y', 'delta_x'))
        )
        np.testing.assert_allclose(changed[0], reference[expected].T, atol=1e-5)


def test_subjects_9_and_11_are_for_testing(folder):
    train, test = load_skeletons(str(folder), 'train'), load_skeletons(str(folder), 'test')
    assert len(train.names) == 20 and len(test.names) == 8
    assert {name.split('/')[0] for name in test.names} == {'S9', 'S11'}
    assert train.noisy.shape == train.truth.shape == (train.lengths.sum(), 34)


def test_a_batch_holds_the_truth_about_the_middle_of_what_goes_in(folder):
    batch = next(iter(make_test_skeletons(config_of(folder), 4)))
    assert batch['skeletons'].shape == (4, 104, 34) and batch['target_skeletons'].shape == (4, 24, 34)
    sequences = load_skeletons(str(folder), 'test')
    np.testing.assert_array_equal(batch['target_skeletons'][1], sequences.truth[24:48])
    np.testing.assert_array_equal(batch['skeletons'][1, 40:64], sequences.noisy[24:48])
    # Before the beginning there is only the first frame.
    np.testing.assert_array_equal(batch['skeletons'][0, :41], sequences.noisy[:1].repeat(41, axis=0))


def test_noisy_and_true_ones_are_changed_alike_and_a_run_that_goes_on_sees_the_same(folder):
    config = config_of(folder)
    sequences = load_skeletons(str(folder), 'train')
    straight = iter(make_training_skeletons(config, 0, sequences))
    batches = [next(straight) for _ in range(3)]
    resumed = next(iter(make_training_skeletons(config, 2, sequences)))
    for name, values in batches[2].items():
        np.testing.assert_array_equal(values, resumed[name])
    assert not np.array_equal(batches[0]['skeletons'], batches[1]['skeletons'])
    hips = [np.median(batches[0][name][:, frames, 11], axis=1) for name, frames in (('skeletons', slice(40, 64)),)]
    truth = np.median(batches[0]['target_skeletons'][:, :, 4], axis=1)
    assert np.abs(hips[0] - truth).max() < 0.1


def test_parts_of_several_workers_are_those_of_the_whole_batch(folder):
    sequences = load_skeletons(str(folder), 'train')
    assert_parts_are_the_whole(lambda shard: make_training_skeletons(config_of(folder), 2, sequences, shard), count=4)


def test_sequences_that_do_not_fit_are_left_out_and_missing_files_named(folder, tmp_path):
    joints = np.ones((200, 17, 2), np.float32)
    for name, lengths in ((TRUTH_FILE, (200, 200)), (NOISY_FILE, (190, 199))):
        positions = {'S1': {'walk': [joints[:length] for length in lengths]}}
        np.savez(tmp_path / name, positions_2d=np.array(positions, dtype=object))
    kept = load_skeletons(str(tmp_path), 'train')
    assert kept.names == ['S1/walk/1'] and kept.lengths.tolist() == [199]
    with pytest.raises(DataError, match='no sequence of subjects S9 and S11'):
        load_skeletons(str(tmp_path), 'test')
    (tmp_path / NOISY_FILE).unlink()
    with pytest.raises(DataError, match=f'{NOISY_FILE}: no such file'):
        load_skeletons(str(tmp_path), 'train')
    with pytest.raises(DataError, match='already holds something'):
        write_skeletons(folder, 7)
