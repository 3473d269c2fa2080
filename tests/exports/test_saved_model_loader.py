"""The exported folder is all that TensorFlow's C++ loader needs; a bad request is refused there, the next one answered.

One process, without TensorFlow's Python and without this project, runs all requests in one session.
"""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from requests_to_a_server import bad_files, bad_tensors, files, tensors
from tensorflow.core.protobuf import saved_model_pb2

SESSION = pathlib.Path(__file__).with_name('c_api_session.py')
LIBRARY = pathlib.Path(tf.__file__).with_name('libtensorflow_cc.so.2')
INVALID_ARGUMENT = '3: '


class Loader:
    """Collects requests and runs them through the C library."""

    def __init__(self, model_dir, folder):
        self._model_dir, self._folder = model_dir, folder
        saved = saved_model_pb2.SavedModel.FromString((model_dir / 'saved_model.pb').read_bytes())
        self._signatures = saved.meta_graphs[0].signature_def

    def run(self, requests):
        """A list of (signature, inputs) -> a list of {output: array} or an error's text."""
        empty = self._folder / 'empty'
        empty.mkdir()
        raw = []
        for name, inputs in requests:
            signature = self._signatures[name]
            feeds = {signature.inputs[key].name: array for key, array in inputs.items()}
            raw.append((feeds, [output.name for output in signature.outputs.values()]))
        paths = [self._folder / 'requests.pickle', self._folder / 'answers.pickle']
        paths[0].write_bytes(pickle.dumps(raw))
        command = [sys.executable, '-I', SESSION, LIBRARY, self._model_dir, *paths]
        subprocess.run(list(map(str, command)), cwd=empty, check=True)
        answers = pickle.loads(paths[1].read_bytes())
        return [
            answer if isinstance(answer, str) else dict(zip(self._signatures[name].outputs, answer))
            for (name, _), answer in zip(requests, answers)
        ]


@pytest.fixture(scope='module')
def answers(exported, tmp_path_factory):
    """{(signature, what): answer}: good requests first and last, bad ones between."""
    requests = {(name, 'first'): tensors() for name in ('serving_default', 'debug')}
    requests['serve_bytes', 'first'] = files()
    for what, (inputs, _) in bad_tensors().items():
        requests['serving_default', what] = requests['debug', what] = inputs
    requests.update({('serve_bytes', what): inputs for what, (inputs, _) in bad_files().items()})
    requests.update({('serving_default', 'last'): tensors(), ('debug', 'last'): tensors()})
    requests['serve_bytes', 'last'] = files()
    loader = Loader(exported, tmp_path_factory.mktemp('loader'))
    found = loader.run([(name, inputs) for (name, _), inputs in requests.items()])
    return dict(zip(requests, found))


def test_good_requests_are_answered_as_in_python(answers, signatures):
    for name, inputs in (('serving_default', tensors()), ('debug', tensors()), ('serve_bytes', files())):
        expected = signatures[name](**{key: tf.constant(array) for key, array in inputs.items()})
        for key, tensor in expected.items():
            wanted = as_numbers(key, tensor.numpy())
            tolerance = 1 if wanted.dtype == np.uint8 else 1e-3
            for when in ('first', 'last'):
                found = as_numbers(key, answers[name, when][key])
                np.testing.assert_allclose(found.astype(np.float32), wanted, atol=tolerance, err_msg=f'{name} {key}')


def as_numbers(key, array):
    return np.stack([tf.io.decode_png(file).numpy() for file in array]) if key == 'image_bytes' else array


@pytest.mark.parametrize('signature', ['serving_default', 'debug'])
@pytest.mark.parametrize('what', list(bad_tensors()))
def test_bad_tensors_are_refused_in_words(answers, signature, what):
    assert_refused(answers[signature, what], bad_tensors()[what][1])


@pytest.mark.parametrize('what', list(bad_files()))
def test_bad_files_are_refused_in_words(answers, what):
    assert_refused(answers['serve_bytes', what], bad_files()[what][1])


def assert_refused(answer, words):
    assert isinstance(answer, str), 'was answered'
    assert answer.startswith(INVALID_ARGUMENT), answer
    for word in words:
        assert word in answer
