"""The compiled ops as a library: what they compute, how they are chosen and saved, and what they cost."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from custom_ops import build
from posewarp_tf.errors import ConfigError
from posewarp_tf.layers.local_attention import LocalAttention
from posewarp_tf.ops import kernel_library, local_attention_sample

pytestmark = pytest.mark.compiler

DTYPES = (tf.float16, tf.bfloat16, tf.float32, tf.float64)
ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    shapes = (2, 6, 5, 19), (2, 6, 5, 2), (2, 6, 5, 9)
    return [tf.constant(rng.standard_normal(shape), tf.float32) for shape in shapes]


@pytest.fixture(scope='module')
def programs():
    """What tests/ops/kernel_program.py prints with one thread and with two."""
    command = [sys.executable, '-m', 'tests.ops.kernel_program']
    running = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True, cwd=ROOT) for n in (1, 2)]
    outputs = [program.communicate(timeout=300)[0] for program in running]
    assert [program.returncode for program in running] == [0, 0]
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def test_results_do_not_depend_on_the_number_of_threads(programs):
    assert programs[0]['digest'] == programs[1]['digest']


def test_two_devices_compute_what_one_does(programs):
    assert programs[1]['replicas_differ_by'] == 0


def test_memory_does_not_grow_with_the_kernel(programs):
    # 81 stored patches of 4 MB would be 324 MB; the attention and its gradient are 2.5 MB.
    assert max(program['memory_grows_by'] for program in programs) < 16


@pytest.mark.parametrize(
    'options',
    [['-O3', '-DNDEBUG'], pytest.param(['-O1', '-g', '-fsanitize=address,undefined'], marks=pytest.mark.slow)],
)
def test_cpp_maths_agrees_with_plain_loops(options, tmp_path):
    commands = []
    for name, instructions in build.INSTRUCTION_SETS.items():
        commands.append(
            [*instructions, '-c', f'custom_ops/cc/lib/sampler_{name}.cc', '-o', str(tmp_path / f'{name}.o')]
        )
    objects = [str(tmp_path / f'{name}.o') for name in build.INSTRUCTION_SETS]
    sources = ['custom_ops/cc/lib/sampler.cc', 'custom_ops/cc/lib/sampler_test.cc']
    commands.append([*sources, *objects, '-o', str(tmp_path / 'sampler_test')])
    for command in commands:
        subprocess.run(['g++', '-std=c++17', '-Wno-psabi', '-I.', *options, *command], cwd=ROOT, check=True)
    finished = subprocess.run([str(tmp_path / 'sampler_test')], capture_output=True, text=True, check=False)
    assert finished.returncode == 0 and not finished.stderr, finished.stdout + finished.stderr
    assert '0 failures' in finished.stdout


@pytest.mark.parametrize('dtype', DTYPES)
def test_rounding_is_no_worse_than_that_of_the_gather(arrays, dtype):
    source, flow, attention = arrays
    exact = local_attention_sample(tf.cast(tf.cast(source, dtype), tf.float64), flow, attention, impl='gather')
    errors = {}
    for impl in ('kernel', 'gather'):
        out = local_attention_sample(tf.cast(source, dtype), flow, attention, impl=impl)
        assert out.dtype == dtype
        errors[impl] = float(tf.reduce_max(tf.abs(tf.cast(out, tf.float64) - exact)))
    assert errors['kernel'] <= 2 * errors['gather'] + 1e-7


def test_xla_gets_gathers(arrays):
    compiled = tf.function(lambda *a: local_attention_sample(*a, impl='auto'), jit_compile=True)
    np.testing.assert_allclose(compiled(*arrays), local_attention_sample(*arrays, impl='kernel'), atol=1e-5)


def test_kernels_cannot_be_had_within_xla(arrays):
    compiled = tf.function(lambda *a: local_attention_sample(*a, impl='kernel'), jit_compile=True, autograph=False)
    with pytest.raises(ConfigError, match='XLA'):
        compiled(*arrays)


def test_auto_takes_the_kernel(arrays):
    traced = tf.function(lambda *a: local_attention_sample(*a)).get_concrete_function(*arrays)
    assert 'PosewarpLocalAttentionSample' in {operation.type for operation in traced.graph.get_operations()}


def test_unknown_sizes_stay_unknown():
    spec = [tf.TensorSpec([None, 4, None, n]) for n in (3, 2, 9)]
    traced = tf.function(lambda *a: local_attention_sample(*a, impl='kernel')).get_concrete_function(*spec)
    assert traced.output_shapes.as_list() == [None, 4, None, 3]


def test_wrong_sizes_at_run_time_are_rejected_with_the_shapes():
    ops = kernel_library.load()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r'attention \[1,4,4,8\]'):
        spec = [tf.TensorSpec(None)] * 3
        tf.function(ops.posewarp_local_attention_sample).get_concrete_function(*spec)(
            tf.zeros([1, 4, 4, 3]), tf.zeros([1, 4, 4, 2]), tf.zeros([1, 4, 4, 8])
        )


def test_points_without_a_source_are_rejected():
    with pytest.raises(tf.errors.InvalidArgumentError, match='no pixel in the source'):
        local_attention_sample(tf.zeros([1, 0, 4, 3]), tf.zeros([1, 2, 2, 2]), tf.zeros([1, 2, 2, 9]), impl='kernel')


def test_mixed_precision_layers_agree(arrays):
    source, flow, _ = arrays
    tf.keras.utils.set_random_seed(0)
    layer = LocalAttention(3, impl='kernel', dtype='mixed_float16')
    sampled, attention = layer(tf.cast(source, tf.float16), tf.cast(source, tf.float16), flow)
    assert sampled.dtype == tf.float16 and attention.dtype == tf.float32
    layer.impl = 'gather'
    expected, _ = layer(tf.cast(source, tf.float16), tf.cast(source, tf.float16), flow)
    np.testing.assert_allclose(tf.cast(sampled, tf.float32), tf.cast(expected, tf.float32), atol=2e-3)


def test_saved_models_keep_the_kernel_and_its_gradient(arrays, tmp_path):
    module = tf.Module()
    module.sample = tf.function(
        lambda *a: local_attention_sample(*a, impl='kernel'), [tf.TensorSpec([None, *a.shape[1:]]) for a in arrays]
    )
    tf.saved_model.save(module, str(tmp_path))
    restored = tf.saved_model.load(str(tmp_path))
    gradients = []
    for sample in (restored.sample, module.sample):
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            out = sample(*arrays)
        gradients.append([out, *tape.gradient(out, arrays)])
    for actual, expected in zip(*gradients):
        np.testing.assert_array_equal(actual, expected)
