"""Reads TFLite Metadata by the order that fields have in the public schemas; it shares nothing with the writer."""

import flatbuffers.table
from flatbuffers.number_types import UOffsetTFlags

# The tables on the way from a model to its metadata, in the order of schema.fbs and metadata_schema.fbs.
_TABLES = {
    'Model': 'version:uint operator_codes:- subgraphs:- description:string buffers:[Buffer] metadata_buffer:- '
    'metadata:[Metadata] signature_defs:-',
    'Buffer': 'data:bytes offset:- size:-',
    'Metadata': 'name:string buffer:uint',
    'ModelMetadata': 'name:string description:string version:string subgraph_metadata:[SubGraphMetadata] '
    'author:string license:string associated_files:[AssociatedFile] min_parser_version:string',
    'SubGraphMetadata': 'name:string description:string input_tensor_metadata:[TensorMetadata] '
    'output_tensor_metadata:[TensorMetadata] associated_files:[AssociatedFile]',
    'TensorMetadata': 'name:string description:string dimension_names:[string] content:Content '
    'process_units:[ProcessUnit] stats:Stats associated_files:[AssociatedFile]',
    'Content': 'content_properties_type:ubyte content_properties:ContentProperties range:ValueRange',
    'FeatureProperties': '',
    'ImageProperties': 'color_space:ubyte default_size:ImageSize',
}
_CONTENT_PROPERTIES = (None, 'FeatureProperties', 'ImageProperties', 'BoundingBoxProperties', 'AudioProperties')


def read_metadata(model):
    """The metadata of a file as {field: value}: all of the fields that are there; an unknown one is a KeyError."""
    assert model[4:8] == b'TFL3', 'not a TFLite model'
    contents = _root(model, 'Model')
    entries = [entry for entry in contents['metadata'] if entry['name'] == 'TFLITE_METADATA']
    assert len(entries) == 1, f'{len(entries)} metadata in the file'
    return read_buffer(contents['buffers'][entries[0]['buffer']]['data'])


def read_buffer(data):
    assert data[4:8] == b'M001', 'not TFLite Metadata'
    return _root(data, 'ModelMetadata')


def _root(data, kind):
    table = flatbuffers.table.Table(data, 0)
    table.Pos = table.Get(UOffsetTFlags, 0)
    return _read_table(table, kind)


def _read_table(table, kind):
    fields = [field.split(':') for field in _TABLES[kind].split()]
    start = table.Pos - table.Get(flatbuffers.number_types.SOffsetTFlags, table.Pos)
    num_stored = (table.Get(flatbuffers.number_types.VOffsetTFlags, start) - 4) // 2
    values = {}
    for number in range(num_stored):
        offset = table.Offset(4 + 2 * number)
        if not offset:
            continue
        if number >= len(fields):
            raise KeyError(f'{kind} has a field {number}')
        name, type_name = fields[number]
        if type_name == 'ContentProperties':
            type_name = values['content_properties_type'] = _CONTENT_PROPERTIES[values['content_properties_type']]
        if type_name != '-':
            values[name] = _read_value(table, offset, type_name)
    return values


def _read_value(table, offset, type_name):
    if type_name in ('ubyte', 'uint'):
        kinds = {'ubyte': flatbuffers.number_types.Uint8Flags, 'uint': flatbuffers.number_types.Uint32Flags}
        return table.Get(kinds[type_name], table.Pos + offset)
    if type_name == 'string':
        return table.String(table.Pos + offset).decode()
    if type_name == 'bytes':
        start = table.Vector(offset)
        return bytes(table.Bytes[start : start + table.VectorLen(offset)])
    if not type_name.startswith('['):
        return _read_table(flatbuffers.table.Table(table.Bytes, table.Indirect(table.Pos + offset)), type_name)
    places = [table.Indirect(table.Vector(offset) + 4 * i) for i in range(table.VectorLen(offset))]
    return [_read_table(flatbuffers.table.Table(table.Bytes, place), type_name[1:-1]) for place in places]
