"""TFLite files of models unlike the tiny one of test_tflite.py: other inputs, outputs, sizes, layers and operations."""

import json
import types

import numpy as np
import pytest
import tensorflow as tf

from exports.tflite import convert
from exports.tflite.export import export_tflite
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.errors import ConfigError
from posewarp_tf.layers.blocks import InstanceNorm
from posewarp_tf.layers.pixel_norm_blocks import ConvBlock
from posewarp_tf.settings.flags import load_config
from tests.run_folders import SIZE, make_pfl_run, make_run, run_of_config

FEW = {'check_pairs': 2, 'calibration_pairs': 4, 'timed_runs': 2}


def test_a_model_without_flow_gives_a_picture_of_the_size_that_was_asked_for(tmp_path):
    run = make_run(tmp_path / 'run', gain=0.5, spatial_transform='none', attention_kernels={}, num_layers=1)
    export_tflite(TrainedRun(run.path, image_size=(64, 96)), tmp_path / 'out', ('float32',), **FEW)
    reposer = LiteRTReposer(tmp_path / 'out' / 'posewarp_float32.tflite')
    assert reposer.outputs == {'image': (np.uint8, (1, 64, 96, 3))}
    results = json.loads((tmp_path / 'out' / 'results.json').read_text())
    assert results['files']['float32']['max_flow_difference'] is None


@pytest.mark.slow
def test_maps_of_classes_are_inputs_of_models_that_take_them(tmp_path):
    run = make_pfl_run(tmp_path / 'run', gain=0.5)
    export_tflite(TrainedRun(run.path), tmp_path / 'out', ('float32', 'int8'), **FEW)
    for precision in ('float32', 'int8'):
        reposer = LiteRTReposer(tmp_path / 'out' / f'posewarp_{precision}.tflite')
        maps = {name: spec for name, spec in reposer.inputs.items() if len(spec[1]) == 3 and spec[0] == np.uint8}
        assert maps == dict.fromkeys(('source_garment', 'source_parts', 'target_parts'), (np.uint8, (1, *SIZE)))


@pytest.mark.slow
def test_mobile_config_makes_a_file_of_less_than_5_megabytes(tmp_path):
    config = load_config('mobile').replace(data_dir=str(tmp_path / 'none'))
    run = run_of_config(tmp_path / 'run', config, 'synthesis', gain=0.2)
    export_tflite(TrainedRun(run.path), tmp_path / 'out', ('float16',), **FEW)
    assert (tmp_path / 'out' / 'posewarp_float16.tflite').stat().st_size < 5e6


@pytest.mark.parametrize('layer', [ConvBlock(4), InstanceNorm()])
def test_norms_of_pixels_without_features_are_finite_in_half_precision(layer):
    function = tf.function(lambda image: layer(image), input_signature=[tf.TensorSpec([1, 8, 8, 4])])
    layer(tf.zeros([1, 8, 8, 4]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], layer)
    converter.optimizations, converter.target_spec.supported_types = [tf.lite.Optimize.DEFAULT], [tf.float16]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]['index'], np.zeros([1, 8, 8, 4], np.float32))
    interpreter.invoke()
    result = interpreter.get_tensor(interpreter.get_output_details()[0]['index'])
    np.testing.assert_array_equal(result, np.zeros([1, 8, 8, 4]))


def test_operations_that_tflite_has_not_are_refused(tmp_path):
    function = tf.function(lambda source_image: {'image': tf.linalg.det(source_image)[:, tf.newaxis]})
    signature = function.get_concrete_function(source_image=tf.TensorSpec([1, 2, 2], name='source_image'))
    nothing = types.SimpleNamespace(model=types.SimpleNamespace(variables=[]))
    converter = convert.Converter(nothing, signature, tmp_path, {'source_image': np.zeros([1, 2, 2])})
    with pytest.raises(ConfigError, match='operations that TFLite has not: .*MatrixDeterminant'):
        converter.convert('float32')
