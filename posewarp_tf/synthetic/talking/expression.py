"""What a face does in one frame, and smooth movements of it over time."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn.geometry import smooth_profile

FRAMES_PER_SECOND = 25.0

# Radians that a head turns at most to the side, up or down, and leans.
_MOST_YAW, _MOST_PITCH, _MOST_ROLL = 0.52, 0.2, 0.16
# Frames of a blink, and between two of them.
_BLINK = 6
_BETWEEN_BLINKS = (35, 120)


@dataclasses.dataclass(frozen=True)
class Expression:
    """0 is a face at rest that looks into the camera.

    Attributes:
        openness: of the mouth, 0 to 1.
        smile: -1 (mouth corners down) to 1.
        pucker: lips brought together and forward, 0 to 1.
        blink: 0 (eyes open) to 1 (closed).
        brow: -1 (lowered) to 1 (raised).
        gaze: radians to the person's left and up.
        yaw, pitch, roll: radians to the person's left, forward, and towards the left shoulder.
        shift: of the shoulders, to the left and up, in head heights.
    """

    openness: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    blink: float = 0.0
    brow: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)


def sample_talk(rng: np.random.Generator, num_frames: int) -> list[Expression]:
    """Somebody talks into a camera: turns, nods and blinks, with mouth shapes that change several times a second."""
    seconds = num_frames / FRAMES_PER_SECOND

    def path(per_second: float, low: float, high: float) -> np.ndarray:
        """A smooth curve through random values in [low, high], so many a second."""
        count = int(seconds * per_second) + 4
        at = (np.arange(num_frames) / FRAMES_PER_SECOND) * per_second + rng.random()
        return smooth_profile(list(zip(np.arange(float(count)), rng.uniform(low, high, count))), at)

    speaks = np.clip(path(0.6, -0.6, 2.2), 0.0, 1.0)
    openness = speaks * np.clip(path(5.5, -0.25, 1.0), 0.0, 1.0) * rng.uniform(0.7, 1.0)
    pucker = speaks * np.clip(path(3.5, -0.9, 1.0), 0.0, 1.0)
    smile = np.clip(path(0.5, -0.5, 1.1), -0.4, 1.0) * (1 - 0.6 * pucker)
    brow = np.clip(path(0.8, -0.8, 1.0), -1.0, 1.0) + 0.15 * openness
    gaze = np.stack([path(0.8, -0.16, 0.16), path(0.8, -0.08, 0.08)], axis=1)
    yaw, pitch, roll = path(0.55, -1, 1) * _MOST_YAW, path(0.7, -1, 1) * _MOST_PITCH, path(0.5, -1, 1) * _MOST_ROLL
    # The eyes stay with the camera for a part of every turn.
    gaze[:, 0] -= 0.45 * yaw
    gaze[:, 1] += 0.45 * pitch
    shift = np.stack([path(0.4, -0.05, 0.05), path(0.5, -0.03, 0.03)], axis=1)
    blink = _blinks(rng, num_frames)
    return [
        Expression(
            float(openness[i]), float(smile[i]), float(pucker[i]), float(blink[i]), float(np.clip(brow[i], -1, 1)),
            (float(gaze[i, 0]), float(gaze[i, 1])), float(yaw[i]), float(pitch[i]), float(roll[i]),
            (float(shift[i, 0]), float(shift[i, 1])),
        )
        for i in range(num_frames)
    ]  # fmt: skip


def _blinks(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """float64 [num_frames]: 1 where eyes are closed; a blink closes faster than it opens."""
    shape = np.array([0.45, 1.0, 1.0, 0.7, 0.4, 0.15])
    blink = np.zeros(num_frames + _BLINK)
    start = int(rng.integers(4, _BETWEEN_BLINKS[0]))
    while start < num_frames:
        blink[start : start + _BLINK] = shape
        start += int(rng.integers(*_BETWEEN_BLINKS))
    return blink[:num_frames]
