"""The flatbuffer of TFLite Metadata, as far as files of this project have it.

Numbers are those of the public schema, metadata_schema.fbs: the fields of each table counted from 0, where a union
counts twice, first for its type and then for its table. No runtime brings code that is generated from that schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers

FILE_IDENTIFIER = b'M001'
# The first version of the schema that has all of this; readers of that version or later can read it.
MIN_PARSER_VERSION = '1.0.0'

# ModelMetadata
_NAME, _DESCRIPTION, _VERSION, _SUBGRAPH_METADATA, _AUTHOR, _LICENSE, _MIN_PARSER_VERSION = 0, 1, 2, 3, 4, 5, 7
# SubGraphMetadata
_INPUT_TENSOR_METADATA, _OUTPUT_TENSOR_METADATA = 2, 3
# TensorMetadata
_TENSOR_NAME, _TENSOR_DESCRIPTION, _CONTENT = 0, 1, 3
# Content
_CONTENT_PROPERTIES_TYPE, _CONTENT_PROPERTIES = 0, 1
# ImageProperties
_COLOR_SPACE = 0

# Numbers in the union ContentProperties, and in the enum ColorSpaceType.
_FEATURE_PROPERTIES, _IMAGE_PROPERTIES = 1, 2
_RGB = 1


def metadata_buffer(
    name: str,
    description: str,
    version: str,
    author: str,
    license: str,
    inputs: Sequence[Mapping[int, Any]],
    outputs: Sequence[Mapping[int, Any]],
) -> bytes:
    """The contents of the model's buffer TFLITE_METADATA; `inputs` and `outputs` are from `tensor_metadata`."""
    whole = {
        _NAME: name,
        _DESCRIPTION: description,
        _VERSION: version,
        _SUBGRAPH_METADATA: [{_INPUT_TENSOR_METADATA: inputs, _OUTPUT_TENSOR_METADATA: outputs}],
        _AUTHOR: author,
        _LICENSE: license,
        _MIN_PARSER_VERSION: MIN_PARSER_VERSION,
    }
    builder = flatbuffers.Builder()
    builder.Finish(_write_table(builder, whole), FILE_IDENTIFIER)
    return bytes(builder.Output())


def tensor_metadata(name: str, description: str, is_picture: bool) -> Mapping[int, Any]:
    """What is said of one tensor: an RGB picture, or features of any other meaning."""
    content = {
        _CONTENT_PROPERTIES_TYPE: _IMAGE_PROPERTIES if is_picture else _FEATURE_PROPERTIES,
        _CONTENT_PROPERTIES: {_COLOR_SPACE: _RGB} if is_picture else {},
    }
    return {_TENSOR_NAME: name, _TENSOR_DESCRIPTION: description, _CONTENT: content}


def _write_table(builder: flatbuffers.Builder, fields: Mapping[int, Any]) -> int:
    """Writes a table of {number: byte, text, table, or sequence of tables}; returns where it is."""
    # A flatbuffer is written from its end: what a table points to comes before the table itself.
    places = {number: _write_value(builder, value) for number, value in fields.items() if not isinstance(value, int)}
    builder.StartObject(1 + max(fields, default=-1))
    for number, value in fields.items():
        if number in places:
            builder.PrependUOffsetTRelativeSlot(number, places[number], 0)
        else:
            builder.PrependUint8Slot(number, value, 0)
    return builder.EndObject()


def _write_value(builder: flatbuffers.Builder, value: Any) -> int:
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, Mapping):
        return _write_table(builder, value)
    places = [_write_table(builder, fields) for fields in value]
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return builder.EndVector()
