import os
import signal
import subprocess
import sys
import textwrap

import pytest

from posewarp_tf.training.interruption import Interruption


@pytest.mark.parametrize(('number', 'exit_code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_is_noted_and_nothing_else(number, exit_code):
    with Interruption() as interruption:
        assert interruption.exit_code == 0
        os.kill(os.getpid(), number)
        assert interruption.signal == number
        assert interruption.exit_code == exit_code


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in Interruption.SIGNALS]
    with Interruption():
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(number) for number in Interruption.SIGNALS] == before


def test_second_ctrl_c_ends_the_process_at_once():
    program = textwrap.dedent("""
        import os, signal
        from posewarp_tf.training.interruption import Interruption
        with Interruption():
            os.kill(os.getpid(), signal.SIGINT)
            print('once', flush=True)
            os.kill(os.getpid(), signal.SIGINT)
            print('twice', flush=True)
    """)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, 'once\n')
