"""Pictures of what a model sees and does, as uint8 arrays [H, W, 3] that any viewer can show.

Colours
    Flow: the Middlebury wheel. Hue is the direction on screen (red: right, yellow: down, cyan to blue:
    left, violet: up), white is no motion, full colour is the largest motion. A flow points from the target to
    the source: red means that the content comes from further right. Black marks values that are not finite.
    Masks: white = 1 (warped source is used), black = 0 (the network invents).
    Composition masks: white = 1 (the network's picture), black = 0 (the context).
    Maps of classes: a colour per class (class_colors.py).
    Attention: where the weights of a pixel lean to, on the same wheel; white: evenly around the flowed point.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from posewarp_tf.conventions import LIMBS, NUM_JOINTS
from posewarp_tf.pictures.geometry import segment_distance

# Corners of the wheel with the turn at which each lies: more room for the hues that people tell apart well.
_WHEEL_TURNS = np.array([0, 15, 21, 25, 36, 49, 55]) / 55
_WHEEL_COLORS = 255.0 * np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])

_TITLE_HEIGHT = 20
_GAP = 4
_READABLE_SIZE = 160


def draw_skeleton(image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """A copy of the picture uint8 [H, W, 3] with the 17 limbs in 17 colours and a white dot on each joint.

    `keypoints` [18, 2] are (x, y) in pixels of the picture; a limb with a missing joint (-1, -1) is left out. Lines are
    anti-aliased, and as wide as 1.6% of the shorter side, at least 1.6 pixels.
    """
    keypoints = np.asarray(keypoints, np.float64)
    if keypoints.shape != (NUM_JOINTS, 2):
        raise ValueError(f'keypoints: got shape {keypoints.shape}, expected ({NUM_JOINTS}, 2)')
    canvas = np.asarray(image).astype(np.float32)
    radius = max(0.8, 0.008 * min(canvas.shape[:2]))
    present = np.all((keypoints >= 0) & np.isfinite(keypoints), axis=-1)
    for limb, (start, end) in enumerate(LIMBS):
        if present[start] and present[end]:
            _blend_line(canvas, keypoints[start], keypoints[end], radius, _wheel_color(limb / len(LIMBS)))
    for point in keypoints[present]:
        _blend_line(canvas, point, point, 1.2 * radius, np.full(3, 255.0))
    return np.rint(canvas).astype(np.uint8)


def flow_to_color(flow: np.ndarray, max_magnitude: float | None = None) -> np.ndarray:
    """A flow [H, W, 2] on the colour wheel, uint8 [H, W, 3].

    `max_magnitude` is the length that gets full colour; None takes the longest finite vector.
    """
    flow = np.asarray(flow, np.float64)
    magnitude = np.hypot(flow[..., 0], flow[..., 1])
    finite = np.isfinite(magnitude)
    if max_magnitude is None:
        max_magnitude = float(np.max(magnitude, where=finite, initial=0.0))
    safe_flow = np.where(finite[..., None], flow, 0.0)
    turn = np.arctan2(safe_flow[..., 1], safe_flow[..., 0]) / (2 * np.pi) % 1.0
    saturation = np.clip(np.where(finite, magnitude, 0.0) / max(max_magnitude, 1e-9), 0.0, 1.0)[..., None]
    color = 255.0 * (1 - saturation) + saturation * _wheel_color(turn)
    return np.rint(np.where(finite[..., None], color, 0.0)).astype(np.uint8)


def mask_to_gray(mask: np.ndarray) -> np.ndarray:
    """A mask [H, W] or [H, W, 1] in [0, 1] as grey uint8 [H, W, 3]; 1 is white."""
    mask = np.asarray(mask, np.float32).reshape(mask.shape[:2])
    gray = np.rint(255.0 * np.clip(mask, 0.0, 1.0)).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=-1)


def attention_to_color(attention: np.ndarray) -> np.ndarray:
    """Where attention weights [H, W, k * k] (row-major, dy outer) lean to, uint8 [H, W, 3].

    The weighted mean of the taps' offsets on the colour wheel; full colour is the outermost tap.
    """
    attention = np.asarray(attention, np.float32)
    kernel_size = round(attention.shape[-1] ** 0.5)
    offsets = np.arange(kernel_size) - kernel_size // 2
    dy, dx = np.meshgrid(offsets, offsets, indexing='ij')
    lean = attention @ np.stack([dx.ravel(), dy.ravel()], axis=-1).astype(np.float32)
    return flow_to_color(lean, max_magnitude=max(1, kernel_size // 2))


def picture_grid(rows: Sequence[Sequence[np.ndarray]], column_titles: Sequence[str] = ()) -> np.ndarray:
    """Pictures uint8 [H, W] or [H, W, 3] side by side on white, uint8 [H', W', 3].

    Every cell has the size of the largest picture, enlarged by a whole factor when it is too small to see; smaller
    pictures are enlarged by whole factors as far as they fit, and centred. Rows may have different lengths.
    """
    pictures = [picture for row in rows for picture in row]
    if not pictures:
        raise ValueError('picture_grid: got no pictures')
    height = max(picture.shape[0] for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    factor = -(-_READABLE_SIZE // max(height, width))
    height, width = factor * height, factor * width
    top = _TITLE_HEIGHT if column_titles else 0
    num_columns = max(max(map(len, rows)), len(column_titles))
    size = (num_columns * (width + _GAP) - _GAP, top + len(rows) * (height + _GAP) - _GAP)
    grid = Image.new('RGB', size, 'white')
    for row_index, row in enumerate(rows):
        for column, picture in enumerate(row):
            cell = _enlarge(picture, min(height // picture.shape[0], width // picture.shape[1]))
            x = column * (width + _GAP) + (width - cell.shape[1]) // 2
            y = top + row_index * (height + _GAP) + (height - cell.shape[0]) // 2
            grid.paste(Image.fromarray(cell), (x, y))
    draw = ImageDraw.Draw(grid)
    for column, title in enumerate(column_titles):
        center = column * (width + _GAP) + width // 2
        draw.text((center, top // 2), title, fill='black', anchor='mm', font=_font_that_fits(title, width))
    return np.asarray(grid)


def _blend_line(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float, color: np.ndarray) -> None:
    """Paints all pixels within `radius` of a segment; their coverage falls off over one pixel."""
    low = np.maximum(np.floor(np.minimum(start, end) - radius - 1), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(start, end) + radius + 2), canvas.shape[1::-1]).astype(int)
    if np.any(high <= low):
        return
    box = canvas[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    coverage = np.clip(radius + 0.5 - segment_distance(x, y, start, end), 0.0, 1.0)[..., None]
    box += coverage * (color - box)


def _wheel_color(turn: Any) -> np.ndarray:
    """Colours [..., 3] in 0 to 255 of directions given as parts of a turn, clockwise on screen from the right."""
    return np.stack([np.interp(turn, _WHEEL_TURNS, channel) for channel in _WHEEL_COLORS.T], axis=-1)


def _enlarge(picture: np.ndarray, factor: int) -> np.ndarray:
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=-1)
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def _font_that_fits(text: str, width: int) -> Any:
    for font_size in range(14, 6, -1):
        font = ImageFont.load_default(font_size)
        if font.getlength(text) <= width:
            break
    return font
