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

from posewarp_tf.conventions import GARMENT_NAMES, MISSING, PART_NAMES

from ..exportable import Exportable
from .encoded_pictures import decode_class_maps, decode_pictures

Tensors = dict[str, tf.Tensor]

# Only in pictures' own size do joints fit to files; this one has it.
_PICTURE = 'source_image'
# Shown of a wrong shape.
_MOST_DIMENSIONS = 8


def make_signatures(exportable: Exportable) -> dict[str, Any]:
    """Concrete functions by signature name; their only state are the weights of `exportable.model`."""
    specs = exportable.specs()
    # One function that all signatures call: the network is in the SavedModel once.
    answer = tf.function(lambda raw: _answer(exportable, raw), input_signature=[specs], autograph=False)
    functions: dict[str, tuple[Callable[..., Tensors], Mapping[str, tf.TensorSpec]]] = {
        'serving_default': (lambda **raw: {'image': answer(raw)['image']}, specs),
        'serve_bytes': (
            lambda **files: {'image_bytes': tf.io.encode_png(answer(_decoded(exportable, files))['image'])},
            bytes_specs(specs),
        ),
        'debug': (lambda **raw: _named(answer(raw)), specs),
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


def _decoded(exportable: Exportable, files: Tensors) -> Tensors:
    """From the inputs of serve_bytes to those of serving_default."""
    size, specs = exportable.config.model.image_size, exportable.specs()
    files = _checked(files, bytes_specs(specs))
    raw: Tensors = {}
    raw[_PICTURE], own_sizes = decode_pictures(files[f'{_PICTURE}_bytes'], size, f'{_PICTURE}_bytes')
    for name, spec in specs.items():
        if spec.dtype != tf.uint8:
            raw[name] = _to_pixels(files[name], own_sizes, size)
        elif name != _PICTURE:
            raw[name] = decode_class_maps(files[f'{name}_bytes'], size, f'{name}_bytes')
    return raw


def _to_pixels(keypoints: tf.Tensor, own_sizes: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """As `KeypointFrame.to_pixels`: from pixels of pictures of `own_sizes` to those of `size`, outside is missing."""
    parts = keypoints / own_sizes[:, tf.newaxis, ::-1]
    seen = tf.reduce_all((parts >= 0) & (parts <= 1), axis=-1, keepdims=True)
    extent = tf.constant([size[1], size[0]], tf.float32)
    # A joint on the very last edge belongs to the last pixel.
    return tf.where(seen, tf.minimum(parts * extent, extent - 1e-3), MISSING)


def _answer(exportable: Exportable, raw: Mapping[str, tf.Tensor]) -> dict[str, Any]:
    raw = _checked(raw, exportable.specs())
    height, width = exportable.config.model.image_size
    checks = [
        _require_each(
            tf.reduce_any(tf.reduce_all((joints >= 0) & (joints < [width, height]), axis=-1), axis=-1),
            f'{name}: expected pixels x, y of a pose in the picture, -1 if missing; no joint lies in it in example',
        )
        for name, joints in raw.items()
        if joints.dtype == tf.float32
    ]
    with tf.control_dependencies(checks):
        return exportable({name: tf.identity(tensor) for name, tensor in raw.items()})


def _named(answer: dict[str, Any]) -> Tensors:
    """Flat, as a signature needs it."""
    named = {name: answer[name] for name in ('float_image', 'garment', 'composition_mask') if name in answer}
    for kind in ('flow', 'mask'):
        named.update({f'{kind}_{i}': tensor for i, tensor in enumerate(answer[f'{kind}s'])})
    return named


def _checked(tensors: Mapping[str, tf.Tensor], specs: Mapping[str, tf.TensorSpec]) -> Tensors:
    """The tensors, once it is certain that they have the shapes of `specs`, one batch size and sensible values.

    A session does not compare what it is fed with the shapes of a signature; sizes are therefore read with the plain
    operation, which is not replaced by what is known when the graph is made.
    """
    batch = tf.raw_ops.Shape(input=tensors[_PICTURE if _PICTURE in tensors else f'{_PICTURE}_bytes'])[:1]
    with tf.control_dependencies([_require(tf.reduce_all(batch > 0), 'empty batch: expected at least one example')]):
        batch = tf.identity(batch)
    checks = []
    for name, spec in specs.items():
        shape, rest = tf.raw_ops.Shape(input=tensors[name]), list(spec.shape[1:])
        shown = ', '.join(map(str, ['B', *rest]))
        message = f'{name}: expected shape [{shown}] with B as in {_PICTURE}; got shape'
        expected = tf.concat([batch, tf.constant(rest, tf.int32)], axis=0)
        same_rank = tf.raw_ops.Size(input=shape) == len(spec.shape)
        same = tf.cond(same_rank, lambda s=shape, e=expected: tf.reduce_all(s == e), lambda: False)
        checks.append(tf.debugging.Assert(same, [message, shape], summarize=_MOST_DIMENSIONS))
    with tf.control_dependencies(checks):
        checked = {name: tf.identity(tensor) for name, tensor in tensors.items()}
    with tf.control_dependencies([check for name, tensor in checked.items() for check in _value_checks(name, tensor)]):
        return {name: tf.identity(tensor) for name, tensor in checked.items()}


def _value_checks(name: str, tensor: tf.Tensor) -> list[tf.Operation]:
    """Of a tensor whose shape is right: joints are numbers, and maps hold classes of conventions.py."""
    if tensor.dtype == tf.float32:
        finite = tf.reduce_all(tf.math.is_finite(tensor), axis=[1, 2])
        return [_require_each(finite, f'{name}: expected finite numbers, -1 if missing; got others in example')]
    if tensor.dtype == tf.uint8 and tensor.shape.rank == 3:
        last = len(PART_NAMES if name.endswith('parts') else GARMENT_NAMES) - 1
        known = tf.reduce_all(tensor <= last, axis=[1, 2])
        return [_require_each(known, f'{name}: expected classes 0 to {last}; got others in example')]
    return []


def _require(condition: tf.Tensor, message: str) -> tf.Operation:
    return tf.debugging.Assert(condition, [message])


def _require_each(conditions: tf.Tensor, message: str) -> tf.Operation:
    """`conditions`: bool [B]; the first example that has it not is named."""
    first = tf.argmin(tf.cast(conditions, tf.int32), output_type=tf.int32)
    return tf.debugging.Assert(tf.reduce_all(conditions), [message, first])
