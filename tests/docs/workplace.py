"""A folder with all that the commands of the documents name: tiny pictures, poses, data sets and run folders."""

from __future__ import annotations

import json
import pathlib
import shutil

from PIL import Image

from posewarp_tf.data.prepare import prepare
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.pytorch_files.exporting import export_run, pytorch_tensors
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.sections import DataConfig
from posewarp_tf.synthetic import Settings, write_dataset
from posewarp_tf.synthetic.objects.files import write_views
from posewarp_tf.synthetic.settings import VideoSettings
from posewarp_tf.synthetic.skeletons import write_skeletons
from posewarp_tf.synthetic.talking.videos import FaceSettings, write_faces
from posewarp_tf.synthetic.videos import write_videos
from posewarp_tf.synthetic.walk import write_walk
from posewarp_tf.video.writing import write_video
from tests.processes import run_module
from tests.run_folders import make_animation_run, make_motion_run, make_pfl_run, make_run, make_views_run
from tests.source_code import ROOT

DATA = 'data/quickstart'
# Few layers are built soon; and only then exports of random weights in few bits are near the model.
_SHALLOW = {'gain': 0.5, 'attention_kernels': {1: 1}, 'num_layers': 1, 'flow_num_layers': 2}
# What the quickstart has beside the paper's.
_OURS = {'base_flow': 'joints', 'pixel_blend': True, 'initial_blend': 0.05}

# The widths of budget.py, for a run that training starts from.
_NARROW = {'base_filters': 4, 'max_filters': 8, 'flow_base_filters': 4, 'flow_max_filters': 8}


def make_workplace(folder: pathlib.Path) -> None:
    """Fills an empty folder; commands are to be run in it."""
    for name in ('posewarp_tf', 'exports', 'custom_ops', 'docs'):
        (folder / name).symlink_to(ROOT / name)
    people = Settings(2, 2, 4, 2, image_size=(128, 88), max_yaw=35, white_background=True, train_flows=True)
    write_dataset(folder / DATA, people, num_processes=1, show_progress=False)
    for name in ('deepfashion', 'mobile', 'synthetic', 'rendered_small'):
        (folder / 'data' / name).symlink_to(folder / DATA)
    prepare(DataConfig(data_dir=str(folder / DATA)), folder / 'data/prepared', num_workers=1, show_progress=False)
    write_walk(folder / 'data/walk', 2, (256, 176))
    write_skeletons(folder / 'data/skeletons', 14)
    write_views(folder / 'data/views', 'chair', 2, 64, show_progress=False)
    (folder / 'data/shapenet').symlink_to(folder / 'data/views')
    write_videos(folder / 'data/videos', VideoSettings(2, (64, 64), (30, 30)), num_processes=1, show_progress=False)
    write_faces(folder / 'data/faces', FaceSettings(2, (128, 128), 30), num_processes=1, show_progress=False)
    (folder / 'photos').symlink_to(folder / 'data/walk/pictures')
    write_dataset(folder / 'data/people_256', Settings(0, 1, 2, 1, (256, 192)), num_processes=1, show_progress=False)
    for name in ('people_512', 'people_rendered'):
        (folder / 'data' / name).symlink_to(folder / 'data/people_256')
    for name in ('clothes', 'hair', 'skins'):
        (folder / 'makehuman-assets/base' / name).mkdir(parents=True)
    _add_photos(folder)
    _add_runs(folder / 'runs')
    export_run(folder / 'runs/gfla_fashion', folder / 'latest_net_G.pth')
    discriminator = build_discriminator(RunFolder(folder / 'runs/gfla_fashion').load_config())
    write_tensors(folder / 'latest_net_D.pth', pytorch_tensors(discriminator))
    code, output = run_module(
        'posewarp_tf.evaluate', ['--run_dir=runs/quickstart', '--max_pairs=2', '--save_images=answers'], folder
    )
    assert code == 0, output
    for name in [f'{model}_{seed}' for model in ('pfl', 'gfla') for seed in range(3)]:
        (folder / 'runs' / name).mkdir()
        shutil.copy(folder / 'runs/quickstart/metrics.json', folder / 'runs' / name)


def _add_photos(folder: pathlib.Path) -> None:
    """Two people: photos, joints as OpenPose writes them, and maps of garments; and a video. All can be found."""
    data = folder / DATA
    for name, stem in (('me', 'test_00000_00'), ('you', 'test_00001_01')):
        Image.open(data / f'test/{stem}.jpg').save(folder / f'{name}.jpg')
        shutil.copy(data / f'parsing/{stem}.png', folder / f'{name}.png')
        joints = load_keypoints(data / 'fasion-annotation-test.csv', (128, 88), f'{stem}.jpg')
        table = [[float(x), float(y), 1.0] if x >= 0 else [0.0, 0.0, 0.0] for x, y in joints]
        content = {'people': [{'pose_keypoints_2d': sum(table, [])}]}
        (folder / f'{name}.json').write_text(json.dumps(content))
    shutil.copy(folder / 'you.json', folder / 'pose.json')
    Image.new('RGB', (64, 64), 'brown').save(folder / 'chair.png')
    shutil.copy(folder / 'you.jpg', folder / 'dancer.jpg')
    rows = [
        'source_image,target_image,target_keypoints,output',
        'me.jpg,you.jpg,,many/1.png',
        'me.jpg,,pose.json,many/2.png',
    ]
    (folder / 'many.csv').write_text('\n'.join(rows) + '\n')
    write_video(folder / 'dance.mp4', sorted((folder / 'data/walk/pictures').iterdir()), 25.0)
    talk = sorted((folder / 'data/faces/train_data/train_00000').iterdir())[:2]
    shutil.copy(talk[0], folder / 'face.png')
    write_video(folder / 'talk.mp4', talk, 25.0)


def _add_runs(runs: pathlib.Path) -> None:
    """Run folders of small networks with random weights, under the names in the documents."""
    make_run(runs / 'quickstart', data_dir=DATA, **_SHALLOW, **_OURS)
    make_run(runs / 'gfla_fashion', data_dir=DATA, **_SHALLOW)
    for name in ('quickstart_none', 'mobile', 'synthetic_256'):
        shutil.copytree(runs / 'gfla_fashion', runs / name)
    make_run(runs / 'flow', trained_stage='flow', data_dir=DATA, **{**_SHALLOW, **_NARROW, **_OURS})
    make_motion_run(runs / 'motion_quickstart', data_dir='data/skeletons')
    make_views_run(runs / 'gfla_views_quickstart', data_dir='data/views', gain=0.5)
    make_animation_run(runs / 'gfla_dance_quickstart', 'dance', data_dir='data/videos', dataset='fashion_video')
    make_animation_run(runs / 'gfla_face_quickstart', 'face', data_dir='data/faces')
    make_pfl_run(runs / 'pfl_quickstart', data_dir=DATA, pose_representation='joints')
