"""Where the re-posed person is: an opacity for every pixel of the target window."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.photos.moving import PhotoMotion, SourcePositions
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.body import whole_body

# The body around the target pose: certainly the person, and where the person may be at all. In parts of the stature.
_CORE, _BODY, _REACH = 0.03, 0.065, 0.07
# Of an outline of the model's own: the standard deviation of what smooths it, in its pixels, and how many times it is
# made steeper, at most.
_SMOOTHING, _STEEPEST = 1.0, 4.0


def person_matte(source_mask: np.ndarray, positions: SourcePositions, target_keypoints: np.ndarray) -> np.ndarray:
    """float32 [h, w] in 0 to 1, one number for each pixel of the target window.

    The source's person moved by the flow at the photo's resolution, where the target pose can reach; and everywhere the
    core of the target pose's body, which the model may have had to invent.

        matte = max(core, reach * moved source mask)

    Args:
        source_mask: [H, W] in 0 to 1, the person's pixels in the photo: of a segmentation, or plate.person_area.
        positions: of the flow (FullResolution.positions).
        target_keypoints: [18, 2] in pixels of the photo, missing (-1, -1).
    """
    window = positions.target_window
    size, map_size = window.size, (positions.places.shape[0], positions.places.shape[1])
    reach = whole_body_in(target_keypoints, window, map_size, _REACH)
    motion = PhotoMotion(positions, size, needed=reach)
    moved = motion.move(np.rint(np.asarray(source_mask, np.float32) * 255).clip(0, 255).astype(np.uint8))
    matte = resize_float(reach, size) * moved
    matte /= 255
    return np.maximum(matte, whole_body_in(target_keypoints, window, size, _CORE), out=matte)


def silhouette_matte(silhouette: np.ndarray, window: Window) -> np.ndarray:
    """float32 [h, w]: what the model itself says, float [h', w', 1] in 0 to 1, with outlines as sharp as the window."""
    return sharp_outline(silhouette[..., 0], window.size)


def sharp_outline(shares: np.ndarray, size: tuple[int, int], rows: tuple[int, int] | None = None) -> np.ndarray:
    """float32 of `size`, in 0 to 1: a map of shares [h, w] in 0 to 1, with outlines as sharp as its pixels.

    Stretched to many pixels an outline is as wide as one of the map's, and its steps are seen: it is smoothed before,
    and made steeper about its middle after. At a size as small as the map's nothing of both is needed.

    Args:
        rows: only these (pictures/floats.py).
    """
    steepness = max(1.0, min(size[0] / shares.shape[0], _STEEPEST))
    smoothing = _SMOOTHING * min(1.0, steepness - 1.0)
    smooth = ndimage.gaussian_filter(np.asarray(shares, np.float32), smoothing, mode='nearest')
    stretched = resize_float(smooth, size, Image.Resampling.BICUBIC, rows)
    return ((stretched - 0.5) * steepness + 0.5).clip(0, 1)


def whole_body_in(keypoints: np.ndarray, window: Window, size: tuple[int, int], radius: float) -> np.ndarray:
    """`whole_body` of joints in pixels of the photo, for a map of `size` of a window."""
    return whole_body(window.to_window(keypoints, size), size, radius)


def body_matte(target_keypoints: np.ndarray, window: Window) -> np.ndarray:
    """float32 [h, w] in 0 to 1: the body around a pose, for models whose answer no flow explains."""
    return whole_body_in(target_keypoints, window, window.size, _BODY)
