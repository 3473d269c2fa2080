"""Skeletons to compare an export with its network on: held-out ones where the data is at hand, self-made where not."""

from __future__ import annotations

import os
import tempfile
from typing import NamedTuple

import numpy as np

from posewarp_tf.data.skeleton_files import load_skeletons
from posewarp_tf.data.skeletons import make_test_skeletons
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.skeletons import write_skeletons

# One movement of each subject.
_SELF_MADE = 7


class HeldOut(NamedTuple):
    """Noisy skeletons of people that were not trained on.

    pieces: float32 [N, 104, 34], as the network gets them.
    video: float32 [frames, 34], one whole video as it was found.
    whose: in words.
    """

    pieces: np.ndarray
    video: np.ndarray
    whose: str


def held_out_skeletons(config: Config, num_pieces: int, data_dir: str | None = None) -> HeldOut:
    """`num_pieces` (or all, if fewer), spread evenly over the test sequences, and the first of these.

    Args:
        config: of the network; its data section says where the sequences are.
        data_dir: another folder of the same files.

    If neither the config's folder nor another one is there, skeletons are made instead.

    Raises:
        DataError: a folder that is there, or is given, cannot be used.
    """
    folder = data_dir or config.data.data_dir
    if data_dir is not None or os.path.isdir(folder):
        whose = f'pieces of test sequences of {os.path.basename(folder.rstrip("/"))}'
        return _read(config.replace(data_dir=folder), num_pieces, whose)
    with tempfile.TemporaryDirectory() as made:
        folder = os.path.join(made, 'skeletons')
        write_skeletons(folder, _SELF_MADE)
        return _read(config.replace(data_dir=folder), num_pieces, 'pieces of self-made sequences')


def _read(config: Config, num_pieces: int, whose: str) -> HeldOut:
    pieces = next(iter(make_test_skeletons(config, num_pieces, num_pieces)))['skeletons'].numpy()
    sequences = load_skeletons(config.data.data_dir, 'test')
    return HeldOut(pieces, sequences.noisy[: sequences.lengths[0]], whose)
