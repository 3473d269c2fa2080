"""Pictures behind URLs, served from this machine."""

import functools
import http.server
import threading

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.picture_files import load_image, save_image


@pytest.fixture
def server_url(tmp_path):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *arguments: None
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


def test_picture_behind_a_url_is_the_picture(server_url, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    save_image(tmp_path / 'photo.png', image)
    np.testing.assert_array_equal(load_image(f'{server_url}/photo.png'), image)


def test_missing_picture_behind_a_url_is_named(server_url):
    with pytest.raises(DataError, match=r'http://127.0.0.1:\d+/nobody.png: '):
        load_image(f'{server_url}/nobody.png')


def test_unreachable_server_is_named():
    with pytest.raises(DataError, match='http://127.0.0.1:9/photo.png: cannot be fetched'):
        load_image('http://127.0.0.1:9/photo.png')
