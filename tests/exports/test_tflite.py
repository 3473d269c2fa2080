import errno
import json
import types

import numpy as np
import pytest
import tensorflow as tf

from exports.tflite import convert, export, report
from exports.tflite.export import ALL_PRECISIONS, export_tflite
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.inputs import make_model_inputs
from posewarp_tf.ops import to_uint8_image
from tests.exports.metadata_reader import read_metadata
from tests.motions import flows_of, masks_of
from tests.run_folders import SIZE, make_run, person, picture

SMALL = {'gain': 0.5, 'attention_kernels': {1: 3}, 'flow_num_layers': 2}
FEW = {'check_pairs': 2, 'calibration_pairs': 4, 'timed_runs': 2}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp('run'), **SMALL)


@pytest.fixture(scope='module')
def folder(run, tmp_path_factory):
    """An export in every precision."""
    path = tmp_path_factory.mktemp('tflite')
    export_tflite(TrainedRun(run.path), path, **FEW)
    return path


@pytest.fixture(scope='module')
def requests():
    return [
        {
            'source_image': picture(SIZE, seed)[np.newaxis],
            'source_keypoints': person(SIZE)[np.newaxis],
            'target_keypoints': person(SIZE, lean=15 * seed)[np.newaxis],
        }
        for seed in (1, 2, 3)
    ]


@pytest.fixture(scope='module')
def keras_answers(run, requests):
    """From the run folder's own model, without anything of exports/."""
    model, config = run.load_model(), run.load_config()
    answers = []
    for request in requests:
        outputs = model(make_model_inputs({name: tf.constant(array) for name, array in request.items()}, config.model))
        answers.append(
            {
                'image': to_uint8_image(outputs['image']).numpy(),
                'flow': flows_of(outputs)[-1].numpy(),
                'mask': masks_of(outputs)[-1].numpy(),
            }
        )
    return answers


def path_of(folder, precision):
    return folder / f'posewarp_{precision}.tflite'


def plain_interpreter(path):
    """TensorFlow's own one, as it was when the file was converted; it has no delegate for other operations."""
    interpreter = tf.lite.Interpreter(
        str(path), experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    return interpreter


def operations(path):
    """[(kind, types of inputs, types of outputs)]."""
    interpreter = plain_interpreter(path)
    types_of = {detail['index']: detail['dtype'] for detail in interpreter.get_tensor_details()}
    return [
        (op['op_name'], [types_of.get(i) for i in op['inputs']], [types_of.get(i) for i in op['outputs']])
        for op in interpreter._get_ops_details()
    ]


@pytest.mark.parametrize(
    ('precision', 'max_difference', 'min_psnr'),
    [('float32', 1, 60), ('float16', 255, 45), ('dynamic', 255, 35), ('int8', 255, 30)],
)
def test_pictures_are_those_of_the_keras_model(precision, max_difference, min_psnr, folder, requests, keras_answers):
    reposer = LiteRTReposer(path_of(folder, precision))
    answers = [reposer.run(request)['image'].astype(float) for request in requests]
    differences = np.stack(answers) - np.stack([answer['image'] for answer in keras_answers])
    assert np.stack([answer['image'] for answer in keras_answers]).std() > 5, 'grey pictures prove nothing'
    assert np.abs(differences).max() <= max_difference
    assert 10 * np.log10(255**2 / max(np.mean(differences**2), 1e-9)) >= min_psnr


def test_flow_and_mask_are_the_finest_of_the_keras_model(folder, requests, keras_answers):
    reposer = LiteRTReposer(path_of(folder, 'float32'))
    for request, expected in zip(requests, keras_answers):
        answer = reposer.run(request)
        assert np.abs(expected['flow'][..., 0] - expected['flow'][..., 1]).max() > 0.1
        np.testing.assert_allclose(answer['flow'], expected['flow'], atol=1e-4)
        np.testing.assert_allclose(answer['mask'], expected['mask'], atol=1e-4)


def test_flow_of_int8_is_exact_to_a_fraction_of_a_pixel(folder, requests, keras_answers):
    reposer = LiteRTReposer(path_of(folder, 'int8'))
    differences = [reposer.run(r)['flow'] - k['flow'] for r, k in zip(requests, keras_answers)]
    assert np.abs(differences).mean() < 0.1


def test_signature_is_one_pair_by_name(folder):
    height, width = SIZE
    for precision in ALL_PRECISIONS:
        reposer = LiteRTReposer(path_of(folder, precision))
        assert reposer.inputs == {
            'source_image': (np.uint8, (1, height, width, 3)),
            'source_keypoints': (np.float32, (1, 18, 2)),
            'target_keypoints': (np.float32, (1, 18, 2)),
        }
        assert reposer.outputs == {
            'flow': (np.float32, (1, height // 2, width // 2, 2)),
            'image': (np.uint8, (1, height, width, 3)),
            'mask': (np.float32, (1, height // 2, width // 2, 1)),
        }


def test_operations_are_builtin_ones(folder):
    for precision in ALL_PRECISIONS:
        kinds = {kind for kind, _, _ in operations(path_of(folder, precision))}
        assert {'CONV_2D', 'TRANSPOSE_CONV', 'GATHER'} <= kinds
        assert not [kind for kind in kinds if kind.upper() != kind or kind.startswith(('FLEX', 'CUSTOM'))]


def test_convolutions_of_int8_are_in_8_bits_and_all_else_is_not(folder):
    found = operations(path_of(folder, 'int8'))
    convolutions = [outputs[0] for kind, _, outputs in found if kind in ('CONV_2D', 'TRANSPOSE_CONV')]
    assert np.mean([dtype == np.int8 for dtype in convolutions]) > 0.8
    # What lies at the edge of a convolution: conversions, and the cut that a transposed one needs.
    edges = ('CONV_2D', 'TRANSPOSE_CONV', 'QUANTIZE', 'DEQUANTIZE', 'SLICE')
    rounded = {kind for kind, _, outputs in found if np.int8 in outputs}
    assert rounded <= set(edges)
    for kind in ('GATHER', 'FLOOR', 'SOFTMAX', 'EXP', 'RSQRT', 'TANH', 'LOGISTIC'):
        assert {types[0] for name, types, _ in found if name == kind} == {np.float32}, kind


def test_positions_come_from_convolutions_in_float(folder):
    """The indices of every GATHER, followed back to where they come from."""
    interpreter = plain_interpreter(path_of(folder, 'int8'))
    types_of = {detail['index']: detail['dtype'] for detail in interpreter.get_tensor_details()}
    found = interpreter._get_ops_details()
    producers = {output: op for op in found for output in op['outputs']}
    waiting, seen = [op['inputs'][1] for op in found if op['op_name'] == 'GATHER'], set()
    assert waiting
    while waiting:
        tensor = waiting.pop()
        if tensor in seen or tensor not in producers:
            continue
        seen.add(tensor)
        assert types_of[tensor] not in (np.int8, np.uint8, np.int16)
        if producers[tensor]['op_name'] != 'CONV_2D':
            waiting += list(producers[tensor]['inputs'])
    assert 'CONV_2D' in {producers[tensor]['op_name'] for tensor in seen}


def test_smaller_precisions_make_smaller_files(folder):
    sizes = {precision: path_of(folder, precision).stat().st_size for precision in ALL_PRECISIONS}
    assert sizes['float32'] > sizes['float16'] > sizes['int8']
    assert sizes['float16'] > sizes['dynamic']


def test_results_say_of_each_file_what_it_is(folder):
    results = json.loads((folder / 'results.json').read_text())
    table = (folder / 'results.md').read_text()
    assert list(results['files']) == list(ALL_PRECISIONS)
    for precision, file in results['files'].items():
        path = folder / file['file']
        assert path == path_of(folder, precision)
        assert file['size'] == path.stat().st_size
        assert sum(file['operations'].values()) == len(operations(path))
        assert min(file['milliseconds'].values()) > 0
        row = next(line for line in table.splitlines() if line.startswith(f'| `{path.name}`'))
        assert f'| {file["size"] / 1e6:.2f} |' in row
    assert results['compared_on'] == {'num_pairs': 2, 'pairs': 'pairs of synthetic people'}


def test_results_say_where_the_ranges_of_int8_come_from(folder):
    results = json.loads((folder / 'results.json').read_text())
    assert results['ranges_from'] == {'num_pairs': 4, 'pairs': 'pairs of synthetic people', 'same': False}
    assert 'ranges from 4 other pairs of synthetic people' in (folder / 'results.md').read_text()
    results['ranges_from']['same'] = True
    assert 'ranges from the same pairs' in report.markdown(results)
    del results['files']['int8']
    assert 'ranges' not in report.markdown(results)


def test_too_few_pairs_do_for_both_and_say_so():
    run = types.SimpleNamespace(held_out_pairs=lambda num_pairs: ({'source_image': np.arange(3)}, 'pairs'))
    compared, ranges, _ = export._split_pairs(run, 3, 2)
    assert ranges is compared
    compared, ranges, _ = export._split_pairs(run, 2, 2)
    assert (compared['source_image'].tolist(), ranges['source_image'].tolist()) == ([0, 1], [2])


def test_metadata_can_be_read_back(folder, run):
    beside = json.loads((folder / 'metadata.json').read_text())
    assert beside['image_size'] == list(SIZE)
    assert beside['joint_names'] == list(JOINT_NAMES)
    assert beside['weights']['step'] == 7
    for precision in ALL_PRECISIONS:
        contents = path_of(folder, precision).read_bytes()
        inside = read_metadata(contents)
        graph = inside['subgraph_metadata'][0]
        assert inside['name'] == run.path.name
        assert precision in inside['description']
        interpreter = plain_interpreter(path_of(folder, precision))
        for key, details in (('input', interpreter.get_input_details()), ('output', interpreter.get_output_details())):
            described = [tensor['name'] for tensor in graph[f'{key}_tensor_metadata']]
            # The third size tells them apart: of pictures, joints, flows and masks.
            sizes = [tuple(detail['shape'][1:]) for detail in details]
            runner = LiteRTReposer(contents)
            assert sizes == [{**runner.inputs, **runner.outputs}[name][1][1:] for name in described]


def convert_to(monkeypatch, contents):
    """Every conversion gives these contents, at once."""
    monkeypatch.setattr(convert.Converter, '__init__', lambda self, *_: None)
    monkeypatch.setattr(convert.Converter, 'convert', lambda self, precision: contents)


def test_a_file_that_misses_its_limit_is_refused_and_nothing_changes(folder, run, monkeypatch, tmp_path):
    finished = path_of(folder, 'int8').read_bytes()
    convert_to(monkeypatch, finished)
    with pytest.raises(RunError, match=r'float32: differs by \d+ levels, expected at most 1.*nothing was written'):
        export_tflite(TrainedRun(run.path), tmp_path, ('float32', 'int8'), **FEW)
    assert not list(tmp_path.iterdir())


def test_files_of_an_earlier_export_do_not_stay_beside_a_new_one(folder, run, monkeypatch, tmp_path):
    finished = path_of(folder, 'float32').read_bytes()
    convert_to(monkeypatch, finished)
    path_of(tmp_path, 'float16').write_bytes(b'of other weights')
    export_tflite(TrainedRun(run.path), tmp_path, ('float32',), **FEW)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'posewarp_float32.tflite', 'metadata.json', 'results.json', 'results.md'}


def test_a_full_disk_leaves_the_earlier_export_as_it_was(folder, run, monkeypatch, tmp_path):
    def full(report):
        raise OSError(errno.ENOSPC, 'No space left on device')

    finished = path_of(folder, 'float32').read_bytes()
    convert_to(monkeypatch, finished)
    monkeypatch.setattr(report, 'markdown', full)
    earlier = {'posewarp_float16.tflite': 'of other weights', 'metadata.json': 'of the same'}
    for name, text in earlier.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(OSError, match='No space left'):
        export_tflite(TrainedRun(run.path), tmp_path, ('float32',), **FEW)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == earlier


def test_an_unknown_precision_is_named(run, tmp_path):
    with pytest.raises(ConfigError, match="--precision: got 'float16,int4', expected some of float32"):
        export_tflite(TrainedRun(run.path), tmp_path, ('float16', 'int4'))


def test_psnr_is_that_of_its_definition():
    assert report.psnr(np.zeros(5)) is None
    assert report.psnr(np.full(5, 255.0)) == pytest.approx(0)
    assert report.psnr(np.array([0, 0, 0, 2.0])) == pytest.approx(10 * np.log10(255**2))
