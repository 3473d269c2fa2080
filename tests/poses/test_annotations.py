"""Lists in every spelling are understood the same way; what cannot be used is named."""

import os

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.data.prepare import prepare
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.names import NameIndex, deepfashion_name
from posewarp_tf.poses.annotations import read_annotations, read_pairs
from posewarp_tf.poses.keypoint_frame import detect_frame, pictures_are_padded
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.settings.sections import DataConfig


def _load(tiny, split='train', size=(256, 176), **settings):
    return load_dataset(tiny.config(**settings).data, split, size)


def _row(name, count=18, x=50.0, y=100.0):
    return name, [x] * count, [y] * count


def test_y_comes_before_x(tmp_path):
    path = tmp_path / 'fasion-annotation-train.csv'
    path.write_text(f'name:keypoints_y:keypoints_x\na.jpg: {[200] * 17 + [-1]}: {[30] * 17 + [-1]}\n')
    keypoints = read_annotations(path).keypoints['a.jpg']
    assert keypoints[0].tolist() == [30, 200]
    assert keypoints[17].tolist() == [-1, -1]


def test_columns_are_found_by_name(tmp_path):
    path = tmp_path / 'annotation.csv'
    path.write_text(f'keypoints_x : name : keypoints_y\n{[30] * 18} : a.jpg : {[200] * 18}\n')
    assert read_annotations(path).keypoints['a.jpg'][5].tolist() == [30, 200]


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        (f'b.jpg: {[1] * 17}: {[1] * 17}', 'got 17 joints, expected 18'),
        (f'b.jpg: {[1] * 18}: [NaN{", 1" * 17}]', 'expected finite numbers'),
        (f'b.jpg: {[1] * 18}: [nan{", 1" * 17}]', 'expected finite numbers'),
        (f'b.jpg: {[1] * 18}: [1, 2', 'expected a JSON list'),
        (f'b.jpg: {[1] * 18}: ["1"{", 1" * 17}]', 'expected a list of numbers'),
        (f'b.jpg: {[1] * 18}', 'got 2 cells'),
        (f'b.jpg: {[1] * 18}: {[-1] + [1] * 17}', 'joint 0.*expected -1 in both'),
        (f'a.jpg: {[1] * 18}: {[1] * 18}', "picture 'a.jpg' has a row already"),
    ],
)
def test_bad_row_is_named_by_file_and_number(tmp_path, row, message):
    path = tmp_path / 'fasion-annotation-train.csv'
    path.write_text(f'name:keypoints_y:keypoints_x\na.jpg: {[1] * 18}: {[1] * 18}\n\n{row}\n')
    with pytest.raises(DataError, match=rf'fasion-annotation-train\.csv, row 4: .*{message}'):
        read_annotations(path)


def test_missing_annotation_column_is_named_with_those_found(tmp_path):
    path = tmp_path / 'annotation.csv'
    path.write_text(f'name:keypoints_y\na.jpg: {[1] * 18}\n')
    with pytest.raises(DataError, match=r"no column 'keypoints_x': found the columns 'name', 'keypoints_y', expected"):
        read_annotations(path)


@pytest.mark.parametrize(
    'text',
    [
        'from,to\na.jpg,b.jpg\nb.jpg,a.jpg\n',
        ',from,to\n0,a.jpg,b.jpg\n1,b.jpg,a.jpg\n',
        'to,weight,from\nb.jpg,1,a.jpg\na.jpg,1,b.jpg\n',
        '\ufefffrom, to\r\na.jpg, b.jpg\r\nb.jpg, a.jpg\r\n',
        'a.jpg b.jpg\nb.jpg\ta.jpg\n',
        'from to\na.jpg b.jpg\nb.jpg a.jpg\n',
    ],
)
def test_pairs_are_read_by_column_name_or_from_two_words(tmp_path, text):
    path = tmp_path / 'pairs.csv'
    path.write_text(text)
    assert read_pairs(path) == [('a.jpg', 'b.jpg'), ('b.jpg', 'a.jpg')]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'the file is empty'),
        ('from,to\n', 'no pairs below the header'),
        (',source,to\n0,a,b\n', r"no column 'from': found the columns '', 'source', 'to', expected 'from', 'to'"),
        ('from,to\na.jpg,b.jpg\na.jpg\n', 'row 3: got .a.jpg., expected two names'),
        ('a.jpg b.jpg\na.jpg b.jpg c.jpg\n', 'row 2'),
    ],
)
def test_unusable_pairs_file_is_named(tmp_path, text, message):
    path = tmp_path / 'fasion-pairs-train.csv'
    path.write_text(text)
    with pytest.raises(DataError, match=rf'fasion-pairs-train\.csv.*{message}'):
        read_pairs(path)


def test_names_of_one_deepfashion_picture_agree():
    names = [
        'img_highres/WOMEN/Dresses/id_00002629/02_3_back.jpg',
        'WOMEN-Dresses-id_00002629-02_3_back.jpg',
        'fashionWOMENDressesid0000262902_3back.jpg',
    ]
    assert {deepfashion_name(name) for name in names} == {'fashionWOMENDressesid0000262902_3back'}
    assert deepfashion_name('MEN-Tees_Tanks-id_00000047-01_7_additional.png') == (
        deepfashion_name('fashionMENTees_Tanksid0000004701_7additional.jpg')
    )
    assert deepfashion_name('holiday.jpg') is None
    for name in names:
        index = NameIndex([name, 'fashionWOMENDressesid0000262902_4full.jpg', 'other.jpg'])
        assert all(index.find(other) == name for other in names)


def test_jpg_and_png_are_interchangeable_unless_ambiguous():
    assert NameIndex(['folder/a.png']).find('a.jpg') == 'folder/a.png'
    assert NameIndex(['a.png', 'a.jpg']).find('a.jpg') == 'a.jpg'
    assert NameIndex(['x/a.png', 'y/a.png']).find('a.jpg') is None


def test_keypoints_are_scaled_from_the_published_frame(tiny_dataset, capsys):
    dataset = _load(tiny_dataset, size=(128, 352))
    expected = tiny_dataset.keypoints(2) * [2, 0.5]
    expected[17] = -1
    np.testing.assert_allclose(dataset.keypoints[2], expected, atol=1e-3)
    assert '256x176 (published frame; largest x is 148)' in capsys.readouterr().out


def _spread(low, high):
    points = np.zeros((2, 18, 2))
    points[..., 0] = np.linspace(low, high, 36).reshape(2, 18)
    points[..., 1] = np.linspace(5, 250, 36).reshape(2, 18)
    points[0, 3] = -1
    return points


def test_frame_with_borders_is_detected_and_its_border_taken_off(capsys):
    points = _spread(45, 210)
    frame = detect_frame(points, (), 'deepfashion', 'set')
    assert '256x256 with borders of 40' in capsys.readouterr().out
    pixels = frame.to_pixels(points, (256, 176))
    np.testing.assert_allclose(pixels[1], points[1] - [40, 0], atol=1e-3)
    assert pixels[0, 3].tolist() == [-1, -1]
    np.testing.assert_allclose(frame.to_pixels(points, (256, 256), padded=True)[1], points[1], atol=1e-3)


@pytest.mark.parametrize('points', [_spread(5, 210), _spread(45, 250), _spread(10, 700), _spread(10, 100) * [1, 2]])
def test_ambiguous_frame_asks_for_keypoint_size(points):
    with pytest.raises(DataError, match='--keypoint_size'):
        detect_frame(points, (), 'deepfashion', 'set')


def test_given_frame_covers_the_picture(capsys):
    frame = detect_frame(_spread(10, 700), (1101, 750), 'deepfashion', 'set')
    np.testing.assert_allclose(frame.to_pixels(np.array([[375.0, 1101 / 4]]), (64, 32)), [[16, 16]])
    assert 'given by --keypoint_size' in capsys.readouterr().out


def test_a_folder_says_the_frame_of_its_joints_wherever_they_are_read(tiny_dataset, tmp_path):
    path = tiny_dataset.root / 'keypoint_size.txt'
    path.write_text('512, 352\n')
    expected = tiny_dataset.keypoints(1)[:17] * [32 / 352, 64 / 512]
    for settings in ({}, {'keypoint_size': (512, 352)}):
        np.testing.assert_allclose(
            _load(tiny_dataset, size=(64, 32), **settings).keypoints[1, :17], expected, atol=1e-4
        )
    row = load_keypoints(tiny_dataset.root / 'fasion-annotation-test.csv', (64, 32), 'person1.jpg')
    np.testing.assert_allclose(row[:17], expected, atol=1e-4)
    prepare(DataConfig(data_dir=str(tiny_dataset.root)), tmp_path / 'prepared', num_workers=1, show_progress=False)
    settings = {'data_dir': str(tmp_path / 'prepared'), 'keypoint_size': (512, 352)}
    np.testing.assert_allclose(
        load_dataset(DataConfig(**settings), 'test', (64, 32)).keypoints[1, :17], expected, atol=1e-4
    )
    with pytest.raises(DataError, match=r'--keypoint_size: got 256,352, but .*keypoint_size\.txt says 512,352'):
        _load(tiny_dataset, keypoint_size=(256, 352))
    for text in ('256', '256,0', '256x176', '256,176,3'):
        path.write_text(text)
        with pytest.raises(DataError, match=rf"keypoint_size\.txt: got '{text}', expected height,width"):
            _load(tiny_dataset)


def test_given_frame_that_leaves_joints_outside_is_refused():
    with pytest.raises(DataError, match=r'lie outside 128x64 \(given by --keypoint_size\)'):
        detect_frame(_spread(10, 170), (128, 64), 'deepfashion', 'set')


def test_market_frame_is_its_own(tiny_dataset):
    for path in list(tiny_dataset.root.glob('fasion-*')):
        path.rename(path.with_name(path.name.replace('fasion', 'market')))
    with pytest.raises(DataError, match='published for Market-1501.*--keypoint_size'):
        _load(tiny_dataset, dataset='market')
    for split in ('train', 'test'):
        rows = [(f'person{i}.jpg', [30.0] * 18, [100.0] * 18) for i in range(4)]
        tiny_dataset.write_annotations(split, rows)
        (tiny_dataset.root / f'fasion-annotation-{split}.csv').replace(
            tiny_dataset.root / f'market-annotation-{split}.csv'
        )
    dataset = _load(tiny_dataset, dataset='market', size=(256, 128))
    np.testing.assert_allclose(dataset.keypoints[0, 0], [60, 200])


def test_padded_pictures_shift_the_published_frame(tiny_dataset):
    rng = np.random.default_rng(0)
    for i in range(4):
        picture = np.full((256, 256, 3), 255, np.uint8)
        picture[:, 40:216] = rng.integers(0, 256, (256, 176, 3))
        Image.fromarray(picture).save(tiny_dataset.root / 'train' / f'person{i}.jpg')
    dataset = _load(tiny_dataset, size=(256, 256))
    np.testing.assert_allclose(dataset.keypoints[1, :17], tiny_dataset.keypoints(1)[:17] + [40, 0], atol=1e-3)
    assert not pictures_are_padded([str(tiny_dataset.root / 'test' / 'person0.jpg')])


def test_frame_is_told_from_all_splits_together(tiny_dataset):
    for split in ('train', 'test'):
        # Nobody in the training pictures stands far enough to the right to give the borders away.
        right = 150.0 if split == 'train' else 210.0
        tiny_dataset.write_annotations(split, [(f'person{i}.jpg', [right] * 18, [90.0] * 18) for i in range(4)])
    assert _load(tiny_dataset).keypoints[0, 0].tolist() == pytest.approx([110, 90])


def test_missing_pictures_are_named_and_counted(tiny_dataset):
    for i in (1, 3):
        (tiny_dataset.root / 'train' / f'person{i}.jpg').unlink()
    with pytest.raises(DataError, match=r'train: no picture person1\.jpg; person3\.jpg$'):
        _load(tiny_dataset)


def test_pair_without_annotation_is_named(tiny_dataset):
    tiny_dataset.write_pairs('train', [('person0.jpg', 'stranger.jpg')])
    with pytest.raises(DataError, match=r'fasion-annotation-train\.csv: no annotation of stranger\.jpg'):
        _load(tiny_dataset)


def test_pairs_of_a_picture_without_joints_are_skipped_and_listed(tiny_dataset, capsys):
    rows = [_row('person0.jpg', x=-1.0, y=-1.0), *(_row(f'person{i}.jpg') for i in (1, 2, 3))]
    tiny_dataset.write_annotations('train', rows)
    dataset = _load(tiny_dataset)
    assert len(dataset.rows) == 6 and len(dataset.skipped) == 6
    assert 'person0.jpg' not in dataset.names
    output = capsys.readouterr().out
    assert '6 pairs, 6 skipped: person0.jpg -> person1.jpg: no joint of person0.jpg is annotated' in output


def test_no_usable_pair_is_an_error(tiny_dataset):
    tiny_dataset.write_annotations('train', [_row(f'person{i}.jpg', x=-1.0, y=-1.0) for i in range(4)])
    with pytest.raises(DataError, match='no pair can be used.*no joint of person0.jpg'):
        _load(tiny_dataset)


def test_pictures_may_lie_in_folders_of_their_own_names(tiny_dataset):
    root = tiny_dataset.root
    for split in ('train', 'test'):
        rows, pairs = [], []
        for i in range(2):
            folder = root / 'img_highres' / 'WOMEN' / 'Dresses' / f'id_0000000{i}'
            folder.mkdir(parents=True, exist_ok=True)
            Image.new('RGB', (50, 70), (i, 0, 0)).save(folder / '02_3_back.jpg')
            rows.append(_row(f'fashionWOMENDressesid0000000{i}02_3back.jpg', x=50.0 + i))
            pairs.append(
                (f'WOMEN-Dresses-id_0000000{i}-02_3_back.jpg', f'WOMEN-Dresses-id_0000000{1 - i}-02_3_back.jpg')
            )
        for path in (root / split).iterdir():
            path.unlink()
        tiny_dataset.write_annotations(split, rows)
        tiny_dataset.write_pairs(split, pairs)
    dataset = _load(tiny_dataset)
    assert [path.split('Dresses/')[1] for path in dataset.paths] == [
        'id_00000000/02_3_back.jpg',
        'id_00000001/02_3_back.jpg',
    ]
    assert dataset.keypoints[:, 0, 0].tolist() == [50, 51]
    assert dataset.rows.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize('folder', ['img', '.'])
def test_pictures_of_both_splits_may_lie_together(tiny_dataset, folder):
    (tiny_dataset.root / folder).mkdir(exist_ok=True)
    (tiny_dataset.root / 'parts').mkdir()
    for i in range(4):
        name = f'person{i}.jpg'
        (tiny_dataset.root / 'train' / name).rename(tiny_dataset.root / folder / name)
        (tiny_dataset.root / 'test' / name).unlink()
        Image.new('L', (48, 64)).save(tiny_dataset.root / 'parts' / f'person{i}.png')
    for split in ('train', 'test'):
        paths = _load(tiny_dataset, split).paths
        assert [os.path.relpath(path, tiny_dataset.root / folder) for path in paths] == [
            f'person{i}.jpg' for i in range(4)
        ]


@pytest.mark.parametrize('prefix', ['fashion-', 'fashion-resize-', 'fasion-resize-'])
def test_lists_are_found_under_their_other_names(tiny_dataset, prefix):
    for path in list(tiny_dataset.root.glob('fasion-*')):
        path.rename(path.with_name(path.name.replace('fasion-', prefix)))
    assert len(_load(tiny_dataset).rows) == 12


def test_missing_list_names_those_expected(tiny_dataset):
    (tiny_dataset.root / 'fasion-pairs-train.csv').unlink()
    with pytest.raises(DataError, match='no pairs list for the train split: expected one of fasion-pairs-train.csv'):
        _load(tiny_dataset)
    with pytest.raises(DataError, match='--data_dir: no folder'):
        _load(tiny_dataset, data_dir='nowhere')


def test_pose_texts_and_plain_pairs_do_without_csv(tiny_dataset):
    with_csv = _load(tiny_dataset)
    for path in list(tiny_dataset.root.glob('fasion-*')):
        path.unlink()
    (tiny_dataset.root / 'pose').mkdir()
    for i in range(4):
        rows = [f'{x} {y}' for x, y in tiny_dataset.keypoints(i)]
        (tiny_dataset.root / 'pose' / f'person{i}.txt').write_text('\n'.join(rows))
    (tiny_dataset.root / 'train_pairs.txt').write_text('person0.jpg person2.jpg\nperson2.jpg person1.jpg\n')
    dataset = _load(tiny_dataset)
    assert dataset.names == ['person0.jpg', 'person1.jpg', 'person2.jpg']
    assert dataset.rows.tolist() == [[0, 2], [2, 1]]
    np.testing.assert_allclose(dataset.keypoints, with_csv.keypoints[:3])
