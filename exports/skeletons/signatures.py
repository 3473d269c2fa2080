"""The signatures of a SavedModel of motion extraction: checks of the input in the graph, then the network.

serving_default   pieces: `skeletons` float32 [B, T, 34], T at least 81, the published piece has 104
                  -> `skeletons` [B, T - 80, 34] about the frames in the middle; gaps are filled before, if the network
                  wants that
clean             whole videos: `skeletons` [B, frames, 34] as found -> `skeletons` [B, frames, 34], as the published
                  tool cleans them, and gaps are filled if the network wants that
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from posewarp_tf.inference.cleaning import SkeletonCleaner
from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.poses.skeletons import PIECE, REACH

from ..graph_checks import checks_of
from .whole_videos import cleaned_in_pieces, filled

NAME = 'skeletons'


def make_signatures(cleaner: SkeletonCleaner) -> dict[str, Any]:
    """Concrete functions by signature name; their only state are the weights of `cleaner.model`."""
    spec = tf.TensorSpec([None, None, 34], tf.float32, NAME)
    # One function that both signatures call: the network is in the SavedModel once.
    answer = tf.function(_network(cleaner), input_signature=[spec], autograph=False)
    fills = cleaner.config.model.fills_skeletons

    def serve(*, skeletons: tf.Tensor) -> dict[str, tf.Tensor]:
        return {NAME: answer(_checked(cleaner, skeletons, 2 * REACH + 1))}

    def clean(*, skeletons: tf.Tensor) -> dict[str, tf.Tensor]:
        skeletons = _checked(cleaner, skeletons, 1)
        return {NAME: cleaned_in_pieces(filled(skeletons) if fills else skeletons, answer)}

    return {
        name: tf.function(function, autograph=False).get_concrete_function(skeletons=spec)
        for name, function in (('serving_default', serve), ('clean', clean))
    }


def make_piece_signature(cleaner: SkeletonCleaner) -> Any:
    """The concrete function of a .tflite file: one published piece, [1, 104, 34] -> [1, 24, 34]."""
    network = _network(cleaner)
    spec = tf.TensorSpec([1, PIECE + 2 * REACH, 34], tf.float32, NAME)

    def serve(*, skeletons: tf.Tensor) -> dict[str, tf.Tensor]:
        return {NAME: network(skeletons)}

    return tf.function(serve, autograph=False).get_concrete_function(skeletons=spec)


def _network(cleaner: SkeletonCleaner) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda skeletons: cleaner.model({NAME: skeletons}, training=False)[NAME]


def _checked(cleaner: SkeletonCleaner, skeletons: tf.Tensor, least: int) -> tf.Tensor:
    """The same, once it is certain that they are finite, of 34 numbers, and of `least` frames.

    A session does not compare what it is fed with the shape of a signature; the plain operation reads the real one.
    """
    shape = tf.raw_ops.Shape(input=skeletons)
    message = f'{NAME}: expected shape [B, frames, 34] of at least {least} frames and one example; got shape'
    fits = tf.cond(
        tf.raw_ops.Size(input=shape) == 3,
        lambda: (shape[0] > 0) & (shape[1] >= least) & (shape[2] == 34),
        lambda: tf.constant(False),
    )
    with tf.control_dependencies([tf.debugging.Assert(fits, [message, shape])]):
        skeletons = tf.identity(skeletons)
    (raw,) = raw_inputs(cleaner.config.model.inputs)
    with tf.control_dependencies(checks_of(raw, skeletons, None)):
        return tf.identity(skeletons)
