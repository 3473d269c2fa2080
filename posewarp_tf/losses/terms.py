"""Every term of an objective, by its name in `--loss_weights`: one table.

A term is a function of a `Scene` that gives one float32 number per example, so that replicas can be summed and divided
by the global batch; the mean over a batch is the published value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from posewarp_tf.losses import adversarial, flow_terms, gfla_terms, layered_terms, truth_terms
from posewarp_tf.losses.labels import class_balanced_cross_entropy
from posewarp_tf.losses.perceptual import perceptual_distance, style_distance
from posewarp_tf.losses.reconstruction import l1
from posewarp_tf.losses.scene import MOVED_SOURCE, MOVED_TARGET, Scene, as_float32, real_subject


class Term(NamedTuple):
    """A term of the objective; needs.py says what it cannot do without.

    Attributes:
        compute: Scene -> [B], unweighted.
        pair: a pair with a moved side that the model must see; the term is left out where it cannot.
    """

    compute: Callable[[Scene], tf.Tensor]
    pair: str = ''


def _l1(scene: Scene) -> tf.Tensor:
    return l1(scene.outputs['image'], as_float32(scene.batch['target_image']))


def _perceptual(scene: Scene) -> tf.Tensor:
    return perceptual_distance(scene.features['generated'], scene.features['target'])


def _style(scene: Scene) -> tf.Tensor:
    return style_distance(scene.features['generated'], scene.features['target'])


def _adversarial(scene: Scene, subject: str = 'image') -> tf.Tensor:
    return adversarial.generator_loss(scene.config.loss.adversarial_loss, scene.judgement(subject).logits)


def _garment_adversarial(scene: Scene) -> tf.Tensor:
    return _adversarial(scene, 'garment')


def _clip_adversarial(scene: Scene) -> tf.Tensor:
    return _adversarial(scene, 'clip')


def _feature_matching(scene: Scene) -> tf.Tensor:
    real = scene.judge('image', real_subject(scene, 'image'))
    return adversarial.feature_matching(real.features, scene.judgement('image').features)


def _garment_cross_entropy(scene: Scene) -> tf.Tensor:
    return class_balanced_cross_entropy(scene.outputs['garment'], scene.batch['target_garment'])


def _mask_prior(scene: Scene) -> tf.Tensor:
    """Mean of the composition mask: what the source already shows should be taken from it, not synthesised (ours)."""
    return tf.reduce_mean(scene.outputs['composition_mask'], axis=(1, 2, 3))


def _joint_error(scene: Scene) -> tf.Tensor:
    """Mean squared error of coordinates in [-1, 1]."""
    error = scene.outputs['skeletons'] - as_float32(scene.batch['target_skeletons'])
    return tf.reduce_mean(tf.square(error), axis=(1, 2))


TERMS: dict[str, Term] = {
    # GFLA; l1 to style also of PFL's SynthesisNet.
    'correctness': Term(gfla_terms.correctness),
    'affine': Term(gfla_terms.affine),
    'l1': Term(_l1),
    'adversarial': Term(_adversarial),
    'perceptual': Term(_perceptual),
    'style': Term(_style),
    'feature_matching': Term(_feature_matching),
    'mask_prior': Term(_mask_prior),
    # PFL's pose flow.
    'photometric': Term(flow_terms.photometric),
    'ssim': Term(flow_terms.ssim),
    'feature': Term(flow_terms.feature),
    'texture': Term(flow_terms.texture),
    'label': Term(flow_terms.label),
    'part_label': Term(flow_terms.part_label),
    'smoothness': Term(flow_terms.smoothness),
    'self_flow': Term(flow_terms.self_flow, pair=MOVED_TARGET),
    'equivariance': Term(flow_terms.equivariance, pair=MOVED_SOURCE),
    # PFL's GarmentNet.
    'garment_cross_entropy': Term(_garment_cross_entropy),
    'garment_adversarial': Term(_garment_adversarial),
    # From exact flow and visibility, of any model; in no published objective.
    'supervised_flow': Term(truth_terms.supervised_flow),
    'supervised_occluded_flow': Term(truth_terms.supervised_occluded_flow),
    'visibility_mask': Term(truth_terms.visibility_mask),
    'visibility_composition': Term(truth_terms.visibility_composition),
    # The layered model.
    'layer_flow': Term(layered_terms.layer_flow),
    'part_cross_entropy': Term(layered_terms.part_cross_entropy),
    'source_part_cross_entropy': Term(layered_terms.source_part_cross_entropy),
    'silhouette_overlap': Term(layered_terms.silhouette_overlap),
    'layer_visibility': Term(layered_terms.layer_visibility),
    'person_l1': Term(layered_terms.person_l1),
    'painted_l1': Term(layered_terms.painted_l1),
    'person_gradient': Term(layered_terms.person_gradient),
    # Motion extraction.
    'joint_error': Term(_joint_error),
    # GFLA's videos.
    'clip_adversarial': Term(_clip_adversarial),
}
