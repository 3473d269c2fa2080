"""Runs portable steps by JAX's runtime on people that are rendered meanwhile; needs no TensorFlow.

    posewarp run-portable-step --step_dir=motion,layers --output_dir=out --makehuman_dir=makehuman-assets/base \\
        --seconds=300,600

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
from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.settings import command_line
from posewarp_tf.synthetic.settings import Settings
from posewarp_tf.synthetic.stream import PeopleStream
from posewarp_tf.training.portable.compiled import CompiledStep
from posewarp_tf.training.portable.memory import PeopleMemory

FLAGS = flags.FLAGS


def define_flags() -> None:
    flags.DEFINE_list('step_dir', [], 'Folders of steps, one for each stage.')
    flags.DEFINE_string('output_dir', '', 'Folder for the state of the last step.')
    flags.DEFINE_list('seconds', [], 'When each step ends, from the start on; none: after its number of steps.')
    flags.DEFINE_integer('num_workers', 0, 'Processes that render; 0: one for each core but one.', lower_bound=0)
    flags.DEFINE_integer('capacity', 8000, 'People kept to be drawn from.', lower_bound=1)
    flags.DEFINE_integer('first_person', 0, 'Number of the first person: earlier runs saw those before.', lower_bound=0)
    flags.DEFINE_integer('min_people', 256, 'People that must be there before the first step.', lower_bound=1)
    flags.DEFINE_integer('seed', 1, 'Of the people and of the draws.', lower_bound=0)
    flags.DEFINE_string('makehuman_dir', None, 'Folder of what people wear; see docs/rendered_people.md.')
    flags.DEFINE_integer('poses_per_person', 4, 'Pictures of each person.')
    flags.DEFINE_integer('pairs_per_person', 8, 'Ordered pairs of each person.')
    flags.DEFINE_float('still_camera', 0.3, 'Share of people whose pictures are all taken by one still camera.')
    flags.DEFINE_integer('log_every', 100, 'Steps between two lines about the losses.', lower_bound=1)
    flags.DEFINE_float('save_every', 120.0, 'Seconds between two saved states of the last step.')


def main() -> int:
    for name in ('step_dir', 'output_dir'):
        if not FLAGS[name].value:
            raise ConfigError(f'--{name}: got none, expected a folder')
    folders = [pathlib.Path(folder) for folder in FLAGS.step_dir]
    ends = _ends(FLAGS.seconds, len(folders))
    began = time.monotonic()
    workers = FLAGS.num_workers or max((os.cpu_count() or 2) - 1, 1)
    with PeopleStream(_settings(folders[0]), workers, FLAGS.first_person) as stream:
        memory = PeopleMemory(stream, FLAGS.capacity, FLAGS.seed)
        # One after the other: the first can begin before the next is compiled, which takes minutes.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            compiling = [pool.submit(CompiledStep, folder) for folder in folders]
            step = None
            for folder, end, compiled in zip(folders, ends, compiling):
                before, step = step, compiled.result()
                if before is not None:
                    step.take_over(before)
                memory.wait_for(FLAGS.min_people)
                seconds = time.monotonic() - began
                print(f'{folder}: begins on {step.device} after {seconds:.0f} s, {memory.num_taken} people', flush=True)
                if end is not None and seconds > end:
                    print(f'{folder}: its time was over before it was compiled: it does one step', flush=True)
                output = pathlib.Path(FLAGS.output_dir) if folder is folders[-1] else None
                train(step, memory, began, end, output)
        memory.close()
        print(f'{FLAGS.output_dir}: saved; {memory.num_taken} people were seen', flush=True)
    return 0


def train(
    step: CompiledStep, memory: PeopleMemory, began: float, end: float | None, output: pathlib.Path | None
) -> None:
    """Steps until the stage is done: after its number of steps, or `end` seconds after `began`.

    Saves the state into `output` every --save_every seconds and at the end.

    Raises:
        RunError: the loss is not finite.
    """
    first, last = step.counter, step.description['num_steps']
    started = saved = time.monotonic()
    for number, batch in enumerate(_batches(step, memory), start=1):
        if end is not None:
            share = min((time.monotonic() - started) / max(began + end - started, 1e-3), 1.0)
            step.count(first + int(share * (last - first)))
        losses = step(batch)
        done = step.counter >= last
        if number % FLAGS.log_every == 0 or done:
            values = dict(zip(step.description['losses'], (float(np.asarray(loss)) for loss in losses)))
            now = time.monotonic()
            pace, said = number / (now - started), ', '.join(f'{name} {value:.4g}' for name, value in values.items())
            print(f'{now - began:.0f} s, step {number}, {pace:.1f}/s, {memory.num_taken} people: {said}', flush=True)
            if not np.isfinite(values['total']):
                raise RunError(f'step {number}: the loss is not finite')
            if output and (done or now - saved > FLAGS.save_every):
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


def _ends(seconds: list[str], num_steps: int) -> list[float | None]:
    """When each step ends; None: after its number of steps."""
    if not seconds:
        return [None] * num_steps
    try:
        ends: list[float | None] = [float(end) for end in seconds]
    except ValueError:
        raise ConfigError(f'--seconds: got {",".join(seconds)}, expected numbers') from None
    if len(ends) != num_steps:
        raise ConfigError(f'--seconds: got {len(ends)}, expected one for each of the {num_steps} steps')
    return ends


def _settings(folder: pathlib.Path) -> Settings:
    """The people of a stream, in the size of the step in a folder."""
    _, height, width, _ = CompiledStep.read_batch_shape(folder)
    return Settings(
        num_train_people=0,
        num_test_people=0,
        poses_per_person=FLAGS.poses_per_person,
        pairs_per_person=FLAGS.pairs_per_person,
        image_size=(height, width),
        seed=FLAGS.seed,
        people='rendered',
        makehuman_dir=FLAGS.makehuman_dir,
        one_place=True,
        still_camera=FLAGS.still_camera,
    )


if __name__ == '__main__':
    command_line.run(define_flags, main)
