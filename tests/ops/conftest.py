import pytest

from posewarp_tf.ops import kernel_library


@pytest.fixture(params=['gather', pytest.param('kernel', marks=pytest.mark.compiler)])
def impl(request):
    """Every implementation of the samplers; the compiled one is built by `make op`."""
    if request.param == 'kernel' and not kernel_library.library_path().exists():
        pytest.fail('the compiled ops are not built: make op, or leave them out with -m "not compiler"')
    return request.param
