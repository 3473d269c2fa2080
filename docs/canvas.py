"""A sheet that the pictures of the documents are drawn on: smooth lines, whole pixels, small files."""

from __future__ import annotations

import math
import os

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from posewarp_tf.files import atomic_path

Point = tuple[float, float]

# Everything is drawn so many times larger and averaged at the end.
_FINE = 3
_COLORS = 200


class Canvas:
    """A white sheet; all places and lengths are in pixels of the finished picture."""

    def __init__(self, width: int, height: int):
        self._image = Image.new('RGB', (width * _FINE, height * _FINE), 'white')
        self._draw = ImageDraw.Draw(self._image)

    def picture(self, picture: np.ndarray, x: int, y: int, factor: float = 1) -> None:
        """Pastes uint8 [H, W, 3] with its upper left corner at (x, y), every pixel a square of `factor` pixels."""
        height, width = picture.shape[:2]
        size = round(width * factor * _FINE), round(height * factor * _FINE)
        self._image.paste(Image.fromarray(picture).resize(size, Image.Resampling.NEAREST), (x * _FINE, y * _FINE))

    def text(self, x: float, y: float, text: str, size: int = 13, color: str = '#222', anchor: str = 'mm') -> None:
        font = ImageFont.load_default(size * _FINE)
        self._draw.text((x * _FINE, y * _FINE), text, fill=color, font=font, anchor=anchor)

    def line(self, start: Point, end: Point, color: str, width: float = 2) -> None:
        self._draw.line([*self._fine(start), *self._fine(end)], fill=color, width=round(width * _FINE))

    def arrow(self, start: Point, end: Point, color: str, width: float = 2.5) -> None:
        """A white-edged arrow whose tip is `end`."""
        length = math.hypot(end[0] - start[0], end[1] - start[1])
        along = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        across = -along[1], along[0]
        for color_, grown in (('white', 1.5), (color, 0.0)):
            head = 11 + grown
            neck = end[0] - along[0] * head, end[1] - along[1] * head
            tip = end[0] + along[0] * grown, end[1] + along[1] * grown
            self.line(start, neck, color_, width + 2 * grown)
            corners = [
                (neck[0] + side * across[0] * (5 + grown), neck[1] + side * across[1] * (5 + grown)) for side in (1, -1)
            ]
            self._draw.polygon([number for point in (tip, *corners) for number in self._fine(point)], fill=color_)

    def ring(self, x: float, y: float, radius: float, color: str, width: float = 2.5) -> None:
        """A white-edged ring."""
        for color_, grown in (('white', 1.5), (color, 0.0)):
            outer = radius + grown
            box = [(x - outer) * _FINE, (y - outer) * _FINE, (x + outer) * _FINE, (y + outer) * _FINE]
            self._draw.ellipse(box, outline=color_, width=round((width + 2 * grown) * _FINE))

    def dot(self, x: float, y: float, radius: float, color: str, edge: str | None = None) -> None:
        box = [(x - radius) * _FINE, (y - radius) * _FINE, (x + radius) * _FINE, (y + radius) * _FINE]
        self._draw.ellipse(box, fill=color, outline=edge, width=round(1.5 * _FINE))

    def box(self, x: float, y: float, width: float, height: float, edge: str, thick: float = 2, fill: str = '') -> None:
        corners = [x * _FINE, y * _FINE, (x + width) * _FINE, (y + height) * _FINE]
        self._draw.rectangle(corners, outline=edge, width=round(thick * _FINE), fill=fill or None)

    def save(self, path: str | os.PathLike) -> None:
        """Writes a PNG of few colours."""
        size = self._image.width // _FINE, self._image.height // _FINE
        small = self._image.resize(size, Image.Resampling.BOX).quantize(_COLORS, dither=Image.Dither.NONE)
        with atomic_path(path) as temporary:
            small.save(temporary, format='PNG', optimize=True)

    @staticmethod
    def _fine(point: Point) -> Point:
        return point[0] * _FINE, point[1] * _FINE
