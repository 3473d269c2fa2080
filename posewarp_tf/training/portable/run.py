"""Runs a portable step by JAX's runtime on people that are rendered meanwhile; needs no TensorFlow.

python -m posewarp_tf.training.portable.run --step_dir=step --makehuman_dir=makehuman-assets/base --seconds=600
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import app, flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.synthetic.dataset import Settings
from posewarp_tf.synthetic.stream import PeopleStream
from posewarp_tf.training.portable.files import DESCRIPTION, read_program, read_state, write_state
from posewarp_tf.training.portable.memory import PeopleMemory

_STEP_DIR = flags.DEFINE_string('step_dir', None, 'Folder of the step.', required=True)
_OUTPUT = flags.DEFINE_string(
    'output_dir', None, 'Folder of the state at the end; none: that of --step_dir is replaced.'
)
_SECONDS = flags.DEFINE_float('seconds', 0.0, 'Stops after this time, the compilation included; 0: only after --steps.')
_STEPS = flags.DEFINE_integer('steps', 0, 'Stops after the step of this number; 0: only after --seconds.')
_NUM_WORKERS = flags.DEFINE_integer('num_workers', 0, 'Processes that render; 0: one for each core but one.')
_CAPACITY = flags.DEFINE_integer('capacity', 8000, 'People kept to be drawn from.', lower_bound=1)
_FIRST = flags.DEFINE_integer('first_person', 0, 'Number of the first person: those before were seen by earlier runs.')
_MIN_PEOPLE = flags.DEFINE_integer('min_people', 256, 'People that must be there before the first step.')
_SEED = flags.DEFINE_integer('seed', 1, 'Of the people and of the draws.')
_MAKEHUMAN_DIR = flags.DEFINE_string('makehuman_dir', None, 'What people wear; see docs/rendered_people.md.')
_POSES = flags.DEFINE_integer('poses_per_person', 4, 'Pictures of each person.')
_PAIRS = flags.DEFINE_integer('pairs_per_person', 8, 'Ordered pairs of each person.')
_STILL = flags.DEFINE_float('still_camera', 0.3, 'Share of people whose pictures are all taken by one still camera.')
_LOG_EVERY = flags.DEFINE_integer('log_every', 100, 'Steps between two lines about the losses.')
_SAVE_EVERY = flags.DEFINE_float('save_every', 120.0, 'Seconds between two saved states.')


class CompiledStep:
    """The program of a step folder, compiled for the first device, and its state there."""

    def __init__(self, folder: pathlib.Path) -> None:
        import jax
        from jax._src.lib import xla_client
        from jaxlib import _jax

        jax.config.update('jax_enable_x64', True)  # Counters of steps are of 64 bits.
        self._jax = jax
        self.description = json.loads((folder / DESCRIPTION).read_text())
        self.device = jax.devices()[0]
        module = _jax.mlir.hlo_to_stablehlo(read_program(folder))
        devices = _jax.DeviceList((self.device,))
        self._program = self.device.client.compile_and_load(module, devices, xla_client.CompileOptions())
        self._state = [self.put(array) for array in read_state(folder)]
        self._replaced = {int(output): given for output, given in self.description['replaced'].items()}

    def put(self, array: np.ndarray) -> Any:
        return self._jax.device_put(array, self.device)

    def put_batch(self, batch: dict[str, np.ndarray]) -> list[Any]:
        """The arrays of a batch on the device, in the program's order."""
        wanted = self.description['batch']
        arrays = [np.ascontiguousarray(batch[item['name']]) for item in wanted]
        for item, array in zip(wanted, arrays):
            if list(array.shape) != item['shape'] or array.dtype.name != item['dtype']:
                raise ConfigError(
                    f'{item["name"]}: got {array.dtype.name} {list(array.shape)}, expected {item["dtype"]} {item["shape"]}'
                )
        return [self.put(array) for array in arrays]

    def __call__(self, batch: list[Any]) -> list[Any]:
        """One step; its losses, not waited for."""
        results = self._program.execute_sharded([*batch, *self._state])
        outputs = [shards[0] for shards in results.disassemble_into_single_device_arrays()]
        for output, given in self._replaced.items():
            self._state[given] = outputs[output]
        return [value for index, value in enumerate(outputs) if index not in self._replaced]

    def save(self, folder: pathlib.Path) -> None:
        write_state(folder, [np.asarray(array) for array in self._state])


def main(argv: list[str]) -> None:
    if argv[1:]:
        raise app.UsageError(f'unexpected {argv[1:]}')
    if not (_SECONDS.value or _STEPS.value):
        raise app.UsageError('--seconds or --steps: expected at least one of them')
    began = time.monotonic()
    folder = pathlib.Path(_STEP_DIR.value)
    output = pathlib.Path(_OUTPUT.value or folder)
    count, height, width, _ = _batch_shape(folder)
    settings = Settings(
        0,
        0,
        _POSES.value,
        _PAIRS.value,
        (height, width),
        seed=_SEED.value,
        people='rendered',
        makehuman_dir=_MAKEHUMAN_DIR.value,
        one_place=True,
        still_camera=_STILL.value,
    )
    workers = _NUM_WORKERS.value or max((os.cpu_count() or 2) - 1, 1)
    with PeopleStream(settings, workers, _FIRST.value) as stream:
        memory = PeopleMemory(stream, _CAPACITY.value, _SEED.value)
        step = CompiledStep(folder)
        print(f'compiled for {step.device} after {time.monotonic() - began:.0f} s', flush=True)
        memory.wait_for(_MIN_PEOPLE.value)
        print(f'{memory.num_taken} people after {time.monotonic() - began:.0f} s', flush=True)
        try:
            train(step, memory, count, began, output)
        finally:
            step.save(output)
            memory.close()
            print(f'{output}: saved; {memory.num_taken} people were seen', flush=True)


def train(step: CompiledStep, memory: PeopleMemory, count: int, began: float, output: pathlib.Path) -> None:
    """Steps until --steps or --seconds."""
    number, shown, saved = step.description['step'], time.monotonic(), time.monotonic()
    for batch in _batches(step, memory, count):
        losses = step(batch)
        number += 1
        if number % _LOG_EVERY.value == 0:
            values = dict(zip(step.description['losses'], (float(np.asarray(loss)) for loss in losses)))
            pace = _LOG_EVERY.value / (time.monotonic() - shown)
            shown = time.monotonic()
            said = ', '.join(f'{name} {value:.4g}' for name, value in values.items())
            print(
                f'{shown - began:.0f} s, step {number}, {pace:.1f} steps/s, {memory.num_taken} people: {said}',
                flush=True,
            )
            if not np.isfinite(values['total']):
                raise FloatingPointError(f'step {number}: the loss is not finite')
            if shown - saved > _SAVE_EVERY.value:
                step.save(output)
                saved = time.monotonic()
            if _SECONDS.value and shown - began > _SECONDS.value:
                return
        if _STEPS.value and number >= _STEPS.value:
            return


def _batches(step: CompiledStep, memory: PeopleMemory, count: int, ahead: int = 3) -> Iterator[list[Any]]:
    """Batches on the device, `ahead` of them under way."""
    with concurrent.futures.ThreadPoolExecutor(ahead) as pool:
        waiting = [pool.submit(lambda: step.put_batch(memory.draw(count))) for _ in range(ahead)]
        while True:
            yield waiting.pop(0).result()
            waiting.append(pool.submit(lambda: step.put_batch(memory.draw(count))))


def _batch_shape(folder: pathlib.Path) -> tuple[int, ...]:
    items = json.loads((folder / DESCRIPTION).read_text())['batch']
    (shape,) = (item['shape'] for item in items if item['name'] == 'source_image')
    return tuple(shape)


if __name__ == '__main__':
    app.run(main)
