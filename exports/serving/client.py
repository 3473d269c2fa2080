"""Asks a TensorFlow Serving server to put the person of a picture into another pose.

    python -m exports.serving.client --rest=localhost:8501 --source_image=me.jpg --source_keypoints=me.json
        --target_keypoints=pose.json --output=out.png

Pictures and keypoints are read as by posewarp_tf.predict, and the answer has the picture's size.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from absl import flags
from PIL import Image

from posewarp_tf.errors import ConfigError
from posewarp_tf.inference.checks import checked_map
from posewarp_tf.pictures.contents import is_remote
from posewarp_tf.pictures.picture_files import load_class_numbers, load_image, save_image
from posewarp_tf.poses.joints import check_joints
from posewarp_tf.poses.keypoint_frame import KeypointFrame
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag

from .protocol import MODEL_NAME
from .retries import ServingError, call_with_retries
from .transports import GrpcTransport, RestTransport, Transport

_JPEG_START = b'\xff\xd8\xff'


class Client:
    """A client of a server; `transport` is a GrpcTransport or RestTransport.

    Args:
        timeout: seconds for one picture, frame or video, all tries together.
        max_retries: after errors that may pass, such as a server that is starting or busy.
    """

    def __init__(self, transport: Transport, timeout: float = 30.0, max_retries: int = 5):
        self._transport = transport
        self._timeout = timeout
        self._max_retries = max_retries

    def repose(
        self,
        picture: bytes,
        source_keypoints: np.ndarray,
        target_keypoints: np.ndarray,
        class_maps: Mapping[str, bytes] | None = None,
    ) -> np.ndarray:
        """The person of a picture in another pose, uint8 [H, W, 3] of the model's size.

        Args:
            picture: the contents of a JPEG or PNG file of any size.
            source_keypoints, target_keypoints: [18, 2] (x, y) in pixels of that picture (a JPEG turned as its EXIF
                data says), missing -1.
            class_maps: for models that want them, 8-bit greyscale PNGs by input name (`source_parts`).

        Raises:
            DataError: keypoints that no server would take.
            ServingError: no answer, or a refusal; the server's words are in the message.
        """
        inputs = {
            'source_image_bytes': np.array([picture], object),
            'source_keypoints': _checked(source_keypoints, 'source_keypoints'),
            'target_keypoints': _checked(target_keypoints, 'target_keypoints'),
            **{f'{name}_bytes': np.array([content], object) for name, content in (class_maps or {}).items()},
        }
        files = self._answer('serve_bytes', inputs, 'image_bytes')
        try:
            with Image.open(io.BytesIO(files[0])) as image:
                return np.asarray(image.convert('RGB'))
        except (OSError, IndexError) as error:
            raise ServingError(f'the answer is not a picture: {error}') from error

    def clean_skeletons(self, skeletons: np.ndarray) -> np.ndarray:
        """A whole video of a server of motion extraction, float32 [frames, 34] -> [frames, 34].

        Args:
            skeletons: as poses/skeletons.py has them, of at least one frame.

        Raises:
            ServingError: as of `repose`.
        """
        inputs = {'skeletons': np.asarray(skeletons, np.float32)[np.newaxis]}
        answer = self._answer('clean', inputs, 'skeletons')
        if answer.shape != inputs['skeletons'].shape:
            raise ServingError(f'the answer has shape {list(answer.shape)}, expected {[1, *skeletons.shape]}')
        return answer[0].astype(np.float32)

    def animate(
        self,
        reference_image: np.ndarray,
        reference_pose: np.ndarray,
        poses: Iterable[np.ndarray],
        previous: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Iterator[np.ndarray]:
        """The frames of a clip, one request for each, of a server of animation; only the last one is kept.

        Args:
            reference_image: uint8 [H, W, 3] of the model's size.
            reference_pose: float32 [H, W, channels]; poses/dance_maps.py and faces/face_maps.py make poses.
            poses: likewise, of each frame.
            previous: the frame before the first and its pose, where a clip goes on; None: those of the reference.

        Yields:
            float32 [H, W, 3] in [-1, 1], not rounded: to be shown is round(127.5 * (frame + 1)).

        Raises:
            ServingError: as of `repose`.
        """
        image, pose = previous or (reference_image / np.float32(127.5) - np.float32(1), reference_pose)
        for target in poses:
            request = {
                'reference_image': reference_image,
                'reference_pose': reference_pose,
                'previous_image': image,
                'previous_pose': pose,
                'target_pose': target,
            }
            answer = self._answer(
                'step', {name: array[np.newaxis] for name, array in request.items()}, 'previous_image'
            )
            if answer.shape != (1, *reference_image.shape):
                raise ServingError(f'the answer has shape {list(answer.shape)}, expected {[1, *reference_image.shape]}')
            image, pose = answer[0].astype(np.float32), target
            yield image

    def _answer(self, signature: str, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        def ask(seconds: float) -> np.ndarray:
            return self._transport.predict(signature, inputs, output, seconds)

        return call_with_retries(ask, self._timeout, self._max_retries)


def picture_file(path: str | os.PathLike, image: np.ndarray) -> bytes:
    """What to send of the picture at `path`, loaded as `image`: a JPEG as it is, PNGs of all others."""
    if not is_remote(path):
        with open(path, 'rb') as file:
            contents = file.read()
        if contents.startswith(_JPEG_START):
            return contents
    return _png(image)


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, 'PNG')
    return buffer.getvalue()


def _checked(keypoints: np.ndarray, name: str) -> np.ndarray:
    """float32 [1, 18, 2]; a server that merges requests would fail those of others too."""
    return check_joints(keypoints, name)[np.newaxis]


def _class_maps(entries: list[str]) -> dict[str, bytes]:
    found = {}
    for entry in entries:
        name, equals, path = entry.partition('=')
        if not equals:
            raise ConfigError(f'--class_map: got {entry!r}, expected name=picture.png, as source_parts=parts.png')
        found[name] = _png(checked_map(load_class_numbers(path), name))
    return found


def main() -> None:
    given = flags.FLAGS
    client = Client(chosen_transport(), given.timeout, given.max_retries)
    image = load_image(given.source_image)
    height, width = image.shape[:2]
    source_pose, target_pose = _poses((height, width))
    picture = picture_file(given.source_image, image)
    answer = client.repose(picture, source_pose, target_pose, _class_maps(given.class_map))
    full_size = Image.fromarray(answer).resize((width, height), Image.Resampling.LANCZOS)
    save_image(given.output, np.asarray(full_size))
    print(f'written: {given.output}')


def chosen_transport() -> Transport:
    """The way to the server that the flags of `define_server_flags` name; ConfigError unless it is exactly one."""
    given = flags.FLAGS
    if (given.grpc is None) == (given.rest is None):
        raise ConfigError('--grpc, --rest: expected exactly one of them, as host:port')
    if given.grpc is not None:
        return GrpcTransport(given.grpc, given.model_name)
    return RestTransport(given.rest, given.model_name)


def _poses(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Source and target joints in pixels of the source picture of `size`."""
    given = flags.FLAGS
    target_size = size_from_flag('target_image_size') or size
    source_name = given.source_name or os.path.basename(given.source_image)
    source_pose = load_keypoints(given.source_keypoints, size, source_name)
    target_pose = load_keypoints(given.target_keypoints, target_size, given.target_name)
    return source_pose, KeypointFrame(*target_size).to_pixels(target_pose, size)


def define_server_flags() -> None:
    """Defines the flags by which a client finds its server, and how long it waits."""
    flags.DEFINE_string('grpc', None, 'host:port of the gRPC interface.')
    flags.DEFINE_string('rest', None, 'host:port or URL of the REST interface.')
    flags.DEFINE_string('model_name', MODEL_NAME, 'Name of the model at the server.')
    flags.DEFINE_float('timeout', 30.0, 'Seconds for the answer, all tries together.', lower_bound=0.1)
    flags.DEFINE_integer('max_retries', 5, 'Tries after the first, of errors that may pass.', lower_bound=0)


def define_flags() -> None:
    define_server_flags()
    flags.DEFINE_string('source_image', None, 'Picture of any size: a path or a URL.', required=True)
    flags.DEFINE_string('source_keypoints', None, 'Its joints, in any format that predict reads.', required=True)
    flags.DEFINE_string('target_keypoints', None, 'The pose to take, in one of the same formats.', required=True)
    flags.DEFINE_string('target_image_size', None, 'height,width of the picture that the target pose is from.')
    flags.DEFINE_string('source_name', None, 'Row of --source_keypoints if it has many pictures.')
    flags.DEFINE_string('target_name', None, 'Row of --target_keypoints if it has many pictures.')
    flags.DEFINE_multi_string(
        'class_map',
        [],
        'name=picture.png of a map that the model wants (source_parts=parts.png), numbered as in conventions.py.',
    )
    flags.DEFINE_string('output', None, 'Picture to write (.png, .jpg).', required=True)


if __name__ == '__main__':
    command_line.run(define_flags, main)
