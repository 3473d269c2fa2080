"""From where an object is seen, as the network of novel views takes it: a vector of 21 numbers.

    view = one-hot(18, azimuth / 20 degrees), then one-hot(3, elevation / 10 degrees)

Azimuth turns the camera around the object, elevation lifts it; 0, 0 is the object's front, level with it. Between two
known angles the numbers of both are blended (ours: the published code knows the angles alone).
"""

from __future__ import annotations

import numpy as np

from posewarp_tf.errors import DataError

AZIMUTHS = tuple(range(0, 360, 20))
ELEVATIONS = (0, 10, 20)
VIEW_SIZE = len(AZIMUTHS) + len(ELEVATIONS)

_AZIMUTH_STEP, _ELEVATION_STEP = 20, 10


def view_vector(azimuth: float, elevation: float = 0.0) -> np.ndarray:
    """The view float32 [21] from an azimuth (any angle) and an elevation (0 to 20), in degrees.

    Between two of `AZIMUTHS` (`ELEVATIONS`) each has its share: at 25 degrees 0.75 of 20 and 0.25 of 40.

    Raises:
        DataError: an angle that is no number, or an elevation that is out of range.
    """
    if not np.isfinite(azimuth):
        raise DataError(f'azimuth: got {azimuth}, expected degrees')
    if not ELEVATIONS[0] <= elevation <= ELEVATIONS[-1]:
        raise DataError(f'elevation: got {elevation}, expected {ELEVATIONS[0]} to {ELEVATIONS[-1]} degrees')
    view = np.zeros(VIEW_SIZE, np.float32)
    place = (azimuth % 360) / _AZIMUTH_STEP
    share = place - np.floor(place)
    view[int(place) % len(AZIMUTHS)] += 1 - share
    view[(int(place) + 1) % len(AZIMUTHS)] += share
    height = elevation / _ELEVATION_STEP
    lower = min(int(height), len(ELEVATIONS) - 2)
    view[len(AZIMUTHS) + lower] += 1 - (height - lower)
    view[len(AZIMUTHS) + lower + 1] += height - lower
    return view


def views_of_poses(poses: np.ndarray) -> np.ndarray:
    """Views float32 [N, 21] of poses int [N, 2], (azimuth / 10, elevation), as the published files number them."""
    azimuths = np.asarray(poses)[:, 0] * 10 // _AZIMUTH_STEP
    elevations = np.asarray(poses)[:, 1] // _ELEVATION_STEP
    return np.concatenate(
        [np.eye(len(AZIMUTHS), dtype=np.float32)[azimuths], np.eye(len(ELEVATIONS), dtype=np.float32)[elevations]],
        axis=1,
    )
