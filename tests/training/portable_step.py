"""A tiny step of the layered model, and a batch for it."""

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.settings.config import Config
from posewarp_tf.training.portable.step import PortableStep

SIZE = (32, 48)
BATCH_SIZE = 2


def layered_config(**values):
    return Config().replace(
        **{
            'model': 'layered',
            'image_size': SIZE,
            'init_gain': 1.0,
            'source_widths': (4, 6),
            'motion_widths': (4, 6),
            'refinement_widths': (4, 6),
            'painter_widths': (4, 6),
            'batch_size': BATCH_SIZE,
            'stage_steps': {'motion': 10, 'layers': 10},
            'ema_decay': 0.9,
            'pair_augmentation': 'none',
            **values,
        }
    )


def motion_step(run_folder, **values):
    return PortableStep(layered_config(**values), 'motion', run_folder)


def random_batch(step):
    """Arrays as a stream of people has them."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, spec in step.batch_specs().items():
        if spec.dtype == tf.uint8:
            limit = 256 if name.endswith('image') else len(PART_NAMES) if name.endswith('parts') else 3
            arrays[name] = rng.integers(0, limit, spec.shape).astype(np.uint8)
        else:
            low, high = (-4, 4) if name == 'flow' else (0, min(SIZE) - 1)
            arrays[name] = rng.uniform(low, high, spec.shape).astype(spec.dtype.as_numpy_dtype)
    return arrays
