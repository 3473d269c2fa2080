"""The stream of people: who comes is who a data set would hold, and what goes wrong in a worker reaches the taker."""

import dataclasses
import logging
import multiprocessing

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import ConfigError
from posewarp_tf.synthetic import Settings, write_dataset
from posewarp_tf.synthetic.stream import PeopleStream, StreamError
from posewarp_tf.synthetic.stream_worker import stream_person

SETTINGS = Settings(2, 0, 3, 4, (48, 33), seed=5, train_flows=True)
_READS = []


class Unlucky(Settings):
    """Nobody can be drawn but persons 0 and 2, by one worker; the yaw is asked for once in each of three pictures."""

    def __getattribute__(self, name):
        if name == 'max_yaw':
            _READS.append(name)
            if not (len(_READS) <= 3 or 5 <= len(_READS) <= 7):
                raise ValueError('nobody turns like this')
        return super().__getattribute__(name)


def take(stream, count):
    return {person.index: person for person in (stream.take() for _ in range(count))}


def test_people_are_those_of_a_data_set_with_the_same_seed(tmp_path):
    write_dataset(tmp_path / 'people', SETTINGS, num_processes=1, show_progress=False)
    rows = (tmp_path / 'people' / 'fasion-pairs-train.csv').read_text().split()[1:]
    for index in (0, 1):
        person = stream_person(SETTINGS, index)
        stems = [f'train_{index:05d}_{number:02d}' for number in range(3)]
        for number, stem in enumerate(stems):
            saved = Image.open(tmp_path / 'people' / 'train' / f'{stem}.jpg')
            np.testing.assert_array_equal(person.images[number], np.asarray(saved))
            parts = Image.open(tmp_path / 'people' / 'parts' / f'{stem}.png')
            np.testing.assert_array_equal(person.parts[number], np.asarray(parts))
        pairs = [f'{stems[source]}.jpg,{stems[target]}.jpg' for source, target in person.pairs]
        assert pairs == rows[4 * index : 4 * index + 4]
        for (source, target), flow, visibility in zip(person.pairs, person.flows, person.visibility):
            with np.load(tmp_path / 'people' / 'flows' / f'{stems[source]}__{stems[target]}.npz') as file:
                np.testing.assert_array_equal(flow, file['flow'].astype(np.float16))
                np.testing.assert_array_equal(visibility, file['visibility'])


def test_workers_hand_out_everybody_once():
    with PeopleStream(SETTINGS, num_workers=2, first=7) as stream:
        people = take(stream, 8)
    # No worker is more than three people behind the other.
    assert len(people) == 8 and min(people) == 7 and max(people) < 7 + 8 + 6
    for index, person in people.items():
        expected = stream_person(SETTINGS, index)
        for field in dataclasses.fields(person):
            found, wanted = getattr(person, field.name), getattr(expected, field.name)
            np.testing.assert_array_equal(found, wanted, err_msg=f'{field.name} of person {index}')
            assert np.asarray(found).dtype == np.asarray(wanted).dtype
    assert not multiprocessing.active_children()
    with pytest.raises(StreamError, match='the stream is closed'):
        stream.take()


def test_settings_that_cannot_work_are_told_as_they_are_elsewhere():
    settings = dataclasses.replace(SETTINGS, people='rendered')
    stream = PeopleStream(settings, num_workers=1)
    with stream, pytest.raises(ConfigError, match='--makehuman_dir is missing'):
        stream.take()
    with pytest.raises(ValueError, match='got 0 workers and first person 0'):
        PeopleStream(SETTINGS, num_workers=0)


def test_who_cannot_be_made_is_left_out_until_nobody_can(caplog, monkeypatch):
    settings = Unlucky(**{field.name: getattr(SETTINGS, field.name) for field in dataclasses.fields(SETTINGS)})
    monkeypatch.setattr(logging.getLogger('absl'), 'propagate', True)
    # Programs that other tests ran may have made absl quieter.
    caplog.set_level(logging.INFO, logger='absl')
    with PeopleStream(settings, num_workers=1) as stream:
        assert list(take(stream, 2)) == [0, 2]
        with pytest.raises(StreamError, match='20 people in a row could not be made'):
            stream.take()
    first = caplog.records[0].getMessage()
    assert first.startswith('person 1 is left out: Traceback') and 'nobody turns like this' in first


def test_a_worker_that_dies_and_one_that_is_late_are_errors():
    with PeopleStream(SETTINGS, num_workers=1) as stream:
        with pytest.raises(StreamError, match='nobody was made within 0 s by 1 workers'):
            stream.take(timeout=0.0)
        stream.take()
        multiprocessing.active_children()[0].kill()
        with pytest.raises(StreamError, match='a worker died, exit code -9'):
            take(stream, 4)
