"""The toy's network."""

import tensorflow as tf

from posewarp_tf.layers.blocks import conv, register
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.models.outputs import Motion
from posewarp_tf.ops import bilinear_sample, resize_flow


@register
class Toy(ReposingModel):
    """image = the source, moved by reach * tanh(conv4x4 stride 2(source, poses))."""

    def __init__(self, config, **kwargs):
        super().__init__(config, **kwargs)
        self.flow_conv = conv(2, 4, strides=2)
        self.doubt_conv = conv(1, 3)

    def step(self, state, inputs, return_attention=False):
        image = inputs['source_image']
        seen = tf.concat([image, inputs['source_pose'], inputs['target_pose']], axis=-1)
        flow = self.model_config.reach * tf.tanh(tf.cast(self.flow_conv(seen), tf.float32))
        moved = bilinear_sample(image, resize_flow(flow, image.shape[1:3]), impl=self.model_config.sampler_impl)
        doubt = tf.sigmoid(tf.cast(self.doubt_conv(seen), tf.float32))
        return {'image': tf.cast(moved, tf.float32), 'motions': {'source': Motion([flow])}, 'doubt': doubt}
