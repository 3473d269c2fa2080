"""Tiny run folders, pictures and poses for tests of what happens after training."""

import pathlib

import numpy as np

from posewarp_tf.inference import driving, runner
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.inference.jobs import Job, jobs_from_paths
from posewarp_tf.inference.options import PLAIN
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.models.registry import build_model
from posewarp_tf.runs.checkpoints import AVERAGE, MODEL, CheckpointFolder
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config

SIZE = (64, 64)


def make_run(path, trained_stage='full', step=7, gain=2.0, **settings):
    """A run folder of a small model with random weights that make visible pictures and flows: less so for less gain."""
    own = {'num_layers': 2, 'attention_kernels': {1: 3, 2: 3}} if settings.get('model', 'gfla') == 'gfla' else {}
    config = Config().replace(
        **{
            'image_size': SIZE,
            'base_filters': 8,
            'max_filters': 16,
            'flow_base_filters': 8,
            'flow_max_filters': 16,
            'flow_num_layers': 3,
            **own,
            **settings,
        }
    )
    return run_of_config(path, config, trained_stage, step, gain)


def make_motion_run(path, **settings):
    """The run folder of a small model of skeletons with random weights."""
    config = Config().replace(model='motion', motion_channels=8, motion_base='joints', **settings)
    return run_of_config(path, config, 'extraction', gain=0.1)


def make_views_run(path, gain=2.0, **settings):
    """The run folder of a small model of novel views with random weights."""
    own = {'num_layers': 1, 'flow_num_layers': 2, 'attention_kernels': {1: 3}}
    widths = {'base_filters': 8, 'max_filters': 16, 'flow_base_filters': 8, 'flow_max_filters': 16}
    config = Config().replace(**{'model': 'gfla_views', 'image_size': SIZE, **widths, **own, **settings})
    return run_of_config(path, config, 'full', gain=gain)


def run_of_config(path, config, trained_stage, step=7, gain=2.0):
    run = RunFolder(path)
    run.path.mkdir(parents=True, exist_ok=True)
    run.save_config(config)
    model = build_model(config)
    rng = np.random.default_rng(0)
    for weight in model.trainable_variables:
        # Fresh weights are so small that every output is nearly zero.
        if weight.shape.rank >= 2:
            deviation = np.sqrt(gain / np.prod(weight.shape[:-1]))
            weight.assign(rng.normal(0, deviation, weight.shape).astype(np.float32))
    role = AVERAGE if config.training.ema_decay else MODEL
    CheckpointFolder(run.stage_dir(trained_stage), 1, {role: model}).save(step)
    return run


def picture(size, seed=0):
    """Smooth colours, uint8 [H, W, 3]."""
    y, x = np.mgrid[: size[0], : size[1]] / np.reshape(np.maximum(size, 1), (2, 1, 1))
    phases = np.random.default_rng(seed).uniform(3, 9, (3, 3))
    waves = [np.sin(a * x + b * y + c) for a, b, c in phases]
    return np.rint(127 + 110 * np.stack(waves, axis=-1)).astype(np.uint8)


def person(size, lean=0):
    """All 18 joints of a standing person, float32 [18, 2] in pixels; the head is `lean` percent further right."""
    relative = np.array(
        [[.5, .12], [.5, .2], [.38, .2], [.33, .35], [.3, .5], [.62, .2], [.67, .35], [.7, .5], [.42, .5],
         [.42, .7], [.42, .9], [.58, .5], [.58, .7], [.58, .9], [.48, .1], [.52, .1], [.45, .11], [.55, .11]],
        np.float32,
    )  # fmt: skip
    relative[:, 0] += lean / 100 * (1 - relative[:, 1])
    return relative * np.float32([size[1], size[0]])


def make_pfl_run(path, trained_stage='synthesis', **settings):
    """`make_run` of a model that takes part maps, garment maps and a context."""
    return make_run(
        path,
        trained_stage,
        **{
            'model': 'pfl',
            'spatial_transform': 'bilinear',
            'pose_representation': 'both',
            'use_garment': True,
            'num_layers': 3,
            'num_flow_stacks': 1,
            'garment_base_filters': 4,
            'garment_max_filters': 8,
            **settings,
        },
    )


def class_map(size, num_classes, seed=0):
    """Large spots of every class, uint8 [H, W]."""
    values = picture(size, seed)[..., 0].astype(int) - 17
    return np.clip(values * num_classes // 221, 0, num_classes - 1).astype(np.uint8)


def jobs_of(source_image, source_keypoints, target_keypoints, output, target_image_size=None, class_maps=(), **names):
    """The jobs of these paths, any of which may be a folder, as the command line gives them."""
    paths = [path and pathlib.Path(path) for path in (source_keypoints, target_keypoints, output)]
    maps = {name: pathlib.Path(place) for name, place in dict(class_maps).items()}
    return jobs_from_paths(Job('', source_image, *paths, target_image_size, class_maps=maps, **names))


def run_jobs(predictor, jobs, photo_options=PLAIN, estimator=None, **options):
    """runner.run_jobs with a predictor that is there already, and plainly: the whole picture, as the model makes it."""
    reposer = PhotoReposer(predictor, photo_options)
    finder = PoseFinder(lambda: estimator)
    return runner.run_jobs(lambda: reposer, predictor.model_config, jobs, finder, runner.RunOptions(**options))


def run_driving(predictor, job, estimator=None, photo_options=PLAIN):
    """driving.run_driving with a predictor that is there already, and plainly, as `run_jobs`."""
    reposer = PhotoReposer(predictor, photo_options)
    driving.run_driving(lambda: reposer, predictor.model_config, job, PoseFinder(lambda: estimator))


def garment_map(size):
    """Somebody seen down to the shoes, as uint8 [H, W] of our 16 garments: hair, face, arms, clothes, legs, shoes."""
    rows = np.repeat([2, 12, 4, 4, 13, 8, 8, 14, 15], -(-size[0] // 9))[: size[0]].astype(np.uint8)
    columns = np.arange(size[1])
    return np.where((columns > size[1] // 4) & (columns < size[1] * 3 // 4), rows[:, np.newaxis], 0).astype(np.uint8)


def make_animation_run(path, task, gain=1.0, **settings):
    """The run folder of a small model that animates, of 'dance' or 'face', with random weights."""
    own = {'num_layers': 1, 'flow_num_layers': 2, 'attention_kernels': {1: 3}, 'image_size': SIZE}
    widths = {'base_filters': 4, 'max_filters': 8, 'flow_base_filters': 4, 'flow_max_filters': 8}
    config = Config().replace(**{'model': f'gfla_{task}', **widths, **own, **settings})
    return run_of_config(path, config, 'full', gain=gain)
