"""A page server in a thread, and plain requests to it."""

import contextlib
import http.client
import threading

from posewarp_tf.page_server.server import PageServer


@contextlib.contextmanager
def serving(site):
    """A server of {address: contents} at a free port; ended afterwards."""
    with PageServer() as server:
        server.site = site
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(server, address, method='GET', body=None):
    """(status, headers, contents) of one request, its address sent as it is given."""
    connection = http.client.HTTPConnection('localhost', server.server_port, timeout=10)
    try:
        connection.request(method, address, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
