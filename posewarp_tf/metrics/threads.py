"""One call for each picture, on all cores."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Callable, Iterable
from typing import Any


def in_threads(function: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
    """As `list(map(function, *arguments))`, and with the same numbers, on all cores.

    Of use for functions that do their work in NumPy and SciPy, which let other threads run meanwhile.
    """
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, *arguments))
