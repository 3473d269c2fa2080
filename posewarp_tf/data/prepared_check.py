"""Looks a prepared folder (prepared.py) over: whether its files are there, whole, and what was written."""

from __future__ import annotations

from tqdm import tqdm

from posewarp_tf.data.datasets import PairDataset
from posewarp_tf.data.findings import Findings
from posewarp_tf.data.prepared import Prepared
from posewarp_tf.data.record_shards import checksum
from posewarp_tf.pictures.contents import file_size, is_remote

# So many pairs of each split are looked at; preparing has decoded all.
_NUM_SAMPLED = 64


def check_shards(prepared: Prepared, findings: Findings) -> None:
    """Sizes of all shards and, unless they lie behind a URL, their SHA-256; adds what is wrong to `findings`."""
    damaged = []
    reads = not is_remote(prepared.data_dir)
    for shard in tqdm(prepared.shards, desc='  shards', unit='', leave=False, delay=1, disable=None):
        path = prepared.path(shard['name'])
        size = file_size(path)
        if size != shard['bytes']:
            damaged.append(f'{path}: {"missing" if size is None else f"got {size} bytes"}, expected {shard["bytes"]}')
        elif reads and checksum(path)['sha256'] != shard['sha256']:
            damaged.append(f'{path}: damaged: its SHA-256 is not that of the index')
    looked_at = 'sizes and checksums' if reads else 'sizes'
    print(f'{prepared.data_dir}: prepared, {len(prepared.shards)} shards; {looked_at} compared')
    findings.add('damaged shards', damaged)


def part_to_look_at(dataset: PairDataset, decode_all: bool) -> PairDataset:
    """The pairs of a prepared split whose pictures and maps are to be decoded."""
    return dataset if decode_all else dataset.spread(_NUM_SAMPLED)
