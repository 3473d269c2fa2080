"""One pixel of a drawn person in two poses: what how_it_works.md follows and draw_how_it_works.py draws."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from posewarp_tf import ops
from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_VISIBLE
from posewarp_tf.ops.local_attention import tap_coefficients
from posewarp_tf.pictures.drawing import flow_to_color
from posewarp_tf.poses.heatmaps import make_heatmaps
from posewarp_tf.synthetic import Picture, Settings, exact_flow
from posewarp_tf.synthetic.dataset import draw_person

PERSON, SOURCE, TARGET = 8, 0, 3
# The scale of the attention that is shown, of 1/4 of the size, and its taps.
SCALE, KERNEL = 2, 5
# A number of ours, for a picture with visible differences: how much a likeness of colour counts.
_SHARPNESS = 12.0


class OnePixel:
    """A source and a target picture, their exact flow, and a pixel of the target.

    target_point (x, y); flow_at_point (dx, dy); fraction (x, y) of the flowed point on the map of `SCALE`.
    """

    def __init__(self, point: tuple[int, int] = (77, 104)):
        settings = Settings(0, PERSON + 1, 5, 1, image_size=(256, 176), max_yaw=35, white_background=True)
        pictures = draw_person(settings, 'test', PERSON)
        self.source, self.target = pictures[SOURCE], pictures[TARGET]
        self.size = self.source.size
        self.flow, self.visibility = exact_flow(self.source, self.target)
        self.target_point = point
        self.flow_at_point = tuple(map(float, self.flow[point[1], point[0]]))
        if self.visibility[point[1], point[0]] != VISIBILITY_VISIBLE:
            raise ValueError(f'point: got {point}, which the source does not show')

    def heatmaps(self, picture: Picture) -> np.ndarray:
        """All 18 heatmaps of a pose in one picture, a colour per joint: uint8 [H, W, 3]."""
        maps = make_heatmaps(picture.keypoints[None], self.size, sigma=6.0)[0].numpy()
        turns = 2 * np.pi * np.arange(maps.shape[-1]) / maps.shape[-1]
        colors = flow_to_color(np.stack([np.cos(turns), np.sin(turns)], axis=-1)[None], 1.0)[0]
        return np.rint(np.clip(maps @ colors.astype(np.float32), 0, 255)).astype(np.uint8)

    def mask_picture(self) -> np.ndarray:
        """White: seen in the photo too; black: not seen; light blue: background."""
        shown = np.where((self.visibility == VISIBILITY_VISIBLE)[..., None], np.uint8(255), np.uint8(0))
        return np.where(
            (self.visibility == VISIBILITY_BACKGROUND)[..., None], np.array([205, 220, 240], np.uint8), shown
        )

    def flow_at_scale(self, scale: int) -> np.ndarray:
        """The flow on a map of that scale, in that map's pixels."""
        size = self.size[0] >> scale, self.size[1] >> scale
        return ops.resize_flow(self.flow[None], size, 'nearest')[0].numpy()

    @property
    def cell(self) -> tuple[int, int]:
        """The pixel (x, y) on the map of `SCALE`."""
        return self.target_point[0] >> SCALE, self.target_point[1] >> SCALE

    @property
    def landed(self) -> np.ndarray:
        """Where it lies in the source's map of `SCALE`: (x, y)."""
        return np.array(self.cell) + self.flow_at_scale(SCALE)[self.cell[1], self.cell[0]]

    @property
    def fraction(self) -> np.ndarray:
        return self.landed - np.floor(self.landed)

    def source_window(self, reach: int) -> np.ndarray:
        """The source's map around the flowed point, uint8 [n, n, 3]; its pixel `reach` is the point's whole part."""
        x, y = np.floor(self.landed).astype(int)
        window = self._source_map()[y - reach : y + reach + 2, x - reach : x + reach + 2]
        return np.rint(255 * window).astype(np.uint8)

    def attention(self) -> np.ndarray:
        """Weights [KERNEL, KERNEL] of the taps: softmax of the likeness of each tap's colour to the pixel's."""
        offsets = np.arange(KERNEL) - KERNEL // 2
        dy, dx = np.meshgrid(offsets, offsets, indexing='ij')
        coords = np.stack([dx, dy], axis=-1) + self.landed
        taps = ops.warp.sample_at(self._source_map()[None], coords[None].astype(np.float32), 'gather')[0].numpy()
        wanted = _smaller(self.target.image)[self.cell[1], self.cell[0]]
        likeness = -_SHARPNESS * np.sum((taps - wanted) ** 2, axis=-1)
        return np.exp(likeness) / np.exp(likeness).sum()

    def bilinear_weights(self) -> np.ndarray:
        """Weights [2, 2] of the four pixels around each tap."""
        x, y = self.fraction
        return np.outer([1 - y, y], [1 - x, x])

    def coefficients(self) -> np.ndarray:
        """What the sampler multiplies the pixels with that it reads: [KERNEL + 1, KERNEL + 1]."""
        attention = tf.reshape(tf.cast(self.attention(), tf.float64), [1, 1, 1, -1])
        fraction = tf.reshape(tf.cast(self.fraction, tf.float64), [1, 1, 1, 2])
        return tf.reshape(tap_coefficients(attention, fraction, KERNEL), [KERNEL + 1, KERNEL + 1]).numpy()

    @functools.cache  # noqa: B019, there is one of these
    def _source_map(self) -> np.ndarray:
        return _smaller(self.source.image)


def _smaller(image: np.ndarray) -> np.ndarray:
    """The picture in [0, 1] on the map of `SCALE`: float32 [H / 4, W / 4, 3]."""
    cell = 2**SCALE
    height, width = image.shape[0] // cell, image.shape[1] // cell
    return image.reshape(height, cell, width, cell, 3).mean((1, 3)).astype(np.float32) / 255
