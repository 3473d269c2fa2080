"""The objective of PFL's pose flow: unsupervised, over the target's person, at every scale of the flow.

    term = sum over scales of w_s * mean over pixels,   w = 1, .5, .25, .125 from full size to coarse

After the abstract of Zheng et al., "Pose Flow Learning From Person Images for Pose Guided Synthesis", IEEE TIP 30
(2021), whose code and objective were not published; each function names where its own form comes from.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.losses.appearance import charbonnier, feature_dissimilarity, structural_dissimilarity
from posewarp_tf.losses.flow_regularity import second_order_smoothness
from posewarp_tf.losses.labels import label_disagreement
from posewarp_tf.losses.reconstruction import weighted_mean
from posewarp_tf.losses.scene import MOVED_SOURCE, MOVED_TARGET, Level, Scene
from posewarp_tf.losses.self_supervision import equivariance_error, self_flow_error
from posewarp_tf.losses.taps import feature_tap
from posewarp_tf.losses.texture import texture_distance
from posewarp_tf.models.outputs import equally_long
from posewarp_tf.ops import bilinear_sample

# Textures are compared at the finest flows only: in coarser pictures there are none left.
_NUM_TEXTURE_LEVELS = 2


def photometric(scene: Scene) -> tf.Tensor:
    """Charbonnier distance of the warped source to the target; occluded pixels weigh less."""
    return _sum(scene.levels, lambda level: weighted_mean(charbonnier(level.warped, level.target), level.trusted))


def ssim(scene: Scene) -> tf.Tensor:
    """(1 - SSIM) / 2 of the warped source and the target; occluded pixels weigh less."""
    return _sum(
        scene.levels, lambda level: weighted_mean(structural_dissimilarity(level.warped, level.target), level.trusted)
    )


def feature(scene: Scene) -> tf.Tensor:
    """1 - cosine of VGG-19's features, the source's warped by the flow of their size; occluded pixels weigh less.

    Scale s compares relu(s + 1)_2, so that the source's features are warped instead of computed from a warped picture:
    both pictures pass the network once, without gradient.
    """
    scales = scene.config.loss.feature_scales
    levels = [level for level in scene.levels if level.factor in {2**scale for scale in scales}]

    def of_level(level: Level) -> tf.Tensor:
        tap = feature_tap(level.factor.bit_length() - 1)
        warped = bilinear_sample(scene.features[level.family][tap], level.flow)
        return weighted_mean(feature_dissimilarity(warped, scene.features['target'][tap]), level.trusted)

    return _sum(levels, of_level)


def texture(scene: Scene) -> tf.Tensor:
    """Gram matrices of the warped source and the target, per garment that both pictures show (texture.py)."""
    num_labels = len(GARMENT_NAMES)
    finest = min(level.factor for level in scene.levels)
    source, target = (
        tf.reduce_max(tf.one_hot(scene.batch[f'{side}_garment'], num_labels), axis=(1, 2)) > 0
        for side in ('source', 'target')
    )
    return _sum(
        [level for level in scene.levels if level.factor <= finest * 2 ** (_NUM_TEXTURE_LEVELS - 1)],
        lambda level: texture_distance(
            level.warped, level.target, level.labels('target', 'garment'), source & target, num_labels
        ),
    )


def label(scene: Scene) -> tf.Tensor:
    """Share of the foreground where the warped garment map of the source disagrees with that of the target."""
    return _sum(scene.levels, lambda level: _disagreement(level, 'garment'))


def part_label(scene: Scene) -> tf.Tensor:
    """The same for the body parts (ours; for data with part maps)."""
    return _sum(scene.levels, lambda level: _disagreement(level, 'parts'))


def smoothness(scene: Scene) -> tf.Tensor:
    """Second-order smoothness over all pixels, free to bend at edges.

    Those of the target's class maps, as far as the batch has them, else of its colours.
    """
    return _sum(scene.levels, lambda level: second_order_smoothness(level.flow, *level.edges))


def self_flow(scene: Scene) -> tf.Tensor:
    """L1 distance of the flow between a picture and its own random warp to the exact one (self_supervision.py)."""
    flows = scene.moved_flows[MOVED_TARGET]
    terms = [
        level.weight * self_flow_error(flow, scene.warp.flow, level.foreground_of(scene.moved_source))
        for level, flow in equally_long(scene.levels, flows)
    ]
    return tf.add_n(terms)


def equivariance(scene: Scene) -> tf.Tensor:
    """L1 distance of the flow from a warped source to the warp after the flow from the source (self_supervision.py)."""
    flows = scene.moved_flows[MOVED_SOURCE]
    terms = [
        level.weight * equivariance_error(flow, level.flow, scene.warp.flow, level.foreground)
        for level, flow in equally_long(scene.levels, flows)
    ]
    return tf.add_n(terms)


def _sum(levels: list[Level], of_level: Callable[[Level], tf.Tensor]) -> tf.Tensor:
    return tf.add_n([level.weight * of_level(level) for level in levels])


def _disagreement(level: Level, kind: str) -> tf.Tensor:
    warped = bilinear_sample(level.soft_labels('source', kind), level.flow)
    return weighted_mean(label_disagreement(warped, level.soft_labels('target', kind)), level.foreground)
