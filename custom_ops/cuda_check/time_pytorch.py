"""Times PyTorch's grid_sample at the sizes of cuda_check's measurements: `python time_pytorch.py --json=pytorch.jsonl`.

Needs PyTorch alone. Two rivals, each forward and backward, as contiguous tensors and channels last:

- grid_sample, which is the bilinear sampler with borders as the samplers here have them;
- attention in the published order of operations, as it can be written with grid_sample: patches of k x k bilinear
  samples are stored, multiplied by the attention, and pooled.

Calls take turns over several copies of their inputs, together larger than the cache of the device.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

ROTATED_BYTES = 256 << 20


class Shape(NamedTuple):
    """Source and target are [batch, size, size, channels]; kernel 0 is bilinear."""

    batch: int
    size: int
    channels: int
    kernel: int


SHAPES = (Shape(8, 64, 128, 5), Shape(8, 32, 256, 3), Shape(8, 64, 128, 0), Shape(8, 32, 256, 0))
MORE_SHAPES = (Shape(1, 64, 128, 5), Shape(32, 64, 128, 5), Shape(8, 256, 64, 0))


def main() -> None:
    options = _options()
    import torch

    device = torch.device(options.device)
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU'
    print(f'torch {torch.__version__}, {name}', flush=True)
    with open(options.json, 'w') as file:
        for shape in SHAPES if options.quick else SHAPES + MORE_SHAPES:
            for dtype in ('float32', 'float16') if device.type == 'cuda' else ('float32',):
                for layout in ('contiguous', 'channels last'):
                    row = _measure(torch, shape, dtype, layout, device, options.repeats)
                    print(_line(row), flush=True)
                    file.write(json.dumps(row) + '\n')


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--json', required=True, help='file for the results, a line each')
    parser.add_argument('--quick', action='store_true', help='fewer sizes')
    parser.add_argument('--device', default='cuda', help='cuda or cpu')
    parser.add_argument('--repeats', type=int, default=10, help='timed rounds over the copies of the inputs')
    return parser.parse_args()


def _measure(torch: Any, shape: Shape, dtype: str, layout: str, device: Any, repeats: int) -> dict:
    """Milliseconds of a forward and of a backward pass with all gradients."""
    number = getattr(torch, dtype)
    torch.manual_seed(0)
    array_bytes = shape.batch * shape.size**2 * shape.channels * number.itemsize
    # A CPU is only for trying this out.
    copies = max(2, min(16, ROTATED_BYTES // (2 * array_bytes))) if device.type == 'cuda' else 1
    calls = [_inputs(torch, shape, number, layout, device) for _ in range(copies)]
    sample = _bilinear if shape.kernel == 0 else _attention
    with torch.no_grad():
        forward = _median(torch, device, repeats, [lambda call=call: sample(torch, *call[:-1]) for call in calls])
    answers = [(sample(torch, *call[:-1]), call) for call in calls]

    def gradient(answer: Any, call: tuple) -> Any:
        wanted = [tensor for tensor in call[:-1] if tensor is not None]
        return torch.autograd.grad(answer, wanted, call[-1], retain_graph=True)

    backward = _median(torch, device, repeats, [lambda pair=pair: gradient(*pair) for pair in answers])
    return {
        **shape._asdict(),
        'format': dtype,
        'layout': layout,
        'forward_milliseconds': forward,
        'backward_milliseconds': backward,
    }


def _inputs(torch: Any, shape: Shape, number: Any, layout: str, device: Any) -> tuple:
    """(source, grid, attention or None, upstream gradient); the flow is smooth, of up to 4 pixels."""
    order = torch.channels_last if layout == 'channels last' else torch.contiguous_format

    def normal(*sizes: int) -> Any:
        return torch.randn(*sizes, device=device, dtype=number)

    size, maps = shape.size, (shape.batch, shape.channels, shape.size, shape.size)
    y, x = torch.meshgrid(*2 * [torch.arange(size, device=device, dtype=torch.float32)], indexing='ij')
    turn = 2 * torch.pi / size
    flow = 4 * torch.stack([torch.cos(turn * y) * torch.sin(turn * x), torch.sin(turn * x)], -1)
    coords = torch.stack([x, y], -1) + flow + 0.05 * torch.randn(shape.batch, size, size, 2, device=device)
    grid = (coords * (2 / (size - 1)) - 1).to(number).requires_grad_()
    attention = None
    if shape.kernel:
        attention = torch.softmax(normal(shape.batch, shape.kernel**2, size, size).float(), 1).to(number)
        attention.requires_grad_()
    source = normal(*maps).contiguous(memory_format=order).requires_grad_()
    return source, grid, attention, normal(*maps).contiguous(memory_format=order)


def _bilinear(torch: Any, source: Any, grid: Any, attention: None) -> Any:
    """`grid` [B, H, W, (x, y)] from -1, the first pixel, to 1, the last."""
    return torch.nn.functional.grid_sample(source, grid, 'bilinear', 'border', align_corners=True)


def _attention(torch: Any, source: Any, grid: Any, attention: Any) -> Any:
    """Patches [B, C, k H, k W], times the attention [B, k * k, H, W], pooled."""
    batch, _, size, _ = source.shape
    kernel = round(attention.shape[1] ** 0.5)
    reach = (torch.arange(kernel, device=source.device) - kernel // 2) * (2 / (size - 1))
    offsets = torch.stack(torch.meshgrid(reach, reach, indexing='ij')[::-1], -1).to(grid.dtype)
    points = grid[:, :, None, :, None] + offsets[None, None, :, None]
    patches = _bilinear(torch, source, points.reshape(batch, size * kernel, size * kernel, 2), None)
    spread = torch.nn.functional.pixel_shuffle(attention, kernel)
    return torch.nn.functional.avg_pool2d(patches * spread, kernel) * kernel**2


def _median(torch: Any, device: Any, repeats: int, calls: list[Callable]) -> float:
    """Median milliseconds of one of the calls, which are made one after the other."""
    times = []
    for _ in range(repeats + 2):
        if device.type == 'cuda':
            start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for call in calls:
                call()
            stop.record()
            stop.synchronize()
            times.append(start.elapsed_time(stop) / len(calls))
        else:
            began = time.perf_counter()
            for call in calls:
                call()
            times.append(1e3 * (time.perf_counter() - began) / len(calls))
    return statistics.median(times[2:])


def _line(row: dict) -> str:
    kind = f'attention {row["kernel"]}x{row["kernel"]} by patches' if row['kernel'] else 'grid_sample'
    size = f'{row["batch"]}x{row["size"]}x{row["size"]}x{row["channels"]}'
    return (
        f'{row["format"]} {kind:24} {size:14} {row["layout"]:13} forward {row["forward_milliseconds"]:8.4f} ms, '
        f'backward {row["backward_milliseconds"]:8.4f} ms'
    )


if __name__ == '__main__':
    main()
