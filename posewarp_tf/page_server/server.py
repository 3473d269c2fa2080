"""Serves a page to browsers, from memory: every address that there is, is known before the first answer.

So no address leads to another file of this computer. The headers are those of exports/mobile/tools/server.mjs; cross-
origin isolation among them lets the model use several threads.
"""

from __future__ import annotations

import errno
import http
import http.server
import pathlib
import socket
import socketserver
import sys
import urllib.parse
from collections.abc import Mapping
from typing import Any

from posewarp_tf.errors import ConfigError

# By suffix; anything else is sent as bytes without a meaning.
TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.jpg': 'image/jpeg',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.mjs': 'text/javascript; charset=utf-8',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.tflite': 'application/octet-stream',
    '.wasm': 'application/wasm',
    '.webmanifest': 'application/manifest+json',
}

HEADERS = {
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob:; media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'geolocation=(), microphone=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
}

_EVERYWHERE = ('0.0.0.0', '::', '')
# Reserved for documentation: it is asked which way to it would lead, and nothing is sent.
_SOME_ADDRESS = ('192.0.2.1', 9)


class PageServer(http.server.ThreadingHTTPServer):
    """A server that listens from when it is made; `serve_forever` answers, `server_close` ends it.

    Args:
        host: the name or address to listen on; others than localhost's let other computers in.
        port: 0 takes a free one.

    Attributes:
        site: {address, such as '/js/app.js': contents}; what is not in it is not there. '/' is '/index.html'.
        url: where a browser of this computer finds the page.

    Raises:
        ConfigError: the port is taken or not allowed, or the host is not one of this computer; names the flag.
    """

    # Of connections that wait for an answer; a browser opens several at once.
    request_queue_size = 64

    def __init__(self, host: str = 'localhost', port: int = 0):
        self.site: Mapping[str, bytes] = {}
        try:
            found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, UnicodeError) as error:
            raise ConfigError(f'--host={host}: not a name or address: {error}') from error
        # Programs that forward ports look for localhost at 127.0.0.1.
        self.address_family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        try:
            super().__init__((str(address[0]), port), _Handler)
        except OSError as error:
            raise ConfigError(_obstacle(host, port, error)) from error
        shown = 'localhost' if host in _EVERYWHERE else f'[{host}]' if ':' in host else host
        self.url = f'http://{shown}:{self.server_address[1]}/'

    def server_bind(self) -> None:
        # The inherited one asks name servers for a name that nobody needs, which may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that has gone away needs no answer.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version, sys_version = 'posewarp', ''
    # Of a connection that says nothing, in seconds.
    timeout = 60
    server: PageServer

    def do_GET(self) -> None:  # noqa: N802
        self._answer()

    def do_HEAD(self) -> None:  # noqa: N802
        self._answer()

    def _answer(self) -> None:
        address = urllib.parse.unquote(self.path.partition('?')[0].partition('#')[0])
        address += 'index.html' if address == '/' else ''
        contents = self.server.site.get(address)
        if contents is None:
            self.send_error(http.HTTPStatus.NOT_FOUND, f'there is no {address!r} here; the page is at /')
            return
        suffix = pathlib.PurePosixPath(address).suffix
        self._send(http.HTTPStatus.OK, TYPES.get(suffix, 'application/octet-stream'), contents)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Says in plain text why there is no answer; the inherited one makes a page, without these headers."""
        if code == http.HTTPStatus.NOT_IMPLEMENTED:
            code, message = http.HTTPStatus.METHOD_NOT_ALLOWED, f'{self.command}: only GET and HEAD are answered'
        self.close_connection = True
        words = f'{message or http.HTTPStatus(code).phrase}\n'.encode('utf-8', 'replace')
        self._send(code, 'text/plain; charset=utf-8', words)

    def _send(self, code: int, content_type: str, contents: bytes) -> None:
        self.send_response(code)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if code == http.HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header('Allow', 'GET, HEAD')
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.send_header('Content-Type', content_type)
        self.send_header('Content-Length', str(len(contents)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(contents)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: who opens a page does not want to read of each of its files."""


def is_local(host: str) -> bool:
    """Whether only this computer reaches what listens on `host`."""
    return host == 'localhost' or host == '::1' or host.startswith('127.')


def network_address() -> str:
    """This computer's address for others in its network; '' where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_SOME_ADDRESS)
        except OSError:
            return ''
        return str(probe.getsockname()[0])


def _obstacle(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f'--port={port}: taken by another program; give another --port, or --port=0 for any that is free'
    if error.errno == errno.EADDRNOTAVAIL:
        return f'--host={host}: not an address of this computer'
    return f'--port={port}: {error.strerror or error}; give another --port, or --port=0 for any that is free'
