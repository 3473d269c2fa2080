"""Work in several processes."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any


def in_processes(function: Callable[[Any], Any], tasks: list, num_processes: int) -> Iterator[Any]:
    """Results in the order of `tasks`."""
    pool = _make_pool(min(num_processes, len(tasks)))
    if pool is None:
        yield from map(function, tasks)
        return
    with pool:
        try:
            yield from pool.map(function, tasks)
        finally:
            pool.shutdown(cancel_futures=True)


def _make_pool(num_processes: int) -> concurrent.futures.ProcessPoolExecutor | None:
    """None where one process does, or where this machine lets nobody share memory between several."""
    if num_processes < 2:
        return None
    # Fresh processes: forking one that runs TensorFlow is not safe.
    context = multiprocessing.get_context('spawn')
    try:
        return concurrent.futures.ProcessPoolExecutor(num_processes, mp_context=context)
    except OSError as error:
        print(f'working in one process: this machine makes no semaphores ({error.strerror}: is /dev/shm writable?)')
        return None
