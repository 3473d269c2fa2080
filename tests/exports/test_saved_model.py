"""A SavedModel is the model of its run folder, in stock operations, and says so beside itself."""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from requests_to_a_server import files, tensors
from tensorflow.core.protobuf import saved_model_pb2

from exports.held_out import held_out_pairs
from exports.model_card import licence, make_metadata, model_card
from exports.operations import custom_operations, operations_of, require_stock_operations
from exports.saved_model import export
from exports.saved_model.parity import checked_differences
from exports.saved_model.signatures import make_signatures
from exports.saved_model.warm_up import WARM_UP_PATH
from exports.trained_run import TrainedRun
from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import ConfigError, DataError, RunError
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.models.inputs import make_model_inputs
from posewarp_tf.poses.heatmaps import make_heatmaps
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.settings import Settings
from tests.run_folders import SIZE, class_map, make_pfl_run, make_run


def call(signature, inputs):
    return {
        name: tensor.numpy() for name, tensor in signature(**{k: tf.constant(v) for k, v in inputs.items()}).items()
    }


def test_picture_is_the_keras_models_within_one_level(tiny_run, signatures):
    inputs = tensors(3)
    expected = tiny_run.load_model()(
        {
            'source_image': inputs['source_image'] / np.float32(127.5) - 1,
            'source_pose': make_heatmaps(inputs['source_keypoints'], SIZE, 6.0),
            'target_pose': make_heatmaps(inputs['target_keypoints'], SIZE, 6.0),
        }
    )
    levels = np.rint((expected['image'].numpy() + 1) * 127.5)
    assert levels.std() > 1
    image = call(signatures['serving_default'], inputs)['image']
    assert image.dtype == np.uint8
    assert np.abs(image - levels).max() <= 1
    debug = call(signatures['debug'], inputs)
    np.testing.assert_allclose(debug['float_image'], expected['image'], atol=1e-3)
    for kind in ('flow', 'mask'):
        for i, tensor in enumerate(getattr(expected['motions']['source'], f'{kind}s')):
            np.testing.assert_allclose(debug[f'{kind}_{i}'], tensor, atol=1e-3)


@pytest.mark.parametrize('name', ['serving_default', 'debug', 'serve_bytes'])
def test_examples_of_a_batch_do_not_touch_each_other(signatures, name):
    inputs = files(3) if name == 'serve_bytes' else tensors(3)
    together = call(signatures[name], inputs)
    for i in range(3):
        alone = call(signatures[name], {key: array[i : i + 1] for key, array in inputs.items()})
        for key, array in alone.items():
            if key == 'image_bytes':
                decoded = [tf.io.decode_png(file).numpy().astype(int) for file in (array[0], together[key][i])]
                assert np.abs(decoded[0] - decoded[1]).max() <= 1
            else:
                np.testing.assert_allclose(array[0], together[key][i], atol=1 if array.dtype == np.uint8 else 1e-3)


def test_every_operation_is_tensorflows_own(exported):
    saved = saved_model_pb2.SavedModel.FromString((exported / 'saved_model.pb').read_bytes())
    operations = operations_of(saved.meta_graphs[0].graph_def)
    assert {'Conv2D', 'GatherV2', 'DecodeJpeg', 'Assert'} <= operations
    assert custom_operations(operations) == []


def test_operations_that_a_server_lacks_are_found_also_inside_functions():
    inner = tf.function(lambda x: tf.numpy_function(np.sin, [x], tf.float32))
    function = tf.function(inner).get_concrete_function(tf.TensorSpec([], tf.float32))
    with pytest.raises(ConfigError, match='PyFunc.*--sampler_impl=gather'):
        require_stock_operations(function)
    assert custom_operations({'Conv2D', 'NobodysOperation'}) == ['NobodysOperation']


@pytest.mark.slow
def test_another_model_is_refused(exported, tmp_path):
    other = Reposer(make_run(tmp_path, gain=1.0).path)
    with pytest.raises(RunError, match='serving_default by .* nothing was written'):
        checked_differences(exported, other, tensors(1))
    # In half precision a difference is no mistake, unless it is large.
    with pytest.raises(RunError, match='serving_default to a PSNR of .* dB, expected at least 40; nothing was written'):
        checked_differences(exported, other, tensors(1), 'bfloat16')


def test_an_export_computes_in_the_precision_that_is_asked_for(exported, tiny_run):
    run = TrainedRun(tiny_run.path, precision='bfloat16')
    assert run.portable.model.output_conv.conv.compute_dtype == 'bfloat16'
    assert run.original.model.output_conv.conv.compute_dtype == 'float32'
    assert json.loads((exported / 'metadata.json').read_text())['precision'] == 'float32'


def test_a_refused_export_leaves_nothing(tiny_run, tmp_path, monkeypatch):
    def save(module, folder, **_):
        pathlib.Path(folder).mkdir()

    def refuse(*_):
        raise RunError('the export differs')

    monkeypatch.setattr('tensorflow.saved_model.save', save)
    monkeypatch.setattr('exports.saved_model.signatures.make_signatures', lambda reposer: {})
    monkeypatch.setattr('exports.saved_model.parity.checked_differences', refuse)
    with pytest.raises(RunError, match='differs'):
        export.export_saved_model(TrainedRun(tiny_run.path), tmp_path / 'models', check_pairs=1)
    assert list((tmp_path / 'models').iterdir()) == []


def test_versions_count_up_from_the_newest(tmp_path):
    output_dir = tmp_path / 'models'
    (output_dir / '9').mkdir(parents=True)
    (output_dir / '9' / 'saved_model.pb').touch()
    (output_dir / 'notes').mkdir()
    for expected in ('10', '11'):
        folder = tmp_path / 'finished'
        folder.mkdir()
        assert export._publish(folder, output_dir) == output_dir / expected


def test_of_two_exports_at_once_the_slower_one_takes_the_next_version(tmp_path, monkeypatch):
    folder, output_dir, rename = tmp_path / 'finished', tmp_path / 'models', pathlib.Path.rename
    folder.mkdir()
    output_dir.mkdir()

    def rename_late(path, target):
        if not (output_dir / '1').exists():
            (output_dir / '1').mkdir()
            (output_dir / '1' / 'saved_model.pb').touch()
        return rename(path, target)

    monkeypatch.setattr(pathlib.Path, 'rename', rename_late)
    assert export._publish(folder, output_dir) == output_dir / '2'


@pytest.mark.parametrize('sizes', [[0], [1, -4]])
def test_batch_sizes_that_no_request_has_are_refused(sizes, tiny_run, tmp_path):
    with pytest.raises(ConfigError, match=rf'--batch_sizes: got {sizes[-1]}, expected 1 or more'):
        export.export_saved_model(TrainedRun(tiny_run.path), tmp_path / 'models', batch_sizes=sizes)
    assert not (tmp_path / 'models').exists()


def test_a_run_without_its_last_stage_makes_no_pictures(tmp_path):
    run = make_run(tmp_path, trained_stage='flow')
    with pytest.raises(RunError, match="only the stage 'flow' is trained"):
        Reposer(run.path)


def test_another_size_and_a_model_without_flows(tmp_path):
    run = make_run(tmp_path, spatial_transform='none', attention_kernels={})
    functions = make_signatures(Reposer(run.path, image_size=(96, 64), sampler_impl='gather'))
    assert functions['serving_default'].structured_outputs['image'].shape.as_list() == [None, 96, 64, 3]
    assert list(functions['debug'].structured_outputs) == ['float_image']


@pytest.mark.slow
def test_debug_shows_what_a_model_composes_its_picture_of(tmp_path):
    run = make_pfl_run(tmp_path)
    reposer = Reposer(run.path, sampler_impl='gather')
    maps = {name: class_map(SIZE, 11)[np.newaxis] for name in ('source_parts', 'target_parts', 'source_garment')}
    raw = {name: tf.constant(array) for name, array in {**tensors(1), **maps}.items()}
    expected = run.load_model()(make_model_inputs(raw, run.load_config().model))
    debug = make_signatures(reposer)['debug'](**raw)
    assert debug['garment'].dtype == tf.uint8
    classes = np.argmax(expected['garment'], axis=-1)
    assert classes.shape == (1, *SIZE)
    assert len(np.unique(classes)) > 1
    assert np.mean(debug['garment'].numpy() == classes) > 0.99
    assert expected['composition_mask'].shape == (1, *SIZE, 1)
    np.testing.assert_allclose(debug['composition_mask'], expected['composition_mask'], atol=1e-3)


@pytest.mark.slow
def test_saved_model_cli_shows_names_and_shapes(exported):
    command = [sys.executable, '-m', 'tensorflow.python.tools.saved_model_cli', 'show', '--dir', str(exported), '--all']
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in ('serving_default', 'serve_bytes', 'debug'):
        assert f"signature_def['{name}']" in shown
    assert re.search(r"inputs\['source_image'\] tensor_info:\s+dtype: DT_UINT8\s+shape: \(-1, 64, 64, 3\)", shown)
    assert re.search(r"outputs\['image_bytes'\] tensor_info:\s+dtype: DT_STRING\s+shape: \(-1\)", shown)


def test_warm_up_requests_are_answered(exported, signatures):
    from tensorflow_serving.apis import prediction_log_pb2

    seen = []
    for record in tf.data.TFRecordDataset(str(exported / WARM_UP_PATH)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
        outputs = call(signatures[request.model_spec.signature_name], inputs)
        batch_sizes = {len(array) for array in (*inputs.values(), *outputs.values())}
        assert len(batch_sizes) == 1
        seen.append((request.model_spec.name, request.model_spec.signature_name, batch_sizes.pop()))
    expected = [
        ('posewarp', name, size) for name in ('debug', 'serve_bytes', 'serving_default') for size in (1, 2, 4, 8)
    ]
    assert sorted(seen) == expected


def test_metadata_says_what_a_program_needs(exported, tiny_run):
    metadata = json.loads((exported / 'metadata.json').read_text())
    assert metadata['joints'] == list(JOINT_NAMES)
    assert metadata['image_size'] == [64, 64]
    assert metadata['signatures']['serve_bytes']['inputs']['source_image_bytes'] == {'dtype': 'string', 'shape': [None]}
    assert metadata['custom_operations'] == []
    assert metadata['weights']['step'] == 7
    assert metadata['check']['max_difference']['serving_default'] <= 1
    assert metadata['metrics'] is None
    assert 'not evaluated' in metadata['metrics_note']
    assert str(tiny_run.path.parent) not in json.dumps(metadata)


def test_model_card_is_honest(exported):
    card = (exported / 'MODEL_CARD.md').read_text()
    for word in ('64x64', 'synthetic people', 'CC BY-NC', 'Limits', 'not evaluated'):
        assert word in card
    assert 'weights.pth; the terms of that file hold' in licence({'imported_from': 'weights.pth'})


def test_licence_of_the_weights_is_not_that_of_the_code():
    for notes in ({}, {'imported_from': 'weights.pth'}):
        assert 'the code, is under Apache-2.0, which does not cover weights' in licence(notes)


def test_metrics_are_quoted_with_their_protocol(tmp_path):
    run = make_run(tmp_path)
    values = {'person': {'ssim': {'model': 0.5, 'copy_source': 0.25}, 'fid': {'model': None, 'copy_source': None}}}
    protocol = {'weights': {'step': 7}, 'resolution': '64x64', 'data_dir': '/home/somebody/people'}
    run.metrics_path.write_text(json.dumps({'image': values, 'protocol': protocol}))
    check = {'num_pairs': 1, 'pairs': 'test pairs', 'max_difference': {}}
    metadata = make_metadata(Reposer(run.path), {}, check, [])
    card = model_card(metadata)
    assert '| person | ssim | 0.5 | 0.25 |' in card
    assert '| person | fid | - | - |' in card
    assert '`people`' in card
    assert 'somebody' not in card + json.dumps(metadata)
    other_size = make_metadata(Reposer(run.path, image_size=(96, 64)), {}, check, [])
    assert other_size['metrics'] is None
    assert 'evaluated at step 7 and 64x64' in other_size['metrics_note']


def test_held_out_pairs_come_from_the_runs_data_if_it_is_there(tiny_run, tmp_path):
    write_dataset(tmp_path / 'people', Settings(1, 2, 2, 1, SIZE), num_processes=1, show_progress=False)
    config = tiny_run.load_config()
    pairs, whose = held_out_pairs(config, 2, str(tmp_path / 'people'))
    assert whose == 'test pairs of people'
    assert {name: (array.shape, array.dtype) for name, array in pairs.items()} == {
        'source_image': ((2, *SIZE, 3), np.uint8),
        'source_keypoints': ((2, 18, 2), np.float32),
        'target_keypoints': ((2, 18, 2), np.float32),
    }
    with pytest.raises(DataError, match='nowhere'):
        held_out_pairs(config, 2, str(tmp_path / 'nowhere'))
