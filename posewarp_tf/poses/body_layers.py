"""The layers of a body: groups of limbs that move as one, and the body parts that belong to each."""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.poses.limb_motion import GROUPS

NUM_LAYERS = len(GROUPS)


def _layer_of(part: str) -> int:
    """The number of the layer that a part belongs to: 'right_lower_arm' is of the group 'right_arm'."""
    side, _, rest = part.partition('_')
    return GROUPS.index(f'{side}_{rest.rpartition("_")[2]}' if rest else part)


# int [parts - 1]: the number of the layer of each part but the background.
LAYER_OF_PART = np.array([_layer_of(part) for part in PART_NAMES[1:]])
# float32 [parts, layers]: 1 where a part belongs to a layer; the background belongs to none.
IN_LAYER = np.concatenate([np.zeros((1, NUM_LAYERS)), np.eye(NUM_LAYERS)[LAYER_OF_PART]]).astype(np.float32)
