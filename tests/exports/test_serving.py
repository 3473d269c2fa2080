"""The client gets from a server, by gRPC and by REST, what the model makes of a picture, and errors in words."""

import contextlib
import socket
import subprocess
import sys
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from requests_to_a_server import bad_files, bad_tensors, encoded, files, tensors
from stand_in_server import INVALID_ARGUMENT, UNAVAILABLE, Model, ModelError, serving

from exports.serving.client import Client
from exports.serving.retries import ServingError, call_with_retries
from exports.serving.transports import GrpcTransport, RestTransport
from posewarp_tf.errors import ConfigError, DataError
from tests.run_folders import SIZE, person, picture

ROUTES = {'grpc': GrpcTransport, 'rest': RestTransport}
SECONDS = 30


@pytest.fixture(scope='module')
def model(exported):
    return Model(exported)


@pytest.fixture(scope='module')
def addresses(model):
    with serving(model) as found:
        yield dict(zip(('grpc', 'rest'), found))


@pytest.fixture(params=list(ROUTES))
def transport(request, addresses):
    return ROUTES[request.param](addresses[request.param])


def test_answer_is_the_predictors(transport, tiny_predictor):
    image, source, target = picture(SIZE), person(SIZE), person(SIZE, lean=8)
    answer = Client(transport).repose(encoded(image, 'PNG'), source, target)
    expected = tiny_predictor.predict(image, source, target).image
    assert answer.shape == expected.shape
    assert np.abs(answer.astype(int) - expected).max() <= 1


def test_both_routes_carry_every_kind_of_output(transport, signatures):
    for name, inputs, output in (('debug', tensors(), 'flow_1'), ('serving_default', tensors(), 'image')):
        expected = signatures[name](**{key: tf.constant(array) for key, array in inputs.items()})[output]
        np.testing.assert_allclose(
            transport.predict(name, inputs, output, SECONDS), expected, atol=1e-3 + (output == 'image')
        )


@pytest.mark.parametrize('signature', ['serving_default', 'serve_bytes'])
def test_bad_requests_are_refused_and_the_next_good_one_is_answered(transport, signature):
    bad, good, output = {
        'serving_default': (bad_tensors(), tensors(), 'image'),
        'serve_bytes': (bad_files(), files(), 'image_bytes'),
    }[signature]
    for what, (inputs, words) in bad.items():
        if what == 'empty batch' and isinstance(transport, RestTransport):
            # JSON has no shapes: an empty list lacks the other dimensions too.
            words = []
        with pytest.raises(ServingError) as refusal:
            transport.predict(signature, inputs, output, SECONDS)
        assert not refusal.value.may_pass, what
        for word in ('400' if isinstance(transport, RestTransport) else 'INVALID_ARGUMENT', *words):
            assert word in str(refusal.value), what
        assert len(transport.predict(signature, good, output, SECONDS)) == 2


def test_the_client_itself_refuses_what_would_fail_the_requests_of_others(transport, model):
    before = model.num_requests
    for bad in (person(SIZE)[:17], person(SIZE) * np.nan):
        with pytest.raises(DataError, match=r'source_keypoints: .* expected (\[18, 2\]|finite numbers)'):
            Client(transport).repose(encoded(picture(SIZE)), bad, person(SIZE))
    assert model.num_requests == before


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(transport, model):
    client = Client(transport, max_retries=3)
    arguments = encoded(picture(SIZE)), person(SIZE), person(SIZE)
    before = model.num_requests
    model.failures = [ModelError(UNAVAILABLE, 'the batching queue is full')] * 2
    assert client.repose(*arguments).shape == (*SIZE, 3)
    assert model.num_requests == before + 3
    model.failures = [ModelError(UNAVAILABLE, 'the batching queue is full')] * 4
    with pytest.raises(ServingError, match=r'queue is full \(gave up after 4 tries'):
        client.repose(*arguments)
    assert model.failures == []
    model.failures = [ModelError(INVALID_ARGUMENT, 'this will not do')] * 2
    with pytest.raises(ServingError, match='this will not do$'):
        client.repose(*arguments)
    assert model.failures.pop().code == INVALID_ARGUMENT
    assert model.failures == []


def test_a_slow_server_ends_at_the_deadline(transport, model):
    model.may_answer.clear()
    try:
        with pytest.raises(ServingError, match='DEADLINE_EXCEEDED|no answer within'):
            Client(transport, timeout=0.5).repose(encoded(picture(SIZE)), person(SIZE), person(SIZE))
    finally:
        model.may_answer.set()


@pytest.mark.parametrize('start', [b'', b'HTTP/1.0 200 OK\r\n\r\n'], ids=['headers', 'body'])
def test_a_server_that_sends_a_byte_now_and_then_does_not_outlast_the_deadline(start):
    with socket.create_server(('localhost', 0)) as server:
        threading.Thread(target=_trickle, args=(server, start), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(ServingError, match='no answer within') as error:
            RestTransport(f'localhost:{server.getsockname()[1]}').predict('debug', tensors(), 'flow_0', 0.5)
        assert time.monotonic() - began < 1.5
        assert not error.value.may_pass


def _trickle(server, start):
    with contextlib.suppress(OSError), server.accept()[0] as connection:
        connection.sendall(start)
        for _ in range(30):
            connection.sendall(b'H')
            time.sleep(0.1)


@pytest.mark.parametrize(
    'address',
    ['localhost:abc', 'localhost:99999', 'my host:8501', 'http://:8501', 'ftp://localhost', '', 'a..b:8501',
     f'{"a" * 64}:8501', 'http://localhost/\u00e4', 'http://localhost?x=1', 'http://localhost/#f'],
)  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused_at_once(address):
    with pytest.raises(ConfigError, match='--rest: got .*expected host:port'):
        RestTransport(address)


def test_a_model_that_is_not_there_is_named(addresses):
    for route, transport_class in ROUTES.items():
        with pytest.raises(ServingError, match='Servable not found.*nobodys') as refusal:
            transport_class(addresses[route], 'nobodys').predict('serve_bytes', files(), 'image_bytes', SECONDS)
        assert not refusal.value.may_pass


def test_nobody_listening_may_pass():
    for transport_class in ROUTES.values():
        with pytest.raises(ServingError, match='localhost:1') as error:
            transport_class('localhost:1').predict('serve_bytes', files(), 'image_bytes', SECONDS)
        assert error.value.may_pass


def test_waits_grow_and_end_before_the_deadline():
    now, waits = [0.0], []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    left = []

    def fail(seconds):
        left.append(seconds)
        raise ServingError('busy', may_pass=True)

    with pytest.raises(ServingError, match='gave up after'):
        call_with_retries(fail, deadline=20.0, max_retries=100, sleep=sleep, clock=lambda: now[0])
    for i, wait in enumerate(waits):
        longest = min(0.1 * 2**i, 5.0)
        assert longest / 2 <= wait <= longest
    assert now[0] < 20.0
    assert left[0] == 20.0
    assert all(later < earlier for earlier, later in zip(left, left[1:]))


def test_the_command_writes_a_picture_of_the_sources_size(addresses, tmp_path):
    size = (90, 60)
    (tmp_path / 'me.jpg').write_bytes(encoded(picture(size)))
    for name, pose in (('me', person(size)), ('pose', person(size, lean=8))):
        (tmp_path / f'{name}.txt').write_text('\n'.join(f'{x} {y}' for x, y in pose))
    command = [
        sys.executable, '-m', 'exports.serving.client', f'--rest={addresses["rest"]}',
        f'--source_image={tmp_path}/me.jpg', f'--source_keypoints={tmp_path}/me.txt',
        f'--target_keypoints={tmp_path}/pose.txt', f'--output={tmp_path}/out.png',
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    with Image.open(tmp_path / 'out.png') as image:
        assert image.size == (60, 90)
    failed = subprocess.run([*command, '--rest=localhost:1', '--max_retries=0'], capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr.startswith('error: http://localhost:1/')
    assert 'gave up after 1 tries' in failed.stderr


def test_grpc_codes_of_the_stand_in_are_tensorflows():
    assert [code.value[0] for code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE)] == [
        tf.errors.INVALID_ARGUMENT, tf.errors.UNAVAILABLE
    ]  # fmt: skip
