"""Intersection over union of garment maps against plain loops."""

import numpy as np
import pytest

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.metrics.classes import ClassScores


def maps(seed, classes=(0, 4, 8, 13)):
    return np.random.default_rng(seed).choice(classes, (3, 6, 5)).astype(np.uint8)


def test_agrees_with_a_loop_over_classes_and_batches_add_up():
    truth, answer = maps(0), maps(1)
    scores = ClassScores(GARMENT_NAMES)
    for index in range(3):
        scores.add('model', answer[index : index + 1], truth[index : index + 1])
    found = scores.result()
    ious = []
    for label in (0, 4, 8, 13):
        both = np.sum((truth == label) & (answer == label))
        either = np.sum((truth == label) | (answer == label))
        ious.append(both / either)
        assert found['iou'][GARMENT_NAMES[label]]['model'] == pytest.approx(both / either)
    assert len(found['iou']) == 4
    assert found['mean_iou']['model'] == pytest.approx(np.mean(ious))
    assert found['pixel_accuracy']['model'] == pytest.approx(np.mean(truth == answer))


def test_only_classes_of_the_truth_count_but_wrong_ones_cost():
    truth = np.zeros((1, 2, 4), np.uint8)
    truth[:, :, 2:] = 4
    answer = truth.copy()
    answer[0, 0, 3] = 11
    scores = ClassScores(GARMENT_NAMES)
    scores.add('model', answer, truth)
    scores.add('copy_source', truth, truth)
    found = scores.result()
    assert found['iou'] == {
        'background': {'model': 1, 'copy_source': 1},
        'upper_clothes': {'model': 0.75, 'copy_source': 1},
    }
    assert found['mean_iou'] == {'model': 0.875, 'copy_source': 1}


def test_without_maps_there_is_nothing():
    assert ClassScores(GARMENT_NAMES).result() == {}
