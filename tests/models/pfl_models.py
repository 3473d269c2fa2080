"""Small PFL models, and ways to make their flow and mask known."""

import tensorflow as tf

from posewarp_tf.models.registry import build_model, model_config

SIZE = (32, 64)
SMALL = {
    'model': 'pfl',
    'image_size': SIZE,
    'spatial_transform': 'bilinear',
    'use_garment': True,
    'base_filters': 4,
    'max_filters': 8,
    'garment_base_filters': 4,
    'garment_max_filters': 8,
    'num_layers': 3,
    'flow_base_filters': 4,
    'flow_max_filters': 8,
    'flow_num_layers': 3,
    'init_gain': 1.0,
}
FLOW_SHAPES = [(2, 4, 8, 2), (2, 8, 16, 2), (2, 16, 32, 2), (2, 32, 64, 2)]


def small_model(**options):
    tf.keras.utils.set_random_seed(3)
    return build_model(model_config(**{**SMALL, **options}))


def random_inputs(model, batch=2):
    inputs = {}
    for i, (name, spec) in enumerate(model.example_inputs().items()):
        shape = (batch, *spec.shape[1:])
        if spec.dtype == tf.uint8:
            inputs[name] = tf.cast(tf.random.stateless_uniform(shape, (1, i), 0, 16, tf.int32), tf.uint8)
        else:
            inputs[name] = tf.random.stateless_uniform(shape, (1, i), -1, 1)
    return inputs


def set_flow(model, coarsest_flow):
    """Makes a model's flow the same everywhere, given in pixels of its coarsest map."""
    for index, stack in enumerate(model.pose_flow_net.stacks):
        for scale, head in enumerate(stack.heads):
            head.flow_conv.kernel.assign(tf.zeros_like(head.flow_conv.kernel))
            head.flow_conv.bias.assign(coarsest_flow if index == scale == 0 else (0, 0))


def set_mask(model, value):
    """Makes the mask of SynthesisNet 0 or 1 everywhere."""
    mask_conv = model.synthesis_net.mask_conv
    mask_conv.kernel.assign(tf.zeros_like(mask_conv.kernel))
    mask_conv.bias.assign([100.0 if value else -100.0])
