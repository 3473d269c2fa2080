"""The starter stands where no run folder is given."""

import shutil

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.runs import starter
from posewarp_tf.training import trainer
from tests.run_folders import SIZE, person, picture


@pytest.fixture
def shipped(tiny_run, tmp_path, monkeypatch):
    """The folder of an installation whose starter is the tiny run."""
    folder = shutil.copytree(tiny_run.path, tmp_path / 'starter')
    monkeypatch.setattr(starter, '_FOLDER', folder)
    return folder


@pytest.fixture
def none_shipped(tmp_path, monkeypatch):
    """An installation with a model card and no model."""
    folder = tmp_path / 'starter'
    folder.mkdir()
    (folder / 'README.md').write_text('# The starter\n')
    monkeypatch.setattr(starter, '_FOLDER', folder)
    return folder


def test_run_folder_that_is_given_is_taken_in_silence(shipped, capsys, monkeypatch):
    monkeypatch.setenv('HOME', '/home/me')
    assert str(starter.chosen_run('runs/mine')) == 'runs/mine'
    assert str(starter.chosen_run('~/mine')) == '/home/me/mine'
    assert capsys.readouterr().out == ''


def test_starter_is_taken_where_none_is_given_and_named(shipped, capsys):
    assert starter.chosen_run(None) == shipped
    assert capsys.readouterr().out.startswith('model: the starter of posewarp_tf ')


def test_predictor_without_arguments_is_the_starter(shipped, tiny_predictor):
    predictor = Predictor()
    assert predictor.run_dir == shipped
    inputs = picture(SIZE), person(SIZE), person(SIZE, 10)
    np.testing.assert_array_equal(predictor.predict(*inputs).image, tiny_predictor.predict(*inputs).image)


def test_training_starts_from_it_by_its_name_unless_a_folder_is_called_so(shipped, tmp_path, monkeypatch):
    stages = ('flow', 'full')
    assert trainer._find_checkpoint('starter', stages).startswith(str(shipped))
    shutil.copytree(shipped, tmp_path / 'work' / 'starter')
    monkeypatch.chdir(tmp_path / 'work')
    assert trainer._find_checkpoint('starter', stages).startswith('starter')


@pytest.mark.parametrize('take', [lambda: starter.chosen_run(None), Predictor])
def test_where_it_is_missing_the_error_says_what_to_give(none_shipped, take):
    with pytest.raises(RunError, match='no starter model: give the run folder of a trained model.*--run_dir='):
        take()
