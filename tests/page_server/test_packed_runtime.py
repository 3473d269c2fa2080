"""A page's WebAssembly in one archive."""

import numpy as np

from posewarp_tf.page_server.packed_runtime import ARCHIVE, pack_runtime, page_files


def test_a_packed_page_has_the_same_files_and_is_as_small_as_one_of_its_forms(tmp_path):
    noise = np.random.default_rng(0).bytes(200_000)
    contents = {
        'index.html': b'page',
        'vendor/wasm/a.wasm': noise + b'a',
        'vendor/wasm/b.wasm': b'b' + noise,
        'vendor/wasm/b.js': b'start',
    }
    for name, data in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert page_files(tmp_path) == contents
    pack_runtime(tmp_path)
    assert not list(tmp_path.rglob('*.wasm'))
    assert (tmp_path / ARCHIVE).stat().st_size < 210_000
    assert page_files(tmp_path) == contents
    first = (tmp_path / ARCHIVE).read_bytes()
    pack_runtime(tmp_path)
    assert (tmp_path / ARCHIVE).read_bytes() == first
