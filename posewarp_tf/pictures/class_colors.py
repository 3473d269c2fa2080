"""Maps of classes in colour, with a legend. The colour of a class never changes.

Parts: the person's right in reds, the left in blues and greens. Garments: what is skin looks like skin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES

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


def class_map_to_color(class_map: np.ndarray, num_classes: int) -> np.ndarray:
    """A map of classes uint8 [H, W] as colours uint8 [H, W, 3].

    num_classes: 11 (conventions.PART_NAMES) or 16 (GARMENT_NAMES); ValueError for others and for classes beyond.
    """
    palette = np.array([_colors(num_classes)[name] for name in _names(num_classes)], np.uint8)
    class_map = np.asarray(class_map)
    if class_map.ndim != 2 or class_map.max(initial=0) >= num_classes:
        raise ValueError(
            f'class_map: got shape {class_map.shape} with up to {class_map.max(initial=0)}, '
            f'expected [H, W] with 0 to {num_classes - 1}'
        )
    return palette[class_map]


def class_legend(num_classes: int, width: int) -> np.ndarray:
    """Which colour is which class, uint8 [h, width, 3] on white, as many in a row as fit."""
    font = ImageFont.load_default(_FONT_SIZE)
    names = [name.replace('_', ' ') for name in _names(num_classes)]
    cell = int(max(font.getlength(name) for name in names)) + _LEGEND_SQUARE + 12
    num_columns = max(1, width // cell)
    height = -(-len(names) // num_columns) * _LEGEND_ROW + 4
    image = Image.new('RGB', (width, height), 'white')
    draw = ImageDraw.Draw(image)
    for number, (name, color) in enumerate(zip(names, _colors(num_classes).values())):
        row, column = divmod(number, num_columns)
        x, y = column * cell + 2, row * _LEGEND_ROW + 4
        draw.rectangle((x, y, x + _LEGEND_SQUARE, y + _LEGEND_SQUARE), fill=color, outline='black')
        draw.text((x + _LEGEND_SQUARE + 4, y + _LEGEND_SQUARE // 2), name, fill='black', anchor='lm', font=font)
    return np.asarray(image)


def with_legends(picture: np.ndarray, class_counts: Sequence[int]) -> np.ndarray:
    """The picture uint8 [H, W, 3] with the legend of each number of classes below it."""
    return np.concatenate([picture, *(class_legend(count, picture.shape[1]) for count in class_counts)])


def _names(num_classes: int) -> tuple[str, ...]:
    for names in (PART_NAMES, GARMENT_NAMES):
        if len(names) == num_classes:
            return names
    raise ValueError(f'num_classes: got {num_classes}, expected {len(PART_NAMES)} or {len(GARMENT_NAMES)}')


def _colors(num_classes: int) -> dict[str, tuple[int, int, int]]:
    return PART_COLORS if num_classes == len(PART_NAMES) else GARMENT_COLORS
