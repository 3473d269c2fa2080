"""How people stand in the pictures that a model was trained on, and the window of a photo in which they stand so."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib

import numpy as np

from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import DataError
from posewarp_tf.photos.windows import Margins, Window, bounding_window

# A person whose joints are less of the picture's height than this says nothing about margins.
_LEAST_HEIGHT = 0.05
# Arms reach out in some poses and not in others: so much room at the sides is there in nine of ten pictures.
_SIDE_PERCENTILE = 10
_RANGE = (5, 95)
# A photo is taken whole when its shape differs by no more than this factor from that of the training's pictures.
_SAME_ASPECT = 1.06
# Of a very wide pose (somebody lying) the height says little: then half of its width is the unit of the margins.
_WIDE = 0.5


@dataclasses.dataclass(frozen=True)
class PersonFrame:
    """Where the joints lie in the pictures of a training.

    aspect: height / width of the pictures, before they are squashed to the model's size.
    margins: room around the joints' bounding box, in parts of its height: above and below the median over the pictures;
        left and right the 10th percentile, since arms that reach out take room without making the person smaller.
    height: the box' height in parts of the picture's: the median.
    height_range: its 5th and 95th percentiles.
    top_range: those of the margin above.
    num_pictures: that this was measured on; 0: it was not measured but is `default_person_frame`.
    """

    aspect: float
    margins: Margins
    height: float
    height_range: tuple[float, float]
    top_range: tuple[float, float]
    num_pictures: int

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + '\n'

    @classmethod
    def load(cls, path: str | os.PathLike) -> PersonFrame:
        """From a file that holds `to_json`.

        Raises:
            DataError: it does not.
        """
        try:
            values = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
            for name in ('height_range', 'top_range'):
                low, high = values[name]
                values[name] = (low, high)
            return cls(**{**values, 'margins': Margins(**values['margins'])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{path}: not the frame of a training's people: {error}") from error


def default_person_frame(image_size: tuple[int, int]) -> PersonFrame:
    """For runs that did not measure theirs: that of the demo's drawn people, who are seen from head to foot.

    The shape of the pictures is then taken to be that of the model's size (height, width).
    """
    return PersonFrame(
        aspect=image_size[0] / image_size[1],
        margins=Margins(left=0.17, right=0.17, top=0.19, bottom=0.16),
        height=0.74,
        height_range=(0.66, 0.82),
        top_range=(0.12, 0.28),
        num_pictures=0,
    )


def measure_person_frame(keypoints: np.ndarray, size: tuple[int, int], aspect: float) -> PersonFrame | None:
    """The frame of many people.

    Args:
        keypoints: [pictures, 18, 2] (x, y) in pixels of pictures of `size` (height, width), missing (-1, -1).
        aspect: height / width of the pictures before they were squashed to that size.

    Returns:
        None where no picture shows a pose that is high enough to be measured.
    """
    seen = np.any(keypoints != MISSING, axis=-1, keepdims=True)
    low = np.where(seen, keypoints, np.inf).min(axis=1) / np.array(size[::-1])
    high = np.where(seen, keypoints, -np.inf).max(axis=1) / np.array(size[::-1])
    height = high[:, 1] - low[:, 1]
    used = np.isfinite(height) & (height >= _LEAST_HEIGHT)
    if not used.any():
        return None
    low, high, height = low[used], high[used], height[used]
    # Widths in parts of the picture's height before squashing.
    left, right = low[:, 0] / aspect / height, (1 - high[:, 0]) / aspect / height
    top, bottom = low[:, 1] / height, (1 - high[:, 1]) / height
    return PersonFrame(
        aspect=float(aspect),
        margins=Margins(
            left=float(np.percentile(left, _SIDE_PERCENTILE)),
            right=float(np.percentile(right, _SIDE_PERCENTILE)),
            top=float(np.median(top)),
            bottom=float(np.median(bottom)),
        ),
        height=float(np.median(height)),
        height_range=_percentiles(height),
        top_range=_percentiles(top),
        num_pictures=int(used.sum()),
    )


def framing(
    photo_size: tuple[int, ...], keypoints: np.ndarray, frame: PersonFrame, mask: np.ndarray | None = None
) -> Window:
    """The window of a photo in which a person stands as the people of a training did, with edges between pixels.

    The whole photo, where it has (about) the shape of the training's pictures and the person fills it as there.
    Otherwise the joints' bounding box (and the mask's, if one is given) with the frame's margins, enlarged around its
    middle to the frame's aspect; it may reach beyond the photo.

    Args:
        photo_size: (height, width, ...).
        keypoints: [18, 2] (x, y) in pixels of the photo, missing (-1, -1).
        mask: [H, W] in 0 to 1, the person's pixels.

    Raises:
        DataError: there is no joint.
    """
    joints = bounding_window(keypoints)
    aspect = photo_size[0] / photo_size[1]
    same_shape = max(aspect / frame.aspect, frame.aspect / aspect) <= _SAME_ASPECT
    fills = _within(joints.height / photo_size[0], frame.height_range)
    if same_shape and fills and _within(joints.top / joints.height, frame.top_range):
        return Window.whole(photo_size)
    around = joints.enlarged(frame.margins, max(joints.height, _WIDE * joints.width))
    if mask is not None:
        person = bounding_window(keypoints, mask)
        right = max(around.left + around.width, person.left + person.width)
        bottom = max(around.top + around.height, person.top + person.height)
        left, top = min(around.left, person.left), min(around.top, person.top)
        around = Window(left, top, right - left, bottom - top)
    return around.with_aspect(frame.aspect).on_whole_pixels()


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, _RANGE)
    return float(low), float(high)
