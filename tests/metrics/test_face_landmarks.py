"""Errors of landmarks, of faces that are where they are known to be."""

import numpy as np
import pytest

from posewarp_tf.faces.landmarks import EYES
from posewarp_tf.metrics.face_landmarks import LandmarkErrors
from posewarp_tf.synthetic.talking.videos import FaceSettings, talking_frames


@pytest.fixture(scope='module')
def frame():
    return next(talking_frames(FaceSettings(2, (96, 96)), 'train', 0))


def test_a_face_that_stands_elsewhere_is_off_by_that_and_where_there_is_none_it_is_counted(frame):
    errors = LandmarkErrors()
    truth = np.stack([frame.image] * 2)
    answers = {
        'same': truth,
        'moved': np.roll(truth, 4, axis=2),
        'sometimes': np.stack([frame.image, np.zeros_like(frame.image)]),
        'never': np.zeros_like(truth),
    }
    errors.add(answers, truth)
    # Nobody is to be found in the truth.
    errors.add(answers, np.zeros_like(truth))
    found = errors.result()
    assert found['without a face'] == {'same': 0, 'moved': 0, 'sometimes': 0.5, 'never': 1}
    corners = frame.landmarks[[EYES[0][0], EYES[1][3]]]
    for part in ('eyes', 'mouth', 'jaw', 'brows, eyes, nose and mouth'):
        assert found[part]['same'] == found[part]['sometimes'] == 0
        assert found[part]['never'] is None
        expected = 4 / np.linalg.norm(corners[0] - corners[1])
        assert found[part]['moved'] == pytest.approx(expected, rel=0.1)
