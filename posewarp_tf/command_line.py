"""What every main of this package shares: a user's mistake ends in one line, not in a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from absl import app, flags, logging

from posewarp_tf.errors import PosewarpError


def run(main: Callable[[], int | None]) -> None:
    """Parses flags and runs `main`; exits 1 with its message on a `PosewarpError` or a failing write."""
    # At 2, TensorFlow greets every CPU user with three errors about CUDA libraries.
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    logging.set_verbosity(logging.INFO)

    def guarded(argv: list[str]) -> int:
        if len(argv) > 1:
            raise app.UsageError(f'unexpected argument {argv[1]!r}: every setting is a --flag')
        try:
            return main() or 0
        except PosewarpError as error:
            print(f'error: {error}', file=sys.stderr)
        except KeyboardInterrupt:
            print('stopped', file=sys.stderr)
            return 130
        except OSError as error:
            print(f'error: {error.filename or "a file"}: {error.strerror or error}', file=sys.stderr)
        return 1

    app.run(guarded, flags_parser=_parse_flags)


def _parse_flags(argv: list[str]) -> list[str]:
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
