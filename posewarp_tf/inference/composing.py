"""From what the model made of a window to the whole photo with the re-posed person in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from posewarp_tf.inference.checks import picture_size
from posewarp_tf.inference.options import PhotoOptions
from posewarp_tf.inference.photo_parts import PhotoPerson, Pose, Reposed
from posewarp_tf.inference.prediction import Prediction, resize_smoothly
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.models.outputs import parts_name, silhouette_name
from posewarp_tf.photos.background import compose
from posewarp_tf.photos.cutout import over_white, without_white
from posewarp_tf.photos.full_resolution import full_resolution
from posewarp_tf.photos.head import HeadMotion
from posewarp_tf.photos.matte import body_matte, person_matte, silhouette_matte
from posewarp_tf.photos.moving import SourcePositions
from posewarp_tf.poses.body_layers import LAYER_OF_PART

# By the number of a part of the body, from 1 on that of its layer; 0 for nobody.
_LAYER_OF_CLASS = np.append(0, LAYER_OF_PART + 1)


class _AtFullSize(NamedTuple):
    """image: uint8 of the target window's own number of pixels. trust: as of `Reposed`. positions: where its places
    lie in the photo; None without a flow."""

    image: np.ndarray
    trust: np.ndarray | None = None
    positions: SourcePositions | None = None


def composed(
    predictor: Predictor, options: PhotoOptions, person: PhotoPerson, pose: Pose, answer: Mapping[str, Any]
) -> Reposed:
    """The answer for a pose's window (`Predictor.step`) as a whole picture."""
    canvas = person.photo if pose.context is None else pose.context.image
    # A picture that the person is put into is the model's own work.
    background = options.background if pose.context is None else 'model'
    outputs = predictor.model_config.outputs
    silhouette, parts = (
        None if name is None else answer[name] for name in (silhouette_name(outputs), parts_name(outputs))
    )
    head = _head(options, person, pose, parts)
    full = _at_full_size(options, person, pose, answer, silhouette, parts, head)
    matte = plate = None
    if background != 'model':
        matte = _matte(full, person, pose, silhouette)
        if head is not None and full.positions is not None:
            matte = head.matte(matte, person.silhouette, full.positions)
    if background == 'photo':
        plate = person.plate
    image = compose(canvas, full.image, matte, pose.window, plate, background)
    # What the model made: around the person it was white.
    made = full.image if matte is None or not person.before_white else over_white(full.image, matte)
    return Reposed(image, pose.keypoints, _prediction(predictor, person, pose, answer, made), full.trust)


def _head(options: PhotoOptions, person: PhotoPerson, pose: Pose, parts: np.ndarray | None) -> HeadMotion | None:
    """The head that is moved whole: of a person who is known to the pixel, by a model that tells heads from arms."""
    if options.head != 'photo' or options.resolution == 'model' or not person.before_white or parts is None:
        return None
    return HeadMotion.of_poses(person.keypoints, pose.keypoints, parts, picture_size(person.photo))


def _at_full_size(
    options: PhotoOptions,
    person: PhotoPerson,
    pose: Pose,
    answer: Mapping[str, Any],
    silhouette: np.ndarray | None,
    parts: np.ndarray | None,
    head: HeadMotion | None,
) -> _AtFullSize:
    picture, source = answer['image'], None
    if person.before_white and silhouette is not None:
        picture, source = without_white(picture, silhouette), person.inputs['source_image']
    motion = answer['motions'].get('source')
    if motion is None:
        return _AtFullSize(resize_smoothly(picture, pose.window.size))
    flow = motion.flows[-1]
    mask = motion.masks[-1] if motion.masks else np.ones((*flow.shape[:2], 1), np.float32)
    if options.resolution == 'model':
        positions = SourcePositions.of_flow(flow, person.window, pose.window)
        return _AtFullSize(resize_smoothly(picture, pose.window.size), None, positions)
    full = full_resolution(
        person.pixels,
        person.window,
        pose.window,
        flow,
        mask,
        answer['image'],
        source=source,
        person=picture,
        layers=None if parts is None else _LAYER_OF_CLASS[parts],
        head=head,
    )
    return _AtFullSize(full.image, full.trust, full.positions)


def _matte(full: _AtFullSize, person: PhotoPerson, pose: Pose, silhouette: np.ndarray | None) -> np.ndarray:
    if silhouette is not None:
        return silhouette_matte(silhouette, pose.window)
    if full.positions is None:
        return body_matte(pose.keypoints, pose.window)
    return person_matte(person.silhouette, full.positions, pose.keypoints)


def _prediction(
    predictor: Predictor, person: PhotoPerson, pose: Pose, answer: Mapping[str, Any], image: np.ndarray
) -> Prediction:
    """What the model made, in the pixels of its windows."""
    source_size = person.window.size
    return Prediction(
        image=image,
        motions=answer['motions'],
        extras=predictor.extras(answer),
        source_image=person.window.crop(person.photo, source_size),
        source_keypoints=person.window.to_window(person.keypoints, source_size),
        target_keypoints=pose.window.to_window(pose.keypoints, pose.window.size),
        moved={role: person.inputs[f'{role}_image'] for role in answer['motions']},
        declared=predictor.model_config.outputs,
    )
