"""Which pixels of a true picture are the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from posewarp_tf.poses.body import LIMB_RADIUS, REFERENCE_HEIGHT, body_mask


def foreground_mask(batch: Mapping[str, Any], index: int, role: str = 'target') -> np.ndarray:
    """bool [H, W] of one picture of a NumPy batch: part map > 0, or the body mask where there is no part map."""
    if f'{role}_parts' in batch:
        return np.asarray(batch[f'{role}_parts'][index]) > 0
    return body_mask(batch[f'{role}_keypoints'][index], batch[f'{role}_image'][index].shape[:2])


def foreground_protocol(has_part_maps: bool) -> str:
    """How the foreground was found."""
    if has_part_maps:
        return 'part map of the true picture > 0'
    return (
        f'body mask of the target pose: within {LIMB_RADIUS:.0f} px of limbs and torso sides, closed with a '
        f'5x5 square (for pictures {REFERENCE_HEIGHT} px high, growing with the height)'
    )
