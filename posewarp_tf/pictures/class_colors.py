"""Maps of classes in colour, with a legend. The colour of a class never changes.

Parts: the person's right in reds, the left in blues and greens. Garments: what is skin looks like skin.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PART_COLORS = {
    'background': (0, 0, 0),
    'torso': (200, 200, 200),
    'right_upper_leg': (215, 45, 45),
    'left_upper_leg': (50, 85, 215),
    'right_lower_leg': (250, 140, 60),
    'left_lower_leg': (75, 180, 250),
    'left_upper_arm': (30, 145, 105),
    'right_upper_arm': (185, 45, 155),
    'left_lower_arm': (130, 230, 170),
    'right_lower_arm': (255, 140, 205),
    'head': (250, 225, 90),
}
GARMENT_COLORS = {
    'background': (0, 0, 0),
    'hat': (145, 30, 180),
    'hair': (115, 65, 20),
    'glove': (240, 50, 230),
    'upper_clothes': (225, 50, 60),
    'dress': (255, 125, 165),
    'coat': (245, 130, 45),
    'socks': (165, 250, 195),
    'pants': (60, 100, 220),
    'jumpsuit': (0, 130, 130),
    'scarf': (255, 225, 25),
    'skirt': (60, 180, 75),
    'face': (255, 220, 190),
    'arms': (225, 175, 120),
    'legs': (190, 135, 85),
    'shoes': (160, 160, 165),
}

_LEGEND_ROW, _LEGEND_SQUARE, _FONT_SIZE = 18, 12, 11


def label_palette() -> np.ndarray:
    """PASCAL's label colours, uint8 [256, 3].

    Bits 0, 1, 2 of a class are the highest bits of red, green, blue, bits 3, 4, 5 the next ones, and so on.
    """
    classes = np.arange(256)[:, None]
    palette = np.zeros((256, 3), np.int64)
    for step in range(3):
        palette |= ((classes >> (3 * step + np.arange(3))) & 1) << (7 - step)
    return palette.astype(np.uint8)


def class_map_to_color(class_map: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A map of classes uint8 [H, W], numbers into `names`, as colours uint8 [H, W, 3]; ValueError for other numbers."""
    palette = np.array(class_colors(names), np.uint8)
    class_map = np.asarray(class_map)
    if class_map.ndim != 2 or class_map.max(initial=0) >= len(names):
        raise ValueError(
            f'class_map: got shape {class_map.shape} with up to {class_map.max(initial=0)}, '
            f'expected [H, W] with 0 to {len(names) - 1}'
        )
    return palette[class_map]


def class_legend(names: Sequence[str], width: int) -> np.ndarray:
    """Which colour is which class, uint8 [h, width, 3] on white, as many in a row as fit."""
    font = ImageFont.load_default(_FONT_SIZE)
    titles = [name.replace('_', ' ') for name in names]
    cell = int(max(font.getlength(title) for title in titles)) + _LEGEND_SQUARE + 12
    num_columns = max(1, width // cell)
    height = -(-len(titles) // num_columns) * _LEGEND_ROW + 4
    image = Image.new('RGB', (width, height), 'white')
    draw = ImageDraw.Draw(image)
    for number, (title, color) in enumerate(zip(titles, class_colors(names))):
        row, column = divmod(number, num_columns)
        x, y = column * cell + 2, row * _LEGEND_ROW + 4
        draw.rectangle((x, y, x + _LEGEND_SQUARE, y + _LEGEND_SQUARE), fill=color, outline='black')
        draw.text((x + _LEGEND_SQUARE + 4, y + _LEGEND_SQUARE // 2), title, fill='black', anchor='lm', font=font)
    return np.asarray(image)


def with_legends(picture: np.ndarray, kinds: Iterable[Sequence[str]]) -> np.ndarray:
    """The picture uint8 [H, W, 3] with the legend of each kind of classes, by their names, below it."""
    return np.concatenate([picture, *(class_legend(names, picture.shape[1]) for names in kinds)])


def class_colors(names: Sequence[str]) -> list[tuple[int, int, int]]:
    """A colour for each class: that of parts and garments, and evenly spaced hues for classes of other kinds."""
    for palette in (PART_COLORS, GARMENT_COLORS):
        if set(names) <= set(palette):
            return [palette[name] for name in names]
    hues = (colorsys.hsv_to_rgb(number / len(names), 0.75, 0.95) for number in range(len(names)))
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in hues]
