"""Runs portable steps by JAX's runtime on people that are rendered meanwhile; needs no TensorFlow.

    python -m posewarp_tf.training.portable.run --step_dir=motion,layers --output_dir=out \
        --makehuman_dir=makehuman-assets/base --seconds=300,600

The steps of several stages follow one another, each from the weights of the one before. With --seconds the schedule of
the learning rate goes by time: the number of steps done is counted from where it was to that of the whole stage.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import app, flags

from posewarp_tf.synthetic.dataset import Settings
from posewarp_tf.synthetic.stream import PeopleStream
from posewarp_tf.training.portable.compiled import CompiledStep
from posewarp_tf.training.portable.memory import PeopleMemory

_STEP_DIR = flags.DEFINE_list('step_dir', None, 'Folders of steps.', required=True)
_OUTPUT = flags.DEFINE_string('output_dir', None, 'Folder for the state of the last step.', required=True)
_SECONDS = flags.DEFINE_list('seconds', [], 'When each step ends, from the start on; none: after its number of steps.')
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
_SAVE_EVERY = flags.DEFINE_float('save_every', 120.0, 'Seconds between two saved states of the last step.')


def main(argv: list[str]) -> None:
    if argv[1:]:
        raise app.UsageError(f'unexpected {argv[1:]}')
    folders = [pathlib.Path(folder) for folder in _STEP_DIR.value]
    ends = [float(end) for end in _SECONDS.value] or [None] * len(folders)
    if len(ends) != len(folders):
        raise app.UsageError(f'--seconds: got {len(ends)}, expected one for each of the {len(folders)} steps')
    began = time.monotonic()
    workers = _NUM_WORKERS.value or max((os.cpu_count() or 2) - 1, 1)
    with PeopleStream(_settings(folders[0]), workers, _FIRST.value) as stream:
        memory = PeopleMemory(stream, _CAPACITY.value, _SEED.value)
        with concurrent.futures.ThreadPoolExecutor(len(folders)) as pool:
            compiling = [pool.submit(CompiledStep, folder) for folder in folders]
            step = None
            for folder, end, compiled in zip(folders, ends, compiling):
                before, step = step, compiled.result()
                if before is not None:
                    step.take_over(before)
                memory.wait_for(_MIN_PEOPLE.value)
                seconds = time.monotonic() - began
                print(f'{folder}: begins on {step.device} after {seconds:.0f} s, {memory.num_taken} people', flush=True)
                output = pathlib.Path(_OUTPUT.value) if folder is folders[-1] else None
                train(step, memory, began, end, output)
        memory.close()
        print(f'{_OUTPUT.value}: saved; {memory.num_taken} people were seen', flush=True)


def train(
    step: CompiledStep, memory: PeopleMemory, began: float, end: float | None, output: pathlib.Path | None
) -> None:
    """Steps until the stage is done, or `end` seconds after `began`; saves into `output` now and then, and at the end."""
    first, last = step.counter, step.description['num_steps']
    started = shown = saved = time.monotonic()
    number = 0
    for batch in _batches(step, memory):
        if end is not None:
            share = min((time.monotonic() - started) / max(began + end - started, 1e-3), 1.0)
            step.count(first + int(share * (last - first)))
        losses = step(batch)
        number += 1
        done = step.counter >= last
        if number % _LOG_EVERY.value == 0 or done:
            values = dict(zip(step.description['losses'], (float(np.asarray(loss)) for loss in losses)))
            pace, shown = number / (time.monotonic() - started), time.monotonic()
            said = ', '.join(f'{name} {value:.4g}' for name, value in values.items())
            print(f'{shown - began:.0f} s, step {number}, {pace:.1f}/s, {memory.num_taken} people: {said}', flush=True)
            if not np.isfinite(values['total']):
                raise FloatingPointError(f'step {number}: the loss is not finite')
            if output and (done or shown - saved > _SAVE_EVERY.value):
                step.save(output)
                saved = time.monotonic()
        if done:
            return


def _batches(step: CompiledStep, memory: PeopleMemory, ahead: int = 3) -> Iterator[list[Any]]:
    """Batches on the device, `ahead` of them under way."""
    count = step.batch_shape[0]
    with concurrent.futures.ThreadPoolExecutor(ahead) as pool:
        waiting = [pool.submit(lambda: step.put_batch(memory.draw(count))) for _ in range(ahead)]
        while True:
            yield waiting.pop(0).result()
            waiting.append(pool.submit(lambda: step.put_batch(memory.draw(count))))


def _settings(folder: pathlib.Path) -> Settings:
    return Settings(
        0,
        0,
        _POSES.value,
        _PAIRS.value,
        CompiledStep.read_batch_shape(folder)[1:3],
        seed=_SEED.value,
        people='rendered',
        makehuman_dir=_MAKEHUMAN_DIR.value,
        one_place=True,
        still_camera=_STILL.value,
    )


if __name__ == '__main__':
    app.run(main)
