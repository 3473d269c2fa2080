"""Classes keep their colours, and a legend says which is which."""

import itertools

import numpy as np
import pytest

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.pictures.class_colors import (
    GARMENT_COLORS,
    PART_COLORS,
    class_legend,
    class_map_to_color,
    with_legends,
)


@pytest.mark.parametrize(('colors', 'names'), [(PART_COLORS, PART_NAMES), (GARMENT_COLORS, GARMENT_NAMES)])
def test_every_class_has_a_color_that_can_be_told_from_the_others(colors, names):
    assert tuple(colors) == names
    for (name, color), (other, other_color) in itertools.combinations(colors.items(), 2):
        assert np.abs(np.subtract(color, other_color)).max() >= 30, (name, other)


def test_a_pixel_gets_the_color_of_its_class():
    class_map = np.array([[0, 10], [9, 1]], np.uint8)
    found = class_map_to_color(class_map, PART_NAMES)
    assert found.dtype == np.uint8 and found.shape == (2, 2, 3)
    assert tuple(found[0, 1]) == PART_COLORS['head'] and tuple(found[1, 0]) == PART_COLORS['right_lower_arm']
    assert tuple(class_map_to_color(class_map, GARMENT_NAMES)[0, 1]) == GARMENT_COLORS['scarf']


def test_other_classes_are_refused():
    with pytest.raises(ValueError, match='up to 11, expected .* 0 to 10'):
        class_map_to_color(np.full((2, 2), 11, np.uint8), PART_NAMES)


@pytest.mark.parametrize('width', [90, 300, 2000])
def test_a_legend_of_any_width_shows_every_color(width):
    legend = class_legend(GARMENT_NAMES, width)
    assert legend.shape[1] == width
    shown = {tuple(color) for color in legend.reshape(-1, 3)}
    assert set(GARMENT_COLORS.values()) <= shown


def test_legends_lie_below_the_picture():
    picture = np.random.default_rng(0).integers(0, 256, (40, 200, 3), dtype=np.uint8)
    found = with_legends(picture, (PART_NAMES, GARMENT_NAMES))
    assert np.array_equal(found[:40], picture)
    assert len(found) == 40 + len(class_legend(PART_NAMES, 200)) + len(class_legend(GARMENT_NAMES, 200))
    assert np.array_equal(with_legends(picture, ()), picture)


def test_classes_of_another_kind_have_colors_that_differ():
    names = [f'kind_{number}' for number in range(11)]
    found = class_map_to_color(np.arange(11, dtype=np.uint8)[np.newaxis], names)[0].astype(int)
    distances = [np.abs(one - other).max() for one, other in itertools.combinations(found, 2)]
    assert min(distances) >= 30
