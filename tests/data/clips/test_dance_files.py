"""Folders of videos are read as published, and what does not fit is named."""

import csv
import json
import shutil

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.data.check import check
from posewarp_tf.data.clips.dance_files import load_clips
from posewarp_tf.data.clips.dance_lists import read_list
from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.data.materials import material_of
from posewarp_tf.data.shard import WHOLE
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.poses.skeletons import COCO_17
from posewarp_tf.training.plan import maps_to_train
from tests.data.clips.tiny_videos import LENGTHS, clean, config_of, noisy, write_joints, write_videos


@pytest.fixture
def root(tmp_path):
    return write_videos(tmp_path, with_masks=True)


def load(root, split='train', **settings):
    return load_clips(config_of(root, **settings).data, split)


def test_frames_are_paired_with_clean_joints_and_the_first_twenty_with_found_ones(root):
    clips = load(root)
    assert clips.names == ['a', 'b', 'c']
    assert clips.lengths.tolist() == [34, 31, 12]
    assert clips.reference_lengths.tolist() == [20, 20, 12]
    frame = clips.starts[1] + 7
    assert clips.frames[frame].endswith('train_A/b/00007.png')
    assert clips.masks[frame].endswith('train_C/b/00007.png')
    np.testing.assert_allclose(clips.joints[frame], clean('b', 7))
    reference = clips.reference_starts[2] + 11
    assert clips.references[reference].endswith('train_A/c/00011.png')
    nose, wrist = COCO_17.index('nose'), COCO_17.index('left_wrist')
    found = noisy('c', 11)
    np.testing.assert_allclose(clips.reference_joints[reference, nose], found[0])
    np.testing.assert_allclose(clips.reference_joints[reference, wrist], found[JOINT_NAMES.index('left_wrist')])
    # Nobody was found in frame 3, which is no error.
    assert not clips.reference_joints[clips.reference_starts[0] + 3].any()
    assert clips.sizes.tolist() == [[48, 24]] * 3


def test_videos_and_files_are_paired_by_order_and_their_numbers_have_to_agree(root):
    (root / 'train_256/train_video2d/b').rename(root / 'train_256/train_video2d/bb')
    assert load(root).lengths.tolist() == [34, 31, 12]
    (root / 'train_256/train_alphapose/b/00007_keypoints.json').unlink()
    with pytest.raises(DataError, match=r'train_alphapose/b: got 30 files, expected 31 as in .*train_A/b'):
        load(root)
    (root / 'train_256/train_C/c').rename(root / 'elsewhere')
    with pytest.raises(DataError, match=r'train_C: got 2 videos, expected 3 .*without c'):
        load(root)


def test_what_is_missing_or_no_layout_of_videos_is_named(root):
    with pytest.raises(ConfigError, match='--dataset: got deepfashion'):
        load(root, dataset='deepfashion')
    with pytest.raises(ConfigError, match='--dataset: got iper, expected a layout of pairs'):
        load_dataset(config_of(root, dataset='iper').data, 'train', (64, 32))
    (root / 'test_256/train_video2d').rename(root / 'test_256/train_2d')
    with pytest.raises(DataError, match='train_video2d: no such folder, expected joints that motion extraction'):
        load(root, 'test')
    (root / 'test_256').rename(root / 'other')
    with pytest.raises(DataError, match='no folder test_256 or val_256'):
        load(root, 'test')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}', 'got 3 numbers, expected x, y and score of 17 joints'),
        ('{"people": [{"pose_keypoints_2d": [' + 'NaN,' * 50 + '1]}]}', 'numbers that are not finite'),
        ('{"persons": []}', "'people'"),
        ('[1, 2', 'expected {"people"'),
    ],
)
def test_bad_joints_are_named_with_their_file(root, content, message):
    path = root / 'train_256/train_video2d/a/00002.json'
    path.write_text(content)
    with pytest.raises(DataError) as error:
        load(root)
    assert str(path) in str(error.value) and message in str(error.value)


def test_a_list_says_what_to_test_with_paths_of_another_machine(root):
    def paths(folder, names, end='.png'):
        return [f'./dataset/dance/test_256/{folder}/{name}{end}' for name in names]

    frames, references = ('d/00002', 'd/00003', 'd/00004'), ('e/00001', 'e/00003')
    row = {
        'A_paths': {'gen': paths('train_A', frames), 'ref': paths('train_A', references)},
        'B_paths_noise': {'gen': [], 'ref': paths('train_alphapose', references, '_keypoints.json')},
        'B_paths_clean': {'gen': paths('train_video2d', frames, '.json'), 'ref': []},
    }
    with open(root / 'test_list.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, ['', *row])
        writer.writeheader()
        writer.writerow({'': 0, **row})
    clips = load(root, 'test')
    assert clips.names == ['d'] and clips.lengths.tolist() == [3] and clips.reference_lengths.tolist() == [2]
    np.testing.assert_allclose(clips.joints[1], clean('d', 3))
    np.testing.assert_allclose(clips.reference_joints[0, 0], noisy('e', 1)[0])

    text = (root / 'test_list.csv').read_text()
    (root / 'test_list.csv').write_text(text.replace('00003.json', '00033.json'))
    with pytest.raises(DataError, match='row 1: no file .*00033.json'):
        load(root, 'test')
    (root / 'test_list.csv').write_text(text.replace("'gen'", '__import__'))
    with pytest.raises(DataError, match='row 1: A_paths: expected'):
        load(root, 'test')


def test_cells_of_lists_are_as_long_as_videos_are(root, tmp_path):
    many = 4500
    cells = {
        'A_paths': {'gen': ['test_256/train_A/d/00000.png'] * many, 'ref': ['test_256/train_A/d/00001.png']},
        'B_paths_noise': {'gen': [], 'ref': ['test_256/train_alphapose/d/00001_keypoints.json']},
        'B_paths_clean': {'gen': ['test_256/train_video2d/d/00000.json'] * many, 'ref': []},
    }
    path = tmp_path / 'list.csv'
    with open(path, 'w', newline='') as file:
        writer = csv.DictWriter(file, cells)
        writer.writeheader()
        writer.writerow(cells)
    before = csv.field_size_limit()
    assert len(str(cells['A_paths'])) > before
    (video,) = read_list(str(path), str(root), str(root / 'test_256'))
    assert len(video.frames) == len(video.clean) == many
    # The limit of whoever else reads tables stays.
    assert csv.field_size_limit() == before


def test_a_good_folder_passes_the_check_and_is_drawn_and_a_bad_one_fails(root, capsys):
    config = config_of(root, model='gfla_dance', stage_steps={'full': 1})
    findings = check(config, str(root / 'sheet.png'), decode_all=True)
    assert findings.problems == []
    said = capsys.readouterr().out
    assert f'3 videos of {sum(LENGTHS["train"].values())} frames' in said and 'for every frame' in said
    assert 'fewer than 30 frames, which training leaves out: 1' in said
    assert (root / 'sheet.png').stat().st_size > 1000

    # Pairs of pictures cannot be made of videos.
    assert check(config_of(root), str(root / 'sheet.png'), decode_all=False).problems == [
        'videos, of which this model makes no clips: 1'
    ]

    (root / 'train_256/train_A/a/00004.png').write_bytes(b'nothing')
    other = json.loads((root / 'test_256/train_video2d/d/00000.json').read_text())['people'][0]['pose_keypoints_2d']
    for frame in range(8):
        write_joints(root / f'test_256/train_video2d/d/{frame:05d}.json', 9 * np.array(other).reshape(17, 3)[:, :2])
    findings = check(config, str(root / 'sheet.png'), decode_all=True)
    assert findings.problems == ['unreadable pictures: 1']
    assert any('joints of frames' in note for note in findings.notes)
    assert '00004.png' in capsys.readouterr().out


def test_the_check_finds_videos_too_short_for_a_window_and_masks_that_are_not_there(tmp_path, capsys):
    root = write_videos(tmp_path)
    config = config_of(root, model='gfla_dance', stage_steps={'full': 1}, foreground_correctness=True)
    findings = check(config, str(root / 'sheet.png'), decode_all=False)
    assert findings.problems == ['masks: 1']
    assert 'needed: target_masks by --foreground_correctness' in capsys.readouterr().out
    with pytest.raises(DataError, match='no masks of the foreground'):
        material_of(config).training(config, maps_to_train(config), 0, load_clips(config.data, 'train'), WHOLE)

    config = config.replace(foreground_correctness=False)
    for kind in ('A', 'alphapose', 'video2d'):
        shutil.rmtree(root / f'train_256/train_{kind}/a')
        shutil.rmtree(root / f'train_256/train_{kind}/b')
    # Clips of the longest video are taken then, of which twelve frames are two windows.
    findings = check(config, str(root / 'sheet.png'), decode_all=False)
    assert findings.problems == [] and not any('training leaves out' in note for note in findings.notes)
    for kind in ('A', 'alphapose', 'video2d'):
        for path in sorted((root / f'train_256/train_{kind}/c').iterdir())[5:]:
            path.unlink()
    assert check(config, str(root / 'sheet.png'), decode_all=False).problems == ['videos that are too short: 1']
