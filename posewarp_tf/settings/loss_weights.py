"""The weights of the terms of every stage's objective; `--loss_weights` changes single entries."""

from __future__ import annotations

# The published weights of the two stages.
GFLA_LOSS_WEIGHTS = {
    'flow': {'correctness': 20.0, 'affine': 0.01},
    'full': {
        'correctness': 5.0,
        'affine': 0.0025,
        'l1': 5.0,
        'adversarial': 2.0,
        'perceptual': 0.5,
        'style': 500.0,
    },
}

# Ours: the authors of PFL published no weights.
PFL_LOSS_WEIGHTS = {
    'pose_flow': {
        'photometric': 1.0,
        'ssim': 1.0,
        'feature': 1.0,
        'texture': 1.0,
        'label': 1.0,
        'smoothness': 0.1,
        'self_flow': 0.2,
        'equivariance': 0.1,
    },
    'garment': {'garment_cross_entropy': 1.0, 'garment_adversarial': 0.1},
    'synthesis': {
        'l1': 5.0,
        'perceptual': 0.5,
        'style': 500.0,
        'adversarial': 1.0,
        'feature_matching': 5.0,
        'mask_prior': 0.05,
    },
    'joint': {
        'garment_cross_entropy': 1.0,
        'l1': 5.0,
        'perceptual': 0.5,
        'style': 500.0,
        'adversarial': 1.0,
        'feature_matching': 5.0,
        'mask_prior': 0.05,
    },
}

LOSS_WEIGHTS = {**GFLA_LOSS_WEIGHTS, **PFL_LOSS_WEIGHTS}
