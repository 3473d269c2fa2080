"""Good and bad inputs of the tiny model's signatures, and words that its refusal of each bad one must have."""

import io

import numpy as np
from PIL import Image

from exports.saved_model.warm_up import to_files
from tests.run_folders import SIZE, person, picture


def tensors(batch_size=2):
    """Inputs of serving_default and debug: another picture and pose in each example."""
    return {
        'source_image': np.stack([picture(SIZE, seed) for seed in range(batch_size)]),
        'source_keypoints': np.stack([person(SIZE, 3 * i) for i in range(batch_size)]),
        'target_keypoints': np.stack([person(SIZE, 8 - 3 * i) for i in range(batch_size)]),
    }


def files(batch_size=2):
    """The same as inputs of serve_bytes."""
    return to_files(tensors(batch_size))


def encoded(image, kind='JPEG', **options):
    buffer = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, kind, **options)
    return buffer.getvalue()


def bad_tensors():
    """{what is wrong: (inputs of serving_default, words)}."""
    good = tensors()
    nan = good['source_keypoints'].copy()
    nan[1, 4, 0] = np.nan
    return {
        'another size': (
            {**good, 'source_image': np.zeros((2, 48, 64, 3), np.uint8)},
            ['source_image: expected shape [B, 64, 64, 3]', '[2 48 64 3]'],
        ),
        'no batch': ({**good, 'source_image': good['source_image'][0]}, ['source_image: expected shape', '[64 64 3]']),
        '17 joints': (
            {**good, 'source_keypoints': good['source_keypoints'][:, :17]},
            ['source_keypoints: expected shape [B, 18, 2]', '[2 17 2]'],
        ),
        'another batch size': (
            {**good, 'target_keypoints': good['target_keypoints'][:1]},
            ['target_keypoints: expected shape [B, 18, 2]', '[1 18 2]'],
        ),
        'NaN': ({**good, 'source_keypoints': nan}, ['source_keypoints: expected finite numbers', 'example] [1]']),
        'no joints': (
            {**good, 'target_keypoints': np.full((2, 18, 2), -1, np.float32)},
            ['target_keypoints: expected pixels', 'no joint'],
        ),
        'empty batch': ({name: array[:0] for name, array in good.items()}, ['empty batch']),
    }


def bad_files():
    """{what is wrong: (inputs of serve_bytes, words)}."""
    good = files()
    first = good['source_image_bytes'][0]

    def second(contents):
        return {**good, 'source_image_bytes': np.array([first, contents], object)}

    huge = Image.new('L', (10_000, 10_000))
    return {
        'not a picture': (second(b'GIF89a, or so'), ['source_image_bytes: expected a JPEG or PNG', 'example] [1]']),
        'no bytes': (second(b''), ['source_image_bytes: expected a JPEG or PNG']),
        'truncated PNG': (second(first[:200]), ['PNG']),
        'truncated JPEG': (second(encoded(picture((200, 100)))[:900]), ['JPEG']),
        'huge JPEG': (second(encoded(huge)), ['source_image_bytes', '64000000', '[10000 10000]']),
        'huge PNG': (second(encoded(huge, 'PNG')), ['source_image_bytes', '64000000', '[10000 10000]']),
        '17 joints': (
            {**good, 'source_keypoints': good['source_keypoints'][:, :17]},
            ['source_keypoints: expected shape [B, 18, 2]', '[2 17 2]'],
        ),
        'NaN': (
            {**good, 'target_keypoints': good['target_keypoints'] * np.float32('nan')},
            ['target_keypoints', 'finite'],
        ),
        'empty batch': ({name: array[:0] for name, array in good.items()}, ['empty batch']),
    }
