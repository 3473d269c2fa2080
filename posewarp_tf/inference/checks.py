"""What people give to a predictor, checked; a pose in the pixels of another picture is the commonest mistake."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, MISSING, PART_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.models.kinds import CLASS_MAPS
from posewarp_tf.pictures.picture_files import resize_nearest
from posewarp_tf.poses.joints import check_joints
from posewarp_tf.poses.keypoint_frame import KeypointFrame

# More joints than this part outside of the picture, or one further out than this part of its size, mean that the
# keypoints belong to another picture; less is a pose that is cut off by the border.
_MAX_OUTSIDE = 0.25
_MAX_DISTANCE = 0.5

# What a dressed person keeps of the picture that the pose is from: the scene and the head.
CONTEXT_GARMENTS = ('background', 'hat', 'hair', 'face')
CONTEXT_PARTS = ('background', 'head')
NO_CONTEXT_MAP = (
    'target_image: where its head and background are is read from its map of garments or of parts: '
    'give --target_garment or --target_parts'
)


class Context(NamedTuple):
    """The picture that the pose is from, and where the answer may show it.

    image: uint8 [H, W, 3].
    mask: uint8 [H, W], 1 where the context may stay.
    """

    image: np.ndarray
    mask: np.ndarray


def make_context(image: np.ndarray, garment: np.ndarray | None, parts: np.ndarray | None) -> Context:
    """Background and head of a picture, by its garment map if there is one, else by its part map.

    The maps are uint8 [H, W] of conventions.GARMENT_NAMES and PART_NAMES, of any size.

    Raises:
        DataError: neither map is given.
    """
    image = checked_image(image, 'target_image')
    if garment is not None:
        kept = np.isin(checked_map(garment, 'target_garment'), [GARMENT_NAMES.index(name) for name in CONTEXT_GARMENTS])
    elif parts is not None:
        kept = np.isin(checked_map(parts, 'target_parts'), [PART_NAMES.index(name) for name in CONTEXT_PARTS])
    else:
        raise DataError(NO_CONTEXT_MAP)
    return Context(image, resize_nearest(kept.astype(np.uint8), picture_size(image)))


def require_takes_context(model: ModelConfig) -> None:
    """Raises a DataError if a model cannot place the person into a given picture."""
    if not model.takes_context:
        raise DataError(
            'target_image: this model makes the whole picture and takes no context, so it cannot put the person '
            'into another one'
        )


def require_maps(given: Collection[str], model: ModelConfig, side: str = '') -> None:
    """Raises a DataError if the maps, by their names, are not those that a model takes (of the side 'source_', ...)."""
    wanted = [name for name in model.class_maps if name.startswith(side)]
    for name in given:
        if name not in wanted:
            raise DataError(
                f'{name}: this model takes no such map (it takes {", ".join(model.class_maps) or "no maps"})'
            )
    for name in wanted:
        if name not in given:
            raise DataError(f'{name}: this model needs this map of classes: give a PNG by --{name}')


def picture_size(image: np.ndarray) -> tuple[int, int]:
    """Height and width."""
    return image.shape[0], image.shape[1]


def checked_image(image: np.ndarray, name: str = 'source_image') -> np.ndarray:
    """uint8 [H, W, 3] or a DataError."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise DataError(f'{name}: got {image.dtype} {list(image.shape)}, expected uint8 [H, W, 3]')
    return image


def checked_map(classes: np.ndarray, name: str) -> np.ndarray:
    """uint8 [H, W] of our classes, parts or garments by the map's name ('source_parts', ...), or a DataError."""
    classes = np.asarray(classes)
    if classes.dtype != np.uint8 or classes.ndim != 2 or 0 in classes.shape:
        raise DataError(f'{name}: got {classes.dtype} {list(classes.shape)}, expected uint8 [H, W] of classes')
    CLASS_MAPS[name.rpartition('_')[2]].check(classes, name, picture_size(classes))
    return classes


def checked_pose(keypoints: np.ndarray, name: str, frame: KeypointFrame) -> np.ndarray:
    """float32 [18, 2] with at least one joint inside the frame, in its pixels."""
    keypoints = check_joints(keypoints, name)
    present = keypoints[np.any(keypoints != MISSING, axis=-1)]
    _check_place(present, name, frame)
    return keypoints


def _check_place(present: np.ndarray, name: str, frame: KeypointFrame) -> None:
    """No network can tell that a pose is in the pixels of another picture."""
    extent = np.array([frame.width, frame.height], np.float32)
    outside = np.maximum(np.maximum(-present, present - extent) / extent, 0.0).max(axis=-1)
    (left, top), (right, bottom) = present.min(axis=0), present.max(axis=0)
    place = f'x is in {left:g}..{right:g}, y in {top:g}..{bottom:g}'
    if np.mean(outside > 0) > _MAX_OUTSIDE or outside.max() > _MAX_DISTANCE:
        raise DataError(
            f'{name}: {np.count_nonzero(outside)} of {len(present)} joints lie outside of the picture of '
            f'{frame.height:g}x{frame.width:g} (height x width); {place}. If they are from another picture, give its '
            f'size: target_size, on the command line --target_image_size=height,width'
        )
    if present.max() <= 1.0:
        raise DataError(f'{name}: {place}: expected pixels of the picture, not parts of its size')
