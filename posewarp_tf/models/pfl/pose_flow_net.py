"""PoseFlowNet: where every pixel of the target pose lies in the source picture.

After the abstract of Zheng et al., "Pose Flow Learning From Person Images for Pose Guided Synthesis", IEEE TIP 30
(2021), which learns such a flow without correspondences, and after FlowNetS, which it cites (Dosovitskiy et al.,
ICCV 2015). The stacking follows FlowNet 2.0 (Ilg et al., CVPR 2017). All sizes are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from posewarp_tf.layers.blocks import UpConv, conv, level_filters, register
from posewarp_tf.layers.pixel_norm_blocks import ConvBlock, DownBlock
from posewarp_tf.models.pfl.config import PFL_FLOW_SCALES, PFLConfig
from posewarp_tf.ops import bilinear_sample, resize_flow

COARSEST_SCALE = max(PFL_FLOW_SCALES)


@register
class FlowConv(tf.keras.layers.Layer):
    """Convolution to a flow, float32, near zero at first."""

    keeps_initial_gain = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flow_conv = conv(2, 3)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.flow_conv(features), tf.float32)


@register
class FlowStack(tf.keras.layers.Layer):
    """One encoder-decoder: what it sees [B, H, W, any] -> flows of scales 3, 2, 1, 0.

    Every scale adds to the flow of the scale before it: flow_s = resize(flow_(s+1)) + conv(features_s). With a flow
    to start from, this is the residual that is added to it.
    """

    def __init__(self, base_filters: int, max_filters: int, num_layers: int, **kwargs):
        super().__init__(**kwargs)
        self._settings = {'base_filters': base_filters, 'max_filters': max_filters, 'num_layers': num_layers}

        def filters(scale: int) -> int:
            """Nothing but the flow's last refinement happens at full size, where pixels are many."""
            return level_filters(scale - 1, base_filters, max_filters) if scale else max(base_filters // 2, 1)

        self.encoder = [DownBlock(filters(scale), name=f'down_{scale}') for scale in range(1, num_layers + 1)]
        scales = range(num_layers - 1, -1, -1)
        self.up_convs = [UpConv(filters(scale), name=f'up_{scale}') for scale in scales]
        self.merges = [ConvBlock(filters(scale), name=f'merge_{scale}') for scale in scales]
        self.heads = [FlowConv(name=f'flow_scale_{scale}') for scale in sorted(PFL_FLOW_SCALES, reverse=True)]

    def call(self, image: tf.Tensor, *flows: tf.Tensor) -> list[tf.Tensor]:
        """Flows, coarse first; `flows` are those to start from, likewise."""
        skips = []
        for block in self.encoder:
            image = block(image)
            skips.append(image)
        features, residuals = skips.pop(), []
        if len(self.encoder) == COARSEST_SCALE:
            residuals.append(self.heads[0](features))
        for step, (up_conv, merge) in enumerate(zip(self.up_convs, self.merges)):
            scale = len(self.encoder) - 1 - step
            parts = [up_conv(features)] + ([skips.pop()] if skips else [])
            coarser = _doubled(residuals[-1]) if residuals else None
            if coarser is not None:
                parts.append(tf.cast(coarser, parts[0].dtype))
            features = merge(tf.concat(parts, axis=-1))
            if scale <= COARSEST_SCALE:
                refinement = self.heads[COARSEST_SCALE - scale](features)
                residuals.append(refinement if coarser is None else coarser + refinement)
        return [flow + residual for flow, residual in zip(flows, residuals)] if flows else residuals

    def get_config(self) -> dict:
        return {**super().get_config(), **self._settings}


@register
class PoseFlowNet(tf.keras.layers.Layer):
    """`num_stacks` FlowStacks.

    The first sees the source image, both poses and, where there is one, the source's garment map. The later ones see
    this, image and pose of the source warped by the earlier flow, and that flow; they take what they see as it is,
    without passing gradients to the stack before. With a flow to begin from, the first is like the later ones.
    """

    def __init__(
        self,
        base_filters: int,
        max_filters: int,
        num_layers: int,
        num_stacks: int = 2,
        impl: str = 'auto',
        **kwargs,
    ):
        super().__init__(**kwargs)
        sizes = {'base_filters': base_filters, 'max_filters': max_filters, 'num_layers': num_layers}
        self._settings = {**sizes, 'num_stacks': num_stacks, 'impl': impl}
        self.impl = impl
        self.stacks = [FlowStack(**sizes, name=f'stack_{index}') for index in range(num_stacks)]

    @classmethod
    def for_model(cls, config: PFLConfig, **kwargs) -> PoseFlowNet:
        return cls(
            config.flow_base_filters,
            config.flow_max_filters,
            config.flow_num_layers,
            config.num_flow_stacks,
            config.sampler_impl,
            **kwargs,
        )

    def call(
        self,
        source_image: tf.Tensor,
        source_pose: tf.Tensor,
        target_pose: tf.Tensor,
        source_garment: tf.Tensor | None = None,
        base_flow: tf.Tensor | None = None,
    ) -> list[tf.Tensor]:
        """The flows of all stacks added up: float32 [B, h, w, 2] of scales 3, 2, 1, 0.

        Args:
            source_image: [B, H, W, 3].
            source_pose, target_pose: [B, H, W, pose channels].
            source_garment: one channel per class, [B, H, W, 16].
            base_flow: the flow to begin from, float32 [B, H, W, 2].
        """
        # Keras casts the first argument only.
        image, pose, target_pose = (tf.cast(t, self.compute_dtype) for t in (source_image, source_pose, target_pose))
        seen = [image, pose, target_pose]
        if source_garment is not None:
            seen.append(tf.cast(source_garment, self.compute_dtype))
        flows: Sequence[tf.Tensor] = () if base_flow is None else _pyramid(base_flow)
        for stack in self.stacks:
            flows = stack(tf.concat(seen + self._warped(image, pose, flows) if flows else seen, axis=-1), *flows)
        return list(flows)

    def _warped(self, image: tf.Tensor, pose: tf.Tensor, flows: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        flow = tf.stop_gradient(flows[-1])
        return [
            bilinear_sample(tf.concat([image, pose], -1), flow, impl=self.impl),
            tf.cast(flow, image.dtype),
        ]

    def get_config(self) -> dict:
        return {**super().get_config(), **self._settings}


def _pyramid(flow: tf.Tensor) -> list[tf.Tensor]:
    """A flow of full size at scales 3, 2, 1, 0."""
    height, width = flow.shape[1:3]
    return [resize_flow(flow, (height >> scale, width >> scale)) for scale in sorted(PFL_FLOW_SCALES, reverse=True)]


def _doubled(flow: tf.Tensor) -> tf.Tensor:
    return resize_flow(flow, (2 * flow.shape[1], 2 * flow.shape[2]))
