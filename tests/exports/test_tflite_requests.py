import numpy as np
import pytest

from exports.tflite.convert import Converter, make_signature
from exports.tflite.litert import LiteRTReposer
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.inference.reposer import Reposer
from tests.run_folders import SIZE, make_run, person, picture


@pytest.fixture(scope='module')
def contents(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp('run'), attention_kernels={1: 1}, flow_num_layers=2, num_layers=1)
    reposer = Reposer(run.path, sampler_impl='gather')
    folder = tmp_path_factory.mktemp('conversion')
    return Converter(reposer, make_signature(reposer), folder, {}).convert('float32')


@pytest.fixture(scope='module')
def reposer(contents):
    return LiteRTReposer(contents)


def good_request(**changes):
    request = {
        'source_image': picture(SIZE)[np.newaxis],
        'source_keypoints': person(SIZE)[np.newaxis],
        'target_keypoints': person(SIZE, lean=20)[np.newaxis],
    }
    return {name: value for name, value in {**request, **changes}.items() if value is not None}


def with_joint(value):
    joints = person(SIZE)[np.newaxis].copy()
    joints[0, 4] = value
    return joints


BAD = {
    'wrong size': (
        {'source_image': picture((96, 64))[np.newaxis]},
        r'source_image: got shape \[1, 96, 64, 3\], expected \[1, 64, 64, 3\]',
    ),
    'huge picture': (
        {'source_image': np.broadcast_to(np.uint8(0), (1, 10000, 10000, 3))},
        r'source_image: got shape \[1, 10000, 10000, 3\], expected \[1, 64, 64, 3\]',
    ),
    'no batch': ({'source_image': picture(SIZE)}, r'source_image: got shape \[64, 64, 3\]'),
    'empty batch': ({'source_image': np.zeros((0, *SIZE, 3), np.uint8)}, 'source_image: .*an empty batch'),
    'two pairs': ({'target_keypoints': np.zeros((2, 18, 2), np.float32)}, r'target_keypoints: got shape \[2, 18, 2\]'),
    '17 joints': (
        {'source_keypoints': person(SIZE)[np.newaxis, :17]},
        r'source_keypoints: got shape \[1, 17, 2\], expected \[1, 18, 2\]',
    ),
    'nan': ({'target_keypoints': with_joint([np.nan, 3])}, r'target_keypoints: joint 4: got \[nan, 3.0\]'),
    'infinite': ({'source_keypoints': with_joint([3, np.inf])}, r'source_keypoints: joint 4: got \[3.0, inf\]'),
    'no joints': (
        {'target_keypoints': np.full((1, 18, 2), -1, np.float32)},
        'target_keypoints: all 18 joints are missing',
    ),
    'other pixels': (
        {'source_keypoints': person(SIZE)[np.newaxis] + 64},
        'source_keypoints: no joint lies in the picture of 64x64',
    ),
    'float picture': (
        {'source_image': picture(SIZE)[np.newaxis] / 255},
        'source_image: got dtype float64, expected uint8',
    ),
    'not a picture': ({'source_image': 'me.jpg'}, r'source_image: got shape \[\], expected \[1, 64, 64, 3\]'),
    'ragged': ({'source_keypoints': [[[1, 2], [3]]]}, 'source_keypoints: not an array'),
    'words': ({'source_keypoints': np.full((1, 18, 2), 'x')}, 'source_keypoints: got dtype <U1, expected float32'),
    'missing': ({'target_keypoints': None}, 'missing target_keypoints, unknown none'),
    'unknown': ({'source_pose': np.zeros(3)}, 'missing none, unknown source_pose'),
}


@pytest.mark.parametrize('name', BAD)
def test_a_bad_request_gets_a_clear_error_and_the_next_one_works(name, reposer):
    expected = reposer.run(good_request())
    change, message = BAD[name]
    with pytest.raises(DataError, match=message):
        reposer.run(good_request(**change))
    answer = reposer.run(good_request())
    assert answer['image'].std() > 0
    for output in expected:
        np.testing.assert_array_equal(answer[output], expected[output])


@pytest.mark.slow
def test_a_class_that_a_map_cannot_have_is_refused_by_name(tmp_path):
    run = make_run(
        tmp_path / 'run', pose_representation='both', attention_kernels={1: 1}, flow_num_layers=2, num_layers=1
    )
    reposer = Reposer(run.path, sampler_impl='gather')
    converter = Converter(reposer, make_signature(reposer), tmp_path, {})
    litert = LiteRTReposer(converter.convert('float32'))
    maps = {name: np.full((1, *SIZE), 10, np.uint8) for name in ('source_parts', 'target_parts')}
    assert litert.run(good_request(**maps))['image'].shape == (1, *SIZE, 3)
    maps['target_parts'][0, 5, 7] = 255
    with pytest.raises(DataError, match='target_parts: got class 255, expected 0 to 10'):
        litert.run(good_request(**maps))


def test_whole_numbers_and_float64_do_as_joints(reposer):
    whole = np.round(person(SIZE))[np.newaxis]
    expected = reposer.run(good_request(source_keypoints=whole.astype(np.float32)))['image']
    for dtype in (np.int64, np.float64):
        answer = reposer.run(good_request(source_keypoints=whole.astype(dtype)))['image']
        np.testing.assert_array_equal(answer, expected)


def test_answers_do_not_change_when_the_next_request_comes(reposer):
    first = reposer.run(good_request())
    kept = {name: array.copy() for name, array in first.items()}
    reposer.run(good_request(source_image=picture(SIZE, seed=9)[np.newaxis]))
    for name, array in kept.items():
        np.testing.assert_array_equal(first[name], array)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RunError, match=r'absent.tflite: unreadable model file: No such file'):
        LiteRTReposer(tmp_path / 'absent.tflite')


@pytest.mark.parametrize(
    'damage', [lambda model: model[: len(model) // 2], lambda model: b'no model', lambda model: b'']
)
def test_a_damaged_file_is_refused(damage, contents, tmp_path):
    path = tmp_path / 'damaged.tflite'
    path.write_bytes(damage(contents))
    with pytest.raises(RunError, match=r'damaged.tflite: not a TFLite model'):
        LiteRTReposer(path)
