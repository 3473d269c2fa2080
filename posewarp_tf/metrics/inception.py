"""Inception score and Frechet distance: how pictures look to a network that was trained to tell objects apart."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from posewarp_tf.errors import RunError
from posewarp_tf.metrics.frechet import Moments
from posewarp_tf.metrics.torch_inception import SIZE, TorchInception
from posewarp_tf.ops import to_float_image
from posewarp_tf.tensor_files.reading import SUFFIXES

_WEIGHTS_FILE = 'inception_v3_weights_tf_dim_ordering_tf_kernels.h5'


class Inception:
    """Keras' InceptionV3 (Szegedy et al., CVPR 2016): features and class probabilities of pictures.

    Args:
        weights: one of
            'imagenet'   the weights of tf.keras.applications, downloaded on first use
            'random'     seeded He-normal kernels: an untrained network; what follows is then no score of quality
            a path       the .h5 file of tf.keras.applications, with its top

    Raises:
        RunError: the weights cannot be had or do not fit.
    """

    def __init__(self, weights: str) -> None:
        network = _network(weights)
        outputs = [network.get_layer('avg_pool').output, network.output]
        self._network = tf.function(tf.keras.Model(network.input, outputs), autograph=False, reduce_retracing=True)

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(features [B, 2048], probabilities [B, 1000]) of uint8 pictures [B, H, W, 3], as float64."""
        resized = tf.image.resize(tf.cast(images, tf.float32), SIZE, antialias=True)
        features, probabilities = self._network(to_float_image(resized))
        return features.numpy().astype(np.float64), probabilities.numpy().astype(np.float64)


def open_inception(weights: str) -> Inception | TorchInception:
    """The network of `weights`: as of `Inception`, or a .pth, .safetensors or .npz file of PyTorch's.

    Raises:
        RunError: the weights cannot be had or do not fit.
    """
    if os.path.splitext(weights)[1].lower() in SUFFIXES:
        return TorchInception(weights)
    return Inception(weights)


class InceptionScores:
    """Gathers what Inception sees in the pictures of several answers, batch by batch.

    Args:
        inception: pictures -> (features, probabilities).
        truth: the answer that the others are compared with.
        num_splits: parts of the pictures that the Inception score is computed of.
    """

    def __init__(self, inception: Any, truth: str, num_splits: int) -> None:
        self._inception = inception
        self._truth = truth
        self._num_splits = num_splits
        self._probabilities: dict[str, list[np.ndarray]] = {}
        self._moments: dict[str, Moments] = {}

    def add(self, answer: str, images: np.ndarray) -> None:
        features, probabilities = self._inception(images)
        self._probabilities.setdefault(answer, []).append(probabilities)
        self._moments.setdefault(answer, Moments()).add(features)

    def result(self) -> dict[str, dict[str, float | None]]:
        """{'inception_score': {answer: value}, 'inception_score_deviation': ..., 'frechet_distance': ...}.

        None where a value is not defined.
        """
        scores = {
            answer: inception_score(np.concatenate(found), self._num_splits)
            for answer, found in self._probabilities.items()
        }
        truth = self._moments[self._truth]
        return {
            'inception_score': {answer: mean for answer, (mean, _) in scores.items()},
            'inception_score_deviation': {answer: deviation for answer, (_, deviation) in scores.items()},
            'frechet_distance': {
                answer: moments.distance(truth) for answer, moments in self._moments.items() if answer != self._truth
            },
        }


def inception_score(probabilities: np.ndarray, num_splits: int) -> tuple[float | None, float | None]:
    """Salimans et al., NIPS 2016: exp(mean over pictures of KL(p(class | picture) || mean p(class))).

    Args:
        probabilities: [N, classes].
        num_splits: the pictures are cut, in order, into so many parts of (nearly) equal size.

    Returns:
        Mean and standard deviation over the parts; None with fewer pictures than parts.
    """
    if len(probabilities) < num_splits:
        return None, None
    scores = []
    for part in np.array_split(probabilities, num_splits):
        marginal = part.mean(axis=0)
        # 0 log 0 = 0.
        ratio = np.log(np.maximum(part, 1e-300)) - np.log(np.maximum(marginal, 1e-300))
        scores.append(np.exp(np.mean(np.sum(part * ratio, axis=1))))
    return float(np.mean(scores)), float(np.std(scores))


def inception_protocol(weights: str, num_splits: int, num_pictures: int) -> dict[str, str]:
    """What the numbers mean."""
    of_pytorch = os.path.splitext(weights)[1].lower() in SUFFIXES
    network = f'Inception v3 of {"PyTorch" if of_pytorch else "tf.keras.applications"}, weights {weights}'
    if weights == 'random':
        network += ': an untrained network, the numbers say nothing about quality'
    smoothing = 'as PyTorch interpolates' if of_pytorch else 'tf.image.resize with antialias=True'
    return {
        'network': network,
        'input': f'uint8 pictures resized to 299x299, bilinear, {smoothing}, then to [-1, 1]',
        'inception_score': f'mean (and deviation) over {num_splits} splits, in the order of the test pairs',
        'frechet_distance': 'of the 2048 pooled features to those of the true pictures, sample covariance, '
        f'{num_pictures} pictures (biased upwards for fewer than some thousands)',
    }


def _network(weights: str) -> tf.keras.Model:
    if weights == 'imagenet':
        return _download()
    if weights == 'random':
        logging.warning('--inception_weights=random: the Inception score is that of an untrained network')
        return _randomized(tf.keras.applications.InceptionV3(weights=None))
    if os.path.splitext(weights)[1] != '.h5':
        raise RunError(
            f"--inception_weights: got {weights!r}, expected 'imagenet', 'random' or the path of a file of .h5, "
            f'{", ".join(SUFFIXES)}'
        )
    if not os.path.exists(weights):
        raise RunError(f'--inception_weights: no file {weights}')
    network = tf.keras.applications.InceptionV3(weights=None)
    try:
        network.load_weights(weights)
    except Exception as error:  # Damaged files raise anything from OSError to KeyError.
        raise RunError(
            f'--inception_weights: {weights} is not a weight file of InceptionV3 with its top: {error}'
        ) from error
    return network


def _download() -> tf.keras.Model:
    try:
        return tf.keras.applications.InceptionV3(weights='imagenet')
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise RunError(
            f'--inception_weights=imagenet: the weights could not be downloaded ({error}). On a computer with a '
            'network run `python -c "import tensorflow as tf; tf.keras.applications.InceptionV3()"`, copy '
            f'~/.keras/models/{_WEIGHTS_FILE} from there and give its path as --inception_weights=PATH'
        ) from error


def _randomized(network: tf.keras.Model) -> tf.keras.Model:
    rng = np.random.default_rng(3)
    for weight in network.trainable_weights:
        if weight.shape.rank >= 2:
            deviation = np.sqrt(2 / np.prod(weight.shape[:-1]), dtype=np.float32)
            weight.assign(deviation * rng.standard_normal(weight.shape, np.float32))
    return network
