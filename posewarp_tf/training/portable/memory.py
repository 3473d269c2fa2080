"""People of a stream, kept to be drawn from at random; imports no TensorFlow."""

from __future__ import annotations

import threading

import numpy as np

from posewarp_tf.synthetic.stream import PeopleStream, StreamedPerson

Batch = dict[str, np.ndarray]


class PeopleMemory:
    """The last `capacity` people of a stream, which a thread of its own takes as they come.

    Somebody new is as likely to be drawn as anybody else: what a network sees is limited by `capacity`, not by the pace
    of the stream.
    """

    def __init__(self, stream: PeopleStream, capacity: int, seed: int) -> None:
        self._stream = stream
        self._capacity = capacity
        self._people: list[StreamedPerson] = []
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Condition()
        self._error: BaseException | None = None
        self.num_taken = 0
        self._closed = False
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def wait_for(self, count: int) -> None:
        """Until `count` people are here; raises what stopped the stream."""
        with self._lock:
            self._lock.wait_for(lambda: self.num_taken >= count or self._error is not None)
        self._check()

    def draw(self, batch_size: int) -> Batch:
        """Pairs of different people as far as there are enough, in the arrays of PortableStep.batch_specs."""
        self._check()
        with self._lock:
            replace = len(self._people) < batch_size
            chosen = [self._people[i] for i in self._rng.choice(len(self._people), batch_size, replace)]
            numbers = [int(self._rng.integers(len(person.pairs))) for person in chosen]
        drawn: dict[str, list[np.ndarray]] = {}
        for person, number in zip(chosen, numbers):
            for role, picture in zip(('source', 'target'), person.pairs[number]):
                drawn.setdefault(f'{role}_image', []).append(person.images[picture])
                drawn.setdefault(f'{role}_parts', []).append(person.parts[picture])
                drawn.setdefault(f'{role}_keypoints', []).append(person.keypoints[picture])
            drawn.setdefault('flow', []).append(person.flows[number])
            drawn.setdefault('visibility', []).append(person.visibility[number])
        return {name: np.stack(values) for name, values in drawn.items()}

    def close(self) -> None:
        self._closed = True

    def _take(self) -> None:
        try:
            while not self._closed:
                person = self._stream.take()
                with self._lock:
                    if len(self._people) < self._capacity:
                        self._people.append(person)
                    else:
                        self._people[self.num_taken % self._capacity] = person
                    self.num_taken += 1
                    self._lock.notify_all()
        except BaseException as error:  # noqa: BLE001, raised where people are wanted
            with self._lock:
                self._error = error
                self._lock.notify_all()

    def _check(self) -> None:
        if self._error is not None and not self._closed:
            raise self._error
