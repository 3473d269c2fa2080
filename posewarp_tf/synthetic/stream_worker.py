"""One worker of a stream: makes people who are asked for through a pipe, into memory that it shares."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import signal
import traceback
from typing import Any

import numpy as np
from PIL import Image

from posewarp_tf import conventions
from posewarp_tf.errors import PosewarpError
from posewarp_tf.synthetic import dataset
from posewarp_tf.synthetic.settings import Settings

AHEAD = 3  # people of a worker that are finished or asked for
_LARGEST_FLOW = 2048.0  # pixels; beyond it float16 knows even numbers only


@dataclasses.dataclass(frozen=True, eq=False)
class StreamedPerson:
    """K pictures of person `index` and P ordered pairs of them.

    images uint8 [K, H, W, 3], as JPEG leaves them; parts uint8 [K, H, W]; keypoints float32 [K, 18, 2], (x, y) in
    pixels, missing -1; pairs int32 [P, 2], numbers of source and target; flows float16 [P, H, W, 2], (dx, dy) from
    target to source in pixels, at most 2048; visibility uint8 [P, H, W], of the target's pixels.
    """

    index: int
    images: np.ndarray
    parts: np.ndarray
    keypoints: np.ndarray
    pairs: np.ndarray
    flows: np.ndarray
    visibility: np.ndarray


def stream_person(settings: Settings, index: int) -> StreamedPerson:
    """Makes one person of the stream in this process."""
    pictures, flow_between = dataset.make_person(settings, 'train', index)
    pairs = dataset.choose_pairs(settings, 'train', index)
    moves = [flow_between(pictures[source], pictures[target]) for source, target in pairs]
    return StreamedPerson(
        index,
        np.stack([_after_jpeg(picture) for picture in pictures]),
        np.stack([picture.parts for picture in pictures]),
        np.stack([picture.keypoints for picture in pictures]).astype(np.float32),
        np.array(pairs, np.int32),
        np.clip(np.stack([flow for flow, _ in moves]), -_LARGEST_FLOW, _LARGEST_FLOW).astype(np.float16),
        np.stack([visibility for _, visibility in moves]),
    )


def work(pipe: Any, gate: Any, memory: Any, settings: Settings, is_first: bool) -> None:
    """Makes whoever is asked for until the other side is gone; an interruption is the other side's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            arrays = arrays_in(memory, settings)
            if settings.people == 'rendered':
                from posewarp_tf.synthetic.rendered import studio

                studio.prepare(settings)
            if not is_first:
                # It is readable when the first worker has closed its end: then all loops are compiled.
                gate.poll(None)
        except Exception as error:
            reason = error if isinstance(error, PosewarpError) else None
            pipe.send((None, None, traceback.format_exc(), reason))
            return
        while True:
            slot, index = pipe.recv()
            failure = None
            try:
                person = stream_person(settings, index)
                for name, array in arrays.items():
                    array[slot] = getattr(person, name)
            except Exception:
                failure = traceback.format_exc()
            pipe.send((slot, index, failure, None))
            gate.close()


def layout(settings: Settings) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shapes and kinds of a StreamedPerson's arrays."""
    pictures, pairs, size = settings.poses_per_person, settings.pairs_per_person, settings.image_size
    return {
        'images': ((pictures, *size, 3), np.uint8),
        'parts': ((pictures, *size), np.uint8),
        'keypoints': ((pictures, conventions.NUM_JOINTS, 2), np.float32),
        'pairs': ((pairs, 2), np.int32),
        'flows': ((pairs, *size, 2), np.float16),
        'visibility': ((pairs, *size), np.uint8),
    }


def arrays_in(memory: Any, settings: Settings) -> dict[str, np.ndarray]:
    """Views [AHEAD, ...] of the shared bytes, the widest numbers first, so that all are aligned."""
    widest_first = sorted(layout(settings).items(), key=lambda item: -np.dtype(item[1][1]).itemsize)
    arrays: dict[str, np.ndarray] = {}
    start = 0
    for name, (shape, kind) in widest_first:
        whole = (AHEAD, *shape)
        arrays[name] = np.frombuffer(memory, kind, int(np.prod(whole)), start).reshape(whole)
        start += arrays[name].nbytes
    return arrays


def _after_jpeg(picture: Any) -> np.ndarray:
    with io.BytesIO() as file:
        dataset.save_picture(picture, file)
        return np.asarray(Image.open(file))
