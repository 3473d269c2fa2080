"""What the benchmark of a network times."""

import pytest

from posewarp_tf.benchmark import network_steps
from posewarp_tf.settings.config import Config

SMALL = {'image_size': (32, 32), 'base_filters': 4, 'max_filters': 4, 'num_layers': 1, 'attention_kernels': {1: 3}}
SMALL_FLOW = {'flow_base_filters': 4, 'flow_max_filters': 4, 'flow_num_layers': 2}


@pytest.mark.parametrize('jit_compile', [False, True])
def test_passes_are_compiled_by_xla_where_that_is_asked_for(jit_compile):
    steps = network_steps(Config().replace(jit_compile=jit_compile, **SMALL, **SMALL_FLOW), batch_size=2)
    assert [bool(step.function_spec.jit_compile) for step in steps] == [jit_compile] * 3
    assert steps[0]().shape == (2, 32, 32, 3)
