"""Self-made videos: smooth, before one background, with joints of the drawn body and exact flow between any frames."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import map_coordinates

from posewarp_tf.conventions import JOINT_NAMES, MISSING, VISIBILITY_VISIBLE
from posewarp_tf.data.clips.dance import load_clips, make_test_clips
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.poses.skeletons import HUMAN36M_17
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.drawn.render import exact_flow
from posewarp_tf.synthetic.performances import PERFORMANCES, perform
from posewarp_tf.synthetic.settings import VideoSettings
from posewarp_tf.synthetic.videos import make_film, write_videos

SETTINGS = VideoSettings(3, (64, 64), num_frames=(7, 7), layout='iper', seed=4)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('made') / 'videos'
    assert write_videos(folder, SETTINGS, num_processes=1, show_progress=False)
    return folder


def clips_of(folder, split):
    return load_clips(Config().replace(data_dir=str(folder), dataset='iper').data, split)


def test_the_folder_is_read_as_the_published_ones(folder):
    train, test = clips_of(folder, 'train'), clips_of(folder, 'test')
    assert train.names == ['train_00000_walk', 'train_00001_turn'] and test.names == ['test_00000_walk']
    assert train.lengths.tolist() == [7, 7] and test.reference_lengths.tolist() == [7]
    assert len(train.masks) == 14 and not test.masks
    film = make_film(SETTINGS, 'train', 1)
    np.testing.assert_allclose(train.joints[7:], film.clean_joints(), atol=1e-3)
    picture = film.picture(5)
    np.testing.assert_array_equal(Image.open(train.frames[12]), picture.image)
    np.testing.assert_array_equal(np.asarray(Image.open(train.masks[12])) > 0, picture.parts > 0)
    assert json.loads((folder / 'dataset.json').read_text())['num_people'] == {'train': 2, 'test': 1}


def test_what_is_there_already_is_not_made_again_and_never_overwritten(folder):
    assert not write_videos(folder, SETTINGS, num_processes=1, show_progress=False)
    with pytest.raises(DataError, match='already holds something else'):
        write_videos(folder, VideoSettings(4), num_processes=1, show_progress=False)
    for wrong in ({'num_videos': 1}, {'layout': 'mvc'}, {'image_size': (8, 64)}, {'image_size': (256, 63)}):
        with pytest.raises(ConfigError):
            VideoSettings(**{'num_videos': 3, **wrong})


def colours_apart(source, target, rows, columns, dx, dy):
    """Mean difference of what the target shows from what the source shows (dx, dy) away."""
    places = [rows + dy, columns + dx]
    moved = np.stack([map_coordinates(channel, places, order=1) for channel in np.moveaxis(source.albedo, -1, 0)], -1)
    return np.abs(moved - target.albedo[rows, columns]).mean()


def test_flow_between_any_frames_leads_to_the_same_point_of_the_clothes(folder):
    film = make_film(SETTINGS, 'test', 0)
    flow, visibility = exact_flow(film.picture(5), film.picture(6))
    with np.load(folder / 'test_256/flows/test_00000_walk/00005__00006.npz') as file:
        np.testing.assert_array_equal(file['flow'], flow)
        np.testing.assert_array_equal(file['visibility'], visibility)
    large = dataclasses.replace(film, size=(192, 192))
    source, target = large.picture(1), large.picture(6)
    flow, visibility = exact_flow(source, target)
    rows, columns = np.nonzero(visibility == VISIBILITY_VISIBLE)
    dx, dy = flow[rows, columns].T
    moved = colours_apart(source, target, rows, columns, dx, dy)
    assert len(rows) > 3000
    assert moved < 0.5 * colours_apart(source, target, rows, columns, 0.0, 0.0)
    assert moved < 0.5 * colours_apart(source, target, rows, columns, dy, dx)
    # The first frame leads to every possible reference, itself included.
    with np.load(folder / 'test_256/flows/test_00000_walk/00000__00000.npz') as file:
        assert np.abs(file['flow'][file['visibility'] == VISIBILITY_VISIBLE]).max() < 1e-3
    assert len(list((folder / 'test_256/flows/test_00000_walk').iterdir())) == 6 + 7


def test_a_figure_fits_into_the_narrowest_pictures_that_are_allowed():
    film = make_film(VideoSettings(3, (256, 64), num_frames=(30, 30)), 'train', 0)
    x, y = film.clean_joints().reshape(-1, 2).T
    assert x.min() > 0 and x.max() < 63 and y.min() > 0 and y.max() < 255
    # Upright, not turned over by a scale below zero.
    assert film.clean_joints()[:, HUMAN36M_17.index('head'), 1].max() < film.clean_joints()[:, 3, 1].min()


def test_the_background_stays_and_joints_lie_on_the_body():
    film = make_film(SETTINGS, 'train', 0)
    pictures = [film.picture(frame) for frame in range(7)]
    images = np.stack([picture.image for picture in pictures]).astype(int)
    upper = np.all([picture.parts == 0 for picture in pictures], axis=0)[:48]
    # Edges are mixed with the person, and shadows are on the floor.
    assert np.median(np.ptp(images, axis=0)[:48][upper]) == 0
    for picture, joints in zip(pictures, film.clean_joints()):
        for name in ('spine', 'neck', 'left_hip', 'right_knee', 'nose'):
            x, y = joints[HUMAN36M_17.index(name)]
            assert picture.parts[round(y), round(x)] > 0, name
        # Upright people: the head is above, the feet are below.
        assert joints[HUMAN36M_17.index('head'), 1] < joints[HUMAN36M_17.index('hip'), 1] < joints[3, 1]


def test_found_joints_are_noisy_where_they_are_seen_and_missing_where_not():
    film = make_film(VideoSettings(3, (64, 64), num_frames=(90, 90)), 'train', 1)
    truth = film.joints(tuple(name for name in JOINT_NAMES if name != 'neck'))
    shown = np.zeros((90, 18, 2))
    hidden = JOINT_NAMES.index('left_elbow')
    shown[10:20, hidden] = MISSING
    found = film.found_joints(np.random.default_rng(0), shown)
    empty = [joints is None for joints in found]
    there = np.stack([joints for joints in found if joints is not None])
    assert np.all(np.stack([joints for joints in found[10:20] if joints is not None])[:, hidden] == MISSING)
    missing = np.all(there == MISSING, axis=-1)
    assert 0.005 < missing.mean() < 0.2
    others = [number for number, name in enumerate(JOINT_NAMES) if name != 'neck']
    errors = np.linalg.norm(there[:, others] - truth[~np.array(empty)], axis=-1)[~missing[:, others]]
    # A few of a hundred are on the wrong side or elsewhere; the rest tremble by about a hundredth of the height.
    assert 0.3 < np.median(errors) < 1.5
    assert (there[~missing] > 0).all() and (there[~missing] < 64).all()
    neck, shoulders = there[:, JOINT_NAMES.index('neck')], there[:, [2, 5]]
    both = ~missing[:, [2, 5]].any(axis=1)
    np.testing.assert_allclose(neck[both], shoulders[both].mean(axis=1))
    assert np.all(neck[~both] == MISSING)


@pytest.mark.parametrize('performance', PERFORMANCES)
def test_people_move_smoothly_and_stay_inside(performance):
    settings = VideoSettings(12)
    film = make_film(settings, 'train', PERFORMANCES.index(performance))
    joints = film.clean_joints()
    assert 60 <= len(joints) <= 120
    way = np.linalg.norm(np.diff(joints, axis=0), axis=-1)
    assert way.mean() > 0.3 and way.max() < 30
    assert np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).max() < 12
    assert (joints > 0).all() and (joints < 256).all()
    poses = perform(np.random.default_rng(3), performance, 70)
    yaws = np.array([pose.yaw for pose in poses])
    assert (np.ptp(yaws) > 3) == (performance == 'turn')


def test_test_clips_have_the_exact_flow_to_the_frame_before_and_to_the_reference(folder):
    config = Config().replace(data_dir=str(folder), dataset='iper', image_size=(128, 96))
    (batch,) = make_test_clips(config, 2, with_truth=True)
    images = np.concatenate([batch['reference_image'][:, np.newaxis], batch['target_images']], axis=1)[0]
    flows, visibility = batch['target_flows'][0].numpy(), batch['target_visibility'][0].numpy()
    assert flows.shape == (7, 128, 96, 2) and visibility.dtype == np.uint8
    # Pictures of 64 x 64 in another shape: x and y are stretched differently.
    for i in (0, 6):
        seen = visibility[i] == VISIBILITY_VISIBLE
        rows, columns = np.nonzero(seen)
        dx, dy = flows[i][seen].T
        before = images[0] if i == 0 else images[i]
        places = ([rows + dy, columns + dx], [rows, columns], [rows + dx, columns + dy])
        moved, still, swapped = (
            np.mean([
                np.abs(map_coordinates(before[..., c], place, order=1) - images[i + 1][rows, columns, c])
                for c in range(3)
            ])
            for place in places
        )  # fmt: skip
        assert moved < 0.8 * still and moved < 0.8 * swapped, i
