import pathlib
import resource

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.runs.checkpoints import (
    CheckpointFolder,
    list_checkpoints,
    require_finite,
    restore_matching_weights,
    restore_weights,
)


class Network(tf.keras.Model):
    def __init__(self, sizes):
        super().__init__()
        self.parts = [tf.keras.layers.Dense(size, name=f'part_{i}') for i, size in enumerate(sizes)]
        self.call(tf.zeros((1, 4)))

    def call(self, inputs):
        for part in self.parts:
            inputs = part(inputs)
        return inputs


@pytest.fixture
def weight():
    return tf.Variable(tf.zeros(1000))


@pytest.fixture
def folder(tmp_path, weight):
    """Checkpoints of steps 1, 2 and 3, in which every number is the step."""
    folder = CheckpointFolder(tmp_path / 'stage', 3, {'weight': weight})
    for step in (1, 2, 3):
        weight.assign(tf.fill(1000, float(step)))
        folder.save(step)
    weight.assign(tf.fill(1000, 99.0))
    return folder


def files(folder, pattern):
    return sorted(pathlib.Path(folder._folder).glob(pattern))


def names(folder):
    return [pathlib.Path(path).name for path in list_checkpoints(folder._folder)]


def test_latest_checkpoint_is_restored(folder, weight):
    assert folder.restore() == 3
    assert np.unique(weight) == 3


def test_checkpoints_are_listed_by_number(folder):
    folder.save(10)
    assert names(folder) == ['step-2', 'step-3', 'step-10']


def test_only_the_last_ones_are_kept(folder):
    folder.save(4)
    assert names(folder) == ['step-2', 'step-3', 'step-4']
    assert not files(folder, 'step-1.*')


def test_nothing_to_restore_is_none(tmp_path, weight):
    assert CheckpointFolder(tmp_path / 'none', 3, {'weight': weight}).restore() is None


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize('damage', [truncate, flip_a_bit, pathlib.Path.unlink, lambda path: path.write_bytes(b'')])
@pytest.mark.parametrize('part', ['step-3.data-*', 'step-3.index'])
def test_damaged_checkpoint_falls_back_to_the_one_before(folder, weight, capsys, part, damage):
    (path,) = files(folder, part)
    damage(path)
    assert folder.restore() == 2
    assert np.unique(weight) == 2
    if path.exists() or path.suffix != '.index':
        assert 'step-3: damaged' in capsys.readouterr().out


def test_only_damaged_checkpoints_are_an_error_that_names_them(folder):
    for path in files(folder, '*.data-*'):
        truncate(path)
    with pytest.raises(RunError, match=r'no checkpoint can be read(.|\n)*step-3: damaged(.|\n)*step-1: damaged'):
        folder.restore()


def test_checkpoint_of_other_shapes_is_an_error(folder):
    other = CheckpointFolder(folder._folder, 3, {'weight': tf.Variable(tf.zeros(7))})
    with pytest.raises(RunError, match='step-3: a checkpoint of other networks'):
        other.restore()


def test_checkpoint_with_missing_parts_is_an_error(folder, weight):
    other = CheckpointFolder(folder._folder, 3, {'weight': weight, 'more': tf.Variable(0.0)})
    with pytest.raises(RunError, match='step-3: a checkpoint of other networks'):
        other.restore()


def test_full_disk_is_an_error_and_keeps_the_earlier_checkpoints(folder, weight):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(RunError, match='step-4: could not be written.*last good checkpoint is .*step-3'):
            folder.save(4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert names(folder) == ['step-1', 'step-2', 'step-3']
    assert not files(folder, '.writing')
    assert folder.restore() == 3
    assert np.unique(weight) == 3


def test_killed_while_writing_leaves_the_earlier_checkpoints(folder, weight, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*paths):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr('shutil.rmtree', lambda *args, **kwargs: None)
        patch.setattr('os.replace', die)
        folder.save(4)
    assert files(folder, '.writing/step-4.index')
    assert folder.restore() == 3
    folder.save(4)
    assert names(folder) == ['step-2', 'step-3', 'step-4']
    assert not files(folder, '.writing')


def test_weights_that_match_are_taken_over_and_the_others_named(tmp_path):
    source = Network([5, 3])
    CheckpointFolder(tmp_path, 1, {'model': source}).save(7)
    model = Network([5, 3, 2])
    before = model.parts[2].kernel.numpy()
    restored, fresh = restore_matching_weights(model, str(tmp_path / 'step-7'))
    assert [name.split('/')[-2:] for name in restored] == [
        [f'part_{i}', name] for i in (0, 1) for name in ('kernel:0', 'bias:0')
    ]
    assert [name.split('/')[-2] for name in fresh] == ['part_2', 'part_2']
    np.testing.assert_array_equal(model.parts[0].kernel, source.parts[0].kernel)
    np.testing.assert_array_equal(model.parts[2].kernel, before)


def test_taking_over_other_shapes_is_an_error(tmp_path):
    CheckpointFolder(tmp_path, 1, {'model': Network([5])}).save(7)
    with pytest.raises(RunError, match='step-7: cannot be taken over'):
        restore_matching_weights(Network([6]), str(tmp_path / 'step-7'))


def test_taking_over_nothing_is_an_error(folder):
    with pytest.raises(RunError, match='step-3: has none of the weights'):
        restore_matching_weights(Network([5]), list_checkpoints(folder._folder)[-1])


def test_restoring_a_model_that_has_more_weights_is_an_error(tmp_path):
    CheckpointFolder(tmp_path, 1, {'model': Network([5])}).save(7)
    with pytest.raises(RunError, match='step-7: a checkpoint of other networks'):
        restore_weights(Network([5, 3]), str(tmp_path / 'step-7'))


def test_weights_that_are_not_finite_are_named():
    good, bad = tf.Variable([1.0, 2.0], name='good'), tf.Variable([1.0, np.nan], name='bad')
    require_finite([good], 5, 'the last good checkpoint is step-3')
    with pytest.raises(RunError, match='step 5: 1 of 2 weights.*bad:0.*last good checkpoint is step-3'):
        require_finite([good, bad], 5, 'the last good checkpoint is step-3')
