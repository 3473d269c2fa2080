"""Times the published network as PyTorch computes it: `python custom_ops/benchmarks/pytorch_network.py`.

Needs PyTorch and NumPy alone, and is the rival of `python -m posewarp_tf.benchmark`. It is the generator of the 256x256
configs, written anew after the paper with what every PyTorch has: its attention is in the published order, with stored
patches, and reads them by grid_sample in place of the CUDA extensions. Weights are the seeded ones of the reference
numbers; first the picture is compared with theirs, so that what is timed is the same network.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import resource
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F

REFERENCE = pathlib.Path(__file__).resolve().parents[2] / 'tests' / 'goldens' / 'pose_fashion.npz'
# Largest difference of the picture, whose largest entry is 1.
_TOLERANCE = 1e-4

Weights = Mapping[str, torch.Tensor]


def seeded_weights(seed: int, shapes: Mapping[str, list[int]]) -> dict[str, torch.Tensor]:
    """Of the reference numbers: normal, scaled by the number of inputs; norms near 1, biases near 0."""
    rng, weights = np.random.default_rng(seed), {}
    for key in sorted(shapes):
        array = rng.standard_normal(shapes[key]).astype(np.float32)
        if array.ndim >= 2:
            array *= np.float32(math.sqrt(2 / np.prod(shapes[key][1:])))
        else:
            array = array * np.float32(0.05) if key.endswith('.bias') else 1 + array * np.float32(0.1)
        weights[key] = torch.from_numpy(array)
    return weights


class Network:
    """The generator with given weights; tensors are [B, C, H, W] in any memory format."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def __call__(self, source: torch.Tensor, source_pose: torch.Tensor, target_pose: torch.Tensor) -> torch.Tensor:
        flows, masks = self._flows(torch.cat([source, source_pose, target_pose], 1))
        levels = self._encode('source', source, 3)
        x = self._encode('target', target_pose, 3)[-1]
        for step in range(3):
            if step < 2:
                moved = self._attend(f'target.attn{step}', levels[2 - step], x, flows[step], kernel=3 + 2 * step)
                x = (1 - masks[step]) * x + masks[step] * moved
            inner = f'target.decoder{step}.0.model.0.model'
            x = x + self._conv(
                f'{inner}.5', self._norm(f'{inner}.3', self._conv(f'{inner}.2', self._norm(f'{inner}.0', x)))
            )
            x = self._up(f'target.decoder{step}.1', x)
        return torch.tanh(self._reflect('target.outconv.model.2', x))

    def _flows(self, seen: torch.Tensor) -> tuple[list, list]:
        levels = self._encode('flow_net', seen, 5)
        x, flows, masks = levels.pop(), [], []
        for step in range(3):
            x = self._up(f'flow_net.decoder{step}', x) + self._reflect(f'flow_net.jump{step}.model.2', levels.pop())
            if step:
                flows.append(self._conv(f'flow_net.output{step}', x))
                masks.append(torch.sigmoid(self._conv(f'flow_net.mask{step}.0', x)))
        return flows, masks

    def _encode(self, name: str, x: torch.Tensor, count: int) -> list[torch.Tensor]:
        levels = []
        for block in (f'{name}.block0', *(f'{name}.encoder{i}' for i in range(count - 1))):
            x = self._conv(f'{block}.model.2', self._norm(f'{block}.model.0', x), stride=2)
            x = self._conv(f'{block}.model.5', self._norm(f'{block}.model.3', x))
            levels.append(x)
        return levels

    def _up(self, name: str, x: torch.Tensor) -> torch.Tensor:
        hidden = self._conv(f'{name}.model.2', self._norm(f'{name}.model.0', x))
        hidden = self._norm(f'{name}.model.3', hidden)
        return self._up_conv(f'{name}.model.5', hidden) + self._up_conv(f'{name}.shortcut.0', x)

    def _attend(
        self, name: str, source: torch.Tensor, target: torch.Tensor, flow: torch.Tensor, kernel: int
    ) -> torch.Tensor:
        patches = _patches(source, flow, kernel)
        both = torch.cat([_patches(target, torch.zeros_like(flow), kernel), patches], 1)
        name = f'{name}.fully_connect_layer'
        hidden = F.leaky_relu(F.conv2d(both, *self._pair(f'{name}.0'), stride=kernel), 0.1)
        attention = torch.softmax(F.conv2d(hidden, *self._pair(f'{name}.2')), 1)
        return F.avg_pool2d(patches * F.pixel_shuffle(attention, kernel), kernel)

    def _conv(self, name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        return F.conv2d(x, *self._pair(name), stride=stride, padding=1)

    def _up_conv(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.conv_transpose2d(x, *self._pair(name), stride=2, padding=1, output_padding=1)

    def _reflect(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(F.pad(F.leaky_relu(x, 0.1), (1, 1, 1, 1), mode='reflect'), *self._pair(name))

    def _norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self._pair(name)
        return F.leaky_relu(F.instance_norm(x, weight=weight, bias=bias, eps=1e-5), 0.1)

    def _pair(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        return self._weights[f'{name}.weight'], self._weights[f'{name}.bias']


def _patches(image: torch.Tensor, flow: torch.Tensor, kernel: int) -> torch.Tensor:
    """The k x k bilinear samples around each flowed point, side by side: [B, C, k H, k W]."""
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    points = torch.stack([x, y]) + flow
    points = points.repeat_interleave(kernel, 2).repeat_interleave(kernel, 3)
    offset_y, offset_x = torch.meshgrid(torch.arange(kernel), torch.arange(kernel), indexing='ij')
    offsets = (torch.stack([offset_x, offset_y]) - kernel // 2).repeat(1, height, width)
    scale = 2 / torch.tensor([width - 1.0, height - 1.0]).reshape(2, 1, 1)
    grid = ((points + offsets) * scale - 1).permute(0, 2, 3, 1)
    return F.grid_sample(image, grid, mode='bilinear', padding_mode='border', align_corners=True)


def main() -> None:
    options = _options()
    with np.load(REFERENCE) as file:
        meta = json.loads(str(file['meta']))
        given = [
            torch.from_numpy(file[name]).permute(0, 3, 1, 2) for name in ('source_image', 'source_pose', 'target_pose')
        ]
        expected = file['image']
    weights = seeded_weights(meta['seed'], meta['shapes'])
    with torch.no_grad():
        found = Network(weights)(*given).permute(0, 2, 3, 1).numpy()
    difference = float(np.abs(found - expected).max())
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads; the reference picture to {difference:.1e}')
    if difference > _TOLERANCE:
        raise SystemExit(
            f'error: another network: got a difference of {difference:.1e}, expected {_TOLERANCE:.0e} at most'
        )
    for layout in ('contiguous', 'channels last'):
        _time(layout, weights, options.size, options.repeats)
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB')


def _time(layout: str, weights: Weights, size: int, repeats: int) -> None:
    form = torch.channels_last if layout == 'channels last' else torch.contiguous_format

    def formed(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.contiguous(memory_format=form) if tensor.ndim == 4 else tensor

    torch.manual_seed(0)
    inputs = [formed(torch.rand(1, channels, size, size) * 2 - 1) for channels in (3, 18, 18)]
    weights = {key: formed(tensor) for key, tensor in weights.items()}
    learned = {key: tensor.clone().requires_grad_() for key, tensor in weights.items()}

    def forward() -> None:
        with torch.no_grad():
            Network(weights)(*inputs)

    def forward_and_backward() -> None:
        image = Network(learned)(*inputs)
        torch.autograd.grad(image.sum(), list(learned.values()), allow_unused=True)

    for name, step in (('forward', forward), ('forward and backward', forward_and_backward)):
        seconds = _seconds(step, repeats)
        print(
            f'{layout:14s} {name:22s} median {statistics.median(seconds):.3f} s, fastest {min(seconds):.3f} s',
            flush=True,
        )


def _seconds(step: Callable[[], None], repeats: int) -> list[float]:
    step()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, default=256, help='height and width, a multiple of 32')
    parser.add_argument('--repeats', type=int, default=10)
    options = parser.parse_args()
    if options.size < 64 or options.size % 32:
        parser.error(f'--size: got {options.size}, expected a multiple of 32, at least 64')
    if options.repeats < 1:
        parser.error(f'--repeats: got {options.repeats}, expected at least 1')
    return options


if __name__ == '__main__':
    main()
