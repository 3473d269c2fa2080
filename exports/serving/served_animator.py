"""A server of animation in the place of the network of a run folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import flags

from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.settings.config import Config

from .client import Client, chosen_transport, define_server_flags

if TYPE_CHECKING:
    import tensorflow as tf


class ServedAnimator:
    """What `inference.animating.animate` needs, from a server: each frame is asked for with the one before.

    Args:
        client: of the server.
        metadata_path: the metadata.json that lies beside the SavedModel which it serves.
        material: what the model should have been trained on, 'dance_clips' or 'face_clips'.

    Attributes:
        config: of the model.
        size: height and width of its pictures.
        fingerprint: a digest of metadata.json: other weights have another one.

    Raises:
        DataError: no such file, or one of another model.
    """

    def __init__(self, client: Client, metadata_path: str | os.PathLike, material: str) -> None:
        self._client = client
        text = read_text(metadata_path)
        try:
            metadata = json.loads(text)
            self.config = Config.from_json(json.dumps(metadata['config']), os.fspath(metadata_path))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f'{metadata_path}: not the metadata.json of an export: {error!r}') from error
        if metadata.get('material') != material or 'recurrent' not in metadata:
            model = self.config.model
            raise DataError(f'{metadata_path}: of --model={model.model}, expected one that is trained on {material}')
        self.size = self.config.model.image_size
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def outputs(
        self,
        reference: Mapping[str, tf.Tensor],
        poses: Iterable[tf.Tensor],
        previous: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """As `Animator.outputs`, of one clip: `image` alone.

        Raises:
            ServingError: no answer, or a refusal.
        """
        import tensorflow as tf

        from posewarp_tf.ops import to_uint8_image

        frames = self._client.animate(
            to_uint8_image(reference['reference_image'])[0].numpy(),
            reference['reference_pose'][0].numpy(),
            (pose[0].numpy() for pose in poses),
            previous and (previous[0][0].numpy(), previous[1][0].numpy()),
        )
        return ({'image': tf.constant(frame[np.newaxis])} for frame in frames)


def define_animator_flags() -> None:
    """Defines the flags by which `chosen_animator` finds a server and knows what it serves."""
    define_server_flags()
    flags.DEFINE_string(
        'metadata', None, 'The metadata.json that lies beside the SavedModel which is served.', required=True
    )


def chosen_animator(given: flags.FlagValues, material: str) -> ServedAnimator:
    """The server that the flags of `define_animator_flags` name.

    Raises:
        ConfigError: as of `chosen_transport`.
        DataError: as of `ServedAnimator`.
    """
    client = Client(chosen_transport(), given.timeout, given.max_retries)
    return ServedAnimator(client, os.path.expanduser(given.metadata), material)
