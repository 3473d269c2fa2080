"""One small network of every model, and of every form that its settings give it."""

import numpy as np
import tensorflow as tf

from posewarp_tf.models.registry import build_model, model_config

SIZE = (32, 64)
WIDTHS = {'base_filters': 4, 'max_filters': 8, 'flow_base_filters': 4, 'flow_max_filters': 8, 'flow_num_layers': 3}
GFLA = {**WIDTHS, 'num_layers': 2, 'attention_kernels': {1: 3, 2: 3}}
PFL = {**WIDTHS, 'model': 'pfl', 'garment_base_filters': 4, 'garment_max_filters': 8, 'num_flow_stacks': 1}
LAYERED = {
    'model': 'layered',
    'source_widths': (4, 6, 8),
    'motion_widths': (4, 6, 8),
    'refinement_widths': (4, 6),
    'painter_widths': (4, 6, 8),
}
VIEWS = {**WIDTHS, 'model': 'gfla_views', 'num_layers': 2, 'attention_kernels': {1: 3, 2: 3}}
ANIMATION = {**WIDTHS, 'num_layers': 1, 'flow_num_layers': 2, 'attention_kernels': {1: 3}, 'pose_channels': 3}
# By a title: the settings.
CATALOGUE = {
    'gfla': GFLA,
    'gfla, bilinear': {**GFLA, 'spatial_transform': 'bilinear'},
    'gfla, global attention': {**GFLA, 'spatial_transform': 'global_attention'},
    'gfla, no transformation': {**GFLA, 'spatial_transform': 'none'},
    'pfl': {**PFL, 'use_garment': True, 'pose_representation': 'both'},
    'pfl, pixel warp': {**PFL, 'use_garment': True, 'spatial_transform': 'pixel_warp'},
    'gfla, from joints': {**GFLA, 'base_flow': 'joints'},
    'pfl, from joints': {**PFL, 'num_flow_stacks': 2, 'base_flow': 'joints'},
    'pfl, no flow': {**PFL, 'spatial_transform': 'none'},
    'gfla_views, modulated': {**VIEWS, 'turn_modulation': True, 'pixel_blend': True},
    'layered': LAYERED,
    'gfla_dance': {**ANIMATION, 'model': 'gfla_dance'},
    'gfla_face': {**ANIMATION, 'model': 'gfla_face'},
    'gfla_face, from curves': {
        **ANIMATION,
        'model': 'gfla_face',
        'pose_channels': 16,
        'base_flow': 'curves',
        'pixel_blend': True,
    },
    'toy': {'model': 'toy'},
}


def build(title):
    tf.keras.utils.set_random_seed(3)
    return build_model(model_config(**{'image_size': SIZE, 'init_gain': 1.0, **CATALOGUE[title]}))


def random_inputs(model, batch=2):
    rng = np.random.default_rng(1)
    inputs = {}
    for name, spec in model.example_inputs().items():
        shape = (batch, *spec.shape[1:])
        values = rng.integers(0, 11, shape) if spec.dtype == tf.uint8 else rng.uniform(-1, 1, shape)
        inputs[name] = tf.constant(values.astype(spec.dtype.as_numpy_dtype))
    return inputs
