"""What a check of a data set finds, printed as it goes."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence

from tqdm import tqdm

from posewarp_tf.errors import DataError, PosewarpError
from posewarp_tf.pictures.picture_files import load_image, picture_size

_NUM_DECODED = 64
_NUM_SHOWN = 10


class Findings:
    """What is wrong (`problems`: training would fail) and what is odd (`notes`)."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []

    def add(self, title: str, lines: Sequence[str], fatal: bool = True) -> None:
        """Prints the count and the first of `lines`, if there are any, and remembers the title."""
        if not lines:
            return
        title = f'{title}: {len(lines)}'
        (self.problems if fatal else self.notes).append(title)
        print(f'  {"BAD " if fatal else "note"}  {title}')
        for line in lines[:_NUM_SHOWN]:
            print(f'          {line}')
        if len(lines) > _NUM_SHOWN:
            print(f'          ... and {len(lines) - _NUM_SHOWN} more')

    def attempt(self, title: str, action: Callable, fatal: bool = True):
        """The action's result; None, with the problem noted, if it raises a PosewarpError."""
        try:
            return action()
        except PosewarpError as error:
            self.add(title, [str(error)], fatal)
            return None


def check_pictures(paths: list[str], decode_all: bool, findings: Findings) -> dict[str, tuple[int, int]]:
    """Headers of all; all pixels of some, or of all. Adds those that are unreadable to `findings`.

    Returns:
        {path: height and width} of those with a header.
    """
    unreadable: dict[str, str] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for path in tqdm(paths, desc='  headers', unit='', leave=False, delay=1, disable=None):
        try:
            sizes[path] = picture_size(path)
        except DataError as error:
            unreadable[path] = str(error)
    decoded = paths if decode_all else paths[:: max(1, len(paths) // _NUM_DECODED)]
    for path in tqdm(decoded, desc='  decoding', unit='', leave=False, delay=1, disable=None):
        try:
            load_image(path)
        except DataError as error:
            unreadable[path] = str(error)
    counts = collections.Counter(sizes.values())
    print(
        '  sizes (height x width): '
        + ', '.join(f'{height}x{width}: {count:,}' for (height, width), count in counts.most_common(3))
        + (f' and {len(counts) - 3} other sizes' if len(counts) > 3 else '')
        + f'; {len(decoded):,} of {len(paths):,} pictures decoded'
    )
    findings.add('unreadable pictures', list(unreadable.values()))
    return sizes
