"""What the outputs of BlazePose's two networks mean; made-up outputs are decoded, no network is needed."""

import numpy as np
import pytest

from posewarp_tf.detection import detector, landmarks
from posewarp_tf.detection.detector import Detection


def test_anchors_are_the_centres_of_the_cells_in_the_order_of_the_outputs():
    expected = []
    for cells, count in ((28, 2), (14, 2), (7, 6)):
        for row in range(cells):
            for column in range(cells):
                expected += [((column + 0.5) / cells, (row + 0.5) / cells)] * count
    assert len(expected) == 2254
    np.testing.assert_allclose(detector.anchors(), expected)


def raw_outputs(found):
    """Outputs in which anchor i has a logit and a box: {i: (logit, 12 numbers)}; all others are surely nobody."""
    boxes, logits = np.zeros([2254, 12], np.float32), np.full([2254], -200.0, np.float32)
    for number, (logit, values) in found.items():
        logits[number], boxes[number] = logit, values
    return boxes, logits


def test_boxes_and_points_are_relative_to_their_anchor():
    # Anchor 60 is that of row 1, column 2 in the grid of 28.
    values = [22.4, -11.2, 44.8, 22.4, *(2.24 * np.arange(8))]
    (found,) = detector.decode(*raw_outputs({60: (np.log(3.0), values)}))
    u, v = 2.5 / 28, 1.5 / 28
    assert found.score == pytest.approx(0.75)
    np.testing.assert_allclose(found.box, [u + 0.1 - 0.1, v - 0.05 - 0.05, u + 0.1 + 0.1, v - 0.05 + 0.05], atol=1e-6)
    for number, point in enumerate(found.points):
        np.testing.assert_allclose(point, [u + 0.02 * number, v + 0.02 * number + 0.01], atol=1e-6)


def test_only_the_sure_ones_stay_the_surest_first():
    outputs = raw_outputs({5: (-0.1, np.ones(12)), 9: (0.2, np.ones(12)), 7: (300.0, np.ones(12))})
    assert [round(found.score, 3) for found in detector.decode(*outputs)] == [1.0, round(1 / (1 + np.exp(-0.2)), 3)]


def detection(score, left, top=0.1):
    box = np.array([left, top, left + 0.2, top + 0.2])
    return Detection(score, box, np.repeat([[left, top]], 4, axis=0))


def test_overlapping_boxes_become_their_mean_by_score_and_others_stay():
    # 0.04 apart of 0.2: the overlap is 0.16 / 0.24; 0.15 apart: 0.05 / 0.35, somebody else.
    merged = detector.merge(
        [detection(0.6, 0.10), detection(0.9, 0.14), detection(0.7, 0.29), detection(0.5, 0.1, 0.6)]
    )
    assert [one.score for one in merged] == [0.9, 0.7, 0.5]
    left = (0.6 * 0.10 + 0.9 * 0.14) / 1.5
    np.testing.assert_allclose(merged[0].box, [left, 0.1, left + 0.2, 0.3])
    np.testing.assert_allclose(merged[0].points, np.repeat([[left, 0.1]], 4, axis=0))


def test_overlap_is_intersection_over_union():
    assert detector.overlap([0, 0, 4, 2], [2, 1, 6, 3]) == pytest.approx(2 / 14)
    assert detector.overlap([0, 0, 1, 1], [1, 0, 2, 1]) == detector.overlap([0, 0, 0, 0], [0, 0, 0, 0]) == 0


def test_landmarks_are_parts_of_the_region_and_logits_become_probabilities():
    table = np.zeros([39, 5], np.float32)
    table[3] = 64, 192, 9, np.log(4.0), -np.log(4.0)
    mask = np.full([256, 256], -1000.0, np.float32)
    mask[10, 20] = 0
    cold = np.full([64, 64, 39], -50.0, np.float32)
    found = landmarks.decode(table.ravel(), 0.75, mask, cold)
    np.testing.assert_allclose(found.points[3], [0.25, 0.75])
    assert (found.visibility[3], found.presence[3]) == pytest.approx((0.8, 0.2))
    assert found.score == 0.75 and found.mask[10, 20] == 0.5 and found.mask.sum() == pytest.approx(0.5)


def test_landmarks_move_to_the_centre_of_gravity_of_their_heat():
    logits = np.full([64, 64, 4], -50.0, np.float32)
    logits[20, 30, 0], logits[21, 32, 0] = 0.0, np.log(3.0)  # Heat 1/2 and 3/4.
    logits[40, 5, 0] = 50.0  # Too far away to count.
    logits[20, 30, 1] = -0.1  # Not hot enough.
    logits[0, 1, 2] = 50.0  # At the corner.
    points = np.array([[31.2, 20.7], [31.2, 20.7], [2.9, 0.4], [70.0, 3.0]]) / 64
    expected = np.array([[(30 * 0.5 + 32 * 0.75) / 1.25, (20 * 0.5 + 21 * 0.75) / 1.25], [31.2, 20.7], [1, 0], [70, 3]])
    np.testing.assert_allclose(landmarks.refine(points, logits) * 64, expected, atol=1e-6)


def test_inputs_have_the_ranges_that_the_networks_were_trained_on():
    pixels = np.array([0, 127.5, 255], np.float32)
    np.testing.assert_allclose(detector.network_input(pixels), [-1, 0, 1])
    np.testing.assert_allclose(landmarks.network_input(pixels), [0, 0.5, 1])
    assert detector.network_input(pixels).dtype == landmarks.network_input(pixels).dtype == np.float32
