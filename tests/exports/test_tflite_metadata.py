import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from exports.tflite.litert import SIGNATURE, LiteRTReposer
from exports.tflite.metadata import with_metadata
from exports.tflite.metadata_buffer import metadata_buffer, tensor_metadata
from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.models.registry import model_config
from tests.conftest import GOLDENS
from tests.exports.metadata_reader import read_buffer, read_metadata
from tests.run_folders import person, picture

SIZE = (6, 4)
METADATA = {
    'name': 'toy',
    'does': 'Puts the person of a picture into another pose.',
    'joint_names': ['nose', 'neck'],
    'weights': {'step': 7},
    'licence': 'of the test',
}
GIVEN = raw_inputs(model_config().inputs)
REQUEST = {
    'source_image': picture(SIZE)[np.newaxis],
    'source_keypoints': person(SIZE)[np.newaxis],
    'target_keypoints': person(SIZE, lean=15)[np.newaxis],
}


@pytest.fixture(scope='module')
def written_by_tflite_support():
    """A file that exports.tflite made of METADATA while it wrote with tflite-support 0.4.4.

    Its picture is the source mirrored, its flow the mean motion of the joints everywhere, its mask red / 255.
    """
    return (GOLDENS / 'tflite_support.tflite').read_bytes()


@pytest.fixture(scope='module')
def converted(tmp_path_factory):
    """A model as the converter gives it, with constants of odd sizes."""
    module = tf.Module()
    module.kernel = tf.Variable(np.random.default_rng(0).normal(size=(3, 3, 3, 5)).astype(np.float32))

    @tf.function(autograph=False)
    def serve(source_image, source_keypoints, target_keypoints):
        features = tf.nn.conv2d(tf.cast(source_image, tf.float32), module.kernel, 1, 'SAME') + np.arange(5.0)
        joints = tf.concat([source_keypoints, target_keypoints * np.linspace(1, 2, 36).reshape(18, 2)], axis=2)
        mask = tf.sigmoid(features[..., :1] - tf.reduce_mean(joints))
        return {'image': tf.reverse(source_image, [2]), 'flow': features[..., 1:3], 'mask': mask}

    specs = {name: tf.TensorSpec(array.shape, array.dtype, name) for name, array in REQUEST.items()}
    folder = str(tmp_path_factory.mktemp('toy'))
    tf.saved_model.save(module, folder, signatures={SIGNATURE: serve.get_concrete_function(**specs)})
    return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def parts_of(model):
    """All that a file consists of, but its metadata: nested lists, dicts, and arrays as (dtype, shape, bytes)."""
    parsed = schema.ModelT.InitFromPackedBuf(model, 0)
    kept = [entry for entry in parsed.metadata if entry.name != b'TFLITE_METADATA']
    for entry in set(parsed.metadata) - set(kept):
        del parsed.buffers[entry.buffer]
    parsed.metadata = kept

    def plain(value):
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, np.ndarray):
            return value.dtype, value.shape, value.tobytes()
        return {name: plain(item) for name, item in vars(value).items()} if hasattr(value, '__dict__') else value

    return plain(parsed)


def places_of_constants(model):
    parsed = schema.Model.GetRootAs(model)
    tables = [parsed.Buffers(i)._tab for i in range(parsed.BuffersLength())]
    return np.array([table.Vector(table.Offset(4)) for table in tables if table.Offset(4)])


def test_every_field_is_where_the_public_schema_has_it():
    written = metadata_buffer(
        name='a',
        description='b',
        version='c',
        author='d',
        license='e',
        inputs=[tensor_metadata('f', 'g', is_picture=True), tensor_metadata('h', 'i', is_picture=False)],
        outputs=[tensor_metadata('j', 'k', is_picture=False)],
    )
    features = {'content_properties_type': 'FeatureProperties', 'content_properties': {}}
    rgb = {'content_properties_type': 'ImageProperties', 'content_properties': {'color_space': 1}}
    assert read_buffer(written) == {
        'name': 'a',
        'description': 'b',
        'version': 'c',
        'subgraph_metadata': [
            {
                'input_tensor_metadata': [
                    {'name': 'f', 'description': 'g', 'content': rgb},
                    {'name': 'h', 'description': 'i', 'content': features},
                ],
                'output_tensor_metadata': [{'name': 'j', 'description': 'k', 'content': features}],
            }
        ],
        'author': 'd',
        'license': 'e',
        'min_parser_version': '1.0.0',
    }


def test_files_that_tflite_support_wrote_say_the_same_as_ours(written_by_tflite_support):
    theirs = read_metadata(written_by_tflite_support)
    assert theirs['name'] == 'toy'
    assert theirs['version'] == 'step 7'
    assert theirs['description'].endswith('; float32. Joints, in this order: nose, neck.')
    assert (theirs['author'], theirs['license']) == ('posewarp_tf', 'of the test')
    assert theirs['min_parser_version'] == '1.0.0'
    ours = read_metadata(with_metadata(written_by_tflite_support, 'float32', METADATA, GIVEN))
    for metadata in (theirs, ours):
        for tensors in metadata['subgraph_metadata'][0].values():
            # What is said of a tensor may be worded anew.
            assert all(tensor.pop('description') for tensor in tensors)
    assert ours == theirs


def test_files_that_tflite_support_wrote_still_run(written_by_tflite_support):
    answer = LiteRTReposer(written_by_tflite_support).run(REQUEST)
    source = REQUEST['source_image']
    motion = (REQUEST['target_keypoints'] - REQUEST['source_keypoints']).mean(axis=1)
    np.testing.assert_array_equal(answer['image'], source[:, :, ::-1])
    np.testing.assert_allclose(answer['flow'], np.broadcast_to(motion[:, None, None], (1, *SIZE, 2)), atol=1e-6)
    np.testing.assert_allclose(answer['mask'], source[..., :1] / 255, atol=1e-6)


def test_metadata_follow_the_order_of_the_tensors(converted):
    graph = read_metadata(with_metadata(converted, 'float32', METADATA, GIVEN))['subgraph_metadata'][0]
    interpreter = tf.lite.Interpreter(model_content=converted)
    sides = {
        'input_tensor_metadata': (interpreter.get_input_details(), REQUEST),
        'output_tensor_metadata': (interpreter.get_output_details(), LiteRTReposer(converted).run(REQUEST)),
    }
    for side, (details, arrays) in sides.items():
        names = [tensor['name'] for tensor in graph[side]]
        assert sorted(names) == sorted(arrays)
        assert [tuple(detail['shape']) for detail in details] == [arrays[name].shape for name in names]
        pictures = [t['name'] for t in graph[side] if t['content']['content_properties_type'] == 'ImageProperties']
        assert pictures == [name for name in names if 'image' in name]


def test_nothing_else_of_a_file_changes(converted):
    written = with_metadata(converted, 'float32', METADATA, GIVEN)
    assert parts_of(written) == parts_of(converted)
    before, after = (LiteRTReposer(contents).run(REQUEST) for contents in (converted, written))
    for name, array in before.items():
        assert array.std() > 0.01
        np.testing.assert_array_equal(after[name], array)


def test_metadata_that_a_file_has_already_are_replaced(converted):
    earlier = with_metadata(converted, 'float32', METADATA, GIVEN)
    assert read_metadata(with_metadata(earlier, 'float32', {**METADATA, 'name': 'later'}, GIVEN))['name'] == 'later'


def test_constants_begin_at_multiples_of_16_bytes(converted, written_by_tflite_support):
    assert (places_of_constants(written_by_tflite_support) % 16).any(), 'aligned already, which proves nothing'
    for model in (converted, written_by_tflite_support):
        written = with_metadata(model, 'float32', METADATA, GIVEN)
        assert len(places_of_constants(written)) > 3
        assert not (places_of_constants(written) % 16).any()
