"""Pictures of others under papers' protocols: the same numbers by the steps that the papers' scripts take."""

import dataclasses
import io

import numpy as np
import pytest
import scipy.linalg
from PIL import Image
from skimage.metrics import structural_similarity

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.metrics import protocol_evaluation
from posewarp_tf.metrics.market_mask import market_mask
from posewarp_tf.metrics.protocol_evaluation import Networks, evaluate_images, format_scores
from posewarp_tf.metrics.protocols import PROTOCOLS
from posewarp_tf.metrics.released import AnswerFolder, answer_name
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.settings.sections import DataConfig
from tests.run_folders import person, picture
from tests.source_code import read

NUM_PAIRS, NUM_TRAINING = 3, 5


class FakeLpips:
    """The mean absolute difference, and what it was shown."""

    protocol = 'fake'

    def __init__(self, paths, version):
        self.seen = []
        made.append(self)

    def __call__(self, images, truths):
        self.seen.append((images, truths))
        return np.abs(images - truths).mean(axis=(1, 2, 3))


class FakeInception:
    """Means of the four quarters of a picture in one colour."""

    variant = 'torchvision'

    def __init__(self, path, transforms_input):
        self.transforms_input = transforms_input

    def __call__(self, images):
        return fake_features(images), None


made = []


def fake_features(images):
    height, width = images.shape[1] // 2 * 2, images.shape[2] // 2 * 2
    quarters = images[:, :height, :width, 1].reshape(len(images), 2, height // 2, 2, width // 2)
    return quarters.mean(axis=(2, 4)).reshape(len(images), 4).astype(np.float64)


@pytest.fixture(autouse=True)
def networks(monkeypatch, tmp_path):
    """Fakes in place of the networks, and a cache of one's own."""
    monkeypatch.setattr(protocol_evaluation, 'Lpips', FakeLpips)
    monkeypatch.setattr(protocol_evaluation, 'TorchInception', FakeInception)
    monkeypatch.setenv('POSEWARP_CACHE', str(tmp_path / 'cache'))
    (tmp_path / 'inception.pth').write_bytes(b'weights')
    return Networks(['lpips.pth'], '0.1', str(tmp_path / 'inception.pth'))


def write_data(folder, prefix, size):
    """A data set with test pairs and training pictures."""
    rows, pairs = ['name:keypoints_y:keypoints_x'], ['from,to']
    for split, count in (('test', 2 * NUM_PAIRS), ('train', NUM_TRAINING)):
        for index in range(count):
            name = f'{split}{index}.jpg'
            save_image(folder / split / name, picture(size, seed=10 * index + len(split)))
            x, y = person((256, 176) if prefix == 'fasion' else (128, 64), lean=index).T
            rows.append(f'{name}: {[int(v) for v in y]}: {[int(v) for v in x]}')
    pairs += [f'test{2 * index}.jpg,test{2 * index + 1}.jpg' for index in range(NUM_PAIRS)]
    (folder / f'{prefix}-annotation-test.csv').write_text('\n'.join(rows) + '\n')
    (folder / f'{prefix}-pairs-test.csv').write_text('\n'.join(pairs) + '\n')
    return str(folder)


def write_answers(folder, size):
    for index in range(NUM_PAIRS):
        save_image(folder / f'test{2 * index}_2_test{2 * index + 1}_vis.png', picture(size, seed=100 + index))
    return folder


def true_pictures(data_dir, split, size, quality=None):
    """By Pillow, as the scripts have them on disk."""
    found = []
    for path in sorted((data_dir / split).iterdir())[1 if split == 'test' else 0 :: 2 if split == 'test' else 1]:
        resized = Image.open(path).convert('RGB').resize(size[::-1], Image.BICUBIC)
        if quality:
            buffer = io.BytesIO()
            resized.save(buffer, 'JPEG', quality=quality)
            resized = Image.open(buffer)
        found.append(np.asarray(resized))
    return np.stack(found)


def expected_ssim(answer, truth, sigma):
    first, second = (stack.astype(np.float64) for stack in (truth, answer))
    window = {'gaussian_weights': True, 'sigma': sigma, 'use_sample_covariance': False, 'channel_axis': -1}
    return structural_similarity(first, second, data_range=second.max() - second.min(), **window)


def expected_fid(first, second):
    root = scipy.linalg.sqrtm(np.cov(first, rowvar=False) @ np.cov(second, rowvar=False)).real
    traces = np.trace(np.cov(first, rowvar=False) + np.cov(second, rowvar=False) - 2 * root)
    return np.sum((first.mean(0) - second.mean(0)) ** 2) + traces


def test_gfla_compares_with_jpeg_files_of_256x256_and_networks_see_whole_batches(tmp_path, networks, monkeypatch):
    monkeypatch.setitem(PROTOCOLS, 'gfla', dataclasses.replace(PROTOCOLS['gfla'], batch=2))
    data = DataConfig(data_dir=write_data(tmp_path / 'data', 'fasion', (330, 225)))
    folder = write_answers(tmp_path / 'answers', (256, 256))
    found = evaluate_images(folder, 'gfla', data, tmp_path / 'output', networks)
    answers = np.stack([load_image(path) for path in sorted(folder.iterdir())])
    truths = true_pictures(tmp_path / 'data', 'test', (256, 256), 75)
    training = true_pictures(tmp_path / 'data', 'train', (256, 256), 75)
    uniform = [
        structural_similarity(truth / 255, answer / 255, data_range=1, win_size=51, channel_axis=-1)
        for answer, truth in zip(answers, truths)
    ]
    difference = np.abs(answers.astype(float) - truths)
    expected = {
        'ssim': np.mean(uniform),
        'ssim_256': np.mean([expected_ssim(*pair, 1.5) for pair in zip(answers, truths)]),
        'psnr': np.mean(-10 * np.log10(np.mean((difference / 255) ** 2, axis=(1, 2, 3)))),
        'l1': difference.mean() / 255,
        'mae': np.mean(difference.sum(axis=(1, 2, 3)) / (answers.astype(float) + truths).sum(axis=(1, 2, 3))),
        'lpips': difference[:2].mean() / 127.5,
        'fid': expected_fid(fake_features(training[:4] / 127.5 - 1), fake_features(answers[:2] / 127.5 - 1)),
    }
    assert found['images'] == pytest.approx(expected, rel=1e-4)
    said = found['protocol']
    assert (said['num_pairs'], said['num_pairs_of_networks'], said['num_training_pictures']) == (3, 2, 4)
    assert 'JPEG of quality 75' in said['true_pictures'] and (tmp_path / 'output/metrics.json').exists()
    text = format_scores(found)
    assert f'LPIPS           lower   {expected["lpips"]:10.4f}' in text and 'not known: the quality of the JPEG' in text


def test_pidm_has_another_window_and_networks_see_176_columns_without_smoothing(tmp_path, networks):
    data = DataConfig(data_dir=write_data(tmp_path / 'data', 'fasion', (300, 200)))
    folder = write_answers(tmp_path / 'answers', (256, 256))
    found = evaluate_images(folder, 'pidm', data, tmp_path / 'output', networks, max_pairs=2)
    answers = np.stack([load_image(path) for path in sorted(folder.iterdir())[:2]])
    truths = true_pictures(tmp_path / 'data', 'test', (256, 256))[:2]
    sigma_12 = [expected_ssim(*pair, 1.2) for pair in zip(answers, truths)]
    assert found['images']['ssim_256'] == pytest.approx(np.mean(sigma_12))
    places = (np.arange(176) + 0.5) * 256 / 176 - 0.5
    row = answers[1, 7, :, 2].astype(float)
    (seen, _), = made[-1].seen  # fmt: skip
    assert seen.shape == (2, 256, 176, 3)
    np.testing.assert_allclose(seen[1, 7, :, 2], np.interp(places, np.arange(256), row) / 127.5 - 1, atol=1e-5)


def test_cfld_takes_the_size_of_the_answers_and_padded_pictures_lose_their_borders(tmp_path, networks):
    data = DataConfig(data_dir=write_data(tmp_path / 'data', 'fasion', (256, 176)))
    assert PROTOCOLS['cfld'].size_for('deepfashion', (512, 352)) == (512, 352)
    assert PROTOCOLS['cfld'].size_for('deepfashion', (256, 256)) == (256, 176)
    folder = write_answers(tmp_path / 'answers', (256, 176))
    plain = evaluate_images(folder, 'cfld', data, tmp_path / 'output', networks, max_pairs=2)
    assert plain['protocol']['num_pairs'] == 2 and 'ImageNet' in plain['protocol']['fid']
    for path in (tmp_path / 'data').glob('*/*.jpg'):
        padded = np.pad(load_image(path), ((0, 0), (40, 40), (0, 0)), constant_values=255)
        Image.fromarray(padded).save(path, quality=100, subsampling=0)
    cropped = evaluate_images(folder, 'cfld', data, tmp_path / 'output', networks, max_pairs=2)
    assert cropped['protocol']['true_pictures'].startswith('columns 40 to 216 of 256')
    assert cropped['images'] == pytest.approx(plain['images'], rel=0.02)
    (tmp_path / 'data/keypoint_size.txt').write_text('256,176\n')
    squashed = evaluate_images(folder, 'cfld', data, tmp_path / 'output', networks, max_pairs=2)
    assert squashed['protocol']['true_pictures'] == plain['protocol']['true_pictures']


def test_market_has_scores_under_the_mask_of_the_target_pose(tmp_path, networks):
    data = DataConfig(dataset='market', data_dir=write_data(tmp_path / 'data', 'market', (128, 64)))
    folder = write_answers(tmp_path / 'answers', (128, 64))
    found = evaluate_images(folder, 'gfla', data, tmp_path / 'output', networks)
    masks = [market_mask(person((128, 64), lean=2 * i + 1).astype(int), (128, 64))[..., None] for i in range(NUM_PAIRS)]
    answers = [load_image(path) for path in sorted(folder.iterdir())]
    truths = [load_image(tmp_path / f'data/test/test{2 * index + 1}.jpg') for index in range(NUM_PAIRS)]
    inside = [expected_ssim(a * m, t * m, 1.5) for a, t, m in zip(answers, truths, masks)]
    assert found['images']['mask_ssim'] == pytest.approx(np.mean(inside))
    distance = [np.abs((a.astype(float) - t) * m).mean() / 127.5 for a, t, m in zip(answers, truths, masks)]
    assert found['images']['mask_lpips'] == pytest.approx(np.mean(distance), rel=1e-4)


def test_the_mask_of_one_limb_is_a_band_with_round_ends():
    joints = np.full((18, 2), -1)
    # Neck and nose, 30 px above each other.
    joints[1], joints[0] = (40, 60), (40, 30)
    mask = market_mask(joints, (128, 64))
    y, x = np.mgrid[:128, :64]
    along = np.clip(y, 30, 60)
    expected = np.hypot(x - 40, y - along) < 4
    # The rectangle has its sides, which the discs leave out.
    expected |= (np.abs(x - 40) <= 4) & (y >= 30) & (y <= 60)
    assert np.mean(mask != expected) < 0.002 and mask.sum() == pytest.approx(expected.sum(), rel=0.04)


def test_the_table_of_the_documents_says_what_the_code_does():
    lines = [line.strip('| ').split(' | ') for line in read('docs/evaluating.md').splitlines() if line.startswith('| ')]
    rows = {title: cells for title, *cells in lines if len(cells) == len(PROTOCOLS)}
    for index, (name, protocol) in enumerate(PROTOCOLS.items()):
        column = {title: cells[index] for title, cells in rows.items()}
        for height, width in (*protocol.sizes['deepfashion'], *protocol.network_sizes.values()):
            assert f'{height}x{width}' in column['DeepFashion, height x width'], name
        assert ('JPEG' in column['kept as']) == (protocol.jpeg_quality is not None)
        assert (column['left out by FID and LPIPS'] == 'nothing') == (protocol.batch is None)
        assert ('sigma 1.2' in column['`ssim_256`']) == (protocol.sigma == 1.2)
        assert ('transform_input' in column['Inception']) == protocol.transforms_input


def test_training_pictures_are_looked_at_once(tmp_path, networks, monkeypatch):
    data = DataConfig(data_dir=write_data(tmp_path / 'data', 'fasion', (80, 56)))
    folder = write_answers(tmp_path / 'answers', (256, 176))
    first = evaluate_images(folder, 'nted', data, tmp_path / 'output', networks, max_pairs=2)
    seen = []
    look = FakeInception.__call__
    monkeypatch.setattr(FakeInception, '__call__', lambda self, images: seen.append(len(images)) or look(self, images))
    again = evaluate_images(folder, 'nted', data, tmp_path / 'output', networks, max_pairs=2)
    assert again['images'] == first['images'] and seen == [2]


@pytest.mark.parametrize(
    'name',
    [
        'test0_2_test1_vis.png', 'test0_2_test1.jpg', 'test0.jpg___test1.jpg_vis.png', 'test0___test1.png',
    ],
)  # fmt: skip
def test_answers_are_found_under_the_names_of_published_archives(tmp_path, name):
    save_image(tmp_path / name, picture((8, 8)))
    folder = AnswerFolder(tmp_path)
    assert folder.path('test0.png', 'test1.jpg') == str(tmp_path / name)
    assert folder.path('test1.png', 'test0.jpg') is None
    save_image(tmp_path / 'test0_2_test1_vis.jpeg', picture((8, 8)))
    with pytest.raises(DataError, match='two answers to test0.png -> test1.jpg'):
        AnswerFolder(tmp_path).path('test0.png', 'test1.jpg')


def test_names_of_deepfashion_are_found_in_every_spelling(tmp_path):
    flat = ['fashionWOMENTees_Tanksid0000262902_2side', 'fashionWOMENTees_Tanksid0000262902_3back']
    save_image(tmp_path / f'{flat[0]}_2_{flat[1]}_vis.png', picture((8, 8)))
    pair = [f'img/WOMEN/Tees_Tanks/id_00002629/02_{view}.jpg' for view in ('2_side', '3_back')]
    assert AnswerFolder(tmp_path).path(*pair) == str(tmp_path / f'{flat[0]}_2_{flat[1]}_vis.png')
    assert answer_name(*pair) == f'{flat[0]}_2_{flat[1]}_vis.png'.replace('Tees_', 'Tees')


def test_what_cannot_be_scored_is_named(tmp_path, networks, monkeypatch):
    data = DataConfig(data_dir=write_data(tmp_path / 'data', 'fasion', (80, 56)))
    folder = write_answers(tmp_path / 'answers', (256, 176))
    with pytest.raises(DataError, match="--images: no folder 'absent'"):
        evaluate_images('absent', 'nted', data, tmp_path / 'output', networks)
    with pytest.raises(ConfigError, match='--dataset: got mvc, --protocol=nted knows deepfashion, market'):
        evaluate_images(folder, 'nted', DataConfig(dataset='mvc'), tmp_path / 'output', networks)
    monkeypatch.setattr(FakeInception, 'variant', 'fid')
    with pytest.raises(
        ConfigError, match="got weights of the variant 'fid', --protocol=cfld is defined with torchvision"
    ):
        evaluate_images(folder, 'cfld', data, tmp_path / 'output', networks)
    (folder / 'test2_2_test3_vis.png').unlink()
    with pytest.raises(DataError, match=r'answers has no answer to test2\.jpg -> test3\.jpg'):
        evaluate_images(folder, 'nted', data, tmp_path / 'output', networks)
    assert not (tmp_path / 'output').exists()
