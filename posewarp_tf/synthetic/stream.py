"""People without end, made by other processes while a network learns from those before: no data set on disk.

    settings = Settings(0, 0, 4, 8, (256, 192), seed=1, people='rendered', makehuman_dir='makehuman-assets/base')
    with PeopleStream(settings, num_workers=15) as stream:
        person = stream.take()

Person i of a seed is person i of the training part of a data set with the same settings. Workers are fresh processes,
so that the one that takes may run any framework; the first of them compiles the loops, the others wait for it. Its main
module is imported by the workers and has to be guarded by `if __name__ == '__main__':`.
"""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing import connection as pipes
from typing import Any

import numpy as np
from absl import logging

from posewarp_tf.errors import PosewarpError
from posewarp_tf.synthetic.settings import Settings
from posewarp_tf.synthetic.stream_worker import AHEAD, StreamedPerson, arrays_in, layout, work

_MOST_FAILURES = 20  # people in a row that nobody could make
# Every worker has a core to itself.
_ONE_THREAD = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMBA_NUM_THREADS')


class StreamError(RuntimeError):
    """Workers that died, failed at everybody, or made nobody in time."""


class PeopleStream:
    """Hands out people in the order in which they are finished, each once, from person 0 on.

    settings.poses_per_person is K, settings.pairs_per_person is P; numbers of people are ignored. A person whose making
    fails is logged and left out.
    """

    def __init__(self, settings: Settings, num_workers: int, first: int = 0) -> None:
        """Starts the workers; `first` is the number of the first person.

        Raises:
            ValueError: num_workers or first out of range.
        """
        if num_workers < 1 or first < 0:
            raise ValueError(f'got {num_workers} workers and first person {first}, expected at least 1 and at least 0')
        self._next = first
        self._num_failures = 0
        self._finished: collections.deque[tuple[_Worker, int, int]] = collections.deque()
        # Fresh processes: forking one that runs TensorFlow or JAX is not safe.
        context = multiprocessing.get_context('spawn')
        gate, opener = context.Pipe(duplex=False)
        self._workers: list[_Worker] = []
        try:
            with _single_threads():
                for number in range(num_workers):
                    is_first = number == 0
                    self._workers.append(_Worker(context, settings, opener if is_first else gate, is_first))
        except BaseException:
            self.close()
            raise
        finally:
            opener.close()
            gate.close()
        for slot in range(AHEAD):
            for worker in self._workers:
                self._ask(worker, slot)

    def take(self, timeout: float = 300.0) -> StreamedPerson:
        """The next person who is finished.

        Raises:
            PosewarpError: the settings cannot work; the message says what to do.
            StreamError: nobody within `timeout` seconds, a worker died, or many people in a row failed.
        """
        end = time.monotonic() + timeout
        while not self._finished:
            if not self._workers:
                raise StreamError('the stream is closed')
            ready = pipes.wait([worker.pipe for worker in self._workers], max(0.0, end - time.monotonic()))
            if not ready:
                raise StreamError(f'nobody was made within {timeout:g} s by {len(self._workers)} workers')
            for worker in self._workers:
                if worker.pipe in ready:
                    self._listen(worker)
        worker, slot, index = self._finished.popleft()
        person = StreamedPerson(index, **{name: array[slot].copy() for name, array in worker.arrays.items()})
        self._ask(worker, slot)
        return person

    def close(self) -> None:
        """Ends the workers; whoever is not taken yet is gone."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers = []
        self._finished.clear()

    def __enter__(self) -> PeopleStream:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _ask(self, worker: _Worker, slot: int) -> None:
        # A worker that is gone has left its reason in the pipe, or none: both are met when listening.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            worker.pipe.send((slot, self._next))
        self._next += 1

    def _listen(self, worker: _Worker) -> None:
        try:
            slot, index, failure, reason = worker.pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            worker.process.join(5.0)
            raise StreamError(f'a worker died, exit code {worker.process.exitcode}') from error
        if slot is None:
            raise reason if isinstance(reason, PosewarpError) else StreamError(f'a worker cannot start:\n{failure}')
        if failure is None:
            self._num_failures = 0
            self._finished.append((worker, slot, index))
            return
        self._num_failures += 1
        logging.warning('person %d is left out: %s', index, failure)
        if self._num_failures >= _MOST_FAILURES:
            raise StreamError(f'{_MOST_FAILURES} people in a row could not be made, the last because of:\n{failure}')
        self._ask(worker, slot)


class _Worker:
    """A process, the pipe to it, and memory that it shares: arrays of `AHEAD` people by name."""

    def __init__(self, context: Any, settings: Settings, gate: Any, is_first: bool) -> None:
        num_bytes = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in layout(settings).values())
        memory = context.RawArray('B', AHEAD * num_bytes)
        self.arrays = arrays_in(memory, settings)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, gate, memory, settings, is_first), daemon=True)
        self.process.start()
        theirs.close()


@contextlib.contextmanager
def _single_threads() -> Iterator[None]:
    """Processes that start meanwhile compute with one thread each."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
