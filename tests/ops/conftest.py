import os
import shutil

import pytest

from posewarp_tf.ops import kernel_library


@pytest.fixture(params=['gather', 'kernel'])
def impl(request):
    """Every implementation of the samplers; the compiled one is built by `make op`, for which there must be a g++."""
    if request.param == 'kernel' and not kernel_library.library_path().exists():
        if shutil.which(os.environ.get('CXX', 'g++')) is None:
            pytest.skip('no C++ compiler, so no compiled ops')
        pytest.fail('the compiled ops are not built: make op')
    return request.param
