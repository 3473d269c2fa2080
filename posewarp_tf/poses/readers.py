"""The pose of one picture, from whichever file its pose estimator wrote."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import numpy as np

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.pictures.names import NameIndex
from posewarp_tf.poses.annotations import Annotations, read_annotations, read_pose_text
from posewarp_tf.poses.joints import LAYOUTS, to_openpose_18
from posewarp_tf.poses.keypoint_frame import PADDED_SIZE, detect_frame, layout_named_by

# Estimators place joints a little outside the picture; farther out, they belong to another picture.
_OUTSIDE_TOLERANCE = 0.05

# Who gives a picture here hopes that its joints will be found.
NO_ESTIMATOR = (
    'no joints are found in pictures and videos here; a pose estimator (OpenPose, MediaPipe, ...) finds them and '
    'writes such files'
)
_EXPECTED = 'joints as OpenPose, COCO or MediaPipe JSON, annotation CSV or pose text'


def load_keypoints(
    path: str | os.PathLike,
    image_size: tuple[int, int] | None = None,
    name: str | None = None,
    keypoint_size: tuple[int, ...] = (),
) -> np.ndarray:
    """As `read_keypoints`, without the words, which it prints."""
    keypoints, words = read_keypoints(path, image_size, name, keypoint_size)
    print(words)
    return keypoints


class NoPoseError(DataError):
    """A file that says that there is nobody in the picture."""


def read_keypoints(
    path: str | os.PathLike,
    image_size: tuple[int, int] | None = None,
    name: str | None = None,
    keypoint_size: tuple[int, ...] = (),
) -> tuple[np.ndarray, str]:
    """The joints of one person as float32 [18, 2], (x, y) in pixels of the picture, and words on what was read.

    Formats, told apart by their content: OpenPose JSON (`people`; the highest mean confidence of several),
    COCO JSON (`annotations` or a list of results; the most joints of several), MediaPipe landmarks as JSON,
    an annotation CSV (the row of `name`) and pose text (18 rows `x y`). Layouts of 17, 18, 25 and 33 joints.

    Args:
        path: of the file.
        image_size: (height, width) of the picture. Needed if coordinates are normalised to 0..1. A CSV row
            is scaled to it from the CSV's frame; without it, the row comes in pixels of that frame.
        name: of the picture, where a file has many.
        keypoint_size: frame of a CSV that does not tell by itself.

    Raises:
        NoPoseError: no people, or every joint missing.
        DataError: naming the file and what is wrong: NaN, an unknown number of joints, joints outside the picture.
    """
    path = os.fspath(path)
    text = read_text(path, _EXPECTED, NO_ESTIMATOR).lstrip()
    if text[0] in '{[':
        keypoints, kind = _from_json(path, text, image_size, name)
    elif ':' in text.splitlines()[0]:
        keypoints, kind = _from_csv(path, image_size, name, keypoint_size)
    else:
        keypoints, kind = read_pose_text(path), 'pose text'
    keypoints, frame = in_pixels(path, keypoints, image_size)
    num_seen = int(np.sum(keypoints[:, 0] != MISSING))
    if num_seen == 0:
        raise NoPoseError(f'{path}: all {NUM_JOINTS} joints are missing: there is no pose to follow')
    seen = keypoints[keypoints[:, 0] != MISSING]
    (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
    extent = f'x {left:.0f}..{right:.0f}, y {top:.0f}..{bottom:.0f}'
    return keypoints, f'{path}: {kind}, {num_seen} of {NUM_JOINTS} joints, {extent}{frame}'


def _from_json(path: str, text: str, image_size: tuple[int, int] | None, name: str | None) -> tuple[np.ndarray, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f'{path}: not JSON: {error}') from error
    try:
        return _from_content(path, content, image_size, name)
    except (TypeError, AttributeError) as error:
        raise DataError(f'{path}: JSON with a value of another kind than pose files have: {error}') from error


def _from_content(
    path: str, content: Any, image_size: tuple[int, int] | None, name: str | None
) -> tuple[np.ndarray, str]:
    if isinstance(content, dict) and 'people' in content:
        return _from_openpose(path, content['people'])
    if isinstance(content, dict) and 'annotations' in content:
        return _from_coco(path, content, image_size, name)
    if isinstance(content, list) and content and isinstance(content[0], dict) and 'keypoints' in content[0]:
        return _from_coco(path, {'annotations': content}, image_size, name)
    landmarks = content.get('pose_landmarks', content.get('landmarks')) if isinstance(content, dict) else content
    if isinstance(landmarks, list) and landmarks and isinstance(landmarks[0], list):
        landmarks = landmarks[0]
    if isinstance(landmarks, list) and landmarks and isinstance(landmarks[0], dict) and 'x' in landmarks[0]:
        points = [value for p in landmarks for value in (p.get('x'), p.get('y'), p.get('visibility', 1.0))]
        return _from_flat(path, points, 'landmarks')
    raise DataError(
        f'{path}: unknown JSON: expected `people` (OpenPose), `annotations` or a list with `keypoints` (COCO) or '
        'landmarks with `x`, `y` and `visibility` (MediaPipe)'
    )


def _from_openpose(path: str, people: Any) -> tuple[np.ndarray, str]:
    if not isinstance(people, list) or not people:
        raise NoPoseError(f'{path}: `people` is empty: the estimator found nobody in the picture')
    tables = []
    for i, person in enumerate(people):
        if not isinstance(person, dict) or 'pose_keypoints_2d' not in person:
            raise DataError(f'{path}: people[{i}]: no `pose_keypoints_2d`')
        tables.append(_table(path, person['pose_keypoints_2d'], f'people[{i}].pose_keypoints_2d'))
    chosen = int(np.argmax([table[:, 2].mean() for table in tables]))
    kind = f'OpenPose JSON, {LAYOUTS[len(tables[chosen])][0]}'
    if len(tables) > 1:
        confidence = tables[chosen][:, 2].mean()
        kind += f', person {chosen} of {len(tables)} (counted from 0; highest mean confidence, {confidence:.2f})'
    return to_openpose_18(tables[chosen]), kind


def _from_coco(
    path: str, content: dict[str, Any], image_size: tuple[int, int] | None, name: str | None
) -> tuple[np.ndarray, str]:
    annotations = [a for a in content['annotations'] if isinstance(a, dict) and 'keypoints' in a]
    images = {image.get('id'): image for image in content.get('images', []) if isinstance(image, dict)}
    if name is not None and images:
        found = NameIndex(str(image.get('file_name')) for image in images.values()).find(name)
        ids = {key for key, image in images.items() if image.get('file_name') == found}
        annotations = [a for a in annotations if a.get('image_id') in ids]
    if not annotations:
        raise DataError(f'{path}: no `annotations` with `keypoints`' + (f' for picture {name!r}' if name else ''))
    tables = [_table(path, a['keypoints'], f'annotations[{i}].keypoints') for i, a in enumerate(annotations)]
    chosen = int(np.argmax([np.count_nonzero(table[:, 2]) for table in tables]))
    kind = f'COCO JSON, {LAYOUTS[len(tables[chosen])][0]}'
    if len(tables) > 1:
        count = np.count_nonzero(tables[chosen][:, 2])
        kind += f', annotation {chosen} of {len(tables)} (counted from 0; most visible joints, {count})'
    keypoints = to_openpose_18(tables[chosen])
    image = images.get(annotations[chosen].get('image_id'), {})
    if image_size is not None and image.get('height') and image.get('width'):
        own_size = (image['height'], image['width'])
        if own_size != tuple(image_size):
            kind += f', scaled from its {own_size[0]}x{own_size[1]}'
            scale = np.array([image_size[1] / own_size[1], image_size[0] / own_size[0]], np.float32)
            keypoints = np.where(keypoints == MISSING, MISSING, keypoints * scale).astype(np.float32)
    return keypoints, kind


def _from_csv(
    path: str, image_size: tuple[int, int] | None, name: str | None, keypoint_size: tuple[int, ...]
) -> tuple[np.ndarray, str]:
    annotations = _annotations(path, os.stat(path).st_mtime_ns)
    if name is None and len(annotations.keypoints) > 1:
        raise DataError(f'{path}: has {len(annotations.keypoints)} rows: say which picture is meant')
    found = next(iter(annotations.keypoints)) if name is None else NameIndex(annotations.keypoints).find(name)
    if found is None:
        first = next(iter(annotations.keypoints))
        raise DataError(f'{path}: no row of picture {name!r} (the first of {len(annotations.keypoints)} is {first!r})')
    joints = np.stack(list(annotations.keypoints.values()))
    frame = detect_frame(joints, keypoint_size, layout_named_by(path), path, image_size)
    size = image_size or (int(frame.height), int(frame.width))
    # A frame with borders comes with pictures that have them.
    padded = frame.left > 0 and size == PADDED_SIZE
    kind = f'annotation CSV, row of {found}' + (', picture with borders' if padded else '')
    return frame.to_pixels(annotations.keypoints[found], size, padded), kind


@functools.lru_cache(maxsize=2)
def _annotations(path: str, changed: int) -> Annotations:
    """All rows of a file whose pictures are asked for one by one; it is read again only if it has changed."""
    return read_annotations(path)


def _from_flat(path: str, values: Any, what: str) -> tuple[np.ndarray, str]:
    table = _table(path, values, what)
    return to_openpose_18(table), f'{what}, {LAYOUTS[len(table)][0]}'


def _table(path: str, values: Any, what: str) -> np.ndarray:
    """A flat list of x, y, confidence as float64 [n, 3]."""
    try:
        numbers = np.array(values, np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise DataError(f'{path}: {what}: expected numbers x, y, confidence: {error}') from error
    if len(numbers) % 3 or len(numbers) // 3 not in LAYOUTS:
        expected = ', '.join(f'3 * {n} ({layout})' for n, (layout, _) in sorted(LAYOUTS.items()))
        raise DataError(f'{path}: {what}: got {len(numbers)} numbers, expected {expected}')
    table = numbers.reshape(-1, 3)
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if bad.size:
        raise DataError(f'{path}: {what}: joint {bad[0]}: got {table[bad[0]].tolist()}, expected finite numbers')
    return table


def in_pixels(path: str, keypoints: np.ndarray, image_size: tuple[int, int] | None) -> tuple[np.ndarray, str]:
    """Keypoints [18, 2] in pixels of the picture, and words about the picture; `path` is named in errors."""
    seen = np.any(keypoints != MISSING, axis=-1)
    if seen.any() and keypoints[seen].max() <= 1.0:
        if image_size is None:
            raise DataError(f'{path}: coordinates are normalised to 0..1: the size of the picture is needed')
        keypoints = np.where(seen[:, np.newaxis], keypoints * np.array(image_size[::-1], np.float32), MISSING)
        words = f' (normalised to 0..1, scaled to {image_size[0]}x{image_size[1]})'
    elif image_size is None:
        return keypoints.astype(np.float32), ''
    else:
        words = f' in a picture of {image_size[0]}x{image_size[1]}'
    limit = np.array(image_size[::-1], np.float32)
    far = seen & np.any(
        (keypoints < -_OUTSIDE_TOLERANCE * limit) | (keypoints > (1 + _OUTSIDE_TOLERANCE) * limit), axis=-1
    )
    if far.any():
        worst = keypoints[far][0].tolist()
        raise DataError(
            f'{path}: joint {np.flatnonzero(far)[0]} lies at x, y = {worst}, outside the picture of '
            f'{image_size[0]}x{image_size[1]} (height x width): if they are of another picture, give its size '
            '(of a target pose by --target_image_size=height,width)'
        )
    outside = seen & np.any((keypoints < 0) | (keypoints >= limit), axis=-1)
    if outside.any():
        words += f', {outside.sum()} just outside it taken as missing'
    return np.where((seen & ~outside)[:, np.newaxis], keypoints, MISSING).astype(np.float32), words
