"""Times the programs of export_hlo.py on the GPU of a machine that has JAX: `python time_hlo.py --programs=hlo`.

Needs JAX and NumPy, nothing of this project and no TensorFlow. All programs are compiled first, side by side, then each
is timed alone: the median of runs that are waited for one by one, and the mean of runs queued one after the other.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import statistics
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

import numpy as np

INDEX = 'index.json'


def make_argument(parameter: dict, index: int) -> np.ndarray:
    """Float32 numbers of a parameter's shape, the same on every machine: normal with its mean and deviation."""
    numbers = np.random.default_rng(index).standard_normal(parameter['shape'], dtype=np.float32)
    return numbers * np.float32(parameter['deviation']) + np.float32(parameter['mean'])


def main() -> int:
    options = _options()
    started = time.monotonic()
    with open(os.path.join(options.programs, INDEX)) as file:
        index = json.load(file)
    import jax

    device = jax.devices()[0]
    print(f'jax {jax.__version__}, {device.device_kind}', flush=True)
    rows: list[dict] = []
    programs = index['programs'][: options.count or None]
    with ThreadPoolExecutor(options.threads) as pool:
        futures = {
            program['name']: pool.submit(_compile, options.programs, program['name'], device) for program in programs
        }
        wait_for(futures.values(), timeout=max(1.0, options.seconds * 0.85 - (time.monotonic() - started)))
        # What is late may still finish while others are timed, and then slows them down: its row says so.
        late = [name for name, future in futures.items() if not future.done()]
        arguments = _Arguments(device)
        for program in programs:
            if time.monotonic() - started > options.seconds and rows:
                break
            rows.append(_row(program, futures[program['name']], arguments, index, options.repeats, bool(late)))
            print(_line(rows[-1]), flush=True)
            if options.json:
                _write(options.json, {'jax': jax.__version__, 'device': device.device_kind, 'programs': rows})
        sys.stdout.flush()
        # Threads that still compile would be waited for.
        if late:
            os._exit(0)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--programs', required=True, help='folder that export_hlo.py wrote')
    parser.add_argument('--json', default='', help='file for the results')
    parser.add_argument('--count', type=int, default=0, help='only so many programs, the most important ones (0: all)')
    parser.add_argument('--repeats', type=int, default=20, help='timed runs of each')
    parser.add_argument('--threads', type=int, default=4, help='programs that are compiled at a time')
    parser.add_argument('--seconds', type=float, default=240, help='stop timing after about so many seconds')
    return parser.parse_args()


class _Arguments:
    """Arguments on the device; programs of the same parameters share them."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._kept: dict[tuple, Any] = {}

    def of(self, program: dict) -> list:
        import jax

        return [self._of(index, parameter, jax) for index, parameter in enumerate(program['parameters'])]

    def _of(self, index: int, parameter: dict, jax: Any) -> Any:
        key = (index, tuple(parameter['shape']), parameter['mean'], parameter['deviation'])
        if key not in self._kept:
            self._kept[key] = jax.device_put(make_argument(parameter, index), self._device)
        return self._kept[key]


def _compile(folder: str, name: str, device: Any) -> tuple[Any, float]:
    """The program on the device, and the seconds that compiling took."""
    # Neither is public: JAX has no other door for a program that another framework made.
    from jax._src.lib import xla_client
    from jaxlib import _jax

    started = time.monotonic()
    with open(os.path.join(folder, f'{name}.hlo.xz'), 'rb') as file:
        stable_hlo = _jax.mlir.hlo_to_stablehlo(lzma.decompress(file.read()))
    devices = _jax.DeviceList((device,))
    executable = device.client.compile_and_load(stable_hlo, devices, xla_client.CompileOptions())
    return executable, time.monotonic() - started


def _row(program: dict, future: Future, arguments: _Arguments, index: dict, repeats: int, was_late: bool) -> dict:
    """The measured numbers of a program, or why there are none."""
    row = {name: program[name] for name in ('name', 'what', 'batch', 'precision')}
    if not future.done():
        return {**row, 'reason': 'compiling took too long'}
    try:
        executable, compile_seconds = future.result()
        answers, single, queued = _time(executable, arguments.of(program), repeats)
    except Exception as error:  # Another program may still run.
        return {**row, 'reason': str(error).splitlines()[0][:200]}
    row.update(compile_seconds=compile_seconds, seconds=single, queued_seconds=queued, beside_compiling=was_late)
    first = np.asarray(answers[0], np.float32)
    row['is_finite'] = bool(np.isfinite(first).all())
    expected = index['answers'].get(str(program['batch']))
    if program['what'] == 'forward' and expected is not None:
        step = index['stride']
        row['largest_difference'] = float(np.abs(first[:, ::step, ::step] - np.asarray(expected)).max())
        row['largest_entry'] = float(np.abs(expected).max())
    else:
        row['loss'] = float(first.ravel()[0])
    return row


def _time(executable: Any, arguments: list, repeats: int) -> tuple[list, float, float]:
    """(answers, median seconds of runs waited for one by one, mean seconds of queued runs)."""

    def run() -> list:
        return [shards[0] for shards in executable.execute_sharded(arguments).disassemble_into_single_device_arrays()]

    for _ in range(3):
        answers = run()
        answers[0].block_until_ready()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()[0].block_until_ready()
        seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    for _ in range(repeats):
        last = run()
    last[0].block_until_ready()
    return answers, statistics.median(seconds), (time.perf_counter() - started) / repeats


def _line(row: dict) -> str:
    if 'reason' in row:
        return f'{row["name"]:28} not run: {row["reason"]}'
    if 'loss' in row:
        check = f'loss {row["loss"]:.6f}'
    else:
        check = f'differs from TensorFlow by {row["largest_difference"]:.1e} of {row["largest_entry"]:.1e}'
    return (
        f'{row["name"]:28} {1e3 * row["seconds"]:8.2f} ms, queued {1e3 * row["queued_seconds"]:8.2f} ms, compiled in '
        f'{row["compile_seconds"]:5.1f} s{" (others still compiling)" if row["beside_compiling"] else ""}, {check}'
    )


def _write(path: str, results: dict) -> None:
    with open(path, 'w') as file:
        json.dump(results, file, indent=1)


if __name__ == '__main__':
    sys.exit(main())
