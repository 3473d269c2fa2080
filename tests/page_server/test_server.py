"""The server of a page, asked without a browser."""

import concurrent.futures
import http.client
import re
import socket
import struct
import time

import pytest

from posewarp_tf.errors import ConfigError
from posewarp_tf.page_server.served_model import ServedModel
from posewarp_tf.page_server.server import HEADERS, TYPES, PageServer, is_local
from posewarp_tf.page_server.site import make_site
from tests.page_server.served_site import ask, serving
from tests.source_code import read

WASM = bytes(range(256)) * 9000
SITE = {
    '/index.html': b'<!doctype html>',
    '/js/app.js': b'start();',
    '/js/app.mjs': b'start();',
    '/css/base.css': b'body {}',
    '/vendor/litert/wasm/litert.wasm': WASM,
    '/model/posewarp.tflite': b'\0\0\0\0TFL3',
    '/model/model.json': b'{}',
    '/manifest.webmanifest': b'{}',
    '/icons/icon.svg': b'<svg/>',
    '/icons/my icon.png': b'\x89PNG',
    '/LICENSE': b'Apache',
}


@pytest.fixture(scope='module')
def server():
    with serving(SITE) as running:
        yield running


@pytest.mark.parametrize(
    ('address', 'expected'),
    [
        ('/', 'text/html; charset=utf-8'),
        ('/js/app.js', 'text/javascript; charset=utf-8'),
        ('/js/app.mjs', 'text/javascript; charset=utf-8'),
        ('/css/base.css', 'text/css; charset=utf-8'),
        ('/vendor/litert/wasm/litert.wasm', 'application/wasm'),
        ('/model/posewarp.tflite', 'application/octet-stream'),
        ('/model/model.json', 'application/json'),
        ('/manifest.webmanifest', 'application/manifest+json'),
        ('/icons/icon.svg', 'image/svg+xml'),
        ('/icons/my%20icon.png', 'image/png'),
        ('/LICENSE', 'application/octet-stream'),
    ],
)
def test_every_file_comes_whole_and_with_its_type(server, address, expected):
    status, headers, contents = ask(server, f'{address}?version=2')
    name = {'/': '/index.html', '/icons/my%20icon.png': '/icons/my icon.png'}.get(address, address)
    assert (status, headers['Content-Type'], contents) == (200, expected, SITE[name])
    assert headers['Content-Length'] == str(len(contents))


def test_threads_are_allowed_and_nothing_is_left_of_the_headers_of_the_node_server(server):
    _, headers, _ = ask(server, '/')
    assert headers['Cross-Origin-Opener-Policy'] == 'same-origin'
    assert headers['Cross-Origin-Embedder-Policy'] == 'require-corp'
    script = re.sub(r"[\"'] \+\s+[\"']", '', read('exports/mobile/tools/server.mjs'))
    written = script.partition('const HEADERS = {')[2].partition('};')[0]
    expected = {name: value for name, _, value in re.findall(r"'([\w-]+)':\s+(['\"])(.+?)\2,\n", written)}
    assert len(expected) == written.count(':\n') + written.count("': '") == 8
    assert {name: headers[name] for name in expected} == expected == HEADERS
    types = dict(re.findall(r"'(\.\w+)': '(.+)'", script.partition('const TYPES = {')[2].partition('};')[0]))
    assert {**types, '.mjs': types['.js']} == TYPES


@pytest.mark.parametrize(
    'address',
    [
        '/../secret.txt',
        '/js/../../secret.txt',
        '/%2e%2e/secret.txt',
        '/..%2fsecret.txt',
        '/..%5csecret.txt',
        '//secret.txt',
        '/js/',
        '/js',
        '/absent.js',
        '/%00',
        '{folder}/secret.txt',
        'http://localhost{folder}/secret.txt',
    ],
)
def test_nothing_beside_the_page_can_be_reached(tmp_path, address):
    (tmp_path / 'secret.txt').write_text('a secret')
    (tmp_path / 'page' / 'js').mkdir(parents=True)
    (tmp_path / 'page' / 'index.html').write_text('the page')
    (tmp_path / 'page' / 'js' / 'app.js').write_text('start();')
    with serving(make_site(tmp_path / 'page', ServedModel({}, {}))) as server:
        assert ask(server, '/')[2] == b'the page'
        status, headers, contents = ask(server, address.format(folder=tmp_path))
    assert status == 404
    assert b'a secret' not in contents
    assert contents.startswith(b'there is no ') and b'the page is at /' in contents
    assert headers['Content-Type'] == 'text/plain; charset=utf-8'
    assert headers['X-Content-Type-Options'] == 'nosniff'


def test_head_tells_the_length_alone_and_the_connection_goes_on(server):
    connection = http.client.HTTPConnection('localhost', server.server_port, timeout=10)
    connection.request('HEAD', '/vendor/litert/wasm/litert.wasm')
    answer = connection.getresponse()
    assert (answer.status, answer.headers['Content-Length'], answer.read()) == (200, str(len(WASM)), b'')
    first = connection.sock
    connection.request('GET', '/js/app.js')
    assert connection.getresponse().read() == b'start();'
    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
def test_nothing_can_be_sent(server, method):
    status, headers, contents = ask(server, '/index.html', method, b'a photo')
    assert (status, headers['Allow']) == (405, 'GET, HEAD')
    assert contents.decode() == f'{method}: only GET and HEAD are answered\n'
    assert ask(server, '/')[0] == 200


def test_many_are_answered_at_once_while_one_says_nothing(server):
    silent = socket.create_connection(('localhost', server.server_port))
    with silent, concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(server, '/vendor/litert/wasm/litert.wasm')[2], range(32)))
    assert all(contents == WASM for contents in answers)


def test_who_goes_away_in_the_middle_is_not_complained_about(capfd):
    with serving({'/index.html': b'x' * 30_000_000}) as server:
        for _ in range(3):
            with socket.create_connection(('localhost', server.server_port)) as gone:
                # Resets the connection when it is closed, with most of the answer on its way.
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                gone.sendall(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
                gone.recv(1000)
        time.sleep(0.2)
        assert len(ask(server, '/')[2]) == 30_000_000
    assert capfd.readouterr() == ('', '')


def test_a_port_that_is_taken_is_named_with_its_flag(server):
    with pytest.raises(ConfigError, match=rf'--port={server.server_port}: taken by another program.*--port=0'):
        PageServer('localhost', server.server_port)


@pytest.mark.parametrize(
    ('host', 'words'), [('192.0.2.7', 'not an address of this computer'), ('x' * 70, 'not a name or address')]
)
def test_a_host_that_is_not_this_computer_is_named_with_its_flag(host, words):
    with pytest.raises(ConfigError, match=f'--host={host}: {words}'):
        PageServer(host)


def test_the_address_is_one_that_a_browser_of_this_computer_opens():
    for host, shown in {'localhost': 'localhost', '127.0.0.1': '127.0.0.1', '0.0.0.0': 'localhost'}.items():
        with PageServer(host) as server:
            assert server.url == f'http://{shown}:{server.server_port}/'
            assert server.server_port > 0


def test_localhost_alone_is_not_open_to_others():
    assert [host for host in ('localhost', '127.0.0.1', '::1', '0.0.0.0', '::', '', '192.0.2.7') if is_local(host)] == [
        'localhost', '127.0.0.1', '::1'
    ]  # fmt: skip
