"""Workers on this machine, each a process with one thread."""

import contextlib
import json
import socket
import time

from tests.processes import start_module
from tests.source_code import ROOT

_ONE_THREAD = dict.fromkeys(('TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'), '1')


class LocalWorkers:
    """Processes that run a module side by side under a TF_CONFIG; `arguments(index)` are those of each."""

    def __init__(self, module, arguments, count, folder):
        self.module = module
        self.arguments = arguments
        self.folder = folder
        self.addresses = free_addresses(count)
        self.processes = [None] * count
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, index):
        task = {'type': 'worker', 'index': index}
        variable = json.dumps({'cluster': {'worker': self.addresses}, 'task': task})
        self.processes[index] = start_module(
            self.module,
            [str(argument) for argument in self.arguments(index)],
            ROOT,
            self._log(index),
            TF_CONFIG=variable,
            **_ONE_THREAD,
        )

    def log(self, index):
        return self._log(index).read_text(errors='replace')

    def wait(self, seconds=900):
        """The exit codes of all; those that are still there after the time are killed."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(deadline - time.monotonic(), 0))
        return self.end()

    def end(self):
        for process in self.processes:
            if process is not None and process.is_alive():
                process.kill()
                process.join()
        return [process and process.exitcode for process in self.processes]

    def _log(self, index):
        return self.folder / f'worker-{index}.log'


@contextlib.contextmanager
def local_workers(module, arguments, count, folder):
    """All of them started, and ended at the end."""
    workers = LocalWorkers(module, arguments, count, folder)
    try:
        for index in range(count):
            workers.start(index)
        yield workers
    finally:
        workers.end()


def free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [f'127.0.0.1:{one.getsockname()[1]}' for one in sockets]
