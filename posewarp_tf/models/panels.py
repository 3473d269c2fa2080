"""What is worth looking at in a batch and in what a model made of it, as pictures side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf import ops
from posewarp_tf.models.outputs import ClassLogits, Motion, Output, titled
from posewarp_tf.pictures.class_colors import class_map_to_color
from posewarp_tf.pictures.drawing import (
    attention_to_color,
    draw_skeleton,
    flow_to_color,
    mask_to_gray,
    picture_grid,
)
from posewarp_tf.pictures.picture_files import resize_nearest


def panels(
    batch: Mapping[str, Any], outputs: Mapping[str, Any], index: int, declared: Sequence[Output] = ()
) -> dict[str, np.ndarray]:
    """What is worth looking at in one example, as uint8 pictures of the model's size [H, W, 3].

    Args:
        batch: the batch dict as NumPy arrays; needs source_image.
        outputs: the model's outputs as NumPy arrays.
        index: which example of the batch.
        declared: the outputs beside image and motions that the model declares.

    Returns:
        In this order, those that exist: source, target_pose, truth, generated; of each family of motions (of others
        than the source with its name behind) warped (its picture moved by the finest flow), flow, mask and attention
        (the finest ones); and of each declared output its truth, where the batch has it, and itself.
    """
    source = ops.to_uint8_image(batch['source_image'][index]).numpy()
    size = source.shape[:2]
    found = {'source': source}
    if 'target_keypoints' in batch:
        found['target_pose'] = draw_skeleton(np.zeros_like(source), batch['target_keypoints'][index])
    if 'target_image' in batch:
        found['truth'] = ops.to_uint8_image(batch['target_image'][index]).numpy()
    if 'image' in outputs:
        found['generated'] = ops.to_uint8_image(outputs['image'][index]).numpy()
    for family, motion in outputs.get('motions', {}).items():
        pictures = motion_panels(batch[f'{family}_image'][index], _example(motion, index))
        found.update({titled(family, name): picture for name, picture in pictures.items()})
    for output in declared:
        if output.name in outputs:
            found.update(_output_panels(batch, outputs, index, output, size))
    return found


def clip_panels(batch: Mapping[str, Any], outputs: Mapping[str, Any], index: int) -> dict[str, np.ndarray]:
    """What is worth looking at in one clip of a model that generates frames (models/animation).

    Returns:
        The reference; of the first frame, one in the middle and the last the truth and what was generated; and of the
        last one for each family of motions what `motion_panels` shows.
    """
    truth, made = batch['target_images'][index], outputs['images'][index]
    found = {'reference': ops.to_uint8_image(batch['reference_image'][index]).numpy()}
    last = len(made) - 1
    for frame in sorted({0, last // 2, last}):
        found[f'truth {frame + 1}'] = ops.to_uint8_image(truth[frame]).numpy()
        found[f'generated {frame + 1}'] = ops.to_uint8_image(made[frame]).numpy()
    moved = {'reference': batch['reference_image'][index], 'previous': made[last - 1] if last else None}
    for family, motion in outputs['motions'].items():
        if moved[family] is not None:
            of_last = Motion(*([maps[index][last] for maps in scales] for scales in motion))
            pictures = motion_panels(moved[family], of_last)
            found.update({titled(family, name): picture for name, picture in pictures.items()})
    return found


def motion_panels(picture: np.ndarray, motion: Motion) -> dict[str, np.ndarray]:
    """Warped, flow, mask, attention of one example, as far as they exist; `picture` float [H, W, 3] in [-1, 1]."""
    size = picture.shape[:2]
    warped, flow = warp_to_full_size(picture, motion.flows[-1])
    found = {'warped': ops.to_uint8_image(warped).numpy(), 'flow': flow_to_color(flow)}
    if len(motion.masks):
        found['mask'] = resize_nearest(mask_to_gray(motion.masks[-1]), size)
    if len(motion.attentions):
        found['attention'] = resize_nearest(attention_to_color(motion.attentions[-1]), size)
    return found


def sample_grid(
    batch: Mapping[str, Any], outputs: Mapping[str, Any], num_examples: int, declared: Sequence[Output] = ()
) -> np.ndarray:
    """The `panels` of the first examples of a batch, one row each, with titles."""
    if 'images' in outputs:
        rows = [clip_panels(batch, outputs, index) for index in range(min(num_examples, len(outputs['images'])))]
    else:
        num_examples = min(num_examples, len(batch['source_image']))
        rows = [panels(batch, outputs, index, declared) for index in range(num_examples)]
    return picture_grid([list(row.values()) for row in rows], [name.replace('_', ' ') for name in rows[0]])


def warp_to_full_size(picture: np.ndarray, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A picture moved by a flow of any scale, and that flow in pixels of the picture: [H, W, 3] and [H, W, 2]."""
    height, width = picture.shape[:2]
    full_flow = ops.resize_flow(np.asarray(flow, np.float32)[None], (height, width))
    warped = ops.bilinear_sample(np.asarray(picture, np.float32)[None], full_flow)
    return np.asarray(warped[0]), np.asarray(full_flow[0])


def _example(motion: Motion, index: int) -> Motion:
    return Motion(*([values[index] for values in scales] for scales in motion))


def _output_panels(
    batch: Mapping[str, Any], outputs: Mapping[str, Any], index: int, output: Output, size: tuple[int, ...]
) -> dict[str, np.ndarray]:
    found = {}
    # The truth is of interest where there is something to compare with it.
    if isinstance(output.kind, ClassLogits) and f'target_{output.name}' in batch:
        truth = batch[f'target_{output.name}'][index]
        found[f'{output.name}_truth'] = class_map_to_color(truth, output.kind.names)
    answer = output.kind.answer(outputs[output.name][index]).numpy()
    return {**found, output.name: resize_nearest(output.kind.draw(answer), size)}
