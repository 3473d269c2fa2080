"""Writes what one lane made, for the other to load: a trained run folder, a SavedModel of it, and its answer.

    python -m tests.lanes.lane_files

makes tests/goldens/lanes/tensorflow-X.Y.tar.xz for the TensorFlow of this environment.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import tarfile
import tempfile

import numpy as np

import posewarp_tf
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.settings import Settings
from tests.run_folders import person, picture

FOLDER = pathlib.Path(__file__).parents[1] / 'goldens' / 'lanes'
# The photo and the poses that the answer is for.
SIZE = (40, 36)


def config(data_dir) -> Config:
    """The last stage of a network of a few thousand weights, with everything that a checkpoint may hold."""
    return Config().replace(
        data_dir=str(data_dir), image_size=(32, 32), base_filters=2, max_filters=4, num_layers=1, flow_base_filters=2,
        flow_max_filters=4, flow_num_layers=2, attention_kernels={1: 3}, init_gain=1.0, ema_decay=0.5, stage='full',
        discriminator_base_filters=2, discriminator_max_filters=4, discriminator_num_layers=1,
        loss_weights={'full': {'affine': 0.1, 'l1': 5.0, 'adversarial': 2.0}}, stage_steps={'full': 2}, batch_size=2,
        learning_rate=1e-3, log_every=2, checkpoint_every=2, validate_every=2, validation_pairs=2, sample_every=100,
    )  # fmt: skip


def write_people(folder) -> None:
    settings = Settings(
        num_train_people=2, num_test_people=1, poses_per_person=2, pairs_per_person=2, image_size=(32, 32), seed=0
    )
    write_dataset(folder, settings, 1)


def answer(predictor) -> np.ndarray:
    """The re-posed picture, uint8 [H, W, 3]."""
    return predictor.predict(picture(SIZE), person(SIZE), person(SIZE, lean=20)).image


def write(folder: pathlib.Path) -> None:
    from exports.saved_model.export import export_saved_model
    from exports.trained_run import TrainedRun
    from posewarp_tf.training.trainer import Trainer

    write_people(folder / 'data')
    Trainer(config('data'), RunFolder(folder / 'run')).train()
    saved = export_saved_model(
        TrainedRun(folder / 'run', data_dir=str(folder / 'data')), folder / 'models', check_pairs=1
    )
    shutil.rmtree(saved / 'assets.extra')
    shutil.rmtree(folder / 'run' / 'samples', ignore_errors=True)
    shutil.rmtree(folder / 'run' / 'logs', ignore_errors=True)
    np.save(folder / 'answer.npy', answer(posewarp_tf.Predictor(folder / 'run')))


def main() -> None:
    import tensorflow as tf

    FOLDER.mkdir(parents=True, exist_ok=True)
    archive = FOLDER / f'tensorflow-{".".join(tf.__version__.split(".")[:2])}.tar.xz'
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        # The config then names the data by a relative path.
        os.chdir(folder)
        write(folder)
        with tarfile.open(archive, 'w:xz') as file:
            for name in ('run', 'models', 'answer.npy'):
                file.add(folder / name, name)
    print(f'{archive}: {archive.stat().st_size} bytes')


if __name__ == '__main__':
    main()
