"""TFLite Metadata (https://ai.google.dev/edge/litert/conversion/tensorflow/metadata) inside a .tflite file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np

from posewarp_tf.models.kinds import Picture, RawInput

from .metadata_buffer import metadata_buffer, tensor_metadata

# What people and their tools should know of the outputs, by name; of the inputs the model tells.
_OUTPUTS = {
    'image': 'The answer, RGB, 0 to 255.',
    'flow': 'Backward flow (dx, dy): target pixel (x, y) shows source (x + dx, y + dy), in pixels of this map.',
    'mask': '1: taken from the source by the flow; 0: invented.',
    'previous_image': 'The answer, RGB, -1 to 1, before it was rounded: of the next step the frame before.',
    'previous_pose': 'The pose of the answer: of the next step that of the frame before.',
    'skeletons': "17 joints in each frame, Human3.6M's order: 17 y, then 17 x, -1 to 1 over the picture.",
}
_ENTRY = 'TFLITE_METADATA'


def with_metadata(model: bytes, precision: str, metadata: Mapping[str, Any], given: Sequence[RawInput]) -> bytes:
    """The same model with metadata made from the contents of metadata.json; its numbers do not change.

    Args:
        given: the raw inputs of the model.

    Every constant begins at a multiple of 16 bytes, as the schema of TFLite asks for.
    """
    from ai_edge_litert import schema_py_generated as schema

    whole = schema.ModelT.InitFromPackedBuf(model, 0)
    inputs, outputs = _tensor_names(whole)
    contents = metadata_buffer(
        name=metadata['name'],
        description=_description(metadata, precision),
        version=f'step {metadata["weights"]["step"]}',
        author='posewarp_tf',
        license=metadata['licence'],
        inputs=[_input_metadata(name, given) for name in inputs],
        outputs=[_output_metadata(name) for name in outputs],
    )
    others = [entry for entry in whole.metadata or [] if entry.name != _ENTRY.encode()]
    whole.metadata = [*others, schema.MetadataT(_ENTRY, len(whole.buffers))]
    whole.buffers.append(schema.BufferT(np.frombuffer(contents, np.uint8)))
    builder = _AligningBuilder()
    builder.Finish(whole.Pack(builder), b'TFL3')
    return bytes(builder.Output())


class _AligningBuilder(flatbuffers.Builder):
    """Aligns vectors of bytes, which constants are: generated Python code does not heed force_align of the schema."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
        return super().StartVector(elemSize, numElems, 16 if elemSize == 1 else alignment)


def _description(metadata: Mapping[str, Any], precision: str) -> str:
    names = metadata.get('joint_names')
    joints = f' Joints, in this order: {", ".join(names)}.' if names else ''
    return f'{metadata["does"].rstrip(".")}; {precision}.{joints}'


def _tensor_names(model: Any) -> tuple[list[str], list[str]]:
    """Names in the signature, in the order of the graph's inputs and outputs, which metadata follow."""
    graph, signature = model.subgraphs[0], model.signatureDefs[0]

    def ordered(mappings: list, tensors: Any) -> list[str]:
        names = {mapping.tensorIndex: mapping.name.decode() for mapping in mappings}
        return [names[tensor] for tensor in tensors]

    return ordered(signature.inputs, graph.inputs), ordered(signature.outputs, graph.outputs)


def _input_metadata(name: str, given: Sequence[RawInput]) -> Mapping[int, Any]:
    (raw,) = (raw for raw in given if raw.name == name)
    return tensor_metadata(name, raw.description, is_picture=isinstance(raw.kind, Picture))


def _output_metadata(name: str) -> Mapping[int, Any]:
    """Flows and masks of other pictures than the source carry its role behind their name."""
    words = _OUTPUTS[name] if name in _OUTPUTS else _OUTPUTS[name.partition('_')[0]]
    return tensor_metadata(name, words, is_picture=name == 'image')
