import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.faces import landmarks


@pytest.fixture
def points():
    return np.random.default_rng(0).integers(0, 200, (68, 2)).astype(float)


def test_landmarks_are_written_as_whole_pixels_and_read_again(tmp_path, points):
    path = tmp_path / 'a.txt'
    landmarks.write_landmarks(path, points + 0.4)
    assert path.read_text().splitlines()[0] == f'{points[0, 0]:.0f},{points[0, 1]:.0f}'
    np.testing.assert_array_equal(landmarks.read_landmarks(path), points)


@pytest.mark.parametrize('line', ['12', '12,x', '1,2,3', 'nan,1'])
def test_a_bad_row_is_named(tmp_path, points, line):
    path = tmp_path / 'a.txt'
    landmarks.write_landmarks(path, points)
    rows = path.read_text().splitlines()
    rows[6] = line
    path.write_text('\n'.join(rows))
    with pytest.raises(DataError, match=rf'a.txt: line 7: got \'{line}\', expected x,y'):
        landmarks.read_landmarks(path)


def test_another_number_of_landmarks_is_refused(tmp_path, points):
    path = tmp_path / 'a.txt'
    path.write_text('1,2\n' * 67)
    with pytest.raises(DataError, match='got 67 landmarks, expected 68'):
        landmarks.read_landmarks(path)
    with pytest.raises(DataError, match='missing.txt'):
        landmarks.read_landmarks(tmp_path / 'missing.txt')


def test_the_upper_half_mirrors_the_jaw_at_two_thirds(points):
    points[:17] = [(10 * i, 50 + 3 * (8 - abs(i - 8))) for i in range(17)]
    forehead = landmarks.with_upper_half(points)[68:]
    assert forehead.shape == (15, 2)
    # Chin at x = 80, 24 below the ears: 16 above them; the first point is the last before the ear.
    assert forehead[7].tolist() == [80, 34] and forehead[0].tolist() == [150, 48]
