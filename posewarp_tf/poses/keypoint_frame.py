"""Which picture the annotated keypoints are measured in: found out, said aloud, never guessed silently.

DeepFashion annotations come in three frames (height x width):
    (a) 256x176, the published one;
    (b) 256x256 with borders of 40 px left and right, so that x - 40 gives (a);
    (c) any other, given by --keypoint_size or by the folder's own keypoint_size.txt; it covers the whole picture.
Market-1501's is 128x64, MVC's that of the pictures, which have one size.
Pictures come whole (750x1101, 176x256, or squashed to any size) or, for DeepFashion, padded to 256x256 with
the same white borders.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

import numpy as np

from posewarp_tf.conventions import DEEPFASHION_KEYPOINT_SIZE, MISSING
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.pictures.picture_files import load_image, picture_size

MARKET_KEYPOINT_SIZE = (128, 64)
PADDED_SIZE = (256, 256)
SIZE_FILE = 'keypoint_size.txt'
_BORDER = 40
# Annotators' rounding may put a joint a little beyond the person's columns.
_BORDER_TOLERANCE = 4
_WHITE = 250
_NUM_SAMPLED_PICTURES = 32
_MAX_OUTSIDE = 0.05


@dataclasses.dataclass(frozen=True)
class KeypointFrame:
    """Where a picture's content lies in the frame of the keypoints: columns left..left+width, rows 0..height."""

    height: float
    width: float
    left: float = 0.0

    def to_pixels(self, keypoints: np.ndarray, size: tuple[int, int], padded: bool = False) -> np.ndarray:
        """Keypoints [..., 2] of this frame in pixels of a picture of `size` (height, width).

        `padded`: the content has only the middle 176 of every 256 columns of that picture. Missing joints
        (negative) stay missing; joints outside the content become missing.
        """
        x = (keypoints[..., 0] - self.left) / self.width
        y = keypoints[..., 1] / self.height
        seen = np.all(keypoints >= 0, axis=-1) & (x >= 0) & (x <= 1) & (y <= 1)
        if padded:
            x = (_BORDER + x * (PADDED_SIZE[1] - 2 * _BORDER)) / PADDED_SIZE[1]
        # A joint on the very last edge belongs to the last pixel.
        pixels = np.stack([np.minimum(x * size[1], size[1] - 1e-3), np.minimum(y * size[0], size[0] - 1e-3)], axis=-1)
        return np.where(seen[..., np.newaxis], pixels, MISSING).astype(np.float32)


PADDED_FRAME = KeypointFrame(*DEEPFASHION_KEYPOINT_SIZE, _BORDER)


def detect_frame(
    keypoints: np.ndarray,
    keypoint_size: tuple[int, ...],
    dataset: str,
    path: str,
    pictures_size: tuple[int, int] | None = None,
) -> KeypointFrame:
    """The frame of all keypoints [N, 18, 2] of a data set; prints the decision.

    Args:
        keypoint_size: height and width; (): what the data set says itself (`stated_keypoint_size`), or else detected.
        path: of the data set, or of a file in it.
        pictures_size: that of all pictures, for a data set whose joints are in their pixels.

    Raises:
        DataError: naming --keypoint_size, when the frame cannot be told from the numbers or the given one
            leaves more than 5% of the joints outside; or the data set says another one.
    """
    annotated = keypoints[np.any(keypoints != MISSING, axis=-1)]
    seen = annotated[np.all(annotated >= 0, axis=-1)]
    if not seen.size:
        raise DataError(f'{path}: every joint of every picture is missing (-1)')
    frame, reason = _given(keypoint_size, path) or _decide(seen, dataset, path, pictures_size)
    num_outside = require_inside(annotated, frame, path, reason, ': give the frame by --keypoint_size=height,width')
    print(f'keypoint frame of {path}: {_shown(frame)} ({reason})')
    if num_outside:
        print(f'  {num_outside} of {len(annotated)} joints lie outside it and are taken as missing')
    return frame


def require_inside(annotated: np.ndarray, frame: KeypointFrame, path: str, reason: str, advice: str = '') -> int:
    """How many of the joints [N, 2] that are annotated lie outside a frame.

    Raises:
        DataError: more than 5% do; names the `path`, the `reason` for the frame and the `advice`.
    """
    num_outside = int(np.count_nonzero(frame.to_pixels(annotated, (1, 1))[..., 0] < 0))
    if num_outside > _MAX_OUTSIDE * len(annotated):
        raise DataError(
            f'{path}: {num_outside} of {len(annotated)} joints lie outside {_shown(frame)} ({reason}); x is in '
            f'{_range(annotated[:, 0])}, y in {_range(annotated[:, 1])}{advice}'
        )
    return num_outside


def stated_keypoint_size(path: str) -> tuple[int, ...]:
    """What a data set says itself, `height,width` in its keypoint_size.txt; () without the file.

    `path` is that of the data set, or of a file in it.

    Raises:
        DataError: it says something else.
    """
    size_path = _size_file(path)
    if not os.path.exists(size_path):
        return ()
    text = read_text(size_path).strip()
    sides = text.split(',')
    if len(sides) != 2 or not all(side.strip().isdecimal() and int(side) for side in sides):
        raise DataError(f'{size_path}: got {text[:80]!r}, expected height,width')
    return int(sides[0]), int(sides[1])


def _size_file(path: str) -> str:
    return os.path.join(path if os.path.isdir(path) else os.path.dirname(path), SIZE_FILE)


def _given(keypoint_size: tuple[int, ...], path: str) -> tuple[KeypointFrame, str] | None:
    """The frame that the user or the data set says, and who does."""
    stated = stated_keypoint_size(path)
    if not keypoint_size:
        return (KeypointFrame(*stated), f'as {SIZE_FILE} says') if stated else None
    if len(keypoint_size) != 2 or min(keypoint_size) <= 0:
        raise DataError(f'--keypoint_size: got {keypoint_size}, expected height,width')
    if stated and tuple(keypoint_size) != stated:
        got, expected = (','.join(map(str, size)) for size in (keypoint_size, stated))
        raise DataError(f'--keypoint_size: got {got}, but {_size_file(path)} says {expected}')
    return KeypointFrame(*keypoint_size), 'given by --keypoint_size'


def _decide(
    seen: np.ndarray, dataset: str, path: str, pictures_size: tuple[int, int] | None
) -> tuple[KeypointFrame, str]:
    if dataset == 'market':
        return KeypointFrame(*MARKET_KEYPOINT_SIZE), 'published for Market-1501'
    if dataset == 'mvc':
        if pictures_size is None:
            raise DataError(
                f'{path}: the pictures have different sizes, so the frame of the keypoints cannot be told: '
                'give it by --keypoint_size=height,width'
            )
        return KeypointFrame(*pictures_size), 'the size of the pictures'
    height, width = DEEPFASHION_KEYPOINT_SIZE
    min_x, max_x, max_y = seen[:, 0].min(), seen[:, 0].max(), seen[:, 1].max()
    if max_y <= height and max_x <= width:
        if max_x <= width / 2 and max_y <= height / 2:
            print(f'note: every joint lies in the upper left quarter of {height}x{width}; check --keypoint_size')
        return KeypointFrame(height, width), f'published frame; largest x is {max_x:g}'
    low, high = _BORDER - _BORDER_TOLERANCE, _BORDER + width + _BORDER_TOLERANCE
    if max_y <= height and min_x >= low and max_x <= high:
        return (
            PADDED_FRAME,
            f'256x256 with borders of {_BORDER}: x is in {_range(seen[:, 0])}',
        )
    raise DataError(
        f'{path}: cannot tell the frame of the keypoints: x is in {_range(seen[:, 0])}, y in {_range(seen[:, 1])}. '
        f'Neither {height}x{width} (x up to {width}) nor 256x256 with borders (x in {_BORDER}..{_BORDER + width}); '
        'give it by --keypoint_size=height,width'
    )


def layout_named_by(path: str | os.PathLike) -> str:
    """The layout that a file of annotations is of, by the beginning of its name."""
    name = os.path.basename(os.fspath(path))
    return next((layout for layout in ('market', 'mvc') if name.startswith(layout)), 'deepfashion')


def common_size(paths: Sequence[str]) -> tuple[int, int] | None:
    """(height, width) of all pictures, by a sample; None if they differ."""
    sizes = {picture_size(path) for path in _sample(paths)}
    return sizes.pop() if len(sizes) == 1 else None


def pictures_are_padded(paths: Sequence[str]) -> bool:
    """Whether 256x256 pictures carry DeepFashion's white borders of 40 px left and right.

    Looks at a sample: each must be of that size with borders that are white throughout.
    """
    sample = _sample(paths)
    return bool(sample) and all(map(_is_padded, sample))


def _sample(paths: Sequence[str]) -> Sequence[str]:
    return paths[:: max(1, len(paths) // _NUM_SAMPLED_PICTURES)][:_NUM_SAMPLED_PICTURES]


def _is_padded(path: str) -> bool:
    if picture_size(path) != PADDED_SIZE:
        return False
    # JPEG blurs the inner edge of a border by up to a block and a chroma sample.
    width = _BORDER - 12
    image = load_image(path)
    return bool(image[:, :width].min() >= _WHITE and image[:, -width:].min() >= _WHITE)


def _range(values: np.ndarray) -> str:
    return f'{values.min():g}..{values.max():g}'


def _shown(frame: KeypointFrame) -> str:
    return f'{frame.height:g}x{frame.width:g}' + (f' from column {frame.left:g} on' if frame.left else '')
