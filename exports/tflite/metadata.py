"""TFLite Metadata (https://ai.google.dev/edge/litert/conversion/tensorflow/metadata) inside a .tflite file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np

from posewarp_tf.conventions import NUM_JOINTS

from .metadata_buffer import metadata_buffer, tensor_metadata

# What people and their tools should know of a tensor, by name.
_DESCRIPTIONS = {
    'source_image': 'The person, RGB, 0 to 255, squashed to this size.',
    'source_keypoints': f'{NUM_JOINTS} joints (x, y) of the person in pixels of source_image, (-1, -1) if missing.',
    'target_keypoints': f'{NUM_JOINTS} joints (x, y) of the pose to take, likewise.',
    'source_parts': 'Body part of each pixel of source_image.',
    'target_parts': 'Body part of each pixel of the picture to make.',
    'source_garment': 'Garment of each pixel of source_image.',
    'image': 'The person in the target pose, RGB, 0 to 255.',
    'flow': 'Backward flow (dx, dy): target pixel (x, y) shows source (x + dx, y + dy), in pixels of this map.',
    'mask': '1: taken from the source by the flow; 0: invented.',
}
_PICTURES = ('source_image', 'image')
_ENTRY = 'TFLITE_METADATA'


def with_metadata(model: bytes, precision: str, metadata: Mapping[str, Any]) -> bytes:
    """The same model with metadata made from the contents of metadata.json; its numbers do not change.

    Every constant begins at a multiple of 16 bytes, as the schema of TFLite asks for.
    """
    from ai_edge_litert import schema_py_generated as schema

    whole = schema.ModelT.InitFromPackedBuf(model, 0)
    inputs, outputs = _tensor_names(whole)
    contents = metadata_buffer(
        name=metadata['name'],
        description=f'Puts the person of a picture into another pose; {precision}. Joints, in this order: '
        f'{", ".join(metadata["joint_names"])}.',
        version=f'step {metadata["weights"]["step"]}',
        author='posewarp_tf',
        license=metadata['licence'],
        inputs=_described(inputs),
        outputs=_described(outputs),
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


def _tensor_names(model: Any) -> tuple[list[str], list[str]]:
    """Names in the signature, in the order of the graph's inputs and outputs, which metadata follow."""
    graph, signature = model.subgraphs[0], model.signatureDefs[0]

    def ordered(mappings: list, tensors: Any) -> list[str]:
        names = {mapping.tensorIndex: mapping.name.decode() for mapping in mappings}
        return [names[tensor] for tensor in tensors]

    return ordered(signature.inputs, graph.inputs), ordered(signature.outputs, graph.outputs)


def _described(names: Sequence[str]) -> list[Mapping[int, Any]]:
    return [tensor_metadata(name, _DESCRIPTIONS[name], is_picture=name in _PICTURES) for name in names]
