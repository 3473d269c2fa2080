"""The workers that train together, as the environment variable TF_CONFIG names them; imports no TensorFlow.

    {"cluster": {"worker": ["a.example:2222", "b.example:2222"]}, "task": {"type": "worker", "index": 0}}

It is the engine's own convention, which job systems and cloud services set: the same `cluster` in every process, and in
`task` which of its addresses the process is. Beside workers there may be one chief; without one the first worker is it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from typing import Any

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings.sections import TrainingConfig

VARIABLE = 'TF_CONFIG'

_EXAMPLE = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
_TYPES = ('chief', 'worker')


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Addresses of all workers, the chief's first, and which of them this process is."""

    addresses: tuple[str, ...]
    index: int


def cluster_of(training: TrainingConfig) -> Cluster | None:
    """The cluster that this process trains in, as `--distribution` and TF_CONFIG say; None: it trains alone.

    Raises:
        ConfigError: TF_CONFIG is asked for and missing, or not what it has to be.
    """
    if training.distribution not in ('auto', 'multi_worker'):
        return None
    cluster = read_cluster(os.environ.get(VARIABLE, ''))
    if training.distribution == 'multi_worker':
        if cluster is None:
            raise ConfigError(f'--distribution=multi_worker: {VARIABLE} names no cluster, expected {_EXAMPLE}')
        return cluster
    return cluster if cluster and len(cluster.addresses) > 1 else None


def read_cluster(text: str) -> Cluster | None:
    """What a TF_CONFIG says; None where it is empty or names no cluster, as some services set it for one machine.

    Raises:
        ConfigError: not JSON, or anything in it that cannot be trained with.
    """
    try:
        config = json.loads(text or '{}')
    except json.JSONDecodeError as error:
        raise ConfigError(f'{VARIABLE}: not JSON ({error}): got {text[:200]!r}, expected {_EXAMPLE}') from error
    cluster = config.get('cluster') if isinstance(config, dict) else config
    if not cluster and isinstance(config, dict):
        return None
    if not isinstance(cluster, dict):
        raise ConfigError(f'{VARIABLE}: got {text[:200]!r}, expected {_EXAMPLE}')
    places = [(kind, index) for kind in _TYPES for index in range(len(_addresses(cluster, kind)))]
    addresses = tuple(address for kind in _TYPES for address in _addresses(cluster, kind))
    _check_cluster(cluster, addresses)
    task = config.get('task')
    place: Any = (task.get('type'), _number(task.get('index'))) if isinstance(task, dict) else None
    if place not in places:
        expected = ', '.join(f'{kind} {index}' for kind, index in places)
        raise ConfigError(f'{VARIABLE}: task: got {json.dumps(task)}, expected the type and index of one of {expected}')
    return Cluster(addresses, places.index(place))


def _addresses(cluster: dict, kind: str) -> list:
    found = cluster.get(kind, [])
    if not isinstance(found, list):
        raise ConfigError(f'{VARIABLE}: cluster: {kind}: got {json.dumps(found)}, expected a list of host:port')
    return found


def _check_cluster(cluster: dict, addresses: tuple) -> None:
    others = sorted(kind for kind in cluster if kind not in _TYPES and cluster[kind])
    if others:
        raise ConfigError(
            f'{VARIABLE}: cluster: got {", ".join(others)}, expected no other tasks than chief and worker'
        )
    if len(_addresses(cluster, 'chief')) > 1:
        raise ConfigError(f'{VARIABLE}: cluster: got {len(cluster["chief"])} chiefs, expected at most one')
    for address in addresses:
        port = re.fullmatch(r'[^\s/]+:(\d{1,5})', address) if isinstance(address, str) else None
        if port is None or not 0 < int(port[1]) < 2**16:
            raise ConfigError(f'{VARIABLE}: cluster: got {json.dumps(address)}, expected host:port')
        if addresses.count(address) > 1:
            raise ConfigError(f'{VARIABLE}: cluster: got {address} twice, expected an address for each process')


def _number(index: Any) -> int | None:
    """Some services write it as text."""
    return int(index) if isinstance(index, (int, str)) and str(index).isdigit() else None
