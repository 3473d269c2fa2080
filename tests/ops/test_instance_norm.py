"""The instance norm, in both implementations, against its definition in float64."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.registry import build_model, model_config
from posewarp_tf.ops import instance_norm, kernel_library

# Of a result or a gradient, relative to its largest entry.
TOLERANCES = {tf.float32: 2e-6, tf.float16: 2e-3, tf.bfloat16: 1.6e-2}
SHAPES = [(2, 7, 9, 19), (1, 24, 25, 67)]


def inputs(shape, dtype=tf.float32, mean=0.0):
    """Image, gamma, beta and an upstream gradient."""
    rng = np.random.default_rng(4)
    image, upstream = (tf.constant(rng.normal(offset, 1, shape), dtype) for offset in (mean, 0.0))
    return image, *(tf.constant(rng.standard_normal(shape[3]), tf.float32) for _ in range(2)), upstream


def defined(image, gamma, beta, slope):
    """The definition, in float64."""
    image, gamma, beta = (tf.cast(tensor, tf.float64) for tensor in (image, gamma, beta))
    mean, variance = tf.nn.moments(image, [1, 2], keepdims=True)
    y = gamma * (image - mean) / tf.sqrt(variance + 1e-5) + beta
    return tf.where(y > 0, y, slope * y)


def with_gradients(function, image, gamma, beta, upstream):
    watched = [image, gamma, beta]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        out = function(*watched)
    return [tf.cast(a, tf.float64).numpy() for a in (out, *tape.gradient(out, watched, tf.cast(upstream, out.dtype)))]


def relative_errors(image, gamma, beta, upstream, impl, slope=0.1):
    """Of the result and the gradients of image, gamma and beta."""
    actual = with_gradients(lambda *a: instance_norm(*a, slope, impl), image, gamma, beta, upstream)
    expected = with_gradients(lambda *a: defined(*a, slope), image, gamma, beta, upstream)
    return [np.abs(a - e).max() / np.abs(e).max() for a, e in zip(actual, expected)]


@pytest.mark.parametrize('dtype', TOLERANCES)
@pytest.mark.parametrize('shape', SHAPES)
def test_result_and_gradients_are_those_of_the_definition(shape, dtype, impl):
    arrays = inputs(shape, dtype)
    assert instance_norm(*arrays[:3], impl=impl).dtype == dtype
    for slope in (1.0, 0.1):
        assert max(relative_errors(*arrays, impl, slope)) < TOLERANCES[dtype]


def test_large_means_lose_few_bits(impl):
    # Numbers near 1000 themselves are 6e-5 apart.
    assert relative_errors(*inputs((1, 96, 96, 5), mean=1000.0), impl, slope=1.0)[0] < 5e-5


def test_a_constant_image_becomes_its_shift(impl):
    image, gamma, beta, _ = inputs((1, 6, 50, 20))
    out = instance_norm(image[:, :1, :1] * tf.ones_like(image), gamma, beta, impl=impl)
    np.testing.assert_allclose(out, beta * tf.ones_like(image), atol=1e-3)


def test_what_does_not_fit_is_named(impl):
    image, gamma, beta, _ = inputs(SHAPES[0])
    with pytest.raises(ConfigError, match=r'got \(2, 7, 9, 19\), \(18,\) and \(19,\)'):
        instance_norm(image, gamma[1:], beta, impl=impl)
    unknown = [tf.TensorSpec([None, 4, None, 3]), tf.TensorSpec([3]), tf.TensorSpec([3])]
    traced = tf.function(lambda *a: instance_norm(*a, impl=impl)).get_concrete_function(*unknown)
    assert traced.output_shapes.as_list() == [None, 4, None, 3]


def traced_model(impl):
    """The types of all operations of a small network, and the picture that it makes."""
    tf.keras.utils.set_random_seed(0)
    settings = {'image_size': (32, 32), 'num_layers': 2, 'flow_num_layers': 3, 'attention_kernels': {2: 3}}
    widths = {f'{part}{width}_filters': 8 for part in ('', 'flow_') for width in ('base', 'max')}
    model = build_model(model_config('gfla', sampler_impl=impl, init_gain=1.0, **settings, **widths))
    shapes = {name: spec.shape for name, spec in model.example_inputs(batch_size=1).items()}
    given = {name: tf.random.stateless_normal(shape, (0, 1)) for name, shape in shapes.items()}
    traced = tf.function(lambda: model(given)['image']).get_concrete_function()
    return {operation.type for operation in traced.graph.get_operations()}, traced()


@pytest.mark.compiler
def test_only_models_that_take_what_there_is_hold_the_compiled_norm():
    assert kernel_library.use_kernel('auto', 'posewarp_instance_norm')
    operations, pictures = zip(*map(traced_model, ('auto', 'kernel')))
    assert ['PosewarpInstanceNorm' in types for types in operations] == [True, False]
    np.testing.assert_allclose(*pictures, atol=1e-4)


@pytest.mark.compiler
def test_xla_gets_stock_operations():
    arrays = inputs(SHAPES[0])[:3]
    compiled = tf.function(lambda *a: instance_norm(*a, 0.1), jit_compile=True)
    np.testing.assert_allclose(compiled(*arrays), instance_norm(*arrays, 0.1, 'kernel'), atol=1e-5)
