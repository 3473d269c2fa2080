"""Runs of animation are scored on self-made videos: copies, steadiness and flows by other means, and the command."""

import ast
import csv
import json
import shutil

import numpy as np
import pytest

from posewarp_tf.conventions import VISIBILITY_VISIBLE
from posewarp_tf.data.clips.dance import make_test_clips
from posewarp_tf.data.clips.dance_reader import read_frame
from posewarp_tf.data.clips.face import make_test_clips as make_test_faces
from posewarp_tf.metrics.clips import evaluate_clips, format_steadiness
from posewarp_tf.metrics.table import format_table
from posewarp_tf.metrics.videos import warping_errors
from posewarp_tf.ops import to_uint8_image
from posewarp_tf.pictures.picture_files import picture_size
from posewarp_tf.synthetic.settings import VideoSettings
from posewarp_tf.synthetic.talking.videos import FaceSettings, write_faces
from posewarp_tf.synthetic.videos import write_videos
from tests.run_folders import make_animation_run

NUM_FRAMES, SIZE = 7, (32, 32)


@pytest.fixture(scope='module')
def dance_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp('dance')
    settings = VideoSettings(2, (48, 48), (NUM_FRAMES, NUM_FRAMES))
    write_videos(folder / 'videos', settings, num_processes=1, show_progress=False)
    data = {'data_dir': str(folder / 'videos'), 'dataset': 'fashion_video', 'num_workers': 1}
    return make_animation_run(folder / 'run', 'dance', image_size=SIZE, **data)


@pytest.fixture(scope='module')
def metrics(dance_run):
    return evaluate_clips(dance_run.path)


def unsigned(images):
    return to_uint8_image(images).numpy().astype(np.float64)


def test_scores_of_persons_agree_with_what_is_computed_from_frames(dance_run, metrics):
    config = dance_run.load_config()
    (clips,) = make_test_clips(config, 1, with_truth=True)
    inputs = {name: clips[name] for name in ('reference_image', 'reference_pose', 'target_poses')}
    outputs = dance_run.load_model(config=config).generate(inputs)
    truth, made = unsigned(clips['target_images'])[0], unsigned(outputs['images'])[0]
    before = np.concatenate([unsigned(clips['reference_image']), truth[:-1]])
    l1 = metrics['image']['whole']['l1']
    for answer, frames in (('model', made), ('copy_previous', before), ('copy_reference', before[:1])):
        assert l1[answer] == pytest.approx(np.abs(frames - truth).mean() / 255, rel=0.01)
    difference = np.abs(np.diff(made, axis=0) - np.diff(truth, axis=0)).mean() / 255
    assert metrics['video']['temporal_difference']['model'] == pytest.approx(difference, rel=0.01)
    assert metrics['video']['drift']['6']['model'] == pytest.approx(np.abs(made - truth)[5].mean() / 255, rel=0.01)
    # Flows to the frame before of all frames; to the reference of the first.
    visible = clips['target_visibility'].numpy()[0] == VISIBILITY_VISIBLE
    lengths = np.linalg.norm(clips['target_flows'].numpy()[0], axis=-1)
    zero = [one['visible']['zero_flow'] for one in metrics['flow'].values()]
    assert zero == pytest.approx([lengths[visible].mean(), lengths[0][visible[0]].mean()], rel=1e-5)
    exact = (clips[name].numpy()[0] for name in ('target_flows', 'target_visibility'))
    floor = np.nanmean(warping_errors(truth.astype(np.uint8), *exact))
    assert metrics['video']['warping_error']['truth'] == pytest.approx(floor)
    text = format_table(metrics) + format_steadiness(metrics)
    assert 'temporal difference' in text and 'copy previous' in text and 'L1 of frame 6' in text
    assert json.loads(dance_run.metrics_path.read_text()) == metrics
    assert metrics['protocol']['num_frames'] == NUM_FRAMES
    width = picture_size(dance_run.sample_dir / 'evaluate-00.png')[1]
    assert width >= 7 * SIZE[1]


def test_a_list_that_asks_for_another_person_is_scored_without_exact_flows(dance_run, tmp_path):
    folder = tmp_path / 'videos'
    shutil.copytree(dance_run.load_config().data.data_dir, folder)
    # A person of the training does what the test video shows.
    (reference,) = folder.glob('train_256/train_A/*/00000.png')
    with open(folder / 'test_list.csv', newline='') as file:
        (row,) = csv.DictReader(file)
    cells = {column: ast.literal_eval(cell) for column, cell in row.items()}
    cells['A_paths']['ref'] = [str(reference)]
    cells['B_paths_noise']['ref'] = [f'train_256/train_alphapose/{reference.parent.name}/00000_keypoints.json']
    with open(folder / 'test_list.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, cells)
        writer.writeheader()
        writer.writerow(cells)
    found = evaluate_clips(dance_run.path, str(folder), num_frames=2, output_dir=tmp_path / 'scores')
    assert 'flow' not in found and 'warping_error' not in found['video']
    paths = [reference, *(folder / path for path in cells['A_paths']['gen'][:2])]
    source, *truths = (read_frame(str(path), SIZE).astype(float) for path in paths)
    expected = np.abs(source - truths).mean() / 255
    assert found['image']['whole']['l1']['copy_reference'] == pytest.approx(expected, rel=0.01)
    assert 'another person' in found['protocol']['true_frames']


@pytest.mark.slow
def test_flows_of_faces_lead_to_the_reference_in_every_frame(tmp_path):
    write_faces(tmp_path / 'faces', FaceSettings(2, (48, 48), 3), num_processes=1, show_progress=False)
    run = make_animation_run(tmp_path / 'run', 'face', image_size=SIZE, data_dir=str(tmp_path / 'faces'), num_workers=1)
    found = evaluate_clips(run.path, num_frames=3)
    (clips,) = make_test_faces(run.load_config(), 1, num_frames=3, with_truth=True)
    expected = []
    for kind in ('target', 'reference'):
        visible = clips[f'{kind}_visibility'].numpy() == VISIBILITY_VISIBLE
        expected.append(np.linalg.norm(clips[f'{kind}_flows'].numpy(), axis=-1)[visible].mean())
    zero = [one['visible']['zero_flow'] for one in found['flow'].values()]
    assert zero == pytest.approx(expected, rel=1e-5)
    assert expected[1] > expected[0]
    # The reference is the first frame.
    assert found['video']['drift']['1']['copy_reference'] == 0
