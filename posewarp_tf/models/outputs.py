"""What comes out of a model: an image, motions by the role whose pixels they move, and what else it declares.

    {'image': float32 [B, H, W, 3] in [-1, 1], 'motions': {'source': Motion}, and one entry for each `Output`}

An `Output` is declared once, in the model's config, with its kind; how it is handed out, drawn, judged and scored hangs
on the kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES

if TYPE_CHECKING:
    import tensorflow as tf


class Motion(NamedTuple):
    """How the pixels of one picture move into the target pose; lists, coarse first.

    Attributes:
        flows: [B, h, w, 2], backward, in pixels of their own map (conventions.py).
        masks: [B, h, w, 1] in [0, 1]: 1 = the warped picture, 0 = invented; empty in stages that make none.
        attentions: [B, h, w, k * k]; only where they were asked for and the model has them.
    """

    flows: Sequence[Any]
    masks: Sequence[Any] = ()
    attentions: Sequence[Any] = ()


class Mask:
    """A number in [0, 1] for every pixel, float32 [B, H, W, 1]."""

    def answer(self, output: tf.Tensor) -> tf.Tensor:
        """What users of the model get."""
        import tensorflow as tf

        return tf.cast(output, tf.float32)

    def draw(self, answer: np.ndarray) -> np.ndarray:
        """An answer of one example as a picture, uint8 [h, w, 3]."""
        from posewarp_tf.pictures.drawing import mask_to_gray

        return mask_to_gray(answer)


class Silhouette(Mask):
    """A mask of where the re-posed person is: by it photos are composed."""


class ClassLogits:
    """Logits of classes, float32 [B, H, W, classes]; users get the likeliest class, uint8 [B, H, W]."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def answer(self, output: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        return tf.cast(tf.argmax(output, axis=-1), tf.uint8)

    def draw(self, answer: np.ndarray) -> np.ndarray:
        from posewarp_tf.pictures.class_colors import class_map_to_color

        return class_map_to_color(answer, self.names)

    def judged(self, output: tf.Tensor) -> tf.Tensor:
        """What a discriminator sees of it: probabilities."""
        import tensorflow as tf

        return tf.nn.softmax(output)

    def truth(self, batch: Mapping[str, tf.Tensor], name: str) -> tf.Tensor:
        """What it compares them with: `target_<name>` of the batch, one channel per class."""
        import tensorflow as tf

        return tf.one_hot(batch[f'target_{name}'], len(self.names))


class Output(NamedTuple):
    """An output beside image and motions: its name, its kind, and what it means."""

    name: str
    kind: Mask | ClassLogits
    description: str


def silhouette_name(outputs: Iterable[Output]) -> str | None:
    """The name of the output that says where the person is; None if none does."""
    return next((output.name for output in outputs if isinstance(output.kind, Silhouette)), None)


def parts_name(outputs: Iterable[Output]) -> str | None:
    """The name of the output that says which part of the body is where; None if none does."""
    return next((output.name for output in outputs if getattr(output.kind, 'names', None) == PART_NAMES), None)


GARMENT_OUTPUT = Output('garment', ClassLogits(GARMENT_NAMES), f'uint8 class numbers: {", ".join(GARMENT_NAMES)}')
COMPOSITION_MASK = Output(
    'composition_mask', Mask(), '0 to 1; 1 = synthesised picture, 0 = the source moved by the flow'
)


def each_flow(motions: Mapping[str, Motion]) -> Iterator[tuple[str, int, Any]]:
    """(family, index, flow) of all flows, family by family and coarse first."""
    for family, motion in motions.items():
        for index, flow in enumerate(motion.flows):
            yield family, index, flow


def titled(family: str, name: str) -> str:
    """What a picture or tensor of a family is called: those of the source by their plain names."""
    return name if family == 'source' else f'{name}_{family}'


def equally_long(*lists: Sequence[Any]) -> Iterable[tuple]:
    """zip, with a ValueError for lists of different lengths (Python 3.9 has no strict one)."""
    if len({len(items) for items in lists}) > 1:
        raise ValueError(f'got lists of lengths {", ".join(str(len(items)) for items in lists)}, expected equal ones')
    return zip(*lists)
