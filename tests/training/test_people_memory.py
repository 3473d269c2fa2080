"""People of a stream that are kept and drawn from, and training by the clock; the stream and the step are stand-ins."""

import threading
import types

import numpy as np
import pytest

from posewarp_tf.errors import DataError, RunError
from posewarp_tf.synthetic.stream import StreamedPerson
from posewarp_tf.training.portable import run
from posewarp_tf.training.portable.memory import PeopleMemory

PAIRS = np.array([(0, 1), (2, 0)], np.int32)


def person(index):
    """Everything of picture k of person i is 10 i + k, everything of its pair p 10 i + 5 + p."""
    pictures, pairs = 10 * index + np.arange(3), 10 * index + 5 + np.arange(2)
    return StreamedPerson(
        index=index,
        images=np.tile(pictures.astype(np.uint8)[:, None, None, None], (1, 4, 6, 3)),
        parts=np.tile(pictures.astype(np.uint8)[:, None, None], (1, 4, 6)),
        keypoints=np.tile(pictures.astype(np.float32)[:, None, None], (1, 18, 2)),
        pairs=PAIRS,
        flows=np.tile(pairs.astype(np.float16)[:, None, None, None], (1, 4, 6, 2)),
        visibility=np.tile(pairs.astype(np.uint8)[:, None, None], (1, 4, 6)),
    )


class Stream:
    """People 0, 1, ..., `count` of them; then it fails, or says nothing more."""

    def __init__(self, count, error=None):
        self.given, self.count, self.error = 0, count, error
        self.silence = threading.Event()

    def take(self):
        if self.given == self.count:
            if self.error is None:
                self.silence.wait()
            raise self.error
        self.given += 1
        return person(self.given - 1)


@pytest.fixture
def memory_of():
    streams = []

    def make(count, capacity=100, seed=3, error=None):
        streams.append(Stream(count, error))
        memory = PeopleMemory(streams[-1], capacity, seed)
        if error is None:
            memory.wait_for(count)
        return memory

    yield make
    for stream in streams:
        stream.error = RuntimeError('the test is over')
        stream.silence.set()


def people_in(batch):
    return batch['source_image'][:, 0, 0, 0] // 10


def test_pictures_flow_and_visibility_of_a_pair_belong_together(memory_of):
    memory = memory_of(6)
    for _ in range(20):
        batch = memory.draw(4)
        number = batch['flow'][:, 0, 0, 0].astype(int) - 10 * people_in(batch) - 5
        for side, role in enumerate(('source', 'target')):
            expected = 10 * people_in(batch) + PAIRS[number, side]
            for kind in ('image', 'parts', 'keypoints'):
                values = batch[f'{role}_{kind}']
                np.testing.assert_array_equal(
                    values, np.broadcast_to(expected.reshape(-1, *[1] * (values.ndim - 1)), values.shape)
                )
        np.testing.assert_array_equal(batch['visibility'][:, 0, 0], batch['flow'][:, 0, 0, 0])


def test_people_of_a_batch_are_different_while_there_are_enough(memory_of):
    memory = memory_of(5)
    assert all(len(set(people_in(memory.draw(5)))) == 5 for _ in range(20))
    assert memory.draw(9)['flow'].shape == (9, 4, 6, 2)


def test_the_last_people_are_kept(memory_of):
    memory = memory_of(11, capacity=4)
    drawn = {int(index) for _ in range(50) for index in people_in(memory.draw(4))}
    assert drawn == {7, 8, 9, 10}
    assert memory.num_taken == 11


def test_the_seed_decides_what_is_drawn(memory_of):
    def flows(seed):
        memory = memory_of(20, seed=seed)
        return np.concatenate([memory.draw(4)['flow'][:, 0, 0, 0] for _ in range(5)])

    np.testing.assert_array_equal(flows(3), flows(3))
    assert not np.array_equal(flows(3), flows(4))


def test_what_stops_the_stream_is_raised_where_people_are_wanted(memory_of):
    memory = memory_of(3, error=DataError('clothes: got none'))
    with pytest.raises(DataError, match='clothes'):
        memory.wait_for(4)
    with pytest.raises(DataError, match='clothes'):
        memory.draw(1)


class Step:
    """Counts and remembers; its loss is the number of steps that it has done."""

    device, batch_shape = 'none', (2, 4, 6, 3)

    def __init__(self, counter, num_steps, loss=1.0):
        self.counter, self.loss, self.calls, self.counted, self.saved = counter, loss, 0, [], []
        self.description = {'num_steps': num_steps, 'losses': ['total']}

    def put_batch(self, batch):
        return [batch]

    def count(self, number):
        self.counter = max(self.counter, number)
        self.counted.append(self.counter)

    def __call__(self, batch):
        self.calls += 1
        self.counter += 1
        return [np.float32(self.loss)]

    def save(self, folder):
        self.saved.append((folder, self.counter))


@pytest.fixture
def clock(monkeypatch):
    """A clock on which a second passes whenever it is looked at."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(run, 'time', types.SimpleNamespace(monotonic=lambda: float(next(seconds))))
    monkeypatch.setattr(run, 'FLAGS', types.SimpleNamespace(log_every=100, save_every=1e9))


def test_without_an_end_a_stage_has_its_number_of_steps(memory_of, clock, tmp_path):
    step = Step(counter=4, num_steps=10)
    run.train(step, memory_of(3), began=0.0, end=None, output=tmp_path)
    assert step.calls == 6 and step.saved == [(tmp_path, 10)]


def test_with_an_end_the_schedule_goes_by_time(memory_of, clock, tmp_path):
    step = Step(counter=100, num_steps=1100)
    run.train(step, memory_of(3), began=0.0, end=50.0, output=tmp_path)
    # The clock is looked at once at the beginning and once per step: 50 seconds have passed after about 50 steps.
    assert 45 <= step.calls <= 50
    np.testing.assert_allclose(np.diff(step.counted), 20, atol=1)
    assert step.counted[0] == 120 and step.saved[-1][1] >= 1100


def test_a_loss_that_is_not_finite_is_an_error_and_nothing_is_saved(memory_of, clock, tmp_path):
    step = Step(counter=0, num_steps=3, loss=np.nan)
    with pytest.raises(RunError, match='not finite'):
        run.train(step, memory_of(3), began=0.0, end=None, output=tmp_path)
    assert step.saved == []
