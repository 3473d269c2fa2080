"""Where the re-posed person is: an opacity for every pixel of the target window."""

from __future__ import annotations

import numpy as np

from posewarp_tf.photos.moving import PhotoMotion, SourcePositions
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.body import whole_body

# The body around the target pose: certainly the person, and where the person may be at all. In parts of the stature.
_CORE, _BODY, _REACH = 0.03, 0.065, 0.09


def person_matte(
    source_mask: np.ndarray,
    source_window: Window,
    target_window: Window,
    flow: np.ndarray,
    mask: np.ndarray,
    target_keypoints: np.ndarray,
) -> np.ndarray:
    """float32 [h, w] in 0 to 1, one number for each pixel of the target window.

    The source's person moved by the flow at the photo's resolution, where the model takes the source and the target
    pose can reach; and everywhere the core of the target pose's body, which the model may have had to invent.

        matte = max(core, reach * mask * moved source mask)

    Args:
        source_mask: [H, W] in 0 to 1, the person's pixels in the photo.
        source_window, target_window: in pixels of the photo.
        flow: float32 [h', w', 2], the finest flow, backward, in pixels of its own map.
        mask: float32 [h', w', 1], the finest mask; 1 = warped source.
        target_keypoints: [18, 2] in pixels of the photo, missing (-1, -1).
    """
    size = target_window.size
    shown = whole_body_in(target_keypoints, target_window, _REACH)
    motion = PhotoMotion(SourcePositions.of_flow(flow, source_window, target_window), size, needed=shown)
    moved = motion.move(np.rint(np.asarray(source_mask, np.float32) * 255).clip(0, 255).astype(np.uint8))
    matte = resize_float(np.asarray(mask, np.float32)[..., 0], size).clip(0, 1)
    matte *= moved
    matte *= shown / 255
    return np.maximum(matte, whole_body_in(target_keypoints, target_window, _CORE), out=matte)


def whole_body_in(keypoints: np.ndarray, window: Window, radius: float) -> np.ndarray:
    """`whole_body` of joints in pixels of the photo, for the pixels of a window."""
    return whole_body(window.to_window(keypoints, window.size), window.size, radius)


def body_matte(target_keypoints: np.ndarray, target_window: Window) -> np.ndarray:
    """float32 [h, w] in 0 to 1: the body around a pose, for models whose answer no flow explains."""
    return whole_body_in(target_keypoints, target_window, _BODY)
