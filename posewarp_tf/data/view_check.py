"""What data.check says of files of objects from all sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.data.findings import Findings
from posewarp_tf.data.view_files import ViewExamples, ViewReader, load_views
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.poses.views import AZIMUTHS, ELEVATIONS
from posewarp_tf.settings.config import Config

_NUM_DECODED = 64
_NUM_SHOWN = 9


def check_views(
    config: Config, findings: Findings, sheet_path: str, decode_all: bool, needed: Mapping[str, str]
) -> None:
    """Every view that the lists can ask for is there; some, or all, are read, and lie where their names say.

    Writes a contact sheet: an object of each split from nine sides.

    Args:
        needed: the truth that training needs, by its key in a batch, and in words what asks for it.
    """
    rows = []
    for split in ('train', 'test'):
        print(f'{split} split')
        examples = findings.attempt('views', lambda split=split: load_views(config.data, split))
        if examples is None:
            continue
        reader = ViewReader(examples.path, config.model.image_size)
        if findings.attempt('views', lambda reader=reader: reader.opened()) is not None:
            rows.append(_check_split(config, examples, reader, decode_all, findings))
            if split == 'train':
                _check_depth(examples, reader, findings, needed)
    rows = [row for row in rows if row]
    if rows:
        save_image(sheet_path, picture_grid(rows))
        print(f'contact sheet: {sheet_path}')


def _check_split(
    config: Config, examples: ViewExamples, reader: ViewReader, decode_all: bool, findings: Findings
) -> list[np.ndarray]:
    """Pictures of the split's first object."""
    places = {examples.name(place): place for place in examples.every_place(config.data.view_elevations == 'any')}
    print(f'  {len(examples.objects):,} objects, {len(places):,} views of them')
    present = [name for name in places if name in reader]
    findings.add('missing views', [f'{reader.path}: {name}' for name in places if name not in reader])
    if not present:
        return []
    chosen = present if decode_all else present[:: max(1, len(present) // _NUM_DECODED)]
    problems = []
    for name in tqdm(chosen, desc='  views', unit='', leave=False, delay=1, disable=None):
        try:
            _check_view(reader, name, places[name])
        except DataError as error:
            problems.append(str(error))
    print(f'  {len(chosen):,} of {len(present):,} views read')
    findings.add('unusable views', problems)
    first = [name for name in present if places[name][0] == places[present[0]][0]]
    return [] if problems else [reader.picture(name) for name in first[:: max(1, len(first) // _NUM_SHOWN)]]


def _check_depth(examples: ViewExamples, reader: ViewReader, findings: Findings, needed: Mapping[str, str]) -> None:
    first = examples.name(examples.sources[0])
    if first in reader and reader.has_depth(first):
        print('  depths, of which exact flows are made')
    else:
        asking = [f'{key} by {needed[key]}' for key in TRUTH_KEYS if key in needed]
        findings.add('exact flows, which are made of depths, and there are none', asking)


def _check_view(reader: ViewReader, name: str, place: Sequence[int]) -> None:
    """Raises DataError for an unreadable picture, or a pose that is not that of the name."""
    expected = (AZIMUTHS[place[1]] // 10, ELEVATIONS[place[2]])
    if reader.pose(name) != expected:
        raise DataError(f'{reader.path}: {name}/pose: got {reader.pose(name)}, expected {expected}')
    reader.picture(name)
