"""Trying again: only after errors that may pass, ever more slowly, and never beyond the deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from posewarp_tf.errors import PosewarpError

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0

Answer = TypeVar('Answer')


class ServingError(PosewarpError):
    """A server that cannot be reached, or its refusal.

    Attributes:
        may_pass: whether the same request may be answered a little later.
    """

    def __init__(self, message: str, may_pass: bool = False):
        super().__init__(message)
        self.may_pass = may_pass


def call_with_retries(
    call: Callable[[float], Answer],
    deadline: float,
    max_retries: int,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """What `call(seconds left)` returns, tried up to 1 + `max_retries` times within `deadline` seconds.

    Waits 0.1, 0.2, 0.4, ... seconds between tries, at most 5, each a random part (a half to all) of that, so that many
    clients of a server that comes back do not come back together.

    Raises:
        ServingError: of the last try, if it cannot pass, or time or tries are up.
    """
    start, delay, tries = clock(), _FIRST_DELAY, 0
    while True:
        tries += 1
        try:
            return call(max(deadline - (clock() - start), 0.0))
        except ServingError as error:
            wait = delay * random.uniform(0.5, 1.0)
            if not error.may_pass:
                raise
            if tries > max_retries or clock() - start + wait >= deadline:
                seconds = clock() - start
                raise ServingError(f'{error} (gave up after {tries} tries in {seconds:.1f} s)') from error
        sleep(wait)
        delay = min(2 * delay, _LONGEST_DELAY)
