"""The glossary: axes, units, ranges and orders that every file of this package relies on.

Images
    NHWC. uint8 in [0, 255] at the edges (files, command line, exports), float in [-1, 1] inside
    models and losses. `to_float_image` and `to_uint8_image` are the only two ways across.

Flows
    Backward: a flow at a *target* pixel says where its content lies in the *source*. Last axis is
    (dx, dy), in pixels of the flow's own map: target pixel (x, y) shows source (x + dx, y + dy).
    Absolute positions (x, y) are called `coords`. Pixel centres lie on whole numbers.
    `ops.resize_flow` is the only function that changes a flow's resolution (and so its units).

Occlusion masks
    [B, H, W, 1] in [0, 1]; 1 = take the warped source, 0 = take what the network invents.

Pyramids
    Lists of flows, masks and attentions are coarse first. Scale s is a map of size (H / 2**s, W / 2**s).

Keypoints
    (x, y) in pixels of the given picture; a missing joint is (-1, -1). 18 joints in OpenPose order.

Poses
    [B, H, W, channels]: heatmaps, one channel per joint, all zero where the joint is missing; or part maps, one
    channel per `PART_NAMES`, 1 in the pixels of its part; or first the one, then the other.

Views of objects
    [B, 21]: one-hot of 18 azimuths, 20 degrees apart, then of 3 elevations, 10 degrees apart (poses/views.py).

Class maps
    uint8 [B, H, W], numbers into `PART_NAMES` (keys `*_parts`) or `GARMENT_NAMES` (keys `*_garment`).

Composition masks
    [B, H, W, 1] in [0, 1]; 1 = the synthesised picture, 0 = the context (the source moved by the flow, or a given
    picture).

Truth that only synthetic people and objects have
    `flow` [H, W, 2] and `visibility` [H, W]: one of the `VISIBILITY_*` values below.
"""

from __future__ import annotations

JOINT_NAMES = (
    'nose',
    'neck',
    'right_shoulder',
    'right_elbow',
    'right_wrist',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'right_hip',
    'right_knee',
    'right_ankle',
    'left_hip',
    'left_knee',
    'left_ankle',
    'right_eye',
    'left_eye',
    'right_ear',
    'left_ear',
)
NUM_JOINTS = len(JOINT_NAMES)
MISSING = -1.0

# Pairs of joints that a drawn skeleton connects.
LIMBS = (
    (1, 2),
    (1, 5),
    (2, 3),
    (3, 4),
    (5, 6),
    (6, 7),
    (1, 8),
    (8, 9),
    (9, 10),
    (1, 11),
    (11, 12),
    (12, 13),
    (1, 0),
    (0, 14),
    (14, 16),
    (0, 15),
    (15, 17),
)

# DensePose parts with front and back merged.
PART_NAMES = (
    'background',
    'torso',
    'right_upper_leg',
    'left_upper_leg',
    'right_lower_leg',
    'left_lower_leg',
    'left_upper_arm',
    'right_upper_arm',
    'left_lower_arm',
    'right_lower_arm',
    'head',
)

# LIP parsing with left and right merged.
GARMENT_NAMES = (
    'background',
    'hat',
    'hair',
    'glove',
    'upper_clothes',
    'dress',
    'coat',
    'socks',
    'pants',
    'jumpsuit',
    'scarf',
    'skirt',
    'face',
    'arms',
    'legs',
    'shoes',
)

# Implementations of the samplers: the compiled op where there is one, the compiled op or an error, plain TensorFlow.
SAMPLER_IMPLEMENTATIONS = ('auto', 'kernel', 'gather')

# What a target pixel is: no person there; its surface point is also seen in the source; it is not.
VISIBILITY_BACKGROUND = 0
VISIBILITY_VISIBLE = 1
VISIBILITY_OCCLUDED = 2

# The keys of a batch that hold such truth.
TRUTH_KEYS = ('flow', 'visibility')

# Height and width of the frame that the published DeepFashion annotations are given in.
DEEPFASHION_KEYPOINT_SIZE = (256, 176)
