"""COCO's annotations and results, COCO-WholeBody's too, and AlphaPose's results, which look like them."""

from __future__ import annotations

from typing import Any

from posewarp_tf.poses.dialects.frames import Frame, flat_points, size_of

# AlphaPose gives every joint a place; the ones below are guesses.
_ALPHAPOSE_SEEN = 0.3


def is_coco(content: Any) -> bool:
    """A file of annotations."""
    return isinstance(content, dict) and 'annotations' in content


def read_coco(content: dict[str, Any]) -> list[Frame]:
    """One frame for each of `images`; without them one for each `image_id`. Keypoints are x, y, visibility."""
    annotations = [a for a in content['annotations'] if isinstance(a, dict) and 'keypoints' in a]
    if not annotations:
        raise ValueError('no `annotations` with `keypoints`')
    images = {image.get('id'): image for image in content.get('images', []) if isinstance(image, dict)}
    return _frames(annotations, images, 'annotations')


def is_results(content: Any) -> bool:
    """A list of one entry for each person, with flat `keypoints`; or one such entry."""
    entry = content[0] if isinstance(content, list) and content else content
    keypoints = entry.get('keypoints') if isinstance(entry, dict) else None
    return isinstance(keypoints, list) and not any(isinstance(value, (list, dict)) for value in keypoints)


def read_results(content: Any) -> list[Frame]:
    """One frame for each `image_id`; AlphaPose's are names of pictures, COCO's are numbers."""
    entries = content if isinstance(content, list) else [content]
    return _frames([e for e in entries if isinstance(e, dict) and 'keypoints' in e], {}, 'results')


def _frames(annotations: list[dict[str, Any]], images: dict[Any, dict[str, Any]], place: str) -> list[Frame]:
    people: dict[Any, list[Any]] = {identity: [] for identity in images}
    for i, annotation in enumerate(annotations):
        points = flat_points(annotation['keypoints'], f'{place}[{i}].keypoints')
        people.setdefault(annotation.get('image_id'), []).append(points)
    frames = []
    for identity, tables in people.items():
        image = images.get(identity, {})
        is_alphapose = isinstance(identity, str) and not image
        name = image.get('file_name', '' if identity is None else identity)
        frames.append(
            Frame(
                str(name),
                'AlphaPose JSON' if is_alphapose else 'COCO JSON',
                tables,
                size_of(image, 'height', 'width'),
                least=_ALPHAPOSE_SEEN if is_alphapose else 0.0,
            )
        )
    return frames
