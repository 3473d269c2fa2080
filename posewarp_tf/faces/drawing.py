"""Landmarks and maps of faces as pictures that can be looked at."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from posewarp_tf.faces.landmarks import BROWS, EYES, INNER_LIPS, JAW, NOSE, OUTER_LIPS, checked_landmarks

# Lines through landmarks, with whether they are closed, and their colours.
_LINES: tuple[tuple[tuple[int, ...], bool, tuple[int, int, int]], ...] = (
    (JAW, False, (70, 200, 255)),
    *((brow, False, (255, 170, 60)) for brow in BROWS),
    (NOSE[:4], False, (255, 240, 90)),
    (NOSE[4:], False, (255, 240, 90)),
    *((eye, True, (110, 255, 120)) for eye in EYES),
    (OUTER_LIPS, True, (255, 90, 140)),
    (INNER_LIPS, True, (255, 180, 220)),
)
# Of the parts 0..6.
_PART_COLORS = np.array(
    [(0, 0, 0), (84, 88, 110), (255, 170, 60), (255, 240, 90), (110, 255, 120), (255, 90, 140), (255, 180, 220)],
    np.uint8,
)
_DRAWN_FINER = 4


def draw_landmarks(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """A copy of the picture uint8 [H, W, 3] with thin lines through its landmarks [68, 2], (x, y) in its pixels."""
    height, width = image.shape[:2]
    large = Image.fromarray(image).resize((_DRAWN_FINER * width, _DRAWN_FINER * height), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(large)
    # The centre of pixel 0 lies half a pixel inside.
    points = (checked_landmarks(landmarks) + 0.5) * _DRAWN_FINER
    thickness = max(2, min(height, width) * _DRAWN_FINER // 240)
    for numbers, is_closed, color in _LINES:
        line = [tuple(points[number]) for number in (*numbers, *numbers[: int(is_closed)])]
        draw.line(line, fill=color, width=thickness)
    return np.asarray(large.resize((width, height), Image.Resampling.BOX))


def draw_maps(maps: np.ndarray) -> np.ndarray:
    """Maps uint8 [H, W, 16] as a picture uint8 [H, W, 3]: parts in colours under white edges."""
    return np.where(maps[..., :1] > 0, np.uint8(255), _PART_COLORS[maps[..., 15]])
