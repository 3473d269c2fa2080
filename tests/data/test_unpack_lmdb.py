"""DeepFashion in an LMDB, as NTED and PIDM keep it, becomes a data set with joints where its pictures show them."""

import io
import pathlib
import shutil
import subprocess
import sys

import lmdb
import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.check import check
from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.data.prepare import prepare
from posewarp_tf.data.unpack_lmdb import unpack
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.poses.keypoint_frame import pictures_are_padded
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import DataConfig

STEMS = [f'WOMEN/Dresses/id_0000000{number}/02_1_front' for number in range(3)]
LISTED = [f'img/{stem}.jpg' for stem in STEMS]
# Of joint 3 of the first picture, beyond its left edge; the last joint is missing.
BEYOND = 20.0


def share(number):
    """[18, 2]: where the joints of a picture lie, in parts of its width and height; never near its sides."""
    joints = np.arange(18)
    return np.stack([0.36 + 0.015 * joints + 0.005 * number, 0.06 + 0.05 * joints], axis=1)


def color(number, joint):
    return [12 * joint, 250 - 12 * joint, 80 * number]


def png(number, size):
    """A white picture with a spot of its own colour for each joint."""
    image = np.full((*size, 3), 255, np.uint8)
    for joint, place in enumerate(share(number)):
        row, column = (place[::-1] * size).astype(int)
        image[row - 3 : row + 4, column - 3 : column + 4] = color(number, joint)
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'png')
    return file.getvalue()


def pose_text(number):
    """Joints in 256x256 with borders of 40 columns, whatever the size of the pictures."""
    joints = share(number) * [176, 256] + [40, 0]
    joints[17] = -1
    if number == 0:
        joints[3, 0] = BEYOND
    return '\n'.join(f'{x:.3f} {y:.3f}' for x, y in joints) + '\n'


def write_lmdb(folder, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(folder), map_size=2**24) as environment, environment.begin(write=True) as transaction:
        transaction.put(b'length', b'00003')
        for key, contents in pictures.items():
            transaction.put(key.encode(), contents)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / 'dataset'
    for size in ((256, 176), (256, 256)):
        pictures = {f'img/{stem}.png': png(number, size) for number, stem in enumerate(STEMS)}
        write_lmdb(root / '-'.join(map(str, size)), pictures)
    (root / 'train_pairs.txt').write_text(','.join(LISTED) + '\n')
    (root / 'test_pairs.txt').write_text(f'{LISTED[2]},{LISTED[0]}\n')
    for number, stem in enumerate(STEMS):
        path = root / 'pose' / f'{stem}.txt'
        path.parent.mkdir(parents=True)
        path.write_text(pose_text(number))
    return root


@pytest.mark.parametrize('size', [(256, 176), (256, 256)])
def test_joints_of_what_is_unpacked_lie_where_the_pictures_show_them(root, tmp_path, size, capsys):
    name, out = '-'.join(map(str, size)), tmp_path / 'out'
    made = unpack(root, out, name)
    assert made == (name, {'train': 2, 'test': 1}, 3)
    assert '1 of 51 joints lie outside' in capsys.readouterr().out
    data = DataConfig(data_dir=str(out))
    train, test = (load_dataset(data, split, size) for split in ('train', 'test'))
    numbers = [int(name.split('id_')[1].split('/')[0]) for name in train.names]
    # Every source of a row with its target, which comes first there.
    assert [[numbers[i] for i in row] for row in train.rows] == [[1, 0], [2, 0]]
    assert [[test.names[i] for i in row] for row in test.rows] == [[f'{STEMS[0]}.png', f'{STEMS[2]}.png']]
    for number, path, keypoints in zip(numbers, train.paths, train.keypoints):
        assert pathlib.Path(path).read_bytes() == png(number, size)
        image = load_image(path)
        np.testing.assert_allclose(keypoints[4], share(number)[4] * size[::-1], atol=0.01)
        for joint, (x, y) in enumerate(keypoints):
            if joint == 17 or (number, joint) == (0, 3):
                assert (x, y) == (-1, -1)
            else:
                assert image[int(y), int(x)].tolist() == color(number, joint)
    # The whole picture was squashed, which networks that cut people out of photos have to know.
    assert train.aspect == pytest.approx(256 / 176)
    config = Config().replace(data_dir=str(out))
    assert check(config, str(tmp_path / 'sheet.png'), decode_all=True).problems == []
    prepare(data, tmp_path / 'prepared', num_workers=1, show_progress=False)
    prepared = load_dataset(DataConfig(data_dir=str(tmp_path / 'prepared')), 'train', size)
    np.testing.assert_array_equal(prepared.keypoints, train.keypoints)
    assert prepared.aspect == train.aspect
    # White sides would be taken for borders, were it not for what the folder says.
    assert pictures_are_padded(train.paths) == (size == (256, 256))
    (out / 'keypoint_size.txt').unlink()
    misled = load_dataset(data, 'train', size)
    assert np.allclose(misled.keypoints, train.keypoints) == (size == (256, 176))


def without_source(root):
    (root / 'train_pairs.txt').write_text(f'{LISTED[0]},{LISTED[1]}\n\n{LISTED[2]}\n')


def out_of_the_folder(root):
    (root / 'test_pairs.txt').write_text(f'{LISTED[0]},img/../../other.jpg\n')


def not_padded(root):
    for path in root.glob('pose/**/*.txt'):
        path.write_text('0.5 8\n' * 17 + '-1 -1\n')


def without_picture(root):
    shutil.rmtree(root / '256-176')
    write_lmdb(root / '256-176', {f'img/{stem}.png': png(0, (256, 176)) for stem in STEMS[:2]})


def with_broken_picture(root):
    write_lmdb(root / '256-176', {f'img/{STEMS[1]}.png': b'no picture'})


def cut_short(root):
    path = root / '256-176/data.mdb'
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (cut_short, r'data\.mdb: cut short: got \d+ bytes, expected \d+$'),
        (lambda root: (root / 'train_pairs.txt').unlink(), r'train_pairs\.txt: no such file'),
        (without_source, rf"train_pairs\.txt, row 3: got '{LISTED[2]}', expected a target, a comma and its sources"),
        (out_of_the_folder, r"test_pairs\.txt, row 1: got 'img/\.\./\.\./other\.jpg', expected the path .* in img/"),
        (lambda root: shutil.rmtree(root / 'pose'), 'pose: no such folder'),
        (lambda root: (root / 'pose' / f'{STEMS[1]}.txt').unlink(), rf'{STEMS[1]}\.txt: no such file'),
        (not_padded, r'pose: 51 of 51 joints lie outside 256x176 from column 40 on \(in which NTED'),
        (without_picture, rf'256-176: no picture img/{STEMS[2]}\.png$'),
        (with_broken_picture, rf'256-176: img/{STEMS[1]}\.png: not a picture but '),
        (lambda root: (root / '256-176/data.mdb').write_bytes(b'no LMDB'), '256-176: an LMDB that cannot be read: '),
    ],
)
def test_what_is_missing_or_bad_is_named_and_nothing_is_left(root, tmp_path, damage, message):
    damage(root)
    with pytest.raises(DataError, match=message):
        unpack(root, tmp_path / 'out', '256-176')
    assert [path.name for path in tmp_path.iterdir()] == ['dataset']


def test_the_command_takes_the_only_lmdb_and_asks_which_of_several(root, tmp_path, monkeypatch):
    command = [sys.executable, '-m', 'posewarp_tf', 'unpack-lmdb', f'--data_dir={root}', f'--output_dir={tmp_path}/out']
    with pytest.raises(DataError, match="--lmdb: got '', expected one of 256-176, 256-256, which are in "):
        unpack(root, tmp_path / 'out')
    with pytest.raises(DataError, match="--lmdb: got '512-352', expected one of 256-176, 256-256"):
        unpack(root, tmp_path / 'out', '512-352')
    shutil.rmtree(root / '256-256')
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'out: 2 train pairs and 1 test pairs of 3 pictures of 256-176' in done.stdout
    with pytest.raises(DataError, match='already holds something'):
        unpack(root, tmp_path / 'out')
    monkeypatch.setitem(sys.modules, 'lmdb', None)
    with pytest.raises(ConfigError, match=r"256-176: needs the package lmdb .*pip install 'posewarp_tf\[lmdb\]'"):
        unpack(root, tmp_path / 'other')
    shutil.rmtree(root / '256-176')
    with pytest.raises(DataError, match=r'dataset: no folder with data\.mdb'):
        unpack(root, tmp_path / 'other')
