"""A small server that speaks TensorFlow Serving's two interfaces and answers with an exported SavedModel.

It stands in for the model server, of which there is no binary in any package registry: the same messages, the same
names, the same translation of errors.
"""

import base64
import concurrent.futures
import contextlib
import ctypes
import http.server
import json
import pathlib
import threading

import c_api_session
import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}
HTTP_CODES = {3: 400, 4: 504, 5: 404, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 14: 503}
INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE = 3, 5, 14


class ModelError(Exception):
    """With a code of TensorFlow's, which are also gRPC's."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Model:
    """One SavedModel under one name, run by the C++ loader. `failures` are raised first, one per request."""

    def __init__(self, folder, name='posewarp'):
        self.name = name
        self.failures = []
        self.num_requests = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        saved = saved_model_pb2.SavedModel.FromString((folder / 'saved_model.pb').read_bytes())
        self._signatures = saved.meta_graphs[0].signature_def
        library = ctypes.CDLL(str(pathlib.Path(tf.__file__).with_name('libtensorflow_cc.so.2')))
        self._session = c_api_session.Session(library, str(folder))
        self._lock = threading.Lock()

    def predict(self, name, signature_name, inputs):
        self.num_requests += 1
        self.may_answer.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        if name != self.name:
            raise ModelError(NOT_FOUND, f'Servable not found for request: Latest({name})')
        signature = self._signatures[signature_name]
        if set(inputs) != set(signature.inputs):
            raise ModelError(INVALID_ARGUMENT, f'expected inputs {sorted(signature.inputs)}, got {sorted(inputs)}')
        feeds = {}
        for key, array in inputs.items():
            dtype = tf.as_dtype(signature.inputs[key].dtype).as_numpy_dtype
            feeds[signature.inputs[key].name] = np.asarray(array, dtype)
        with self._lock:
            try:
                answer = self._session.run(feeds, [output.name for output in signature.outputs.values()])
            except RuntimeError as error:
                code, _, message = str(error).partition(': ')
                raise ModelError(int(code), message) from error
        return dict(zip(signature.outputs, answer))


@contextlib.contextmanager
def serving(model):
    """Yields the gRPC and the REST address."""
    grpc_server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(4), options=[('grpc.max_receive_message_length', -1)]
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Service(model), grpc_server)
    grpc_port = grpc_server.add_insecure_port('localhost:0')
    grpc_server.start()
    rest_server = http.server.ThreadingHTTPServer(('localhost', 0), lambda *args: _Handler(model, *args))
    threading.Thread(target=rest_server.serve_forever, daemon=True).start()
    try:
        yield f'localhost:{grpc_port}', f'localhost:{rest_server.server_port}'
    finally:
        rest_server.shutdown()
        rest_server.server_close()
        grpc_server.stop(None)


class _Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self._model = model

    def Predict(self, request, context):  # noqa: N802, the protocol's name
        inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
        try:
            outputs = self._model.predict(request.model_spec.name, request.model_spec.signature_name, inputs)
        except ModelError as error:
            context.abort(GRPC_CODES[error.code], str(error))
        response = predict_pb2.PredictResponse()
        for name in request.output_filter or outputs:
            response.outputs[name].CopyFrom(tf.make_tensor_proto(outputs[name]))
        return response


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, model, *args):
        self._model = model
        super().__init__(*args)

    def do_GET(self):  # noqa: N802
        known = self.path == f'/v1/models/{self._model.name}'
        state = {'model_version_status': [{'version': '1', 'state': 'AVAILABLE', 'status': {'error_code': 'OK'}}]}
        self._answer(200 if known else 404, state if known else {'error': f'Malformed request: GET {self.path}'})

    def do_POST(self):  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        name = self.path[len('/v1/models/') : -len(':predict')]
        try:
            inputs = {key: _from_json(value) for key, value in body['inputs'].items()}
            outputs = self._model.predict(name, body['signature_name'], inputs)
        except ModelError as error:
            self._answer(HTTP_CODES.get(error.code, 500), {'error': str(error)})
            return
        encoded = {key: _to_json(array) for key, array in outputs.items()}
        # TensorFlow Serving leaves out the name of an only output.
        self._answer(200, {'outputs': next(iter(encoded.values())) if len(encoded) == 1 else encoded})

    def log_message(self, *_):
        pass

    def _answer(self, code, content):
        body = json.dumps(content).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(code)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def _from_json(value):
    if value and isinstance(value[0], dict):
        return np.array([base64.b64decode(item['b64']) for item in value], object)
    return np.array(value)


def _to_json(array):
    if array.dtype == object:
        return [{'b64': base64.b64encode(item).decode()} for item in array]
    return array.tolist()
