"""The samplers agree with independently computed reference numbers, gradients included."""

import pytest
import tensorflow as tf

from posewarp_tf.ops import gaussian_sample, local_attention_sample
from tests.conftest import assert_agrees


@pytest.mark.parametrize('kernel', [3, 5])
def test_local_attention_sample_agrees_with_reference(golden, kernel, impl):
    ops = golden('ops')
    inputs = [tf.constant(ops[f'k{kernel}_{name}']) for name in ('source', 'flow', 'attention')]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        # The published sampler is the mean over the patch, ours the sum.
        out = local_attention_sample(*inputs, impl=impl) / kernel**2
    gradients = tape.gradient(out, inputs, ops[f'k{kernel}_grad_out'])
    assert_agrees(out, ops[f'k{kernel}_out'])
    for name, gradient in zip(('source', 'flow', 'attention'), gradients):
        assert_agrees(gradient, ops[f'k{kernel}_grad_{name}'], 1e-3)


def test_gaussian_sample_agrees_with_reference(golden, impl):
    ops = golden('ops')
    inputs = [tf.constant(ops['resample_source']), tf.constant(ops['resample_flow'])]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        out = gaussian_sample(*inputs, impl=impl)
    gradients = tape.gradient(out, inputs, ops['resample_grad_out'])
    assert_agrees(out, ops['resample_out'])
    for name, gradient in zip(('source', 'flow'), gradients):
        assert_agrees(gradient, ops[f'resample_grad_{name}'], 1e-3)
