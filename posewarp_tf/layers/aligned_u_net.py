"""A U-Net with two encoders whose source features are aligned with the target: the body of PFL's two generators."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import UpConv, encode_levels, level_filters, register
from posewarp_tf.layers.gated_alignment import GatedAlignment
from posewarp_tf.layers.pixel_norm_blocks import ConvBlock, DownBlock


@register
class AlignedUNet(tf.keras.layers.Layer):
    """source -> source encoder -> features at every scale s -> GatedAlignment by the flow of scale s
    target -> target encoder -> decoder, coarse to fine, which at every scale takes
        x = ConvBlock(concat(x, target features, aligned source features))

    Level s has maps of 1 / 2**s of the size; level 0 is as wide as level 1.

    Args:
        num_layers: number of halvings.
        scales: those at which source features reach the decoder; the source encoder ends at the coarsest.
        use_gate, impl: of the alignments.
    """

    def __init__(
        self,
        base_filters: int,
        max_filters: int,
        num_layers: int,
        scales: tuple[int, ...],
        use_gate: bool = True,
        impl: str = 'auto',
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._settings = {
            'base_filters': base_filters,
            'max_filters': max_filters,
            'num_layers': num_layers,
            'scales': tuple(scales),
            'use_gate': use_gate,
            'impl': impl,
        }
        self.scales = tuple(sorted(scales, reverse=True))
        widths = [level_filters(max(level - 1, 0), base_filters, max_filters) for level in range(num_layers + 1)]
        self.source_encoder = _encoder('source', widths[: self.scales[0] + 1])
        self.target_encoder = _encoder('target', widths)
        self.alignments = [GatedAlignment(use_gate, impl, name=f'alignment_scale_{scale}') for scale in self.scales]
        # From coarse to fine; nothing comes up to the coarsest scale.
        self.up_convs = [UpConv(width, name=f'up_scale_{level}') for level, width in enumerate(widths[:-1])][::-1]
        self.merges = [ConvBlock(width, name=f'merge_scale_{level}') for level, width in enumerate(widths)][::-1]

    def prepare(self, source: tf.Tensor) -> Any:
        """What a call makes of the source [B, H, W, any] alone: it serves any number of targets and flows."""
        return tuple(encode_levels(self.source_encoder, tf.cast(source, self.compute_dtype)))

    def call(self, source: Any, target: tf.Tensor, *flows: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Features [B, H, W, base_filters] and the gates of `scales`, coarse first, [B, h, w, 1].

        Args:
            source: [B, H, W, any], or what `prepare` made of it.
            target: [B, H, W, any].
            flows: of all of `scales`, coarse first; none: the source stays where it is.
        """
        source_levels = source if isinstance(source, tuple) else self.prepare(source)
        target_levels = encode_levels(self.target_encoder, tf.cast(target, self.compute_dtype))
        features, gates = target_levels[-1], []
        for step, merge in enumerate(self.merges):
            scale = len(self.merges) - 1 - step
            parts = [self.up_convs[step - 1](features), target_levels[scale]] if step else [features]
            if scale in self.scales:
                index = self.scales.index(scale)
                aligned, gate = self.alignments[index](source_levels[scale], parts[0], flows[index] if flows else None)
                parts.append(aligned)
                gates.append(gate)
            features = merge(tf.concat(parts, axis=-1))
        return features, gates

    def get_config(self) -> dict:
        return {**super().get_config(), **self._settings}


def _encoder(name: str, widths: list[int]) -> list[tf.keras.layers.Layer]:
    """A block for each level, finest first."""
    first = ConvBlock(widths[0], name=f'{name}_0')
    return [first] + [DownBlock(width, name=f'{name}_{level}') for level, width in enumerate(widths[1:], start=1)]
