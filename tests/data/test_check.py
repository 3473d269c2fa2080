"""The check passes what training can use and fails, by its exit code too, what it cannot."""

import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.benchmark import measure
from posewarp_tf.data.check import check
from posewarp_tf.pictures.class_colors import GARMENT_COLORS, PART_COLORS
from tests.processes import run_module
from tests.tiny_dataset import training_dataset

ROOT = pathlib.Path(__file__).parents[2]


def _check(dataset, **settings):
    return check(dataset.config(**settings), str(dataset.root / 'sheet.png'), decode_all=True)


def _run(*flags):
    command = [sys.executable, '-m', 'posewarp_tf.data.check', *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_good_folder_passes_and_gets_a_contact_sheet(tiny_dataset):
    result = _run(f'--data_dir={tiny_dataset.root}', '--image_size=64,32')
    assert result.returncode == 0, result.stderr
    assert 'PASS' in result.stdout
    for words in ('4 pictures', '12 pairs', '1 people', '256x176 (published frame', '64x48: 4'):
        assert words in result.stdout
    sheet = np.asarray(Image.open(tiny_dataset.root / 'contact_sheet.png'))
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 100


def test_bad_folder_exits_with_an_error_that_names_what_is_wrong(tiny_dataset):
    (tiny_dataset.root / 'train' / 'person3.jpg').unlink()
    result = _run(f'--data_dir={tiny_dataset.root}', '--image_size=64,32')
    assert result.returncode == 1
    assert 'missing pictures: 1' in result.stdout and 'train/person3.jpg' in result.stdout
    assert result.stdout.splitlines()[-1].startswith('FAIL')
    assert _run(f'--data_dir={tiny_dataset.root / "nowhere"}').returncode == 1


def test_contact_sheet_shows_each_picture_with_its_skeleton(tiny_dataset):
    for i in range(4):
        for split in ('train', 'test'):
            Image.new('RGB', (48, 64), 'white').save(tiny_dataset.root / split / f'person{i}.jpg')
    _check(tiny_dataset)
    sheet = np.asarray(Image.open(tiny_dataset.root / 'sheet.png')).astype(int)
    colourful = np.ptp(sheet, axis=-1) > 60
    # Eight pictures in rows of six: every cell of them has drawn limbs.
    height, width = sheet.shape[0] // 2, sheet.shape[1] // 6
    for cell in range(8):
        row, column = divmod(cell, 6)
        assert colourful[row * height : (row + 1) * height, column * width : (column + 1) * width].mean() > 0.01


def _no_pairs(dataset):
    dataset.write_pairs('train', [])


def _no_column(dataset):
    dataset.write_pairs('train', [('a.jpg', 'b.jpg')], header=',source,to')


def _seventeen_joints(dataset):
    dataset.write_annotations('test', [('person0.jpg', [5.0] * 17, [5.0] * 17)])


def _truncated_picture(dataset):
    path = dataset.root / 'test' / 'person1.jpg'
    path.write_bytes(path.read_bytes()[:-300])


def _no_joints_at_all(dataset):
    dataset.write_annotations('train', [(f'person{i}.jpg', [-1.0] * 18, [-1.0] * 18) for i in range(4)])


def _unknown_frame(dataset):
    dataset.write_annotations('train', [(f'person{i}.jpg', [5.0 + 60 * i] * 18, [5.0] * 18) for i in range(4)])


def _bad_map(dataset):
    _write_maps(dataset, 'densepose', 25)
    Image.fromarray(np.full((64, 48), 30, np.uint8)).save(dataset.root / 'densepose' / 'person1.png')


def _write_maps(dataset, folder, num_classes):
    (dataset.root / folder).mkdir()
    for i in range(4):
        classes = np.arange(64 * 48).reshape(64, 48) * num_classes // (64 * 48)
        Image.fromarray(classes.astype(np.uint8)).save(dataset.root / folder / f'person{i}.png')


def _missing_flow(dataset):
    (dataset.root / 'flows').mkdir()


def test_flows_that_training_needs_are_asked_for(tiny_dataset, capsys):
    findings = _check(tiny_dataset, pair_augmentation='affine')
    assert [problem.split(':')[0] for problem in findings.problems] == ['maps and flows of the train split']
    assert 'no folder flows/ of exact flows, which are needed: flow by --pair_augmentation' in capsys.readouterr().out
    assert not _check(tiny_dataset).problems


@pytest.mark.parametrize(
    ('damage', 'problem', 'detail'),
    [
        (_no_pairs, 'pairs', 'no pairs below the header'),
        (_no_column, 'pairs', "no column 'from'"),
        (_seventeen_joints, 'bad annotation rows', 'fasion-annotation-test.csv, row 2: x of the keypoints: got 17'),
        (_truncated_picture, 'unreadable pictures', 'person1.jpg: unreadable picture: image file is truncated'),
        (_no_joints_at_all, 'unusable split', 'no pair can be used'),
        (_unknown_frame, 'unusable split', '--keypoint_size'),
        (_missing_flow, 'maps and flows of the test split', 'missing person0__person1.npz'),
        (_bad_map, 'maps and flows of the test split', 'person1.png: got class 30, expected 0 to 24 (25 classes'),
    ],
)
def test_damage_is_found_and_named(tiny_dataset, capsys, damage, problem, detail):
    damage(tiny_dataset)
    findings = _check(tiny_dataset)
    assert any(title.startswith(problem) for title in findings.problems)
    assert detail in capsys.readouterr().out


def test_pictures_without_joints_are_listed_but_do_not_fail(tiny_dataset, capsys):
    missing = ('person0.jpg', [-1.0] * 18, [-1.0] * 18)
    tiny_dataset.write_annotations(
        'train', [missing, *((f'person{i}.jpg', [50.0] * 18, [90.0] * 18) for i in (1, 2, 3))]
    )
    findings = _check(tiny_dataset)
    assert not findings.problems
    assert findings.notes == ['pictures without any joint: 1', 'pairs that cannot be used: 6']
    assert 'person0.jpg -> person1.jpg' in capsys.readouterr().out


def test_maps_are_counted_and_drawn_beside_the_pictures(tiny_dataset, capsys):
    _write_maps(tiny_dataset, 'densepose', 25)
    _write_maps(tiny_dataset, 'parsing', 20)
    findings = _check(tiny_dataset, garment_classes='lip')
    assert not findings.problems
    output = capsys.readouterr().out
    assert "LIP's 20 classes (given by --garment_classes)" in output
    # Two of the 25 numbers of DensePose are the head, two of the 20 of LIP are shoes.
    assert 'head 8.0%' in output and 'shoes 10.0%' in output
    sheet = np.asarray(Image.open(tiny_dataset.root / 'sheet.png'))
    shown = {tuple(color) for color in sheet.reshape(-1, 3)}
    assert set(PART_COLORS.values()) | set(GARMENT_COLORS.values()) <= shown


def test_maps_of_the_test_split_alone_are_no_problem(tiny_dataset):
    for i in range(4):
        (tiny_dataset.root / 'test' / f'person{i}.jpg').rename(tiny_dataset.root / 'test' / f'other{i}.jpg')
    tiny_dataset.write_annotations('test', [(f'other{i}.jpg', [50.0] * 18, [90.0] * 18) for i in range(4)])
    tiny_dataset.write_pairs('test', [('other0.jpg', 'other1.jpg'), ('other2.jpg', 'other3.jpg')])
    _write_maps(tiny_dataset, 'parts', 11)
    for i in range(4):
        (tiny_dataset.root / 'parts' / f'person{i}.png').rename(tiny_dataset.root / 'parts' / f'other{i}.png')
    findings = _check(tiny_dataset)
    assert not findings.problems
    assert findings.notes == ['maps and flows of the train split: 1']


def test_counts_are_compared_with_the_published_ones(tiny_dataset, capsys):
    names = [f'fashionWOMENDressesid0000000{i}02_3back.jpg' for i in range(4)]
    for split in ('train', 'test'):
        for i, name in enumerate(names):
            os.rename(tiny_dataset.root / split / f'person{i}.jpg', tiny_dataset.root / split / name)
        tiny_dataset.write_annotations(split, [(name, [50.0] * 18, [90.0] * 18) for name in names])
        tiny_dataset.write_pairs(split, [(names[0], names[1]), (names[2], names[3])])
    assert not _check(tiny_dataset).problems
    output = capsys.readouterr().out
    assert '2 pairs (published: 101,966)' in output and '4 pictures (published: 4,038)' in output
    assert '2 people' in output


def test_pipeline_is_timed(tiny_dataset):
    start = time.perf_counter()
    speed = measure(tiny_dataset.config(), 20)
    assert 0 < 20 * speed.milliseconds < 1e3 * (time.perf_counter() - start)
    # 20 batches of 3 pairs: no core has made them faster than this process has worked.
    assert 120 / time.process_time() < speed.pictures_per_core
    assert 0 < speed.megabytes[0] <= speed.megabytes[1]


# What training refuses at its start, and a part of what it says.
REFUSED = {
    '--flagfile=posewarp_tf/configs/pfl_quickstart.cfg': 'no folder parsing/ of class maps, which are needed',
    '--foreground_correctness': 'target_parts by --foreground_correctness',
    '--pose_representation=parts': 'source_parts by --pose_representation=parts',
    '--stage=warp': "--stage: got 'warp', expected one of flow, full, all",
    '--stage_steps=flow=1': "no number of steps for stage 'full'",
    '--model=gan': "--model: got 'gan', expected one of gfla, pfl",
    '--loss_weights=flow.l1=1': '--loss_weights: flow.l1: the stage computes no image',
    '--vgg_weights=nowhere.h5': '--vgg_weights: no file nowhere.h5',
    '--vgg_weights=README.md': "expected 'imagenet', 'random', 'hed' or the path",
    '--discriminator_num_layers=7': 'needs images of at least 128x128',
    '--attention_kernels=3=9': 'got kernel 9 at scale 3, more than the 4 pixels',
    '--num_gpus=3': '--batch_size: got 8, expected a multiple of the 3 replicas',
    '--image_size=72,32': '--image_size: got 72,32, expected multiples of 32',
}


@pytest.mark.parametrize('flag', REFUSED)
def test_what_training_refuses_the_check_refuses_with_the_same_words(tiny_dataset, flag):
    size = [] if 'image_size' in flag or 'flagfile' in flag else ['--image_size=64,32']
    given = [f'--data_dir={tiny_dataset.root}', '--vgg_weights=random', *size]
    # Of a flagfile and flags after it the last counts.
    given = [flag, *given] if 'flagfile' in flag else [*given, flag]
    checked = _run(*given)
    assert checked.returncode == 1
    assert REFUSED[flag] in checked.stdout + checked.stderr
    run_dir, log = tiny_dataset.root / 'run', tiny_dataset.root / 'log'
    code, printed = run_module('posewarp_tf.train', [*given, f'--run_dir={run_dir}'], ROOT, log=log)
    assert code == 1 and REFUSED[flag] in printed, printed[-2000:]


def test_maps_that_a_term_needs_must_be_there_for_every_training_picture(tiny_dataset, capsys):
    _write_maps(tiny_dataset, 'parts', 11)
    (tiny_dataset.root / 'parts' / 'person2.png').unlink()
    findings = _check(tiny_dataset, foreground_correctness=True)
    assert 'maps and flows of the train split: 1' in findings.problems
    assert 'missing person2.png' in capsys.readouterr().out


def test_a_batch_larger_than_the_data_set_is_no_problem(tiny_dataset):
    tiny_dataset.write_pairs('train', [('person0.jpg', 'person1.jpg')])
    assert not _check(tiny_dataset, batch_size=8).problems
    batch = next(iter(training_dataset(tiny_dataset.config(batch_size=8))))
    assert set(batch['source_name'].numpy()) == {b'person0.jpg'}


def test_checking_does_not_import_tensorflow(tiny_dataset):
    program = (
        'import sys; from posewarp_tf.data.check import check; from posewarp_tf.settings.config import Config; '
        f"config = Config().replace(data_dir={str(tiny_dataset.root)!r}, image_size=(64, 32), vgg_weights='random'); "
        f'assert not check(config, {str(tiny_dataset.root / "sheet.png")!r}, True).problems; '
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, '-c', program], cwd=ROOT, check=False).returncode == 0
