"""Public operations on images and flows; conventions.py has their units and directions."""

from posewarp_tf.ops.gaussian import gaussian_sample
from posewarp_tf.ops.image_range import to_float_image, to_uint8_image
from posewarp_tf.ops.local_attention import local_attention_sample
from posewarp_tf.ops.warp import bilinear_sample, coords_grid, replicate_pad, resize_flow, sample_at

__all__ = [
    'bilinear_sample',
    'coords_grid',
    'gaussian_sample',
    'local_attention_sample',
    'replicate_pad',
    'resize_flow',
    'sample_at',
    'to_float_image',
    'to_uint8_image',
]
