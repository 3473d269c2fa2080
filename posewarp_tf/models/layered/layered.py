"""The layered model, this project's own: a person as layers that move one before the other.

    source -> body parts of the source, background without the person
    joints -> the motion of each layer (poses/limb_motion.py), nothing learned
    the layers so moved -> what is wrong with their motion, body parts and silhouette of the target, twice
    source pixels by layer and flow, cut out by the target's parts -> the moved person
    painter -> what the source hides

Layers are trunk, head, arms and legs. An arm before the trunk leaves it, because each layer takes only pixels of its
own: of a source pixel that shows another layer its share is small, and the painter fills in. Where that is not seen, a
layer has the colours of its own nearest pixels, not those of an arm or of grass.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.layers.blocks import conv, register
from posewarp_tf.layers.pixel_norm_blocks import ConvBlock
from posewarp_tf.layers.u_net import UNet
from posewarp_tf.models.base import Inputs, Outputs, ReposingModel, State
from posewarp_tf.models.layered import layers
from posewarp_tf.models.layered.config import MOTION, LayeredConfig
from posewarp_tf.models.outputs import Motion
from posewarp_tf.ops import resize_flow
from posewarp_tf.poses.heatmaps import make_heatmaps
from posewarp_tf.poses.limb_motion import layer_flows

_NUM_PARTS = len(PART_NAMES)
# Pixels that a flow head of 1 means, of half size.
_FLOW_UNIT = 2.0
# Flows are this many pixels per unit where a network sees them.
_SEEN_FLOW_UNIT = 32.0
# How much steeper the answer's trust and outline are than what is learned: half moved and half painted is a blur.
_CERTAINTY, _EDGE = 2.0, 3.0
_UP_WIDTH = 16
_POSE_FEATURES = 48
_FINE_WIDTH = 24
_HEAD_CHANNELS = 2 * layers.NUM_LAYERS + _NUM_PARTS + 1


@register
class Head(tf.keras.layers.Layer):
    """Corrections of the motion, logits of parts and of visibility from features; near nothing at first."""

    keeps_initial_gain = True

    def __init__(self, channels: int, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.conv = conv(channels, 3)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.conv(features), tf.float32)

    def get_config(self) -> dict:
        return {**super().get_config(), 'channels': self.channels}


@register
class PoseNet(tf.keras.layers.Layer):
    """What two poses have to do with each other, as `features` numbers, from all their joints at once.

    Joints are in pixels of `image_size`, (height, width).
    """

    def __init__(self, features: int, image_size: tuple[int, int], **kwargs):
        # Half precision knows places in a picture to a pixel or two only.
        super().__init__(**{**kwargs, 'dtype': 'float32'})
        self.features = features
        self.image_size = tuple(image_size)
        self.hidden = tf.keras.layers.Dense(2 * features, tf.nn.leaky_relu, dtype='float32')
        self.dense = tf.keras.layers.Dense(features, tf.nn.leaky_relu, dtype='float32')

    def call(self, source_keypoints: tf.Tensor, target_keypoints: tf.Tensor) -> tf.Tensor:
        """float32 [B, features] from keypoints [B, 18, 2], missing (-1, -1)."""
        size = tf.constant(self.image_size[::-1], tf.float32)
        numbers = []
        for keypoints in (source_keypoints, target_keypoints):
            places = tf.cast(keypoints, tf.float32)
            known = tf.cast(tf.reduce_min(places, axis=-1, keepdims=True) >= 0.0, tf.float32)
            numbers += [known, known * (2.0 * places / size - 1.0)]
        flat = tf.concat(numbers, axis=-1)
        return self.dense(self.hidden(tf.reshape(flat, [-1, flat.shape[1] * flat.shape[2]])))

    def get_config(self) -> dict:
        return {**super().get_config(), 'features': self.features, 'image_size': self.image_size}


@register
class Layered(ReposingModel):
    """See the module. In training it also gives what its terms are about: `layers` (a dict, see `_everything`)."""

    model_config: LayeredConfig

    def __init__(self, config: LayeredConfig, **kwargs):
        super().__init__(config, **kwargs)
        self.stem = ConvBlock(config.source_widths[0], 4, strides=2, name='stem')
        self.source_net = UNet(config.source_widths, name='source_net')
        self.source_head = conv(_NUM_PARTS, 3)
        self.pose_net = PoseNet(_POSE_FEATURES, config.image_size, name='pose_net')
        self.motion_net = UNet(config.motion_widths, name='motion_net')
        self.motion_head = Head(_HEAD_CHANNELS, name='motion_head')
        self.refinement_net = UNet(config.refinement_widths, name='refinement_net')
        self.refinement_head = Head(_HEAD_CHANNELS, name='refinement_head')
        self.up_block = ConvBlock(_UP_WIDTH, name='up_block')
        self.fine_blocks = [ConvBlock(_FINE_WIDTH, name=f'fine_{number}') for number in range(2)]
        self.fine_head = Head(_NUM_PARTS + 1, name='fine_head')
        self.painter = UNet(config.painter_widths, name='painter')
        self.painter_head = conv(3, 3)

    def create_weights(self) -> None:
        """Makes every variable by an answer to zeros: to trace the samplers of all layers takes ten times as long."""
        size = self.model_config.image_size
        self({item.name: tf.zeros((1, *item.shape(size)), item.dtype) for item in self.model_config.inputs})

    def start(self, inputs: Inputs) -> State:
        image = tf.cast(inputs['source_image'], tf.float32)
        small = tf.nn.avg_pool2d(image, 2, 2, 'VALID')
        pose = self._pose(inputs['source_keypoints'])
        features, bottom = self.source_net(tf.concat([self.stem(image), tf.cast(pose, self.compute_dtype)], axis=-1))
        logits = tf.cast(self.source_head(features), tf.float32)
        parts = tf.nn.softmax(logits)
        person = tf.image.resize(1.0 - parts[..., :1], image.shape[1:3])
        hidden = tf.nn.max_pool2d(tf.cast(person > 0.1, tf.float32), 9, 1, 'SAME')
        shares = layers.layer_shares(parts)
        large_shares = tf.image.resize(shares, image.shape[1:3])
        return {
            'small': small,
            'pose': pose,
            'logits': logits,
            'parts': parts,
            'shares': shares,
            'large_shares': large_shares,
            'alone': layers.layer_images(image, large_shares),
            'bottom': tf.cast(bottom, tf.float32),
            'background': layers.fill_background(image, hidden),
        }

    def step(self, state: State, inputs: Inputs, return_attention: bool = False) -> Outputs:
        outputs = self._everything(state, inputs)
        del outputs['layers']
        return outputs

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        self.stage_of(stage)
        state = self.start(inputs)
        if stage != MOTION.name:
            return self._everything(state, inputs)
        _, estimates = self._motion(state, inputs)
        flows, logits, _ = estimates[-1]
        seen = layers.composed(flows, layers.nearest_layer(layers.layer_shares(tf.nn.softmax(logits))))
        flow = resize_flow(seen, self.model_config.image_size, 'nearest')
        return {'layers': _for_training(state, estimates), 'motions': {'source': Motion([flow])}}

    def _everything(self, state: State, inputs: Inputs) -> Outputs:
        """The outputs, and what only training wants:

        layers: flows, the layers' [B, h, w, layers, 2], logits of parts [B, h, w, parts] and of visibility
        [B, h, w, 1], lists over estimates, fine ones last; source_parts, logits; person, painted [B, H, W, 3].
        """
        return self._at_full_size(state, *self._motion(state, inputs))

    def _motion(self, state: State, inputs: Inputs) -> tuple[tf.Tensor, list]:
        """Features [B, h, w, C] of half size and two estimates of flows, logits of parts and of visibility."""
        half, pose = self._half_size, self._pose(inputs['target_keypoints'])
        source, target = (tf.cast(inputs[f'{role}_keypoints'], tf.float32) for role in ('source', 'target'))
        flows = layer_flows(source / 2.0, target / 2.0, half)
        together = self.pose_net(source, target)[:, tf.newaxis, tf.newaxis]
        bottom = state['bottom']
        context = tf.concat([bottom, tf.tile(tf.cast(together, tf.float32), [1, *bottom.shape[1:3], 1])], axis=-1)
        known = tf.concat([pose, state['pose'], self._seen(flows), *self._moved(state, flows)], axis=-1)
        features, _ = self.motion_net(known, context)
        change, logits, visible = self._read(self.motion_head(features))
        flows += change
        estimates = [(flows, logits, visible)]
        features = tf.cast(features, tf.float32)
        known = [features, pose, tf.nn.softmax(logits), self._seen(flows), *self._moved(state, flows)]
        features, _ = self.refinement_net(tf.concat(known, axis=-1))
        change, more, visible_more = self._read(self.refinement_head(features))
        return features, [*estimates, (flows + change, logits + more, visible + visible_more)]

    def _at_full_size(self, state: State, features: tf.Tensor, estimates: list) -> Outputs:
        size = self.model_config.image_size
        flows, logits, visible = estimates[-1]
        flows = layers.flows_at(flows, size)
        logits, visible, features = (
            tf.image.resize(tf.cast(values, tf.float32), size) for values in (logits, visible, self.up_block(features))
        )
        moved, own = layers.move_layers(state['alone'], state['large_shares'], flows, self.model_config.sampler_impl)
        shares = layers.layer_shares(tf.nn.softmax(logits))
        seen = [layers.composed(moved, shares), layers.composed(own[..., tf.newaxis], shares)]
        fine = tf.concat([features, logits, visible, *seen], axis=-1)
        for block in self.fine_blocks:
            fine = block(fine)
        correction = self.fine_head(fine)
        logits, visible = logits + correction[..., :-1], visible + correction[..., -1:]
        parts = tf.nn.softmax(logits)
        chosen = layers.nearest_layer(layers.layer_shares(parts))
        flow, picture = layers.composed(flows, chosen), layers.composed(moved, chosen)
        painted = self._paint(state, features, parts, picture, visible)
        # Learned from what the source shows: pictures alone teach to paint, which is never far off.
        trusted = tf.stop_gradient(tf.sigmoid(_CERTAINTY * visible))
        person = trusted * picture + (1.0 - trusted) * painted
        edge = tf.reduce_logsumexp(logits[..., 1:], axis=-1, keepdims=True) - logits[..., :1]
        silhouette = tf.sigmoid(_EDGE * edge)
        estimates = [*estimates, (flows, logits, visible)]
        return {
            'image': tf.clip_by_value(silhouette * person + (1.0 - silhouette) * state['background'], -1.0, 1.0),
            'motions': {'source': Motion([flow], [trusted * silhouette])},
            'parts': logits,
            'silhouette': silhouette,
            'layers': {**_for_training(state, estimates), 'person': person, 'painted': painted},
        }

    def _paint(
        self, state: State, features: tf.Tensor, parts: tf.Tensor, picture: tf.Tensor, visible: tf.Tensor
    ) -> tf.Tensor:
        """The painted person [B, H, W, 3]."""
        shown = tf.sigmoid(visible)
        colors = layers.mean_colors(state['small'], state['parts'], parts)
        known = tf.concat([picture * shown, shown, parts, colors, features], axis=-1)
        style = tf.reduce_mean(state['bottom'], axis=(1, 2), keepdims=True)
        depth = 2 ** (len(self.model_config.painter_widths) - 1)
        height, width = (size // depth for size in self.model_config.image_size)
        made, _ = self.painter(known, tf.tile(style, [1, height, width, 1]))
        return tf.tanh(tf.cast(self.painter_head(made), tf.float32) + colors)

    @property
    def _half_size(self) -> tuple[int, int]:
        height, width = self.model_config.image_size
        return height // 2, width // 2

    def _pose(self, keypoints: tf.Tensor) -> tf.Tensor:
        """Heatmaps [B, h, w, 18] at half size."""
        halved = tf.where(keypoints >= 0.0, keypoints / 2.0, keypoints)
        return make_heatmaps(halved, self._half_size, self.model_config.heatmap_sigma / 2.0)

    def _moved(self, state: State, flows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The layers of the small source where `flows` take them, [B, h, w, layers * 3], and their shares."""
        impl = self.model_config.sampler_impl
        small = tf.tile(state['small'][..., tf.newaxis, :], [1, 1, 1, layers.NUM_LAYERS, 1])
        moved, own = layers.move_layers(small, state['shares'], flows, impl)
        height, width = self._half_size
        return tf.reshape(moved * own[..., tf.newaxis], [-1, height, width, 3 * layers.NUM_LAYERS]), own

    def _seen(self, flows: tf.Tensor) -> tf.Tensor:
        """Flows as a network sees them, [B, h, w, layers * 2]."""
        height, width = self._half_size
        return tf.reshape(flows, [-1, height, width, 2 * layers.NUM_LAYERS]) / _SEEN_FLOW_UNIT

    def _read(self, head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Changes of flows, logits of parts and of visibility from what a head says."""
        height, width = self._half_size
        count = 2 * layers.NUM_LAYERS
        change = tf.reshape(head[..., :count] * _FLOW_UNIT, [-1, height, width, layers.NUM_LAYERS, 2])
        return change, head[..., count:-1], head[..., -1:]


def _for_training(state: State, estimates: list) -> dict[str, Any]:
    return {
        'flows': [flows for flows, _, _ in estimates],
        'parts': [logits for _, logits, _ in estimates],
        'visible': [visible for _, _, visible in estimates],
        'source_parts': state['logits'],
    }
