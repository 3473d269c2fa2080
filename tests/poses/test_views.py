"""Views of objects as vectors."""

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.poses.views import view_vector, views_of_poses


def test_views_are_one_hot_by_azimuth_and_elevation_and_blended_between(golden):
    reference = golden('shapenet_train')
    for role in ('source', 'target'):
        np.testing.assert_array_equal(views_of_poses(reference[f'{role}_view']), reference[f'{role}_pose'])
        azimuth, elevation = reference[f'{role}_view'][0] * [10, 1]
        np.testing.assert_array_equal(view_vector(azimuth, elevation), reference[f'{role}_pose'][0])
    between = view_vector(-5.0, 15.0)
    np.testing.assert_allclose(between[[17, 0, 18, 19, 20]], [0.25, 0.75, 0, 0.5, 0.5])
    assert between.sum() == 2
    with pytest.raises(DataError, match='elevation: got 21, expected 0 to 20'):
        view_vector(0, 21)
