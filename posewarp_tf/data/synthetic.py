"""An earlier name of `python -m posewarp_tf.synthetic`, kept for scripts that use it."""

from __future__ import annotations

from posewarp_tf.settings import command_line
from posewarp_tf.synthetic.__main__ import define_flags, main

if __name__ == '__main__':
    command_line.run(define_flags, main)
