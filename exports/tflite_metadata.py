"""TFLite Metadata (https://ai.google.dev/edge/litert/conversion/tensorflow/metadata) inside a .tflite file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from posewarp_tf.conventions import NUM_JOINTS

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


def with_metadata(model: bytes, precision: str, metadata: Mapping[str, Any]) -> bytes:
    """The same model with metadata made from the contents of metadata.json; its numbers do not change."""
    import flatbuffers
    from tensorflow_lite_support.metadata import metadata_schema_py_generated as schema
    from tensorflow_lite_support.metadata.python.metadata import MetadataPopulator

    inputs, outputs = _tensor_names(model)
    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [_tensor(schema, name) for name in inputs]
    graph.outputTensorMetadata = [_tensor(schema, name) for name in outputs]
    whole = schema.ModelMetadataT()
    whole.name = metadata['name']
    whole.description = (
        f'Puts the person of a picture into another pose; {precision}. Joints, in this order: '
        f'{", ".join(metadata["joint_names"])}.'
    )
    whole.version = f'step {metadata["weights"]["step"]}'
    whole.author = 'posewarp_tf'
    whole.license = metadata['licence']
    whole.subgraphMetadata = [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), MetadataPopulator.METADATA_FILE_IDENTIFIER)
    populator = MetadataPopulator.with_model_buffer(model)
    populator.load_metadata_buffer(bytes(builder.Output()))
    populator.populate()
    return bytes(populator.get_model_buffer())


def read_metadata(model: bytes) -> dict[str, Any]:
    """The metadata of a file, as the library shows them."""
    from tensorflow_lite_support.metadata.python.metadata import MetadataDisplayer

    return json.loads(MetadataDisplayer.with_model_buffer(model).get_metadata_json())


def _tensor_names(model: bytes) -> tuple[list[str], list[str]]:
    """Names in the signature, in the order of the graph's inputs and outputs, which metadata follow."""
    from ai_edge_litert import schema_py_generated as schema

    parsed = schema.ModelT.InitFromPackedBuf(model, 0)
    graph, signature = parsed.subgraphs[0], parsed.signatureDefs[0]

    def ordered(mappings: list, tensors: Any) -> list[str]:
        names = {mapping.tensorIndex: mapping.name.decode() for mapping in mappings}
        return [names[tensor] for tensor in tensors]

    return ordered(signature.inputs, graph.inputs), ordered(signature.outputs, graph.outputs)


def _tensor(schema: Any, name: str) -> Any:
    tensor = schema.TensorMetadataT()
    tensor.name, tensor.description = name, _DESCRIPTIONS[name]
    content = schema.ContentT()
    if name in _PICTURES:
        content.contentProperties = schema.ImagePropertiesT()
        content.contentProperties.colorSpace = schema.ColorSpaceType.RGB
        content.contentPropertiesType = schema.ContentProperties.ImageProperties
    else:
        content.contentProperties = schema.FeaturePropertiesT()
        content.contentPropertiesType = schema.ContentProperties.FeatureProperties
    tensor.content = content
    return tensor
