"""Clips are consecutive frames with their poses and a reference, hang on seed and step alone, and move as published."""

import csv

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.clips.dance import load_clips, make_test_clips, make_training_clips
from posewarp_tf.data.clips.dance_reader import move_of, read_frame, read_mask
from posewarp_tf.errors import DataError
from posewarp_tf.poses.dance_joints import coco_joints
from posewarp_tf.poses.dance_maps import pose_maps, resize_joints
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from tests.data.clips.tiny_videos import FRAME_SIZE, clean, config_of, noisy, write_videos
from tests.shards import assert_parts_are_the_whole

SIZE = (64, 32)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_videos(tmp_path_factory.mktemp('videos'), with_masks=True)


def training(root, start_step=0, **settings):
    config = config_of(root, **settings)
    return iter(make_training_clips(config, start_step, load_clips(config.data, 'train')))


def frames_of(batch, row):
    """By their colours: the video, the reference and the targets of an example that was not moved."""
    pictures = np.concatenate([batch['reference_image'][row][np.newaxis], batch['target_images'][row]])
    colours = np.rint((pictures[:, 32, 16] + 1) * 127.5).astype(int)
    assert len(np.unique(colours[:, 0])) == 1
    return chr(colours[0, 0] // 2), colours[0, 1] // 5, (colours[1:, 1] // 5).tolist()


def test_a_training_clip_is_thirty_frames_in_a_row_with_their_poses_and_one_of_the_first_twenty(root):
    stream = training(root, batch_size=2)
    seen, begins = set(), set()
    for _ in range(4):
        batch = {name: value.numpy() for name, value in next(stream).items()}
        for row in range(2):
            video, reference, frames = frames_of(batch, row)
            assert batch['name'][row].decode() == video
            assert reference < 20
            assert frames == list(range(frames[0], frames[0] + 30))
            place = int(frames[11])
            expected = pose_maps(resize_joints(clean(video, place), FRAME_SIZE, SIZE), HUMAN36M_17, SIZE)
            np.testing.assert_allclose(batch['target_poses'][row, 11], expected, atol=1e-6)
            found = noisy(video, reference) if reference != 3 else np.zeros((18, 2))
            expected = pose_maps(resize_joints(coco_joints(found), FRAME_SIZE, SIZE), COCO_17, SIZE)
            np.testing.assert_allclose(batch['reference_pose'][row], expected, atol=1e-6)
            seen.add(video)
            begins.add((video, frames[0]))
            # The mask of frame i of a 24 pixels wide picture is i pixels wide and a quarter of its height.
            mask = batch['target_masks'][row, 11]
            assert mask.dtype == np.uint8 and mask[:16].mean() == pytest.approx(min(place, 24) / 24, abs=0.05)
            assert not mask[16:].any()
    # The third video is too short.
    assert seen == {'a', 'b'} and len(begins) > 2


def test_a_run_that_goes_on_sees_what_the_straight_one_saw(root):
    stream = training(root, augmentation='affine')
    batches = [next(stream) for _ in range(3)]
    resumed = next(training(root, start_step=2, augmentation='affine', cache_images=False))
    for name, value in batches[2].items():
        np.testing.assert_array_equal(resumed[name], value)
    other = next(training(root, start_step=2, augmentation='affine', seed=6))
    assert not np.array_equal(other['target_images'], batches[2]['target_images'])


@pytest.mark.slow
def test_parts_of_several_workers_are_those_of_the_whole_batch_also_how_they_move(root):
    config = config_of(root, augmentation='affine')
    clips = load_clips(config.data, 'train')
    assert_parts_are_the_whole(lambda shard: make_training_clips(config, 2, clips, shard=shard))


def test_a_sample_of_fashion_moves_as_one_and_its_reference_apart_those_of_iper_together(root):
    for dataset, outside, apart in (('fashion_video', 1.0, True), ('iper', -1.0, False)):
        batch = next(training(root, augmentation='affine', dataset=dataset))
        is_outside = np.all(batch['target_images'] == outside, axis=-1)
        assert is_outside.any()
        for frames, of_reference in zip(is_outside, np.all(batch['reference_image'] == outside, axis=-1)):
            assert (frames == frames[0]).all()
            assert (of_reference != frames[0]).any() == apart


def test_moves_are_as_large_as_published():
    most = move_of(np.ones(4), 'fashion_video', (256, 256))
    assert (most.angle, most.shift) == (5.0, (20.0, 3.0)) and most.scale == pytest.approx(1.02)
    least = move_of(-np.ones(4), 'fashion_video', (256, 128))
    assert least.shift == (-10.0, -3.0) and least.scale == pytest.approx(0.98)
    assert move_of(np.ones(4), 'iper', (256, 256)) == type(most)(5.0)
    assert move_of(np.zeros(4), 'iper', (256, 256)) is None


def test_test_clips_are_the_beginnings_of_all_videos_in_batches_of_one_length(root):
    config = config_of(root)
    batches = list(make_test_clips(config, 2, num_frames=6))
    assert [batch['name'].numpy().tolist() for batch in batches] == [[b'd'], [b'e']]
    assert [batch['target_images'].shape[1] for batch in batches] == [6, 5]
    video, reference, frames = frames_of({k: v.numpy() for k, v in batches[0].items()}, 0)
    assert (video, frames) == ('d', list(range(6)))
    expected = pose_maps(resize_joints(clean('d', 2), FRAME_SIZE, SIZE), HUMAN36M_17, SIZE)
    np.testing.assert_allclose(batches[0]['target_poses'][0, 2], expected, atol=1e-6)
    together = list(make_test_clips(config, 2, num_frames=5))
    assert [batch['name'].numpy().tolist() for batch in together] == [[b'd', b'e']]
    # The same reference whatever else is tested.
    again = next(iter(make_test_clips(config, 1, max_clips=1, num_frames=4)))
    np.testing.assert_array_equal(again['reference_image'][0], batches[0]['reference_image'][0])
    assert 'target_masks' not in again and 'target_flows' not in again


def test_exact_flows_that_are_not_there_are_named(root):
    with pytest.raises(DataError, match=r'flows/d/0000\d__00000.npz: no such exact flow'):
        make_test_clips(config_of(root), 1, with_truth=True)


def list_row(gen, ref, frames):
    """A row of a list of tests: frames of the video `gen`, and frame 1 of `ref` as reference."""
    return {
        'A_paths': {'gen': [f'test_256/train_A/{gen}/{frame:05d}.png' for frame in frames],
                    'ref': [f'test_256/train_A/{ref}/00001.png']},
        'B_paths_noise': {'gen': [], 'ref': [f'test_256/train_alphapose/{ref}/00001_keypoints.json']},
        'B_paths_clean': {'gen': [f'test_256/train_video2d/{gen}/{frame:05d}.json' for frame in frames], 'ref': []},
    }  # fmt: skip


def test_an_exact_flow_is_between_frames_of_one_video_only(tmp_path):
    root = write_videos(tmp_path)
    flows = root / 'test_256/flows/d'
    flows.mkdir(parents=True)
    for source, target in ((1, 0), (0, 1), (1, 2)):
        flow = np.full((*SIZE, 2), (target, source), np.float32)
        np.savez(flows / f'0000{source}__0000{target}.npz', flow=flow, visibility=np.ones(SIZE, np.uint8))

    def clips(gen, ref, frames, with_truth=None):
        row = list_row(gen, ref, frames)
        with open(root / 'test_list.csv', 'w', newline='') as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
        return next(iter(make_test_clips(config_of(root), 1, with_truth=with_truth)))

    found = clips('d', 'd', [0, 1, 2])['target_flows'][0, :, 0, 0]
    np.testing.assert_array_equal(found, [[0, 1], [1, 0], [2, 1]])
    # The same numbers of frames, but the reference shows somebody else.
    assert 'target_flows' not in clips('d', 'e', [0, 1, 2])
    with pytest.raises(DataError, match=r'train_A/d/00000.png: no exact flow to .*e/00001.png, .* of another video'):
        clips('d', 'e', [0, 1, 2], with_truth=True)
    # Frames that do not follow each other, and a video without flows.
    assert 'target_flows' not in clips('d', 'd', [0, 2])
    assert 'target_flows' not in clips('e', 'e', [0, 1])


def test_frames_of_another_size_are_squashed_and_masks_are_one_where_there_is_somebody(tmp_path):
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (48, 24, 3), dtype=np.uint8))
    picture.save(tmp_path / 'frame.png')
    expected = np.asarray(picture.resize((32, 64), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(read_frame(str(tmp_path / 'frame.png'), SIZE), expected)
    np.testing.assert_array_equal(read_frame(str(tmp_path / 'frame.png'), (48, 24)), np.asarray(picture))
    for most in (1, 255):
        mask = np.zeros((64, 32), np.uint8)
        mask[10:20, 5:9] = most
        Image.fromarray(mask).save(tmp_path / 'mask.png')
        np.testing.assert_array_equal(read_mask(str(tmp_path / 'mask.png'), SIZE), mask // most)
    Image.fromarray(np.zeros((64, 32), np.uint8)).save(tmp_path / 'mask.png')
    assert not read_mask(str(tmp_path / 'mask.png'), SIZE).any()
