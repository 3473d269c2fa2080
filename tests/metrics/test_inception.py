"""Inception score and Frechet distance against closed forms; the network and where its weights come from."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.metrics.frechet import Moments, frechet_distance
from posewarp_tf.metrics.inception import (
    Inception,
    InceptionScores,
    inception_protocol,
    inception_score,
    open_inception,
)


def test_score_of_sure_and_varied_answers_is_the_number_of_classes_and_of_equal_ones_is_1():
    assert inception_score(np.tile(np.eye(5), (4, 1)), 1) == (pytest.approx(5), 0)
    assert inception_score(np.tile([[0.2, 0.3, 0.5]], (6, 1)), 2) == (pytest.approx(1), pytest.approx(0))


def test_score_is_the_mean_over_splits_in_order():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(7), 10)
    parts = [probabilities[:4], probabilities[4:7], probabilities[7:]]
    expected = []
    for part in parts:
        marginal = part.mean(axis=0)
        divergence = [sum(p * np.log(p / m) for p, m in zip(row, marginal)) for row in part]
        expected.append(np.exp(np.mean(divergence)))
    mean, deviation = inception_score(probabilities, 3)
    assert mean == pytest.approx(np.mean(expected))
    assert deviation == pytest.approx(np.std(expected))
    assert inception_score(probabilities, 11) == (None, None)


def test_frechet_distance_of_diagonal_normals_in_closed_form():
    mean, other = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 6.0])
    variances, others = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    expected = 0 + 4 + 9 + np.sum((np.sqrt(variances) - np.sqrt(others)) ** 2)
    assert frechet_distance(mean, np.diag(variances), other, np.diag(others)) == pytest.approx(expected)


def test_frechet_distance_is_the_same_in_every_rotation_and_for_correlated_normals():
    """With equal shapes in one rotated frame the distance is that of the standard deviations."""
    rng = np.random.default_rng(1)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    first, second = (rotation @ np.diag(rng.uniform(0, 3, 4) ** 2) @ rotation.T for _ in range(2))
    deviations = [np.sqrt(np.diag(rotation.T @ matrix @ rotation)) for matrix in (first, second)]
    expected = np.sum((deviations[0] - deviations[1]) ** 2)
    assert frechet_distance(np.zeros(4), first, np.zeros(4), second) == pytest.approx(expected)
    assert frechet_distance(np.zeros(4), first, np.zeros(4), first) == pytest.approx(0, abs=1e-9)


def test_moments_are_those_of_all_vectors_together():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(9, 3)), rng.normal(2, 3, size=(8, 3))
    moments, other = Moments(), Moments()
    for batch in np.split(first, [2, 7]):
        moments.add(batch)
    other.add(second)
    expected = frechet_distance(first.mean(0), np.cov(first.T), second.mean(0), np.cov(second.T))
    assert moments.distance(other) == pytest.approx(expected)
    single = Moments()
    single.add(first[:1])
    assert single.distance(other) is None


def test_scores_of_every_answer_and_distances_to_the_truth():
    def inception(pictures):
        values = pictures.reshape(len(pictures), -1)[:, :3].astype(float)
        return values, values / values.sum(axis=1, keepdims=True)

    rng = np.random.default_rng(3)
    scores = InceptionScores(inception, 'truth', 2)
    pictures = {name: rng.integers(1, 255, (12, 2, 2, 3)).astype(np.uint8) for name in ('truth', 'model')}
    for name, all_pictures in pictures.items():
        for batch in np.split(all_pictures, 3):
            scores.add(name, batch)
    found = scores.result()
    assert found['inception_score']['model'] == inception_score(inception(pictures['model'])[1], 2)[0]
    assert set(found['inception_score']) == {'truth', 'model'}
    assert set(found['frechet_distance']) == {'model'}
    assert found['frechet_distance']['model'] > 0


@pytest.fixture(scope='module')
def untrained():
    return Inception('random')


def test_network_gives_features_and_probabilities_and_is_the_same_every_time(untrained):
    pictures = np.random.default_rng(4).integers(0, 256, (2, 40, 30, 3)).astype(np.uint8)
    features, probabilities = untrained(pictures)
    assert features.shape == (2, 2048) and features.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    assert np.abs(features[0] - features[1]).max() > 1e-3
    resized = tf.image.resize(tf.cast(pictures[1:], tf.float32), (299, 299), antialias=True) / 127.5 - 1
    np.testing.assert_allclose(untrained._network(resized)[0], features[1:], rtol=1e-2, atol=1e-4)


@pytest.mark.slow
def test_weights_of_a_keras_file_are_loaded(untrained, tmp_path):
    tf.keras.utils.set_random_seed(5)
    network = tf.keras.applications.InceptionV3(weights=None)
    network.save_weights(tmp_path / 'inception.h5')
    picture = np.random.default_rng(6).integers(0, 256, (1, 299, 299, 3)).astype(np.uint8)
    expected = network(tf.cast(picture, tf.float32) / 127.5 - 1)
    np.testing.assert_allclose(Inception(str(tmp_path / 'inception.h5'))(picture)[1], expected, rtol=1e-3)
    assert np.abs(untrained(picture)[1] - expected).max() > 1e-5


def test_weights_that_cannot_be_had_are_named(tmp_path, monkeypatch):
    with pytest.raises(RunError, match="--inception_weights: got 'imagnet', expected 'imagenet', 'random' or"):
        Inception('imagnet')
    with pytest.raises(RunError, match=r'--inception_weights: no file .*absent\.pth'):
        open_inception(str(tmp_path / 'absent.pth'))
    np.savez(tmp_path / 'other.npz', **{'fc.weight': np.zeros((10, 2048), np.float32)})
    with pytest.raises(RunError, match=r'other\.npz: fc\.weight: got \(10, 2048\), expected 1008 or 1000 classes'):
        open_inception(str(tmp_path / 'other.npz'))
    with pytest.raises(RunError, match='no file .*absent.h5'):
        Inception(str(tmp_path / 'absent.h5'))

    def no_network(weights):
        if weights is not None:
            raise Exception('URL fetch failure')

    monkeypatch.setattr(tf.keras.applications, 'InceptionV3', no_network)
    with pytest.raises(RunError, match='could not be downloaded .*inception_v3_weights_tf_dim_ordering_tf_kernels.h5'):
        Inception('imagenet')


def test_a_damaged_weight_file_is_named(tmp_path):
    path = tmp_path / 'damaged.h5'
    path.write_bytes(b'not a weight file')
    with pytest.raises(RunError, match=r'damaged\.h5 is not a weight file of InceptionV3'):
        Inception(str(path))


def test_untrained_weights_are_named_in_the_protocol():
    assert 'weights random: an untrained network' in inception_protocol('random', 10, 50)['network']
    assert 'untrained' not in inception_protocol('imagenet', 10, 50)['network']
    assert 'of PyTorch, weights a.pth' in inception_protocol('a.pth', 10, 50)['network']
