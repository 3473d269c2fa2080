"""Convolutions whose kernel is divided by its largest singular value.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018, in PyTorch's form:
the stored kernel is never overwritten, sigma is part of the graph and so of the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import tensorflow as tf

from posewarp_tf.layers.blocks import register

_EPSILON = 1e-12


Sizes = Union[int, Sequence[int]]


class SpectralConv(tf.keras.layers.Layer):
    """Convolution with the kernel W / sigma, sigma = u' W v, W seen as the matrix [out, in * kh * kw].

    A call with `training=True` first does one power iteration, v = W'u / |W'u|, then u = Wv / |Wv|, and keeps
    both; a call without leaves them alone. No gradient flows through u and v; it does through sigma to the kernel.

    Input [B, H, W, in], output [B, (H + 2 * padding - kh) // strides + 1, ..., filters]. `padding` zeros on every
    side (TensorFlow's SAME puts even kernels elsewhere). Sigma is computed in float32 under mixed precision.
    Sizes, strides and padding are one number for all axes or one per axis; a subclass says how many axes there are.

    Weights: kernel [kh, kw, in, out], bias [out], and, not trainable, u [out] and v [in * kh * kw], whose
    entries run over (in, kh, kw) in this order so that the vectors of PyTorch checkpoints fit. Replicas compute
    the same u and v from the same kernels; each keeps its own copy and the first one's is saved.
    """

    # Axes of an image, and the name of the kernel's layout (models/pytorch_names.py).
    rank = 0
    kernel_kind = ''

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Sizes = 0,
        use_bias: bool = True,
        kernel_initializer: Any = 'glorot_uniform',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = self._per_axis(kernel_size)
        self.strides = self._per_axis(strides)
        self.padding = self._per_axis(padding)
        self.use_bias = use_bias
        self.kernel_initializer = tf.keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        channels = int(input_shape[-1])
        # Mixed precision would hand out half precision copies; sigma needs the kernel itself.
        self.kernel = self.add_weight(
            'kernel',
            (*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
            dtype='float32',
            experimental_autocast=False,
        )
        self.bias = self.add_weight('bias', (self.filters,), initializer='zeros') if self.use_bias else None
        # One iteration from a random start, so that sigma means something before the first training call.
        random = tf.keras.initializers.RandomNormal()((self.filters,))
        u, v = self._power_iteration(self._matrix(), random)
        self.u = self._add_vector('u', u)
        self.v = self._add_vector('v', v)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        sigma = self._sigma(bool(training))
        kernel = tf.cast(self.kernel / sigma, inputs.dtype)
        outputs = self._convolve(inputs, kernel, [(0, 0), *((size, size) for size in self.padding), (0, 0)])
        # Not bias_add: TensorFlow 2.15 tries to fuse it where it cannot (residual blocks) and then fuses nothing.
        return outputs if self.bias is None else outputs + self.bias

    def _convolve(self, inputs: tf.Tensor, kernel: tf.Tensor, padding: list[tuple[int, int]]) -> tf.Tensor:
        """The convolution itself, for which TensorFlow has a function per number of axes: a subclass calls its own."""
        raise NotImplementedError

    @property
    def pytorch_parts(self) -> dict:
        parts = {
            'weight_orig': (self.kernel, self.kernel_kind),
            'weight_u': (self.u, 'vector'),
            'weight_v': (self.v, 'vector'),
        }
        return {**parts, 'bias': (self.bias, 'vector')} if self.use_bias else parts

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            'filters': self.filters,
            'kernel_size': self.kernel_size,
            'strides': self.strides,
            'padding': self.padding,
            'use_bias': self.use_bias,
            'kernel_initializer': tf.keras.initializers.serialize(self.kernel_initializer),
        }

    def _sigma(self, update: bool) -> tf.Tensor:
        matrix = self._matrix()
        u, v = tf.convert_to_tensor(self.u), tf.convert_to_tensor(self.v)
        if update:
            u, v = self._power_iteration(tf.stop_gradient(matrix), u)
            self.u.assign(u)
            self.v.assign(v)
        return tf.reduce_sum(u * tf.linalg.matvec(matrix, v))

    def _matrix(self) -> tf.Tensor:
        return tf.reshape(tf.transpose(self.kernel, (self.rank + 1, self.rank, *range(self.rank))), (self.filters, -1))

    def _per_axis(self, value: Sizes) -> tuple[int, ...]:
        return (value,) * self.rank if isinstance(value, int) else tuple(value)

    @staticmethod
    def _power_iteration(matrix: tf.Tensor, u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        v = _unit(tf.linalg.matvec(matrix, u, transpose_a=True))
        return _unit(tf.linalg.matvec(matrix, v)), v

    def _add_vector(self, name: str, value: tf.Tensor) -> tf.Variable:
        return self.add_weight(
            name,
            value.shape,
            initializer=lambda shape, dtype=None: value,
            dtype='float32',
            trainable=False,
            experimental_autocast=False,
            # ON_READ: replicas need not meet to write, which they cannot inside a compiled function.
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )


@register
class SpectralConv2D(SpectralConv):
    """A convolution of pictures: [B, H, W, in] -> [B, h, w, filters]."""

    rank = 2
    kernel_kind = 'conv'

    def _convolve(self, inputs: tf.Tensor, kernel: tf.Tensor, padding: list[tuple[int, int]]) -> tf.Tensor:
        return tf.nn.conv2d(inputs, kernel, self.strides, padding)


@register
class SpectralConv3D(SpectralConv):
    """A convolution of frames: [B, T, H, W, in] -> [B, t, h, w, filters]; time is the first axis."""

    rank = 3
    kernel_kind = 'conv_3d'

    def _convolve(self, inputs: tf.Tensor, kernel: tf.Tensor, padding: list[tuple[int, int]]) -> tf.Tensor:
        return tf.nn.conv3d(tf.pad(inputs, padding), kernel, [1, *self.strides, 1], 'VALID')


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return vector / tf.maximum(tf.norm(vector), _EPSILON)
