"""A prepared folder gives the batches of the folder that it was made of, and is whole or not there."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.data.check import check
from posewarp_tf.data.picture_store import reading
from posewarp_tf.data.pipeline import make_test_dataset, make_training_dataset
from posewarp_tf.data.prepare import prepare
from posewarp_tf.data.prepared import PreparedSplit, find_prepared, packed_split
from posewarp_tf.errors import ConfigError, DataError
from tests.source_code import ROOT

NEEDED = dict.fromkeys(('source_parts', 'target_parts', 'source_garment', *TRUTH_KEYS), 'a test')


@pytest.fixture
def people(tiny_dataset):
    """Maps and flows of all, a PNG with alpha among the pictures, and a JPEG that is turned by its EXIF data."""
    root, rng = tiny_dataset.root, np.random.default_rng(3)
    for folder in ('parts', 'parsing', 'flows'):
        (root / folder).mkdir()
    for i in range(4):
        for folder, count in (('parts', 11), ('parsing', 16)):
            Image.fromarray(rng.integers(0, count, (32, 24), np.uint8)).save(root / folder / f'person{i}.png')
        for j in range(4):
            flow, visibility = rng.normal(size=(32, 24, 2)), rng.integers(0, 3, (32, 24), np.uint8)
            np.savez_compressed(root / 'flows' / f'person{i}__person{j}.npz', flow=flow, visibility=visibility)
    (root / 'train' / 'person1.jpg').unlink()
    Image.fromarray(rng.integers(0, 256, (64, 48, 4), np.uint8)).save(root / 'train' / 'person1.png')
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8)).save(root / 'train' / 'person2.jpg', exif=exif)
    return tiny_dataset


def _config(people, folder=None, **settings):
    return people.config(garment_classes='own', data_dir=str(folder or people.root), **settings)


def _prepare(people, name='prepared', **options):
    folder = people.root.parent / name
    prepare(_config(people).data, folder, 3, num_workers=1, show_progress=False, **options)
    return folder


def _batches(config):
    training = make_training_dataset(config, NEEDED, start_step=2).take(3)
    test = make_test_dataset(config, batch_size=5, max_pairs=7)
    return [*training.as_numpy_iterator(), *test.as_numpy_iterator()]


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_batches_are_bit_by_bit_those_of_the_folder_from_a_disk_and_from_behind_a_url(people):
    prepared = _prepare(people)
    for name, contents in _contents(prepared).items():
        with tf.io.gfile.GFile(f'ram://bucket/{name}', 'wb') as file:
            file.write(contents)
    expected = _batches(_config(people, cache_images=False))
    assert {*NEEDED, 'source_pose', 'target_keypoints'} <= expected[0].keys()
    for place, cached in ((prepared, False), ('ram://bucket', True)):
        batches = _batches(_config(people, place, cache_images=cached))
        assert len(batches) == len(expected) == 5
        for batch, other in zip(batches, expected):
            assert batch.keys() == other.keys()
            for key in batch:
                np.testing.assert_array_equal(batch[key], other[key], err_msg=f'{place}: {key}')


def test_shards_are_tfrecords_of_the_files_as_they_were_and_the_index_has_their_checksums(people):
    prepared = _prepare(people)
    index = json.loads((prepared / 'prepared.json').read_text())
    found = {}
    for shard in index['shards']:
        contents = (prepared / shard['name']).read_bytes()
        assert (len(contents), hashlib.sha256(contents).hexdigest()) == (shard['bytes'], shard['sha256'])
        records = list(tf.data.TFRecordDataset(str(prepared / shard['name'])).as_numpy_iterator())
        assert len(records) == shard['records'] <= 3
        for record in records:
            entries = tf.train.Example.FromString(record).features.feature.items()
            features = {key: entry.bytes_list.value or entry.float_list.value for key, entry in entries}
            names = [features[key][0].decode() for key in ('name', 'source', 'target') if key in features]
            found[(shard['name'][:5], *names)] = features
    assert len(found) == 2 * (4 + 12)
    for i in range(4):
        picture = people.root / 'train' / ('person1.png' if i == 1 else f'person{i}.jpg')
        features = found['train', f'person{i}.jpg']
        assert features['image'][0] == picture.read_bytes()
        assert features['garment'][0] == (people.root / 'parsing' / f'person{i}.png').read_bytes()
        np.testing.assert_array_equal(np.reshape(features['keypoints'], (18, 2)), people.keypoints(i))
    flow = people.root / 'flows' / 'person1__person3.npz'
    assert found['test-', 'person1.jpg', 'person3.jpg']['flow'][0] == flow.read_bytes()


def test_a_stopped_run_goes_on_with_shards_that_are_verified_and_parts_make_the_same_folder(people, tmp_path):
    whole = _contents(_prepare(people, 'whole'))
    picture = people.root / 'test' / 'person3.jpg'
    good = picture.read_bytes()
    picture.write_bytes(good[:40])
    with pytest.raises(DataError, match=r'test/person3\.jpg: '):
        _prepare(people, 'parts')
    picture.write_bytes(good)
    assert not (tmp_path / 'parts').exists()
    unfinished = tmp_path / '.parts-unfinished'
    kept, damaged = (unfinished / f'train-0000{i}-of-00002.tfrecord' for i in range(2))
    before = os.stat(kept).st_mtime_ns
    damaged.write_bytes(damaged.read_bytes()[:-1] + b'x')
    (unfinished / '.test-00001-half.tfrecord').write_bytes(b'half')
    _prepare(people, 'parts', shard=(2, 2))
    assert not (tmp_path / 'parts').exists()
    _prepare(people, 'parts', shard=(1, 2))
    assert os.stat(tmp_path / 'parts' / kept.name).st_mtime_ns == before
    assert _contents(tmp_path / 'parts') == whole
    config = _config(people)
    assert prepare(config.data, tmp_path / 'parts', 3, 1, show_progress=False) is None
    with pytest.raises(DataError, match='parts: already holds something else, or was prepared with other settings'):
        prepare(config.data, tmp_path / 'parts', 4, 1, show_progress=False)


def test_check_passes_a_prepared_folder_and_names_a_damaged_shard(people, tmp_path, capsys):
    prepared = _prepare(people)
    sheet = str(tmp_path / 'sheet.png')
    config = _config(people, prepared, pose_representation='both')
    assert check(config, sheet, decode_all=False).problems == []
    said = capsys.readouterr().out
    assert '12 pairs' in said and 'parts: 11 body parts' in said and 'an exact flow for every pair' in said
    with open(prepared / 'train-00001-of-00002.tfrecord', 'r+b') as file:
        file.seek(50)
        file.write(b'!')
    (prepared / 'test-00000-of-00002.tfrecord').write_bytes(b'')
    problems = check(config, sheet, decode_all=False).problems
    said = capsys.readouterr().out
    assert problems[0] == 'damaged shards: 2'
    assert 'train-00001-of-00002.tfrecord: damaged: its SHA-256' in said
    assert 'test-00000-of-00002.tfrecord: got 0 bytes, expected' in said
    test = make_test_dataset(config.replace(cache_images=False), batch_size=12)
    with (
        pytest.raises(DataError, match=r'person\d\.(jpg|png): got 0 bytes, expected \d+: .*tfrecord is damaged'),
        reading(),
    ):
        list(test)


def test_what_a_prepared_folder_was_not_made_with_is_refused(people, tmp_path):
    _prepare(people)
    for settings, words in (
        ({'dataset': 'market'}, '--dataset: got market, but .*prepared was prepared with deepfashion'),
        ({'keypoint_size': (128, 64)}, '--keypoint_size: got 128,64, but .*prepared was prepared without it'),
    ):
        with pytest.raises(ConfigError, match=words):
            make_test_dataset(_config(people, tmp_path / 'prepared', **settings), batch_size=2)
    with pytest.raises(DataError, match='prepared is prepared already'):
        prepare(_config(people, tmp_path / 'prepared').data, tmp_path / 'again', num_workers=1)
    with pytest.raises(DataError, match=r'--data_dir: no ram://nowhere/prepared\.json: folders behind URLs are read'):
        find_prepared('ram://nowhere')
    index = tmp_path / 'prepared' / 'prepared.json'
    for text, words in (
        (index.read_text().replace('"form": 1', '"form": 0'), 'got form 0, expected 1'),
        ('{"form": 1}', 'not the index of a prepared folder: expected codings, dataset'),
        ('{"form', 'not the index of a prepared folder: Unterminated string'),
    ):
        index.write_text(text)
        with pytest.raises(DataError, match=rf'prepared\.json: {words}'):
            find_prepared(str(tmp_path / 'prepared'))


_LOAD = """
import resource, sys
from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.settings.sections import DataConfig
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pairs = len(load_dataset(DataConfig(data_dir=sys.argv[1]), 'train', (256, 256)).rows)
print(pairs, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_lists_of_a_million_pairs_take_less_than_600_megabytes(people):
    prepared, count = _prepare(people), 477_000
    rng = np.random.default_rng(0)
    names = [f'fashionWOMENDressesid{number:08d}01_1front.jpg' for number in range(count)]
    rows = rng.integers(0, count, (1_000_000, 2)).astype(np.int32)
    places = np.stack([np.zeros(count), np.arange(count), np.ones(count)], axis=1).astype(np.int64)
    joints = rng.integers(0, 176, (count, 18, 2)).astype(np.float32)
    contents = packed_split(PreparedSplit(names, joints, rows, [], {'image': places}))
    (prepared / 'train.npz').write_bytes(contents)
    index = json.loads((prepared / 'prepared.json').read_text())
    index['lists']['train']['sha256'] = hashlib.sha256(contents).hexdigest()
    (prepared / 'prepared.json').write_text(json.dumps(index))
    command = [sys.executable, '-c', _LOAD, str(prepared)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    pairs, kilobytes = map(int, done.stdout.splitlines()[-1].split())
    assert pairs == 1_000_000 and kilobytes < 600_000
