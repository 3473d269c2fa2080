"""Motion extraction: noisy joints of a video in, clean joints of its middle out.

Skeletons are float32 [B, T, 34] in [-1, 1] over the picture, 17 y and then 17 x: COCO-17 goes in, Human3.6M-17 comes
out. A convolution sees 40 frames before and after each frame that it makes, so 80 frames fewer come out.

    code   = mean over time of three convolutions of the whole input               [B, C]
    x      = drop(act(norm(conv3(input))))
    x      = x in the middle + drop(act(norm(conv1(drop(act(norm(conv3 dilated by d (x)))))), code)   d = 3, 9, 27
    output = conv1(x)

Norms are over channels and time together and the code is a mean over time: the answer for a frame depends on the
length of the input. The published tool gives 104 frames and takes the 24 in the middle (poses/skeletons.py).

With --motion_base=joints (ours) the input is moved and scaled to mean 0 and deviation 1/2 over joints and time,
the noisy joints, averaged over 7 frames, in the order of the answer are added to the output; the sum goes back to the
picture.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import PUBLISHED_GAIN, activate, initializer, register
from posewarp_tf.models.base import Inputs, Outputs, ReposingModel
from posewarp_tf.models.motion.config import MotionConfig
from posewarp_tf.models.motion.dropout import ExampleDropout
from posewarp_tf.models.motion.norms import CodedNorm, SequenceNorm
from posewarp_tf.models.pytorch_names import named_variables
from posewarp_tf.poses.skeletons import NUM_SKELETON_JOINTS, REACH, coco_to_human36m

NUM_COORDINATES = 34

# With a frame more on each side they make REACH.
_DILATIONS = (3, 9, 27)
# Frames of the moving average of the joints that are corrected.
_AVERAGED = 7


def conv_1d(
    filters: int, kernel_size: int, strides: int = 1, dilation: int = 1, use_bias: bool = False
) -> tf.keras.layers.Conv1D:
    """A convolution over time without padding."""
    layer = tf.keras.layers.Conv1D(
        filters, kernel_size, strides, dilation_rate=dilation, use_bias=use_bias, kernel_initializer=initializer()
    )
    layer.kernel_kind = 'conv_1d'
    return layer


@register
class MotionNet(ReposingModel):
    """{'skeletons' [B, T, 34]} -> {'skeletons' [B, T - 80, 34]}, T at least 81; see above."""

    model_config: MotionConfig

    def __init__(self, config: MotionConfig, **kwargs):
        super().__init__(config, **kwargs)
        channels, places = config.motion_channels, range(2 * len(_DILATIONS))
        self.code_convs = [conv_1d(channels, 3, strides=2) for _ in range(3)]
        self.expand_conv = conv_1d(channels, 3)
        self.expand_norm = SequenceNorm()
        # Two for each dilation: the dilated one, and one of a single frame.
        self.convs = [
            conv_1d(channels, 1 if place % 2 else 3, dilation=1 if place % 2 else _DILATIONS[place // 2])
            for place in places
        ]
        self.norms = [CodedNorm(channels // 2) for _ in places]
        self.dropouts = [ExampleDropout(config.motion_dropout, place) for place in range(len(places) + 1)]
        self.shrink_conv = conv_1d(NUM_COORDINATES, 1, use_bias=True)

    def call(self, inputs: Inputs, training: bool = False, return_attention: bool = False) -> Outputs:
        if not self.model_config.fills_skeletons:
            return {'skeletons': tf.cast(self._extract(inputs['skeletons'], training), tf.float32)}
        skeletons = tf.cast(inputs['skeletons'], tf.float32)
        middle, scale = _person_frame(skeletons)
        seen = (skeletons - middle) / scale
        smooth = tf.nn.avg_pool1d(seen, _AVERAGED, strides=1, padding='VALID')
        cut = REACH - _AVERAGED // 2
        base = tf.linalg.matmul(smooth[:, cut:-cut], tf.constant(coco_to_human36m().T))
        correction = tf.cast(self._extract(seen, training), tf.float32)
        return {'skeletons': (base + correction) * scale + middle}

    def _extract(self, skeletons: tf.Tensor, training: bool) -> tf.Tensor:
        code = self._code(skeletons)
        features = self._dropped(0, self.expand_norm(self.expand_conv(skeletons)), skeletons, training)
        for block, dilation in enumerate(_DILATIONS):
            change = features
            for place in (2 * block, 2 * block + 1):
                normed = self.norms[place](self.convs[place](change), code)
                change = self._dropped(place + 1, normed, skeletons, training)
            features = features[:, dilation:-dilation] + change
        return self.shrink_conv(features)

    def scale_initial_kernels(self, gain: float) -> None:
        # What is added to the joints begins near zero.
        last = [self.shrink_conv] if not self.model_config.fills_skeletons else []
        layers = [*self.code_convs, self.expand_conv, *self.convs, *last]
        layers += [dense for norm in self.norms for dense in norm.dense_layers]
        for layer in layers:
            layer.kernel.assign(layer.kernel * (gain / PUBLISHED_GAIN))

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array."""
        convs = {'expand_conv': self.expand_conv}
        convs.update({f'layers_conv.{place}': layer for place, layer in enumerate(self.convs)})
        convs.update({f'feature_conv_{number}': layer for number, layer in enumerate(self.code_convs, start=1)})
        parts: dict = {f'{name}.weight': (layer.kernel, 'conv_1d') for name, layer in convs.items()}
        parts.update({'expand_ln': self.expand_norm, 'shrink': self.shrink_conv})
        parts.update({f'layers_ln.{place}': norm for place, norm in enumerate(self.norms)})
        return named_variables(parts, 'kp_input.')

    def _code(self, skeletons: tf.Tensor) -> tf.Tensor:
        features = skeletons
        for layer in self.code_convs:
            features = activate(layer(features))
        return tf.reduce_mean(features, axis=1)

    def _dropped(self, place: int, features: tf.Tensor, skeletons: tf.Tensor, training: bool) -> tf.Tensor:
        features = activate(features)
        return self.dropouts[place](features, skeletons) if training and self.model_config.motion_dropout else features


def _person_frame(skeletons: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Middle [B, 1, 34] and twice the deviation [B, 1, 1] of all joints [B, T, 34] of each example."""
    halves = tf.reduce_mean(tf.reshape(skeletons, [tf.shape(skeletons)[0], -1, 2, NUM_SKELETON_JOINTS]), axis=(1, 3))
    middle = tf.repeat(halves, NUM_SKELETON_JOINTS, axis=-1)[:, tf.newaxis]
    variance = tf.reduce_mean(tf.square(skeletons - middle), axis=(1, 2), keepdims=True)
    return middle, 2.0 * tf.sqrt(tf.maximum(variance, 1e-6))
