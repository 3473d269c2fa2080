"""Every term of an objective, by its name in `--loss_weights`: one table.

A term is a function of a `Scene` that gives one float32 number per example, so that replicas can be summed and divided
by the global batch; the mean over a batch is the published value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from posewarp_tf.config import Config
from posewarp_tf.losses import adversarial, flow_terms, gfla_terms
from posewarp_tf.losses.labels import class_balanced_cross_entropy
from posewarp_tf.losses.needs import TERM_MAPS
from posewarp_tf.losses.perceptual import PERCEPTUAL_TAPS, STYLE_TAPS, perceptual_distance, style_distance
from posewarp_tf.losses.reconstruction import l1
from posewarp_tf.losses.scene import MOVED_SOURCE, MOVED_TARGET, Scene, as_float32, real_subject


@dataclasses.dataclass(frozen=True)
class Term:
    """A term of the objective.

    Attributes:
      compute: Scene -> [B], unweighted.
      output: the output of the model without which the term has no meaning.
      taps: config -> the VGG features used, by image ('source', 'target', 'generated').
      needs: class maps of the batch that the term cannot do without.
      judged: whether the term asks a discriminator about `output`; it is left out where there is none.
      pair: a pair with a moved side that the model must see; the term is left out where it cannot.
    """

    compute: Callable[[Scene], tf.Tensor]
    output: str
    taps: Callable[[Config], dict[str, tuple[str, ...]]] = lambda config: {}
    needs: tuple[str, ...] = ()
    judged: bool = False
    pair: str = ''


def _l1(scene: Scene) -> tf.Tensor:
    return l1(scene.outputs['image'], as_float32(scene.batch['target_image']))


def _perceptual(scene: Scene) -> tf.Tensor:
    return perceptual_distance(scene.features['generated'], scene.features['target'])


def _style(scene: Scene) -> tf.Tensor:
    return style_distance(scene.features['generated'], scene.features['target'])


def _adversarial(scene: Scene) -> tf.Tensor:
    return adversarial.generator_loss(scene.config.loss.adversarial_loss, scene.judged[0])


def _feature_matching(scene: Scene) -> tf.Tensor:
    real = scene.judge(real_subject(scene.batch, scene.subject))[1]
    return adversarial.feature_matching(real, scene.judged[1])


def _garment_cross_entropy(scene: Scene) -> tf.Tensor:
    return class_balanced_cross_entropy(scene.outputs['garment'], scene.batch['target_garment'])


def _mask_prior(scene: Scene) -> tf.Tensor:
    """Mean of the composition mask: what the source already shows should be taken from it, not synthesised (ours)."""
    return tf.reduce_mean(scene.outputs['composition_mask'], axis=(1, 2, 3))


def _vgg_taps(names: tuple[str, ...]) -> Callable[[Config], dict[str, tuple[str, ...]]]:
    return lambda config: dict.fromkeys(('generated', 'target'), names)


TERMS: dict[str, Term] = {
    # GFLA; l1 to style also of PFL's SynthesisNet.
    'correctness': Term(gfla_terms.correctness, output='flows', taps=gfla_terms.correctness_taps),
    'affine': Term(gfla_terms.affine, output='flows'),
    'l1': Term(_l1, output='image'),
    'adversarial': Term(_adversarial, output='image', judged=True),
    'perceptual': Term(_perceptual, output='image', taps=_vgg_taps(PERCEPTUAL_TAPS)),
    'style': Term(_style, output='image', taps=_vgg_taps(STYLE_TAPS)),
    'feature_matching': Term(_feature_matching, output='image', judged=True),
    'mask_prior': Term(_mask_prior, output='composition_mask'),
    # PFL's pose flow.
    'photometric': Term(flow_terms.photometric, output='flows'),
    'ssim': Term(flow_terms.ssim, output='flows'),
    'feature': Term(flow_terms.feature, output='flows', taps=flow_terms.feature_taps),
    'texture': Term(flow_terms.texture, output='flows', needs=TERM_MAPS['texture']),
    'label': Term(flow_terms.label, output='flows', needs=TERM_MAPS['label']),
    'part_label': Term(flow_terms.part_label, output='flows', needs=TERM_MAPS['part_label']),
    'smoothness': Term(flow_terms.smoothness, output='flows'),
    'self_flow': Term(flow_terms.self_flow, output='flows', pair=MOVED_TARGET),
    'equivariance': Term(flow_terms.equivariance, output='flows', pair=MOVED_SOURCE),
    # PFL's GarmentNet.
    'garment_cross_entropy': Term(_garment_cross_entropy, output='garment', needs=TERM_MAPS['garment_cross_entropy']),
    'garment_adversarial': Term(_adversarial, output='garment', needs=TERM_MAPS['garment_adversarial'], judged=True),
}
