"""Runs a SavedModel through TensorFlow's C library alone: no TensorFlow in Python, nothing of this project.

    python -I c_api_session.py <libtensorflow_cc> <SavedModel> <requests.pickle> <answers.pickle>

A request is ({tensor name: array}, [tensor name]); its answer a list of arrays, or the session's error as text. All
requests go through one session.
"""

import ctypes
import importlib.util
import pathlib
import pickle
import sys

import numpy as np

STRING = 7
TYPES = {'float32': 1, 'uint8': 4, 'int32': 3}
STRING_BYTES = 24


class Output(ctypes.Structure):
    _fields_ = [('operation', ctypes.c_void_p), ('index', ctypes.c_int)]  # noqa: RUF012


def main():
    # An editable installation puts the project's folder here.
    sys.path = [place for place in sys.path if not (pathlib.Path(place) / 'posewarp_tf').is_dir()]
    assert importlib.util.find_spec('posewarp_tf') is None, 'the project can be imported'
    assert importlib.util.find_spec('exports') is None, 'the project can be imported'
    library_path, model_dir, requests_path, answers_path = sys.argv[1:]
    with open(requests_path, 'rb') as file:
        requests = pickle.load(file)
    session = Session(ctypes.CDLL(library_path), model_dir)
    answers = []
    for feeds, fetches in requests:
        try:
            answers.append(session.run(feeds, fetches))
        except RuntimeError as error:
            answers.append(str(error))
    assert 'tensorflow' not in sys.modules
    with open(answers_path, 'wb') as file:
        pickle.dump(answers, file)


class Session:
    """What TF_LoadSessionFromSavedModel gives: the loader and session of C++."""

    def __init__(self, library, model_dir):
        self._tf = library
        for name in ('NewStatus', 'NewGraph', 'NewSessionOptions', 'AllocateTensor', 'TensorData', 'Message',
                     'GraphOperationByName', 'LoadSessionFromSavedModel', 'StringGetDataPointer'):  # fmt: skip
            getattr(library, f'TF_{name}').restype = ctypes.c_void_p
        for name in ('TensorByteSize', 'StringGetSize'):
            getattr(library, f'TF_{name}').restype = ctypes.c_size_t
        library.TF_Dim.restype = ctypes.c_int64
        self._status = ctypes.c_void_p(library.TF_NewStatus())
        self._graph = ctypes.c_void_p(library.TF_NewGraph())
        options = ctypes.c_void_p(library.TF_NewSessionOptions())
        tags = (ctypes.c_char_p * 1)(b'serve')
        session = library.TF_LoadSessionFromSavedModel(
            options, None, model_dir.encode(), tags, 1, self._graph, None, self._status
        )
        self._require_ok()
        self._session = ctypes.c_void_p(session)

    def run(self, feeds, fetches):
        inputs = (Output * len(feeds))(*map(self._output, feeds))
        outputs = (Output * len(fetches))(*map(self._output, fetches))
        tensors = (ctypes.c_void_p * len(feeds))(*map(self._to_tensor, feeds.values()))
        results = (ctypes.c_void_p * len(fetches))()
        self._tf.TF_SessionRun(
            self._session, None, inputs, tensors, len(feeds), outputs, results, len(fetches), None, 0, None,
            self._status,
        )  # fmt: skip
        self._require_ok()
        return [self._to_array(ctypes.c_void_p(result)) for result in results]

    def _require_ok(self):
        code = self._tf.TF_GetCode(self._status)
        if code:
            raise RuntimeError(f'{code}: {ctypes.string_at(self._tf.TF_Message(self._status)).decode()}')

    def _output(self, name):
        operation, index = name.split(':')
        found = self._tf.TF_GraphOperationByName(self._graph, operation.encode())
        assert found, f'no operation {operation}'
        return Output(found, int(index))

    def _to_tensor(self, array):
        is_text = array.dtype == object
        sizes = (ctypes.c_int64 * array.ndim)(*array.shape)
        num_bytes = array.size * STRING_BYTES if is_text else array.nbytes
        kind = STRING if is_text else TYPES[array.dtype.name]
        tensor = self._tf.TF_AllocateTensor(kind, sizes, array.ndim, ctypes.c_size_t(num_bytes))
        data = self._tf.TF_TensorData(ctypes.c_void_p(tensor))
        if not is_text:
            ctypes.memmove(data, np.ascontiguousarray(array).ctypes.data, num_bytes)
        for i, text in enumerate(array.flat if is_text else ()):
            place = ctypes.c_void_p(data + i * STRING_BYTES)
            self._tf.TF_StringInit(place)
            self._tf.TF_StringCopy(place, text, ctypes.c_size_t(len(text)))
        return tensor

    def _to_array(self, tensor):
        kind = self._tf.TF_TensorType(tensor)
        shape = [self._tf.TF_Dim(tensor, axis) for axis in range(self._tf.TF_NumDims(tensor))]
        data = self._tf.TF_TensorData(tensor)
        if kind == STRING:
            places = [ctypes.c_void_p(data + i * STRING_BYTES) for i in range(int(np.prod(shape)))]
            texts = [
                ctypes.string_at(self._tf.TF_StringGetDataPointer(p), self._tf.TF_StringGetSize(p)) for p in places
            ]
            return np.array(texts, object).reshape(shape)
        dtype = {number: name for name, number in TYPES.items()}[kind]
        contents = ctypes.string_at(data, self._tf.TF_TensorByteSize(tensor))
        return np.frombuffer(contents, dtype).reshape(shape)


if __name__ == '__main__':
    main()
