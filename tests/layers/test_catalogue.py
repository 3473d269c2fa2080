"""Every layer keeps the same contracts: traced once for any batch, saved, cloned, mixed precision.

A new layer joins the catalogue below; `test_every_layer_is_in_the_catalogue` fails until it does.
"""

import importlib
import pkgutil

import numpy as np
import pytest
import tensorflow as tf

import posewarp_tf.layers
import posewarp_tf.models
from posewarp_tf.layers.aligned_u_net import AlignedUNet
from posewarp_tf.layers.blocks import EncoderBlock, InstanceNorm, ReflectConv, ResBlock, ResBlockDecoder, UpConv
from posewarp_tf.layers.gated_alignment import GatedAlignment
from posewarp_tf.layers.local_attention import BilinearWarp, GlobalAttention, LocalAttention
from posewarp_tf.layers.pixel_norm_blocks import ConvBlock, DownBlock
from posewarp_tf.layers.spectral_norm import SpectralConv2D, SpectralConv3D
from posewarp_tf.layers.u_net import UNet
from posewarp_tf.models.discriminators.image import ResBlockEncoder
from posewarp_tf.models.discriminators.temporal import TemporalBlockEncoder
from posewarp_tf.models.gfla.code_block import CodeBlock, ModulatedBlock
from posewarp_tf.models.gfla.flow_estimator import FlowEstimator, FlowHead
from posewarp_tf.models.layered.layered import Head, PoseNet
from posewarp_tf.models.motion.dropout import ExampleDropout
from posewarp_tf.models.motion.norms import CodedNorm, SequenceNorm
from posewarp_tf.models.pfl.garment_net import GarmentNet
from posewarp_tf.models.pfl.pose_flow_net import FlowConv, FlowStack, PoseFlowNet
from posewarp_tf.models.pfl.synthesis_net import SynthesisNet

FEATURES = (8, 8, 6)
FLOW = (8, 8, 2)
FRAMES = (5, 8, 8, 6)
IMAGE = (16, 16, 3)
SEQUENCE = (7, 6)
POSE = (16, 16, 18)
# The sizes of a U-Net that aligns at scales 2 and 0, and the shapes of the flows that it takes.
U_NET = {'base_filters': 4, 'max_filters': 8, 'num_layers': 2, 'scales': (0, 2)}
FLOWS = [(4, 4, 2), (16, 16, 2)]
# How to make each layer, and the shapes of its inputs without the batch.
CATALOGUE = {
    AlignedUNet: (lambda: AlignedUNet(**U_NET), [IMAGE, POSE, *FLOWS]),
    BilinearWarp: (BilinearWarp, [FEATURES, FEATURES, FLOW]),
    CodeBlock: (lambda: CodeBlock(4, 5), [FEATURES, (5,)]),
    CodedNorm: (lambda: CodedNorm(3), [SEQUENCE, (6,)]),
    ConvBlock: (lambda: ConvBlock(4), [FEATURES]),
    DownBlock: (lambda: DownBlock(4), [FEATURES]),
    EncoderBlock: (lambda: EncoderBlock(4), [FEATURES]),
    ExampleDropout: (lambda: ExampleDropout(0.3, 1), [SEQUENCE, SEQUENCE]),
    FlowConv: (FlowConv, [FEATURES]),
    FlowEstimator: (lambda: FlowEstimator(4, 8, 3, (1, 2)), [IMAGE, POSE, POSE]),
    FlowStack: (lambda: FlowStack(4, 8, 4), [IMAGE]),
    FlowHead: (FlowHead, [FEATURES]),
    GarmentNet: (lambda: GarmentNet(U_NET), [IMAGE, POSE, *FLOWS]),
    GatedAlignment: (GatedAlignment, [FEATURES, FEATURES, FLOW]),
    GlobalAttention: (GlobalAttention, [FEATURES, FEATURES]),
    Head: (lambda: Head(5), [FEATURES]),
    InstanceNorm: (InstanceNorm, [FEATURES]),
    LocalAttention: (lambda: LocalAttention(3), [FEATURES, FEATURES, FLOW]),
    ModulatedBlock: (lambda: ModulatedBlock(6), [FEATURES, (5,)]),
    PoseFlowNet: (lambda: PoseFlowNet(4, 8, 3, num_stacks=2), [IMAGE, POSE, POSE, (16, 16, 16)]),
    PoseNet: (lambda: PoseNet(5, (16, 16)), [(18, 2), (18, 2)]),
    ReflectConv: (lambda: ReflectConv(4), [FEATURES]),
    ResBlock: (lambda: ResBlock(6), [FEATURES]),
    ResBlockDecoder: (lambda: ResBlockDecoder(4, hidden_filters=5), [FEATURES]),
    ResBlockEncoder: (lambda: ResBlockEncoder(4, 5), [FEATURES]),
    SequenceNorm: (SequenceNorm, [SEQUENCE]),
    SpectralConv2D: (lambda: SpectralConv2D(4, 3, padding=1), [FEATURES]),
    SpectralConv3D: (lambda: SpectralConv3D(4, (3, 4, 4), strides=(1, 2, 2), padding=(0, 1, 1)), [FRAMES]),
    SynthesisNet: (lambda: SynthesisNet(U_NET), [IMAGE, POSE, *FLOWS]),
    TemporalBlockEncoder: (lambda: TemporalBlockEncoder(4, 5), [FRAMES]),
    UNet: (lambda: UNet((4, 5, 6)), [FEATURES, (2, 2, 3)]),
    UpConv: (lambda: UpConv(4), [FEATURES]),
}
# Bases that are never used themselves.
ABSTRACT = {'Block', 'SpectralConv'}

each_layer = pytest.mark.parametrize('layer_class', CATALOGUE, ids=lambda c: c.__name__)


def made(layer_class):
    make, shapes = CATALOGUE[layer_class]
    return make(), [tf.random.stateless_normal((2, *shape), seed=(0, i)) for i, shape in enumerate(shapes)]


def flat(outputs):
    return [tf.cast(t, tf.float32).numpy() for t in tf.nest.flatten(outputs) if t is not None]


def test_every_layer_is_in_the_catalogue():
    found = set()
    for package in (posewarp_tf.layers, posewarp_tf.models):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
            for value in vars(importlib.import_module(info.name)).values():
                is_layer = isinstance(value, type) and issubclass(value, tf.keras.layers.Layer)
                if is_layer and not issubclass(value, tf.keras.Model) and value.__module__.startswith('posewarp_tf'):
                    found.add(value.__name__)
    assert found - ABSTRACT == {layer_class.__name__ for layer_class in CATALOGUE}


@each_layer
def test_one_trace_serves_every_batch_size(layer_class):
    layer, inputs = made(layer_class)
    spec = [tf.TensorSpec((None, *tensor.shape[1:])) for tensor in inputs]
    traced = tf.function(lambda *tensors: layer(*tensors), input_signature=spec)
    whole = flat(traced(*inputs))
    single = flat(traced(*(tensor[:1] for tensor in inputs)))
    for batch_of_two, batch_of_one in zip(whole, single):
        assert batch_of_one.shape == (1, *batch_of_two.shape[1:])
        np.testing.assert_allclose(batch_of_two[:1], batch_of_one, rtol=1e-4, atol=1e-5)


@each_layer
def test_config_makes_the_same_layer(layer_class):
    layer, inputs = made(layer_class)
    expected = flat(layer(*inputs))
    copy = layer_class.from_config(layer.get_config())
    copy(*inputs)
    copy.set_weights(layer.get_weights())
    for first, second in zip(expected, flat(copy(*inputs))):
        np.testing.assert_array_equal(first, second)


@pytest.fixture
def mixed_precision():
    tf.keras.mixed_precision.set_global_policy('mixed_bfloat16')
    yield
    tf.keras.mixed_precision.set_global_policy('float32')


@each_layer
def test_half_precision_stays_close_to_single(layer_class, mixed_precision):
    half, inputs = made(layer_class)
    half_outputs = flat(half(*inputs))
    assert all(variable.dtype == tf.float32 for variable in half.variables)
    tf.keras.mixed_precision.set_global_policy('float32')
    layer, _ = made(layer_class)
    layer(*inputs)
    layer.set_weights(half.get_weights())
    for single, mixed in zip(flat(layer(*inputs)), half_outputs):
        assert np.max(np.abs(single - mixed)) <= 0.1 * max(1.0, np.max(np.abs(single)))


@each_layer
def test_gradients_reach_every_weight(layer_class):
    layer, inputs = made(layer_class)
    with tf.GradientTape() as tape:
        total = tf.add_n([tf.reduce_sum(t**2) for t in tf.nest.flatten(layer(*inputs)) if t is not None])
    for variable, gradient in zip(layer.trainable_variables, tape.gradient(total, layer.trainable_variables)):
        assert gradient is not None and np.isfinite(gradient.numpy()).all(), variable.name
