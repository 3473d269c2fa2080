"""A portable step compiled for the first device that JAX's runtime finds; imports no TensorFlow."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np

from posewarp_tf.errors import ConfigError
from posewarp_tf.training.portable.files import COUNTER, DESCRIPTION, read_program, read_state, write_state


class CompiledStep:
    """The program of a step folder, and its state on the device.

    Attributes:
        description: of the folder.
        counter: how many steps are done, as its schedules count.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        import jax
        from jax._src.lib import xla_client
        from jaxlib import _jax

        jax.config.update('jax_enable_x64', True)  # Counters of steps are of 64 bits.
        self._jax = jax
        self.description = json.loads((folder / DESCRIPTION).read_text())
        self.batch_shape = self.read_batch_shape(folder)
        self.device = jax.devices()[0]
        module = _jax.mlir.hlo_to_stablehlo(read_program(folder))
        devices = _jax.DeviceList((self.device,))
        self._program = self.device.client.compile_and_load(module, devices, xla_client.CompileOptions())
        arrays = read_state(folder)
        self._places = {name: index for index, name in enumerate(self.description['state'])}
        self._state = [self.put(array) for array in arrays]
        self.counter = int(arrays[self._places[COUNTER]])
        self._replaced = {int(output): given for output, given in self.description['replaced'].items()}

    @staticmethod
    def read_batch_shape(folder: pathlib.Path) -> tuple[int, ...]:
        """(batch, height, width, 3) of the step in a folder."""
        items = json.loads((folder / DESCRIPTION).read_text())['batch']
        (shape,) = (item['shape'] for item in items if item['name'] == 'source_image')
        return tuple(shape)

    def put(self, array: np.ndarray) -> Any:
        """The array on the device."""
        return self._jax.device_put(array, self.device)

    def put_batch(self, batch: dict[str, np.ndarray]) -> list[Any]:
        """The arrays of a batch on the device, in the program's order.

        Raises:
            ConfigError: shapes or dtypes other than those that the program was made for.
        """
        wanted = self.description['batch']
        arrays = [np.ascontiguousarray(batch[item['name']]) for item in wanted]
        for item, array in zip(wanted, arrays):
            if list(array.shape) != item['shape'] or array.dtype.name != item['dtype']:
                expected = f'{item["dtype"]} {item["shape"]}'
                raise ConfigError(f'{item["name"]}: got {array.dtype.name} {list(array.shape)}, expected {expected}')
        return [self.put(array) for array in arrays]

    def count(self, number: int) -> None:
        """Sets how many steps are done: learning rates and random draws follow it."""
        if number > self.counter:
            self._state[self._places[COUNTER]] = self.put(np.array(number, np.int64))
            self.counter = number

    def take_over(self, other: CompiledStep) -> None:
        """Starts from the weights of another stage's networks."""
        for name, index in self._places.items():
            if '/' in name and not name.startswith('optimizer'):
                self._state[index] = self.put(np.asarray(other._state[other._places[name]]))

    def __call__(self, batch: list[Any]) -> list[Any]:
        """One step; its losses, not waited for."""
        results = self._program.execute_sharded([*batch, *self._state])
        outputs = [shards[0] for shards in results.disassemble_into_single_device_arrays()]
        for output, given in self._replaced.items():
            self._state[given] = outputs[output]
        self.counter += 1
        return [value for index, value in enumerate(outputs) if index not in self._replaced]

    def save(self, folder: pathlib.Path) -> None:
        write_state(folder, [np.asarray(array) for array in self._state])
