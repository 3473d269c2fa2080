"""Files that lie as a run of bytes inside a larger file, and paths that name them.

    data/prepared/train-00003-of-00012.tfrecord@52410+18233/WOMEN/id_1.jpg

is 18233 bytes, from byte 52410 on, of that .tfrecord; what follows is the name that the bytes had as a file of their
own, from which suffix and stem are taken as from any other path. Such a path may stand wherever the path of a file may.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Of paths of parts; of TensorFlow's regular expressions too.
PATTERN = r'.+\.tfrecord@[0-9]+\+[0-9]+/.+'

_PART = re.compile(r'(.+\.tfrecord)@(\d+)\+(\d+)/.+', re.DOTALL)


class FilePart(NamedTuple):
    """Where the bytes are: `length` of them, from byte `offset` of `file` on."""

    file: str
    offset: int
    length: int

    def path(self, name: str) -> str:
        """What names these bytes, which are the file `name`."""
        return f'{self.file}@{self.offset}+{self.length}/{name}'


def part_of(path: str) -> FilePart | None:
    """What a path names; None if that is no part of a file."""
    match = _PART.fullmatch(path)
    return FilePart(match[1], int(match[2]), int(match[3])) if match else None
