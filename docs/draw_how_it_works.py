"""Draws the pictures of how_it_works.md: one pixel of two drawn people, whose flow is known exactly.

    python docs/draw_how_it_works.py

Nothing is learned here. Features are the colours of the smaller picture, attention is likeness of colour.
"""

from __future__ import annotations

import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np

from docs.canvas import Canvas
from docs.one_pixel import KERNEL, OnePixel
from posewarp_tf.pictures.drawing import flow_to_color

RED, BLUE, GREEN = '#e6194b', '#1f5fd0', '#0a8f3c'
GAP, TITLE, MARGIN = 16, 40, 6


def draw_inputs(pixel: OnePixel) -> Canvas:
    """The photo and both poses, as the flow estimator sees them."""
    height, width = pixel.size
    canvas = Canvas(4 * width + 3 * GAP + 2 * MARGIN, height + TITLE + MARGIN)
    titles = ('the photo', 'its pose, 18 heatmaps', 'the wanted pose', 'the answer we hope for')
    shown = (pixel.source.image, pixel.heatmaps(pixel.source), pixel.heatmaps(pixel.target), pixel.target.image)
    for column, (title, picture) in enumerate(zip(titles, shown)):
        left = _left(column, width)
        canvas.text(left + width / 2, TITLE / 2, title)
        canvas.picture(picture, left, TITLE)
    for column in (2, 3):
        x, y = pixel.target_point
        canvas.ring(_left(column, width) + x, TITLE + y, 8, RED)
    return canvas


def draw_flow(pixel: OnePixel) -> Canvas:
    """From the pixel of the answer by its flow to the photo, and where the photo shows nothing to fetch."""
    height, width = pixel.size
    canvas = Canvas(4 * width + 3 * GAP + 2 * MARGIN, height + TITLE + MARGIN)
    (x, y), (dx, dy) = pixel.target_point, pixel.flow_at_point
    titles = (
        f'the answer, pixel ({x}, {y})',
        f'its flow ({dx:+.1f}, {dy:+.1f})',
        f'leads to ({x + dx:.1f}, {y + dy:.1f})',
        'mask: white is in the photo',
    )
    shown = (pixel.target.image, flow_to_color(pixel.flow), pixel.source.image, pixel.mask_picture())
    for column, (title, picture) in enumerate(zip(titles, shown)):
        left = _left(column, width)
        canvas.text(left + width / 2, TITLE / 2, title)
        canvas.picture(picture, left, TITLE)
    for column in (0, 1, 3):
        canvas.ring(_left(column, width) + x, TITLE + y, 8, RED)
    left = _left(2, width)
    canvas.dot(left + x, TITLE + y, 4, 'white', RED)
    canvas.arrow((left + x, TITLE + y), (left + x + dx, TITLE + y + dy), RED)
    canvas.picture(wheel(44), _left(1, width) + width - 50, TITLE + height - 50)
    return canvas


def draw_scales(pixel: OnePixel) -> Canvas:
    """The same flow at the two scales of the attentions: fewer pixels, and shorter vectors."""
    height, width = pixel.size
    gap = 5 * GAP
    canvas = Canvas(3 * width + 2 * gap + 2 * MARGIN, height + TITLE + 26)
    for column, scale in enumerate((0, 2, 3)):
        left, cell = MARGIN + column * (width + gap), 2**scale
        flow = pixel.flow_at_scale(scale)
        column_, row = pixel.target_point[0] // cell, pixel.target_point[1] // cell
        dx, dy = flow[row, column_]
        canvas.text(left + width / 2, TITLE / 2, f'scale {scale}: {flow.shape[0]} x {flow.shape[1]}')
        canvas.picture(flow_to_color(flow), left, TITLE, cell)
        canvas.box(left + column_ * cell - 2, TITLE + row * cell - 2, cell + 4, cell + 4, 'white', 4)
        canvas.box(left + column_ * cell - 1, TITLE + row * cell - 1, cell + 2, cell + 2, RED, 2)
        text = f'pixel ({column_}, {row}): flow ({dx:+.1f}, {dy:+.1f})'
        canvas.text(left + width / 2, TITLE + height + 12, text, 12)
    return canvas


def draw_taps(pixel: OnePixel) -> Canvas:
    """The neighbourhood of the flowed point: every tap alone, and all together."""
    cell, reach = 36, KERNEL // 2 + 2
    window = pixel.source_window(reach)
    side = len(window) * cell
    canvas = Canvas(2 * side + 2 * GAP + 2 * MARGIN, side + TITLE + 26)
    fraction_x, fraction_y = pixel.fraction
    count = KERNEL * KERNEL
    words = (
        (f'one by one: {count} taps, 4 pixels each', f'{4 * count} reads'),
        ('together: one fraction for all', f'{KERNEL + 1} x {KERNEL + 1} = {(KERNEL + 1) ** 2} reads'),
    )
    for panel, (title, below) in enumerate(words):
        left = MARGIN + panel * (side + 2 * GAP)
        canvas.text(left + side / 2, TITLE / 2, title)
        canvas.text(left + side / 2, TITLE + side + 13, below, 14, RED if panel == 0 else GREEN)
        canvas.picture(window, left, TITLE, cell)

        def center(column: float, row: float, left: int = left) -> tuple[float, float]:
            return left + (reach + 0.5 + column) * cell, TITLE + (reach + 0.5 + row) * cell

        offsets = range(-(KERNEL // 2), KERNEL // 2 + 1)
        if panel == 1:
            corner = center(-(KERNEL // 2) - 0.5, -(KERNEL // 2) - 0.5)
            canvas.box(*corner, (KERNEL + 1) * cell, (KERNEL + 1) * cell, GREEN, 4)
            for row in range(-(KERNEL // 2), KERNEL // 2 + 2):
                for column in range(-(KERNEL // 2), KERNEL // 2 + 2):
                    canvas.dot(*center(column, row), 4, 'white', GREEN)
        for row in offsets:
            for column in offsets:
                point = center(column + fraction_x, row + fraction_y)
                if panel == 0:
                    for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
                        canvas.line(center(column + corner[0], row + corner[1]), point, '#333', 1)
                is_middle = row == column == 0
                canvas.dot(*point, 7 if is_middle else 5, RED if is_middle else BLUE, 'white')
    return canvas


def draw_weights(pixel: OnePixel) -> Canvas:
    """Attention weights of the taps, spread by the shared fraction over the pixels that are read."""
    cell, top = 46, TITLE + 6
    attention, bilinear = pixel.attention(), pixel.bilinear_weights()
    coefficients = pixel.coefficients()
    tables = (
        (attention, f'attention, {KERNEL} x {KERNEL}'),
        (bilinear, 'fraction'),
        (coefficients, f'coefficients, {KERNEL + 1} x {KERNEL + 1}'),
    )
    widths = [len(table) * cell for table, _ in tables]
    space = 44
    height = widths[2]
    canvas = Canvas(sum(widths) + 2 * space + 2 * MARGIN, height + top + MARGIN)
    left = MARGIN
    for index, (table, title) in enumerate(tables):
        y0 = top + (height - len(table) * cell) // 2
        canvas.text(left + widths[index] / 2, y0 - 16, title)
        largest = table.max()
        for row, values in enumerate(table):
            for column, value in enumerate(values):
                shade = round(240 - 190 * value / largest)
                fill = f'#{shade:02x}{shade:02x}ff'
                canvas.box(left + column * cell, y0 + row * cell, cell, cell, 'white', 2, fill)
                if value >= 0.005:
                    color = 'white' if value > 0.6 * largest else '#222'
                    center = left + (column + 0.5) * cell, y0 + (row + 0.5) * cell
                    canvas.text(*center, f'{100 * value:.0f}%', 13, color)
        left += widths[index]
        if index < 2:
            canvas.text(left + space / 2, top + height / 2, '*' if index == 0 else '=', 26)
            left += space
    return canvas


def _left(column: int, width: int) -> int:
    """Where a panel begins."""
    return MARGIN + column * (width + GAP)


def wheel(size: int) -> np.ndarray:
    """The colours of flow_to_color, by direction: uint8 [size, size, 3]."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    inside = np.hypot(x, y) <= size / 2
    colors = flow_to_color(np.stack([x, y], axis=-1), size / 2)
    return np.where(inside[..., None], colors, np.uint8(255))


DRAWINGS = {
    'inputs': draw_inputs,
    'flow': draw_flow,
    'scales': draw_scales,
    'taps': draw_taps,
    'weights': draw_weights,
}


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if sys.argv[1:] else pathlib.Path(__file__).parent / 'pictures'
    pixel = OnePixel()
    for name, draw in DRAWINGS.items():
        draw(pixel).save(folder / f'how_{name}.png')
        print(folder / f'how_{name}.png')


if __name__ == '__main__':
    main()
