"""What the networks that animate persons see of a pose: 17 heat maps and a drawn skeleton, 20 channels.

Two orders of 17 joints are drawn: Human3.6M's (`HUMAN36M_17`), in which motion extraction writes clean ones, and COCO's
(`COCO_17`), in which found ones are. The same channel means another joint in each, as released weights have it.

Conventions of the published data: a joint is missing where x or y is 0 (not -1 as elsewhere); it is neither scaled nor
moved. Heat maps are from 0 to 1; the channels of the skeleton are from 0 to 255 and not scaled. Pictures are moved by
the nearest pixel, and joints that move with them are truncated to whole pixels.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from posewarp_tf.pictures.class_colors import label_palette
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, NUM_SKELETON_JOINTS

NUM_CHANNELS = NUM_SKELETON_JOINTS + 3

# Pairs of joints that are connected, by the order of the joints: where lines cross, the later one is seen.
LIMBS_OF = {
    HUMAN36M_17: (
        *((0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10)),
        *((8, 11), (11, 12), (12, 13), (8, 14), (14, 15), (15, 16)),
    ),
    COCO_17: (
        *((0, 1), (1, 3), (0, 2), (2, 4), (5, 7), (7, 9), (6, 8), (8, 10), (11, 12), (5, 6)),
        *((11, 13), (12, 14), (13, 15), (14, 16), (5, 11), (6, 12)),
    ),
}

# Of heat maps and discs, in pixels of a picture with this many rows.
SIGMA, _SIGMA_HEIGHT = 6.0, 256
_RADIUS = 2


@dataclasses.dataclass(frozen=True)
class Move:
    """p' = C + shift + scale * R(angle) (p - C), R = [[cos, -sin], [sin, cos]] in axes x right, y down.

    C = (width, height) / 2 + 1/2. Angle in degrees, shift (x, y) in pixels.
    """

    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0

    def matrix(self, size: tuple[int, int]) -> np.ndarray:
        """float64 [2, 3], by which (x, y, 1) in a picture of `size` (height, width) becomes p'."""
        angle = math.radians(self.angle)
        turn = self.scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        center = np.array([size[1], size[0]]) / 2 + 0.5
        return np.concatenate([turn, (center + self.shift - turn @ center)[:, np.newaxis]], axis=1)


def pose_maps(
    joints: np.ndarray, order: tuple[str, ...], size: tuple[int, int], out: np.ndarray | None = None
) -> np.ndarray:
    """float32 [height, width, 20] of joints [17, 2] (x, y) in pixels of `size`, which are in `order`.

    `out`, if given, is where they go.
    """
    maps = np.empty((*size, NUM_CHANNELS), np.float32) if out is None else out
    heat_maps(joints, size, out=maps[..., :NUM_SKELETON_JOINTS])
    maps[..., NUM_SKELETON_JOINTS:] = skeleton_picture(joints, order, size)
    return maps


def heat_maps(joints: np.ndarray, size: tuple[int, int], out: np.ndarray | None = None) -> np.ndarray:
    """exp(-((x - jx)^2 + (y - jy)^2) / (2 sigma^2)), float32 [height, width, 17], zero for a missing joint.

    The centre is not truncated. sigma is 6 pixels at 256 rows, as published, and in proportion at other heights.
    `out`, if given, is where they go.
    """
    joints = np.asarray(joints, np.float64)
    factor = -0.5 * (_SIGMA_HEIGHT / (SIGMA * size[0])) ** 2
    # The exponential of a sum is a product of two: height + width exponentials instead of height * width.
    columns = np.exp(factor * (np.arange(size[1])[:, np.newaxis] - joints[:, 0]) ** 2) * found(joints)
    rows = np.exp(factor * (np.arange(size[0])[:, np.newaxis] - joints[:, 1]) ** 2)
    return np.multiply(rows.astype(np.float32)[:, np.newaxis], columns.astype(np.float32), out=out)


def skeleton_picture(joints: np.ndarray, order: tuple[str, ...], size: tuple[int, int]) -> np.ndarray:
    """Limbs as thin white lines, then joints as discs in their colours, on black; uint8 [height, width, 3].

    Joints are truncated to whole pixels, and count as missing if that makes 0 of a coordinate. Lines that leave the
    picture go on along its border.
    """
    # Takes a second to load, which those who draw nothing need not wait for.
    from skimage.draw import disk, line_aa

    picture = np.zeros((*size, 3), np.uint8)
    joints = np.trunc(joints).astype(np.int64)
    is_found = found(joints)
    for start, end in LIMBS_OF[order]:
        if is_found[start] and is_found[end]:
            rows, columns, brightness = line_aa(*joints[start, ::-1], *joints[end, ::-1])
            rows, columns = np.clip(rows, 0, size[0] - 1), np.clip(columns, 0, size[1] - 1)
            picture[rows, columns] = (brightness * 255)[:, np.newaxis].astype(np.uint8)
    palette = label_palette()
    for joint in np.flatnonzero(is_found):
        picture[disk(joints[joint, ::-1], _RADIUS, shape=size)] = palette[joint]
    return picture


def found(joints: np.ndarray) -> np.ndarray:
    """bool [...] of joints [..., 2]: those of which neither coordinate is 0."""
    return np.all(joints != 0, axis=-1)


def resize_joints(joints: np.ndarray, from_size: Sequence[int], to_size: Sequence[int]) -> np.ndarray:
    """float64 [..., 2], in pixels of a picture of another size (height, width); missing ones stay as they are."""
    scaled = np.asarray(joints, np.float64) * to_size[::-1] / from_size[::-1]
    return np.where(found(joints)[..., np.newaxis], scaled, joints)


def move_joints(joints: np.ndarray, move: Move, size: tuple[int, int]) -> np.ndarray:
    """float64 [..., 2], moved and truncated to whole pixels; missing ones stay as they are."""
    matrix = move.matrix(size)
    moved = np.trunc(np.asarray(joints, np.float64) @ matrix[:, :2].T + matrix[:, 2])
    return np.where(found(joints)[..., np.newaxis], moved, joints)


def move_picture(picture: np.ndarray, move: Move, outside: int) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3] moved, every pixel the nearest one; `outside` is what comes in from there."""
    height, width = picture.shape[:2]
    square = np.concatenate([move.matrix((height, width)), [[0.0, 0.0, 1.0]]])
    # Pillow asks where each new pixel comes from.
    inverse = np.linalg.inv(square)[:2].ravel().tolist()
    filling = (outside,) * 3 if picture.ndim == 3 else outside
    moved = Image.fromarray(picture).transform(
        (width, height), Image.Transform.AFFINE, inverse, Image.Resampling.NEAREST, fillcolor=filling
    )
    return np.asarray(moved)
