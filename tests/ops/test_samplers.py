"""Samplers, in both implementations, against closed forms, a plain NumPy loop and float64 numeric gradients."""

import functools
import re

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.ops import bilinear_sample, gaussian_sample, local_attention_sample, sample_at
from tests.conftest import assert_agrees


def random_inputs(kernel, batch=2, size=(5, 6), source_size=(7, 4), channels=3, dtype=np.float64, spread=3.0, seed=0):
    """Source, flow (away from whole numbers, some far outside) and attention."""
    rng = np.random.default_rng(seed)
    source = rng.standard_normal((batch, *source_size, channels))
    whole = np.round(rng.normal(0, spread, (batch, *size, 2)))
    flow = whole + rng.uniform(0.1, 0.9, whole.shape)
    attention = rng.standard_normal((batch, *size, kernel * kernel))
    return source.astype(dtype), flow.astype(dtype), attention.astype(dtype)


def loop_local_attention(source, flow, attention):
    """The definition, pixel by pixel and tap by tap."""
    kernel = int(np.sqrt(attention.shape[-1]))
    batch, height, width, _ = flow.shape
    _, source_height, source_width, channels = source.shape
    out = np.zeros((batch, height, width, channels))
    for b, y, x, tap in np.ndindex(batch, height, width, kernel * kernel):
        px = x + flow[b, y, x, 0] + tap % kernel - kernel // 2
        py = y + flow[b, y, x, 1] + tap // kernel - kernel // 2
        x0, y0 = int(np.floor(px)), int(np.floor(py))
        for corner_y, corner_x in np.ndindex(2, 2):
            weight = (px - x0 if corner_x else 1 - px + x0) * (py - y0 if corner_y else 1 - py + y0)
            row, column = np.clip(y0 + corner_y, 0, source_height - 1), np.clip(x0 + corner_x, 0, source_width - 1)
            out[b, y, x] += attention[b, y, x, tap] * weight * source[b, row, column]
    return out


def numeric_gradient(function, array, upstream, step=1e-6):
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = np.sum(function() * upstream)
        array[index] = kept - step
        below = np.sum(function() * upstream)
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def assert_gradients_match_numeric_ones(sampler, arrays):
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        out = sampler(*tensors)
    upstream = np.random.default_rng(1).standard_normal(out.shape)
    gradients = tape.gradient(out, tensors, upstream)
    for array, gradient in zip(arrays, gradients):
        expected = numeric_gradient(lambda: sampler(*map(tf.constant, arrays)).numpy(), array, upstream)
        assert_agrees(gradient, expected, 1e-6)


@pytest.mark.parametrize('kernel', [1, 3, 5])
def test_local_attention_is_the_sum_over_its_taps(kernel, impl):
    arrays = random_inputs(kernel)
    assert_agrees(local_attention_sample(*arrays, impl=impl), loop_local_attention(*arrays), 1e-12)


def test_zero_flow_and_central_attention_give_the_source(impl):
    source = np.random.default_rng(0).standard_normal((1, 6, 5, 2)).astype(np.float32)
    attention = np.zeros((1, 6, 5, 9), np.float32)
    attention[..., 4] = 1
    np.testing.assert_array_equal(
        local_attention_sample(source, np.zeros((1, 6, 5, 2), np.float32), attention, impl=impl), source
    )


def test_flow_is_x_first_and_points_into_the_source(impl):
    source = np.zeros((1, 5, 5, 1), np.float32)
    source[0, 1, 3] = 1
    flow = np.zeros((1, 5, 5, 2), np.float32)
    flow[0, 2, 2] = (1, -1)
    warped = bilinear_sample(source, flow, impl=impl).numpy()
    assert warped[0, 2, 2, 0] == 1
    assert warped.sum() == 2  # there, and at (3, 1) itself


def test_attention_rows_are_outer(impl):
    source = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    attention = np.zeros((1, 5, 5, 9), np.float32)
    attention[..., 1] = 1  # dy = -1, dx = 0
    out = local_attention_sample(source, np.zeros((1, 5, 5, 2), np.float32), attention, impl=impl)
    assert out[0, 3, 2, 0] == source[0, 2, 2, 0]


@pytest.mark.parametrize('kernel', [1, 3])
def test_local_attention_gradients(kernel, impl):
    assert_gradients_match_numeric_ones(
        functools.partial(local_attention_sample, impl=impl),
        random_inputs(kernel, batch=1, size=(3, 4), source_size=(4, 3), channels=2),
    )


def test_gaussian_gradients(impl):
    source, flow, _ = random_inputs(1, batch=1, size=(3, 4), source_size=(4, 3), channels=2)
    assert_gradients_match_numeric_ones(functools.partial(gaussian_sample, impl=impl), [source, flow])


def test_bilinear_gradients(impl):
    source, flow, _ = random_inputs(1, batch=1, size=(3, 4), source_size=(4, 3), channels=2)
    assert_gradients_match_numeric_ones(functools.partial(bilinear_sample, impl=impl), [source, flow])


def test_gaussian_of_a_constant_is_the_constant(impl):
    _, flow, _ = random_inputs(1, dtype=np.float32)
    assert_agrees(
        gaussian_sample(np.full((2, 7, 4, 3), 2.5, np.float32), flow, impl=impl), np.full((2, 5, 6, 3), 2.5), 1e-6
    )


def test_flows_far_outside_read_the_border(impl):
    source = np.random.default_rng(0).standard_normal((1, 4, 4, 2)).astype(np.float32)
    flow = np.full((1, 4, 4, 2), 1e30, np.float32)
    np.testing.assert_array_equal(
        bilinear_sample(source, flow, impl=impl), np.broadcast_to(source[:, -1:, -1:], (1, 4, 4, 2))
    )
    np.testing.assert_array_equal(
        bilinear_sample(source, -flow, impl=impl), np.broadcast_to(source[:, :1, :1], (1, 4, 4, 2))
    )


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_non_finite_flow_spoils_its_own_pixel_only(bad, impl):
    source, flow, attention = random_inputs(3, dtype=np.float32)
    expected = local_attention_sample(source, flow, attention, impl=impl).numpy()
    flow[0, 2, 3] = bad
    out = local_attention_sample(source, flow, attention, impl=impl).numpy()
    assert not np.isfinite(out[0, 2, 3]).all()
    out[0, 2, 3] = expected[0, 2, 3]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize('dtype, tolerance', [(tf.float16, 2e-3), (tf.bfloat16, 2e-2)])
def test_half_precision_sources_keep_coordinates_in_float32(dtype, tolerance, impl):
    source, flow, attention = random_inputs(3, dtype=np.float32)
    out = local_attention_sample(tf.cast(source, dtype), flow, attention, impl=impl)
    assert out.dtype == dtype
    assert_agrees(tf.cast(out, tf.float32), local_attention_sample(source, flow, attention, impl=impl), tolerance)


def test_unknown_sizes_and_an_empty_batch_are_traced_once(impl):
    spec = [tf.TensorSpec([None, None, None, n]) for n in (3, 2, 9)]
    traced = tf.function(functools.partial(local_attention_sample, impl=impl), input_signature=spec)
    arrays = random_inputs(3, dtype=np.float32)
    assert_agrees(traced(*arrays), loop_local_attention(*arrays))
    assert traced(*(array[:0] for array in arrays)).shape == (0, 5, 6, 3)
    assert traced.experimental_get_tracing_count() == 1


def test_xla_compiles_the_gather():
    arrays = random_inputs(3, dtype=np.float32)
    compiled = tf.function(lambda *a: local_attention_sample(*a, impl='gather'), jit_compile=True)
    assert_agrees(compiled(*arrays), loop_local_attention(*arrays))


def test_sample_at_takes_absolute_positions(impl):
    source = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    assert sample_at(source, np.array([[[[2.5, 1.0]]]], np.float32), impl=impl)[0, 0, 0, 0] == 6.5


@pytest.mark.parametrize(
    'shapes',
    [
        ((1, 4, 4, 3), (1, 4, 4, 2), (1, 4, 4, 8)),
        ((1, 4, 4, 3), (1, 4, 4, 3), (1, 4, 4, 9)),
        ((4, 4, 3), (1, 4, 4, 2), (1, 4, 4, 9)),
        ((1, 4, 4, 3), (1, 4, 4, 2), (1, 5, 4, 9)),
    ],
)
def test_wrong_shapes_are_rejected_with_the_shapes(shapes, impl):
    source, flow, attention = (re.escape(str(shape)) for shape in shapes)
    with pytest.raises(ConfigError, match=f'got source {source}, flow {flow}(, attention {attention})?$'):
        local_attention_sample(*(tf.zeros(shape) for shape in shapes), impl=impl)


@pytest.mark.parametrize(
    'shapes', [((1, 4, 4, 3), (1, 4, 4, 1)), ((4, 4, 3), (1, 4, 4, 2)), ((2, 4, 4, 3), (3, 4, 4, 2))]
)
@pytest.mark.parametrize('sample', [bilinear_sample, gaussian_sample, sample_at])
def test_wrong_shapes_are_rejected_by_the_samplers_without_attention(sample, shapes, impl):
    source, second = (re.escape(str(shape)) for shape in shapes)
    with pytest.raises(ConfigError, match=f'got source {source}, (flow|coords) {second}$'):
        sample(*(tf.zeros(shape) for shape in shapes), impl=impl)


def test_unknown_implementation_is_rejected():
    arrays = random_inputs(3)
    with pytest.raises(ConfigError, match="got 'cuda'"):
        local_attention_sample(*arrays, impl='cuda')
