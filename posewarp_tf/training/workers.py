"""The processes that train together: what they tell each other beside gradients. A process on its own is one worker.

The chief, worker 0, alone has to do with the run folder. What it reads there the others get from it, so that they need
not see the folder; what is written there it writes. All decide alike, since each of these calls is made by all of them
in the same order and gives all the same answer.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import posewarp_tf
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.options import fields_of
from posewarp_tf.settings.sections import DataConfig
from posewarp_tf.training.cluster import Cluster
from posewarp_tf.training.interruption import Interruption

# Settings by which data are found and read, which is each machine's own affair.
_OWN = {name for name, (field, _) in fields_of(DataConfig).items() if field.metadata['may_change']}


class Workers:
    """All workers of a strategy, seen by one of them.

    Attributes:
        strategy: the one that they train under.
        count: how many workers there are.
        index: which of them this process is.
    """

    def __init__(self, strategy: tf.distribute.Strategy, cluster: Cluster | None):
        self.strategy = strategy
        self.index, self.count = (cluster.index, len(cluster.addresses)) if cluster else (0, 1)

    @property
    def is_chief(self) -> bool:
        """Whether this one has the run folder."""
        return self.index == 0

    def check_settings(self, config: Config) -> None:
        """Raises ConfigError, in all workers, if one has other settings or packages than the chief.

        Where data lie, and how they are read, may differ.
        """
        if self.count == 1:
            return
        settings = {f'--{name}': value for name, value in config.settings().items() if name not in _OWN}
        packages = {'posewarp_tf': posewarp_tf.__version__, 'TensorFlow': tf.__version__}
        given = [json.loads(text) for text in self._texts(json.dumps({**settings, **packages}))]
        for index, found in enumerate(given):
            lines = [
                f'\n  {name}: got {json.dumps(found.get(name))}, expected {json.dumps(value)}'
                for name, value in given[0].items()
                if found.get(name) != value
            ]
            if lines:
                raise ConfigError(f'worker {index}: other settings than the chief, worker 0, has:{"".join(lines)}')

    def agree_to_stop(self, interruption: Interruption) -> bool:
        """Whether any worker was asked to stop; if so, `interruption` notes the signal in all of them."""
        numbers = Interruption.SIGNALS
        asked = self._sum([float(interruption.signal == number) for number in numbers])
        noted = [number for number, times in zip(numbers, asked) if times]
        if noted and interruption.signal is None:
            interruption.signal = noted[-1]
        return bool(noted)

    def told_by_chief(self, number: int) -> int:
        """The chief's number; that of others counts for nothing."""
        return int(self._sum([number if self.is_chief else 0])[0])

    def copy_from_chief(self, variables: Sequence[tf.Variable]) -> None:
        """Gives all workers the chief's values: x + 0 + 0 + ... = x."""
        if self.count == 1:
            return
        kinds: dict[tf.DType, list[tf.Variable]] = {}
        for variable in variables:
            kinds.setdefault(variable.dtype, []).append(variable)
        for some in kinds.values():
            for variable, value in zip(some, self._chiefs(some)):
                variable.assign(self.strategy.experimental_local_results(value)[0])

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Where workers wait for each other; RunError in those that are left when another one ends."""
        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
            if self.count == 1:
                raise
            lines = str(error).splitlines()
            reason = next((line for line in lines if 'aborted by' in line), lines[0])
            raise RunError(
                f'worker {self.index} of {self.count}: another worker has ended, whose log may say why; start all of '
                f'them again, and training goes on from the last checkpoint ({reason.strip()})'
            ) from error

    def _chiefs(self, variables: Sequence[tf.Variable]) -> Sequence[Any]:
        def of_replica() -> Sequence[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            is_first = tf.equal(context.replica_id_in_sync_group, 0)
            return context.all_reduce('SUM', [tf.where(is_first, v, tf.zeros_like(v)) for v in variables])

        return tf.function(lambda: self.strategy.run(of_replica), autograph=False)()

    def _sum(self, numbers: Sequence[float]) -> np.ndarray:
        """Sums over the workers, float64."""
        if self.count == 1:
            return np.array(numbers, np.float64)
        total = self.strategy.reduce('SUM', self._of_first_replica(np.array(numbers, np.float64)), axis=None)
        return total.numpy()

    def _texts(self, own: str) -> list[str]:
        """The texts of all workers, in order."""
        # Not every kind of number can be gathered on every device, and floats can.
        numbers = np.frombuffer(own.encode() + b'\0', np.uint8).astype(np.float32)
        gathered = self.strategy.gather(self._of_first_replica(numbers, numbers[:0]), axis=0).numpy()
        return gathered.astype(np.uint8).tobytes().decode().split('\0')[:-1]

    def _of_first_replica(self, own: np.ndarray, others: np.ndarray | None = None) -> Any:
        """`own` of the worker's first replica, of its others `others`, or zeros."""
        replicas = self.strategy.num_replicas_in_sync // self.count
        others = np.zeros_like(own) if others is None else others
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(others if context.replica_id_in_sync_group % replicas else own)
        )
