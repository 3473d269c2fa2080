"""The two ways to a TensorFlow Serving server: gRPC and REST. Both take and give NumPy arrays."""

from __future__ import annotations

import base64
import concurrent.futures
import http.client
import json
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from posewarp_tf.errors import ConfigError

from .protocol import MODEL_NAME, predict_request, serving_protos
from .retries import ServingError

# gRPC's own limit on answers is 4 MiB.
_LARGEST_ANSWER = 1 << 28
_PASSING_GRPC = ('UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED')
# Those as TensorFlow Serving translates them, and what proxies say of a server that is away.
_PASSING_HTTP = (409, 429, 502, 503)
_BLANK = re.compile(r'[\s\0-\x20\x7f]')


class Transport(Protocol):
    """A way to one model of one server."""

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray], output: str, seconds: float) -> np.ndarray:
        """The named output for the inputs of a signature; files are arrays of objects (bytes).

        Raises:
            ServingError: no answer within `seconds`, or a refusal.
        """


class GrpcTransport:
    """host:port of the gRPC interface (8500 by default)."""

    def __init__(self, address: str, model_name: str = MODEL_NAME):
        import grpc

        self._address, self._model_name = address, model_name
        options = [('grpc.max_receive_message_length', _LARGEST_ANSWER), ('grpc.enable_retries', 0)]
        self._channel = grpc.insecure_channel(address, options)
        self._stub = serving_protos('prediction_service_pb2_grpc').PredictionServiceStub(self._channel)

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray], output: str, seconds: float) -> np.ndarray:
        import grpc
        import tensorflow as tf

        request = predict_request(self._model_name, signature, inputs)
        request.output_filter.append(output)
        try:
            response = self._stub.Predict(request, timeout=seconds)
        except grpc.RpcError as error:
            code = error.code().name
            raise ServingError(f'{self._address}: {code}: {error.details()}', code in _PASSING_GRPC) from error
        return tf.make_ndarray(response.outputs[output])


class RestTransport:
    """host:port of the REST interface (8501 by default), or a URL that starts with http:// or https://."""

    def __init__(self, address: str, model_name: str = MODEL_NAME):
        self._url = f'{_checked_url(address)}/v1/models/{urllib.parse.quote(model_name)}:predict'

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray], output: str, seconds: float) -> np.ndarray:
        body = {'signature_name': signature, 'inputs': {name: _to_json(array) for name, array in inputs.items()}}
        answer = self._post(json.dumps(body).encode(), seconds)
        outputs = answer.get('outputs') if isinstance(answer, dict) else None
        # The only output of a signature comes without its name.
        value = outputs.get(output) if isinstance(outputs, dict) else outputs
        if not isinstance(value, list):
            raise ServingError(f'{self._url}: the answer has no {output!r}')
        if output.endswith('_bytes'):
            return np.array([base64.b64decode(item['b64']) for item in value], object)
        return np.array(value)

    def _post(self, body: bytes, seconds: float) -> Any:
        try:
            answer = _within(seconds, lambda: self._exchange(body, seconds))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, 'reason', error)
            # Not the same before Python 3.10.
            if isinstance(reason, (TimeoutError, socket.timeout)):
                raise ServingError(f'{self._url}: no answer within {seconds:.1f} s') from error
            may_pass = isinstance(reason, (ConnectionError, http.client.HTTPException))
            raise ServingError(f'{self._url}: no answer: {reason}', may_pass) from error
        try:
            return json.loads(answer)
        except ValueError as error:
            raise ServingError(f'{self._url}: the answer is not JSON: {error}') from error

    def _exchange(self, body: bytes, seconds: float) -> bytes:
        request = urllib.request.Request(self._url, body, {'Content-Type': 'application/json'})
        # A timeout of 0 would mean not to wait at all for the connection.
        try:
            with urllib.request.urlopen(request, timeout=max(seconds, 1e-3)) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            text = _error_text(error.read())
            raise ServingError(f'{self._url}: HTTP {error.code}: {text}', error.code in _PASSING_HTTP) from error


def _checked_url(address: str) -> str:
    base = address if '://' in address else f'http://{address}'
    try:
        parts = urllib.parse.urlsplit(base)
        # Reading the port checks it, and encoding the host its name. A path is extended, which what follows one is not.
        usable = (
            parts.scheme in ('http', 'https')
            and bool((parts.hostname or '').encode('idna'))
            and parts.port != 0
            and parts.path.isascii()
            and not (parts.query or parts.fragment or _BLANK.search(base))
        )
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f'--rest: got {address!r}, expected host:port, or a URL on http:// or https://')
    return base.rstrip('/')


def _within(seconds: float, work: Callable[[], bytes]) -> bytes:
    """What `work` returns, or TimeoutError.

    A socket's own timeout begins anew with every byte. A server that sends one now and then must keep neither the
    caller nor, hence the daemon, the program.
    """
    done: concurrent.futures.Future[bytes] = concurrent.futures.Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(max(seconds, 1e-3))
    except concurrent.futures.TimeoutError as error:
        raise TimeoutError from error


def _to_json(array: np.ndarray) -> list:
    if array.dtype == object:
        return [{'b64': base64.b64encode(item).decode('ascii')} for item in array]
    return array.tolist()


def _error_text(body: bytes) -> str:
    """The message of TensorFlow Serving, or what a proxy says instead."""
    try:
        return str(json.loads(body)['error'])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors='replace')[:200] or 'no message'
