"""Detail against what a Gaussian does to a sine, and the few numbers that an evaluation begins with."""

import numpy as np
import pytest
from scipy import ndimage

from posewarp_tf.metrics.classes import ClassScores
from posewarp_tf.metrics.detail import MODEL, SIGMA, SOURCE, TRUTH, DetailScores, detail_energy
from posewarp_tf.metrics.headline import HEADLINES, headline
from posewarp_tf.metrics.scores import Scores
from posewarp_tf.metrics.table import format_table
from tests.random_answers import random_batch, random_outputs

SIZE = (96, 128)
ALL = np.ones(SIZE, bool)


def stripes(period, amplitude=100.0):
    """Grey stripes, a sine of `amplitude` levels that repeats every `period` pixels of x."""
    wave = 127 + amplitude * np.sin(2 * np.pi * np.arange(SIZE[1]) / period)
    return np.rint(np.broadcast_to(wave[None, :, None], (*SIZE, 3))).astype(np.uint8)


@pytest.mark.parametrize('period', [4, 8, 16])
def test_energy_of_a_sine_is_what_the_gaussian_takes_of_it(period):
    taken = 1 - np.exp(-2 * (np.pi * SIGMA / period) ** 2)
    expected = (100 / 255 * taken) ** 2 / 2
    assert detail_energy(np.tile(stripes(period), (1, 10, 1))) == pytest.approx(expected, rel=0.04)


def test_flat_colours_have_none_and_a_blurred_picture_has_less():
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    blurred = ndimage.gaussian_filter(noise.astype(float), (2, 2, 0)).astype(np.uint8)
    assert detail_energy(np.full((*SIZE, 3), (200, 30, 90), np.uint8)) < 1e-20
    assert detail_energy(blurred) < 0.1 * detail_energy(noise)


def test_the_outline_of_a_person_is_no_detail_of_the_person():
    image, person = np.full((*SIZE, 3), 255, np.uint8), np.zeros(SIZE, bool)
    person[20:70, 30:80] = True
    image[person] = 40
    assert detail_energy(image) > 1e-4
    assert detail_energy(image, person) < 1e-20
    assert detail_energy(image, np.zeros_like(person)) is None


def test_share_is_of_the_source_over_each_ones_own_person():
    left, right = ALL.copy(), ALL.copy()
    left[:, 64:], right[:, :64] = False, False
    source = np.where(left[..., None], stripes(4), 127).astype(np.uint8)
    answer = np.where(right[..., None], stripes(4, amplitude=50), 127).astype(np.uint8)
    scores = DetailScores()
    for name, image, person in ((SOURCE, source, left), (MODEL, answer, right), (TRUTH, source, left)):
        scores.add(name, [image], [person])
    found = scores.result()
    assert found['foreground']['share_of_source'] == pytest.approx(0.25, rel=0.03)
    assert found['foreground']['truth'] == found['foreground']['source']


def test_without_answers_there_is_no_detail():
    scores = DetailScores()
    scores.add(SOURCE, [stripes(4)], [ALL])
    assert scores.result() == {}


def test_silhouette_is_all_that_is_not_background():
    truth, answer = np.zeros((1, 4, 8), np.uint8), np.zeros((1, 4, 8), np.uint8)
    truth[:, :, 2:6] = 1
    answer[:, :, 4:8] = 2  # of another class, half beside
    scores = ClassScores(('background', 'a', 'b'))
    scores.add('model', answer, truth)
    scores.add('copy_source', np.zeros_like(truth), truth)
    assert scores.result()['silhouette_iou'] == {'model': pytest.approx(8 / 24), 'copy_source': 0}


def test_headline_takes_the_finest_flow_and_the_persons_own_detail():
    def flow(ratio):
        return {'visible': {'ratio': ratio}, 'occluded': {'ratio': 9.0}}

    metrics = {
        'image': {
            'whole': {'l1': {'model': 0.1, 'copy_source': 0.4}},
            'foreground': {'ssim_gaussian': {'model': 0.7, 'copy_source': 0.2}},
        },
        'flow': {'scale_2': flow(0.5), 'scale_0': flow(0.2), 'scale_0_reference': flow(7.0)},
        'parts': {'mean_iou': {'model': 0.5}, 'silhouette_iou': {'model': 0.9, 'copy_source': 0.3}},
        'detail': {'whole': {'share_of_source': 5.0}, 'foreground': {'share_of_source': 0.8}},
    }
    assert headline(metrics) == {
        'flow_of_zero_flow': 0.2,
        'silhouette_iou': 0.9,
        'foreground_ssim': 0.7,
        'l1_of_copying': 0.25,
        'detail_of_source': 0.8,
    }
    lacking = {'image': {'whole': {'l1': {'copy_source': 0.4}}, 'foreground': {'ssim_gaussian': {}}}}
    assert headline(lacking) == {}


def test_scores_begin_with_it_and_the_table_ends_with_it():
    scores = Scores()
    scores.add(random_batch(2), random_outputs(2))
    found = scores.result()
    assert set(found['headline']) >= {'foreground_ssim', 'l1_of_copying', 'detail_of_source'}
    text = format_table(found)
    for name, value in found['headline'].items():
        assert f'{value:.3f}  {HEADLINES[name][0]}' in text
    assert found['detail']['whole'].keys() == {'model', 'source', 'truth', 'share_of_source'}
    assert 'Gaussian of 1.5 px' in scores.protocol(SIZE)['detail']
