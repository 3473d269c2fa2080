"""Gathers the scores of a paper's protocol (protocols.py), batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.metrics.frechet import Moments
from posewarp_tf.metrics.lpips import Lpips
from posewarp_tf.metrics.market_mask import market_mask
from posewarp_tf.metrics.pair_scores import PAIR_PROTOCOL, pair_scores
from posewarp_tf.metrics.protocols import PROTOCOLS, Size
from posewarp_tf.metrics.released import true_picture
from posewarp_tf.metrics.torch_inception import TorchInception
from posewarp_tf.ops import to_float_image
from posewarp_tf.pictures.picture_files import load_image, squashed

_INCEPTION_INPUT = {
    False: 'pictures in [-1, 1], bilinear to 299x299',
    True: 'pictures in [0, 1], bilinear to 299x299, then as `transform_input` makes them of ImageNet\'s units',
}  # fmt: skip


class ProtocolScores:
    """Scores of pairs (path of the answer, path of the true picture, joints [18, 2]), in the order they come.

    Args:
        name: of the protocol.
        layout: of the data set, 'deepfashion' or 'market'.
        answer_size: (height, width) of the answers.
        padded: whether true pictures have DeepFashion's white borders.
        lpips, inception: networks with their weights; None: without their scores.

    Attributes:
        size: (height, width) that pictures are compared at.
        read: a path of a true picture to the picture that is compared.

    Raises:
        ConfigError: FID is of another Inception.
    """

    def __init__(
        self,
        name: str,
        layout: str,
        answer_size: Size,
        padded: bool,
        lpips: Lpips | None = None,
        inception: TorchInception | None = None,
    ) -> None:
        self._protocol = PROTOCOLS[name]
        if inception is not None and inception.variant not in self._protocol.inception:
            raise ConfigError(
                f'--inception_weights: got weights of the variant {inception.variant!r}, --protocol={name} is defined '
                f'with {" or ".join(self._protocol.inception)}'
            )
        self.size = self._protocol.size_for(layout, answer_size)
        self.read = true_picture(self.size, padded, self._protocol.jpeg_quality)
        self._has_masks = layout == 'market'
        self._network_size = self._protocol.network_sizes.get(layout)
        self._lpips, self._inception = lpips, inception
        self._values: dict[str, list[float]] = {}
        self._moments = Moments()

    def num_used(self, count: int) -> int:
        """How many of `count` pictures networks see: whole batches, if there is one."""
        batch = self._protocol.batch
        return count if batch is None or count < batch else count // batch * batch

    def add(self, pairs: Sequence[tuple[str, str, np.ndarray]], num_used: int) -> None:
        """Adds pairs, of which networks see the first `num_used`."""
        answers = np.stack([squashed(load_image(path), self.size) for path, _, _ in pairs])
        truths = np.stack([self.read(path) for _, path, _ in pairs])
        masks = [market_mask(joints, self.size) if self._has_masks else None for *_, joints in pairs]
        for answer, truth, mask in zip(answers, truths, masks):
            for score, value in pair_scores(answer, truth, mask, self._protocol.sigma).items():
                self._values.setdefault(score, []).append(value)
        if num_used <= 0:
            return
        seen, true = (self._view(stack[:num_used]) for stack in (answers, truths))
        if self._lpips is not None:
            self._values.setdefault('lpips', []).extend(self._lpips(seen, true).tolist())
            if self._has_masks:
                inside = np.stack([mask[..., np.newaxis] for mask in masks[:num_used] if mask is not None])
                distances = self._lpips(seen * inside, true * inside)
                self._values.setdefault('mask_lpips', []).extend(distances.tolist())
        if self._inception is not None:
            self._moments.add(self._inception(seen)[0])

    def features(self, pictures: np.ndarray) -> np.ndarray:
        """What Inception sees in pictures [B, H, W, 3] of `size`: float64 [B, 2048]."""
        assert self._inception is not None
        return self._inception(self._view(pictures))[0]

    def result(self, training: Moments | None) -> dict[str, float]:
        """The means over all pairs, and with the moments of the training pictures 'fid'."""
        found = {score: float(np.mean(values)) for score, values in self._values.items()}
        distance = None if training is None else self._moments.distance(training)
        return found if distance is None else {**found, 'fid': distance}

    def protocol(self) -> dict[str, Any]:
        """What the numbers mean."""
        found: dict[str, Any] = {
            'pairs': {key: text.format(sigma=self._protocol.sigma) for key, text in PAIR_PROTOCOL.items()}
        }
        if self._lpips is not None:
            found['lpips'] = self._lpips.protocol
            if self._has_masks:
                found['mask_lpips'] = 'the same of both pictures in [-1, 1] times the mask'
        if self._inception is not None:
            found['fid'] = (
                f'Frechet distance of the 2048 pooled features to those of the training pictures, Inception v3 of '
                f'{self._inception.variant}, {_INCEPTION_INPUT[self._protocol.transforms_input]}'
            )
        if self._network_size is not None:
            height, width = self._network_size
            found['size_for_networks'] = f'{height}x{width}, bilinear without smoothing'
        return found

    def _view(self, pictures: np.ndarray) -> np.ndarray:
        """uint8 pictures as networks see them: float32 in [-1, 1]."""
        if self._network_size is not None:
            pictures = tf.image.resize(tf.cast(pictures, tf.float32), self._network_size)
        return to_float_image(pictures).numpy()
