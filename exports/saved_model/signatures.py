"""The signatures of a SavedModel: checks of every input in the graph, then the model.

serving_default   pictures as uint8 tensors of the model's size, joints in its pixels -> `image` uint8
serve_bytes       the same with picture files: every picture or map `name` is `name_bytes`, a JPEG or PNG of any size;
                  joints in pixels of the source picture; -> `image_bytes`, PNGs of the model's size
debug             as serving_default -> `float_image`; `flow_i`, `mask_i` of every scale, coarse first; `garment` (uint8
                  class numbers) and `composition_mask` of a model that makes them
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf.conventions import MISSING
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.models.kinds import Joints, Picture
from posewarp_tf.models.outputs import titled

from ..graph_checks import checked_shapes, checks_of
from .encoded_pictures import decode_class_maps, decode_pictures

Tensors = dict[str, tf.Tensor]

# Only in pictures' own size do joints fit to files; this one has it.
_PICTURE = 'source_image'


def make_signatures(reposer: Reposer) -> dict[str, Any]:
    """Concrete functions by signature name; their only state are the weights of `reposer.model`."""
    specs = reposer.specs()
    # One function that all signatures call: the network is in the SavedModel once.
    answer = tf.function(lambda raw: _answer(reposer, raw), input_signature=[specs], autograph=False)
    functions: dict[str, tuple[Callable[..., Tensors], Mapping[str, tf.TensorSpec]]] = {
        'serving_default': (lambda **raw: {'image': answer(raw)['image']}, specs),
        'serve_bytes': (
            lambda **files: {'image_bytes': tf.io.encode_png(answer(_decoded(reposer, files))['image'])},
            bytes_specs(specs),
        ),
        'debug': (lambda **raw: _named(reposer, answer(raw)), specs),
    }
    return {
        name: tf.function(function, autograph=False).get_concrete_function(**wanted)
        for name, (function, wanted) in functions.items()
    }


def bytes_specs(specs: Mapping[str, tf.TensorSpec]) -> dict[str, tf.TensorSpec]:
    """The inputs of serve_bytes, where those of serving_default are `specs`."""
    found = {}
    for name, spec in specs.items():
        if spec.dtype == tf.uint8:
            # A name on _bytes makes TF Serving's REST interface decode base64.
            name, spec = f'{name}_bytes', tf.TensorSpec([None], tf.string, f'{name}_bytes')
        found[name] = spec
    return found


def _decoded(reposer: Reposer, files: Tensors) -> Tensors:
    """From the inputs of serve_bytes to those of serving_default."""
    size, specs = reposer.config.model.image_size, reposer.specs()
    files = checked_shapes(files, bytes_specs(specs))
    raw: Tensors = {}
    raw[_PICTURE], own_sizes = decode_pictures(files[f'{_PICTURE}_bytes'], size, f'{_PICTURE}_bytes')
    for given in raw_inputs(reposer.config.model.inputs):
        name = given.name
        if isinstance(given.kind, Joints):
            # Elsewhere than in the picture they become missing, which says less of what is wrong.
            with tf.control_dependencies(checks_of(given, files[name], None)):
                raw[name] = _to_pixels(tf.identity(files[name]), own_sizes, size)
        elif given.kind.dtype != 'uint8':
            raw[name] = files[name]
        elif not isinstance(given.kind, Picture):
            raw[name] = decode_class_maps(files[f'{name}_bytes'], size, f'{name}_bytes')
        elif name != _PICTURE:
            raw[name], _ = decode_pictures(files[f'{name}_bytes'], size, f'{name}_bytes')
    return raw


def _to_pixels(keypoints: tf.Tensor, own_sizes: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """As `KeypointFrame.to_pixels`: from pixels of pictures of `own_sizes` to those of `size`, outside is missing."""
    parts = keypoints / own_sizes[:, tf.newaxis, ::-1]
    seen = tf.reduce_all((parts >= 0) & (parts <= 1), axis=-1, keepdims=True)
    extent = tf.constant([size[1], size[0]], tf.float32)
    # A joint on the very last edge belongs to the last pixel.
    return tf.where(seen, tf.minimum(parts * extent, extent - 1e-3), MISSING)


def _answer(reposer: Reposer, raw: Mapping[str, tf.Tensor]) -> dict[str, Any]:
    raw = checked_shapes(raw, reposer.specs())
    model = reposer.config.model
    checks = [
        check for given in raw_inputs(model.inputs) for check in checks_of(given, raw[given.name], model.image_size)
    ]
    with tf.control_dependencies(checks):
        return reposer({name: tf.identity(tensor) for name, tensor in raw.items()})


def _named(reposer: Reposer, answer: dict[str, Any]) -> Tensors:
    """Flat, as a signature needs it."""
    declared = [output.name for output in reposer.config.model.outputs]
    named = {name: answer[name] for name in ('float_image', *declared)}
    for role, motion in answer['motions'].items():
        for kind, tensors in (('flow', motion.flows), ('mask', motion.masks)):
            named.update({f'{titled(role, kind)}_{i}': tensor for i, tensor in enumerate(tensors)})
    return named
